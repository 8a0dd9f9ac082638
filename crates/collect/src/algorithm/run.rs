//! Vectors against a target, and what the answers are worth.

use super::{Answer, Expected, Fields, Request, Stop, Target, Test, Trouble, Vectors, selected};
use dengmi_crypto::Hash;
use dengmi_crypto::sm2::{Ciphertext, PrivateKey, PublicKey, Signature};
use std::collections::BTreeMap;
use std::io;

/// So many questions in a row without an answer, and the rest is not asked.
const GIVE_UP: u32 = 5;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Each operation, in the order of the vectors.
    pub rows: Vec<Row>,
    /// What was wrong.
    pub failures: Vec<Failure>,
    /// The run was broken off.
    pub cancelled: bool,
    /// The target gave no answer so often that the rest was not asked.
    pub gave_up: bool,
    pub(super) unanswered: u32,
}

/// Counts of an operation.
#[derive(Debug, Default)]
pub struct Row {
    /// Its name.
    pub operation: String,
    /// Tests with a right answer.
    pub passed: u32,
    /// Tests with a wrong one or none.
    pub failed: u32,
    /// Tests whose answer is `unsupported`.
    pub unsupported: u32,
    /// Tests left out because the run was given up or broken off.
    pub not_asked: u32,
}

/// A test that failed.
#[derive(Debug)]
pub struct Failure {
    /// The operation.
    pub operation: String,
    /// The number of the test in its file; of a chain the step.
    pub number: u64,
    /// What was special.
    pub comment: String,
    /// The dangers: names of notes.
    pub flags: Vec<String>,
    /// What happened.
    pub found: Found,
}

impl Failure {
    fn is(&self, request: &Request, number: u64) -> bool {
        self.operation == request.operation && self.number == number
    }
}

/// What was expected and what came.
#[derive(Debug)]
pub enum Found {
    /// Another answer: expected, found.
    Wrong(String, String),
    /// A signature or ciphertext that does not stand the check with our own crypto.
    NotGood(String),
    /// A random number was used twice; the number of the earlier test.
    Repeated(u64),
    /// No answer.
    Trouble(Trouble),
}

impl Report {
    /// Asks one question for the last row. `None`: no answer, which is noted.
    pub(super) fn ask(
        &mut self,
        target: &mut Target,
        request: &Request,
        number: u64,
        comment: &str,
        flags: &[String],
    ) -> io::Result<Option<Answer>> {
        match target.ask(request) {
            Ok((answer, _)) => {
                self.unanswered = 0;
                return Ok(Some(answer));
            }
            Err(Stop::NotStarted(error)) => return Err(error),
            Err(Stop::Cancelled) => self.cancelled = true,
            Err(Stop::Trouble(trouble)) => {
                self.unanswered += 1;
                self.gave_up = self.unanswered >= GIVE_UP;
                self.fail(request, number, comment, flags, Found::Trouble(trouble));
            }
        }
        Ok(None)
    }

    pub(super) fn fail(&mut self, request: &Request, number: u64, comment: &str, flags: &[String], found: Found) {
        if let Some(row) = self.rows.last_mut() {
            row.failed += 1;
        }
        self.failures.push(Failure {
            operation: request.operation.clone(),
            number,
            comment: comment.into(),
            flags: flags.to_vec(),
            found,
        });
    }

    /// Nothing more is to be asked.
    pub(super) fn over(&self) -> bool {
        self.cancelled || self.gave_up
    }
}

/// Asks all selected tests. What a target does is in the report.
///
/// # Errors
/// When the target cannot be started.
pub fn vectors(target: &mut Target, vectors: &Vectors, only: &[String]) -> io::Result<Report> {
    let mut report = Report::default();
    for (operation, tests) in vectors.groups.iter().filter(|(operation, _)| selected(only, operation)) {
        report.rows.push(Row { operation: operation.clone(), ..Row::default() });
        // What a random number gave, and the test that drew it.
        let mut drawn = BTreeMap::new();
        for test in tests {
            let request = Request { operation: operation.clone(), fields: test.input.clone() };
            let answer = if report.over() {
                None
            } else {
                report.ask(target, &request, test.tc_id, &test.comment, &test.flags)?
            };
            let mut found = answer.as_ref().and_then(|answer| judged(&request, test, answer));
            let mut flags = &test.flags;
            let repeated = vec!["RepeatedNonce".to_owned()];
            if let (None, Some(Answer::Ok(fields))) = (&found, &answer)
                && let Some(point) = random_point(&request, fields)
                && let Some(earlier) = drawn.insert(point, test.tc_id)
            {
                (found, flags) = (Some(Found::Repeated(earlier)), &repeated);
            }
            let Some(row) = report.rows.last_mut() else { continue };
            match (found, answer) {
                (Some(found), _) => report.fail(&request, test.tc_id, &test.comment, flags, found),
                (None, Some(Answer::Unsupported)) => row.unsupported += 1,
                (None, Some(_)) => row.passed += 1,
                // A trouble is counted already.
                (None, None) if report.failures.last().is_some_and(|last| last.is(&request, test.tc_id)) => {}
                (None, None) => row.not_asked += 1,
            }
        }
    }
    Ok(report)
}

