//! Everything that a handshake draws, as an argument: live from a seed, in a replay from a recording.

use std::collections::VecDeque;
use std::convert::Infallible;

use dengmi_crypto::Hash;
use dengmi_crypto::rand_core::{TryCryptoRng, TryRng};

/// What a value is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The random of a hello, 32 bytes.
    HelloRandom,
    /// A session id, 32 bytes.
    SessionId,
    /// An ephemeral key; see [`dengmi_crypto::agreement::EphemeralKey::generate`].
    Share,
    /// What follows the version in a pre-master secret, 46 bytes.
    PreMasterSecret,
    /// k of an SM2 encryption, or padding of an RSA one.
    Encryption,
    /// k of an SM2 signature, or what another scheme draws.
    Signature,
    /// Initialization vector of a CBC record, 8 or 16 bytes.
    RecordVector,
    /// Padding of a packet of SSH.
    Padding,
}

/// A stream of secret values. From a good seed each value is unpredictable: HMAC-SHA-256 of a counter under the seed.
pub struct Secrets {
    seed: [u8; 32],
    counter: u64,
    given: Vec<(Purpose, VecDeque<u8>)>,
}

impl Secrets {
    /// From 32 bytes of the operating system's random source, used for one connection only.
    pub fn from_seed(seed: [u8; 32]) -> Secrets {
        Secrets { seed, counter: 0, given: Vec::new() }
    }

    /// The next bytes drawn for `purpose` are these; then the seed's again. For replaying recorded handshakes.
    #[must_use]
    pub fn given(mut self, purpose: Purpose, bytes: &[u8]) -> Secrets {
        match self.given.iter_mut().find(|(of, _)| *of == purpose) {
            Some((_, queue)) => queue.extend(bytes),
            None => self.given.push((purpose, bytes.iter().copied().collect())),
        }
        self
    }

    /// Fills `out`.
    pub(crate) fn fill(&mut self, purpose: Purpose, out: &mut [u8]) {
        let given = self.given.iter_mut().find(|(of, queue)| *of == purpose && queue.len() >= out.len());
        if let Some((_, queue)) = given {
            let values = queue.drain(..out.len());
            out.iter_mut().zip(values).for_each(|(to, from)| *to = from);
            return;
        }
        for chunk in out.chunks_mut(32) {
            self.counter = self.counter.wrapping_add(1);
            let block = Hash::Sha256.hmac(&self.seed, &[&self.counter.to_be_bytes()]);
            chunk.iter_mut().zip(block.iter()).for_each(|(to, from)| *to = *from);
        }
    }

    pub(crate) fn array<const N: usize>(&mut self, purpose: Purpose) -> [u8; N] {
        let mut out = [0; N];
        self.fill(purpose, &mut out);
        out
    }

    pub(crate) fn source(&mut self, purpose: Purpose) -> Source<'_> {
        Source { secrets: self, purpose }
    }
}

/// The values for one purpose, as the room `crypto` draws them.
pub(crate) struct Source<'a> {
    secrets: &'a mut Secrets,
    purpose: Purpose,
}

impl TryRng for Source<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.secrets.array(self.purpose)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.secrets.array(self.purpose)))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.secrets.fill(self.purpose, out);
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_values_come_first_and_only_for_their_purpose() {
        let mut secrets = Secrets::from_seed([1; 32]).given(Purpose::Share, &[7; 40]).given(Purpose::Share, &[8; 24]);
        assert_ne!(secrets.array(Purpose::HelloRandom), [7; 32]);
        assert_eq!(secrets.array(Purpose::Share), [7; 32]);
        assert_eq!(secrets.array::<32>(Purpose::Share)[..9], [7, 7, 7, 7, 7, 7, 7, 7, 8]);
        assert_ne!(secrets.array(Purpose::Share), secrets.array::<32>(Purpose::Share));
    }
}
