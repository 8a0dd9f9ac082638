//! One request for `/`: to a port that answers in clear, to see whether it speaks HTTP and where it leads; inside TLS, to see
//! whether browsers are told to stay there. Both look for a form that asks for a password.

use super::Times;
use dengmi_core::WebPage;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout_at},
};

/// Most bytes of an answer that are read.
pub(super) const PAGE: usize = 64 << 10;
/// Most reads of an answer: what was read is looked at after each, and a server may send byte by byte.
pub(super) const READS: usize = 256;

/// What came for a request.
#[derive(Debug)]
pub(super) struct Answer {
    /// The bytes, whatever they are.
    pub(super) bytes: Vec<u8>,
    /// What they say, where they are HTTP: the version `1.1`, and the page.
    pub(super) page: Option<(Box<str>, WebPage)>,
}

impl Answer {
    pub(super) fn new(bytes: Vec<u8>, encrypted: bool) -> Answer {
        let page = Message::read(&bytes).map(|message| (message.version.into(), message.page(encrypted)));
        Answer { bytes, page }
    }
}

/// The request.
pub(super) fn request(host: &str, port: u16) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: dengmi\r\nConnection: close\r\n\r\n").into_bytes()
}

/// Whether nothing more is to be read behind these bytes.
pub(super) fn is_enough(bytes: &[u8]) -> bool {
    bytes.len() >= PAGE || Message::read(bytes).is_some_and(|message| message.is_whole())
}

/// Makes a request in clear.
pub(super) async fn ask(mut stream: TcpStream, request: &[u8], times: &Times) -> Answer {
    let deadline = Instant::now() + times.answer;
    let mut received = Vec::new();
    if matches!(timeout_at(deadline, stream.write_all(request)).await, Ok(Ok(()))) {
        let mut piece = [0; 4096];
        for _ in 0..READS {
            match timeout_at(deadline, stream.read(&mut piece)).await {
                Ok(Ok(count)) if count > 0 => received.extend_from_slice(piece.get(..count).unwrap_or_default()),
                _ => break,
            }
            if is_enough(&received) {
                break;
            }
        }
    }
    Answer::new(received, false)
}

/// An HTTP answer taken apart (RFC 9112 4, 5 and 6), as far as it matters here.
struct Message<'a> {
    version: &'a str,
    status: u16,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// `None` until the head is whole, and for what is no HTTP.
    fn read(bytes: &'a [u8]) -> Option<Message<'a>> {
        let end = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
        let (head, body) = bytes.split_at_checked(end)?;
        // What is no text in a head is in a header that is not looked at, or else it is as good as not there.
        let mut lines =
            head.split(|&byte| byte == b'\n').map(|line| std::str::from_utf8(line).unwrap_or_default().trim());
        let (version, rest) = lines.next()?.strip_prefix("HTTP/")?.split_once(' ')?;
        let status = rest.get(..3)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim())).collect();
        Some(Message { version, status, headers, body: body.get(4..)? })
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// The body as it was meant, and whether it is all there.
    fn content(&self) -> (Vec<u8>, bool) {
        if self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return chunks(self.body);
        }
        // Without a length it ends with the connection, which is not known here.
        let length = self.header("content-length").and_then(|length| length.parse::<usize>().ok());
        let bodiless = matches!(self.status, 100..200 | 204 | 304);
        (self.body.to_vec(), bodiless || length.is_some_and(|length| self.body.len() >= length))
    }

    fn is_whole(&self) -> bool {
        self.content().1
    }

    fn page(&self, encrypted: bool) -> WebPage {
        let (content, whole) = self.content();
        let bounded = self.header("content-length").is_some() || self.header("transfer-encoding").is_some();
        let forms = forms(&String::from_utf8_lossy(&content));
        let in_clear = |action: &String| match action.split_once(':') {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => true,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => false,
            _ => !encrypted,
        };
        WebPage {
            encrypted,
            status: self.status,
            location: self.header("location").map(Box::from),
            strict_transport: self.header("strict-transport-security").map(Box::from),
            login_form: !forms.is_empty(),
            login_in_clear: forms.iter().any(in_clear),
            cut: !whole && (bounded || content.len() >= PAGE / 2),
        }
    }
}

/// The chunks of a body put together (RFC 9112 7.1), and whether the last one was there.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    while let Some(end) = rest.windows(2).position(|end| end == b"\r\n") {
        let size = rest.get(..end).and_then(|line| std::str::from_utf8(line).ok());
        let size = size.and_then(|line| usize::from_str_radix(line.split(';').next()?.trim(), 16).ok());
        let Some((size, body)) = size.zip(rest.get(end.saturating_add(2)..)) else { break };
        if size == 0 {
            return (content, true);
        }
        content.extend(body.iter().take(size));
        rest = body.get(size.saturating_add(2)..).unwrap_or_default();
    }
    (content, false)
}

