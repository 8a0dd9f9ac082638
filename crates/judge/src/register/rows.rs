//! The rows of the register.

use super::condition::Term;
use crate::law::{Form, day, some_day};
use dengmi_core::system::{Jurisdiction, Sector};
use dengmi_core::{Date, IndicatorId, Text};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::collections::BTreeMap;

/// 可信度 of a row of the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// 低: recalled or weakly sourced; not to be relied on.
    Low,
    /// 中: one credible secondary source, or recalled detail around a confirmed core.
    Medium,
    /// 高: read in a copy of the primary text, or two credible sources agree.
    High,
}

/// 依据: what kind of source was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// A copy of the text itself.
    PrimaryText,
    /// An authority's summary.
    OfficialSummary,
    /// A secondary source.
    Secondary,
    /// A law firm.
    LawFirm,
    /// An analysis.
    Analysis,
    /// The press.
    Press,
    /// A contributor's recollection.
    Recollection,
}

/// 文件种类.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstrumentKind {
    /// 法律.
    Law,
    /// 行政法规.
    AdministrativeRegulation,
    /// 部门规章.
    DepartmentalRule,
    /// 规范性文件、政策.
    Policy,
    /// 目录、清单.
    Catalogue,
    /// 推荐性国家标准.
    NationalStandard,
    /// 强制性国家标准.
    NationalStandardMandatory,
    /// 行业标准.
    IndustryStandard,
    /// 草案.
    Draft,
    /// A regulation of another jurisdiction.
    Regulation,
    /// A family of standards of another jurisdiction.
    StandardRegime,
}

/// 效力状态 of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// 草案.
    Draft,
    /// 已发布 (standards).
    Issued,
    /// 已公布.
    Published,
    /// 已通过、未施行.
    Adopted,
    /// 有效.
    InForce,
    /// 有效、宽限期内.
    InForceGrace,
    /// 有效、部分审批取消.
    InForcePartlyLifted,
    /// 有效、与上位法抵触的部分不再适用.
    InForceOverriddenByLaw,
    /// 审批取消.
    ApprovalsLifted,
    /// 部分废止.
    PartlyRepealed,
    /// 暂停.
    Suspended,
    /// 被取代.
    Superseded,
    /// 修正文本施行.
    AmendedVersionApplies,
    /// 废止.
    Repealed,
    /// 失效.
    Lapsed,
    /// 期满.
    PeriodEnded,
    /// 状态不明.
    StatusUnclear,
    /// 征集中.
    OpenCall,
}

impl Status {
    /// Whether the instrument binds or is followed, if only in part.
    pub fn is_in_force(self) -> bool {
        matches!(
            self,
            Status::InForce
                | Status::InForceGrace
                | Status::InForcePartlyLifted
                | Status::InForceOverriddenByLaw
                | Status::ApprovalsLifted
                | Status::PartlyRepealed
        )
    }
}

/// A status and its first day.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StatusFrom {
    /// The first day.
    #[serde(deserialize_with = "day", serialize_with = "dengmi_core::date::as_date::serialize")]
    pub from: Date,
    /// The status.
    pub status: Status,
}

/// What happened on a day of an instrument's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateKind {
    /// 草案公布.
    Draft,
    /// 列入立法计划.
    PlanListing,
    /// 征求意见截止.
    ConsultationClosed,
    /// First adopted, where later texts replaced the first.
    FirstAdopted,
    /// 通过.
    Adopted,
    /// Enacted.
    Enacted,
    /// Royal assent.
    Assent,
    /// 公布.
    Promulgated,
    /// 印发、发布.
    Issued,
    /// 刊登.
    Published,
    /// 清单发布.
    ListIssued,
    /// 施行.
    Effective,
    /// 强制实施.
    MandateEffective,
    /// 宽限期止.
    GraceUntil,
    /// Storage duties begin.
    StorageFrom,
    /// 修正.
    Amended,
    /// 暂停.
    Suspended,
    /// Rejected by ISO.
    IsoRejected,
    /// 被取代.
    Superseded,
    /// 废止.
    Repealed,
}

