//! One connection, or one exchange of datagrams: a hello and its answer, or a whole handshake.

use super::{Times, web};
use dengmi_parse::Limits;
use dengmi_parse::quic::QuicVersion;
use dengmi_parse::tls::datagram;
use dengmi_protocol::handshake::{self, Client, Connection, Done, Secrets, Step, Stop, Stopped, Ticket};
use dengmi_protocol::plan::{self, Answer, Exchange, Heard, Listener, Loss};
use dengmi_protocol::upgrade::{self, Greeted, Prologue, Refusal, Upgrade};
use socket2::SockRef;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::{Instant, timeout, timeout_at},
};

/// Bytes that are read at a time.
const PIECE: usize = 16 << 10;
/// Bytes that a server says to a hello, mostly.
const FLIGHT: usize = 4 << 10;
/// Bytes of the largest datagram.
pub(super) const DATAGRAM: usize = 65_535;
/// Datagrams that are looked at after one of ours.
const HEARD: u32 = 64;
/// Bytes of the datagrams that a handshake sends: any network carries them whole.
const SENT: usize = 1400;

/// Connects.
///
/// # Errors
/// Whether it was turned away or nobody answered.
pub(super) async fn connect(address: SocketAddr, times: &Times) -> Result<TcpStream, Loss> {
    match timeout(times.connect, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(Loss::ConnectionRefused),
        Ok(Err(_)) | Err(_) => Err(Loss::NoConnection),
    }
}

/// What one connection brought: the answer, and the bytes as they came, up to a limit.
pub(super) struct Exchanged {
    pub(super) answer: Answer,
    pub(super) received: Vec<u8>,
    /// Datagrams that were sent, where there is no connection.
    pub(super) datagrams: u32,
    /// QUIC: the versions that were named instead of an answer.
    pub(super) versions: Vec<QuicVersion>,
    /// QUIC: a token was wanted back first.
    pub(super) retried: bool,
}

impl Exchanged {
    /// Nothing came.
    pub(super) fn lost(loss: Loss) -> Exchanged {
        Exchanged::new(Answer::Lost(loss), Vec::new())
    }

    /// This came, over a connection.
    fn new(answer: Answer, received: Vec<u8>) -> Exchanged {
        Exchanged { answer, received, datagrams: 0, versions: Vec::new(), retried: false }
    }
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
        return Exchanged::lost(Loss::Silence);
    }
    let mut piece = vec![0; FLIGHT];
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
    Exchanged::new(listener.answer(stopped), received)
}

/// A socket that hears only this address.
pub(super) async fn socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

/// Sends a hello in datagrams, again after one, two and four parts of [`Times::answer`], and reads the answer. Gives what
/// was sent, too.
pub(super) async fn ask_datagrams(
    socket: &UdpSocket,
    mut exchange: Exchange,
    times: &Times,
    keep: usize,
) -> (Vec<u8>, Exchanged) {
    let deadline = Instant::now() + times.answer;
    let mut wait = times.answer / 7;
    let (mut sent, mut received, mut datagrams) = (Vec::new(), Vec::new(), 0_u32);
    let mut piece = vec![0; DATAGRAM];
    let stopped = 'send: loop {
        for datagram in exchange.datagrams() {
            datagrams = datagrams.saturating_add(1);
            sent.extend_from_slice(&datagram);
            // What cannot be sent is not answered.
            let _ = socket.send(&datagram).await;
        }
        let again = Instant::now() + wait;
        wait = wait.saturating_mul(2);
        for _ in 0..HEARD {
            let count = match timeout_at(again.min(deadline), socket.recv(&mut piece)).await {
                Ok(Ok(count)) => count,
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused && received.is_empty() => {
                    return (sent, Exchanged { datagrams, ..Exchanged::lost(Loss::ConnectionRefused) });
                }
                Ok(Err(_)) => break 'send Some(plan::Stopped::Silent),
                Err(_) if Instant::now() >= deadline => break 'send Some(plan::Stopped::Silent),
                Err(_) => continue 'send,
            };
            let bytes = piece.get(..count).unwrap_or_default();
            received.extend(bytes.iter().take(keep.saturating_sub(received.len())));
            match exchange.hear(bytes) {
                Heard::More => {}
                Heard::Send => {
                    wait = times.answer / 7;
                    continue 'send;
                }
                Heard::Enough => break 'send None,
            }
        }
        // Datagrams without end, and no answer among them.
        break Some(plan::Stopped::Silent);
    };
    if stopped.is_none()
        && let Some(farewell) = exchange.farewell()
    {
        datagrams = datagrams.saturating_add(1);
        let _ = socket.send(&farewell).await;
    }
    let (versions, retried) = exchange.negotiated();
    let versions = versions.to_vec();
    (sent, Exchanged { datagrams, versions, retried, ..Exchanged::new(exchange.answer(stopped), received) })
}

