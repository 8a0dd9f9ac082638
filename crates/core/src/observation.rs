//! One fact about one observed thing, and how far it can be trusted.

use crate::{Fact, ObservedId, Sha256Digest, SubjectId, UtcDateTime, canonical, date};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// 观测范围: how far an observation reached. Only [`Reach::Seen`] and [`Reach::Absent`] can support a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// It was there.
    Seen,
    /// A positive sign says that it is not there: an alert on a version, a document asked for and not produced.
    Absent,
    /// The other side turned us away: a closed port, a reset after our hello.
    Refused,
    /// A person denies access.
    Withheld,
    /// Nobody answered in time.
    Unanswered,
    /// Bytes came that no reader here understands.
    Undecodable,
    /// A limit of ours, or the end of a capture, cut it off.
    Cut,
    /// Nobody looked.
    NotTried,
}

impl Reach {
    /// Whether a verdict may stand on it.
    pub fn supports_a_verdict(self) -> bool {
        matches!(self, Reach::Seen | Reach::Absent)
    }
}

/// 取证方式: how a fact was obtained. A later class is more reliable than an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// 访谈.
    Interview,
    /// 文档审查.
    DocumentReview,
    /// 实地查看.
    SiteInspection,
    /// 工具测试.
    ToolTest,
    /// 配置检查.
    ConfigurationCheck,
    /// 代码审查.
    CodeReview,
    /// 试用.
    Trial,
    /// 追踪测试.
    TrackingTest,
    /// 主动分析: change a record on a copy, replay a log-in.
    ActiveAnalysis,
}

/// The three classes of methods (测评实施指引 2024-11). When classes disagree the higher decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MethodClass {
    /// Says and shows.
    Saying,
    /// Does.
    Doing,
    /// Proves.
    Proving,
}

impl Method {
    /// The class that decides between methods that disagree.
    pub fn class(self) -> MethodClass {
        match self {
            Method::Interview | Method::DocumentReview | Method::SiteInspection => MethodClass::Saying,
            Method::ToolTest | Method::ConfigurationCheck | Method::CodeReview | Method::Trial => MethodClass::Doing,
            Method::TrackingTest | Method::ActiveAnalysis => MethodClass::Proving,
        }
    }
}

/// Where in an artifact the bytes stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The artifact's name.
    pub artifact: Sha256Digest,
    /// What the artifact is called by people: a file name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<Box<str>>,
    /// The position inside it.
    #[serde(rename = "where")]
    pub at: Where,
}

/// A position inside an artifact. Written as text: `whole`, `bytes 100+57`, `packet 4`, `line 12`, `row 7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Where {
    /// All of it.
    Whole,
    /// A run of bytes: first byte, counted from 0, and length.
    Bytes(u64, u32),
    /// A packet of a capture, counted from 1.
    Packet(u64),
    /// A line of a text, counted from 1.
    Line(u32),
    /// A row of a table, counted from 1.
    Row(u64),
}

impl std::fmt::Display for Where {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Where::Whole => write!(formatter, "whole"),
            Where::Bytes(from, length) => write!(formatter, "bytes {from}+{length}"),
            Where::Packet(number) => write!(formatter, "packet {number}"),
            Where::Line(number) => write!(formatter, "line {number}"),
            Where::Row(number) => write!(formatter, "row {number}"),
        }
    }
}

impl From<Where> for String {
    fn from(place: Where) -> String {
        place.to_string()
    }
}

impl TryFrom<String> for Where {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("expected whole, bytes FROM+LENGTH, packet N, line N or row N, found {text:?}");
        if text == "whole" {
            return Ok(Where::Whole);
        }
        let (word, rest) = text.split_once(' ').ok_or_else(wrong)?;
        let read = match word {
            "bytes" => rest
                .split_once('+')
                .and_then(|(from, length)| Some(Where::Bytes(from.parse().ok()?, length.parse().ok()?))),
            "packet" => rest.parse().ok().map(Where::Packet),
            "line" => rest.parse().ok().map(Where::Line),
            "row" => rest.parse().ok().map(Where::Row),
            _ => None,
        };
        read.ok_or_else(wrong)
    }
}

/// 观测: one fact about one observed thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What was looked at.
    pub observed: ObservedId,
    /// The subject it belongs to, where one is known.
    pub subject: Option<SubjectId>,
    /// How far the look reached. It is of the whole observation; a single hidden field says so itself.
    pub reach: Reach,
    /// How the fact was obtained.
    pub method: Method,
    /// When.
    pub at: UtcDateTime,
    /// The tool and its version, or the person.
    pub tool: Arc<str>,
    /// Where the bytes are.
    pub place: Option<Box<Place>>,
    /// The fact.
    pub fact: Fact,
}

