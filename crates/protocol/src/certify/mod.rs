//! Certificates against roots, a day, a name and a place: what RFC 5280, RFC 9525 and the pair of GB/T 38636 ask.
//!
//! Nothing here knows what a law makes of a finding, and nothing here refuses: every certificate that can be read comes
//! back as the fact that an observation carries, with everything that is wrong with it as [`Problem`]s. Each part stands
//! on its own: an expired certificate can have a good chain.
//!
//! * [`Certifier`] holds roots and what it has computed; [`Certifier::certify`] takes one list, as a server sent it or
//!   as a file holds it. The order of the list decides who is at the end ([`Layout`]) and never how far a chain reaches.
//! * A chain counts as [`Chain::Trusted`](dengmi_core::Chain) only through issuers that may issue on that day:
//!   authorities with fitting key usage, validity, path length and name constraints, without critical extensions unknown
//!   here. Otherwise it is `Incomplete`, and the problem says why. A signature that nobody here can check also leaves a
//!   chain `Incomplete`, never `Broken`.
//! * A day is a day of UTC: a certificate is valid on each day that holds a second of its validity.
//! * Any given root ends a chain, whether it is self-signed or not (RFC 5280 6.1.1: a trust anchor is what the caller
//!   says). Its own signature is not looked at.
//! * Not looked at: revocation, and policies.

mod chain;
mod check;
mod entry;
mod name;
mod problem;
mod signature;

pub use chain::Limits;
pub use name::{ServiceName, ServiceNameText};
pub use problem::{NotAProblem, Problem};

use chain::{Search, Way};
use check::Place;
use dengmi_core::{Certificate, Chain, Checked, Date, KeyRole, Sha256Digest};
use dengmi_crypto::Hash;
use dengmi_parse::Defect;
use entry::{Entry, NameKey};
use signature::Links;
use std::collections::{HashMap, HashSet};

/// A set of certificates: roots, or what may stand between a list and the roots.
#[derive(Debug, Default)]
pub struct Certificates {
    entries: Vec<Entry>,
    by_name: HashMap<NameKey, Vec<usize>>,
    digests: HashSet<Sha256Digest>,
}

impl Certificates {
    /// Adds a certificate in DER. The same one twice is one.
    ///
    /// # Errors
    /// The defect that makes it unreadable.
    pub fn add(&mut self, der: &[u8]) -> Result<(), Defect> {
        self.keep(Entry::read(der)?);
        Ok(())
    }

    /// Adds a certificate in DER if it is an authority's: one that says so, or one of version 1 or 2 that is its own
    /// issuer. Says whether it is.
    ///
    /// # Errors
    /// The defect that makes it unreadable.
    pub fn add_authority(&mut self, der: &[u8]) -> Result<bool, Defect> {
        let entry = Entry::read(der)?;
        let is_authority = entry.is_authority || (entry.version < 3 && entry.subject == entry.issuer);
        if is_authority {
            self.keep(entry);
        }
        Ok(is_authority)
    }

    fn keep(&mut self, entry: Entry) {
        if self.digests.insert(entry.digest) {
            self.by_name.entry(entry.subject.clone()).or_default().push(self.entries.len());
            self.entries.push(entry);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn hold(&self, entry: &Entry) -> bool {
        self.digests.contains(&entry.digest)
    }

    fn named<'a>(&'a self, name: &NameKey) -> impl Iterator<Item = &'a Entry> + use<'a> {
        let numbers = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| self.entries.get(*number))
    }
}

/// Where in a list the certificates stand that are no authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The first is the peer's, the others stand above it: TLS (RFC 8446 4.4.2).
    Chain,
    /// The first signs, the second encrypts, the others stand above them: TLCP (GB/T 38636).
    Pair,
    /// No order: a file or a folder. Each certificate that is no authority stands for itself.
    Loose,
}

impl Layout {
    /// What the order inside a file can be taken to mean: [`Layout::Pair`] when two certificates stand in front that are
    /// no authorities, differ, and have one subject and one issuer; else [`Layout::Loose`].
    pub fn of_file(list: &[&[u8]]) -> Layout {
        let [first, second, ..] = list else { return Layout::Loose };
        let (Ok(first), Ok(second)) = (Entry::read(first), Entry::read(second)) else { return Layout::Loose };
        let is_pair = !first.is_authority
            && !second.is_authority
            && first.digest != second.digest
            && first.subject == second.subject
            && first.issuer == second.issuer;
        if is_pair { Layout::Pair } else { Layout::Loose }
    }
}

/// Whose certificate it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A server's.
    Server,
    /// A client's.
    Client,
    /// Nobody says; what the certificate says of itself is taken.
    Unstated,
}

/// What is asked of a list.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The day.
    pub on: Date,
    /// The name of the service, for the certificates at the end.
    pub name: Option<&'a ServiceName>,
    /// What the order of the list means.
    pub layout: Layout,
    /// Whose the certificates at the end are.
    pub purpose: Purpose,
}

/// One certificate with what the check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Certified {
    /// The fact for an observation: what it says, its position and role, and what the check found.
    pub certificate: Certificate,
    /// The problems of `certificate.checked`, as values, in the order of [`Problem::ALL`].
    pub problems: Vec<Problem>,
    /// The issuers that were found above it, from the next one up.
    pub issuers: Vec<Sha256Digest>,
    /// The SM2 identifier under which its signature holds, when that is not the default.
    pub sm2_id: Option<Box<[u8]>>,
    /// Where its bytes depart from the standards.
    pub defects: Vec<Defect>,
}

