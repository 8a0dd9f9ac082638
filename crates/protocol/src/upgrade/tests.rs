//! Dialogues, one table a protocol. Those marked "as recorded" were written down from the server that they name, on
//! Debian 12.

use super::*;
use dengmi_parse::tls::AlertDescription;

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

fn says(software: &str, login: Option<bool>, mechanisms: &[&str], required: Option<bool>) -> Greeted {
    Greeted {
        software: Some(software).filter(|text| !text.is_empty()).map(Into::into),
        login_in_clear: login,
        mechanisms: mechanisms.iter().map(|&name| name.into()).collect(),
        tls_required: required,
        rdp: None,
    }
}

fn silent() -> Greeted {
    Greeted::default()
}

fn reply(text: &str) -> Step {
    Step::Refused(Refusal::Reply(text.into()))
}

fn unreadable(fault: Fault, start: &str) -> Step {
    Step::Refused(Refusal::Unreadable { fault, start: start.into() })
}

const NOT_OFFERED: Step = Step::Refused(Refusal::NotOffered);

/// Feeds in parts of `size` bytes; the step, what was sent, how many bytes were fed when it was over.
fn run(upgrade: Upgrade, server: &[u8], size: usize) -> (Prologue, Step, Vec<u8>, usize) {
    let (mut sent, mut fed) = (Vec::new(), 0);
    let mut prologue = Prologue::start(upgrade, "peer.test", &mut sent);
    for part in server.chunks(size) {
        fed += part.len();
        let step = prologue.feed(part, &mut sent);
        if step != Step::More {
            return (prologue, step, sent, fed);
        }
    }
    (prologue, Step::More, sent, fed)
}

/// The whole dialogue ends with its last byte, in whatever parts it arrives; no part of it ends otherwise.
fn check(upgrade: Upgrade, server: &[u8], client: &[u8], expected: Step, greeted: Greeted) {
    let name = shown(server);
    for size in [1, 2, 7, server.len()] {
        let (prologue, step, sent, fed) = run(upgrade, server, size);
        assert_eq!(step, expected, "{upgrade} in parts of {size}: {name}");
        assert_eq!(*prologue.greeted(), greeted, "{upgrade}: {name}");
        assert_eq!(shown(&sent), shown(client), "{upgrade}: {name}");
        assert_eq!(fed, server.len(), "{upgrade} ends early: {name}");
        assert!(!prologue.injected());
    }
    for cut in 0..server.len() {
        assert_eq!(run(upgrade, &server[..cut], server.len()).1, Step::More, "{upgrade}, {cut} bytes of {name}");
    }
    if expected == Step::Ready {
        let more = [server, b"\x16more"].concat();
        let (prologue, step, ..) = run(upgrade, &more, more.len());
        assert_eq!((step, prologue.injected(), prologue.rest()), (Step::Ready, true, &b"\x16more"[..]), "{name}");
        asked(upgrade, client);
    }
}

/// The reader of the client's side sees exactly the last message ask for TLS.
fn asked(upgrade: Upgrade, client: &[u8]) {
    let (mut at, mut found) = (0, Vec::new());
    while at < client.len() {
        let Part::Whole { value, used } = request(upgrade, &client[at..]) else { panic!("{upgrade}: {at}") };
        for cut in 0..used {
            assert_eq!(request(upgrade, &client[at..at + cut]), Part::More, "{upgrade}");
        }
        found.push(value);
        at += used;
    }
    let last = found.pop();
    assert_eq!((last, found.contains(&true)), (Some(true), false), "{upgrade}");
}

const HELLO: &[u8] = b"EHLO dengmi.invalid\r\n";
const HELLO_AND_TLS: &[u8] = b"EHLO dengmi.invalid\r\nSTARTTLS\r\n";

#[test]
fn smtp() {
    let check =
        |server: &[u8], client: &[u8], expected, greeted| check(Upgrade::Smtp, server, client, expected, greeted);
    // Postfix 3.7.11, smtpd_tls_auth_only = yes, as recorded.
    check(
        b"220 mail.test ESMTP Postfix\r\n250-mail.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-ETRN\r\n\
          250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n\
          220 2.0.0 Ready to start TLS\r\n",
        HELLO_AND_TLS,
        Step::Ready,
        says("mail.test ESMTP Postfix", NO, &[], None),
    );
    // Dovecot 2.3.19 submission, as recorded.
    check(
        b"220 mail.test Dovecot (Debian) ready.\r\n250-mail.test\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n250-BURL imap\r\n\
          250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE\r\n250-STARTTLS\r\n250 PIPELINING\r\n\
          220 2.0.0 Begin TLS negotiation now.\r\n",
        HELLO_AND_TLS,
        Step::Ready,
        says("mail.test Dovecot (Debian) ready.", YES, &["PLAIN"], None),
    );
    let greeted = |login, mechanisms: &[&str]| says("a", login, mechanisms, None);
    for (keywords, login, mechanisms) in [
        ("AUTH CRAM-MD5 SCRAM-SHA-256", NO, &["CRAM-MD5", "SCRAM-SHA-256"][..]),
        ("auth=login plain\r\n250-AUTH LOGIN", YES, &["login", "plain"]),
        ("AUTH X-OF-OUR-OWN", None, &["X-OF-OUR-OWN"]),
        ("AUTH X-OF-OUR-OWN XOAUTH2", YES, &["X-OF-OUR-OWN", "XOAUTH2"]),
        ("AUTH", NO, &[]),
    ] {
        let server = format!("220 a\r\n250-a\r\n250-{keywords}\r\n250 starttls\r\n220 go\r\n");
        check(server.as_bytes(), HELLO_AND_TLS, Step::Ready, greeted(login, mechanisms));
    }
    // A greeting of several lines, ends of lines without CR, a go-ahead of several lines.
    check(
        b"220-a\n220 ESMTP\n250-a\n250 STARTTLS\n220-go\n220\n",
        HELLO_AND_TLS,
        Step::Ready,
        says("a ESMTP", NO, &[], None),
    );
    check(b"220 a\r\n250-a\r\n250 AUTH PLAIN\r\n", HELLO, NOT_OFFERED, greeted(YES, &["PLAIN"]));
    // The server's name is no keyword.
    check(b"220 a\r\n250 STARTTLS\r\n", HELLO, NOT_OFFERED, greeted(NO, &[]));
    check(b"220 a\r\n502 unknown\r\n", HELLO, NOT_OFFERED, greeted(None, &[]));
    check(
        b"220 a\r\n250-a\r\n250 STARTTLS\r\n454 not\x1b now\r\n",
        HELLO_AND_TLS,
        reply("454 not\\u{1b} now"),
        greeted(NO, &[]),
    );
    check(b"554-go\r\n554 away\r\n", b"", reply("554 go away"), silent());
    check(b"220 a\r\n421 busy\r\n", HELLO, reply("421 busy"), greeted(None, &[]));
    check(b"SSH-2.0-x\r\n", b"", unreadable(Fault::Foreign, "SSH-2.0-x\\r\\n"), silent());
}

