//! A server of our own for what no other can be made to do, and the plan as a table.

use super::algorithm;
use super::exchange::Agreed;
use super::protection::{Direction, Way};
use super::*;
use crate::handshake::Secrets;
use crate::plan::Loss;
use dengmi_core::registry;
use dengmi_core::{Asked, Field, GroupExchange, Sha256Digest, SshAccepts};
use dengmi_crypto::agreement::{AgreementGroup, EphemeralKey};
use dengmi_crypto::rand_core::{TryCryptoRng, TryRng};
use dengmi_crypto::{Hash, PrivateKey, PublicKey, SignatureScheme, VerifyError};
use dengmi_parse::Limits;
use dengmi_parse::ssh::{Banner, Chosen, DisconnectReason, KexInit, MessageNumber, integer, string};
use dengmi_parse::tls::Sides;
use std::convert::Infallible;

const LIMITS: Limits = Limits::DEFAULT;
const BANNER: &[u8] = b"SSH-2.0-test server";

/// A source that gives the same bytes in each run.
struct Fixed(u8);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.into())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.into())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

/// PKCS#8 of an Ed25519 key that is public: 32 times 7.
fn host_key() -> PrivateKey {
    let prefix = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    PrivateKey::from_pkcs8(&[&prefix[..], &[7; 32]].concat()).unwrap()
}

fn names(list: &[&str]) -> Vec<Box<str>> {
    list.iter().map(|name| Box::from(*name)).collect()
}

fn both(list: &[&str]) -> Sides<Vec<Box<str>>> {
    Sides { client: names(list), server: names(list) }
}

fn lists(cipher: &str, mac: &str) -> KexInit {
    KexInit {
        cookie: [3; 16],
        key_exchange: names(&["curve25519-sha256"]),
        host_key: names(&["ssh-ed25519"]),
        cipher: both(&[cipher]),
        mac: both(&[mac]),
        compression: both(&["none"]),
        ..KexInit::default()
    }
}

/// A server, up to its answer to a request of the method `none`.
struct Server {
    lists: KexInit,
    /// The payload of its last answer.
    last: Vec<u8>,
    incoming: Vec<u8>,
    receiving: Direction,
    sending: Direction,
    client: Vec<Vec<u8>>,
    agreed: Option<Agreed>,
}

impl Server {
    fn new(lists: KexInit, last: Vec<u8>) -> Server {
        let (receiving, sending) = (Direction::default(), Direction::default());
        Server { lists, last, incoming: Vec::new(), receiving, sending, client: Vec::new(), agreed: None }
    }

    fn send(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        self.sending.seal(payload, |padding| padding.fill(0), out).unwrap();
    }

    fn hello(&mut self) -> Vec<u8> {
        let mut out = [BANNER, b"\r\n"].concat();
        self.send(&self.lists.write(), &mut out);
        out
    }

