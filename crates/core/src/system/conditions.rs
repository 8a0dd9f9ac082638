//! `[conditions]` and `[records]`: what duties of the law depend on, and what shows them met on paper.

use super::words::{date, some_date};
use crate::Date;
use serde::{Deserialize, Serialize};

/// 义务适用条件. A key that is left out is a question to the operator; an empty list says: none of these.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// 法域: where the operator is under the law. Mainland China, where left out.
    #[serde(default)]
    pub jurisdictions: Option<Vec<Jurisdiction>>,
    /// 角色.
    #[serde(default)]
    pub roles: Option<Vec<Role>>,
    /// 行业 and kinds of services.
    #[serde(default)]
    pub sectors: Option<Vec<Sector>>,
    /// Kinds of data that the law knows.
    #[serde(default)]
    pub data: Option<Vec<DataCategory>>,
    /// How many people's personal information is handled.
    #[serde(default)]
    pub personal_information_of: Option<u64>,
    /// Does it reach the number that the national cyberspace administration sets?
    #[serde(default)]
    pub above_authority_threshold: Option<bool>,
    /// 关键信息基础设施.
    #[serde(default)]
    pub critical_infrastructure: Option<Designation>,
    /// 依法要求使用商用密码进行保护.
    #[serde(default)]
    pub cryptography_required: Option<bool>,
    /// Kinds of products that are made, sold or run.
    #[serde(default)]
    pub products: Option<Vec<ProductCategory>>,
    /// What is used.
    #[serde(default)]
    pub uses: Option<Vec<Technique>>,
    /// 数据出境.
    #[serde(default)]
    pub cross_border: Option<bool>,
}

/// Whether somebody with the power to do so has named the system, and since when.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Designation {
    /// Is it designated?
    pub designated: bool,
    /// 认定单位: the protection department.
    #[serde(default)]
    pub by: Option<Box<str>>,
    /// The day of its notice. Without it the answer for a day in the past is not known.
    #[serde(default, deserialize_with = "date")]
    pub since: Option<Date>,
}

/// 记录: days and numbers that a document shows. Statements of the operator, not findings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// 网络日志留存月数: how many months network logs are kept.
    #[serde(default)]
    pub logs_kept_months: Option<u32>,
    /// 交易记录留存月数: how many months records of transactions are kept.
    #[serde(default)]
    pub transactions_kept_months: Option<u32>,
    /// 备案日期 of the graded system.
    #[serde(default, deserialize_with = "date")]
    pub filed_on: Option<Date>,
    /// 等级测评: the last day of each.
    #[serde(default)]
    pub graded_assessments: Option<Vec<Assessed>>,
    /// 密评: the last day of each.
    #[serde(default)]
    pub cryptography_assessments: Option<Vec<Assessed>>,
    /// Where personal information and important data are stored.
    #[serde(default)]
    pub stored_in: Option<Vec<Jurisdiction>>,
}

/// An assessment, and when its result was filed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessed {
    /// The day of the report.
    #[serde(deserialize_with = "some_date")]
    pub on: Date,
    /// The day on which the result was filed with the authority.
    #[serde(default, deserialize_with = "date")]
    pub filed_on: Option<Date>,
}

/// Declares a closed set of words, with the list of all of them.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $(= $word:literal)?,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$doc])* $(#[serde(rename = $word)])? $variant,)* }

        impl $name {
            /// Every word of the set.
            pub const ALL: &[$name] = &[$($name::$variant),*];
        }
    };
}

words! {
    /// 法域.
    Jurisdiction {
        /// 中国内地.
        China = "CN",
        /// 香港.
        HongKong = "HK",
        /// 澳大利亚.
        Australia = "AU",
        /// 欧盟.
        EuropeanUnion = "EU",
        /// 英国.
        UnitedKingdom = "GB",
        /// 印度.
        India = "IN",
        /// 韩国.
        Korea = "KR",
        /// 俄罗斯.
        Russia = "RU",
        /// 美国.
        UnitedStates = "US",
    }
}

words! {
    /// 角色: what the operator does that the law speaks to.
    Role {
        /// 商用密码产品生产、销售、服务单位.
        CryptographyVendor,
        /// 商用密码使用单位.
        CryptographyUser,
        /// 互联网信息服务提供者.
        InternetServiceProvider,
        /// 电信业务经营者.
        TelecomOperator,
        /// 电子认证服务机构.
        ElectronicCertificationBody,
        /// 商用密码认证机构.
        CertificationBody,
        /// 商用密码检测机构.
        TestingBody,
        /// 出口经营者.
        Exporter,
        /// 进口经营者.
        Importer,
        /// 网络产品、服务提供者.
        ProductVendor,
        /// 终端设备制造者.
        DeviceMaker,
        /// 大型网络平台服务提供者.
        LargePlatform,
        /// 电子商务平台经营者.
        ElectronicCommercePlatform,
        /// 境外组织或者个人.
        ForeignEntity,
        /// 主管部门.
        Regulator,
    }
}

words! {
    /// 行业.
    Sector {
        /// 金融.
        Finance,
        /// 电信、工业和信息化.
        Telecom,
        /// 商务.
        Commerce,
        /// 医疗卫生.
        Healthcare,
        /// 教育.
        Education,
        /// 政务.
        Government,
        /// 即时通信.
        Messaging,
        /// 设备制造.
        DeviceMakers,
        /// 境外云服务.
        ForeignCloud,
        /// 其他行业.
        Other,
    }
}

words! {
    /// 数据类别 that the law knows.
    DataCategory {
        /// 个人信息.
        PersonalInformation,
        /// 敏感个人信息.
        SensitivePersonalInformation,
        /// 未成年人个人信息.
        Minors,
        /// 人脸信息.
        Face,
        /// 个人金融信息.
        FinancialPersonal,
        /// 重要数据.
        Important,
        /// 核心数据.
        Core,
        /// 国家秘密.
        StateSecret,
    }
}

words! {
    /// 产品类别.
    ProductCategory {
        /// 网络关键设备和网络安全专用产品目录内的产品.
        KeyEquipment,
        /// 大众消费类产品.
        MassMarket,
        /// 无线局域网设备.
        Wlan,
        /// 公共安全视频监控.
        VideoSurveillance,
        /// 汽车.
        Vehicle,
    }
}

words! {
    /// What is used.
    Technique {
        /// 商用密码.
        Cryptography,
        /// 电子签名.
        ElectronicSignature,
        /// 电子印章.
        ElectronicSeal,
        /// SM9.
        Sm9,
        /// TLCP.
        Tlcp,
    }
}