#[test]
fn lmtp() {
    // Dovecot 2.3.19, as recorded.
    check(
        Upgrade::Lmtp,
        b"220 mail.test Dovecot (Debian) ready.\r\n250-mail.test\r\n250-8BITMIME\r\n250-CHUNKING\r\n\
          250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250 STARTTLS\r\n220 2.0.0 Begin TLS negotiation now.\r\n",
        b"LHLO dengmi.invalid\r\nSTARTTLS\r\n",
        Step::Ready,
        says("mail.test Dovecot (Debian) ready.", NO, &[], None),
    );
}

#[test]
fn imap() {
    let check =
        |server: &[u8], client: &[u8], expected, greeted| check(Upgrade::Imap, server, client, expected, greeted);
    // Dovecot 2.3.19, as recorded.
    check(
        b"* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS AUTH=PLAIN] Dovecot (Debian) \
          ready.\r\nb OK Begin TLS negotiation now.\r\n",
        b"b STARTTLS\r\n",
        Step::Ready,
        says("Dovecot (Debian) ready.", YES, &["PLAIN"], NO),
    );
    let greeted = |login, mechanisms: &[&str], required| says("a", login, mechanisms, required);
    let both = b"a CAPABILITY\r\nb STARTTLS\r\n";
    for (capabilities, login, mechanisms, required) in [
        ("STARTTLS LOGINDISABLED", NO, &[][..], YES),
        ("starttls logindisabled auth=SCRAM-SHA-256", NO, &["SCRAM-SHA-256"], NO),
        ("STARTTLS", YES, &[], NO),
    ] {
        let server = format!("* OK a\r\n* CAPABILITY IMAP4rev1 {capabilities}\r\na OK done\r\nb OK go\r\n");
        check(server.as_bytes(), both, Step::Ready, greeted(login, mechanisms, required));
        // In the code of the answer, among other responses.
        let server =
            format!("* OK a\r\n* OK hello\r\na OK [CAPABILITY {capabilities}] done\r\n* 1 EXISTS\r\nb OK go\r\n");
        check(server.as_bytes(), both, Step::Ready, greeted(login, mechanisms, required));
    }
    check(
        b"* OK a\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK done\r\n",
        b"a CAPABILITY\r\n",
        NOT_OFFERED,
        greeted(YES, &["PLAIN"], None),
    );
    // A greeting that tells a part only.
    check(
        b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] a\r\n* CAPABILITY STARTTLS LOGINDISABLED AUTH=plain\r\na OK\r\nb OK go\r\n",
        both,
        Step::Ready,
        greeted(YES, &["PLAIN"], NO),
    );
    // A server that does not tell what it can do is asked all the same.
    check(b"* OK a\r\na BAD what\r\nb BAD what\r\n", both, reply("BAD what"), greeted(None, &[], None));
    check(b"* OK a\r\na OK done\r\nb OK go\r\n", both, Step::Ready, greeted(None, &[], None));
    check(b"* BYE full\r\n", b"", reply("* BYE full"), silent());
    check(b"* PREAUTH you are in\r\n", b"", reply("* PREAUTH you are in"), silent());
    check(b"+OK POP3\r\n", b"", unreadable(Fault::Foreign, "+OK POP3\\r\\n"), silent());
    check(
        b"* OK a\r\nc OK\r\n",
        b"a CAPABILITY\r\n",
        unreadable(Fault::Foreign, "c OK\\r\\n"),
        greeted(None, &[], None),
    );
}

