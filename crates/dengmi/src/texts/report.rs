//! `report.toml` and `risks.toml`: headings, sentences, states.

use dengmi_core::Text;
use dengmi_judge::determine::RiskState;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::same;

/// A struct of texts, read as a map first: serde's own code for a struct of this many fields is the
/// largest of the program, and slow to compile.
macro_rules! texts { ($(#[$doc:meta])* $name:ident { $($field:ident)* }) => {
    $(#[$doc])*
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Keys")]
    #[allow(missing_docs, reason = "each field is a key of the file, whose text says what it is")]
    pub(crate) struct $name { $(pub(crate) $field: Text,)* }

    impl TryFrom<Keys> for $name {
        type Error = String;

        fn try_from(mut keys: Keys) -> Result<Self, String> {
            let mut missing = Vec::new();
            let texts = $name { $($field: take(&mut keys, stringify!($field), &mut missing),)* };
            missing.extend(keys.keys().map(|key| format!("nobody reads {key}")));
            if missing.is_empty() { Ok(texts) } else { Err(missing.join("; ")) }
        }
    }
} }

type Keys = BTreeMap<String, Text>;

#[inline(never)]
fn take(keys: &mut Keys, field: &str, missing: &mut Vec<String>) -> Text {
    let key = field.replace('_', "-");
    keys.remove(&key).unwrap_or_else(|| {
        let text = same(&key);
        missing.push(format!("no key {key}"));
        text
    })
}

texts! {
    /// Headings and sentences of the report, by the keys of `report.toml`.
    ReportTexts {
        title
        self_assessment
        operator
        level
        level_above
        assessed_on
        assessor
        not_named
        edition
        edition_value
        generated
        law_digest
        case
        case_value
        case_sealed
        case_unsealed
        total
        total_interval
        marks_unit
        interval_note
        would_give
        because_open_risks
        because_candidates
        because_unassessed
        because_rulings
        because_confirmations
        because_provisional
        layers
        layers_note
        chart_label
        not_applicable_short
        none
        worst
        no_problem
        costs
        also_concerns
        see
        fix
        example
        more_problems
        high_risks
        no_high_risks
        counts
        units_count
        counts_note
        unassessed
        nothing_unassessed
        unassessed_note
        unit
        units
        subjects
        subject
        missing_facts
        questions
        no_questions
        questions_note
        questions_count
        subject_list
        confirmed
        provisional
        kind
        where_named
        line_of_file
        observed
        left_out_heading
        left_out
        units_without_subject
        unlisted
        unlisted_note
        applicability
        applicability_note
        clause
        modal
        decision
        reason
        decision_line
        accepted_by
        on_paper
        no_paper
        applicability_line
        waits_for
        reused_from
        matrix
        matrix_note
        whole_unit
        layer
        result
        score
        ruled_short
        determinations
        determinations_note
        clause_line
        still_in_force
        what_is_asked
        finding
        ruling
        machine_says
        counted
        dimension_d
        dimension_a
        dimension_k
        dimension_written
        dimension_lived
        not_looked_at
        sources_disagree
        source_line
        source_entry
        source_packets
        doubts
        beside
        score_path
        path_object
        path_d_fails
        path_all_pass
        path_open
        path_result
        path_not_counted
        path_compensation
        path_unit
        refusal_group
        refusal_compensation
        refusal_other
        remedy
        risk_items
        item
        problem
        state
        mitigation
        what_next
        risk_ruled_by
        not_mitigable
        possible_mitigation
        remedies
        remedies_note
        concerns
        further
        evidence
        evidence_note
        entry
        said
        obtained
        when
        artifact
        not_read
        coverage_complete
        coverage_partial
        session_alike
        foreign
        law
        law_note
        instrument
        number
        in_force
        last_checked
        confidence
        sources
        source_keys
        unconfirmed
        unconfirmed_note
        datum
        rounding
        rounding_note
        duties
        duties_note
        duties_register
        duties_chart
        duty
        duty_where
        duty_shown
        duties_open
        duties_tension
        duties_tension_note
        tension_protection
        tension_access
        tension_keys
        tension_places
        tension_held
        tension_unheld
        duties_contradictions
        duties_undated
        disclaimer
        disclaimer_qualified
        disclaimer_interval
        disclaimer_products
        disclaimer_law
        disclaimer_observes
        none_listed
        management_subject
        chain_not_checked
        product_gateway
        product_hsm
        product_token
        product_card
        product_door
        no_such_determination
        no_such_indicator
    }
}

/// What each state of a high-risk item means, and what comes next.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RiskTexts {
    /// For a problem that the guide does not list.
    pub(crate) unlisted: Text,
    open: StateText,
    candidate: StateText,
    mitigated: StateText,
    none: StateText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateText {
    means: Text,
    next: Text,
}

impl RiskTexts {
    fn of(&self, state: RiskState) -> &StateText {
        match state {
            RiskState::Open => &self.open,
            RiskState::Candidate => &self.candidate,
            RiskState::Mitigated => &self.mitigated,
            RiskState::None => &self.none,
        }
    }

    /// What the state means.
    pub(crate) fn means(&self, state: RiskState) -> &Text {
        &self.of(state).means
    }

    /// What comes next.
    pub(crate) fn next(&self, state: RiskState) -> &Text {
        &self.of(state).next
    }
}
