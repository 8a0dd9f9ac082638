use dengmi_crypto::agreement::{AgreementGroup, EphemeralKey};
use dengmi_crypto::signature::verify;
use dengmi_crypto::sm2::{Ciphertext, DEFAULT_IDENTIFIER};
use dengmi_crypto::{CryptoError, Curve, Hash, PrivateKey, PublicKey, SignatureScheme, VerifyError};

use crate::{Given, Vector, stream, vectors};

fn check(vector: &Vector) {
    let key = public_key(vector);
    let verified = verify(&key, scheme(vector), &vector.bytes("msg"), &vector.bytes("sig"));
    let expected = match vector.text("expect") {
        "ok" => Ok(()),
        "wrong" => Err(VerifyError::Wrong),
        "malformed" => Err(VerifyError::Malformed),
        "unsupported" => Err(VerifyError::Unsupported),
        other => panic!("{}: expect = {other}", vector.id()),
    };
    assert_eq!(verified, expected, "{}", vector.id());
}

fn public_key(vector: &Vector) -> PublicKey {
    let elliptic = |curve| PublicKey::EllipticCurve { curve, point: vector.bytes("pub") };
    match vector.text("kind") {
        "rsa" => PublicKey::Rsa { modulus: vector.bytes("modulus"), exponent: vector.bytes("exponent") },
        "p256" => elliptic(Curve::P256),
        "p384" => elliptic(Curve::P384),
        "p521" => elliptic(Curve::P521),
        "sm2" => elliptic(Curve::Sm2),
        "other" => elliptic(Curve::Other),
        "ed25519" => PublicKey::Ed25519(vector.bytes("pub")),
        other => panic!("{}: kind = {other}", vector.id()),
    }
}

fn scheme(vector: &Vector) -> SignatureScheme<'_> {
    let name = vector.text("scheme");
    let hash = |name: &str| match name {
        "md5" => Hash::Md5,
        "sha1" => Hash::Sha1,
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        "sha512" => Hash::Sha512,
        "sm3" => Hash::Sm3,
        other => panic!("{}: hash {other}", vector.id()),
    };
    if let Some(name) = name.strip_prefix("rsa-pkcs1-") {
        SignatureScheme::RsaPkcs1(hash(name))
    } else if let Some(name) = name.strip_prefix("rsa-pss-") {
        SignatureScheme::RsaPss { hash: hash(name), salt_length: vector.number("salt") }
    } else if let Some(name) = name.strip_prefix("ecdsa-") {
        SignatureScheme::Ecdsa(hash(name))
    } else {
        match name {
            "rsa-md5-sha1" => SignatureScheme::RsaMd5Sha1,
            "ed25519" => SignatureScheme::Ed25519,
            "sm2" => SignatureScheme::Sm2 { identifier: vector.text("distid").as_bytes() },
            other => panic!("{}: scheme {other}", vector.id()),
        }
    }
}

#[test]
fn every_signature() {
    vectors("signatures.toml").iter().for_each(check);
}

#[test]
fn every_key() {
    for vector in vectors("keys.toml") {
        let read = PrivateKey::from_pkcs8(&vector.bytes("pkcs8"));
        if vector.text("kind") == "unsupported" {
            assert_eq!(read.err(), Some(CryptoError::Unsupported), "{}", vector.id());
            continue;
        }
        let key = read.unwrap_or_else(|error| panic!("{}: {error}", vector.id()));
        if let PublicKey::EllipticCurve { point, .. } | PublicKey::Ed25519(point) = key.public_key() {
            assert_eq!(hex::encode(point), vector.text("pub"), "{}", vector.id());
        }
        check_signing(vector.id(), &key);
        match vector.id() {
            "rsa" => check_rsa_encryption(&key, &vector),
            "sm2" => {
                let sealed = Ciphertext::from_der(&vector.bytes("ct")).unwrap();
                assert_eq!(key.sm2().unwrap().decrypt(&sealed), Ok(vector.bytes("msg")));
            }
            _ => {}
        }
    }
}

/// Signs with every scheme that goes with the key; what goes with none is said to be unsupported.
fn check_signing(id: &str, key: &PrivateKey) {
    let schemes = [
        SignatureScheme::RsaPkcs1(Hash::Sha256),
        SignatureScheme::RsaMd5Sha1,
        SignatureScheme::RsaPss { hash: Hash::Sha256, salt_length: 32 },
        SignatureScheme::Ecdsa(Hash::Sha256),
        SignatureScheme::Ecdsa(Hash::Sha384),
        SignatureScheme::Ed25519,
        SignatureScheme::Sm2 { identifier: DEFAULT_IDENTIFIER },
    ];
    let mut used = 0;
    for scheme in schemes {
        match key.sign(scheme, b"message", &mut stream(id)) {
            Ok(signature) => {
                used += 1;
                assert_eq!(verify(&key.public_key(), scheme, b"message", &signature), Ok(()), "{id} {scheme:?}");
                assert_eq!(
                    verify(&key.public_key(), scheme, b"massage", &signature),
                    Err(VerifyError::Wrong),
                    "{id} {scheme:?}"
                );
            }
            Err(error) => assert_eq!(error, CryptoError::Unsupported, "{id} {scheme:?}"),
        }
    }
    assert!(used >= 1, "{id} signs with no scheme");
}

