use dengmi_crypto::CryptoError;
use dengmi_crypto::aead::{Aead, AeadAlgorithm, TAG_LENGTH};
use dengmi_crypto::block::BlockCipher;
use dengmi_crypto::sm4::{self, Direction, TweakRule};

use crate::{Vector, vectors};

/// Padding of PKCS#7 belongs to file formats; the CBC below it is what is computed here.
const PADDED: &[&str] = &["cbc_pkcs7_encrypt", "cbc_pkcs7_decrypt"];

fn check(vector: &Vector) {
    let key = vector.bytes("key");
    match vector.op() {
        "ecb_encrypt" | "ecb_iterate" => {
            let rounds = if vector.op() == "ecb_iterate" { vector.number("count") } else { 1 };
            let mut data = vector.bytes("pt");
            for block in data.chunks_mut(16) {
                (0..rounds).for_each(|_| BlockCipher::Sm4.encrypt_block(&key, block).unwrap());
            }
            assert_eq!(hex::encode(&data), vector.text("ct"), "{}", vector.id());
            if rounds == 1 {
                sm4::ecb(Direction::Decrypt, &key, &mut data).unwrap();
                assert_eq!(hex::encode(&data), vector.text("pt"), "{}", vector.id());
                sm4::ecb(Direction::Encrypt, &key, &mut data).unwrap();
                assert_eq!(hex::encode(&data), vector.text("ct"), "{}", vector.id());
            }
        }
        "cbc_encrypt" => {
            let (iv, mut data) = (vector.bytes("iv"), vector.bytes("pt"));
            BlockCipher::Sm4.encrypt_cbc(&key, &iv, &mut data).unwrap();
            assert_eq!(hex::encode(&data), vector.text("ct"), "{}", vector.id());
            BlockCipher::Sm4.decrypt_cbc(&key, &iv, &mut data).unwrap();
            assert_eq!(hex::encode(&data), vector.text("pt"), "{}", vector.id());
        }
        "gcm_encrypt" | "gcm_decrypt" => check_aead(vector, AeadAlgorithm::Sm4Gcm),
        "ccm_encrypt" | "ccm_decrypt" => check_aead(vector, AeadAlgorithm::Sm4Ccm),
        "cfb128_encrypt" | "ofb_encrypt" | "ctr_encrypt" | "xts_gb_encrypt" | "xts_ieee_encrypt" => {
            for (direction, from, to) in [(Direction::Encrypt, "pt", "ct"), (Direction::Decrypt, "ct", "pt")] {
                let (iv, mut data) = (vector.bytes("iv"), vector.bytes(from));
                match vector.op() {
                    "cfb128_encrypt" => sm4::cfb(direction, &key, &iv, &mut data).unwrap(),
                    "ofb_encrypt" => sm4::ofb(&key, &iv, &mut data).unwrap(),
                    "ctr_encrypt" => BlockCipher::Sm4.counter_stream(&key, &iv).unwrap().apply(&mut data).unwrap(),
                    "xts_gb_encrypt" => data = sm4::xts(direction, TweakRule::Gb, &key, &iv, &data).unwrap(),
                    _ => data = sm4::xts(direction, TweakRule::Ieee, &key, &iv, &data).unwrap(),
                }
                assert_eq!(hex::encode(data), vector.text(to), "{} {direction:?}", vector.id());
            }
        }
        "cmac" => assert_eq!(hex::encode(sm4::cmac(&key, &vector.bytes("msg")).unwrap()), vector.text("tag")),
        "cbc_mac_pad80" => {
            assert_eq!(hex::encode(sm4::cbc_mac(&key, &vector.bytes("msg")).unwrap()), vector.text("tag"))
        }
        other => assert!(PADDED.contains(&other), "{}: {other}", vector.id()),
    }
}