    /// Takes what the client sent, and gives the answers.
    fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.incoming.extend_from_slice(bytes);
        let mut out = Vec::new();
        if self.client.is_empty() {
            let banner = Banner::next(&self.incoming, false, &LIMITS).unwrap().unwrap().value;
            let (line, size) = (banner.line.to_vec(), banner.size());
            self.incoming.drain(..size);
            self.client.push(line);
        }
        while let Some(payload) = self.receiving.open(&mut self.incoming, &LIMITS).unwrap() {
            match MessageNumber(payload[0]) {
                MessageNumber::KEXINIT => self.client.push(payload),
                MessageNumber::KEX_INIT => self.reply(&payload[5..], &mut out),
                MessageNumber::NEWKEYS => {
                    let chosen = self.chosen();
                    self.receiving.protect(Way::ToServer, &chosen, self.agreed.as_ref().unwrap()).unwrap();
                }
                MessageNumber::SERVICE_REQUEST => {
                    let mut accept = vec![MessageNumber::SERVICE_ACCEPT.0];
                    string(&mut accept, &payload[5..]);
                    self.send(&accept, &mut out);
                }
                MessageNumber::USERAUTH_REQUEST => self.send(&self.last.clone(), &mut out),
                MessageNumber::DISCONNECT => break,
                other => panic!("{other}"),
            }
        }
        out
    }

    fn chosen(&self) -> Chosen {
        Chosen::of(&KexInit::read(&self.client[1], &LIMITS).unwrap().value, &self.lists)
    }

    /// Builds the exchange hash by hand, so that a mistake of the other side is not made twice.
    fn reply(&mut self, client_share: &[u8], out: &mut Vec<u8>) {
        let key = host_key();
        let PublicKey::Ed25519(point) = key.public_key() else { panic!() };
        let named = |bytes: &[u8]| {
            let mut out = Vec::new();
            string(&mut out, b"ssh-ed25519");
            string(&mut out, bytes);
            out
        };
        let own = EphemeralKey::generate(AgreementGroup::X25519, &mut Fixed(9)).unwrap();
        let mut text = Vec::new();
        for bytes in [&self.client[0][..], BANNER, &self.client[1], &self.lists.write(), &named(&point), client_share] {
            string(&mut text, bytes);
        }
        string(&mut text, &own.share());
        let mut secret = Vec::new();
        integer(&mut secret, &own.agree(client_share).unwrap());
        let digest = Hash::Sha256.digest(&[&text[..], &secret].concat());
        let signature = key.sign(SignatureScheme::Ed25519, &digest, &mut Fixed(0)).unwrap();
        let mut reply = vec![MessageNumber::KEX_REPLY.0];
        [&named(&point)[..], &own.share(), &named(&signature)].iter().for_each(|part| string(&mut reply, part));
        self.send(&reply, out);
        self.send(&[MessageNumber::NEWKEYS.0], out);
        let agreed = Agreed { hash: Hash::Sha256, digest, secret };
        let chosen = self.chosen();
        if algorithm::not_run(&chosen).is_none() {
            self.sending.protect(Way::ToClient, &chosen, &agreed).unwrap();
        }
        self.agreed = Some(agreed);
    }
}

fn ask() -> Ask {
    let mut plan = Plan::new(Scope::default());
    plan.ask().unwrap()
}

fn start(out: &mut Vec<u8>) -> Conversation {
    Conversation::start(ask(), Secrets::from_seed([5; 32]), out)
}

/// A whole conversation, and what the server sent in each turn.
fn converse(mut server: Server) -> (Learned, Vec<Vec<u8>>) {
    let mut out = Vec::new();
    let mut client = start(&mut out);
    let mut turns = vec![server.hello()];
    for _ in 0..8 {
        let said = std::mem::take(&mut out);
        if client.step(turns.last().unwrap(), &mut out) {
            break;
        }
        turns.push(server.answer(&[said, std::mem::take(&mut out)].concat()));
    }
    (client.finish(Stop::Closed), turns)
}

/// What a client learns that is sent these bytes.
fn replay(bytes: &[u8]) -> Learned {
    let mut client = start(&mut Vec::new());
    client.step(bytes, &mut Vec::new());
    client.finish(Stop::Closed)
}

fn failure(methods: &[u8]) -> Vec<u8> {
    let mut payload = vec![MessageNumber::USERAUTH_FAILURE.0];
    string(&mut payload, methods);
    payload.push(0);
    payload
}

#[test]
fn every_protection_carries_the_question_and_its_answer() {
    for (cipher, mac) in [
        ("aes256-gcm@openssh.com", "none of ours"),
        ("aes128-gcm@openssh.com", "hmac-sha1"),
        ("aes256-ctr", "hmac-sha2-512-etm@openssh.com"),
        ("aes192-ctr", "hmac-sha2-256"),
        ("aes128-ctr", "hmac-sha1-96"),
        ("sm4-ctr", "hmac-sm3"),
        ("aes256-cbc", "hmac-sha1-etm@openssh.com"),
        ("aes128-cbc", "hmac-md5"),
        ("3des-cbc", "hmac-md5-96-etm@openssh.com"),
    ] {
        let server = Server::new(lists(cipher, mac), failure(b"publickey,password"));
        let (learned, _) = converse(server);
        assert_eq!(learned.stop, None, "{cipher} {mac}");
        let methods = Authentication::Methods(names(&["publickey", "password"]));
        assert_eq!((learned.authentication, learned.protected), (Some(methods), true), "{cipher} {mac}");
        let key = learned.key.unwrap();
        assert_eq!((&*key.format, key.bits, key.proof.is_ok()), ("ssh-ed25519", Some(256), true));
    }
}

