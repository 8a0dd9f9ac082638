//! Who the test peers are.

use std::path::PathBuf;

use dengmi_crypto::{PrivateKey, sm2};
use dengmi_parse::Limits;
use dengmi_parse::certificate::read_pem;
use dengmi_protocol::handshake::{Identity, Secrets};

use crate::recording::{Recording, all};

/// The file of an identity: `rsa.crt`, `p256.key`, …
pub(crate) fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/certificates");
    match name.strip_prefix("rsa.") {
        Some(end) => folder.join("rsa/rsa2048").with_extension(end),
        None => folder.join("ec").join(name),
    }
}

pub(crate) fn identity(name: &str) -> Identity {
    let pem = |end: &str| {
        let text = std::fs::read(file(&format!("{name}.{end}"))).unwrap();
        read_pem(&text, &Limits::default()).unwrap().value.into_iter().map(|block| block.bytes).collect::<Vec<_>>()
    };
    Identity { certificates: pem("crt"), signing: PrivateKey::from_pkcs8(&pem("key")[0]).unwrap(), encryption: None }
}

/// The SM2 identity of the server in a recording: a pair for TLCP, one certificate for TLS 1.3.
pub(crate) fn sm2_server(recording: &str) -> Identity {
    let recording = all().into_iter().find(|found| found.name == recording).unwrap();
    Identity {
        certificates: recording.certificates("server"),
        signing: sm2_key(&recording, "sign"),
        encryption: (!recording.is_tls13()).then(|| sm2_key(&recording, "encrypt")),
    }
}

fn sm2_key(recording: &Recording, usage: &str) -> PrivateKey {
    let bytes = recording.certificate("server", usage, "private_key");
    PrivateKey::Sm2(sm2::PrivateKey::from_bytes(&bytes).unwrap())
}

/// Another stream of secrets for each name, the same in each run.
pub(crate) fn secrets(name: &str) -> Secrets {
    Secrets::from_seed(dengmi_crypto::Hash::Sha256.digest(name.as_bytes())[..].try_into().unwrap())
}