/// Seals and compares, opens and compares; a vector that must be rejected may not open. A shorter tag, which records
/// do not have, must not open either; nonces of other lengths do not fit the type.
pub(crate) fn check_aead(vector: &Vector, algorithm: AeadAlgorithm) {
    let Ok(nonce) = <[u8; 12]>::try_from(vector.bytes("iv")) else { return };
    let (aad, tag) = (vector.bytes("aad"), vector.bytes("tag"));
    let aead = Aead::new(algorithm, &vector.bytes("key")).unwrap();
    let sealed = [vector.bytes("ct"), tag].concat();
    let opened = aead.open(&nonce, &aad, &sealed);
    if !vector.accepted() || sealed.len() != vector.bytes("ct").len() + TAG_LENGTH {
        assert_eq!(opened, Err(CryptoError::NotAuthentic), "{}", vector.id());
        return;
    }
    assert_eq!(opened.as_deref().map(hex::encode), Ok(vector.text("pt").to_owned()), "{}", vector.id());
    assert_eq!(aead.seal(&nonce, &aad, &vector.bytes("pt")), Ok(sealed), "{}", vector.id());
}

#[test]
fn every_vector() {
    vectors("sm4.toml").iter().for_each(check);
}

#[test]
fn other_ciphers() {
    /// FIPS 197 appendix C, and SP 800-67 appendix B.1 (three keys).
    const BLOCKS: &[(BlockCipher, &str, &str, &str)] = &[
        (
            BlockCipher::Aes128,
            "000102030405060708090a0b0c0d0e0f",
            "00112233445566778899aabbccddeeff",
            "69c4e0d86a7b0430d8cdb78070b4c55a",
        ),
        (
            BlockCipher::Aes256,
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "00112233445566778899aabbccddeeff",
            "8ea2b7ca516745bfeafc49904b496089",
        ),
        (
            BlockCipher::TripleDes,
            "0123456789abcdef23456789abcdef01456789abcdef0123",
            "5468652071756663",
            "a826fd8ce53b855f",
        ),
    ];
    for (cipher, key, plain, expected) in BLOCKS {
        let mut block = hex::decode(plain).unwrap();
        cipher.encrypt_block(&hex::decode(key).unwrap(), &mut block).unwrap();
        assert_eq!(hex::encode(block), *expected, "{cipher:?}");
    }
    assert_eq!(BlockCipher::Aes128.encrypt_cbc(&[0; 16], &[0; 16], &mut [0; 15]), Err(CryptoError::Length));
    let xts = |key: &[u8], data: &[u8]| sm4::xts(Direction::Encrypt, TweakRule::Gb, key, &[0; 16], data);
    assert_eq!(xts(&[0; 32], &[0; 15]), Err(CryptoError::Length));
    assert_eq!(xts(&[0; 32], &[]), Err(CryptoError::Length));
    assert_eq!(xts(&[0; 31], &[0; 16]), Err(CryptoError::Key));
    assert_eq!(BlockCipher::Aes128.encrypt_cbc(&[0; 17], &[0; 16], &mut [0; 16]), Err(CryptoError::Key));
}

#[test]
fn other_aeads() {
    /// The GCM specification's test cases 4 and 16, RFC 8439 section 2.8.2 (tag and first block).
    const SEALED: &[(AeadAlgorithm, &str, &str, &str, &str, &str)] = &[
        (
            AeadAlgorithm::Aes128Gcm,
            "feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            AeadAlgorithm::Aes256Gcm,
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
        ),
        (
            AeadAlgorithm::ChaCha20Poly1305,
            "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
            "070000004041424344454647",
            "50515253c0c1c2c3c4c5c6c7",
            "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e",
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
        ),
    ];
    for (algorithm, key, nonce, aad, plain, sealed) in SEALED {
        let aead = Aead::new(*algorithm, &hex::decode(key).unwrap()).unwrap();
        let nonce = hex::decode(nonce).unwrap().try_into().unwrap();
        let (aad, plain) = (hex::decode(aad).unwrap(), hex::decode(plain).unwrap());
        assert_eq!(aead.seal(&nonce, &aad, &plain).map(hex::encode), Ok((*sealed).to_owned()), "{algorithm:?}");
        assert_eq!(aead.open(&nonce, &aad, &hex::decode(sealed).unwrap()), Ok(plain), "{algorithm:?}");
        assert_eq!(
            aead.open(&nonce, &aad, &[0; 15]),
            Err(CryptoError::NotAuthentic),
            "{algorithm:?}: shorter than a tag"
        );
    }
}
