//! The way from a certificate up to a given root.

use super::{
    Certificates, Problem,
    entry::{Entry, NameKey},
    signature::{Link, Links},
};
use dengmi_core::{Chain, Date, Sha256Digest};
use std::collections::HashMap;

/// How much work one certificate may cost. What lies above is [`Problem::ChainLimitReached`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Issuers above one another.
    pub depth: usize,
    /// Possible issuers looked at for one certificate, over all ways up.
    pub looks: usize,
    /// Signatures computed for one certificate.
    pub signatures: usize,
    /// Certificates of one list.
    pub certificates: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 10, looks: 256, signatures: 32, certificates: 32 }
    }
}

/// The best way up that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) chain: Chain,
    /// What is wrong with the link to the issuer, or with issuers above.
    pub(super) problems: Vec<Problem>,
    /// The issuers, from the next one to the last that was reached.
    pub(super) issuers: Vec<Sha256Digest>,
    /// Number of the other SM2 identifier that the signature needs.
    pub(super) other_id: Option<usize>,
}

impl Way {
    fn end(chain: Chain, problems: &[Problem]) -> Way {
        Way { chain, problems: problems.to_vec(), issuers: Vec::new(), other_id: None }
    }

    /// Better ways first: how far, then how much is wrong, then how long.
    fn rank(&self) -> (usize, usize, usize) {
        let reached = match self.chain {
            Chain::Trusted => 0,
            Chain::UnknownRoot => 1,
            Chain::SelfSigned => 2,
            Chain::Incomplete => 3,
            Chain::Broken => 4,
        };
        (reached, self.problems.len(), self.issuers.len())
    }
}

/// A search for ways up, for one certificate.
pub(super) struct Search<'a, 'l> {
    roots: &'a Certificates,
    /// What the server sent and what the caller holds beside it, by name.
    pool: &'l HashMap<&'a NameKey, Vec<&'a Entry>>,
    links: &'l mut Links,
    on: Date,
    depth: usize,
    looks: usize,
    signatures: usize,
}

impl<'a, 'l> Search<'a, 'l> {
    pub(super) fn new(
        roots: &'a Certificates,
        pool: &'l HashMap<&'a NameKey, Vec<&'a Entry>>,
        links: &'l mut Links,
        on: Date,
        limits: &Limits,
    ) -> Self {
        Search { roots, pool, links, on, depth: limits.depth, looks: limits.looks, signatures: limits.signatures }
    }

    /// The best way up from `entry`.
    pub(super) fn way(mut self, entry: &'a Entry) -> Way {
        self.climb(entry, &mut vec![entry])
    }