/// Reads one certificate without checking it.
///
/// # Errors
/// The defect that makes it unreadable.
pub fn read(der: &[u8]) -> Result<Certificate, Defect> {
    Ok(Entry::read(der)?.words)
}

/// The name of a certificate, an artifact or a key: SHA-256 of its bytes.
pub fn sha256(bytes: &[u8]) -> Sha256Digest {
    let mut name = Sha256Digest([0; 32]);
    for (to, from) in name.0.iter_mut().zip(Hash::Sha256.digest(bytes).iter()) {
        *to = *from;
    }
    name
}

/// The same as [`Certificate::sha256`] has it: lower-case hexadecimal.
pub fn sha256_text(bytes: &[u8]) -> Box<str> {
    sha256(bytes).0.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// Roots, what may stand between, other SM2 identifiers, and every signature that was checked so far.
#[derive(Debug)]
pub struct Certifier {
    roots: Certificates,
    between: Certificates,
    links: Links,
    limits: Limits,
}

impl Certifier {
    /// `between` may stand between a list and `roots`, beside the certificates of the list. `other_sm2_ids` are tried
    /// when an SM2 signature does not hold under `1234567812345678`.
    pub fn new(roots: Certificates, between: Certificates, other_sm2_ids: Vec<Box<[u8]>>, limits: Limits) -> Certifier {
        Certifier { roots, between, links: Links::new(other_sm2_ids), limits }
    }

    /// The roots.
    pub fn roots(&self) -> &Certificates {
        &self.roots
    }

    /// Checks a list of certificates in DER. One result for each, in the same order; those above
    /// [`Limits::certificates`] are left out.
    ///
    /// # Errors
    /// In the place of a certificate: the defect that makes it unreadable.
    pub fn certify(&mut self, list: &[&[u8]], asked: &Asked<'_>) -> Vec<Result<Certified, Defect>> {
        let entries: Vec<Result<Entry, Defect>> =
            list.iter().take(self.limits.certificates).map(|der| Entry::read(der)).collect();
        let ways = self.ways(&entries, asked.on);
        let issued: HashSet<Sha256Digest> = ways.iter().flatten().flat_map(|way| way.issuers.iter().copied()).collect();
        let read = |position: usize| entries.get(position).and_then(|entry| entry.as_ref().ok());
        let place = |entry, position| Place::of(entry, position, read(0), asked.layout);
        let second = read(1).filter(|entry| place(entry, 1) != Place::Above);

        let mut certified = Vec::with_capacity(entries.len());
        for (position, (entry, way)) in entries.iter().zip(ways).enumerate() {
            let (entry, way) = match (entry, way) {
                (Ok(entry), Some(way)) => (entry, way),
                (Err(defect), _) => {
                    certified.push(Err(defect.clone()));
                    continue;
                }
                (Ok(_), None) => continue,
            };
            let place = place(entry, position);
            let mut problems = check::own(entry, place, asked);
            if !self.roots.hold(entry) {
                problems.extend(check::hash(entry));
            }
            if way.chain == Chain::SelfSigned && !issued.contains(&entry.digest) {
                problems.push(Problem::SelfSigned);
            }
            match (place.role(), read(0), second) {
                (Some(_), Some(signing), Some(encryption)) => problems.extend(check::pair(signing, encryption)),
                (Some(KeyRole::Signing), _, None) => problems.push(Problem::EncryptionCertificateMissing),
                _ => {}
            }
            problems.extend(&way.problems);
            problems.sort_unstable();
            problems.dedup();
            certified.push(Ok(self.certified(entry, position, place, asked, way, problems)));
        }
        certified
    }

    /// The way up from each certificate that was read.
    fn ways(&mut self, entries: &[Result<Entry, Defect>], on: Date) -> Vec<Option<Way>> {
        let mut pool: HashMap<&NameKey, Vec<&Entry>> = HashMap::new();
        for entry in entries.iter().flatten().chain(&self.between.entries) {
            pool.entry(&entry.subject).or_default().push(entry);
        }
        let mut ways = Vec::with_capacity(entries.len());
        for entry in entries {
            let search = Search::new(&self.roots, &pool, &mut self.links, on, &self.limits);
            ways.push(entry.as_ref().ok().map(|entry| search.way(entry)));
        }
        ways
    }

    fn certified(
        &self,
        entry: &Entry,
        position: usize,
        place: Place,
        asked: &Asked<'_>,
        way: Way,
        problems: Vec<Problem>,
    ) -> Certified {
        let checked = Checked {
            on: asked.on,
            chain: way.chain,
            in_validity: entry.is_valid(asked.on),
            name_matches: match place {
                Place::End(_) => asked.name.map(|name| check::is_named(entry, name)),
                Place::Above => None,
            },
            problems: problems.iter().map(|problem| problem.word().into()).collect(),
        };
        let certificate = Certificate {
            position: u32::try_from(position).ok(),
            role: place.role(),
            checked: Some(checked),
            ..entry.words.clone()
        };
        Certified {
            certificate,
            problems,
            issuers: way.issuers,
            sm2_id: way.other_id.and_then(|number| self.links.other_id(number)).map(Into::into),
            defects: entry.defects.clone(),
        }
    }
}