/// Why a line is no observation.
#[derive(Debug, thiserror::Error)]
pub enum NotAnObservation {
    /// It is not a JSON object of the right shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// Its schema number is newer than this program.
    #[error("schema {0} is not known here; this program reads schema 1")]
    Schema(u32),
    /// It holds a number that has no canonical form.
    #[error(transparent)]
    Canonical(#[from] canonical::NotCanonical),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineIn<'a> {
    schema: u32,
    kind: Box<str>,
    observed: ObservedId,
    #[serde(default)]
    subject: Option<SubjectId>,
    reach: Reach,
    method: Method,
    #[serde(with = "date::as_instant")]
    at: UtcDateTime,
    tool: Box<str>,
    #[serde(default)]
    place: Option<Box<Place>>,
    #[serde(borrow)]
    value: &'a RawValue,
}

#[derive(Serialize)]
struct LineOut<'a> {
    schema: u32,
    kind: &'a str,
    observed: &'a ObservedId,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a SubjectId>,
    reach: Reach,
    method: Method,
    #[serde(with = "date::as_instant")]
    at: UtcDateTime,
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a Place>,
    value: &'a Fact,
}

impl Observation {
    /// One line of JSON Lines, canonical, without the line end.
    pub fn line(&self) -> Result<Vec<u8>, canonical::NotCanonical> {
        canonical::bytes(&LineOut {
            schema: 1,
            kind: self.fact.kind(),
            observed: &self.observed,
            subject: self.subject.as_ref(),
            reach: self.reach,
            method: self.method,
            at: self.at,
            tool: &self.tool,
            place: self.place.as_deref(),
            value: &self.fact,
        })
    }

    /// Reads one line. A kind that is not known here is kept as [`Fact::Foreign`]; no predicate can see it.
    pub fn read(line: &[u8]) -> Result<Self, NotAnObservation> {
        let line: LineIn<'_> = serde_json::from_slice(line)?;
        if line.schema != 1 {
            return Err(NotAnObservation::Schema(line.schema));
        }
        Ok(Observation {
            observed: line.observed,
            subject: line.subject,
            reach: line.reach,
            method: line.method,
            at: line.at,
            tool: line.tool.into(),
            place: line.place,
            fact: Fact::read(&line.kind, line.value)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) {
        let read = Observation::read(line.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(read.line().unwrap()).unwrap(), line);
    }

    #[test]
    fn lines_survive_the_way_there_and_back() {
        check(
            r#"{"at":"2026-11-22T09:00:00Z","kind":"tls.session","method":"tool-test","observed":"192.0.2.20:443","place":{"artifact":"sha256:0101010101010101010101010101010101010101010101010101010101010101","what":"portal.pcap","where":"packet 4"},"reach":"seen","schema":1,"tool":"capture 0.1.0","value":{"cipher_suite_code":"0x1301","handshake":"complete","hidden":{"certificate":"encrypted"},"resumed":null}}"#,
        );
        check(
            r#"{"at":"2026-11-22T09:00:00Z","kind":"tls.accepts","method":"tool-test","observed":"[::1]:443","reach":"absent","schema":1,"subject":"portal","tool":"probe","value":{"asked":"registry","groups":[],"order":"not-tried","protocol":"tlcp","schemes":[],"suite_names":[],"suites":[],"version":"0x0101"}}"#,
        );
        check(
            r#"{"at":"2026-11-22T09:00:00Z","kind":"of.tomorrow","method":"interview","observed":"x","reach":"seen","schema":1,"tool":"t","value":{"a":[1,"二"]}}"#,
        );
    }

    #[test]
    fn wrong_lines_say_why() {
        for (line, expected) in [
            ("{}", "missing field"),
            (
                r#"{"schema":2,"kind":"k","observed":"x","reach":"seen","method":"trial","at":"2026-11-22T09:00:00Z","tool":"t","value":{}}"#,
                "schema 2",
            ),
            (
                r#"{"schema":1,"kind":"k","observed":"x","reach":"guessed","method":"trial","at":"2026-11-22T09:00:00Z","tool":"t","value":{}}"#,
                "unknown variant",
            ),
            (
                r#"{"schema":1,"kind":"k","observed":"x","reach":"seen","method":"trial","at":"yesterday","tool":"t","value":{}}"#,
                "an instant in UTC",
            ),
            (
                r#"{"schema":1,"kind":"probe.coverage","observed":"x","reach":"seen","method":"trial","at":"2026-11-22T09:00:00Z","tool":"t","value":{"complete":1}}"#,
                "expected a boolean",
            ),
        ] {
            let error = Observation::read(line.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