    /// `trail` is the way so far, `entry` its last.
    fn climb(&mut self, entry: &'a Entry, trail: &mut Vec<&'a Entry>) -> Way {
        if self.roots.hold(entry) {
            return Way::end(Chain::Trusted, &[]);
        }
        if trail.len() > self.depth {
            return Way::end(Chain::Incomplete, &[Problem::ChainLimitReached]);
        }
        let mut candidates: Vec<(&'a Entry, bool)> = self.roots.named(&entry.issuer).map(|root| (root, true)).collect();
        for &above in self.pool.get(&entry.issuer).into_iter().flatten().take(self.looks.saturating_add(1)) {
            // A name and key that are on the way already lead round in a circle; only its own issuer is asked again.
            let on_the_way =
                trail.iter().any(|seen| seen.subject == above.subject && seen.key_digest == above.key_digest);
            let known = candidates.iter().any(|(other, _)| other.digest == above.digest);
            if !known && (!on_the_way || above.digest == entry.digest) {
                candidates.push((above, false));
            }
        }
        // Keys that the certificate itself names come first.
        candidates.sort_by_key(|(above, _)| entry.names_key_of(above) == Some(false));

        let mut best: Option<Way> = None;
        for (above, is_root) in candidates {
            let way = match self.looks.checked_sub(1) {
                None => Some(Way::end(Chain::Incomplete, &[Problem::ChainLimitReached])),
                Some(left) => {
                    self.looks = left;
                    self.through(entry, above, is_root, trail)
                }
            };
            let Some(way) = way else { continue };
            if best.as_ref().is_none_or(|best| way.rank() < best.rank()) {
                best = Some(way);
            }
            if best.as_ref().is_some_and(|best| best.chain == Chain::Trusted && best.problems.is_empty()) {
                break;
            }
        }
        best.unwrap_or_else(|| Way::end(Chain::Incomplete, &[Problem::IssuerMissing]))
    }

    /// The way from `entry` through `above`, or `None` when that is another authority of the same name.
    fn through(
        &mut self,
        entry: &'a Entry,
        above: &'a Entry,
        is_root: bool,
        trail: &mut Vec<&'a Entry>,
    ) -> Option<Way> {
        let Some(link) = self.links.between(entry, above, &mut self.signatures) else {
            return Some(Way::end(Chain::Incomplete, &[Problem::ChainLimitReached]));
        };
        let names_another_key = entry.names_key_of(above) == Some(false);
        let other_id = match link {
            Link::Wrong if names_another_key => return None,
            Link::Wrong => return Some(Way::end(Chain::Broken, &[Problem::SignatureWrong])),
            Link::NotChecked => return Some(Way::end(Chain::Incomplete, &[Problem::SignatureNotChecked])),
            Link::Holds => None,
            Link::HoldsWithOther(number) => Some(number),
        };
        let mut problems = Vec::new();
        if other_id.is_some() {
            problems.push(Problem::Sm2IdNotDefault);
        }
        if names_another_key {
            problems.push(Problem::IssuerKeyIdentifierDiffers);
        }
        if above.digest == entry.digest {
            // Its own issuer. Whatever else a self-signed certificate says of itself, nobody else vouches for it.
            let chain = if trail.len() == 1 { Chain::SelfSigned } else { Chain::UnknownRoot };
            return Some(Way { chain, problems, issuers: Vec::new(), other_id });
        }
        let hindrances = hindrances(above, is_root, trail, self.on);
        let mut way = if hindrances.is_empty() {
            trail.push(above);
            let mut way = self.climb(above, trail);
            trail.pop();
            for problem in &mut way.problems {
                *problem = seen_from_below(*problem);
            }
            // The other identifier and the key identifier of an issuer are that issuer's own matter.
            way.problems
                .retain(|problem| !matches!(problem, Problem::Sm2IdNotDefault | Problem::IssuerKeyIdentifierDiffers));
            if way.chain == Chain::SelfSigned {
                way.chain = Chain::UnknownRoot;
            }
            way
        } else {
            Way::end(Chain::Incomplete, &hindrances)
        };
        way.issuers.insert(0, above.digest);
        way.problems.splice(0..0, problems);
        way.other_id = other_id;
        Some(way)
    }
}

/// The word for what is wrong above, in the list of the certificate below.
fn seen_from_below(problem: Problem) -> Problem {
    match problem {
        Problem::SignatureWrong => Problem::IssuerSignatureWrong,
        Problem::SignatureNotChecked => Problem::IssuerSignatureNotChecked,
        other => other,
    }
}

/// Why `above` may not issue the last certificate of `trail` on that day (RFC 5280 6.1.4).
fn hindrances(above: &Entry, is_root: bool, trail: &[&Entry], on: Date) -> Vec<Problem> {
    let mut found = Vec::new();
    // Version 1 and 2 have no place to say it: such a root is an authority because it was given as one.
    let is_old_root = is_root && above.version < 3;
    if !above.is_authority && !is_old_root {
        found.push(Problem::IssuerNotCa);
    }
    if !above.signs_certificates {
        found.push(Problem::IssuerDoesNotSignCertificates);
    }
    if !above.is_valid(on) {
        found.push(Problem::IssuerNotInValidity);
    }
    // Self-issued authorities and the certificate at the end do not count (RFC 5280 4.2.1.9).
    let authorities = trail.iter().skip(1).filter(|entry| entry.subject != entry.issuer).count();
    if above.path_length.is_some_and(|most| authorities > usize::try_from(most).unwrap_or(usize::MAX)) {
        found.push(Problem::PathLengthExceeded);
    }
    if above.has_unknown_critical_extension {
        found.push(Problem::IssuerUnknownCriticalExtension);
    }
    if above.constrains_names {
        found.push(Problem::NameConstraintsNotChecked);
    }
    if above.is_read_in_part {
        found.push(Problem::IssuerEncodingDefective);
    }
    found
}
