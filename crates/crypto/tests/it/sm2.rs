use dengmi_crypto::sm2::{Ciphertext, Exchange, PrivateKey, PublicKey, Role, Signature};
use dengmi_crypto::{CryptoError, VerifyError};

use crate::{Given, Vector, stream, vectors};

fn check(vector: &Vector) {
    match vector.op() {
        "za" => {
            let z = public(vector, "pub").identity_hash(&vector.bytes("id_hex")).unwrap();
            assert_eq!(hex::encode(z), vector.text("out"), "{}", vector.id());
        }
        "sign_with_k" => {
            let key = private(vector, "priv");
            assert_eq!(key.public_key(), public(vector, "pub"), "{}", vector.id());
            let mut k = Given::new(vector.bytes("k"));
            let signed = key.sign(&vector.bytes("id_hex"), &vector.bytes("msg"), &mut k).unwrap();
            let expected = [vector.text("r"), vector.text("s")].concat();
            assert_eq!(hex::encode(signed.to_bytes()), expected, "{}", vector.id());
            assert_eq!(hex::encode(signed.to_der()), vector.text("der"), "{}", vector.id());
        }
        "verify" => accepts(vector, verify(vector, "id_hex", numbers(vector))),
        "verify_der" => accepts(vector, verify(vector, "id_hex", Signature::from_der(&vector.bytes("der")))),
        "verify_e" => {
            let e = vector.bytes("e").try_into().unwrap();
            let key = public(vector, "pub");
            accepts(vector, numbers(vector).and_then(|signature| key.verify_digest(&e, &signature)));
        }
        "encrypt_with_k" => {
            let mut k = Given::new(vector.bytes("k"));
            let sealed = public(vector, "pub").encrypt(&vector.bytes("msg"), &mut k).unwrap();
            assert_eq!(hex::encode(sealed.to_bytes()), vector.text("c1c3c2"), "{}", vector.id());
            let through_der = Ciphertext::from_der(&sealed.to_der()).unwrap();
            assert_eq!(private(vector, "priv").decrypt(&through_der), Ok(vector.bytes("msg")), "{}", vector.id());
        }
        "decrypt_der" => {
            let text =
                Ciphertext::from_der(&vector.bytes("ct")).and_then(|sealed| private(vector, "priv").decrypt(&sealed));
            assert_eq!(text, Ok(vector.bytes("msg")), "{}", vector.id());
        }
        "decrypt_c1c3c2" => {
            let text =
                Ciphertext::from_bytes(&vector.bytes("ct")).and_then(|sealed| private(vector, "priv").decrypt(&sealed));
            assert_eq!(text.is_ok(), vector.accepted(), "{}: {text:?}", vector.id());
            if let (Ok(text), Some(expected)) = (text, vector.maybe("msg")) {
                assert_eq!(hex::encode(text), expected, "{}", vector.id());
            }
        }
        "key_exchange" => check_exchange(vector),
        // The test curve of the 2012 edition is another curve; only the recommended one is computed.
        "sign_with_k_custom_curve" => {}
        other => panic!("{}: unknown op {other}", vector.id()),
    }
}

fn check_exchange(vector: &Vector) {
    let (id_a, id_b) = (vector.bytes("id_a"), vector.bytes("id_b"));
    let (private_a, private_b) = (private(vector, "priv_a"), private(vector, "priv_b"));
    let (ephemeral_a, ephemeral_b) = (private(vector, "r_a"), private(vector, "r_b"));
    assert_eq!(ephemeral_a.public_key(), public(vector, "eph_a"), "{}", vector.id());
    let sides = [
        Exchange {
            role: Role::Initiator,
            private: &private_a,
            ephemeral: &ephemeral_a,
            identifier: &id_a,
            peer: &public(vector, "pub_b"),
            peer_ephemeral: &public(vector, "eph_b"),
            peer_identifier: &id_b,
        },
        Exchange {
            role: Role::Responder,
            private: &private_b,
            ephemeral: &ephemeral_b,
            identifier: &id_b,
            peer: &public(vector, "pub_a"),
            peer_ephemeral: &public(vector, "eph_a"),
            peer_identifier: &id_a,
        },
    ];
    for side in sides {
        let agreed = side.agree(vector.number("klen")).unwrap();
        assert_eq!(hex::encode(&agreed.key), vector.text("key"), "{} {:?}", vector.id(), side.role);
        if let Some(s1) = vector.maybe("s1") {
            assert_eq!(hex::encode(&agreed.responder_confirmation[..]), s1, "{}", vector.id());
            assert_eq!(hex::encode(&agreed.initiator_confirmation[..]), vector.text("s2"), "{}", vector.id());
        }
    }
}