#[test]
fn what_is_not_run_or_not_shared_is_said() {
    for (cipher, mac, stop, has_key) in [
        ("chacha20-poly1305@openssh.com", "x", "chacha20-poly1305@openssh.com is not run here", true),
        ("aes128-ctr", "umac-64@openssh.com", "umac-64@openssh.com is not run here", true),
        ("twofish-cbc", "hmac-sha1", "no cipher in common", false),
        ("aes128-ctr", "hmac-ripemd160", "no message authentication code in common", false),
    ] {
        let (learned, _) = converse(Server::new(lists(cipher, mac), failure(b"")));
        assert_eq!(learned.stop.unwrap().to_string(), stop);
        assert_eq!(learned.key.is_some_and(|key| key.proof.is_ok()), has_key, "{cipher} {mac}");
        assert!(learned.lists.is_some() && learned.authentication.is_none());
    }
}

#[test]
fn a_server_that_lets_nothing_pass_for_something_is_told_and_left() {
    let server = Server::new(lists("aes128-ctr", "hmac-sha2-256"), vec![MessageNumber::USERAUTH_SUCCESS.0]);
    let (learned, turns) = converse(server);
    assert_eq!((learned.authentication, learned.stop), (Some(Authentication::None), None));
    // Identification, reply, acceptance of the service, success; then the client has left.
    assert_eq!(turns.len(), 4);
}

#[test]
fn talk_between_the_messages_is_passed_over_and_other_messages_are_not() {
    let ignore = [MessageNumber::IGNORE.0, 0, 0, 0, 0];
    for (payload, expected) in [
        (&ignore[..], None),
        (&[MessageNumber::DEBUG.0], None),
        (&[MessageNumber::NEWKEYS.0], Some(Stop::Unexpected(MessageNumber::NEWKEYS))),
        (&[MessageNumber::USERAUTH_SUCCESS.0], Some(Stop::Unexpected(MessageNumber::USERAUTH_SUCCESS))),
        (&[MessageNumber::EXT_INFO.0], Some(Stop::Unexpected(MessageNumber::EXT_INFO))),
    ] {
        let mut server = Server::new(lists("aes128-ctr", "hmac-sha1"), failure(b""));
        let mut stream = server.hello();
        server.send(payload, &mut stream);
        let learned = replay(&stream);
        assert_eq!(learned.stop, Some(expected.unwrap_or(Stop::Closed)), "{payload:?}");
    }
}

#[test]
fn a_wrong_guess_of_the_server_is_passed_over() {
    let mut guessing = lists("aes128-ctr", "hmac-sha1");
    guessing.key_exchange = names(&["unknown", "curve25519-sha256"]);
    guessing.first_packet_follows = true;
    let mut server = Server::new(guessing, failure(b"password"));
    let mut out = Vec::new();
    let mut client = start(&mut out);
    let mut hello = server.hello();
    server.send(&[MessageNumber::KEX_REPLY.0, 1, 2, 3], &mut hello);
    assert!(!client.step(&hello, &mut out));
    let reply = server.answer(&std::mem::take(&mut out));
    assert!(!client.step(&reply, &mut out));
    assert!(client.finish(Stop::Closed).key.unwrap().proof.is_ok());
}

/// Where the padding of the packets in clear of these bytes stands: nothing covers it.
fn paddings(bytes: &[u8], mut at: usize) -> Vec<usize> {
    let mut found = Vec::new();
    while at < bytes.len() {
        let length = usize::from(bytes[at + 2]) << 8 | usize::from(bytes[at + 3]);
        let end = at + 4 + length;
        found.extend(end - usize::from(bytes[at + 4])..end);
        at = end;
    }
    found
}