/// What was said before TLS.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) greeted: Greeted,
    pub(super) injected: bool,
    /// Why the server does not go over to TLS.
    pub(super) refusal: Option<Refusal>,
    pub(super) dialogue: Vec<(Sent, Vec<u8>)>,
}

impl Said {
    /// Whether the server speaks this protocol at all, going over to TLS or not.
    pub(super) fn is_readable(&self) -> bool {
        !matches!(self.refusal, Some(Refusal::Unreadable { .. }))
    }
}

/// Leads the conversation in clear up to the server's go-ahead, within [`Times::answer`].
///
/// # Errors
/// The server said nothing, or not enough, in time.
pub(super) async fn upgrade(stream: &mut TcpStream, to: Upgrade, host: &str, times: &Times) -> Result<Said, Loss> {
    let deadline = Instant::now() + times.answer;
    let mut out = Vec::new();
    let mut prologue = Prologue::start(to, host, &mut out);
    let mut dialogue = Vec::new();
    let mut piece = vec![0; PIECE];
    let refusal = loop {
        if !out.is_empty() {
            dialogue.push((Sent::ByUs, out.clone()));
            let sent = timeout_at(deadline, stream.write_all(&out)).await;
            out.clear();
            if sent.is_err() {
                return Err(Loss::Silence);
            }
        }
        let bytes = match timeout_at(deadline, stream.read(&mut piece)).await {
            Ok(Ok(count)) if count > 0 => piece.get(..count).unwrap_or_default(),
            _ => return Err(Loss::Silence),
        };
        dialogue.push((Sent::ByServer, bytes.to_vec()));
        match prologue.feed(bytes, &mut out) {
            upgrade::Step::More => {}
            upgrade::Step::Ready => {
                // What was written last goes in front of the ClientHello.
                if !out.is_empty() && !matches!(timeout_at(deadline, stream.write_all(&out)).await, Ok(Ok(()))) {
                    return Err(Loss::Silence);
                }
                break None;
            }
            upgrade::Step::Refused(refusal) => break Some(refusal),
        }
    };
    Ok(Said { greeted: prologue.greeted().clone(), injected: prologue.injected(), refusal, dialogue })
}

/// The first bytes of a server that speaks first, up to a line, within [`Times::farewell`].
pub(super) async fn greeting(stream: &mut TcpStream, times: &Times) -> Vec<u8> {
    let deadline = Instant::now() + times.farewell;
    let mut greeting = Vec::new();
    let mut piece = [0; 1024];
    while greeting.len() < PIECE && !greeting.contains(&b'\n') {
        match timeout_at(deadline, stream.read(&mut piece)).await {
            Ok(Ok(count)) if count > 0 => greeting.extend_from_slice(piece.get(..count).unwrap_or_default()),
            _ => break,
        }
    }
    greeting
}

/// What a whole handshake brought.
pub(super) struct Shaken {
    pub(super) result: Result<Box<Done>, Box<Stopped>>,
    /// Why the connection ended, where it was not the handshake that ended it.
    pub(super) loss: Option<Loss>,
    pub(super) dialogue: Vec<(Sent, Vec<u8>)>,
    /// Tickets of TLS 1.3, which come behind the handshake.
    pub(super) tickets: Vec<Ticket>,
    /// The bytes of a web page, where one was asked for.
    pub(super) page: Option<Vec<u8>>,
}

/// Who sent a piece of a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    ByUs,
    ByServer,
}

/// What carries a handshake.
pub(super) enum Channel {
    Stream(TcpStream),
    Datagrams(UdpSocket),
}

impl Channel {
    /// Sends records: in datagrams as they fit.
    async fn send(&mut self, records: &[u8]) -> io::Result<()> {
        match self {
            Channel::Stream(stream) => stream.write_all(records).await,
            Channel::Datagrams(socket) => {
                for datagram in datagram::datagrams(records, SENT, &Limits::DEFAULT) {
                    socket.send(datagram).await?;
                }
                Ok(())
            }
        }
    }

    async fn receive(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Stream(stream) => stream.read(piece).await,
            Channel::Datagrams(socket) => socket.recv(piece).await,
        }
    }

    /// Sends the last words; over a stream reads to the end.
    async fn farewell(&mut self, words: &[u8], rest: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Channel::Stream(stream) => farewell(stream, words, rest).await,
            Channel::Datagrams(_) => self.send(words).await,
        }
    }
}

