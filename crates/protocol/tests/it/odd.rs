//! A TLS 1.3 server that is wrong in one place, made of the public parts: what our own server would never do.

use dengmi_core::{Group, KeyRole, Scheme, Version};
use dengmi_crypto::agreement::{AgreementGroup, EphemeralKey};
use dengmi_crypto::{Hash, SignatureScheme, VerifyError, rand_core, sm2};
use dengmi_parse::Limits;
use dengmi_parse::tls::message::{
    Alert, CertificateEntry, CertificateVerify, Certificates, ClientHello, EncryptedExtensions, Extension, Extensions,
    Finished, KeyShareEntry, ServerHello, Signature,
};
use dengmi_parse::tls::{AlertDescription, AlertLevel, ContentType, HandshakeType, Record};
use dengmi_protocol::handshake::record::RecordKey;
use dengmi_protocol::handshake::schedule::{FinishedBy, Schedule, TrafficSecret, certificate_verify_text};
use dengmi_protocol::handshake::suite::parameters;
use dengmi_protocol::handshake::{Client, Note, Offer, PeerMisbehaved, Received, Step, Stop, Stopped, Transcript};

use crate::identities::{secrets, sm2_server};

struct Wrong {
    identifier: &'static [u8],
    scheme: Scheme,
    finished: bool,
    /// A ChangeCipherSpec under keys, where it may be in clear only.
    protected_change: bool,
}

const RIGHT: Wrong =
    Wrong { identifier: sm2::TLS13_IDENTIFIER, scheme: Scheme::SM2SIG_SM3, finished: true, protected_change: false };

/// A source that counts: good enough for a peer that has nothing to hide.
struct Counter(u8);