/// 法规、标准或政策: one folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// The form of the file.
    pub schema: Form,
    /// The folder's name.
    pub id: Box<str>,
    /// 法域.
    pub jurisdiction: Jurisdiction,
    /// Instruments of one family regulate one thing.
    pub family: Box<str>,
    /// What kind of document it is.
    pub kind: InstrumentKind,
    /// Drafts, recommended standards and soft policy are not binding. A recommended standard may bind through graded protection
    /// or a contract.
    pub binding: bool,
    /// 中文.
    pub zh: Box<str>,
    /// 汉语拼音.
    pub pinyin: Box<str>,
    /// English.
    pub en: Box<str>,
    /// 文号.
    pub number: Text,
    /// 制定机关.
    pub issuers: Vec<Text>,
    /// What is not known is not there.
    #[serde(deserialize_with = "days")]
    pub dates: BTreeMap<DateKind, Date>,
    /// In the order of their days.
    pub timeline: Vec<StatusFrom>,
    /// What took its place.
    #[serde(default)]
    pub superseded_by: Option<Box<str>>,
    /// The sectors it speaks to; `all`: every one.
    pub sectors: Vec<Box<str>>,
    /// Whom it speaks to, in words.
    pub roles: Vec<Box<str>>,
    /// What it does.
    pub summary: Text,
    /// What a reader must know besides.
    #[serde(default)]
    pub note: Option<Text>,
    /// When somebody last looked.
    #[serde(deserialize_with = "day")]
    pub last_checked: Date,
    /// Keys of `sources`.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Certainty,
    /// On what.
    pub basis: Basis,
    /// Source keys of the folder and what they stand for.
    pub sources: BTreeMap<Box<str>, Box<str>>,
}

impl Instrument {
    /// Both titles.
    pub fn title(&self) -> Text {
        Text { zh: self.zh.clone(), en: self.en.clone() }
    }

    /// Its status on a day; `None`: there was nothing yet.
    pub fn status(&self, day: Date) -> Option<Status> {
        self.timeline.iter().rev().find(|status| status.from <= day).map(|status| status.status)
    }
}

/// 领域.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// 算法与密码使用.
    Algorithm,
    /// 产品检测认证.
    ProductCertification,
    /// 传输加密.
    TransportEncryption,
    /// 存储加密.
    StorageEncryption,
    /// 完整性.
    Integrity,
    /// 身份.
    Identity,
    /// 密钥管理.
    KeyCustody,
    /// 测评与评估.
    Assessment,
    /// 备案与报送.
    Filing,
    /// 日志留存.
    LogRetention,
    /// 境内存储与出境.
    Localization,
    /// 进出口.
    ImportExport,
    /// 采购审查.
    ProcurementReview,
    /// 技术支持与协助.
    TechnicalAssistance,
    /// 披露与报告.
    Disclosure,
    /// 个人权利.
    UserRights,
    /// 组织与制度.
    Governance,
}

impl Area {
    /// Every area, in the order in which they are printed.
    pub const ALL: [Area; 17] = [
        Area::TransportEncryption,
        Area::StorageEncryption,
        Area::Integrity,
        Area::Identity,
        Area::Algorithm,
        Area::ProductCertification,
        Area::KeyCustody,
        Area::Assessment,
        Area::Filing,
        Area::LogRetention,
        Area::Localization,
        Area::ImportExport,
        Area::ProcurementReview,
        Area::TechnicalAssistance,
        Area::Disclosure,
        Area::UserRights,
        Area::Governance,
    ];
}

/// 强度.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// 应当.
    Must,
    /// 不得.
    Prohibited,
    /// 宜.
    Should,
    /// 可以.
    May,
}

/// 指向: whom a duty serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pull {
    /// 保护: helps users or systems stay safe.
    Protection,
    /// 获取: helps the state see, control or be informed.
    Access,
    /// 兼有.
    Mixed,
    /// 产业: domestic algorithms, products or supply.
    Industrial,
}

impl Pull {
    /// Every word.
    pub const ALL: [Pull; 4] = [Pull::Protection, Pull::Access, Pull::Mixed, Pull::Industrial];
}

/// Where the number of an article comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArticleBasis {
    /// Seen in a listed source.
    Source,
    /// From memory: printed as not confirmed, without the number.
    Recalled,
    /// Not known.
    Unknown,
}

/// Who can see whether a duty is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observability {
    /// Software can measure it.
    Automatic,
    /// Software can check a document, a date or a record.
    Document,
    /// It needs a person's judgement.
    Human,
    /// It cannot be seen from outside.
    NotObservable,
    /// No evidence is asked for.
    NotNeeded,
}

/// What shows a duty met, where a program can tell: a closed set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// `units:NET-CONF,APP-SCONF`: determinations of these units.
    Units(Vec<IndicatorId>),
    /// `algorithms`: A of every technical unit.
    Algorithms,
    /// `products-certified`: each stated product has a certificate that was valid on the day of its contract.
    ProductsCertified,
    /// `product-grade:2`: and at least this security grade.
    ProductGrade(u8),
    /// `logs-kept:6`: months.
    LogsKept(u32),
    /// `transactions-kept:36`: months.
    TransactionsKept(u32),
    /// `stored-in:CN`: nowhere else.
    StoredIn(Jurisdiction),
    /// `graded`: a filed level, or answers from which one follows.
    Graded,
    /// `filed`: the day of the filing.
    Filed,
    /// `graded-assessment-within:12`: the last 等级测评 is not older, in months.
    GradedAssessmentWithin(u32),
    /// `cryptography-assessment-within:12`: the last 密评 is not older, in months.
    CryptographyAssessmentWithin(u32),
    /// `cryptography-assessment-before-launch`: the first 密评 came before the first day of operation.
    CryptographyAssessmentBeforeLaunch,
    /// `cryptography-assessment-filed:30`: each result was filed within so many days; without a number: was filed.
    CryptographyAssessmentFiled(Option<u32>),
    /// `plan-assessed`: 方案评估.
    PlanAssessed,
}