/// Carries out one handshake within twice [`Times::answer`], then closes in order. Before that it makes a web request, unless
/// the server chose another protocol.
pub(super) async fn shake(
    mut channel: Channel,
    offer: handshake::Offer,
    secrets: Secrets,
    request: Option<&[u8]>,
    times: &Times,
) -> Result<Shaken, Stop> {
    let deadline = Instant::now() + times.answer.saturating_mul(2);
    // Flights are one segment each; a failure to say so costs only time.
    if let Channel::Stream(stream) = &channel {
        let _ = stream.set_nodelay(true);
    }
    let mut out = Vec::new();
    let mut client = Client::start(offer, secrets, &mut out)?;
    let mut dialogue = Vec::new();
    let mut piece = vec![0; if matches!(channel, Channel::Stream(_)) { PIECE } else { DATAGRAM }];
    let (mut tickets, mut page) = (Vec::new(), None);
    let (result, loss) = loop {
        if !out.is_empty() {
            dialogue.push((Sent::ByUs, out.clone()));
            let sent = timeout_at(deadline, channel.send(&out)).await;
            out.clear();
            if !matches!(sent, Ok(Ok(()))) {
                break (Err(client.cancel(&mut out)), Some(Loss::Silence));
            }
        }
        let bytes = match timeout_at(deadline, channel.receive(&mut piece)).await {
            Err(_) => break (Err(client.cancel(&mut out)), Some(Loss::Silence)),
            Ok(Ok(0) | Err(_)) => break (Err(client.cancel(&mut out)), Some(Loss::GivenUp)),
            Ok(Ok(count)) => piece.get(..count).unwrap_or_default(),
        };
        dialogue.push((Sent::ByServer, bytes.to_vec()));
        match client.step(bytes, &mut out) {
            Ok(Step::More(next)) => client = next,
            Ok(Step::Done(mut done)) => {
                if let Some(request) = request.filter(|_| takes_web_requests(&done)) {
                    dialogue.push((Sent::ByUs, out.clone()));
                    let mut received = Vec::new();
                    let (channel, connection) = (&mut channel, &mut done.connection);
                    let asked = ask_inside(channel, connection, request, &mut out, &mut tickets, &mut received);
                    // What came in time is kept.
                    let _ = timeout(times.answer, asked).await;
                    page = Some(received);
                }
                // Nothing more is to be said; a failure to say so changes nothing that was proved.
                let _ = done.connection.close(&mut out);
                break (Ok(done), None);
            }
            Err(stopped) => break (Err(stopped), None),
        }
    };
    let mut rest = Vec::new();
    let cancelled = matches!(&result, Err(stopped) if stopped.reason == Stop::Cancelled) && loss.is_none();
    if let (true, Channel::Stream(stream)) = (cancelled, &channel) {
        // Enough was seen: it is left as hellos are.
        let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
    } else if !out.is_empty() {
        dialogue.push((Sent::ByUs, out.clone()));
        let _ = timeout(times.farewell, channel.farewell(&out, &mut rest)).await;
    }
    let mut result = result;
    if let Ok(done) = &mut result
        // Also with nothing behind it: the end of the handshake may have brought them.
        && let Ok(received) = done.connection.receive(&rest, &mut out)
    {
        tickets.extend(received.tickets);
    }
    Ok(Shaken { result, loss, dialogue, tickets, page })
}

/// Whether nothing but HTTP/1 was agreed on by ALPN.
fn takes_web_requests(done: &Done) -> bool {
    let chosen = done.proof.learned().features.application_protocol.as_deref();
    matches!(chosen, None | Some("" | "http/1.1" | "http/1.0"))
}

/// Sends what is due and a web request inside it, and reads the answer as far as it is looked at.
async fn ask_inside(
    channel: &mut Channel,
    connection: &mut Connection,
    request: &[u8],
    out: &mut Vec<u8>,
    tickets: &mut Vec<Ticket>,
    page: &mut Vec<u8>,
) -> Option<()> {
    let mut piece = vec![0; PIECE];
    connection.send(request, out).ok()?;
    for _ in 0..web::READS {
        if !out.is_empty() {
            let sent = channel.send(out).await;
            out.clear();
            sent.ok()?;
        }
        let count = channel.receive(&mut piece).await.ok().filter(|&count| count > 0)?;
        let received = connection.receive(piece.get(..count)?, out).ok()?;
        tickets.extend(received.tickets);
        page.extend(received.data);
        if received.end.is_some() || web::is_enough(page) {
            break;
        }
    }
    Some(())
}

/// Sends the last words and reads to the end: unread bytes would turn the close into a reset.
pub(super) async fn farewell(stream: &mut TcpStream, words: &[u8], rest: &mut Vec<u8>) -> io::Result<()> {
    stream.write_all(words).await?;
    stream.shutdown().await?;
    let mut piece = [0; 1024];
    for _ in 0..64 {
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            break;
        }
        rest.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
    Ok(())
}

/// One line of a dialogue: `>` what was sent, `<` the start of what came.
pub(super) fn line(text: &mut String, sent: Sent, bytes: &[u8]) {
    text.reserve(bytes.len().saturating_mul(2).saturating_add(3));
    text.push_str(if sent == Sent::ByUs { "> " } else { "< " });
    let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
    let mut digits = [0; 256];
    for part in bytes.chunks(digits.len() / 2) {
        for (pair, byte) in digits.chunks_exact_mut(2).zip(part) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        text.push_str(digits.get(..part.len() * 2).and_then(|part| str::from_utf8(part).ok()).unwrap_or_default());
    }
    text.push('\n');
}
