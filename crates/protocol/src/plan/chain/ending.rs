//! Why a chain came to its end, and what that says about the version.

use crate::plan::{Loss, Spoken};
use dengmi_core::{Suite, Version};
use dengmi_parse::tls::AlertDescription;

/// Why a chain, or its list of suites, came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Alert(AlertDescription),
    /// A hello up to this version was answered with `protocol_version`: what is lower is not spoken either
    /// (RFC 5246 E.1).
    RuledOut(Version),
    Closed,
    Lost(Loss),
    Spoke(Spoken),
    Undecodable,
    OtherVersion(Version),
    Unasked(Suite),
    AllAccepted,
    /// SSL 2.0: the server told its list itself.
    Told,
}

impl Ending {
    /// The words that stand in the observation.
    pub(super) fn words(self) -> Box<str> {
        match self {
            Ending::Alert(alert) => format!("alert {} {alert}", alert.0).into(),
            Ending::RuledOut(version) => {
                let alert = AlertDescription::PROTOCOL_VERSION;
                format!("alert {} {alert} to a hello up to {}", alert.0, version.number()).into()
            }
            Ending::Closed => "closed without an alert".into(),
            Ending::Lost(loss) => loss.to_string().into(),
            Ending::Spoke(spoken) => format!("the server speaks: {}", spoken.word()).into(),
            Ending::Undecodable => "unreadable answer".into(),
            Ending::OtherVersion(version) => format!("chose version {}", version.number()).into(),
            Ending::Unasked(suite) => format!("chose {}, which was not offered", suite.number()).into(),
            Ending::AllAccepted => "every suite that was offered".into(),
            Ending::Told => "the server's own list".into(),
        }
    }
}