#[test]
fn no_flipped_byte_leads_to_a_proof() {
    let (whole, turns) = converse(Server::new(lists("aes128-ctr", "hmac-sha1"), failure(b"password")));
    assert!(whole.key.unwrap().proof.is_ok());
    let flight = [&turns[0][..], &turns[1]].concat();
    let padding = paddings(&flight, BANNER.len() + 2);
    let until_keys = flight.len() - 16;
    assert_eq!(flight[until_keys + 5], MessageNumber::NEWKEYS.0);
    for at in 0..until_keys {
        for change in [1, 0x80] {
            let mut changed = flight[..until_keys].to_vec();
            changed[at] ^= change;
            let proved = replay(&changed).key.is_some_and(|key| key.proof.is_ok());
            assert_eq!(proved, padding.contains(&at), "byte {at}");
        }
    }
    for end in 0..until_keys {
        let learned = replay(&flight[..end]);
        assert!(learned.key.is_none() && learned.stop == Some(Stop::Closed), "cut at {end}");
    }
}

#[test]
fn no_flipped_byte_under_the_keys_is_believed() {
    for (cipher, mac) in [
        ("aes128-ctr", "hmac-sha1"),
        ("aes128-ctr", "hmac-sha2-256-etm@openssh.com"),
        ("aes128-cbc", "hmac-sha1"),
        ("aes256-gcm@openssh.com", ""),
    ] {
        let (_, turns) = converse(Server::new(lists(cipher, mac), failure(b"password")));
        let clear = [&turns[0][..], &turns[1]].concat();
        let protected = turns[2..].concat();
        let whole = replay(&[&clear[..], &protected].concat());
        assert!(whole.authentication.is_some(), "{cipher} {mac}");
        for at in 0..protected.len() {
            let mut changed = protected.clone();
            changed[at] ^= 0x10;
            let learned = replay(&[&clear[..], &changed].concat());
            assert_eq!(learned.authentication, None, "{cipher} {mac}: byte {at}");
            assert!(learned.stop.is_some());
        }
    }
}

#[test]
fn a_stream_without_an_end_is_ended() {
    let mut server = Server::new(lists("aes128-ctr", "hmac-sha1"), failure(b""));
    let mut stream = server.hello();
    while stream.len() <= LIMITS.handshake {
        server.send(&[MessageNumber::IGNORE.0; 1000], &mut stream);
    }
    let most = stream.len().min(LIMITS.handshake);
    assert_eq!(replay(&stream[..most]).stop, Some(Stop::Closed));
    assert!(matches!(replay(&stream[..=most]).stop, Some(Stop::TooMuch(_))));
}

#[test]
fn the_registry_knows_every_name_that_is_offered() {
    let known = |kind: &str, name: &str| assert!(registry::ssh_name(kind, name).is_some(), "{kind} {name}");
    algorithm::exchanges().for_each(|name| known("kex", name));
    algorithm::HOST_KEYS.iter().for_each(|name| known("host key", name));
    algorithm::ciphers().for_each(|name| known("cipher", name));
    algorithm::macs().for_each(|name| known("mac", &name));
}

/// What a made-up server does when it is asked.
#[derive(Clone, Copy)]
struct Sim {
    exchanges: &'static [&'static str],
    host_keys: &'static [&'static str],
    /// Sizes that it has, smallest first.
    sizes: &'static [u32],
    /// Connections after which it turns everyone away.
    patience: usize,
    /// Algorithms for which it shows nothing.
    mute: &'static [&'static str],
}

const OPENSSH: Sim = Sim {
    exchanges: &["curve25519-sha256", "diffie-hellman-group-exchange-sha256", "kex-strict-s-v00@openssh.com"],
    host_keys: &["rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256", "ssh-ed25519"],
    sizes: &[2048, 3072, 8192],
    patience: 99,
    mute: &[],
};

