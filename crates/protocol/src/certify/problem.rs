//! The words for what can be wrong with a certificate.

use std::{fmt, str::FromStr};

macro_rules! problems { ($($(#[$doc:meta])* $name:ident $word:literal)*) => {
    /// One thing that is wrong with a certificate, its place in a chain or its place in a pair.
    ///
    /// The list is closed and the words are stable: they stand in `Checked::problems` of sealed cases. A problem says
    /// what was found, never what the law makes of it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Problem { $($(#[$doc])* $name,)* }

    impl Problem {
        /// Every problem, in the order in which they are reported.
        pub const ALL: &[Problem] = &[$(Problem::$name,)*];

        /// The word in an observation.
        pub fn word(self) -> &'static str {
            match self { $(Problem::$name => $word,)* }
        }
    }
} }

problems! {
    // the signature over it
    /// An issuer of that name is there and its key did not make this signature.
    SignatureWrong "signature-wrong"
    /// No code here checks a signature of this algorithm or under such a key. Says nothing about the signature.
    SignatureNotChecked "signature-not-checked"
    /// The signature holds, with another SM2 identifier than `1234567812345678` (GB/T 35276).
    Sm2IdNotDefault "sm2-id-not-default"
    /// The algorithm inside the signed part is not the one beside the signature (RFC 5280 4.1.1.2).
    SignatureAlgorithmsDiffer "signature-algorithms-differ"
    /// Signed over MD5 (RFC 6151).
    SignatureHashMd5 "signature-hash-md5"
    /// Signed over SHA-1 (RFC 9155; CA/Browser Forum BR 7.1.3.2).
    SignatureHashSha1 "signature-hash-sha1"
    /// Signed over MD2 or MD4, which are weaker than MD5 (RFC 6149, RFC 6150).
    SignatureHashBroken "signature-hash-broken"
    // the chain above it
    /// It is its own issuer, was not given as a root and issued no other certificate here.
    SelfSigned "self-signed"
    /// The certificate of its issuer, or of an issuer above, is not there.
    IssuerMissing "issuer-missing"
    /// The signature over an issuer above it is wrong.
    IssuerSignatureWrong "issuer-signature-wrong"
    /// The signature over an issuer above it is of a kind that nobody here checks.
    IssuerSignatureNotChecked "issuer-signature-not-checked"
    /// An issuer above it does not say that it is an authority (basicConstraints, RFC 5280 4.2.1.9).
    IssuerNotCa "issuer-not-ca"
    /// The key usage of an issuer above it does not allow certificates to be signed (RFC 5280 4.2.1.3).
    IssuerDoesNotSignCertificates "issuer-key-usage-does-not-sign-certificates"
    /// The day is outside the validity of an issuer above it.
    IssuerNotInValidity "issuer-not-in-validity"
    /// More authorities stand below an issuer than its path length allows.
    PathLengthExceeded "path-length-exceeded"
    /// An issuer holds a critical extension that is not understood here (RFC 5280 4.2).
    IssuerUnknownCriticalExtension "issuer-unknown-critical-extension"
    /// An issuer above it may only issue to certain names (RFC 5280 4.2.1.10), which nobody here checks.
    NameConstraintsNotChecked "name-constraints-not-checked"
    /// A part of an issuer above it cannot be read: what it forbids is not known.
    IssuerEncodingDefective "issuer-encoding-defective"
    /// Names the key of another issuer than the one that signed it (authorityKeyIdentifier, RFC 5280 4.2.1.1).
    IssuerKeyIdentifierDiffers "issuer-key-identifier-differs"
    /// The search for a chain stopped at a limit of ours.
    ChainLimitReached "chain-limit-reached"
    /// An SM2 key that an issuer with a key of another kind certifies.
    Sm2KeyUnderOtherIssuer "sm2-key-under-other-issuer"
    /// A key of another kind that an issuer with an SM2 key certifies.
    OtherKeyUnderSm2Issuer "other-key-under-sm2-issuer"
    // its time
    /// Its validity ended before the day.
    Expired "expired"
    /// Its validity begins after the day.
    NotYetValid "not-yet-valid"
    /// Its validity ends before it begins.
    ValidityReversed "validity-reversed"
    /// Its validity cannot be read.
    ValidityUnreadable "validity-unreadable"
    // its key
    /// RSA or DSA below 2048 bits, a curve below 256 (CA/Browser Forum BR 6.1.5).
    KeyTooShort "key-too-short"
    /// The RSA exponent is below 65537 (CA/Browser Forum BR 6.1.6, NIST SP 800-56B).
    PublicExponentSmall "public-exponent-small"
    /// The RSA exponent is even, 1, or no number: no key at all.
    PublicExponentInvalid "public-exponent-invalid"
    /// The key cannot be read: no point on its curve, no modulus.
    KeyUnreadable "key-unreadable"
    // what it may be used for
    /// A signing certificate whose key usage lacks digitalSignature.
    KeyUsageDoesNotSign "key-usage-does-not-sign"
    /// An encryption certificate whose key usage has none of keyEncipherment, dataEncipherment, keyAgreement.
    KeyUsageDoesNotEncrypt "key-usage-does-not-encrypt"
    /// Its key usage has nothing that an end of a session needs: it neither signs nor encrypts nor agrees.
    KeyUsageUnfit "key-usage-unfit"
    /// A certificate of a pair without key usage: nothing in it confirms the place where it stands.
    KeyUsageMissing "key-usage-missing"
    /// Its extended key usage does not name servers (serverAuth, RFC 5280 4.2.1.12).
    ExtendedKeyUsageNotServer "extended-key-usage-not-server"
    /// Its extended key usage does not name clients (clientAuth).
    ExtendedKeyUsageNotClient "extended-key-usage-not-client"
    // the pair of TLCP
    /// A single certificate where GB/T 38636 wants one to sign and one to encrypt, or an authority in the second place.
    EncryptionCertificateMissing "encryption-certificate-missing"
    /// The signing and the encryption certificate hold the same key.
    SameKeyInBoth "same-key-in-both"
    /// The two certificates of a pair name different subjects.
    PairSubjectsDiffer "pair-subjects-differ"
    /// The two certificates of a pair name different issuers.
    PairIssuersDiffer "pair-issuers-differ"
    // its names
    /// The name that was asked for does not stand in it (RFC 9525 6).
    NameNotInCertificate "name-not-in-certificate"
    /// The name stands in the common name only, where RFC 9525 no longer looks.
    NameOnlyInCommonName "name-only-in-common-name"
    /// A server's certificate without subjectAltName.
    NoSubjectAlternativeName "no-subject-alternative-name"
    // its form
    /// A critical extension that is not understood here; a reader must refuse it (RFC 5280 4.2).
    UnknownCriticalExtension "unknown-critical-extension"
    /// Its bytes depart from DER or from X.509; the reading's defects say where.
    EncodingDefective "encoding-defective"
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A word that names no [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the word of a problem of a certificate")]
pub struct NotAProblem(Box<str>);

impl FromStr for Problem {
    type Err = NotAProblem;

    fn from_str(word: &str) -> Result<Problem, NotAProblem> {
        Problem::ALL.iter().copied().find(|problem| problem.word() == word).ok_or_else(|| NotAProblem(word.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kebab_case_distinct_and_read_back() {
        for (index, problem) in Problem::ALL.iter().enumerate() {
            let word = problem.to_string();
            assert!(
                word.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{word}"
            );
            assert_eq!(word.parse(), Ok(*problem));
            assert!(!Problem::ALL[..index].iter().any(|earlier| earlier.word() == word), "{word} is there twice");
        }
        assert_eq!("Expired".parse::<Problem>(), Err(NotAProblem("Expired".into())));
    }
}
