//! An offer as bytes.

use super::{Offer, Style};
use dengmi_core::{Group, Suite, Version, registry};
use dengmi_parse::tls::message::{ClientHello, Extension, Extensions, KeyShareEntry, Ssl2ClientHello, TooLong};
use dengmi_parse::tls::{ContentType, Dialect, ExtensionType, Record};

/// Key shares of hellos that are never completed: the curves' own base points, whose secret is 1. They are valid public
/// keys and need no arithmetic. X25519 (RFC 7748 4.1), P-256 (SP 800-186 3.2.1.3), curveSM2 (GB/T 32918.5).
const SHARES: [(Group, &str); 3] = [
    (Group::X25519, "0900000000000000000000000000000000000000000000000000000000000000"),
    (
        Group::SECP256R1,
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    (
        Group::CURVE_SM2,
        "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
         bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
    ),
];

/// Protocols offered by ALPN: what servers of the web, of mail, of messages and of names speak (IANA "TLS ALPN Protocol
/// IDs").
pub(crate) const PROTOCOLS: [&[u8]; 10] =
    [b"h2", b"http/1.1", b"http/1.0", b"imap", b"pop3", b"managesieve", b"xmpp-client", b"mqtt", b"dot", b"ftp"];

/// DEFLATE (RFC 3749).
const DEFLATE: u8 = 1;

/// The record with the ClientHello of `offer`. Without [`Offer::session`] the session id stays empty: a server that wants
/// to resume something has nothing to resume.
///
/// # Errors
/// [`TooLong`] when a list of the offer does not fit its length field, or the hello does not fit one record.
pub fn hello(offer: &Offer, random: [u8; 32]) -> Result<Vec<u8>, TooLong> {
    if offer.version == Version::SSL_2_0 {
        return ssl2(offer, &random);
    }
    let dialect = if offer.version == Version::TLCP { Dialect::Tlcp } else { Dialect::Tls };
    let message = message(offer, random, dialect, &[], Vec::new())?;
    let version = dialect.first_record_version(offer.version);
    let mut record = Vec::with_capacity(message.len().saturating_add(5));
    Record { content: ContentType::HANDSHAKE, version, fragment: &message }.write(&mut record)?;
    Ok(record)
}

/// The ClientHello of `offer` as a handshake message of this dialect, with more extensions behind its own; the cookie is
/// DTLS's.
pub(super) fn message(
    offer: &Offer,
    random: [u8; 32],
    dialect: Dialect,
    cookie: &[u8],
    more: Vec<Extension<'_>>,
) -> Result<Vec<u8>, TooLong> {
    let version = if dialect == Dialect::Dtls { offer.version.over_datagrams() } else { offer.version };
    let asks = asks(offer) && offer.version < Version::TLS_1_3;
    let mut extensions = extensions(offer)?;
    if !more.is_empty() {
        extensions.get_or_insert_default().0.extend(more);
    }
    let key = offer.session.as_ref().and_then(|session| session.key.as_ref());
    if let Some(key) = key {
        // The binder comes once all before it stands.
        let binder = vec![0; key.binder_length()];
        let offered = Extension::pre_shared_key(&key.identity, key.obfuscated_age, &binder)?;
        extensions.get_or_insert_default().0.push(offered);
    }
    let client_hello = ClientHello {
        version: dialect.hello_version(version),
        random,
        session_id: offer.session.as_ref().map(|session| &*session.id).unwrap_or_default(),
        cookie: dialect.has_cookie().then_some(cookie),
        suites: offer.suites.clone(),
        compressions: if asks { &[DEFLATE, 0] } else { &[0] },
        extensions,
    };
    let mut message = Vec::with_capacity(1024);
    client_hello.write(&mut message)?;
    if let Some(key) = key {
        // It is the last thing in the hello; the lengths before it count as truncated (RFC 8446 4.2.11.2).
        let length = key.binder_length();
        let end = message.len().saturating_sub(length);
        let binder = message.get(..end.saturating_sub(3)).and_then(|truncated| key.binder(truncated).ok());
        if let (Some(place), Some(binder)) = (message.get_mut(end..), binder.filter(|binder| binder.len() == length)) {
            place.copy_from_slice(&binder);
        }
    }
    Ok(message)
}

/// All kinds there are: the server answers with its own.
fn ssl2(offer: &Offer, random: &[u8; 32]) -> Result<Vec<u8>, TooLong> {
    let kinds = registry::ssl2_kinds().iter().map(|entry| entry.code).collect();
    let challenge = random.get(..16).unwrap_or_default();
    let hello = Ssl2ClientHello { version: offer.version, kinds, session_id: &[], challenge };
    let mut record = Vec::new();
    hello.write(&mut record)?;
    Ok(record)
}

/// An SSL 2.0 kind by its low two bytes.
pub(super) fn ssl2_suite(kind: u32) -> Suite {
    let [.., high, low] = kind.to_be_bytes();
    Suite(u16::from_be_bytes([high, low]))
}

fn asks(offer: &Offer) -> bool {
    offer.features && offer.style == Style::Full
}

/// The extension block; `None` leaves it out, since an empty one is refused by some (GM/T 0024 servers).
fn extensions(offer: &Offer) -> Result<Option<Extensions<'_>>, TooLong> {
    let mut list = Vec::new();
    let tls13 = offer.version == Version::TLS_1_3;
    if !matches!(offer.style, Style::Plain | Style::Grouped)
        && let Some(name) = &offer.server_name
    {
        list.push(Extension::server_name(name)?);
    }
    if offer.style.sends_lists() {
        if !offer.groups.is_empty() {
            list.push(Extension::supported_groups(&offer.groups)?);
        }
        if !tls13 && offer.version != Version::TLCP {
            list.push(Extension::ec_point_formats(&[0])?);
        }
        if !offer.schemes.is_empty() {
            list.push(Extension::signature_algorithms(&offer.schemes)?);
        }
        if !offer.certificate_schemes.is_empty() {
            let list_of = Extension::signature_algorithms(&offer.certificate_schemes)?;
            list.push(Extension::new(ExtensionType::SIGNATURE_ALGORITHMS_CERT, list_of.body));
        }
    }
    if tls13 {
        list.push(Extension::supported_versions(&[Version::TLS_1_3])?);
        list.push(Extension::psk_key_exchange_modes(&[1])?);
        list.push(shares(offer)?);
        return Ok(Some(Extensions(list)));
    }
    if offer.style == Style::Full {
        // Only an answer with CBC tells about it, so it goes with every hello.
        list.push(Extension::new(ExtensionType::ENCRYPT_THEN_MAC, &[][..]));
    }
    if asks(offer) {
        list.push(Extension::new(ExtensionType::EXTENDED_MASTER_SECRET, &[][..]));
        list.push(Extension::new(ExtensionType::RENEGOTIATION_INFO, &[0][..]));
        list.push(Extension::application_protocols(&PROTOCOLS)?);
        list.push(Extension::status_request());
        list.push(Extension::new(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &[][..]));
        // heartbeat: peer_not_allowed_to_send (RFC 6520 2). Nothing is ever sent.
        list.push(Extension::new(ExtensionType::HEARTBEAT, &[2][..]));
        list.push(Extension::record_size_limit());
    }
    let ticket = offer.session.as_ref().map(|session| &*session.ticket).filter(|ticket| !ticket.is_empty());
    if asks(offer) || ticket.is_some() {
        list.push(Extension::session_ticket(ticket.unwrap_or_default()));
    }
    Ok((!list.is_empty()).then_some(Extensions(list)))
}

