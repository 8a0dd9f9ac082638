//! Counter mode against the vectors of NIST SP 800-38A, F.5.

use dengmi_crypto::CryptoError;
use dengmi_crypto::block::BlockCipher;

#[test]
fn two_blocks_taken_in_uneven_pieces() {
    let start = hex::decode("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").unwrap();
    let text = hex::decode("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51").unwrap();
    for (cipher, key, expected) in [
        (
            BlockCipher::Aes128,
            "2b7e151628aed2a6abf7158809cf4f3c",
            "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff",
        ),
        (
            BlockCipher::Aes192,
            "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
            "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94",
        ),
        (
            BlockCipher::Aes256,
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5",
        ),
    ] {
        let key = hex::decode(key).unwrap();
        let mut stream = cipher.counter_stream(&key, &start).unwrap();
        let mut found = text.clone();
        let (first, rest) = found.split_at_mut(5);
        stream.apply(first).unwrap();
        stream.apply(rest).unwrap();
        assert_eq!(hex::encode(&found), expected, "{cipher:?}");
        assert_eq!(cipher.counter_stream(&key[1..], &start).err(), Some(CryptoError::Key));
        assert_eq!(cipher.counter_stream(&key, &start[1..]).err(), Some(CryptoError::Key));
    }
    assert_eq!(BlockCipher::TripleDes.counter_stream(&[1; 24], &[0; 8]).err(), Some(CryptoError::Unsupported));
}
