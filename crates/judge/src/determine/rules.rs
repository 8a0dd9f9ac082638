//! The law of one day, as predicates ask it.

use crate::law::{Algorithm, Compliant, HighRisk, KeyBits, PracticeRule, Scoring};
use dengmi_core::{Date, Exact, registry};
use num_traits::One;

/// What the law of one day says to the predicates. Made by [`Rules::of`].
#[derive(Clone, Debug)]
pub struct Rules {
    /// The day.
    pub on: Date,
    /// The rows of that day, by id.
    pub algorithms: Vec<Algorithm>,
    /// The quantification rules of that day.
    pub scoring: Scoring,
    /// The high-risk guide of that day.
    pub high_risk: HighRisk,
    /// The practice of that day.
    pub practice: Vec<PracticeRule>,
    /// The least module grade of levels 1 to 4.
    pub product_grade: [u8; 4],
}

/// What the law says of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The row.
    pub id: Box<str>,
    /// Whether A can pass.
    pub compliant: Compliant,
    /// Ra of its strength, where the rules give one.
    pub ra: Option<Exact>,
    /// The item of the guide that concerns it, and whether the guide names it.
    pub risk: Option<(Box<str>, bool)>,
}

impl Rules {
    /// What the rules of that day say on a topic.
    pub fn stance(&self, topic: &str) -> Option<&PracticeRule> {
        self.practice.iter().find(|rule| &*rule.topic == topic)
    }

    /// Ra of the 2021 edition is 1 throughout: it has no correction parameters.
    fn ra(&self, row: &Algorithm) -> Option<Exact> {
        let band = row.band.as_deref()?;
        if self.scoring.ra.is_empty() { Some(Exact::one()) } else { self.scoring.ra(band).map(|ra| ra.exact()) }
    }

    /// The law's row for an algorithm, by any of its names: `SM4-CBC`, `AES-256-GCM`, `RSA-2048`, `ECDSA-P-256`.
    pub fn verdict(&self, name: &str) -> Option<Verdict> {
        let name = name.trim().to_ascii_lowercase();
        let row = self.by_id(&name).or_else(|| self.by_registry(&name)).or_else(|| self.by_family(&name))?;
        Some(Verdict {
            id: row.id.clone(),
            compliant: row.compliant,
            ra: self.ra(row),
            risk: row.high_risk.as_ref().map(|risk| (risk.item.as_str().into(), risk.named)),
        })
    }

    fn by_id(&self, id: &str) -> Option<&Algorithm> {
        let found = self.algorithms.binary_search_by(|row| (*row.id).cmp(id)).ok()?;
        self.algorithms.get(found)
    }

    /// Through the registry: its id, then its family and size, then what stands before the mode (`sm4-cbc` is `sm4`).
    fn by_registry(&self, name: &str) -> Option<&Algorithm> {
        let entry = registry::algorithm(name).or_else(|| {
            let (stem, mode) = name.rsplit_once('-')?;
            ["ecb", "cbc", "ctr", "cfb", "ofb", "gcm", "ccm", "xts"].contains(&mode).then_some(())?;
            registry::algorithm(stem)
        })?;
        self.by_id(entry.id).or_else(|| self.sized(entry.family, u32::from(entry.key_bits?)))
    }

    /// `rsa-4096`, `dh-3072`, `ecdsa-p-256`, `ecdh-p-384`: families whose size the law judges.
    fn by_family(&self, name: &str) -> Option<&Algorithm> {
        let (family, size) = name.rsplit_once('-')?;
        let bits: u32 = size.parse().ok()?;
        match family {
            "rsa" | "dsa" => self.sized(family, bits),
            "dh" | "ffdhe" => self.sized("finite-field-dh", bits),
            "ecdsa" | "ecdh" | "ec" | "ecdsa-p" | "ecdh-p" => self.sized("elliptic-curve", bits),
            _ => None,
        }
    }

    /// The row of a family for a size.
    pub fn sized(&self, family: &str, bits: u32) -> Option<&Algorithm> {
        let fits = |range: &KeyBits| range.at_least <= bits && range.below.is_none_or(|below| bits < below);
        self.algorithms
            .iter()
            .find(|row| row.family.as_deref() == Some(family) && row.key_bits.as_ref().is_some_and(fits))
    }
}

impl Rules {
    /// The law of a day; `None` while one of the instruments that a verdict needs is not in force.
    pub fn of(law: &crate::law::Law, on: Date) -> Option<Rules> {
        let baseline = law.baseline(on)?;
        let mut algorithms: Vec<Algorithm> = law.algorithms(on).map(|row| (**row).clone()).collect();
        algorithms.sort_by(|one, other| one.id.cmp(&other.id));
        let grade = |level| baseline.product_grade(level).map_or(0, |rule| rule.grade);
        Some(Rules {
            on,
            algorithms,
            scoring: (**law.scoring(on)?).clone(),
            high_risk: (**law.high_risk(on)?).clone(),
            practice: law.practice(on).map(|rule| (**rule).clone()).collect(),
            product_grade: [grade(1), grade(2), grade(3), grade(4)],
        })
    }
}
