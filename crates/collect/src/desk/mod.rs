//! 案头: what people state and hand in. The description itself, the documents it names, and its statements.
//!
//! A document that is named and cannot be read is no evidence and no error: it is asked for and was not produced.

use dengmi_core::system::{Spot, System};
use dengmi_core::{
    Date, Described, Fact, HandedIn, Method, Observation, ObservedId, Place, Reach, Sha256Digest, Statement, SubjectId,
    UtcDateTime, Where, date,
};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What an artifact became in the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub sha256: Sha256Digest,
    /// Bytes.
    pub size: u64,
}

/// What the desk hands over.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The description, read.
    pub system: &'a System,
    /// Its artifact in the case.
    pub description: Kept,
    /// The file's name, for people.
    pub file_name: &'a str,
    /// Now.
    pub at: UtcDateTime,
    /// Program and version.
    pub tool: Arc<str>,
}

impl Desk<'_> {
    /// The description as an observation; it comes first, so that everything else can point at its entry.
    pub fn described(&self) -> Observation {
        let described = Described { artifact: self.description.sha256, name: self.system.system.name.clone() };
        self.observation(
            self.file_name,
            Reach::Seen,
            Method::DocumentReview,
            self.at,
            Where::Whole,
            Fact::Described(Box::new(described)),
        )
    }

    /// Every document that the description names. `keep` puts one into the case; an error is a document that was not produced.
    ///
    /// # Errors
    ///
    /// What `keep` returns for other reasons than a missing file.
    pub fn documents<E>(
        &self,
        folder: &Path,
        mut keep: impl FnMut(&Path) -> Result<Result<Kept, io::Error>, E>,
    ) -> Result<Vec<Observation>, E> {
        let mut seen: Vec<&str> = Vec::new();
        let mut observations = Vec::new();
        for document in self.system.documents() {
            let path = &**document.get_ref();
            if seen.contains(&path) {
                continue;
            }
            seen.push(path);
            let kept = keep(&folder.join(path))?.ok();
            let reach = if kept.is_some() { Reach::Seen } else { Reach::Absent };
            let fact = HandedIn {
                path: path.into(),
                artifact: kept.map(|kept| kept.sha256),
                size: kept.map_or(0, |kept| kept.size),
            };
            let at = self.line(document);
            observations.push(self.observation(
                path,
                reach,
                Method::DocumentReview,
                self.at,
                at,
                Fact::HandedIn(Box::new(fact)),
            ));
        }
        Ok(observations)
    }

    /// Every statement.
    pub fn statements(&self) -> Vec<Observation> {
        let one = |stated: &dengmi_core::system::Stated| {
            let statement = Statement {
                about: stated.about.get_ref().clone(),
                unit: stated.unit.as_ref().map(|unit| unit.get_ref().clone().into()),
                kind: stated.kind.get_ref().clone(),
                value: stated.value.clone(),
                by: stated.by.clone(),
                on: stated.on,
            };
            let about: &str = stated.about.get_ref();
            let fact = Fact::Statement(Box::new(statement));
            let mut observation =
                self.observation(about, Reach::Seen, stated.method, midnight(stated.on), self.line(&stated.kind), fact);
            observation.subject = Some(SubjectId::from(about));
            observation.tool = Arc::from(&*stated.by);
            observation
        };
        self.system.statement.iter().map(one).collect()
    }

    fn line(&self, spot: &Spot) -> Where {
        Where::Line(self.system.line(spot))
    }

    fn observation(
        &self,
        observed: &str,
        reach: Reach,
        method: Method,
        at: UtcDateTime,
        place: Where,
        fact: Fact,
    ) -> Observation {
        let place = Place { artifact: self.description.sha256, what: Some(self.file_name.into()), at: place };
        Observation {
            observed: ObservedId::from(observed),
            subject: None,
            reach,
            method,
            at,
            tool: self.tool.clone(),
            place: Some(Box::new(place)),
            fact,
        }
    }
}

/// A statement has a day; its instant is the day's beginning in UTC.
fn midnight(day: Date) -> UtcDateTime {
    date::read_instant(&format!("{}T00:00:00Z", date::date_text(day))).unwrap_or(UtcDateTime::UNIX_EPOCH)
}
