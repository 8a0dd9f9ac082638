//! Diffie-Hellman over prime fields.

use dengmi_crypto::modp::{ModpGroup, ModpKey};
use dengmi_crypto::{CryptoError, Hash};

use crate::Given;

/// Shares and secrets as Python's `pow` gives them, over primes as OpenSSL's library holds them; SHA-256 of the numbers.
#[test]
fn shares_and_secrets_are_those_of_others() {
    let numbers = |from: u8| -> Vec<u8> { (from..from + 64).collect() };
    for (group, share, secret) in [
        (
            ModpGroup::Bits1024,
            "27db84123663a2cbf34c7606477c23ea00a792ebb565df0d944d90ce6907d9dc",
            "57b18d475c2ce47464fbb60965c5a8fdf611741e3b98a206229cfbc9d7a06323",
        ),
        (
            ModpGroup::Bits2048,
            "5141ed60d422816c251a9a61f4dc090fc6161ec870357a0af29fb84a0bb34e5e",
            "2653ad553ee4f0365eb3fcf8d54978fa2f6f1e7cdfed5b9bee3750cb25c7ca24",
        ),
        (
            ModpGroup::Bits4096,
            "0439872574dafc9b300359ea0dd742c3976ccf9fa56883bdb8268462adedf8cf",
            "956de073b3e2c1737a6cd481d40fec3d08924bbec23bb0ade8b2b784b209ed40",
        ),
        (
            ModpGroup::Bits8192,
            "86b83427a715cae1ac4f0f7ce33a65bdce79ab5608db0fb2aad514b29f74e68a",
            "bb4a789e5f1176e8b7b1bb5485ce9a67f2a15429943da8ae88898bbddc27b300",
        ),
    ] {
        let (prime, generator) = (group.prime(), group.generator());
        let key = |from| ModpKey::generate(&prime, &generator, &mut Given::new(numbers(from))).unwrap();
        let (one, other) = (key(1), key(101));
        let digest = |number: &[u8]| {
            let padded = [&vec![0; prime.len() - number.len()], number].concat();
            hex::encode(&*Hash::Sha256.digest(&padded))
        };
        assert_eq!(digest(one.share()), share, "{group:?}");
        assert_eq!(digest(&other.agree(one.share()).unwrap()), secret, "{group:?}");
        assert_eq!(one.agree(other.share()).unwrap(), other.agree(one.share()).unwrap(), "{group:?}");
        let last = [&prime[..prime.len() - 1], &[prime[prime.len() - 1] - 1]].concat();
        for wrong in [&[][..], &[0], &[1], &last, &prime, &[&[1], &prime[..]].concat()] {
            assert_eq!(one.agree(wrong).unwrap_err(), CryptoError::Share, "{group:?}");
        }
    }
}

#[test]
fn fields_and_generators_that_are_none_are_refused() {
    let group = ModpGroup::Bits1024;
    let (prime, two) = (group.prime(), group.generator());
    let even = [&prime[..127], &[0xfe]].concat();
    let of = |bytes: usize| [&[0x80][..], &vec![1; bytes - 1]].concat();
    for (prime, generator, expected) in [
        (&even, &two, Err(CryptoError::Key)),
        (&prime, &vec![1], Err(CryptoError::Key)),
        (&prime, &vec![], Err(CryptoError::Key)),
        (&prime, &prime, Err(CryptoError::Key)),
        (&of(63), &two, Err(CryptoError::Unsupported)),
        (&of(64), &two, Ok(())),
        (&of(1024), &two, Ok(())),
        (&of(1025), &two, Err(CryptoError::Unsupported)),
        (&vec![], &two, Err(CryptoError::Unsupported)),
    ] {
        let found = ModpKey::generate(prime, generator, &mut Given::new([7; 64])).map(|_| ());
        assert_eq!(found, expected, "{} bytes", prime.len());
    }
    assert_eq!(ModpKey::generate(&prime, &two, &mut Given::new([0; 4096])).err(), Some(CryptoError::Randomness));
}