impl<'de> Deserialize<'de> for ShownBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        let (word, value) = text.split_once(':').map_or((&*text, None), |(word, value)| (word, Some(value)));
        let wrong = || D::Error::custom(format_args!("no evidence predicate is written {text:?}"));
        let number = || value.and_then(|value| value.parse::<u32>().ok()).ok_or_else(wrong);
        Ok(match (word, value) {
            ("units", Some(units)) => ShownBy::Units(units.split(',').map(IndicatorId::from).collect()),
            ("algorithms", None) => ShownBy::Algorithms,
            ("products-certified", None) => ShownBy::ProductsCertified,
            ("product-grade", _) => ShownBy::ProductGrade(u8::try_from(number()?).map_err(|_| wrong())?),
            ("logs-kept", _) => ShownBy::LogsKept(number()?),
            ("transactions-kept", _) => ShownBy::TransactionsKept(number()?),
            ("stored-in", Some(place)) => ShownBy::StoredIn(super::condition::word(place).ok_or_else(wrong)?),
            ("graded", None) => ShownBy::Graded,
            ("filed", None) => ShownBy::Filed,
            ("graded-assessment-within", _) => ShownBy::GradedAssessmentWithin(number()?),
            ("cryptography-assessment-within", _) => ShownBy::CryptographyAssessmentWithin(number()?),
            ("cryptography-assessment-before-launch", None) => ShownBy::CryptographyAssessmentBeforeLaunch,
            ("cryptography-assessment-filed", None) => ShownBy::CryptographyAssessmentFiled(None),
            ("cryptography-assessment-filed", _) => ShownBy::CryptographyAssessmentFiled(Some(number()?)),
            ("plan-assessed", None) => ShownBy::PlanAssessed,
            _ => return Err(wrong()),
        })
    }
}

/// 义务.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Its name.
    pub id: Box<str>,
    /// The folder it stands in; set by the loader.
    #[serde(skip)]
    pub instrument: Box<str>,
    /// 条.
    #[serde(default)]
    pub article: Option<Box<str>>,
    /// Where the number comes from.
    pub article_basis: ArticleBasis,
    /// 领域.
    pub area: Area,
    /// 强度.
    pub strength: Strength,
    /// 指向.
    pub pull: Pull,
    /// 主体, in words.
    pub subject: Text,
    /// 条件, in words.
    pub condition: Text,
    /// 中文: our paraphrase.
    pub zh: Box<str>,
    /// English: our paraphrase.
    pub en: Box<str>,
    /// 执法机关: keys of the register's `enforcers`.
    pub enforcers: Vec<Box<str>>,
    /// All of these must hold.
    pub applies_when: Vec<Term>,
    /// The sectors it matters in most. Decides nothing.
    pub sectors: Vec<Box<str>>,
    /// What would show it met.
    pub evidence: Vec<Text>,
    /// What of that a program can tell.
    #[serde(default)]
    pub shown_by: Option<ShownBy>,
    /// Who can see it.
    pub observability: Observability,
    /// The first day; `None`: not known, so in force on no day.
    #[serde(default, deserialize_with = "some_day")]
    pub from: Option<Date>,
    /// The first day on which it is in force no more.
    #[serde(default, deserialize_with = "some_day")]
    pub to: Option<Date>,
    /// Was never law.
    #[serde(default)]
    pub draft: bool,
    /// Legally binding by itself.
    pub binding: bool,
    /// The same duty in the text that came after.
    #[serde(default)]
    pub successor: Option<Box<str>>,
    /// What a reader must know besides.
    #[serde(default)]
    pub note: Option<Text>,
    /// Keys of the instrument's `sources`.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Certainty,
}

impl Duty {
    /// Both languages.
    pub fn text(&self) -> Text {
        Text { zh: self.zh.clone(), en: self.en.clone() }
    }

