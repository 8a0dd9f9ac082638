//! A thousand hostile servers at once: the run ends in time, and nobody's silence or noise is taken for an answer.

use super::run::{options, run};
use dengmi_collect::probe::{Options, Times};
use dengmi_core::{Fact, Reach};
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What a server does with every connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hostile {
    /// Takes the connection and says nothing.
    Tarpit,
    /// A record, byte by byte, slowly.
    Drips,
    /// Handshake records of unknown messages without end.
    EndlessHandshake,
    /// A ServerHello cut into records of one byte, then silence.
    Fragments,
    /// Bytes of no protocol, without end.
    Noise,
    /// Warnings without end.
    AlertStorm,
    /// A certificate list that says sixteen mebibytes, and goes on.
    HugeChain,
    /// Wishes to negotiate anew without end.
    Renegotiates,
    /// Resets the connection after the hello.
    Resets,
}

const ALL: [Hostile; 9] = [
    Hostile::Tarpit,
    Hostile::Drips,
    Hostile::EndlessHandshake,
    Hostile::Fragments,
    Hostile::Noise,
    Hostile::AlertStorm,
    Hostile::HugeChain,
    Hostile::Renegotiates,
    Hostile::Resets,
];

impl Hostile {
    async fn serve(self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut hello = [0; 4096];
        let count = stream.read(&mut hello).await?;
        // The version of the hello's own record: TLCP servers are met as well.
        let (major, minor) = (hello[1], if hello[1] == 3 { 3 } else { hello[2] });
        let record = |content: u8, body: &[u8]| {
            let length = u16::try_from(body.len()).unwrap().to_be_bytes();
            [&[content, major, minor][..], &length, body].concat()
        };
        let block = match self {
            Hostile::Tarpit => return silence(stream).await,
            Hostile::Drips => {
                for byte in record(22, &[2; 4096]) {
                    stream.write_all(&[byte]).await?;
                    sleep(Duration::from_millis(200)).await;
                }
                return Ok(());
            }
            Hostile::EndlessHandshake => record(22, &[99, 0, 0, 0]),
            Hostile::Fragments => {
                for byte in [2, 0, 0, 70, 3, 3] {
                    stream.write_all(&record(22, &[byte])).await?;
                }
                return silence(stream).await;
            }
            Hostile::Noise => hello[..count.max(1)].iter().map(|byte| byte ^ 0x5a).collect(),
            Hostile::AlertStorm => record(21, &[1, 90]),
            Hostile::HugeChain => record(22, &[11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, 0xff, 0, 0]),
            Hostile::Renegotiates => record(22, &[0, 0, 0, 0]),
            Hostile::Resets => return stream.set_zero_linger(),
        };
        let block = block.repeat(1 + 8192 / block.len());
        loop {
            stream.write_all(&block).await?;
        }
    }
}

async fn silence(mut stream: TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Starts as many servers in a thread of their own; the ports come back.
fn serve(count: usize) -> Vec<(u16, Hostile)> {
    let (ready, ports) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut ports = Vec::new();
            for number in 0..count {
                let hostile = ALL[number % ALL.len()];
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ports.push((listener.local_addr().unwrap().port(), hostile));
                tokio::spawn(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        // An error is the prober hanging up.
                        tokio::spawn(hostile.serve(stream));
                    }
                });
            }
            ready.send(ports).unwrap();
            std::future::pending::<()>().await
        });
    });
    ports.recv().unwrap()
}

#[test]
fn a_thousand_at_once_cost_their_time_outs_and_prove_nothing() {
    let _ = dengmi_collect::probe::raise_file_limit(8192);
    let servers = serve(1_000);
    let targets: Vec<String> = servers.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
    let second = Duration::from_secs(1);
    let times = Times { connect: second * 5, answer: second, farewell: second / 10, back_off: second / 100 };
    let options = Options {
        times,
        tries: 1,
        endpoints: 1_000,
        connections: 2_000,
        per_host: 2_000,
        budget: second * 20,
        web: false,
        ..options()
    };
    let started = Instant::now();
    let found = run(&targets, &options, &[]);
    // A budget each, all at once; machines that test are busy.
    assert!(started.elapsed() < second * 120, "took {:?}", started.elapsed());
    assert_eq!((found.summary.endpoints, found.summary.unreachable, found.summary.handshakes), (1_000, 0, 0));
    let of: BTreeMap<String, Hostile> =
        targets.iter().cloned().zip(servers.iter().map(|(_, hostile)| *hostile)).collect();
    let mut reaches: BTreeMap<Hostile, BTreeMap<String, usize>> = BTreeMap::new();
    for observation in &found.observations {
        let hostile = of[observation.observed.as_str()];
        if let Fact::Accepts(accepts) = &observation.fact {
            assert!(accepts.suites.is_empty(), "{hostile:?} {accepts:?}");
            *reaches.entry(hostile).or_default().entry(format!("{:?}", observation.reach)).or_default() += 1;
            // None of them said anything about a version.
            assert!(!matches!(observation.reach, Reach::Seen | Reach::Absent), "{hostile:?} {accepts:?}");
        }
        if let Fact::Coverage(coverage) = &observation.fact {
            assert!(!coverage.complete, "{hostile:?} {coverage:?}");
        }
    }
    for (hostile, reaches) in &reaches {
        let only = |allowed: &[&str]| reaches.keys().all(|reach| allowed.contains(&reach.as_str()));
        let expected: &[&str] = match hostile {
            Hostile::Tarpit => &["Unanswered", "NotTried"],
            Hostile::Resets => &["Refused", "Unanswered", "NotTried"],
            _ => &["Undecodable", "Unanswered", "NotTried"],
        };
        assert!(only(expected), "{hostile:?}: {reaches:?}");
    }
    assert_eq!(reaches.len(), ALL.len());
}
