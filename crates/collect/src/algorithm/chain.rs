//! Long chains, each step fed with what came out before (Monte Carlo, in the manner of NIST's ACVP), beside our own crypto.

use super::{Answer, Fields, Found, Report, Request, Row, Target, answer, selected};
use std::io;

/// Operations that have a chain.
const CHAINED: &[&str] = &[
    "sm3-hash",
    "sm4-ecb-encrypt",
    "sm4-ecb-decrypt",
    "sm4-cbc-encrypt",
    "sm4-cfb-encrypt",
    "sm4-ofb-encrypt",
    "sm4-ctr-encrypt",
];

/// After so many steps the key changes too.
const STEPS_A_KEY: u64 = 100;

/// Adds a row of steps for each chain: `sm3-hash chain`. A chain ends at its first wrong step.
///
/// # Errors
/// When the target cannot be started.
pub fn chain(target: &mut Target, report: &mut Report, steps: u64, only: &[String]) -> io::Result<()> {
    for operation in CHAINED.iter().filter(|operation| steps > 0 && selected(only, operation)) {
        report.rows.push(Row { operation: format!("{operation} chain"), ..Row::default() });
        let mut request = first(operation);
        for step in 1..=steps {
            let flags = ["Chain".to_owned()];
            let asked = if report.over() {
                None
            } else {
                report.ask(target, &request, step, &format!("step {step} of a chain"), &flags)?
            };
            let right = answer(&request);
            let left = u32::try_from(steps - step).unwrap_or(u32::MAX).saturating_add(1);
            let Some(row) = report.rows.last_mut() else { break };
            match asked {
                Some(Answer::Unsupported) => row.unsupported = left,
                Some(given) if given == right => {
                    row.passed += 1;
                    next(&mut request, &given, step);
                    continue;
                }
                Some(given) => {
                    let found = Found::Wrong(right.to_string(), given.to_string());
                    report.fail(&request, step, &format!("step {step} of a chain"), &flags, found);
                }
                None if report.cancelled => row.not_asked = left,
                None => {}
            }
            break;
        }
    }
    Ok(())
}

/// The first question: bytes that count up.
fn first(operation: &str) -> Request {
    let counted = |count: u8| (0..count).collect::<Vec<u8>>();
    let mut fields = Fields::new();
    if operation == "sm3-hash" {
        fields.insert("input".into(), counted(96));
    } else {
        let names = ["key", "input", "iv"].into_iter().filter(|name| *name != "iv" || !operation.contains("-ecb-"));
        fields.extend(names.map(|name| (name.into(), counted(16))));
    }
    Request { operation: operation.into(), fields }
}

/// SM3 hashes its last three digests; SM4 takes the last output as input, the last input as vector, and now and then mixes the
/// output into the key.
fn next(request: &mut Request, given: &Answer, step: u64) {
    let Answer::Ok(given) = given else { return };
    let Some(output) = given.get("output") else { return };
    let Some(input) = request.fields.get_mut("input") else { return };
    if request.operation == "sm3-hash" {
        input.drain(..output.len().min(input.len()));
        input.extend_from_slice(output);
        return;
    }
    let before = std::mem::replace(input, output.clone());
    if let Some(iv) = request.fields.get_mut("iv") {
        *iv = before;
    }
    if step.is_multiple_of(STEPS_A_KEY)
        && let Some(key) = request.fields.get_mut("key")
    {
        key.iter_mut().zip(output).for_each(|(key, byte)| *key ^= byte);
    }
}
