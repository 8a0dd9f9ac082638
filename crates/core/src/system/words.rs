//! The tables of `system.toml`, one struct each.

use super::conditions::{Conditions, DataCategory, Records};
use crate::{Date, Method, StatedValue};
use serde::{Deserialize, Deserializer, de::Error};
use std::num::NonZeroUsize;

/// A word with its place in the file, so that a wrong one can be pointed at.
pub type Spot = toml::Spanned<Box<str>>;

/// The described system. `line` of a [`Spot`] is told by [`System::line`].
#[derive(Clone, Debug)]
pub struct System {
    /// What the file says.
    pub(super) tables: Tables,
    /// The byte at which each line begins.
    pub(super) lines: Vec<usize>,
}

impl std::ops::Deref for System {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

/// The tables as they stand in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// `[system]`
    pub system: About,
    /// `[grade]`
    #[serde(default)]
    pub grade: Grade,
    /// `[conditions]`
    #[serde(default)]
    pub conditions: Conditions,
    /// `[records]`
    #[serde(default)]
    pub records: Records,
    /// `[plan]`
    #[serde(default)]
    pub plan: Plan,
    /// `[subjects]`
    #[serde(default)]
    pub subjects: Confirmation,
    /// `[[room]]`
    #[serde(default)]
    pub room: Vec<Room>,
    /// `[[channel]]`
    #[serde(default)]
    pub channel: Vec<Channel>,
    /// `[[device]]`
    #[serde(default)]
    pub device: Vec<Device>,
    /// `[[application]]`
    #[serde(default)]
    pub application: Vec<Application>,
    /// `[[data]]`
    #[serde(default)]
    pub data: Vec<Data>,
    /// `[[action]]`
    #[serde(default)]
    pub action: Vec<Action>,
    /// `[[product]]`
    #[serde(default)]
    pub product: Vec<Product>,
    /// `[[key]]`
    #[serde(default)]
    pub key: Vec<Key>,
    /// `[[service]]`
    #[serde(default)]
    pub service: Vec<Service>,
    /// `[[reuse]]`
    #[serde(default)]
    pub reuse: Vec<Reuse>,
    /// `[[scope]]`
    #[serde(default)]
    pub scope: Vec<Scope>,
    /// `[[statement]]`
    #[serde(default)]
    pub statement: Vec<Stated>,
    /// `[[management]]`
    #[serde(default)]
    pub management: Vec<Management>,
    /// `[[ruling]]`
    #[serde(default)]
    pub ruling: Vec<Ruling>,
    /// `[[mitigation]]`
    #[serde(default)]
    pub mitigation: Vec<Mitigation>,
    /// `[collect]`
    #[serde(default)]
    pub collect: Collect,
}

/// 系统概况.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// 系统名称.
    pub name: Box<str>,
    /// 运营者.
    pub operator: Box<str>,
    /// 行业: `health`, `finance`, `government` …
    #[serde(default)]
    pub sector: Option<Box<str>>,
    /// 投入运行日期.
    #[serde(default, deserialize_with = "date")]
    pub live_since: Option<Date>,
    /// 改造后重新投入运行日期.
    #[serde(default, deserialize_with = "date")]
    pub relaunched: Option<Date>,
    /// 试运行.
    #[serde(default)]
    pub trial: bool,
    /// 评估人, printed on the first page.
    #[serde(default)]
    pub assessor: Option<Box<str>>,
    /// 评估日期. Without it the program takes the day of the run.
    #[serde(default, deserialize_with = "date")]
    pub assessed_on: Option<Date>,
}

/// 定级: the filed level, or the answers from which one follows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// 备案等级, 1 to 5.
    #[serde(default)]
    pub filed: Option<u8>,
    /// 密码应用等级: not below the filed level, may be above.
    #[serde(default)]
    pub cryptography_level: Option<u8>,
    /// 业务信息安全被破坏时: harmed objects and degrees.
    #[serde(default)]
    pub business_information: Vec<Harm>,
    /// 系统服务安全被破坏时: harmed objects and degrees.
    #[serde(default)]
    pub system_service: Vec<Harm>,
}

/// One answer: who is harmed, how much.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Harm {
    /// `citizens`, `public` or `national`.
    pub object: Spot,
    /// `general`, `severe` or `especially-severe`.
    pub degree: Spot,
}