fn shares(offer: &Offer) -> Result<Extension<'static>, TooLong> {
    if offer.style != Style::Shares {
        return Extension::key_shares(&[]);
    }
    let offered = SHARES.iter().filter(|(group, _)| offer.groups.contains(group));
    let points: Vec<(Group, Vec<u8>)> = offered.map(|(group, point)| (*group, bytes(point))).collect();
    let entries: Vec<_> =
        points.iter().map(|(group, point)| KeyShareEntry { group: *group, key_exchange: point }).collect();
    Extension::key_shares(&entries)
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    let pairs = hexadecimal.as_bytes().chunks_exact(2);
    pairs.map(|pair| pair.iter().fold(0, |sum, &byte| (sum << 4) | digit(byte))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Lists, Scope, Session};
    use dengmi_core::Suite;
    use dengmi_parse::Limits;
    use dengmi_parse::tls::ExtensionType;
    use std::sync::Arc;

    fn offer(version: Version, style: Style) -> Offer {
        let Lists { suites, groups, schemes, .. } = Lists::registry(version);
        let server_name = Some(Arc::from("peer.test"));
        let certificate_schemes = Vec::new();
        let (features, session) = (false, None);
        Offer { version, suites, groups, schemes, certificate_schemes, style, features, server_name, session }
    }

    fn check(version: Version, style: Style, record_version: [u8; 2], hello_version: Version, kinds: &[ExtensionType]) {
        let offer = offer(version, style);
        let record = hello(&offer, [7; 32]).unwrap();
        assert_eq!((record[0], &record[1..3]), (22, &record_version[..]), "{version:?}");
        let reading = ClientHello::read(&record[9..], &Limits::default()).unwrap();
        assert_eq!((reading.defects, reading.rest), (vec![], 0));
        assert_eq!((reading.value.version, &reading.value.suites), (hello_version, &offer.suites));
        let found = reading.value.extensions.map(|list| list.0.iter().map(|one| one.kind).collect::<Vec<_>>());
        assert_eq!(found, (!kinds.is_empty()).then(|| kinds.to_vec()), "{version:?} {style:?}");
    }

    #[test]
    fn a_hello_carries_what_its_style_says() {
        use ExtensionType as E;
        let (name, groups, formats) = (E::SERVER_NAME, E::SUPPORTED_GROUPS, E::EC_POINT_FORMATS);
        let (schemes, versions) = (E::SIGNATURE_ALGORITHMS, E::SUPPORTED_VERSIONS);
        let tls13 = [name, groups, schemes, versions, E::PSK_KEY_EXCHANGE_MODES, E::KEY_SHARE];
        check(Version::SSL_3_0, Style::Plain, [3, 0], Version::SSL_3_0, &[]);
        let mac = E::ENCRYPT_THEN_MAC;
        check(Version::TLS_1_0, Style::Full, [3, 1], Version::TLS_1_0, &[name, groups, formats, mac]);
        check(Version::TLS_1_0, Style::Lean, [3, 1], Version::TLS_1_0, &[name, groups, formats]);
        check(Version::TLS_1_2, Style::Full, [3, 1], Version::TLS_1_2, &[name, groups, formats, schemes, mac]);
        check(Version::TLS_1_2, Style::Lean, [3, 1], Version::TLS_1_2, &[name, groups, formats, schemes]);
        check(Version::TLS_1_2, Style::Plain, [3, 1], Version::TLS_1_2, &[]);
        check(Version::TLS_1_3, Style::Full, [3, 1], Version::TLS_1_2, &tls13);
        check(Version::TLS_1_3, Style::Shares, [3, 1], Version::TLS_1_2, &tls13);
        check(Version::TLCP, Style::Plain, [1, 1], Version::TLCP, &[]);
        check(Version::TLCP, Style::Named, [1, 1], Version::TLCP, &[name]);
        check(Version::TLCP, Style::Grouped, [1, 1], Version::TLCP, &[groups, schemes]);
    }

    #[test]
    fn everything_that_is_answered_in_clear_is_asked_for_once() {
        use ExtensionType as E;
        let asks = Offer { features: true, ..offer(Version::TLS_1_2, Style::Full) };
        let ticket = Session { id: vec![1; 32], ticket: vec![2; 64], key: None };
        let resumes = Offer { session: Some(Arc::new(ticket)), ..offer(Version::TLS_1_2, Style::Full) };
        for (offer, compressions, ticket) in [(&asks, &[1, 0][..], Some(0)), (&resumes, &[0], Some(64))] {
            let record = hello(offer, [7; 32]).unwrap();
            let read = ClientHello::read(&record[9..], &Limits::default()).unwrap().value;
            let extensions = read.extensions.unwrap();
            assert_eq!((read.compressions, extensions.session_ticket().map(<[u8]>::len)), (compressions, ticket));
            let asked = [E::EXTENDED_MASTER_SECRET, E::RENEGOTIATION_INFO, E::STATUS_REQUEST, E::HEARTBEAT];
            assert!(asked.iter().all(|&kind| extensions.find(kind).is_some() == offer.features));
        }
        // A server of SSL 2.0 is asked in its own form, with every kind that there is.
        let record = hello(&offer(Version::SSL_2_0, Style::Plain), [7; 32]).unwrap();
        let read = Ssl2ClientHello::read(&record[2..], &Limits::default()).unwrap().value;
        assert_eq!((read.version, read.kinds.len()), (Version::SSL_2_0, registry::ssl2_kinds().len()));
    }

    #[test]
    fn shares_are_sent_when_asked_for_and_are_points_of_their_curves() {
        for (style, expected) in
            [(Style::Full, vec![]), (Style::Shares, vec![(0x001d, 32), (0x0017, 65), (0x0029, 65)])]
        {
            let record = hello(&offer(Version::TLS_1_3, style), [7; 32]).unwrap();
            let hello = ClientHello::read(&record[9..], &Limits::default()).unwrap().value;
            let extensions = hello.extensions.unwrap();
            let shares = extensions.key_shares().unwrap().unwrap();
            let found: Vec<_> = shares.iter().map(|share| (share.group.0, share.key_exchange.len())).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_registry_gives_what_a_version_can_have() {
        let scope = Scope::registry(None);
        let of = |version| scope.versions.iter().find(|lists| lists.version == version).unwrap();
        assert_eq!(of(Version::TLCP).suites[..4], [0xe013, 0xe053, 0xe011, 0xe051].map(Suite));
        assert!(of(Version::TLS_1_3).suites.contains(&Suite(0x00c6)));
        assert!(of(Version::TLS_1_3).groups.contains(&Group(0x0100)), "prime fields by name, in TLS 1.3");
        assert!(!of(Version::TLS_1_2).groups.contains(&Group(0x0100)), "and not before");
        assert!(of(Version::TLS_1_2).suites.len() > 300);
        assert!(
            scope.versions.iter().all(|lists| !lists.suites.iter().any(|suite| [0x00ff, 0x5600].contains(&suite.0)))
        );
    }
}