/// What is wrong with an answer; `unsupported` never is.
fn judged(request: &Request, test: &Test, answer: &Answer) -> Option<Found> {
    let wrong = |expected: String| Some(Found::Wrong(expected, answer.to_string()));
    let expected = Answer::Ok(test.output.clone()).to_string();
    // Operations that only say yes or no.
    let says_valid = matches!(request.operation.as_str(), "sm2-public-key")
        || request.operation.split('-').any(|word| word == "verify");
    match (answer, test.result) {
        (Answer::Unsupported, _) | (Answer::Invalid, Expected::Invalid | Expected::Acceptable) => None,
        (_, Expected::Invalid) => wrong("invalid".into()),
        (Answer::Invalid, Expected::Valid) if says_valid => wrong("valid".into()),
        (Answer::Valid, _) if says_valid => None,
        (Answer::Ok(fields), _) if !says_valid => match request.operation.as_str() {
            "sm2-sign" => signature_good(request, test, fields),
            "sm2-encrypt" => ciphertext_good(request, test, fields),
            _ => {
                let missed = |(name, value): (&String, &Vec<u8>)| match fields.get(name) {
                    Some(given) => given != value,
                    None => !OPTIONAL.contains(&name.as_str()),
                };
                if test.output.iter().any(missed) { wrong(expected) } else { None }
            }
        },
        _ => wrong(if says_valid { "valid".into() } else { expected }),
    }
}

/// The confirmations of a key exchange, which the standard leaves to choice.
const OPTIONAL: &[&str] = &["s1", "s2"];

fn field<'a>(fields: &'a Fields, name: &str) -> &'a [u8] {
    fields.get(name).map_or(&[], Vec::as_slice)
}

fn signature(fields: &Fields) -> Option<Signature> {
    Some(Signature { r: field(fields, "r").try_into().ok()?, s: field(fields, "s").try_into().ok()? })
}

fn signature_good(request: &Request, test: &Test, fields: &Fields) -> Option<Found> {
    let Some(signature) = signature(fields) else { return Some(Found::NotGood("r, s: 32 bytes each".into())) };
    let checked =
        PublicKey::from_point(field(&test.output, "public")).map_err(|error| error.to_string()).and_then(|public| {
            let (identifier, message) = (field(&request.fields, "id"), field(&request.fields, "message"));
            public.verify(identifier, message, &signature).map_err(|error| error.to_string())
        });
    checked.err().map(Found::NotGood)
}

fn ciphertext_good(request: &Request, test: &Test, fields: &Fields) -> Option<Found> {
    let plain = PrivateKey::from_bytes(field(&test.output, "private"))
        .and_then(|private| private.decrypt(&Ciphertext::from_bytes(field(fields, "output"))?));
    match plain {
        Ok(plain) if plain == field(&request.fields, "message") => None,
        Ok(_) => Some(Found::NotGood("another message".into())),
        Err(error) => Some(Found::NotGood(error.to_string())),
    }
}

/// The x coordinate of [k]G for the k that an answer was made with.
fn random_point(request: &Request, answer: &Fields) -> Option<[u8; 32]> {
    match request.operation.as_str() {
        "sm2-sign" => {
            let public = PrivateKey::from_bytes(field(&request.fields, "private")).ok()?.public_key();
            let z = public.identity_hash(field(&request.fields, "id")).ok()?;
            let e = Hash::Sm3.digest(&[&z, field(&request.fields, "message")].concat());
            Some(signature(answer)?.nonce_point(e.first_chunk()?))
        }
        "sm2-encrypt" => field(answer, "output").get(1..33)?.try_into().ok(),
        _ => None,
    }
}