fn verify(vector: &Vector, identifier: &str, signature: Result<Signature, VerifyError>) -> Result<(), VerifyError> {
    let key = PublicKey::from_point(&vector.bytes("pub")).map_err(|_| VerifyError::Malformed)?;
    key.verify(&vector.bytes(identifier), &vector.bytes("msg"), &signature?)
}

fn accepts(vector: &Vector, verified: Result<(), VerifyError>) {
    assert_eq!(verified.is_ok(), vector.accepted(), "{}: {verified:?}", vector.id());
}

/// r and s as the vector has them: some have numbers that do not fit 32 bytes.
fn numbers(vector: &Vector) -> Result<Signature, VerifyError> {
    let number = |field| vector.bytes(field).try_into().map_err(|_| VerifyError::Malformed);
    Ok(Signature { r: number("r")?, s: number("s")? })
}

fn public(vector: &Vector, field: &str) -> PublicKey {
    PublicKey::from_point(&vector.bytes(field)).unwrap_or_else(|_| panic!("{}: {field}", vector.id()))
}

fn private(vector: &Vector, field: &str) -> PrivateKey {
    PrivateKey::from_bytes(&vector.bytes(field)).unwrap_or_else(|_| panic!("{}: {field}", vector.id()))
}

#[test]
fn every_vector() {
    vectors("sm2.toml").iter().for_each(check);
}

#[test]
fn bad_numbers_are_refused() {
    let order = hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123").unwrap();
    for bytes in [vec![0; 32], order.clone(), vec![1; 31], vec![0xff; 32]] {
        assert_eq!(PrivateKey::from_bytes(&bytes).err(), Some(CryptoError::Key));
    }
    // Zero and the order are passed over, then the next 32 bytes are taken.
    let source = [vec![0; 32], order, vec![7; 32]].concat();
    let drawn = PrivateKey::generate(&mut Given::new(source)).unwrap();
    assert_eq!(drawn.public_key(), PrivateKey::from_bytes(&[7; 32]).unwrap().public_key());
    // A source that only gives zeros ends, it does not hang.
    assert_eq!(PrivateKey::generate(&mut Given::new(vec![0; 64 * 32])).err(), Some(CryptoError::Randomness));
}

#[test]
fn every_flip_of_a_ciphertext_is_noticed() {
    let key = PrivateKey::from_bytes(&[9; 32]).unwrap();
    let sealed = key.public_key().encrypt(b"forty-eight bytes", &mut stream("k")).unwrap().to_der();
    for at in 0..sealed.len() {
        let mut bytes = sealed.clone();
        bytes[at] ^= 1;
        let opened = Ciphertext::from_der(&bytes).and_then(|sealed| key.decrypt(&sealed));
        assert!(opened.is_err(), "byte {at}");
    }
}

#[test]
fn a_ciphertext_without_der_starts_with_an_uncompressed_point() {
    let key = PrivateKey::from_bytes(&[9; 32]).unwrap();
    let sealed = key.public_key().encrypt(b"x", &mut stream("k")).unwrap();
    let bytes = sealed.to_bytes();
    assert_eq!(Ciphertext::from_bytes(&bytes), Ok(sealed));
    for form in [0, 2, 3, 5, 6, 7] {
        let changed = [&[form], &bytes[1..]].concat();
        assert_eq!(Ciphertext::from_bytes(&changed), Err(CryptoError::Ciphertext), "{form}");
    }
    assert_eq!(Ciphertext::from_bytes(&bytes[..96]), Err(CryptoError::Ciphertext));
}
