use super::*;

#[test]
fn tables_are_sorted_and_every_row_is_found() {
    fn check<T, K: Ord + fmt::Debug>(table: &'static [T], key: impl Fn(&T) -> K) {
        assert!(!table.is_empty());
        for pair in table.windows(2) {
            assert!(key(&pair[0]) < key(&pair[1]), "{:?} before {:?}", key(&pair[0]), key(&pair[1]));
        }
    }
    check(suites(), |entry| entry.code);
    check(ssl2_kinds(), |entry| entry.code);
    check(groups(), |entry| entry.code);
    check(schemes(), |entry| entry.code);
    check(versions(), |entry| entry.code);
    check(oids(), |entry| entry.oid);
    check(algorithms(), |entry| entry.id);
    check(generated::IKE_ATTRIBUTES, |entry| (entry.class, entry.value));
    for entry in suites() {
        assert_eq!(suite(Suite(u16::try_from(entry.code).unwrap())), Some(entry));
    }
    for entry in suites().iter().chain(ssl2_kinds()) {
        assert_eq!(suite_named(entry.name), Some(entry));
        assert_eq!(suite_named(&entry.name.to_lowercase()), Some(entry));
        for alias in entry.aliases {
            assert_eq!(suite_named(alias.name), Some(entry), "{}", alias.name);
        }
    }
}

#[test]
fn every_id_is_an_algorithm_and_every_source_is_spelled_out() {
    let ids = suites()
        .iter()
        .chain(ssl2_kinds())
        .flat_map(|entry| {
            [
                entry.encryption,
                entry.mac,
                entry.prf_hash,
                entry.key_exchange.algorithm(),
                entry.authentication.algorithm(),
            ]
        })
        .chain(schemes().iter().flat_map(|entry| [entry.key, entry.hash]))
        .flatten()
        .chain(groups().iter().flat_map(|entry| entry.algorithms.iter().copied()))
        .chain(oids().iter().flat_map(|entry| entry.algorithms.iter().copied()))
        .chain(generated::SGD.iter().flat_map(|entry| entry.algorithms.iter().copied()))
        .chain(generated::IKE_ATTRIBUTES.iter().flat_map(|entry| entry.algorithms.iter().copied()));
    for id in ids {
        assert_eq!(algorithm(id).map(|entry| entry.id), Some(id));
    }
    for origin in suites().iter().map(|entry| entry.origin).chain(algorithms().iter().map(|entry| entry.origin)) {
        assert!(!origin.source.is_empty());
        assert!(origin.source.iter().all(|key| source(key).is_some()), "{:?}", origin.source);
    }
    assert_eq!(source("nobody"), None);
}

