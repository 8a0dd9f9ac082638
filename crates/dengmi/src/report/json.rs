//! The report as canonical JSON: `schema/report.schema.json` says what stands in it.

use super::finding::{Mending, problems};
use super::say::places;
use super::{CaseHead, Input};
use dengmi_core::canonical::{self, NotCanonical};
use dengmi_core::date::{self, date_text};
use dengmi_core::{EntryNumber, Fact, IndicatorId, Observation, Sha256Digest, SubjectId, Text, UtcDateTime};
use dengmi_judge::assess::Assessment;
use dengmi_judge::determine::RiskState;
use dengmi_judge::law::Confidence;
use serde::Serialize;

/// The form of the file. It grows when a reader of the old form would misread the new one.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    kind: &'static str,
    self_assessment: &'a Text,
    system: System<'a>,
    #[serde(with = "date::as_instant")]
    generated_at: UtcDateTime,
    tool: &'a str,
    law: Law<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a CaseHead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duties: Option<crate::duties::Document<'a>>,
    assessment: &'a Assessment,
    problems: Vec<Problem<'a>>,
    evidence: Vec<Evidence<'a>>,
}

#[derive(Serialize)]
struct System<'a> {
    name: &'a str,
    operator: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assessor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filed_level: Option<u8>,
}

#[derive(Serialize)]
struct Law<'a> {
    digest: &'a str,
    instruments: Vec<Instrument<'a>>,
}

#[derive(Serialize)]
struct Instrument<'a> {
    id: &'a str,
    number: &'a str,
    name: Text,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    last_checked: String,
    confidence: &'static str,
}

#[derive(Serialize)]
struct Problem<'a> {
    state: RiskState,
    /// Marks of the total that it surely costs; a decimal with two places.
    marks: String,
    indicators: Vec<&'a IndicatorId>,
    subjects: Vec<&'a SubjectId>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    indicator: &'a IndicatorId,
    subject: &'a SubjectId,
    marks: String,
    remedies: &'a [Mending],
}

#[derive(Serialize)]
struct Evidence<'a> {
    entry: EntryNumber,
    kind: &'a str,
    observed: &'a str,
    reach: dengmi_core::Reach,
    method: dengmi_core::Method,
    #[serde(with = "date::as_instant")]
    at: UtcDateTime,
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact: Option<Sha256Digest>,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

/// The report as canonical JSON, without a line end. Equal input gives equal bytes.
///
/// # Errors
///
/// [`NotCanonical`]: a value that has no canonical form, which no value of an assessment is.
pub(crate) fn report_json(input: &Input<'_>) -> Result<Vec<u8>, NotCanonical> {
    let about = &input.system.system;
    let on = input.assessment.on;
    let found = problems(input);
    canonical::bytes(&Report {
        schema: SCHEMA,
        kind: "dengmi.report",
        self_assessment: &input.texts.report.self_assessment,
        system: System {
            name: &about.name,
            operator: &about.operator,
            assessor: about.assessor.as_deref(),
            filed_level: input.system.grade.filed,
        },
        generated_at: input.generated_at,
        tool: input.tool,
        law: Law {
            digest: input.law_digest,
            instruments: input
                .law
                .instruments()
                .iter()
                .filter(|instrument| instrument.in_force().covers(on))
                .map(|instrument| Instrument {
                    id: &instrument.id,
                    number: &instrument.number,
                    name: instrument.text(),
                    from: date_text(instrument.from),
                    to: instrument.to.map(date_text),
                    last_checked: date_text(instrument.last_checked),
                    confidence: match instrument.confidence {
                        Confidence::Confirmed => "confirmed",
                        Confidence::Single => "single",
                        Confidence::Memory => "memory",
                    },
                })
                .collect(),
        },
        case: input.case.as_ref(),
        duties: input.duties.map(|memo| crate::duties::document(memo, input.texts, None)),
        assessment: input.assessment,
        problems: found
            .iter()
            .map(|problem| Problem {
                state: problem.state,
                marks: places(problem.marks, 2),
                indicators: problem.indicators(),
                subjects: problem.subjects(),
                findings: problem
                    .findings
                    .iter()
                    .map(|finding| Finding {
                        indicator: &finding.unit.indicator,
                        subject: &finding.determination.subject,
                        marks: places(finding.marks, 2),
                        remedies: &finding.remedies,
                    })
                    .collect(),
            })
            .collect(),
        evidence: input.evidence.iter().map(|(entry, observation)| evidence(*entry, observation)).collect(),
    })
}

fn evidence(entry: EntryNumber, observation: &Observation) -> Evidence<'_> {
    let place = observation.place.as_deref();
    let (artifact, path) = match &observation.fact {
        Fact::HandedIn(document) => (document.artifact, Some(&*document.path)),
        Fact::Described(described) => (Some(described.artifact), None),
        _ => (place.map(|place| place.artifact), place.and_then(|place| place.what.as_deref())),
    };
    Evidence {
        entry,
        kind: observation.fact.kind(),
        observed: observation.observed.as_str(),
        reach: observation.reach,
        method: observation.method,
        at: observation.at,
        tool: &observation.tool,
        artifact,
        place: place.map(|place| place.at.to_string()),
        path,
    }
}