/// 密码应用方案.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How far it got.
    #[serde(default)]
    pub state: Option<PlanState>,
    /// The day of that state.
    #[serde(default, deserialize_with = "date")]
    pub on: Option<Date>,
    /// The document.
    #[serde(default)]
    pub artifact: Option<Spot>,
}

/// 方案状态.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// 无.
    None,
    /// 草案.
    Draft,
    /// 已评审.
    Reviewed,
    /// 已通过评估.
    Assessed,
    /// 改造方案, 已通过评估.
    Renovation,
}

/// 测评对象清单的确认.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Who confirms that the list of subjects is complete.
    #[serde(default)]
    pub confirmed_by: Option<Box<str>>,
    /// When.
    #[serde(default, deserialize_with = "date")]
    pub on: Option<Date>,
}

/// 物理环境: a room or area with important equipment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// Its name.
    pub id: Spot,
    /// Whose it is.
    #[serde(default)]
    pub owner: Option<RoomOwner>,
    /// The report whose result is taken over.
    #[serde(default)]
    pub reuse: Option<Spot>,
}

/// 机房归属.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoomOwner {
    /// 自有.
    Own,
    /// 托管.
    Hosted,
    /// 云.
    Cloud,
}

/// 通信信道: who talks to whom across which boundary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name.
    pub id: Spot,
    /// Who uses it.
    #[serde(default)]
    pub population: Option<Box<str>>,
    /// With what.
    #[serde(default)]
    pub client: Option<Box<str>>,
    /// Is it technically sure that no other client can use it?
    #[serde(default)]
    pub clients_limited: Option<bool>,
    /// `HOST:PORT` of each end that can be probed, or `SCHEME://HOST`; the lowest counts.
    #[serde(default)]
    pub ends: Vec<Spot>,
    /// The name to ask for (server name indication) and to find in the certificate.
    #[serde(default)]
    pub server_name: Option<Box<str>>,
    /// The product that holds the keys of our end.
    #[serde(default)]
    pub product: Option<Spot>,
    /// The device that holds the boundary rules.
    #[serde(default)]
    pub boundary: Option<Spot>,
    /// The important data that travel on it.
    #[serde(default)]
    pub carries: Vec<Spot>,
    /// Whose the other end is.
    #[serde(default)]
    pub peer_owner: Option<PeerOwner>,
    /// Do devices connect to the internal network over it from outside?
    #[serde(default)]
    pub outside_devices: Option<bool>,
}

/// 对端归属.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeerOwner {
    /// 本单位.
    Own,
    /// 其他单位.
    Other,
}

/// 设备: a class of equal hardware, system and middleware, or of one product certificate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name.
    pub id: Spot,
    /// What it is.
    pub kind: DeviceKind,
    /// The certified product it is.
    #[serde(default)]
    pub product: Option<Spot>,
    /// The machines of the class.
    #[serde(default)]
    pub members: Vec<Box<str>>,
    /// The room they stand in.
    #[serde(default)]
    pub room: Option<Spot>,
    /// How administrators log in.
    #[serde(default)]
    pub login: Vec<Box<str>>,
    /// Every management hop. An empty list claims: console only.
    #[serde(default)]
    pub management: Option<Vec<Box<str>>>,
    /// `HOST:PORT` of each management service that can be probed, or `SCHEME://HOST`.
    #[serde(default)]
    pub management_ends: Vec<Spot>,
    /// The product that holds the keys of the management service.
    #[serde(default)]
    pub management_product: Option<Spot>,
    /// Important executables.
    #[serde(default)]
    pub executables: Option<Box<str>>,
    /// Are security labels in use?
    #[serde(default)]
    pub labels: Option<bool>,
}

/// 设备类别.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// 通用服务器.
    GeneralServer,
    /// 已认证的密码产品整机.
    CertifiedProduct,
    /// 网络设备.
    Network,
    /// 安全设备.
    Security,
    /// 数据库.
    Database,
    /// 终端.
    Terminal,
}

/// 应用.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its name.
    pub id: Spot,
    /// Its classes of users.
    #[serde(default)]
    pub users: Vec<User>,
    /// Where permissions are stored.
    #[serde(default)]
    pub access_control: Option<Box<str>>,
    /// Are security labels in use?
    #[serde(default)]
    pub labels: Option<bool>,
}