#[test]
fn pop3() {
    let check =
        |server: &[u8], client: &[u8], expected, greeted| check(Upgrade::Pop3, server, client, expected, greeted);
    let both = b"CAPA\r\nSTLS\r\n";
    // Dovecot 2.3.19, as recorded.
    check(
        b"+OK Dovecot (Debian) ready.\r\n+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nAUTH-RESP-CODE\r\n\
          STLS\r\nUSER\r\nSASL PLAIN\r\n.\r\n+OK Begin TLS negotiation now.\r\n",
        both,
        Step::Ready,
        says("Dovecot (Debian) ready.", YES, &["PLAIN"], NO),
    );
    for (greeting, capabilities, login, mechanisms, required) in [
        ("a", "STLS\r\nSASL", NO, &[][..], YES),
        ("a", "STLS\r\nUSER", YES, &[], NO),
        ("a <1.2@b>", "STLS", NO, &["APOP"], NO),
    ] {
        let server = format!("+OK {greeting}\r\n+OK\r\n{capabilities}\r\n.\r\n+OK\r\n");
        check(server.as_bytes(), both, Step::Ready, says(greeting, login, mechanisms, required));
    }
    check(b"+OK a\r\n+OK\r\nUSER\r\n.\r\n", b"CAPA\r\n", NOT_OFFERED, says("a", YES, &[], None));
    check(b"+OK a\r\n-ERR what\r\n+OK go\r\n", both, Step::Ready, says("a", None, &[], None));
    check(b"+OK a\r\n-ERR what\r\n-ERR what\r\n", both, reply("-ERR what"), says("a", None, &[], None));
    check(b"-ERR full\r\n", b"", reply("-ERR full"), silent());
    check(b"+OKAY\r\n", b"", unreadable(Fault::Foreign, "+OKAY\\r\\n"), silent());
}

#[test]
fn ftp() {
    let check =
        |server: &[u8], client: &[u8], expected, greeted| check(Upgrade::Ftp, server, client, expected, greeted);
    let asked = b"AUTH TLS\r\n";
    let greeted = |software| says(software, None, &[], None);
    // vsftpd 3.0.3, then ProFTPD 1.3.8, as recorded.
    check(b"220 (vsFTPd 3.0.3)\r\n234 Proceed with negotiation.\r\n", asked, Step::Ready, greeted("(vsFTPd 3.0.3)"));
    check(
        b"220 ProFTPD Server (x) [::ffff:127.0.0.1]\r\n234 AUTH TLS successful\r\n",
        asked,
        Step::Ready,
        greeted("ProFTPD Server (x) [::ffff:127.0.0.1]"),
    );
    // Lines without a number, and with another one, inside a reply; a server that is ready later.
    check(b"220-a\r\n  b\r\n221 c\r\n220 d\r\n234 go\r\n", asked, Step::Ready, greeted("a   b 221 c d"));
    check(b"120 soon\r\n220 a\r\n334 go\r\n", asked, Step::Ready, greeted("a"));
    check(
        b"220 a\r\n530 Please login with USER and PASS.\r\n",
        asked,
        reply("530 Please login with USER and PASS."),
        greeted("a"),
    );
    check(b"220 a\r\n500 AUTH not understood\r\n", asked, reply("500 AUTH not understood"), greeted("a"));
    check(b"421 full\r\n", b"", reply("421 full"), silent());
    check(b"* OK IMAP\r\n", b"", unreadable(Fault::Foreign, "* OK IMAP\\r\\n"), silent());
}

#[test]
fn nntp() {
    let check =
        |server: &[u8], client: &[u8], expected, greeted| check(Upgrade::Nntp, server, client, expected, greeted);
    let both = b"CAPABILITIES\r\nSTARTTLS\r\n";
    // nnrpd of INN 2.7.1, as recorded.
    check(
        b"200 news.test InterNetNews NNRP server INN 2.7.1 ready (posting ok)\r\n101 Capability list:\r\nVERSION 2\r\n\
          IMPLEMENTATION INN 2.7.1\r\nAUTHINFO SASL\r\nCOMPRESS DEFLATE\r\nHDR\r\nLIST ACTIVE ACTIVE.TIMES COUNTS \
          DISTRIB.PATS DISTRIBUTIONS HEADERS MODERATORS MOTD NEWSGROUPS OVERVIEW.FMT SUBSCRIPTIONS\r\nNEWNEWS\r\nOVER\r\n\
          POST\r\nREADER\r\nSASL SCRAM-SHA-512 CRAM-MD5 NTLM\r\nSTARTTLS\r\nXPAT\r\n.\r\n\
          382 Begin TLS negotiation now\r\n",
        both,
        Step::Ready,
        says(
            "news.test InterNetNews NNRP server INN 2.7.1 ready (posting ok)",
            NO,
            &["SCRAM-SHA-512", "CRAM-MD5", "NTLM"],
            None,
        ),
    );
    check(
        b"201 a\r\n101\r\nAUTHINFO USER SASL\r\nSTARTTLS\r\n.\r\n382\r\n",
        both,
        Step::Ready,
        says("a", YES, &[], None),
    );
    check(b"200 a\r\n101\r\nVERSION 2\r\n.\r\n", b"CAPABILITIES\r\n", NOT_OFFERED, says("a", NO, &[], None));
    check(
        b"200 a\r\n101\r\nMODE-READER\r\n.\r\n200 b\r\n101\r\nSTARTTLS\r\n.\r\n382\r\n",
        b"CAPABILITIES\r\nMODE READER\r\nCAPABILITIES\r\nSTARTTLS\r\n",
        Step::Ready,
        says("a", NO, &[], None),
    );
    check(b"200 a\r\n500 what\r\n500 what\r\n", both, reply("500 what"), says("a", None, &[], None));
    // The same server with a key that everybody may read, as recorded.
    check(
        b"200 a\r\n101\r\nSTARTTLS\r\n.\r\n580 Error initializing TLS\r\n",
        both,
        reply("580 Error initializing TLS"),
        says("a", NO, &[], None),
    );
    check(
        b"400 NNTP server unavailable.  Try later!\r\n",
        b"",
        reply("400 NNTP server unavailable.  Try later!"),
        silent(),
    );
    check(b"200-a\r\n", b"", unreadable(Fault::Foreign, "200-a\\r\\n"), silent());
}

