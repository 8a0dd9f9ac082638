//! A port that answers in clear: one request, to see whether it speaks HTTP and where it leads.

use super::Times;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout_at},
};

/// Most bytes of an answer that are read.
const HEAD: usize = 16 << 10;

/// The head of an HTTP answer, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// `1.1`.
    pub(super) version: Box<str>,
    /// 200, 301 …
    pub(super) status: u16,
    /// Where a redirect leads.
    pub(super) location: Option<Box<str>>,
    /// The value of Strict-Transport-Security (RFC 6797); browsers ignore it in clear, so it is only noted.
    pub(super) strict_transport: Option<Box<str>>,
}

/// Asks for the head of `/`. The bytes that came are given too, whatever they are.
pub(super) async fn ask(
    mut stream: TcpStream,
    host: &str,
    address: SocketAddr,
    times: &Times,
) -> (Option<Head>, Vec<u8>) {
    let deadline = Instant::now() + times.answer;
    let port = address.port();
    let request = format!("HEAD / HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: dengmi\r\nConnection: close\r\n\r\n");
    let mut received = Vec::new();
    if !matches!(timeout_at(deadline, stream.write_all(request.as_bytes())).await, Ok(Ok(()))) {
        return (None, received);
    }
    let mut piece = [0; 4096];
    while received.len() < HEAD {
        match timeout_at(deadline, stream.read(&mut piece)).await {
            Ok(Ok(count)) if count > 0 => received.extend_from_slice(piece.get(..count).unwrap_or_default()),
            _ => break,
        }
        if received.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    (head(&received), received)
}

/// Reads a status line and the headers behind it (RFC 9112 4 and 5).
fn head(bytes: &[u8]) -> Option<Head> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n");
    let (version, rest) = lines.next()?.strip_prefix("HTTP/")?.split_once(' ')?;
    let status = rest.get(..3)?.parse().ok()?;
    let mut head = Head { version: version.into(), status, ..Head::default() };
    for (name, value) in lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':')) {
        let value = || Some(value.trim().into());
        if name.eq_ignore_ascii_case("location") {
            head.location = value();
        } else if name.eq_ignore_ascii_case("strict-transport-security") {
            head.strict_transport = value();
        }
    }
    Some(head)
}

impl Head {
    /// Whether it is a redirect to TLS.
    pub(super) fn leads_to_tls(&self) -> bool {
        let secure = |location: &str| location.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        (300..400).contains(&self.status) && self.location.as_deref().is_some_and(secure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_far_as_they_go() {
        let redirect = b"HTTP/1.1 301 Moved\r\nlocation: HTTPS://portal.example/\r\nX: y\r\n\r\nLocation: no";
        let found = head(redirect).unwrap();
        assert_eq!((&*found.version, found.status, found.leads_to_tls()), ("1.1", 301, true));
        let plain = head(b"HTTP/1.0 200 OK\r\nStrict-Transport-Security: max-age=1\r\n\r\n").unwrap();
        assert_eq!((plain.leads_to_tls(), plain.strict_transport.as_deref()), (false, Some("max-age=1")));
        assert_eq!(
            head(b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n").map(|head| head.leads_to_tls()),
            Some(false)
        );
        for other in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"HTTP/1.1", b"HTTP/1.1 2", b"", &[0xff, 0xfe, 0x00]] {
            assert_eq!(head(other), None);
        }
    }
}