/// 用户类别.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its name; the subject is called `APPLICATION.USER`.
    pub id: Spot,
    /// How they log in.
    #[serde(default)]
    pub login: Option<Box<str>>,
    /// The product that holds their keys.
    #[serde(default)]
    pub product: Option<Spot>,
    /// The report whose result is taken over.
    #[serde(default)]
    pub reuse: Option<Spot>,
}

/// 重要数据.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Its name.
    pub id: Spot,
    /// The application it belongs to.
    pub application: Spot,
    /// A special kind: `password`.
    #[serde(default)]
    pub kind: Option<Box<str>>,
    /// What it is in the law's words. Duties on such data look here.
    #[serde(default)]
    pub categories: Vec<DataCategory>,
    /// What it needs.
    pub needs: Vec<Need>,
    /// Where it is kept: tables, files, exports, backups.
    #[serde(default)]
    pub places: Vec<Box<str>>,
    /// The document that made it important.
    #[serde(default)]
    pub basis: Option<Spot>,
    /// The product that protects it.
    #[serde(default)]
    pub product: Option<Spot>,
}

/// 保护需求: which of the four units a kind of data is a subject of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Need {
    /// 传输机密性.
    #[serde(rename = "TCONF")]
    TransmissionConfidentiality,
    /// 传输完整性.
    #[serde(rename = "TINT")]
    TransmissionIntegrity,
    /// 存储机密性.
    #[serde(rename = "SCONF")]
    StorageConfidentiality,
    /// 存储完整性.
    #[serde(rename = "SINT")]
    StorageIntegrity,
}

impl Need {
    /// The indicator of this need.
    pub fn indicator(self) -> &'static str {
        match self {
            Need::TransmissionConfidentiality => "APP-TCONF",
            Need::TransmissionIntegrity => "APP-TINT",
            Need::StorageConfidentiality => "APP-SCONF",
            Need::StorageIntegrity => "APP-SINT",
        }
    }
}

/// 业务行为.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name.
    pub id: Spot,
    /// The application.
    pub application: Spot,
    /// Can legal liability arise from it?
    #[serde(default)]
    pub legal_liability: Option<bool>,
    /// The product that signs.
    #[serde(default)]
    pub product: Option<Spot>,
}

/// 密码产品, as stated. Nothing here is checked against the certifier's register.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its name.
    pub id: Spot,
    /// 产品类别.
    pub kind: Box<str>,
    /// 证书编号; none: it has no certificate.
    #[serde(default)]
    pub certificate: Option<Box<str>>,
    /// 发证机构.
    #[serde(default)]
    pub issuer: Option<Box<str>>,
    /// 安全等级 of the certificate, 1 to 4.
    #[serde(default)]
    pub grade: Option<u8>,
    /// First and last day of the certificate.
    #[serde(default, deserialize_with = "dates")]
    pub valid: Option<[Date; 2]>,
    /// The day of the purchase contract.
    #[serde(default, deserialize_with = "date")]
    pub contract: Option<Date>,
    /// The tested version.
    #[serde(default)]
    pub tested_version: Option<Box<str>>,
    /// The deployed version.
    #[serde(default)]
    pub deployed_version: Option<Box<str>>,
    /// Which functions the test covered: `TLCP`, `SM4`, `HMAC-SM3` …
    #[serde(default)]
    pub functions_tested: Option<Vec<Box<str>>>,
    /// Which parts the certificate covers.
    #[serde(default)]
    pub covers: Vec<Box<str>>,
    /// The security policy document.
    #[serde(default)]
    pub policy_document: Option<Spot>,
    /// Is it deployed by its security policy? Who found that belongs into a statement.
    #[serde(default)]
    pub policy_followed: Option<bool>,
}

/// 密钥.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its name.
    pub id: Spot,
    /// 算法.
    #[serde(default)]
    pub algorithm: Option<Box<str>>,
    /// 产生: a product, or `software`.
    #[serde(default)]
    pub made_in: Option<Spot>,
    /// 存储: a product, or `software-keystore`, `configuration-file`, `source-code`, `database`.
    #[serde(default)]
    pub kept_in: Option<Spot>,
    /// 是否出产品: `never`, or how it is wrapped.
    #[serde(default)]
    pub outside: Option<Box<str>>,
    /// 更新.
    #[serde(default)]
    pub replaced: Option<Box<str>>,
    /// 备份.
    #[serde(default)]
    pub backup: Option<Box<str>>,
    /// 销毁.
    #[serde(default)]
    pub destroyed: Option<Box<str>>,
    /// `INDICATOR SUBJECT`, each verdict it serves.
    #[serde(default)]
    pub serves: Vec<Spot>,
    /// Is it managed as the reviewed plan says?
    #[serde(default)]
    pub as_planned: Option<bool>,
    /// Hazards of Annex A of the high-risk guide that were found: `A-c1` …
    #[serde(default)]
    pub hazards: Vec<Spot>,
}