#[test]
fn numbers_print_as_names_or_as_numbers() {
    for (shown, expected) in [
        (Suite(0xe013).to_string(), "ECC_SM4_CBC_SM3"),
        (Suite(0x00c6).to_string(), "TLS_SM4_GCM_SM3"),
        (Suite(0xc02f).to_string(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        (Suite(0xfafa).to_string(), "0xfafa"),
        (Group(0x0029).to_string(), "curveSM2"),
        (Group(0x11ee).to_string(), "curveSM2MLKEM768"),
        (Group(0xfafa).to_string(), "0xfafa"),
        (Scheme(0x0708).to_string(), "sm2sig_sm3"),
        (Scheme(0xfafa).to_string(), "0xfafa"),
        (Version::TLCP.to_string(), "TLCP 1.1"),
        (Version::TLS_1_3.to_string(), "TLS 1.3"),
        (Version(0xfafa).to_string(), "0xfafa"),
        (format!("{:>9}", Version::TLS_1_2), "  TLS 1.2"),
    ] {
        assert_eq!(shown, expected);
    }
}

#[test]
fn suites_come_apart_by_function() {
    use Authentication as A;
    use KeyExchange as K;
    #[rustfmt::skip]
    let cases = [
        // code, key exchange, authentication, encryption, integrity, hash of the derivation
        (0xe013, K::Sm2Encryption, A::Sm2, Some("sm4"), Some("hmac-sm3"), Some("sm3")),
        (0xe051, K::Sm2Exchange, A::Sm2, Some("sm4"), Some("sm4"), Some("sm3")),
        (0xe019, K::Rsa, A::Rsa, Some("sm4"), Some("hmac-sm3"), Some("sm3")),
        (0xe017, K::Sm9Encryption, A::Sm9, Some("sm4"), Some("hmac-sm3"), Some("sm3")),
        (0xe00a, K::Rsa, A::Rsa, Some("sm1"), Some("hmac-sha-1"), Some("sha-1")),
        (0x00c6, K::Tls13, A::Tls13, Some("sm4"), Some("sm4"), Some("sm3")),
        (0x002f, K::Rsa, A::Rsa, Some("aes-128"), Some("hmac-sha-1"), None),
        (0x0003, K::Rsa, A::Rsa, Some("rc4-40"), Some("hmac-md5"), None),
        (0x000a, K::Rsa, A::Rsa, Some("3des-3"), Some("hmac-sha-1"), None),
        (0xc02c, K::Ecdhe, A::Ecdsa, Some("aes-256"), Some("aes-256"), Some("sha-384")),
        (0xc0b4, K::Tls13, A::Tls13, None, Some("hmac-sha-256"), Some("sha-256")),
        (0x0018, K::DhAnonymous, A::Anonymous, Some("rc4"), Some("hmac-md5"), None),
        (0xe107, K::Ecdhe, A::Sm2, Some("sm4"), Some("sm4"), Some("sm3")),
    ];
    for (code, key_exchange, authentication, encryption, integrity, prf_hash) in cases {
        let entry = suite(Suite(code)).unwrap();
        let found = (entry.key_exchange, entry.authentication, entry.encryption, entry.integrity(), entry.prf_hash);
        assert_eq!(found, (key_exchange, authentication, encryption, integrity, prf_hash), "{}", entry.name);
    }
    assert_eq!(suite(Suite(0xe013)).unwrap().family, Family::Tlcp);
    assert_eq!(suite(Suite(0xe001)).unwrap().family, Family::Gmt0024);
    assert_eq!(suite(Suite(0xe102)).unwrap().family, Family::PreStandard);
    assert_eq!(suite(Suite(0x5600)).unwrap().family, Family::Signal);
    assert_eq!(ssl2_kind(0x01_00_80).unwrap().name, "SSL_CK_RC4_128_WITH_MD5");
    assert_eq!(K::Ecdhe.forward_secret(), Some(true));
    assert_eq!(K::Sm2Encryption.forward_secret(), Some(false));
    assert_eq!(K::Tls13.forward_secret(), None);
}

#[test]
fn a_version_has_its_own_suites() {
    for (version, inside, outside) in [
        (Version::TLCP, Suite::ECC_SM4_CBC_SM3, Suite::TLS_SM4_GCM_SM3),
        (Version::TLCP, Suite(0xe001), Suite(0x002f)),
        (Version::TLS_1_3, Suite::TLS_SM4_GCM_SM3, Suite(0xc02f)),
        (Version::TLS_1_2, Suite(0xc02f), Suite::ECC_SM4_CBC_SM3),
        (Version::TLS_1_2, Suite(0xe102), Suite::TLS_FALLBACK_SCSV),
        (Version::SSL_3_0, Suite(0x0003), Suite::TLS_AES_128_GCM_SHA256),
    ] {
        let has = |suite: Suite| suites_of(version).any(|entry| entry.code == u32::from(suite.0));
        assert!(has(inside) && !has(outside), "{version}");
    }
    assert_eq!(suites_of(Version::TLCP).count(), 20);
    assert_eq!(suites_of(Version::SSL_2_0).count(), 0);
}

#[test]
fn any_library_s_name_finds_the_suite() {
    for (name, code) in [
        ("ECC-SM2-WITH-SM4-SM3", 0xe013),
        ("ecdhe-sm2-sm4-gcm-sm3", 0xe051),
        ("ECDHE_SM4_SM3", 0xe011),
        ("AES128-SHA", 0x002f),
        ("TLS_RSA_ARCFOUR_128_MD5", 0x0004),
        ("SSL_CK_DES_64_CBC_WITH_MD5", 0x06_00_40),
    ] {
        assert_eq!(suite_named(name).map(|entry| entry.code), Some(code), "{name}");
    }
    assert_eq!(suite_named("TLS_WITH_NOTHING"), None);
    assert_eq!(suite(Suite(0xc02f)).unwrap().name_in("openssl"), Some("ECDHE-RSA-AES128-GCM-SHA256"));
    assert_eq!(suite(Suite(0xc02f)).unwrap().name_in("jca"), None);
    assert_eq!(group_named("P-256").map(|entry| entry.code), Some(0x0017));
    assert_eq!(group_named("SM2P256V1").map(|entry| entry.code), Some(0x0029));
    assert_eq!(scheme_named("ecdsa_sha256").map(|entry| entry.code), Some(0x0403));
    assert_eq!(version_named("ntls").map(|entry| entry.code), Some(0x0101));
}

#[test]
fn object_identifiers_are_read_from_der() {
    for (contents, expected) in [
        (&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75][..], Some("1.2.156.10197.1.501")),
        (&[0x55, 0x1d, 0x0f], Some("2.5.29.15")),
        (&[0x2b, 0x65, 0x70], Some("1.3.101.112")),
        (&[0x88, 0x37, 0x03], Some("2.999.3")),
        (&[], None),
        (&[0x80, 0x01], None),
        (&[0x2a, 0x80, 0x01], None),
        (&[0x2a, 0x81], None),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], None),
    ] {
        assert_eq!(dotted(contents).as_deref(), expected, "{contents:02x?}");
    }
    let signature = oid_der(&[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75]).unwrap();
    assert_eq!((signature.name, signature.algorithms), ("sm2-with-sm3", &["sm2", "sm3"][..]));
    assert_eq!(oid("1.2.156.10197.1.301").unwrap().bits, Some(256));
    assert_eq!(oid("1.2.3.4"), None);
}

