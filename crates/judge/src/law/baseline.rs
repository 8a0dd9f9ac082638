//! `structure.toml` and `indicators/*.md`: what must be judged at each level.

use super::datum::{Form, datum};
use dengmi_core::{Decimal, IndicatorId, ItemId, Text, system::SubjectKind};
use serde::Deserialize;
use std::collections::BTreeMap;

/// 安全层面, by its id such as `network`.
pub type LayerId = Box<str>;

/// 技术或管理: the two groups of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// 技术要求, judged by D, A and K.
    Technical,
    /// 管理要求, judged by conformity.
    Management,
}

/// 可、宜、应: how strongly a level asks for an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modal {
    /// The level has no such requirement.
    None,
    /// 可.
    May,
    /// 宜.
    Should,
    /// 应.
    Shall,
}

/// What an indicator protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// 真实性.
    Authenticity,
    /// 完整性.
    Integrity,
    /// 机密性.
    Confidentiality,
    /// 不可否认性.
    NonRepudiation,
}

datum! {
    /// 测评指标: one requirement with its figures for levels 1 to 4, in this order.
    pub struct Indicator {
        /// Such as `NET-ID`.
        pub id: IndicatorId,
        /// Its place in the standard's table, from 1.
        pub order: u8,
        /// 安全层面.
        pub layer: LayerId,
        /// What it protects; management indicators protect nothing by themselves.
        #[serde(default)]
        pub property: Vec<Property>,
        /// 可、宜、应 per level.
        pub modal: [Modal; 4],
        /// 指标权重 per level; 0 where the level has no such unit.
        pub weight: [Decimal; 4],
        /// 条款 per level; empty where the level has none.
        pub clause: [Box<str>; 4],
        /// 测评单元 of GB/T 43206-2023.
        pub unit: Box<str>,
        /// What one subject is.
        pub subject: SubjectKind,
        /// The high-risk items that name it.
        pub high_risk: Vec<ItemId>,
        /// How it is judged: expressions over named predicates, read elsewhere.
        #[serde(default)]
        pub judge: Option<toml::Table>,
        /// What is asked, what evidence decides, what it is confused with. Read from the paragraphs, not from the table.
        #[serde(skip, default = "unread")]
        pub asks: Text,
    }
}

fn unread() -> Text {
    Text { zh: "".into(), en: "".into() }
}

impl Indicator {
    /// Whether a level has this unit at all.
    pub fn exists_at(&self, level: u8) -> bool {
        self.modal_at(level) != Modal::None
    }

    /// 可、宜、应 at a level of 1 to 4; `None` for any other.
    pub fn modal_at(&self, level: u8) -> Modal {
        place(level).and_then(|place| self.modal.get(place)).copied().unwrap_or(Modal::None)
    }

    /// Its weight at a level that has it.
    pub fn weight_at(&self, level: u8) -> Option<Decimal> {
        place(level).and_then(|place| self.weight.get(place)).copied().filter(|_| self.exists_at(level))
    }

    /// Its clause at a level that has it.
    pub fn clause_at(&self, level: u8) -> Option<&str> {
        place(level)
            .and_then(|place| self.clause.get(place))
            .map(|clause| &**clause)
            .filter(|clause| !clause.is_empty())
    }
}

fn place(level: u8) -> Option<usize> {
    level.checked_sub(1).map(usize::from)
}

datum! {
    /// 安全层面.
    pub struct Layer {
        /// Such as `network`.
        pub id: LayerId,
        /// Its place, from 1.
        pub order: u8,
        /// Technical or management.
        pub group: Group,
    }
}

datum! {
    /// A clause that is not a unit and how it acts instead.
    pub struct Unscored {
        /// Such as `8.2 f)`.
        pub clause: Box<str>,
        /// 等级.
        pub level: u8,
        /// 安全层面.
        pub layer: LayerId,
        /// `service` or `product`.
        pub kind: Box<str>,
    }
}

datum! {
    /// 总体要求: asked at every level, never scored apart.
    pub struct General {
        /// Such as `G-ALG`.
        pub id: Box<str>,
        /// Such as `5 a)`.
        pub clause: Box<str>,
    }
}