/// 密码服务.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub id: Spot,
    /// 服务类别.
    pub kind: Box<str>,
    /// 许可.
    #[serde(default)]
    pub licence: Option<Box<str>>,
}

/// 结果复用: the report of a platform whose results are taken over.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reuse {
    /// Its name.
    pub id: Spot,
    /// 报告编号.
    pub report: Box<str>,
    /// The platform's cryptography level.
    #[serde(default)]
    pub level: Option<u8>,
    /// 结论.
    #[serde(default)]
    pub conclusion: Option<ReusedConclusion>,
    /// The day of the report.
    #[serde(default, deserialize_with = "date")]
    pub on: Option<Date>,
    /// Is the report still current (renewed on time)?
    #[serde(default)]
    pub current: Option<bool>,
    /// The results of its units.
    #[serde(default)]
    pub units: Vec<ReusedUnit>,
}

/// 平台结论.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReusedConclusion {
    /// 符合.
    Compliant,
    /// 基本符合.
    BasicallyCompliant,
    /// 不符合.
    NonCompliant,
}

/// The result of one unit in a platform's report.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReusedUnit {
    /// The indicator.
    pub unit: Spot,
    /// `conform`, `partly`, `not-conform`, `not-applicable`.
    pub outcome: Box<str>,
}

/// 适用性决定.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The indicator.
    pub unit: Spot,
    /// One subject of it; none: the whole unit.
    #[serde(default)]
    pub subject: Option<Spot>,
    /// What was decided.
    pub decision: ScopeDecision,
    /// Who decided.
    pub by: Box<str>,
    /// Why.
    pub reason: Box<str>,
    /// The assessor who accepts the argument.
    #[serde(default)]
    pub accepted_by: Option<Box<str>>,
    /// The paper.
    #[serde(default)]
    pub artifact: Option<Spot>,
}

/// 决定.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeDecision {
    /// 纳入: a "可" unit is assessed.
    Included,
    /// 不纳入: a "可" unit is left out.
    Excluded,
    /// 不适用.
    NotApplicable,
    /// 不是测评对象.
    NotASubject,
}

/// 陈述 as it stands in the file; see [`Statement`](crate::Statement).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The subject, product, key or application it is about.
    pub about: Spot,
    /// The indicator it is meant for, where the subject serves several.
    #[serde(default)]
    pub unit: Option<Spot>,
    /// Which fact.
    pub kind: Spot,
    /// Its value.
    pub value: StatedValue,
    /// How it was obtained.
    pub method: Method,
    /// Who says so.
    pub by: Box<str>,
    /// When.
    #[serde(deserialize_with = "some_date")]
    pub on: Date,
    /// The paper or picture.
    #[serde(default)]
    pub artifact: Option<Spot>,
}

/// 管理类证据. A list that is empty says: asked, and nothing was shown. A key that is missing says nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// The indicator.
    pub unit: Spot,
    /// 制度文件.
    #[serde(default)]
    pub documents: Option<Vec<Spot>>,
    /// 已批准发布?
    #[serde(default)]
    pub published: Option<bool>,
    /// 已执行?
    #[serde(default)]
    pub practised: Option<bool>,
    /// 记录.
    #[serde(default)]
    pub records: Option<Vec<Spot>>,
}

/// 人工裁定: an assessor's named decision, beside the machine's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// The indicator.
    pub unit: Spot,
    /// The subject.
    pub subject: Spot,
    /// D.
    #[serde(default)]
    pub d: Option<Ruled>,
    /// A.
    #[serde(default)]
    pub a: Option<Ruled>,
    /// K.
    #[serde(default)]
    pub k: Option<Ruled>,
    /// A high-risk item that is decided.
    #[serde(default)]
    pub item: Option<Spot>,
    /// Its state.
    #[serde(default)]
    pub risk: Option<RuledRisk>,
    /// Why.
    pub reason: Box<str>,
    /// The assessor.
    pub by: Box<str>,
    /// When.
    #[serde(deserialize_with = "some_date")]
    pub on: Date,
}