#[test]
fn conflicting_identifiers_are_kept() {
    let both: Vec<_> = oids_named("hmac-sm3").map(|entry| (entry.oid, entry.conflict)).collect();
    assert_eq!(both, [("1.2.156.10197.1.401.2", true), ("1.2.156.10197.1.401.3.1", true)]);
    let disputed = oid("1.2.156.10197.1.502").unwrap();
    assert!(disputed.conflict && disputed.algorithms.is_empty() && !disputed.origin.note.is_empty());
    assert!(sgd(0x0002_0201).unwrap().conflict);
}

#[test]
fn sizes_count_as_the_next_smaller_one() {
    for (family, bits, id) in [
        ("rsa", 2048, Some("rsa-2048")),
        ("rsa", 2047, Some("rsa-1536")),
        ("rsa", 100_000, Some("rsa-15360")),
        ("rsa", 511, None),
        ("elliptic-curve", 256, Some("ec-256")),
        ("elliptic-curve", 255, Some("ec-224")),
        ("finite-field-dh", 1024, Some("dh-1024")),
        ("nothing", 1024, None),
    ] {
        assert_eq!(sized(family, bits).map(|entry| entry.id), id, "{family} {bits}");
    }
}

#[test]
fn strengths_are_as_exact_as_their_sources() {
    #[rustfmt::skip]
    let cases = [
        ("md5", 80, Some(false)), ("md5", 60, None), ("SHA-1", 80, Some(false)), ("HMAC-SHA-1", 112, Some(true)), ("HMAC-SHA-1", 128, None),
        ("RSA-1024", 80, Some(true)), ("RSA-1024", 112, Some(false)), ("rsa-2048", 112, Some(true)), ("3des-3", 112, Some(true)), ("3des-2", 112, Some(false)),
        ("ECDSA-P-256", 128, Some(true)), ("rc4", 80, Some(false)), ("des", 80, Some(false)), ("aes-256", 256, Some(true)),
    ];
    for (name, bits, reached) in cases {
        let rated = algorithm(name).unwrap().strength.unwrap();
        assert_eq!(rated.strength.reaches(bits), reached, "{name} {bits}");
    }
    assert!(algorithm("kuznyechik").unwrap().strength.is_none());
    assert_eq!(algorithm("rc4").unwrap().strength.unwrap().origin.confidence, Confidence::Single);
}

#[test]
fn names_of_other_worlds_are_found() {
    let services: Vec<_> = library_names("sm2").map(|entry| (entry.library, entry.kind)).collect();
    assert_eq!(services, [("jca", "Cipher"), ("openssl", "curve")]);
    assert!(ssh_name("kex", "sm2kep-sha2-nistp256").unwrap().false_friend);
    assert_eq!(ssh_name("mac", "sm2-sm3"), None);
    assert_eq!(ike(IkeClass::EncryptionGmt0022, 129).unwrap().algorithms, ["sm4"]);
    assert_eq!(ike(IkeClass::Authentication1, 10).unwrap().name, "ECDSA with SHA-384 on the P-384 curve");
    assert_eq!(ike(IkeClass::AuthenticationGmt0022, 10).unwrap().name, "public-key digital envelope");
    assert_eq!(ike(IkeClass::KeyExchange, 36).unwrap().algorithms, ["ml-kem-768"]);
    assert_eq!(ike(IkeClass::Encryption1, 129), None);
    assert_eq!(ike_class(IkeClass::Prf).count(), 9);
    assert_eq!(ike_vendor("1e2b516905991c7d7c96fcbfb587e46100000009").unwrap().name, "Microsoft Windows");
    assert_eq!(ike_vendor("1e2b51690599"), None);
    assert_eq!(sgd_named("sgd_sm4_cbc").unwrap().value, 0x402);
}

#[test]
fn grease_is_told_apart() {
    for (code, expected) in [(0x0a0a, true), (0xfafa, true), (0x0a1a, false), (0xe013, false), (0x0a0b, false)] {
        assert_eq!(is_grease(code), expected, "{code:04x}");
    }
}

#[test]
fn constants_are_what_their_names_say() {
    for (shown, name) in constant::NAMED {
        assert_eq!(&shown(), name);
    }
}