#[test]
fn sieve() {
    let check =
        |server: &[u8], client: &[u8], expected, greeted| check(Upgrade::Sieve, server, client, expected, greeted);
    let asked = b"STARTTLS\r\n";
    // Pigeonhole of Dovecot 2.3.19, as recorded.
    check(
        b"\"IMPLEMENTATION\" \"Dovecot (Debian) Pigeonhole\"\r\n\"SIEVE\" \"fileinto reject\"\r\n\"NOTIFY\" \"mailto\"\r\n\
          \"SASL\" \"PLAIN\"\r\n\"STARTTLS\"\r\n\"VERSION\" \"1.0\"\r\nOK \"Dovecot (Debian) ready.\"\r\n\
          OK \"Begin TLS negotiation now.\"\r\n",
        asked,
        Step::Ready,
        says("Dovecot (Debian) Pigeonhole", YES, &["PLAIN"], NO),
    );
    check(b"\"SASL\" \"\"\r\n\"starttls\"\r\nOK\r\nok\r\n", asked, Step::Ready, says("", NO, &[], YES));
    // Literals, with line ends in them, and a word that looks like an answer.
    check(
        b"\"IMPLEMENTATION\" {5}\r\na\r\nOK\r\n\"STARTTLS\"\r\nOK {4}\r\ngo\r\n\r\nOK (TAG {2+}\r\nab) \"go\"\r\n",
        asked,
        Step::Ready,
        says("a\\r\\nOK", NO, &[], YES),
    );
    check(b"\"SASL\" \"LOGIN\"\r\nOK\r\n", b"", NOT_OFFERED, says("", YES, &["LOGIN"], None));
    check(b"\"STARTTLS\"\r\nOK\r\nNO \"not now\"\r\n", asked, reply("NO \"not now\""), says("", NO, &[], YES));
    check(b"BYE \"full\"\r\n", b"", reply("BYE \"full\""), silent());
    check(b"220 a\r\n", b"", unreadable(Fault::Foreign, "220 a\\r\\n"), silent());
    check(b"OKAY\r\n", b"", unreadable(Fault::Foreign, "OKAY\\r\\n"), silent());
}

const LDAP_ASKED: &[u8] = b"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037";

#[test]
fn ldap() {
    let check = |server: &[u8], expected| check(Upgrade::Ldap, server, LDAP_ASKED, expected, silent());
    // OpenLDAP 2.5.13, as recorded.
    check(b"0\x0c\x02\x01\x01x\x07\n\x01\x00\x04\x00\x04\x00", Step::Ready);
    // Lengths in four bytes, and the name of the operation, as Active Directory writes them.
    check(
        b"0\x84\0\0\0\x28\x02\x01\x01x\x84\0\0\0\x1f\n\x01\x00\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20037",
        Step::Ready,
    );
    check(b"0\x10\x02\x01\x01x\x0b\n\x01\x02\x04\x00\x04\x04none", reply("result 2: none"));
    // A notice that the connection ends; success of another message.
    check(b"0\x10\x02\x01\x00x\x0b\n\x01\x34\x04\x00\x04\x04down", reply("result 52: down"));
    check(b"0\x0c\x02\x01\x02x\x07\n\x01\x00\x04\x00\x04\x00", reply("result 0: "));
    check(b"0\x03\x02\x01\x01", unreadable(Fault::Foreign, "0\\u{3}\\u{2}\\u{1}\\u{1}"));
    check(b"0\x80", unreadable(Fault::Foreign, "0\\x80"));
    check(b"H", unreadable(Fault::Foreign, "H"));
    check(b"0\x83\xff\xff\xff", unreadable(Fault::LongMessage, "0\\x83\\xff\\xff\\xff"));
}

const STREAM: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                      xmlns:stream='http://etherx.jabber.org/streams' to='peer.test' version='1.0'>";
const START_TLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

