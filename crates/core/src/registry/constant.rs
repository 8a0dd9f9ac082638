//! Code points that code must name: what the handshakes here speak. All others are looked up.

use crate::code::{Group, Scheme, Suite};

macro_rules! constants { ($($kind:ident { $($constant:ident = $code:literal $name:literal)* })*) => {
    $(impl $kind { $(#[doc = concat!("`", $name, "`.")] pub const $constant: $kind = $kind($code);)* })*

    #[cfg(test)]
    pub(super) const NAMED: &[(fn() -> String, &str)] = &[$($((|| $kind::$constant.to_string(), $name),)*)*];
} }

constants! {
    Suite {
        ECDHE_SM4_CBC_SM3 = 0xe011 "ECDHE_SM4_CBC_SM3"
        ECC_SM4_CBC_SM3 = 0xe013 "ECC_SM4_CBC_SM3"
        ECDHE_SM4_GCM_SM3 = 0xe051 "ECDHE_SM4_GCM_SM3"
        ECC_SM4_GCM_SM3 = 0xe053 "ECC_SM4_GCM_SM3"
        TLS_SM4_GCM_SM3 = 0x00c6 "TLS_SM4_GCM_SM3"
        TLS_SM4_CCM_SM3 = 0x00c7 "TLS_SM4_CCM_SM3"
        TLS_AES_128_GCM_SHA256 = 0x1301 "TLS_AES_128_GCM_SHA256"
        TLS_AES_256_GCM_SHA384 = 0x1302 "TLS_AES_256_GCM_SHA384"
        TLS_CHACHA20_POLY1305_SHA256 = 0x1303 "TLS_CHACHA20_POLY1305_SHA256"
        TLS_AES_128_CCM_SHA256 = 0x1304 "TLS_AES_128_CCM_SHA256"
        TLS_AES_128_CCM_8_SHA256 = 0x1305 "TLS_AES_128_CCM_8_SHA256"
        TLS_EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"
        TLS_FALLBACK_SCSV = 0x5600 "TLS_FALLBACK_SCSV"
    }
    Group {
        SECP256R1 = 0x0017 "secp256r1"
        SECP384R1 = 0x0018 "secp384r1"
        SECP521R1 = 0x0019 "secp521r1"
        X25519 = 0x001d "x25519"
        X448 = 0x001e "x448"
        CURVE_SM2 = 0x0029 "curveSM2"
        FFDHE2048 = 0x0100 "ffdhe2048"
        FFDHE3072 = 0x0101 "ffdhe3072"
        FFDHE4096 = 0x0102 "ffdhe4096"
        FFDHE6144 = 0x0103 "ffdhe6144"
        FFDHE8192 = 0x0104 "ffdhe8192"
        X25519_MLKEM768 = 0x11ec "X25519MLKEM768"
        CURVE_SM2_MLKEM768 = 0x11ee "curveSM2MLKEM768"
    }
    Scheme {
        RSA_PKCS1_SHA1 = 0x0201 "rsa_pkcs1_sha1"
        ECDSA_SHA1 = 0x0203 "ecdsa_sha1"
        RSA_PKCS1_SHA256 = 0x0401 "rsa_pkcs1_sha256"
        ECDSA_SECP256R1_SHA256 = 0x0403 "ecdsa_secp256r1_sha256"
        RSA_PKCS1_SHA384 = 0x0501 "rsa_pkcs1_sha384"
        ECDSA_SECP384R1_SHA384 = 0x0503 "ecdsa_secp384r1_sha384"
        RSA_PKCS1_SHA512 = 0x0601 "rsa_pkcs1_sha512"
        ECDSA_SECP521R1_SHA512 = 0x0603 "ecdsa_secp521r1_sha512"
        SM2SIG_SM3 = 0x0708 "sm2sig_sm3"
        RSA_PSS_RSAE_SHA256 = 0x0804 "rsa_pss_rsae_sha256"
        RSA_PSS_RSAE_SHA384 = 0x0805 "rsa_pss_rsae_sha384"
        RSA_PSS_RSAE_SHA512 = 0x0806 "rsa_pss_rsae_sha512"
        ED25519 = 0x0807 "ed25519"
        ED448 = 0x0808 "ed448"
        RSA_PSS_PSS_SHA256 = 0x0809 "rsa_pss_pss_sha256"
        RSA_PSS_PSS_SHA384 = 0x080a "rsa_pss_pss_sha384"
        RSA_PSS_PSS_SHA512 = 0x080b "rsa_pss_pss_sha512"
    }
}
