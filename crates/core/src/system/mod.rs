//! 被测信息系统: what `system.toml` describes. Operators state facts here; only a ruling, by an assessor, sets D, A or K.
//!
//! [`read`] gives the description, or every fault with line, column, what was expected and a hint.

mod conditions;
mod read;
mod words;

pub use conditions::*;
pub use read::{Expected, Fault, FaultKind, Thing, Vocabulary, read};
pub use words::*;

use crate::SubjectId;

/// The name of the one subject of the management units.
pub const MANAGEMENT: &str = "management";

/// 测评对象的类别: what a unit is averaged over. Fixed per indicator by the law's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// 重要区域: a room or area.
    Room,
    /// 通信信道: who talks to whom across which boundary.
    Channel,
    /// 网络边界设备: the device that holds boundary rules.
    Boundary,
    /// 接入通路: a path by which outside devices connect.
    AccessPath,
    /// 设备: a class of equal devices.
    DeviceClass,
    /// 用户: a class of users of one application.
    UserClass,
    /// 访问控制信息: the permission data of one application.
    AccessControlInformation,
    /// 安全标记: the labels of one application.
    Label,
    /// 重要数据: a kind of important data.
    DataKind,
    /// 业务行为: a business act with possible legal liability.
    BusinessAct,
    /// 管理: the fixed group of the management units.
    Management,
}

/// A subject that the description names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name in the case.
    pub id: SubjectId,
    /// What it is.
    pub kind: SubjectKind,
    /// The line that names it.
    pub line: u32,
}

impl System {
    /// The line of a word, counted from 1.
    pub fn line(&self, spot: &Spot) -> u32 {
        read::position(&self.lines, spot.span().start).0
    }

    /// Every subject in the order of the description, management last. One thing may be a subject of several kinds.
    pub fn subjects(&self) -> Vec<Named> {
        let named = |id: &str, kind, at: &Spot| Named { id: id.into(), kind, line: self.line(at) };
        let plain = |spot: &Spot, kind| named(spot.get_ref(), kind, spot);
        let mut all = Vec::new();
        all.extend(self.room.iter().map(|room| plain(&room.id, SubjectKind::Room)));
        all.extend(self.channel.iter().map(|channel| plain(&channel.id, SubjectKind::Channel)));
        let is_boundary = |device: &&Device| {
            self.channel
                .iter()
                .filter_map(|channel| channel.boundary.as_ref())
                .any(|id| id.get_ref() == device.id.get_ref())
        };
        all.extend(self.device.iter().filter(is_boundary).map(|device| plain(&device.id, SubjectKind::Boundary)));
        let outside = self.channel.iter().filter(|channel| channel.outside_devices == Some(true));
        all.extend(outside.map(|channel| plain(&channel.id, SubjectKind::AccessPath)));
        all.extend(self.device.iter().map(|device| plain(&device.id, SubjectKind::DeviceClass)));
        for application in &self.application {
            all.extend(application.users.iter().map(|user| {
                let id = user_class(application, user);
                named(&id, SubjectKind::UserClass, &user.id)
            }));
            all.push(plain(&application.id, SubjectKind::AccessControlInformation));
            all.push(plain(&application.id, SubjectKind::Label));
        }
        all.extend(self.data.iter().map(|data| plain(&data.id, SubjectKind::DataKind)));
        all.extend(self.action.iter().map(|action| plain(&action.id, SubjectKind::BusinessAct)));
        all.push(Named { id: MANAGEMENT.into(), kind: SubjectKind::Management, line: 1 });
        all
    }

    /// Every document that the description names, in its order.
    pub fn documents(&self) -> Vec<&Spot> {
        let mut all: Vec<&Spot> = Vec::new();
        all.extend(&self.plan.artifact);
        all.extend(self.data.iter().filter_map(|data| data.basis.as_ref()));
        all.extend(self.product.iter().filter_map(|product| product.policy_document.as_ref()));
        all.extend(self.scope.iter().filter_map(|scope| scope.artifact.as_ref()));
        all.extend(self.statement.iter().filter_map(|statement| statement.artifact.as_ref()));
        for management in &self.management {
            all.extend(management.documents.iter().chain(&management.records).flatten());
        }
        all.extend(self.mitigation.iter().filter_map(|mitigation| mitigation.artifact.as_ref()));
        all
    }

    /// Every end that is looked at, as the description spells it, and the name to ask it for.
    pub fn ends(&self) -> impl Iterator<Item = (&Spot, Option<&str>)> {
        let channels = self
            .channel
            .iter()
            .flat_map(|channel| channel.ends.iter().map(|end| (end, channel.server_name.as_deref())));
        let devices = self.device.iter().flat_map(|device| device.management_ends.iter().map(|end| (end, None)));
        channels.chain(devices).chain(self.collect.endpoints.iter().map(|end| (end, None)))
    }

    /// The cryptography level: as stated, else the filed one.
    pub fn stated_level(&self) -> Option<u8> {
        self.grade.cryptography_level.or(self.grade.filed)
    }

    /// The product of this name.
    pub fn product(&self, id: &str) -> Option<&Product> {
        self.product.iter().find(|product| &**product.id.get_ref() == id)
    }
}

/// The name of a class of users as a subject: `registration.patients`.
pub fn user_class(application: &Application, user: &User) -> String {
    format!("{}.{}", application.id.get_ref(), user.id.get_ref())
}