#[test]
fn xmpp() {
    let asked = [STREAM, START_TLS].concat();
    let check = |server: &str, client: &str, expected, greeted| {
        check(Upgrade::Xmpp, server.as_bytes(), client.as_bytes(), expected, greeted);
    };
    let begin = "<?xml version='1.0'?><stream:stream id='1' from='peer.test' version='1.0' xmlns='jabber:client' \
                 xmlns:stream='http://etherx.jabber.org/streams'>";
    let proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    // Prosody 0.12.3, c2s_require_encryption = false, as recorded.
    check(
        &format!(
            "{begin}<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>SCRAM-SHA-1</mechanism></mechanisms>{START_TLS}</stream:features>{proceed}"
        ),
        &asked,
        Step::Ready,
        says("", NO, &["SCRAM-SHA-1"], NO),
    );
    for (features, login, mechanisms, required) in [
        (
            "<starttls xmlns='t'><required/></starttls><mechanisms><mechanism> PLAIN\n</mechanism></mechanisms>",
            YES,
            &["PLAIN"][..],
            YES,
        ),
        ("<starttls xmlns='t'/>", NO, &[], YES),
        ("<starttls></starttls><c xmlns='caps' ver=\"a>b\"/>", NO, &[], NO),
        ("<starttls/><auth xmlns='http://jabber.org/features/iq-auth'/>", YES, &[], NO),
        ("<mechanisms><required/></mechanisms><starttls/>", NO, &[], NO),
    ] {
        let server = format!("{begin}<stream:features>{features}</stream:features>\n<proceed xmlns='t'></proceed>");
        check(&server, &asked, Step::Ready, says("", login, mechanisms, required));
    }
    check(&format!("{begin}<stream:features/>"), STREAM, NOT_OFFERED, says("", NO, &[], None));
    check(
        &format!("{begin}<features><mechanisms><mechanism>PLAIN</mechanism></mechanisms></features>"),
        STREAM,
        NOT_OFFERED,
        says("", YES, &["PLAIN"], None),
    );
    check("<stream:stream xmlns='jabber:client'>", STREAM, NOT_OFFERED, silent());
    check(
        &format!("{begin}<stream:features>{START_TLS}</stream:features><failure xmlns='t'/>"),
        &asked,
        reply("failure"),
        says("", NO, &[], YES),
    );
    // As recorded from the same server.
    check(
        &format!(
            "{begin}<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>This server does not serve other.test</text></stream:error>"
        ),
        STREAM,
        reply("error host-unknown This server does not serve other.test"),
        silent(),
    );
    check(&format!("{begin}</stream:stream>"), STREAM, reply("</stream>"), silent());
    check(&format!("{begin}<a></b>"), STREAM, unreadable(Fault::Foreign, "</b>"), silent());
    check("<!", STREAM, unreadable(Fault::Foreign, "<!"), silent());
    check("<html>", STREAM, unreadable(Fault::Foreign, "<html>"), silent());
    // Elements in elements: `stream` is one of the sixteen.
    let deep = |depth: usize| format!("{begin}<stream:features>{}", "<a>".repeat(depth));
    assert_eq!(run(Upgrade::Xmpp, deep(14).as_bytes(), 64).1, Step::More);
    check(&deep(15), STREAM, unreadable(Fault::Foreign, "<a>"), says("", None, &[], None));
}

#[test]
fn xmpp_between_servers() {
    // Prosody 0.12.3, as recorded.
    check(
        Upgrade::XmppServer,
        b"<?xml version='1.0'?><stream:stream xml:lang='en' id='4fd7bb46' xmlns:db='jabber:server:dialback' \
          xmlns:stream='http://etherx.jabber.org/streams' to='' from='peer.test' version='1.0' xmlns='jabber:server'>\
          <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><dialback \
          xmlns='urn:xmpp:features:dialback'/></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        [&STREAM.replace("jabber:client", "jabber:server"), START_TLS].concat().as_bytes(),
        Step::Ready,
        says("", NO, &[], NO),
    );
}

#[test]
fn a_name_cannot_leave_its_attribute() {
    let mut out = Vec::new();
    Prologue::start(Upgrade::Xmpp, "a'><b&", &mut out);
    assert!(String::from_utf8(out).unwrap().contains(" to='a&apos;>&lt;b&amp;' "));
}

#[test]
fn postgresql() {
    let check = |server: &[u8], expected| {
        check(Upgrade::Postgresql, server, b"\0\0\0\x08\x04\xd2\x16\x2f", expected, silent());
    };
    // PostgreSQL 15 with ssl on, and off, as recorded.
    check(b"S", Step::Ready);
    check(b"N", NOT_OFFERED);
    // What the same says to a version that it does not know, as recorded.
    check(
        b"E\0\0\0\x83SFATAL\0VFATAL\0C0A000\0Munsupported frontend protocol 0.0: server supports 3.0 to 3.0\0\
          Fpostmaster.c\0L2222\0RProcessStartupPacket\0\0",
        reply("FATAL 0A000 unsupported frontend protocol 0.0: server supports 3.0 to 3.0"),
    );
    check(b"EFATAL:  too many clients\n\0", reply("FATAL:  too many clients"));
    check(b"E\0\0\0\x03", unreadable(Fault::Foreign, "E\\0\\0\\0\\u{3}"));
    check(b"H", unreadable(Fault::Foreign, "H"));
}

