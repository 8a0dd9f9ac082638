//! One connection: a hello and its answer, or a whole handshake.

use super::Times;
use dengmi_parse::Limits;
use dengmi_protocol::handshake::{self, Client, Done, Secrets, Step, Stop, Stopped};
use dengmi_protocol::plan::{self, Answer, Listener, Loss};
use socket2::SockRef;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

/// Bytes that are read at a time.
const PIECE: usize = 16 << 10;

/// Connects.
///
/// # Errors
/// Whether it was turned away or nobody answered.
pub(super) async fn connect(address: SocketAddr, times: &Times) -> Result<TcpStream, Loss> {
    match timeout(times.connect, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => {
            // Hellos are one segment each; a failure to say so costs only time.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(Loss::ConnectionRefused),
        Ok(Err(_)) | Err(_) => Err(Loss::NoConnection),
    }
}

/// What one connection brought: the answer, and the bytes as they came, up to a limit.
pub(super) struct Exchanged {
    pub(super) answer: Answer,
    pub(super) received: Vec<u8>,
}

/// Sends a hello and reads the answer, all of it within [`Times::answer`]. The connection is reset afterwards: thousands
/// of closed ones would hold their ports for minutes.
pub(super) async fn ask(mut stream: TcpStream, hello: &[u8], times: &Times, limits: &Limits, keep: usize) -> Exchanged {
    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    let deadline = Instant::now() + times.answer;
    let mut listener = Listener::new(hello, *limits);
    let mut received = Vec::new();
    // A server that speaks first, or closes at once, may still have left something to read.
    let sent = timeout_at(deadline, stream.write_all(hello)).await;
    if sent.is_err() {
        return Exchanged { answer: Answer::Lost(Loss::Silence), received };
    }
    let mut piece = vec![0; PIECE];
    let stopped = loop {
        match timeout_at(deadline, stream.read(&mut piece)).await {
            Err(_) => break Some(plan::Stopped::Silent),
            Ok(Ok(0) | Err(_)) => break Some(plan::Stopped::Closed),
            Ok(Ok(count)) => {
                let bytes = piece.get(..count).unwrap_or_default();
                received.extend(bytes.iter().take(keep.saturating_sub(received.len())));
                if listener.feed(bytes) {
                    break None;
                }
            }
        }
    };
    Exchanged { answer: listener.answer(stopped), received }
}

/// What a whole handshake brought.
pub(super) struct Shaken {
    pub(super) result: Result<Box<Done>, Box<Stopped>>,
    /// Why the connection ended, where it was not the handshake that ended it.
    pub(super) loss: Option<Loss>,
    pub(super) dialogue: Vec<(Sent, Vec<u8>)>,
}

/// Who sent a piece of a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    ByUs,
    ByServer,
}

/// Carries out one handshake within twice [`Times::answer`], then closes in order.
pub(super) async fn shake(
    mut stream: TcpStream,
    offer: handshake::Offer,
    secrets: Secrets,
    times: &Times,
) -> Result<Shaken, Stop> {
    let deadline = Instant::now() + times.answer.saturating_mul(2);
    let mut out = Vec::new();
    let mut client = Client::start(offer, secrets, &mut out)?;
    let mut dialogue = Vec::new();
    let mut piece = vec![0; PIECE];
    let (result, loss) = loop {
        if !out.is_empty() {
            dialogue.push((Sent::ByUs, out.clone()));
            let sent = timeout_at(deadline, stream.write_all(&out)).await;
            out.clear();
            if !matches!(sent, Ok(Ok(()))) {
                break (Err(client.cancel(&mut out)), Some(Loss::Silence));
            }
        }
        let bytes = match timeout_at(deadline, stream.read(&mut piece)).await {
            Err(_) => break (Err(client.cancel(&mut out)), Some(Loss::Silence)),
            Ok(Ok(0) | Err(_)) => break (Err(client.cancel(&mut out)), Some(Loss::GivenUp)),
            Ok(Ok(count)) => piece.get(..count).unwrap_or_default(),
        };
        dialogue.push((Sent::ByServer, bytes.to_vec()));
        match client.step(bytes, &mut out) {
            Ok(Step::More(next)) => client = next,
            Ok(Step::Done(mut done)) => {
                // Nothing more is to be said; a failure to say so changes nothing that was proved.
                let _ = done.connection.close(&mut out);
                break (Ok(done), None);
            }
            Err(stopped) => break (Err(stopped), None),
        }
    };
    if !out.is_empty() {
        dialogue.push((Sent::ByUs, out.clone()));
        let _ = timeout(times.farewell, farewell(&mut stream, &out)).await;
    }
    Ok(Shaken { result, loss, dialogue })
}

/// Sends the last words and reads to the end: unread bytes would turn the close into a reset.
async fn farewell(stream: &mut TcpStream, words: &[u8]) -> io::Result<()> {
    stream.write_all(words).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    for _ in 0..64 {
        if stream.read(&mut rest).await? == 0 {
            break;
        }
    }
    Ok(())
}