    /// Whether it is in force. Drafts and duties without a first day never are.
    pub fn in_force(&self, day: Date) -> bool {
        !self.draft && self.from.is_some_and(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    /// The number of the article, where a source shows it. A number that is only recalled is not given.
    pub fn confirmed_article(&self) -> Option<&str> {
        self.article.as_deref().filter(|_| self.article_basis == ArticleBasis::Source)
    }
}

/// `register.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The form of the file.
    pub schema: Form,
    /// The edition of the pack, such as `2026.11`: a later one sorts after.
    pub version: Box<str>,
    /// The day on which it was checked last: what came later is not in it.
    #[serde(deserialize_with = "day")]
    pub as_of: Date,
    /// The words of `enforcers`, in full.
    pub enforcers: BTreeMap<Box<str>, Text>,
}

/// 机构.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Its name.
    pub id: Box<str>,
    /// 中文.
    pub zh: Box<str>,
    /// 汉语拼音.
    pub pinyin: Box<str>,
    /// English.
    pub en: Box<str>,
    /// Year, month or day of its founding.
    #[serde(default)]
    pub since: Option<Box<str>>,
    /// What it is: `regulator`, `standards-body` …
    pub role: Box<str>,
    /// What it does.
    pub summary: Text,
    /// Keys of the file's `sources`.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Certainty,
}

/// Something that happened.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its name.
    pub id: Box<str>,
    /// Year, month or day, as far as it is known.
    pub date: Box<str>,
    /// `regulation`, `trade`, `standards` …
    pub kind: Box<str>,
    /// 中文.
    pub zh: Box<str>,
    /// English.
    pub en: Box<str>,
    /// What it concerns.
    pub instruments: Vec<Box<str>>,
    /// More.
    #[serde(default)]
    pub note: Option<Text>,
    /// Keys of the file's `sources`.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Certainty,
}

/// What a sector lives under.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectorNote {
    /// 行业.
    pub id: Box<str>,
    /// Instruments that matter most.
    pub instruments: Vec<Box<str>>,
    /// 中文.
    pub zh: Box<str>,
    /// English.
    pub en: Box<str>,
    /// Keys of the file's `sources`.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Certainty,
}

/// What a claim turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingIs {
    /// It holds as said.
    Confirmed,
    /// It holds only with a correction, or does not hold.
    Corrected,
    /// Background on which no rule stands.
    Context,
    /// It could not be confirmed.
    Open,
}

/// A claim or mechanism of the article of 2019-05-30, and what checking found.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Its name.
    pub id: Box<str>,
    /// What it turned out to be.
    pub is: FindingIs,
    /// 中文.
    pub zh: Box<str>,
    /// English.
    pub en: Box<str>,
    /// What the article says, in our words.
    pub says: Text,
    /// What was found.
    pub finding: Text,
    /// Instruments it is about.
    pub instruments: Vec<Box<str>>,
    /// Duties it is about.
    pub duties: Vec<Box<str>>,
    /// What a program could show of it.
    #[serde(default)]
    pub automatic_evidence: Option<Text>,
    /// What else could.
    #[serde(default)]
    pub other_evidence: Option<Text>,
    /// More.
    #[serde(default)]
    pub note: Option<Text>,
    /// Who can see it, in words.
    pub observability: Box<str>,
    /// Keys of the file's `sources`.
    pub source: Vec<Box<str>>,
    /// How surely the article says it.
    pub confidence: Certainty,
    /// How surely the finding is right.
    pub finding_confidence: Certainty,
}

/// Duties of two jurisdictions that pull an operator under both in opposite directions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// Its name.
    pub id: Box<str>,
    /// What forbids or keeps.
    pub one: Box<str>,
    /// What demands.
    pub others: Vec<Box<str>>,
    /// 中文.
    pub zh: Box<str>,
    /// English.
    pub en: Box<str>,
    /// Keys of the file's `sources`.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Certainty,
}

/// `renumbering.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renumbering {
    /// The form of the file.
    pub schema: Form,
    /// The text whose numbers changed.
    pub predecessor: Box<str>,
    /// Article by article.
    pub article: Vec<Renumbered>,
}

/// An article's old and new number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renumbered {
    /// The number before.
    pub was: Box<str>,
    /// The number since.
    pub is: Box<str>,
    /// How the pair was found: `same-text`, `amended-text`, `by-hand`.
    pub r#match: Box<str>,
    /// Keys of the instrument's `sources`.
    pub source: Vec<Box<str>>,
    /// How far to trust it.
    pub confidence: Certainty,
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<DateKind, Date>, D::Error> {
    #[derive(Deserialize)]
    struct Day(#[serde(deserialize_with = "day")] Date);
    let days = BTreeMap::<DateKind, Day>::deserialize(deserializer)?;
    Ok(days.into_iter().map(|(kind, day)| (kind, day.0)).collect())
}

/// Sectors as the register writes them, beside those that a description may name.
pub(super) fn is_sector(word: &str) -> bool {
    matches!(word, "all" | "cii") || super::condition::word::<Sector>(word).is_some()
}
