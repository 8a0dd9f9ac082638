//! Public values for a key exchange. Nothing is agreed on, so a value only has to be well formed: that of a curve that we
//! compute is a true one; elsewhere it is random of the right length and in range.

use super::choice::group;
use crate::handshake::{Purpose, Secrets};
use dengmi_crypto::agreement::{AgreementGroup, EphemeralKey};

/// Bytes of the value of a group whose values are drawn, not computed.
fn length(method: u16) -> Option<usize> {
    Some(match method {
        group::P_192 => 48,
        group::P_224 | group::BRAINPOOL_224 | group::CURVE_448 => 56,
        group::BRAINPOOL_256 | group::GOST_256 => 64,
        group::MODP_768 | group::BRAINPOOL_384 => 96,
        group::MODP_1024 | group::MODP_1024_160 | group::BRAINPOOL_512 | group::GOST_512 => 128,
        group::MODP_1536 => 192,
        group::MODP_2048 | group::MODP_2048_224 | group::MODP_2048_256 => 256,
        group::MODP_3072 => 384,
        group::MODP_4096 => 512,
        group::MODP_6144 => 768,
        group::ML_KEM_512 => 800,
        group::MODP_8192 => 1024,
        group::ML_KEM_768 => 1184,
        group::ML_KEM_1024 => 1568,
        _ => return None,
    })
}

/// A value for the method. `None`: the method is not known, or no randomness came.
pub(super) fn share(method: u16, secrets: &mut Secrets) -> Option<Vec<u8>> {
    let curve = match method {
        group::P_256 => Some(AgreementGroup::P256),
        group::P_384 => Some(AgreementGroup::P384),
        group::P_521 => Some(AgreementGroup::P521),
        group::CURVE_25519 => Some(AgreementGroup::X25519),
        _ => None,
    };
    if let Some(curve) = curve {
        let share = EphemeralKey::generate(curve, &mut secrets.source(Purpose::Share)).ok()?.share();
        // RFC 5903 7: the coordinates alone, without the byte that says "uncompressed".
        return if curve == AgreementGroup::X25519 { Some(share) } else { share.get(1..).map(<[u8]>::to_vec) };
    }
    let mut bytes = vec![0; length(method)?];
    secrets.fill(Purpose::Share, &mut bytes);
    match method {
        // FIPS 203 7.2: every twelve bits are a number below 3329; with the highest four at most 12 it is below 3328.
        group::ML_KEM_512 | group::ML_KEM_768 | group::ML_KEM_1024 => {
            let coefficients = bytes.len().saturating_sub(32);
            for three in bytes.get_mut(..coefficients).into_iter().flat_map(|part| part.chunks_mut(3)) {
                if let [_, middle, high] = three {
                    *middle = (*middle & 0xf0) | (*middle & 0x0f).min(12);
                    *high = (*high & 0x0f) | (*high & 0xf0).min(0xc0);
                }
            }
        }
        // All primes of these groups have their highest bit set, so a number without it is smaller.
        _ => {
            if let Some(first) = bytes.first_mut() {
                *first &= 0x7f;
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dengmi_core::registry::{IkeClass, ike_class};

    #[test]
    fn every_method_that_is_offered_has_a_value_of_its_length() {
        for entry in ike_class(IkeClass::KeyExchange).filter(|entry| !group::OLD_BINARY.contains(&entry.value)) {
            let mut secrets = Secrets::from_seed([7; 32]);
            let value = share(entry.value, &mut secrets).unwrap_or_else(|| panic!("{}", entry.name));
            let expected = match entry.value {
                group::CURVE_25519 => 32,
                group::P_256 => 64,
                group::P_384 => 96,
                group::P_521 => 132,
                other => length(other).unwrap(),
            };
            assert_eq!(value.len(), expected, "{}", entry.name);
            assert_ne!(value, share(entry.value, &mut secrets).unwrap());
            assert_eq!(value, share(entry.value, &mut Secrets::from_seed([7; 32])).unwrap());
        }
        assert_eq!(share(1023, &mut Secrets::from_seed([7; 32])), None);
    }

    #[test]
    fn every_coefficient_of_a_value_of_ml_kem_is_in_range() {
        for seed in 0..8 {
            let value = share(group::ML_KEM_768, &mut Secrets::from_seed([seed; 32])).unwrap();
            for three in value[..1152].chunks(3) {
                let [low, middle, high] = [three[0], three[1], three[2]].map(u16::from);
                assert!((low | (middle & 15) << 8) < 3329 && (middle >> 4 | high << 4) < 3329);
            }
        }
    }
}