impl rand_core::TryRng for Counter {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(1)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(1)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0 += 1;
        out.fill(self.0);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

/// The server's whole flight for a hello, and the key of what it sends then.
fn flight(hello: &[u8], wrong: &Wrong) -> (Vec<u8>, RecordKey) {
    let limits = Limits::default();
    let suite = parameters(Version::TLS_1_3, dengmi_core::Suite(0x00c6)).unwrap();
    let identity = sm2_server("tls13-sm4-gcm-sm3");
    let message = &hello[5..];
    let asked = ClientHello::read(&message[4..], &limits).unwrap().value;
    let shares = asked.extensions.as_ref().unwrap().key_shares().unwrap().unwrap();
    let own = EphemeralKey::generate(AgreementGroup::Sm2, &mut Counter(1)).unwrap();
    let shared = own.agree(shares[0].key_exchange).unwrap();
    let point = own.share();

    let mut transcript = Transcript::default();
    let mut out = Vec::new();
    transcript.add(message);
    let mut bytes = Vec::new();
    ServerHello {
        version: Version::TLS_1_2,
        random: [3; 32],
        session_id: asked.session_id,
        suite: suite.suite,
        compression: 0,
        extensions: Some(Extensions(vec![
            Extension::selected_version(Version::TLS_1_3),
            Extension::key_share(KeyShareEntry { group: Group::CURVE_SM2, key_exchange: &point }).unwrap(),
        ])),
    }
    .write(&mut bytes)
    .unwrap();
    transcript.add(&bytes);
    Record { content: ContentType::HANDSHAKE, version: Version::TLS_1_2, fragment: &bytes }.write(&mut out).unwrap();

    let schedule = Schedule::early(Hash::Sm3).handshake(&shared).unwrap();
    let secret = schedule.derive(b"s hs traffic", &transcript.digest(Hash::Sm3)).unwrap();
    let secret = TrafficSecret::new(Hash::Sm3, secret);
    let mut key = secret.record_key(&suite).unwrap();
    if wrong.protected_change {
        key.protect(ContentType::CHANGE_CIPHER_SPEC, &[1], &[], &mut out).unwrap();
    }
    let mut send = |transcript: &mut Transcript, bytes: Vec<u8>| {
        transcript.add(&bytes);
        key.protect(ContentType::HANDSHAKE, &bytes, &[], &mut out).unwrap();
    };
    let mut bytes = Vec::new();
    EncryptedExtensions::default().write(&mut bytes).unwrap();
    send(&mut transcript, bytes);
    let entry = |der| CertificateEntry { der, extensions: Extensions::default() };
    let entries = identity.certificates.iter().map(Vec::as_slice).map(entry).collect();
    let mut bytes = Vec::new();
    Certificates { context: Some(&[]), entries }.write(&mut bytes).unwrap();
    send(&mut transcript, bytes);
    let text = certificate_verify_text(FinishedBy::Server, &transcript.digest(Hash::Sm3));
    let scheme = SignatureScheme::Sm2 { identifier: wrong.identifier };
    let signature = identity.signing.sign(scheme, &text, &mut Counter(9)).unwrap();
    let mut bytes = Vec::new();
    let signature = Signature { scheme: Some(wrong.scheme), bytes: &signature };
    CertificateVerify(signature).write(&mut bytes).unwrap();
    send(&mut transcript, bytes);
    let mut verify_data = secret.finished(&transcript.digest(Hash::Sm3)).unwrap();
    if !wrong.finished {
        verify_data[31] ^= 1;
    }
    let mut bytes = Vec::new();
    Finished(&verify_data).write(&mut bytes).unwrap();
    send(&mut transcript, bytes);
    let secret = schedule.master().unwrap().derive(b"s ap traffic", &transcript.digest(Hash::Sm3)).unwrap();
    (out, TrafficSecret::new(Hash::Sm3, secret).record_key(&suite).unwrap())
}

fn shake(wrong: &Wrong) -> Result<(Vec<Note>, Vec<String>), Box<Stopped>> {
    let mut hello = Vec::new();
    let client = Client::start(Offer::tls13_sm(), secrets("odd"), &mut hello).unwrap();
    match client.step(&flight(&hello, wrong).0, &mut Vec::new())? {
        Step::Done(done) => {
            assert_eq!(done.proof.proofs().len(), 1);
            assert_eq!(done.proof.proofs()[0].key, KeyRole::Signing);
            let notes = done.proof.proofs()[0].notes.iter().map(|note| note.to_string()).collect();
            Ok((done.proof.learned().notes.clone(), notes))
        }
        Step::More(_) => panic!("not finished"),
    }
}

#[test]
fn one_wrong_place_is_told_from_another() {
    let end = |wrong: &Wrong| shake(wrong).map_err(|stopped| stopped.reason);
    assert_eq!(end(&RIGHT), Ok((vec![], vec![])));
    assert_eq!(
        end(&Wrong { identifier: sm2::DEFAULT_IDENTIFIER, ..RIGHT }),
        Ok((vec![Note::WrongIdentifier], vec!["wrong-identifier".to_owned()]))
    );
    assert_eq!(
        end(&Wrong { identifier: b"neither", ..RIGHT }),
        Err(Stop::Misbehaved(PeerMisbehaved::Signature(VerifyError::Wrong)))
    );
    assert_eq!(
        end(&Wrong { scheme: Scheme(0x0403), ..RIGHT }),
        Err(Stop::Misbehaved(PeerMisbehaved::SchemeNotOffered(Scheme(0x0403))))
    );
    assert_eq!(end(&Wrong { finished: false, ..RIGHT }), Err(Stop::Misbehaved(PeerMisbehaved::Finished)));
    assert_eq!(
        end(&Wrong { protected_change: true, ..RIGHT }),
        Err(Stop::Misbehaved(PeerMisbehaved::UnexpectedRecord(ContentType::CHANGE_CIPHER_SPEC)))
    );
}

#[test]
fn after_the_handshake_levels_mean_nothing_and_a_key_update_is_one_of_two() {
    let alert = |level, description| Alert { level: AlertLevel(level), description: AlertDescription(description) };
    let ended = |alert| Ok(Received { end: alert, ..Received::default() });
    for (content, bytes, expected) in [
        (ContentType::ALERT, &[1, 116][..], ended(Some(alert(1, 116)))),
        (ContentType::ALERT, &[2, 0], ended(Some(alert(2, 0)))),
        (ContentType::ALERT, &[2, 90], ended(None)),
        (ContentType::HANDSHAKE, &[24, 0, 0, 1, 0], ended(None)),
        (ContentType::HANDSHAKE, &[24, 0, 0, 1, 1], ended(None)),
        (
            ContentType::HANDSHAKE,
            &[24, 0, 0, 1, 2],
            Err(Stop::Misbehaved(PeerMisbehaved::UnexpectedMessage(HandshakeType::KEY_UPDATE))),
        ),
    ] {
        let (mut hello, mut record) = (Vec::new(), Vec::new());
        let client = Client::start(Offer::tls13_sm(), secrets("odd"), &mut hello).unwrap();
        let (bytes_of_flight, mut key) = flight(&hello, &RIGHT);
        let Step::Done(mut done) = client.step(&bytes_of_flight, &mut Vec::new()).unwrap() else {
            panic!("not finished")
        };
        key.protect(content, bytes, &[], &mut record).unwrap();
        assert_eq!(done.connection.receive(&record, &mut Vec::new()), expected, "{content} {bytes:?}");
    }
}