fn check_rsa_encryption(key: &PrivateKey, vector: &Vector) {
    let open = |sealed: &[u8]| key.decrypt_rsa(sealed, &mut stream("blinding"));
    assert_eq!(open(&vector.bytes("ct")), Ok(vector.bytes("msg")));
    let sealed = key.public_key().encrypt_rsa(b"pre-master", &mut stream("padding")).unwrap();
    assert_eq!(open(&sealed), Ok(b"pre-master".to_vec()));

    let mut altered = sealed;
    altered[40] ^= 1;
    let substitute = open(&altered);
    assert!(substitute.is_ok(), "wrong padding must look like another message: {substitute:?}");
    assert_ne!(substitute, Ok(b"pre-master".to_vec()));
    assert_eq!(open(&[1; 20]), Err(CryptoError::Ciphertext));
}

#[test]
fn strange_keys_never_panic() {
    let message = b"m";
    let signature = vec![0x5a; 256];
    let rsa = |modulus: Vec<u8>, exponent: Vec<u8>| PublicKey::Rsa { modulus, exponent };
    let scheme = SignatureScheme::RsaPkcs1(Hash::Sha256);
    let keys = [
        rsa(vec![], vec![]),
        rsa(vec![0; 256], vec![3]),
        rsa(vec![0xfe; 256], vec![3]),
        rsa(vec![0xff; 256], vec![]),
        rsa(vec![0xff; 256], vec![0xff; 300]),
        rsa(vec![0xff; 256], vec![2]),
        rsa(vec![0xff; 256], vec![1]),
        rsa(vec![0xff; 4096], vec![3]),
        rsa(vec![7], vec![3]),
    ];
    for key in &keys {
        assert!(verify(key, scheme, message, &signature).is_err(), "{key:?}");
        let sealed = key.encrypt_rsa(&[1; 48], &mut stream("padding"));
        assert!(sealed.is_err() || matches!(key, PublicKey::Rsa { modulus, .. } if modulus.len() == 256));
    }
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::Sm2, Curve::Other] {
        for point in [vec![], vec![0], vec![4; 65], vec![4; 133], vec![2; 33]] {
            let key = PublicKey::EllipticCurve { curve, point };
            for scheme in [SignatureScheme::Ecdsa(Hash::Sha1), SignatureScheme::Sm2 { identifier: &[7; 9000] }] {
                assert!(verify(&key, scheme, message, &signature).is_err());
            }
        }
    }
    assert_eq!(
        verify(&PublicKey::Ed25519(vec![1; 31]), SignatureScheme::Ed25519, message, &[0; 64]),
        Err(VerifyError::Malformed)
    );
}

#[test]
fn shares_agree() {
    for group in
        [AgreementGroup::X25519, AgreementGroup::P256, AgreementGroup::P384, AgreementGroup::P521, AgreementGroup::Sm2]
    {
        let ours = EphemeralKey::generate(group, &mut stream("ours")).unwrap();
        let theirs = EphemeralKey::generate(group, &mut stream("theirs")).unwrap();
        assert_eq!(ours.agree(&theirs.share()), theirs.agree(&ours.share()), "{group:?}");
        assert!(ours.agree(&theirs.share()).is_ok(), "{group:?}");
        let mut off_the_curve = theirs.share();
        off_the_curve.iter_mut().skip(1).for_each(|byte| *byte = 0);
        off_the_curve[0] = if group == AgreementGroup::X25519 { 0 } else { 4 };
        for share in [off_the_curve, vec![], vec![0], theirs.share()[1..].to_vec()] {
            assert_eq!(ours.agree(&share), Err(CryptoError::Share), "{group:?} {}", hex::encode(&share));
        }
        // The secret that everybody knows.
        let one = EphemeralKey::one(group);
        assert_eq!(one.agree(&theirs.share()), theirs.agree(&one.share()), "{group:?}");
        for share in [vec![], vec![4], theirs.share()[1..].to_vec(), [theirs.share(), vec![0]].concat()] {
            assert_eq!(one.agree(&share), Err(CryptoError::Share), "{group:?} {}", hex::encode(&share));
        }
    }
}

/// RFC 7748 section 6.1.
#[test]
fn x25519_of_rfc_7748() {
    let key =
        |text| EphemeralKey::generate(AgreementGroup::X25519, &mut Given::new(hex::decode(text).unwrap())).unwrap();
    let alice = key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    let bob = key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    assert_eq!(hex::encode(bob.share()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    let shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    assert_eq!(alice.agree(&bob.share()).map(hex::encode), Ok(shared.to_owned()));
}
