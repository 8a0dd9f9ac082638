//! What a description says about the conditions of duties.

use crate::determine::Truth;
use crate::register::Atom;
use dengmi_core::Date;
use dengmi_core::system::{DataCategory, Jurisdiction, Role, Sector, System, Technique};
use serde::Serialize;

/// A description, as conditions see it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'s> {
    /// The description.
    pub system: &'s System,
    /// 等级: the filed one, else what the impact answers give; `None`: neither.
    pub level: Option<u8>,
}

/// A fact that the description does not state: one key of `[conditions]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Is it critical information infrastructure? Decided by whom, since when?
    CriticalInfrastructure,
    /// Does a law or state rule require commercial cryptography?
    CryptographyRequired,
    /// What does the operator do?
    Roles,
    /// In which sectors?
    Sectors,
    /// Which kinds of data?
    Data,
    /// Of how many people?
    PersonalInformationOf,
    /// As many as the authority sets?
    AboveAuthorityThreshold,
    /// Do data go abroad?
    CrossBorder,
    /// What is made, sold or run?
    Products,
    /// What is used?
    Uses,
    /// Under whose law?
    Jurisdictions,
    /// Which level?
    Level,
}

impl Missing {
    /// The key that an atom looks at.
    pub(super) fn of(atom: Atom) -> Missing {
        match atom {
            Atom::CriticalInfrastructure => Missing::CriticalInfrastructure,
            Atom::CryptographyRequired => Missing::CryptographyRequired,
            Atom::Role(_) => Missing::Roles,
            Atom::Sector(_) => Missing::Sectors,
            Atom::Data(_) => Missing::Data,
            Atom::PersonalInformationOf(_) => Missing::PersonalInformationOf,
            Atom::AboveAuthorityThreshold => Missing::AboveAuthorityThreshold,
            Atom::CrossBorder => Missing::CrossBorder,
            Atom::Product(_) => Missing::Products,
            Atom::Uses(_) => Missing::Uses,
            Atom::Jurisdiction(_) => Missing::Jurisdictions,
            Atom::Level(_) | Atom::Any | Atom::AnySystem => Missing::Level,
        }
    }

    /// The key of `system.toml` that answers it, as one would write it.
    pub fn key(self) -> &'static str {
        match self {
            Missing::CriticalInfrastructure => "critical_infrastructure",
            Missing::CryptographyRequired => "cryptography_required",
            Missing::Roles => "roles",
            Missing::Sectors => "sectors",
            Missing::Data => "data",
            Missing::PersonalInformationOf => "personal_information_of",
            Missing::AboveAuthorityThreshold => "above_authority_threshold",
            Missing::CrossBorder => "cross_border",
            Missing::Products => "products",
            Missing::Uses => "uses",
            Missing::Jurisdictions => "jurisdictions",
            Missing::Level => "[grade]",
        }
    }
}

impl Facts<'_> {
    /// Whether an atom holds on a day.
    pub fn truth(&self, atom: Atom, on: Date) -> Truth {
        let conditions = &self.system.conditions;
        match atom {
            Atom::Any | Atom::AnySystem => Truth::Yes,
            Atom::Level(least) => Truth::from(self.level.map(|level| least <= level)),
            Atom::Role(Role::CryptographyUser) if self.uses_cryptography() => Truth::Yes,
            Atom::Role(role) => Truth::from(conditions.roles.as_ref().map(|roles| roles.contains(&role))),
            Atom::Sector(sector) => Truth::from(self.in_sector(sector)),
            Atom::Data(category) => match self.system.data.iter().any(|data| has(&data.categories, category)) {
                true => Truth::Yes,
                false => Truth::from(conditions.data.as_ref().map(|data| has(data, category))),
            },
            Atom::Product(product) => {
                Truth::from(conditions.products.as_ref().map(|products| products.contains(&product)))
            }
            Atom::Uses(Technique::Cryptography) if self.uses_cryptography() => Truth::Yes,
            Atom::Uses(technique) => Truth::from(conditions.uses.as_ref().map(|uses| uses.contains(&technique))),
            Atom::CriticalInfrastructure => match &conditions.critical_infrastructure {
                None => Truth::Unknown,
                Some(designation) if !designation.designated => Truth::No,
                Some(designation) => Truth::from(designation.since.map(|since| since <= on)),
            },
            Atom::CryptographyRequired => Truth::from(conditions.cryptography_required),
            Atom::PersonalInformationOf(people) => match (conditions.personal_information_of, &conditions.data) {
                (Some(of), _) => Truth::from(people <= of),
                // Who handles none handles none of any number.
                (None, Some(data)) if !has(data, DataCategory::PersonalInformation) => Truth::No,
                (None, _) => Truth::Unknown,
            },
            Atom::AboveAuthorityThreshold => match &conditions.data {
                Some(data) if !has(data, DataCategory::PersonalInformation) => Truth::No,
                _ => Truth::from(conditions.above_authority_threshold),
            },
            Atom::CrossBorder => Truth::from(conditions.cross_border),
            Atom::Jurisdiction(jurisdiction) => {
                Truth::from(conditions.jurisdictions.as_ref().map(|all| all.contains(&jurisdiction)))
            }
        }
    }

    /// The jurisdictions that the operator says it is under; mainland China where it says nothing.
    pub fn jurisdictions(&self) -> Vec<Jurisdiction> {
        self.system.conditions.jurisdictions.clone().unwrap_or_else(|| vec![Jurisdiction::China])
    }

    /// Said outright, or by a product or a key in the description. Whoever uses it is a user.
    fn uses_cryptography(&self) -> bool {
        let said = self.system.conditions.uses.as_ref().is_some_and(|uses| uses.contains(&Technique::Cryptography));
        said || !self.system.product.is_empty() || !self.system.key.is_empty()
    }

    fn in_sector(&self, sector: Sector) -> Option<bool> {
        let Some(sectors) = &self.system.conditions.sectors else {
            // `[system] sector` names one; whether there are more it does not say.
            let named = self.system.system.sector.as_deref()?;
            let named = if named == "health" { "healthcare" } else { named };
            return (crate::register::word_of(&sector) == named).then_some(true);
        };
        Some(sectors.contains(&sector))
    }
}

/// Sensitive, minors', face and financial information are personal information, whether it is listed beside them or not.
pub(super) fn has(data: &[DataCategory], category: DataCategory) -> bool {
    use DataCategory::{
        Core, Face, FinancialPersonal, Important, Minors, PersonalInformation, SensitivePersonalInformation,
        StateSecret,
    };
    data.iter().any(|listed| {
        *listed == category
            || match category {
                PersonalInformation => {
                    matches!(listed, SensitivePersonalInformation | Minors | Face | FinancialPersonal)
                }
                // 个人信息保护法 第二十八条: biometrics, finance and those under fourteen are sensitive.
                SensitivePersonalInformation => matches!(listed, Minors | Face | FinancialPersonal),
                Minors | Face | FinancialPersonal | Important | Core | StateSecret => false,
            }
    })
}