const SSL_REQUEST: &[u8] = b"\x20\0\0\x01\0\x8a\x08\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[test]
fn mysql() {
    let check =
        |server: &[u8], client: &[u8], expected, greeted| check(Upgrade::Mysql, server, client, expected, greeted);
    // MariaDB 10.11, as recorded.
    let greeting =
        b"d\0\0\0\n5.5.5-10.11.19-MariaDB-0+deb12u1\0\x04\0\0\0~|rIUNiD\0\xfe\xff\x08\x02\0\xff\x81\x15\0\0\0\0\0\0\
                     \x1d\0\0\0YpJ`'<9JHj\\n\0mysql_native_password\0";
    let greeted = || says("5.5.5-10.11.19-MariaDB-0+deb12u1", None, &["mysql_native_password"], None);
    check(greeting, SSL_REQUEST, Step::Ready, greeted());
    let mut without = *greeting;
    let upper = without.iter().position(|&byte| byte == 0xfe).unwrap() + 1;
    without[upper] &= !0x08;
    check(&without, b"", NOT_OFFERED, greeted());
    // 4.0, whose greeting ends behind the lower half of the capabilities.
    check(b"\x16\0\0\0\n4.0.1\0\x04\0\0\0abcdefgh\0\0\x08", SSL_REQUEST, Step::Ready, says("4.0.1", None, &[], None));
    check(b"\x07\0\0\0\x093.20\0\0", b"", NOT_OFFERED, says("3.20", None, &[], None));
    check(b"\x0f\0\0\0\xff\x6a\x04Host is not ", b"", reply("error 1130: Host is not "), silent());
    check(b"\x0d\0\0\0\xff\x10\x04#08004full", b"", reply("error 1040: full"), silent());
    check(b"\x03\0\0\0\n5\0", b"", unreadable(Fault::Foreign, "\\u{3}\\0\\0\\0\\n5\\0"), silent());
    check(b"HTTP", b"", unreadable(Fault::Foreign, "HTTP"), silent());
    check(b"\xfd\x1f\0\0", b"", unreadable(Fault::LongMessage, "\\xfd\\u{1f}\\0\\0"), silent());
}