impl Sim {
    fn answer(&self, ask: &Ask, number: usize) -> Conversed {
        if number >= self.patience {
            return Conversed::Lost(Loss::ConnectionRefused);
        }
        let own =
            KexInit { key_exchange: names(self.exchanges), host_key: names(self.host_keys), ..KexInit::default() };
        let mut learned = Learned {
            identification: Some(Identification {
                line: "SSH-2.0-sim".into(),
                version: "2.0".into(),
                software: "sim".into(),
                national: false,
            }),
            lists: Some(own.clone()),
            ..Learned::default()
        };
        let first = |wanted: &[Box<str>], has: &[Box<str>]| wanted.iter().find(|name| has.contains(*name)).cloned();
        let Some(exchange) = first(&ask.key_exchange, &own.key_exchange) else {
            learned.stop = Some(Stop::NothingInCommon("key exchange"));
            return Conversed::Learned(Box::new(learned));
        };
        let Some(host_key) = first(&ask.host_key, &own.host_key) else {
            learned.stop = Some(Stop::NothingInCommon("host key algorithm"));
            return Conversed::Learned(Box::new(learned));
        };
        if exchange.contains("group-exchange") {
            let fits = |bits: &&u32| (ask.group.least..=ask.group.most).contains(*bits);
            let at_least = self.sizes.iter().filter(fits).find(|bits| **bits >= ask.group.wanted);
            learned.group_bits = at_least.copied();
            if at_least.is_none() {
                learned.stop = Some(Stop::Closed);
                return Conversed::Learned(Box::new(learned));
            }
        }
        if self.mute.contains(&&*host_key) {
            learned.stop = Some(Stop::Silent);
        } else if ask.until != Until::Group {
            let format = algorithm::key_format(&host_key).into();
            let (sha256, proof) = (Sha256Digest([1; 32]), Err(VerifyError::Unsupported));
            learned.key = Some(ShownKey { format, bits: None, sha256, signature: host_key, proof });
            if matches!(ask.until, Until::Authentication(_)) {
                learned.authentication = Some(Authentication::Methods(names(&["publickey"])));
            }
        }
        Conversed::Learned(Box::new(learned))
    }
}

/// Runs the plan to its end; gives each ask in words, and what it came to.
fn run(sim: Sim, scope: Scope) -> (Vec<String>, Plan) {
    let mut plan = Plan::new(scope);
    let mut asks = Vec::new();
    while let Some(ask) = plan.ask() {
        let host_key = if let [one] = &ask.host_key[..] { one } else { "any" };
        let exchange = if let [one] = &ask.key_exchange[..] { one } else { "any" };
        let size = if exchange.contains("group-exchange") { format!(" {}", ask.group.wanted) } else { String::new() };
        let until = match &ask.until {
            Until::Group => "size",
            Until::HostKey => "key",
            Until::Authentication(user) => {
                assert_eq!(&**user, USER);
                "ways"
            }
        };
        let conversed = sim.answer(&ask, asks.len());
        asks.push(format!("{until} {host_key}{size}"));
        plan.learn(&ask, conversed);
        assert!(asks.len() <= 16);
    }
    (asks, plan)
}

