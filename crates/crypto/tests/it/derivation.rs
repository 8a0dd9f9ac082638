use dengmi_crypto::Hash;
use dengmi_crypto::prf::{hkdf_expand, hkdf_expand_label, hkdf_extract, prf, prf_md5_sha1};

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// The vector that the TLS working group circulated for the PRF of TLS 1.2 with SHA-256.
#[test]
fn prf_sha256() {
    let out = prf(
        Hash::Sha256,
        &bytes("9bbe436ba940f017b17652849a71db35"),
        b"test label",
        &[&bytes("a0ba9f936cda311827a6f796ffd5198c")],
        100,
    );
    assert_eq!(
        hex::encode(out),
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
    );
}

/// RFC 5869 appendix A.1.
#[test]
fn hkdf_sha256() {
    let prk = hkdf_extract(Hash::Sha256, &bytes("000102030405060708090a0b0c"), &[0x0b; 22]);
    assert_eq!(hex::encode(&prk[..]), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    let okm = hkdf_expand(Hash::Sha256, &prk, &[&bytes("f0f1f2f3f4f5f6f7f8f9")], 42).unwrap();
    assert_eq!(
        hex::encode(okm),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    );
}

/// RFC 8448 section 3: the secret "derived" from the early secret without a PSK.
#[test]
fn expand_label() {
    let early = hkdf_extract(Hash::Sha256, &[0; 32], &[0; 32]);
    let derived = hkdf_expand_label(Hash::Sha256, &early, b"derived", &Hash::Sha256.digest(b""), 32).unwrap();
    assert_eq!(hex::encode(derived), "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
}

#[test]
fn lengths_at_the_limit() {
    assert!(hkdf_expand(Hash::Sha256, &[1; 32], &[], 255 * 32).is_ok());
    assert!(hkdf_expand(Hash::Sha256, &[1; 32], &[], 255 * 32 + 1).is_err());
    assert!(hkdf_expand_label(Hash::Sha256, &[1; 32], &[b'a'; 249], &[], 32).is_ok());
    assert!(hkdf_expand_label(Hash::Sha256, &[1; 32], &[b'a'; 250], &[], 32).is_err());
    assert!(prf(Hash::Sm3, &[], &[], &[], 0).is_empty());
}

/// Computed with Python's hmac from RFC 2246 section 5.
#[test]
fn prf_of_tls_1_0() {
    let out = prf_md5_sha1(&[0xab; 47], b"PRF Testvector", &[&[0xcd; 64]], 40);
    assert_eq!(hex::encode(out), "d3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754443bcf9a296519bc");
}