/// Where forms with a field for a password send what is typed, as it stands; empty: to the page itself. A field outside every
/// form counts as one.
fn forms(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    let mut action = String::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('<') {
        // A comment or a script ends where it says, not at the next bracket.
        let until = ["!--", "script"].iter().position(|start| starts(behind, start));
        rest = match until.and_then(|which| ["-->", "</script"].get(which)) {
            Some(end) => match find(behind, end) {
                Some(at) => behind.get(at..).unwrap_or_default(),
                None => break,
            },
            None => behind,
        };
        if starts(behind, "form") {
            action = attribute(tag(behind), "action").unwrap_or_default();
        } else if starts(behind, "/form") {
            action.clear();
        } else if starts(behind, "input")
            && attribute(tag(behind), "type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"))
            && !forms.contains(&action)
        {
            forms.push(action.clone());
        }
    }
    forms
}

/// Most bytes of a tag that are looked at.
const TAG: usize = 1024;

/// Up to the bracket that ends a tag: not one in quotes.
fn tag(text: &str) -> &str {
    let text = text.get(..text.floor_char_boundary(TAG)).unwrap_or(text);
    let mut quote = None;
    let end = text.find(|letter| {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        quote.is_none() && letter == '>'
    });
    // A quote that nobody closes is none.
    let end = end.or_else(|| text.find('>')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn starts(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Where this stands, in letters of any size.
fn find(text: &str, what: &str) -> Option<usize> {
    text.as_bytes().windows(what.len()).position(|found| found.eq_ignore_ascii_case(what.as_bytes()))
}

/// The value of an attribute of a tag, with its quotes taken off.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let (before, behind) = rest.split_once('=')?;
        let value = behind.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let (value, left) = match quote {
            Some(quote) => value.get(1..)?.split_once(quote)?,
            None => value.split_at_checked(value.find(char::is_whitespace).unwrap_or(value.len()))?,
        };
        let found = before.trim_end().rsplit(|letter: char| letter.is_whitespace() || letter == '/').next()?;
        if found.eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(bytes: &[u8], encrypted: bool) -> Option<WebPage> {
        Answer::new(bytes.to_vec(), encrypted).page.map(|(_, page)| page)
    }

    #[test]
    fn heads_are_read_as_far_as_they_go() {
        let redirect = b"HTTP/1.1 301 Moved\r\nlocation: HTTPS://portal.example/\r\nX: \xff\r\n\r\nLocation: no";
        let found = page(redirect, false).unwrap();
        assert_eq!((found.status, found.leads_to_tls()), (301, true));
        let plain = page(b"HTTP/1.0 200 OK\r\nStrict-Transport-Security: max-age=1\r\n\r\n", true).unwrap();
        assert_eq!((plain.leads_to_tls(), plain.strict_seconds()), (false, Some(1)));
        let inside = page(b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", false).unwrap();
        assert!(!inside.leads_to_tls());
        for other in
            [&b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..], b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 2\r\n\r\n", b"", &[0xff, 0xfe, 0x00]]
        {
            assert_eq!(page(other, false), None);
        }
    }

    #[test]
    fn a_form_with_a_password_is_found_and_where_it_leads() {
        for (body, encrypted, expected) in [
            ("<form action='/in'><INPUT name=p Type = \"PassWord\"></form>", false, (true, true)),
            ("<form action=/in><input type=password></form>", true, (true, false)),
            ("<form action=\"https://sso.example/\"><input type='password'></form>", false, (true, false)),
            ("<form action=\"http://sso.example/\"><input type='password'></form>", true, (true, true)),
            ("<input value='a>b' type=password>", true, (true, false)),
            ("<p title='><input type=password>", true, (true, false)),
            ("<input type=password", true, (true, false)),
            ("<!-- <input type=password> --> <form><input type=text></form>", false, (false, false)),
            ("<SCRIPT>let a = '<input type=password>';</script><p>", false, (false, false)),
            ("<script>let a = '<input type=password>';", false, (false, false)),
            ("<input data-type=password>", false, (false, false)),
            ("登录 <input/type=password>", false, (true, true)),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let found = page((head + body).as_bytes(), encrypted).unwrap();
            assert_eq!(((found.login_form, found.login_in_clear), found.cut), (expected, false), "{body}");
        }
    }

    #[test]
    fn an_answer_is_whole_when_it_says_so() {
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8;a=b\r\n<input t\r\nE\r\nype=password >\r\n0\r\n\r\n";
        let sized = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12345";
        for whole in [&chunked[..], sized, b"HTTP/1.1 304 Not Modified\r\n\r\n"] {
            assert!(is_enough(whole) && !page(whole, true).unwrap().cut);
            for cut in 0..whole.len().saturating_sub(5) {
                assert!(!is_enough(&whole[..cut]), "{cut}");
            }
        }
        assert!(page(chunked, true).unwrap().login_form);
        assert!(page(&sized[..sized.len() - 1], true).unwrap().cut);
        // Without a length the end of the connection is the end.
        assert!(!page(b"HTTP/1.1 200 OK\r\n\r\n1234", true).unwrap().cut);
        assert!(is_enough(&[0; PAGE]));
        let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'<'; PAGE]].concat();
        assert!(page(&endless, true).unwrap().cut);
    }
}
