//! The seal: a file beside a finished case that covers every byte of it.

use crate::{
    CaseError,
    artifact::{digest_file, each_block, path_beside},
    chain::sm3,
    disk::{beside, write_whole},
    store::{BY_KIND, BY_SUBJECT, Store},
};
use dengmi_core::{Sha256Digest, Sm3Digest, canonical};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Bytes of one block: a page of the file.
pub const BLOCK: usize = 4096;
const FORMAT: &str = "dengmi-seal-1";
/// The user identifier that GB/T 35276 gives signatures that name no other.
const USER: &str = "1234567812345678";

/// A key that signs seals.
#[derive(Clone, Copy, Debug)]
pub enum Signer<'a> {
    /// RFC 8032.
    Ed25519(&'a ed25519_dalek::SigningKey),
    /// GB/T 32918.2 with SM3 and user identifier 1234567812345678.
    Sm2(&'a sm2::SecretKey),
}

/// Which signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RFC 8032: key of 32 bytes, signature of 64.
    Ed25519,
    /// GB/T 32918.2 with SM3 and user identifier 1234567812345678: key `04 x y`, signature r, s of 32 bytes each.
    #[serde(rename = "SM2-SM3")]
    Sm2Sm3,
}

/// A signature over the canonical JSON of [`Sealed`]. That it holds says nothing about whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Which signature.
    pub algorithm: Algorithm,
    /// Hexadecimal digits.
    pub public_key: String,
    /// Hexadecimal digits.
    pub signature: String,
}

/// An artifact beside the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileBeside {
    /// Its name in `NAME.files`.
    pub sha256: Sha256Digest,
    /// Bytes.
    pub size: u64,
}

/// What is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// SM3 of each block of [`BLOCK`] bytes; the last may be shorter.
    pub blocks: Vec<Sm3Digest>,
    /// SM3 of those digests, one behind the other.
    pub blocks_sm3: Sm3Digest,
    /// How many entries the chain has.
    pub entries: u64,
    /// The artifacts beside the case.
    pub files: Vec<FileBeside>,
    /// `dengmi-seal-1`.
    pub format: String,
    /// Link of the last entry.
    pub head: Sm3Digest,
    /// Which law judged, in the caller's words.
    pub law: String,
    /// SHA-256 of the whole case, as `sha256sum` prints it.
    pub sha256: Sha256Digest,
    /// Bytes of the case.
    pub size: u64,
}

/// `NAME.seal`: canonical JSON and a line end. `jq -cjS .sealed` prints what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// What is sealed.
    pub sealed: Sealed,
    /// Who signed it, perhaps nobody.
    pub signatures: Vec<Signature>,
    /// SM3 of the canonical JSON of this object without this field.
    pub sm3: Sm3Digest,
}

/// What is wrong with a seal itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealDamage {
    /// There is no such file.
    #[error("there is no seal")]
    Missing,
    /// Not the JSON of a seal, or not byte for byte as it was written.
    #[error("it is not readable as it was written")]
    Unreadable,
    /// Written by a newer version of this program.
    #[error("its format is {0:?}, this program knows {FORMAT:?}")]
    Format(String),
    /// Its own digest differs.
    #[error("its own digest differs")]
    Digest,
    /// The digest over the digests of the blocks differs, or there are too many or too few.
    #[error("its list of blocks is wrong")]
    Blocks,
    /// A signature does not hold.
    #[error("the {0:?} signature does not hold")]
    Signature(Algorithm),
}

/// Where the seal of a case lies: `NAME.seal`.
pub fn seal_path(case: &Path) -> PathBuf {
    beside(case, ".seal")
}