/// 判定 of one of D, A, K.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruled {
    /// √
    Pass,
    /// ×
    Fail,
}

/// 高风险状态 that a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuledRisk {
    /// 不构成高风险.
    None,
    /// 高风险.
    Open,
    /// 已缓解.
    Mitigated,
}

/// 缓解措施: a tested fact bound to one item and subject.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mitigation {
    /// The high-risk item: `HR-7.2`.
    pub item: Spot,
    /// Which listed mitigation: `app-encrypts`.
    pub mitigation: Box<str>,
    /// The subject.
    pub subject: Spot,
    /// Was it found to work?
    pub works: bool,
    /// How that was found.
    pub method: Method,
    /// By whom.
    pub by: Box<str>,
    /// When.
    #[serde(deserialize_with = "some_date")]
    pub on: Date,
    /// The record.
    #[serde(default)]
    pub artifact: Option<Spot>,
}

/// What to collect beside the ends that channels and devices name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// Files or folders with trusted roots.
    #[serde(default)]
    pub roots: Vec<Spot>,
    /// Further `HOST:PORT` or `SCHEME://HOST` to look at; they belong to no subject and are listed as such.
    #[serde(default)]
    pub endpoints: Vec<Spot>,
    /// `[[collect.capture]]`
    #[serde(default)]
    pub capture: Vec<Recorded>,
    /// `[[collect.random]]`
    #[serde(default)]
    pub random: Vec<Random>,
}

/// Devices that a description may name: bytes of any other one could be anything, and have no place in a case.
pub const RANDOM_DEVICES: [&str; 3] = ["/dev/random", "/dev/urandom", "/dev/hwrng"];

/// A source of random bits that is tested. A program is none: a description runs nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// A file or a folder of files, beside the description or below; `getrandom` for the generator of the system that collects, or
    /// one of [`RANDOM_DEVICES`].
    pub source: Spot,
    /// The subject, the product or the key that the bits are for.
    pub about: Spot,
    /// How bits are written.
    #[serde(default)]
    pub form: RandomForm,
    /// Which bit of a byte is the first.
    #[serde(default)]
    pub order: BitOrder,
    /// Bits of a sample; without it 10^6.
    #[serde(default)]
    pub bits: Option<NonZeroUsize>,
    /// At most so many samples; without it all, of a source without an end as many as the standard's group has.
    #[serde(default)]
    pub samples: Option<NonZeroUsize>,
}

/// How random bits are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RandomForm {
    /// Bytes as they are.
    #[default]
    Raw,
    /// The letters `0` and `1`.
    Bits,
    /// Hexadecimal digits.
    Hex,
}

/// Which bit of a byte is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BitOrder {
    /// The most significant one.
    #[default]
    Msb,
    /// The least significant one.
    Lsb,
}

impl Random {
    /// Whether the source is no file: a device, or the system's generator.
    pub fn is_endless(&self) -> bool {
        let source = self.source.get_ref();
        &**source == "getrandom" || RANDOM_DEVICES.contains(&&**source)
    }
}

/// Traffic that was recorded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// A capture or a folder of captures, beside the description or below.
    pub file: Spot,
    /// Ends that have another address in the capture than in the description: behind a translation of addresses, or where
    /// the description has a name that clients do not send.
    #[serde(default)]
    pub seen: Vec<SeenAs>,
}

/// At which address a capture shows an end.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenAs {
    /// `ADDRESS:PORT` of the server in the capture.
    pub address: Spot,
    /// The end as a channel, a device or `endpoints` spells it.
    pub end: Spot,
}

pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    some_date(deserializer).map(Some)
}

pub(super) fn some_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    day(toml::value::Datetime::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn dates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[Date; 2]>, D::Error> {
    let [from, to] = <[toml::value::Datetime; 2]>::deserialize(deserializer)?;
    Ok(Some([day(from).map_err(D::Error::custom)?, day(to).map_err(D::Error::custom)?]))
}

fn day(value: toml::value::Datetime) -> Result<Date, String> {
    let wrong = || format!("expected a date such as 2026-11-22, found {value}");
    let date = value.date.filter(|_| value.time.is_none()).ok_or_else(wrong)?;
    let month = time::Month::try_from(date.month).map_err(|_| wrong())?;
    Date::from_calendar_date(i32::from(date.year), month, date.day).map_err(|_| wrong())
}