#[test]
fn the_plan_as_a_table() {
    let many: &'static [&'static str] = &["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    for (what, sim, asks, complete) in [
        (
            "OpenSSH",
            OPENSSH,
            &["ways any", "key rsa-sha2-512 1024", "key ecdsa-sha2-nistp256 8192", "size rsa-sha2-512 1024"][..],
            true,
        ),
        (
            "one key, no group exchange",
            Sim { exchanges: &["curve25519-sha256"], host_keys: &["ssh-ed25519"], ..OPENSSH },
            &["ways any"],
            true,
        ),
        (
            "small primes",
            Sim { host_keys: &["ssh-rsa"], sizes: &[1024, 8192], ..OPENSSH },
            &["ways any", "size ssh-rsa 1024", "size ssh-rsa 8192"],
            true,
        ),
        (
            "nothing but small primes: the first one serves, the large ones are refused, and the key comes by another way",
            Sim { sizes: &[1024], ..OPENSSH },
            &["ways any", "key rsa-sha2-512 1024", "key ecdsa-sha2-nistp256 8192", "key ecdsa-sha2-nistp256"],
            true,
        ),
        (
            "a group exchange alone",
            Sim { exchanges: &["diffie-hellman-group-exchange-sha1"], host_keys: &["ssh-rsa"], ..OPENSSH },
            &["ways any", "size ssh-rsa 1024", "size ssh-rsa 8192", "size ssh-rsa 1024"],
            true,
        ),
        (
            "keys of names that are not known here",
            Sim { exchanges: &["curve25519-sha256"], host_keys: &["x-key", "y-key"], ..OPENSSH },
            &["ways any", "ways x-key", "key y-key"],
            true,
        ),
        ("nothing in common", Sim { exchanges: &["sm2-sm3"], ..OPENSSH }, &["ways any"], false),
        (
            "turned away after two",
            Sim { patience: 2, ..OPENSSH },
            &["ways any", "key rsa-sha2-512 1024", "key ecdsa-sha2-nistp256 8192", "key ecdsa-sha2-nistp256 8192"],
            false,
        ),
        ("turned away at once", Sim { patience: 0, ..OPENSSH }, &["ways any", "ways any"], false),
        (
            "one kind of key is asked for in vain",
            Sim { exchanges: &["curve25519-sha256"], mute: &["rsa-sha2-512"], ..OPENSSH },
            &["ways any", "key rsa-sha2-512", "key rsa-sha2-512", "key ecdsa-sha2-nistp256"],
            false,
        ),
        (
            "more kinds of keys than anybody has",
            Sim { exchanges: &["curve25519-sha256"], host_keys: many, ..OPENSSH },
            &["ways any", "ways a", "key b", "key c", "key d", "key e", "key f", "key g", "key h"],
            false,
        ),
    ] {
        let (found, plan) = run(sim, Scope::default());
        assert_eq!(found, asks, "{what}");
        assert_eq!(plan.is_complete(), complete, "{what}");
        if let Some(accepts) = plan.accepts() {
            assert_eq!(accepts.asked == Asked::Registry, complete, "{what}");
            assert_eq!(accepts.hidden.is_empty(), complete, "{what}: {:?}", accepts.hidden);
        }
    }
}

#[test]
fn sizes_of_groups_are_told_from_three_answers() {
    let sizes = |smallest_bits, largest_bits, below_2048| GroupExchange { smallest_bits, largest_bits, below_2048 };
    for (has, expected) in [
        (&[2048, 8192][..], sizes(Some(2048), Some(8192), Some(false))),
        (&[1024, 1536, 4096], sizes(Some(1024), None, Some(true))),
        (&[1536, 8192], sizes(Some(1536), Some(8192), Some(true))),
        (&[], sizes(None, None, Some(false))),
    ] {
        let (_, plan) = run(Sim { sizes: has, ..OPENSSH }, Scope::default());
        assert_eq!(plan.accepts().unwrap().group_exchange, Field::Seen(expected), "{has:?}");
    }
}

#[test]
fn what_was_not_asked_has_its_reason() {
    let hidden = |accepts: &SshAccepts, field: &str| accepts.hidden[field].to_string();
    let (_, plan) = run(OPENSSH, Scope { user: None, ..Scope::default() });
    let accepts = plan.accepts().unwrap();
    assert_eq!((accepts.host_keys.len(), hidden(&accepts, "authentication")), (3, "not asked".into()));

    let (_, plan) = run(Sim { patience: 1, ..OPENSSH }, Scope::default());
    let accepts = plan.accepts().unwrap();
    for field in ["host_keys", "group_exchange"] {
        assert!(hidden(&accepts, field).contains("the server began to turn connections away: connection refused"));
    }
    assert_eq!((accepts.host_keys.len(), accepts.group_exchange, plan.lost()), (1, Field::Hidden, 2));

    let mut plan = Plan::new(Scope::default());
    let ask = plan.ask().unwrap();
    plan.learn(&ask, OPENSSH.answer(&ask, 0));
    plan.give_up("the time for this endpoint is over");
    assert!(plan.ask().is_none());
    assert!(hidden(&plan.accepts().unwrap(), "host_keys").contains("the time for this endpoint is over"));

    let mut plan = Plan::new(Scope::default());
    let ask = plan.ask().unwrap();
    let words =
        dengmi_parse::ssh::Disconnect { reason: DisconnectReason::TOO_MANY_CONNECTIONS, description: "later".into() };
    plan.learn(
        &ask,
        Conversed::Learned(Box::new(Learned { stop: Some(Stop::Disconnected(words)), ..Learned::default() })),
    );
    assert!(plan.ask().is_some() && plan.accepts().is_none() && !plan.speaks());
}
