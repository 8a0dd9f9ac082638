//! The judge's specification in words: facts in, D, A, K, outcome, score and risk out.

use crate::law::law;
use dengmi_judge::determine::{CaseFault, CaseResult, run_cases};
use std::fs;

#[test]
fn no_case_is_wrong() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/judging.toml")).unwrap();
    let reports = run_cases(&text, &law()).unwrap();
    assert!(reports.len() >= 150, "only {} cases", reports.len());
    let of = |result| reports.iter().filter(move |report| report.result == result).collect::<Vec<_>>();
    for report in of(CaseResult::Wrong) {
        eprintln!("{}: {:?}", report.id, report.differs);
    }
    for report in of(CaseResult::Unassessed).into_iter().chain(of(CaseResult::NeedsRuling)) {
        eprintln!("gap {}: {:?}", report.id, report.got);
    }
    assert_eq!(of(CaseResult::Wrong).len(), 0);
    assert_eq!(of(CaseResult::Right).len(), reports.len(), "a case that was right is not any more");
}

#[test]
fn files_that_are_no_cases_are_refused() {
    let law = law();
    let case = |rest: &str| {
        format!(
            "[[case]]\nid = \"X\"\nlevel = 3\nindicator = \"NET-ID\"\non = 2026-11-22\n{rest}\n[case.expect]\noutcome = \"conform\"\n"
        )
    };
    assert!(matches!(run_cases("", &law), Err(CaseFault::Empty)));
    assert!(matches!(run_cases("[[case]]\nid = 1\n", &law), Err(CaseFault::Shape { line: 2, .. })));
    let unknown = case("[case.facts]\nmechanim = \"mac\"");
    assert!(matches!(run_cases(&unknown, &law), Err(CaseFault::Fact { .. })));
    let indicator = case("").replace("NET-ID", "NET-IDD");
    assert!(matches!(run_cases(&indicator, &law), Err(CaseFault::Indicator { .. })));
    // A wrong expectation is found, so that the test above can fail.
    let reports =
        run_cases(&case("[case.facts]\nenumeration_complete = true\nprotocol = [\"plain HTTP\"]"), &law).unwrap();
    assert_eq!(reports[0].result, CaseResult::Wrong);
}