#[test]
fn rdp() {
    let check = |server: &[u8], expected, rdp| {
        let asked = b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0";
        check(Upgrade::Rdp, server, asked, expected, Greeted { rdp, ..silent() });
    };
    let confirm =
        |kind: u8, number: u8| [b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0", &[kind, 1, 8, 0, number, 0, 0, 0][..]].concat();
    // xrdp 0.9.21 with security_layer=negotiate, then =rdp, as recorded.
    check(b"\x03\0\0\x13\x0e\xd0\0\0\x124\0\x02\x01\x08\0\x01\0\0\0", Step::Ready, Some(rdp::Security::TLS));
    check(b"\x03\0\0\x13\x0e\xd0\0\0\x124\0\x02\x01\x08\0\0\0\0\0", NOT_OFFERED, Some(rdp::Security::STANDARD));
    check(&confirm(2, 2), Step::Ready, Some(rdp::Security::HYBRID));
    // Before negotiation existed.
    check(b"\x03\0\0\x0b\x06\xd0\0\0\x124\0", NOT_OFFERED, Some(rdp::Security::STANDARD));
    check(&confirm(3, 2), NOT_OFFERED, Some(rdp::Security::STANDARD));
    check(&confirm(3, 3), reply("SSL_CERT_NOT_ON_SERVER"), None);
    check(&confirm(3, 99), reply("failure 99"), None);
    check(b"\x03\0\0\x03", unreadable(Fault::Foreign, "\\u{3}\\0\\0\\u{3}"), None);
    check(b"\x03\0\0\x05\0", unreadable(Fault::Foreign, "\\u{3}\\0\\0\\u{5}\\0"), None);
    check(b"\x03\0\x20\x01", unreadable(Fault::LongMessage, "\\u{3}\\0 \\u{1}"), None);
    check(b"S", unreadable(Fault::Foreign, "S"), None);
    assert_eq!(rdp::Security::STANDARD.to_string(), "standard RDP security");
}

#[test]
fn the_requests_of_other_clients_are_known() {
    for (upgrade, bytes, asks) in [
        (Upgrade::Smtp, &b"starttls\r\n"[..], true),
        (Upgrade::Smtp, b"MAIL FROM:<STARTTLS@a>\r\n", false),
        (Upgrade::Imap, b"A001 StartTLS\r\n", true),
        (Upgrade::Imap, b"STARTTLS NOOP\r\n", false),
        (Upgrade::Ftp, b"AUTH SSL\r\n", true),
        (Upgrade::Ftp, b"AUTH GSSAPI\r\n", false),
        (Upgrade::Ldap, b"0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\0\x80\0", false),
        (Upgrade::Postgresql, b"\0\0\0\x08\x04\xd2\x16\x30", false),
        // With a cookie, and a request for standard RDP security.
        (Upgrade::Rdp, b"\x03\0\0\x1b\x16\xe0\0\0\0\0\0Cookie\r\n\x01\0\x08\0\x0b\0\0\0", true),
        (Upgrade::Rdp, b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\0\0\0\0", false),
        (Upgrade::Rdp, b"\x03\0\0\x0b\x06\xe0\0\0\0\0\0", false),
        (Upgrade::Mysql, b"\x04\0\0\x01\0\x8a\0\0", false),
    ] {
        assert_eq!(request(upgrade, bytes), Part::Whole { value: asks, used: bytes.len() }, "{upgrade} {bytes:?}");
    }
}

#[test]
fn a_port_that_speaks_tls_at_once_is_told() {
    let alert = [0x15, 3, 1, 0, 2, 2, AlertDescription::UNEXPECTED_MESSAGE.0];
    for upgrade in Upgrade::ALL {
        let (_, step, ..) = run(upgrade, &alert, alert.len());
        let Step::Refused(Refusal::Unreadable { fault, .. }) = step else { panic!("{upgrade}: {step:?}") };
        assert_eq!(fault, Fault::Tls, "{upgrade}");
    }
}

/// What ended it, when it could not be read.
fn fault(upgrade: Upgrade, server: &[u8]) -> Option<Fault> {
    match run(upgrade, server, 1 << 12).1 {
        Step::Refused(Refusal::Unreadable { fault, .. }) => Some(fault),
        _ => None,
    }
}

#[test]
fn messages_without_end_are_cut() {
    for (upgrade, start) in [
        (Upgrade::Smtp, "220 "),
        (Upgrade::Lmtp, "220-a\r\n220 "),
        (Upgrade::Imap, "* OK "),
        (Upgrade::Pop3, "+OK "),
        (Upgrade::Ftp, "220-a\r\n"),
        (Upgrade::Nntp, "200 "),
        (Upgrade::Sieve, "\"SIEVE\" \""),
        (Upgrade::Xmpp, "<stream:stream id='"),
        (Upgrade::XmppServer, "<stream:stream version='1.0'>"),
        (Upgrade::Postgresql, "E"),
    ] {
        assert_eq!(
            fault(upgrade, &[start.as_bytes(), &[b'a'; LINE + 1]].concat()),
            Some(Fault::LongMessage),
            "{upgrade}"
        );
    }
    // A literal that is too long, or makes a response too long.
    assert_eq!(fault(Upgrade::Sieve, b"\"A\" {9000}\r\n"), Some(Fault::LongMessage));
    assert_eq!(fault(Upgrade::Sieve, b"\"A\" {99999999999999999999}\r\n"), Some(Fault::LongMessage));
    let literals = "\"A\" {4000}\r\n".to_owned() + &"a".repeat(4000) + " {5000}\r\n";
    assert_eq!(fault(Upgrade::Sieve, literals.as_bytes()), Some(Fault::LongMessage));
}

#[test]
fn the_number_of_messages_is_bounded() {
    let dialogue = |keywords: usize| {
        let keywords = "250-X\r\n".repeat(keywords);
        format!("220 a\r\n{keywords}250-STARTTLS\r\n250 A\r\n220 go\r\n").into_bytes()
    };
    assert_eq!(run(Upgrade::Smtp, &dialogue(MESSAGES - 4), 100).1, Step::Ready);
    assert_eq!(fault(Upgrade::Smtp, &dialogue(MESSAGES - 3)), Some(Fault::ManyMessages));
    for (upgrade, start, again) in [
        (Upgrade::Imap, "* OK a\r\n", "* X\r\n"),
        (Upgrade::Pop3, "+OK a\r\n+OK\r\n", "X\r\n"),
        (Upgrade::Ftp, "", "120 soon\r\n"),
        (Upgrade::Nntp, "200 a\r\n101\r\n", "X\r\n"),
        (Upgrade::Sieve, "", "\"X\"\r\n"),
        (Upgrade::Xmpp, "<stream:stream version='1.0'>", "<a/>"),
        (Upgrade::Xmpp, "", "<?a?>"),
    ] {
        let server = start.to_owned() + &again.repeat(MESSAGES + 1);
        assert_eq!(fault(upgrade, server.as_bytes()), Some(Fault::ManyMessages), "{upgrade}");
    }
}

#[test]
fn the_length_of_a_prologue_is_bounded() {
    let dialogue = |length: usize| {
        let (start, end) = ("220 a\r\n250-STARTTLS\r\n250-STARTTLS\r\n", "250 A\r\n220 go\r\n");
        let (mut server, line) = (start.to_owned(), format!("250-{}\r\n", "X".repeat(1018)));
        while server.len() + line.len() * 2 + end.len() < length {
            server += &line;
        }
        server += &format!("250-{}\r\n", "X".repeat(length - server.len() - end.len() - 6));
        server + end
    };
    assert_eq!((dialogue(TOTAL).len(), dialogue(TOTAL + 1).len()), (TOTAL, TOTAL + 1));
    assert_eq!(run(Upgrade::Smtp, dialogue(TOTAL).as_bytes(), 1000).1, Step::Ready);
    assert_eq!(fault(Upgrade::Smtp, dialogue(TOTAL + 1).as_bytes()), Some(Fault::LongPrologue));
    // Bytes behind the go-ahead do not count.
    let more = dialogue(TOTAL) + "more";
    let (prologue, step, ..) = run(Upgrade::Smtp, more.as_bytes(), more.len());
    assert_eq!((step, prologue.rest()), (Step::Ready, &b"more"[..]));
}

#[test]
fn mechanisms_are_bounded_and_those_that_are_not_kept_are_not_forgotten() {
    let check = |others: usize, last: &str, kept: usize, login: Option<bool>| {
        let names: String = (0..others).map(|number| format!(" SCRAM-{number}")).collect();
        let server = format!("220 a\r\n250-a\r\n250-AUTH{names} {last}\r\n250 STARTTLS\r\n220 go\r\n");
        let (prologue, step, ..) = run(Upgrade::Smtp, server.as_bytes(), 4096);
        assert_eq!((step, prologue.greeted().mechanisms.len()), (Step::Ready, kept));
        assert_eq!(prologue.greeted().login_in_clear, login, "{others} {last}");
    };
    check(63, "NTLM", 64, NO);
    check(64, "NTLM", 64, None);
    check(64, "PLAIN", 64, YES);
}

#[test]
fn foreign_bytes_are_never_a_go_ahead() {
    let foreign: [&[u8]; 7] = [
        b"HTTP/1.1 400 Bad Request\r\nServer: a\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"RFB 003.008\n",
        b"\r\n\r\n\r\n\r\n",
        &[0xff; 100],
        &[0; 100],
        &[0x30; 100],
    ];
    for upgrade in Upgrade::ALL {
        for bytes in foreign {
            // The go-ahead of PostgreSQL is a single letter, so it is known by what comes with it.
            let least = if upgrade == Upgrade::Postgresql { bytes.len() } else { 1 };
            for size in [least, bytes.len()] {
                let (prologue, step, ..) = run(upgrade, bytes, size);
                assert!(!matches!(step, Step::Ready), "{upgrade} {bytes:?}");
                assert_eq!(prologue.greeted().software, None, "{upgrade} {bytes:?}");
            }
        }
    }
}

#[test]
fn a_changed_byte_never_panics_nor_loses_bytes_behind_the_end() {
    let dialogues: [(Upgrade, &[u8]); 7] = [
        (Upgrade::Smtp, b"220 a\r\n250-a\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n220 go\r\n"),
        (Upgrade::Imap, b"* OK [CAPABILITY STARTTLS AUTH=PLAIN] a\r\nb OK\r\n"),
        (Upgrade::Sieve, b"\"SASL\" {5}\r\nPLAIN\r\n\"STARTTLS\"\r\nOK {2}\r\nab\r\nOK \"go\"\r\n"),
        (Upgrade::Xmpp, b"<stream:stream version='1.0'><features><starttls/></features><proceed/>"),
        (Upgrade::Ldap, b"0\x0c\x02\x01\x01x\x07\n\x01\x00\x04\x00\x04\x00"),
        (Upgrade::Mysql, b"\x16\0\0\0\n4.0.1\0\x04\0\0\0abcdefgh\0\0\x08"),
        (Upgrade::Rdp, b"\x03\0\0\x13\x0e\xd0\0\0\x124\0\x02\x01\x08\0\x01\0\0\0"),
    ];
    for (upgrade, dialogue) in dialogues {
        for at in 0..dialogue.len() {
            let flipped = (0..8).map(|bit| dialogue[at] ^ 1 << bit);
            for byte in flipped.chain(*b"\0\n {<>-.") {
                let mut changed = dialogue.to_vec();
                changed[at] = byte;
                let (prologue, step, ..) = run(upgrade, &changed, changed.len());
                let single = run(upgrade, &changed, 1);
                let kind = |step: &Step| match step {
                    Step::Refused(Refusal::Unreadable { fault, .. }) => unreadable(*fault, ""),
                    step => step.clone(),
                };
                assert_eq!(kind(&step), kind(&single.1), "{upgrade} {changed:?}");
                if step != Step::More {
                    assert_eq!(prologue.rest().len(), changed.len() - single.3 + single.0.rest().len());
                }
            }
        }
    }
}

#[test]
fn servers_are_told_by_their_greeting() {
    for (bytes, expected) in [
        (&b"220 mail.test ESMTP Postfix\r\n"[..], Some(Upgrade::Smtp)),
        (b"220-mail.test Microsoft ESMTP MAIL Service ready\r\n", Some(Upgrade::Smtp)),
        (b"220 (vsFTPd 3.0.3)\r\n", Some(Upgrade::Ftp)),
        (b"220-FileZilla Server 1.8\r\n220 Please visit\r\n", Some(Upgrade::Ftp)),
        (b"220-Welcome\r\n220 Microsoft FTP Service\r\n", Some(Upgrade::Ftp)),
        (b"220 mail.test Cyrus LMTP ready\r\n", Some(Upgrade::Lmtp)),
        (b"220 mail.test Dovecot (Debian) ready.\r\n", None),
        (b"220 ftp.test ESMTP ready\r\n", None),
        (b"2200 FTP\r\n", None),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", Some(Upgrade::Imap)),
        (b"+OK POP3 ready\r\n", Some(Upgrade::Pop3)),
        (b"\"IMPLEMENTATION\" \"Cyrus timsieved\"\r\n", Some(Upgrade::Sieve)),
        (b"200 news.test ready\r\n", Some(Upgrade::Nntp)),
        (b"201 news.test ready, no posting\r\n", Some(Upgrade::Nntp)),
        (b"\x16\0\0\0\n4.0.1\0\x04\0\0\0abcdefgh\0\0\x08", Some(Upgrade::Mysql)),
        (b"\x07\0\0\0\xff\x6a\x04Host", Some(Upgrade::Mysql)),
        (b"\x07\0\0\0\xff\x01\x00Host", None),
        (b"SSH-2.0-a\r\n", None),
        (b"RFB 003.008\n", None),
        (b"", None),
    ] {
        assert_eq!(Upgrade::by_greeting(bytes), expected, "{}", shown(bytes));
    }
}

#[test]
fn words_and_ports_name_one_protocol_each() {
    for upgrade in Upgrade::ALL {
        assert_eq!(upgrade.word().parse(), Ok(upgrade));
        assert_eq!(Upgrade::by_port(upgrade.default_port()), Some(upgrade));
        let mut out = Vec::new();
        Prologue::start(upgrade, "peer.test", &mut out);
        assert_eq!(out.is_empty(), upgrade.server_first(), "{upgrade}");
        let complaint = "x".parse::<Upgrade>().unwrap_err().to_string();
        assert!(complaint.contains(upgrade.word()), "{complaint}");
    }
    assert_eq!((Upgrade::by_port(587), Upgrade::by_port(443)), (Some(Upgrade::Smtp), None));
    assert_eq!("postgres".parse(), Ok(Upgrade::Postgresql));
    assert_eq!("mariadb".parse(), Ok(Upgrade::Mysql));
    assert!("SMTP".parse::<Upgrade>().is_err());
}
