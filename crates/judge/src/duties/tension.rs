//! 张力: protection duties beside access duties, and who holds the keys. It shows; it never advises to weaken anything.

use super::facts::{Facts, has};
use super::{Duties, applies};
use crate::determine::Truth;
use crate::register::{Area, Atom, Duty, Pull, Register};
use dengmi_core::Date;
use dengmi_core::system::{Data, Jurisdiction, System};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Where a key lies, as the description states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In a cryptographic product of the operator.
    Product(Box<str>),
    /// In software, a file or a database of the operator.
    Software(Box<str>),
    /// Nobody says where.
    NotStated,
}

/// Whether the operator could produce the plaintext. A consequence of who holds keys; nothing was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// The operator's own products or software hold a key to it.
    Operator,
    /// The description names no key for it.
    NotStated,
}

/// A key to a kind of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyFact {
    /// Its name.
    pub key: Box<str>,
    /// Where it lies.
    pub place: Place,
    /// Whether it leaves its product, in the description's words.
    pub outside: Option<Box<str>>,
}

/// One kind of data between the duties.
#[derive(Clone, Debug)]
pub struct DataTension<'r, 's> {
    /// The data.
    pub data: &'s Data,
    /// Duties that protect it.
    pub protection: Vec<&'r Duty>,
    /// Duties under which somebody may ask for it.
    pub access: Vec<&'r Duty>,
    /// Its keys.
    pub keys: Vec<KeyFact>,
    /// Who could produce the plaintext.
    pub holder: Holder,
}

/// The tension for each kind of data of a system.
pub fn tension<'r, 's>(duties: &Duties<'r>, system: &'s System) -> Vec<DataTension<'r, 's>> {
    let of = |data: &Data, pulls: &[Pull], areas: &[Area]| -> Vec<&'r Duty> {
        let fits = |duty: &&&Duty| pulls.contains(&duty.pull) && areas.contains(&duty.area) && concerns(duty, data);
        duties.apply.iter().filter(fits).copied().collect()
    };
    let row = |data: &'s Data| {
        let keys = keys(system, data);
        let held = keys.iter().any(|key| key.place != Place::NotStated);
        DataTension {
            data,
            protection: of(data, &[Pull::Protection, Pull::Mixed], &PROTECTING),
            access: of(data, &[Pull::Access, Pull::Mixed], &ASKING),
            holder: if held { Holder::Operator } else { Holder::NotStated },
            keys,
        }
    };
    system.data.iter().map(row).collect()
}

const PROTECTING: [Area; 6] = [
    Area::TransportEncryption,
    Area::StorageEncryption,
    Area::Integrity,
    Area::KeyCustody,
    Area::Localization,
    Area::UserRights,
];

const ASKING: [Area; 5] =
    [Area::TechnicalAssistance, Area::Disclosure, Area::KeyCustody, Area::LogRetention, Area::Identity];

/// A duty on kinds of data concerns the data that are of one; any other duty concerns all.
fn concerns(duty: &Duty, data: &Data) -> bool {
    let mut kinds = duty.applies_when.iter().flat_map(|term| &term.0).filter_map(|atom| match atom {
        Atom::Data(category) => Some(*category),
        _ => None,
    });
    let mut any = kinds.clone();
    any.next().is_none() || kinds.any(|category| has(&data.categories, category))
}

fn keys(system: &System, data: &Data) -> Vec<KeyFact> {
    let id = &**data.id.get_ref();
    let serves = |spot: &&dengmi_core::system::Spot| spot.get_ref().split_once(' ').is_some_and(|(_, of)| of == id);
    let protects = |key: &&dengmi_core::system::Key| {
        let by_product = data
            .product
            .as_ref()
            .is_some_and(|product| key.kept_in.as_ref().is_some_and(|kept| kept.get_ref() == product.get_ref()));
        key.serves.iter().any(|spot| serves(&spot)) || (key.serves.is_empty() && by_product)
    };
    system
        .key
        .iter()
        .filter(protects)
        .map(|key| KeyFact {
            key: key.id.get_ref().clone(),
            place: match &key.kept_in {
                None => Place::NotStated,
                Some(place) if system.product(place.get_ref()).is_some() => Place::Product(place.get_ref().clone()),
                Some(place) => Place::Software(place.get_ref().clone()),
            },
            outside: key.outside.clone(),
        })
        .collect()
}

/// How many duties of each pull apply from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The first day of the counts.
    #[serde(with = "dengmi_core::date::as_date")]
    pub from: Date,
    /// By pull.
    pub counts: BTreeMap<Pull, usize>,
}

/// The counts for a system like this one on every day on which they change, within two days. Duties that depend on an answer are
/// not counted.
pub fn share_over_time(
    register: &Register,
    facts: &Facts<'_>,
    jurisdictions: &[Jurisdiction],
    [first, last]: [Date; 2],
) -> Vec<Share> {
    let here: Vec<&Duty> = register.duties.iter().filter(|duty| register.is_of(duty, jurisdictions)).collect();
    let mut days: BTreeSet<Date> = here.iter().flat_map(|duty| [duty.from, duty.to]).flatten().collect();
    days.extend(facts.system.conditions.critical_infrastructure.as_ref().and_then(|designation| designation.since));
    days.insert(first);
    let mut shares: Vec<Share> = Vec::new();
    for day in days.range(first..=last) {
        let mut counts: BTreeMap<Pull, usize> = Pull::ALL.map(|pull| (pull, 0)).into();
        for duty in here.iter().filter(|duty| duty.in_force(*day) && applies(duty, facts, *day).0 == Truth::Yes) {
            *counts.entry(duty.pull).or_default() += 1;
        }
        if shares.last().is_none_or(|last| last.counts != counts) {
            shares.push(Share { from: *day, counts });
        }
    }
    shares
}