/// Ends a case: everything is written back into the one file, and the seal beside it covers each byte. No handle may be open.
///
/// `law` says which law judged it, such as a digest. Unfinished units are declared void. Artifacts beside the case are read again.
pub fn seal(path: &Path, law: &str, signers: &[Signer<'_>]) -> Result<Seal, CaseError> {
    let path = &std::path::absolute(path).map_err(CaseError::disk(path))?;
    if seal_path(path).exists() {
        return Err(CaseError::Sealed(path.clone()));
    }
    fs::metadata(path).map_err(CaseError::disk(path))?;
    let mut store = Store::open(path)?;
    store.index(BY_SUBJECT)?;
    store.index(BY_KIND)?;
    let head = store.head;
    let mut files = Vec::new();
    for artifact in store.artifacts_beside()? {
        let file = path_beside(path, &artifact.sha256);
        let digests = digest_file(&file)?;
        if (digests.sha256, digests.size) != (artifact.sha256, artifact.size) {
            return Err(CaseError::damaged(&file, "it is not what its name says"));
        }
        files.push(FileBeside { sha256: digests.sha256, size: digests.size });
    }
    store.close_for_good()?;

    let file = digest_blocks(path)?;
    let sealed = Sealed {
        blocks_sm3: list_digest(&file.blocks),
        blocks: file.blocks,
        entries: head.count,
        files,
        format: FORMAT.into(),
        head: head.link,
        law: law.into(),
        sha256: file.sha256,
        size: file.size,
    };
    let text = canonical::bytes(&sealed)?;
    let signatures = signers.iter().map(|signer| signer.sign(&text)).collect::<Result<_, _>>()?;
    let mut seal = Seal { sealed, signatures, sm3: Sm3Digest([0; 32]) };
    seal.sm3 = seal.own_digest()?;
    write_whole(&seal_path(path), &seal.text()?)?;
    Ok(seal)
}

impl Seal {
    /// Reads the seal of a case and checks all that it says about itself.
    pub(crate) fn read(case: &Path) -> Result<Result<Seal, SealDamage>, CaseError> {
        let path = seal_path(case);
        match fs::read(&path) {
            Ok(bytes) => Seal::parse(&bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Err(SealDamage::Missing)),
            Err(error) => Err(CaseError::disk(&path)(error)),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Result<Seal, SealDamage>, CaseError> {
        let Ok(seal) = serde_json::from_slice::<Seal>(bytes) else { return Ok(Err(SealDamage::Unreadable)) };
        Ok(if seal.sealed.format != FORMAT {
            Err(SealDamage::Format(seal.sealed.format))
        } else if seal.text()? != bytes {
            Err(SealDamage::Unreadable)
        } else if seal.own_digest()? != seal.sm3 {
            Err(SealDamage::Digest)
        } else if list_digest(&seal.sealed.blocks) != seal.sealed.blocks_sm3
            || seal.sealed.blocks.len() as u64 != seal.sealed.size.div_ceil(BLOCK as u64)
        {
            Err(SealDamage::Blocks)
        } else {
            let text = canonical::bytes(&seal.sealed)?;
            match seal.signatures.iter().find(|signature| !signature.holds(&text)) {
                Some(signature) => Err(SealDamage::Signature(signature.algorithm)),
                None => Ok(seal),
            }
        })
    }

    /// Whether block `index` has the sealed digest. `bytes` are its [`BLOCK`] bytes, at the end of the file perhaps fewer.
    pub fn covers(&self, index: usize, bytes: &[u8]) -> bool {
        self.sealed.blocks.get(index) == Some(&sm3(bytes))
    }

    fn text(&self) -> Result<Vec<u8>, CaseError> {
        let mut text = canonical::bytes(self)?;
        text.push(b'\n');
        Ok(text)
    }

    fn own_digest(&self) -> Result<Sm3Digest, CaseError> {
        #[derive(Serialize)]
        struct Covered<'a> {
            sealed: &'a Sealed,
            signatures: &'a [Signature],
        }
        Ok(sm3(&canonical::bytes(&Covered { sealed: &self.sealed, signatures: &self.signatures })?))
    }
}

impl Signer<'_> {
    fn sign(&self, text: &[u8]) -> Result<Signature, CaseError> {
        match self {
            Signer::Ed25519(key) => {
                use ed25519_dalek::Signer as _;
                Ok(Signature {
                    algorithm: Algorithm::Ed25519,
                    public_key: hex::encode(key.verifying_key().to_bytes()),
                    signature: hex::encode(key.sign(text).to_bytes()),
                })
            }
            Signer::Sm2(secret) => {
                use sm2::dsa::signature::Signer as _;
                let key = sm2::dsa::SigningKey::new(USER, secret).map_err(|_| CaseError::Signing)?;
                let signature: sm2::dsa::Signature = key.try_sign(text).map_err(|_| CaseError::Signing)?;
                Ok(Signature {
                    algorithm: Algorithm::Sm2Sm3,
                    public_key: hex::encode(key.verifying_key().to_sec1_bytes()),
                    signature: hex::encode(signature.to_bytes()),
                })
            }
        }
    }
}

impl Signature {
    fn holds(&self, text: &[u8]) -> bool {
        let (Ok(key), Ok(signature)) = (hex::decode(&self.public_key), hex::decode(&self.signature)) else {
            return false;
        };
        match self.algorithm {
            Algorithm::Ed25519 => {
                let Ok(key) = key
                    .as_slice()
                    .try_into()
                    .map_err(drop)
                    .and_then(|key| ed25519_dalek::VerifyingKey::from_bytes(key).map_err(drop))
                else {
                    return false;
                };
                let signature = ed25519_dalek::Signature::from_slice(&signature);
                signature.is_ok_and(|signature| key.verify_strict(text, &signature).is_ok())
            }
            Algorithm::Sm2Sm3 => {
                use sm2::dsa::signature::Verifier as _;
                let key = sm2::dsa::VerifyingKey::from_sec1_bytes(USER, &key);
                let signature = sm2::dsa::Signature::from_slice(&signature);
                key.is_ok_and(|key| signature.is_ok_and(|signature| key.verify(text, &signature).is_ok()))
            }
        }
    }
}

fn list_digest(blocks: &[Sm3Digest]) -> Sm3Digest {
    sm3(&blocks.iter().flat_map(|block| block.0).collect::<Vec<_>>())
}

/// A file as a seal sees it.
pub(crate) struct Digested {
    pub(crate) blocks: Vec<Sm3Digest>,
    pub(crate) sha256: Sha256Digest,
    pub(crate) size: u64,
}

pub(crate) fn digest_blocks(path: &Path) -> Result<Digested, CaseError> {
    let (mut blocks, mut whole, mut size) = (Vec::new(), Sha256::new(), 0);
    let read = File::open(path).and_then(|mut file| {
        each_block(&mut file, |bytes| {
            whole.update(bytes);
            size += bytes.len() as u64;
            blocks.extend(bytes.chunks(BLOCK).map(sm3));
            Ok(())
        })
    });
    read.map_err(CaseError::disk(path))?;
    Ok(Digested { blocks, sha256: Sha256Digest(whole.finalize().into()), size })
}