datum! {
    /// The module grade (GB/T 37092) that a level needs.
    pub struct ProductGrade {
        /// 等级 of the system.
        pub level: u8,
        /// Lowest grade of the module; 0 where none is asked.
        pub grade: u8,
    }
}

datum! {
    /// What 可, 宜 and 应 mean in an assessment.
    pub struct ModalRule {
        /// Which.
        pub id: Modal,
        /// The Chinese word.
        pub word: Box<str>,
    }
}

/// How many lettered items a section of the standard has at one level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// 等级.
    pub level: u8,
    /// 安全层面.
    pub layer: LayerId,
    /// Such as `8.2`.
    pub number: Box<str>,
    /// Items from `a)` on; 0 where the section is one sentence without letters.
    pub items: u8,
    /// Source keys.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: super::Confidence,
    /// Fields that are trusted differently.
    #[serde(default)]
    pub confidence_by_field: BTreeMap<Box<str>, Box<str>>,
}

impl Section {
    /// The clauses it has.
    pub fn clauses(&self) -> impl Iterator<Item = String> + '_ {
        let alone = (self.items == 0).then(|| self.number.to_string());
        let lettered = (b'a'..=b'z')
            .take(usize::from(self.items))
            .map(|letter| format!("{} {})", self.number, char::from(letter)));
        alone.into_iter().chain(lettered)
    }
}

/// `structure.toml`: layers, sections, what is not scored, product grades.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Structure {
    /// The form of the file.
    pub schema: Form,
    /// Levels that have chapters of their own.
    pub levels: Vec<u8>,
    /// How many indicators each of these levels has.
    pub indicators: Vec<usize>,
    /// 安全层面.
    pub layer: Vec<Layer>,
    /// Every section of every level.
    pub section: Vec<Section>,
    /// Clauses that are no unit.
    pub unscored: Vec<Unscored>,
    /// 总体要求.
    pub general: Vec<General>,
    /// 密码产品等级.
    pub product_grade: Vec<ProductGrade>,
    /// 可、宜、应.
    pub modal: Vec<ModalRule>,
}

/// 密码应用基本要求: the structure and all its indicators, in the standard's order.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// Layers, sections, grades.
    pub structure: Structure,
    /// All indicators of all levels.
    pub indicators: Vec<Indicator>,
}

/// What stands behind a clause.
#[derive(Clone, Copy, Debug)]
pub enum Coverage<'b> {
    /// An indicator judges it.
    Indicator(&'b Indicator),
    /// It is no unit and acts otherwise.
    Unscored(&'b Unscored),
}

impl Baseline {
    /// Every clause of a level in the standard's order, with what covers it.
    pub fn coverage(&self, level: u8) -> Vec<(String, Option<Coverage<'_>>)> {
        let sections = self.structure.section.iter().filter(|section| section.level == level);
        let clauses = sections.flat_map(|section| section.clauses());
        let covers = |clause: &str| {
            let indicator = self.indicators_at(level).find(|indicator| indicator.clause_at(level) == Some(clause));
            let unscored = || self.structure.unscored.iter().find(|unscored| &*unscored.clause == clause);
            indicator.map(Coverage::Indicator).or_else(|| unscored().map(Coverage::Unscored))
        };
        clauses.map(|clause| (clause.clone(), covers(&clause))).collect()
    }

    /// The indicators that a level has.
    pub fn indicators_at(&self, level: u8) -> impl Iterator<Item = &Indicator> {
        self.indicators.iter().filter(move |indicator| indicator.exists_at(level))
    }

    /// One indicator, whatever the level.
    pub fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.id.as_str() == id)
    }

    /// One layer.
    pub fn layer(&self, id: &str) -> Option<&Layer> {
        self.structure.layer.iter().find(|layer| &*layer.id == id)
    }

    /// The lowest product grade that a level asks for; 0 where it asks for none.
    pub fn product_grade(&self, level: u8) -> Option<&ProductGrade> {
        self.structure.product_grade.iter().find(|grade| grade.level == level)
    }
}
