//! What can be wrong with a pack of law, and where.

use crate::determine::NotAJudging;
use dengmi_core::{Date, Decimal};
use std::fmt;

/// One fault of a pack, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LawDefect {
    /// The file in the pack.
    pub file: Box<str>,
    /// The line in it, counted from 1.
    pub line: u32,
    /// The datum and its clause numbers, such as `NET-ID 6.2 a), 7.2 a)`; empty where the whole file is meant.
    pub clause: Box<str>,
    /// What is wrong and what was expected.
    pub fault: Fault,
}

impl fmt::Display for LawDefect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: ", self.file, self.line)?;
        if !self.clause.is_empty() {
            write!(formatter, "{}: ", self.clause)?;
        }
        self.fault.fmt(formatter)
    }
}

/// The kinds of faults. Every message says what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A file that is not UTF-8.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// A name that no reader knows.
    #[error("no reader for this file; expected {0} in the instrument's folder")]
    UnknownFile(&'static str),
    /// An indicator without its front matter.
    #[error("expected TOML between two lines of +++ at the head of the file")]
    NoFrontMatter,
    /// An indicator without a paragraph in one language.
    #[error("expected a paragraph under the heading \"## {0}\"")]
    NoParagraph(&'static str),
    /// Not TOML, or not of the expected shape.
    #[error("{0}")]
    Shape(Box<str>),
    /// An empty or misplaced text.
    #[error("{0:?} is empty or not in its language; expected a sentence in Chinese under zh and in English under en")]
    Language(Box<str>),
    /// No source at all.
    #[error("source is empty; expected at least one key of [sources]")]
    NoSource,
    /// A source key without expansion.
    #[error("unknown source {0:?}; expected a key of [sources] in the instrument's instrument.toml")]
    UnknownSource(Box<str>),
    /// A folder without its instrument.
    #[error("the folder has no readable instrument.toml")]
    NoInstrument,
    /// A name that does not fit the file.
    #[error("the id is {found:?}; expected {expected:?} from the name of the file or folder")]
    Misnamed {
        /// The id in the file.
        found: Box<str>,
        /// The name the path asks for.
        expected: Box<str>,
    },
    /// The same name twice.
    #[error("{0:?} is there twice; expected each name once")]
    Twice(Box<str>),
    /// A reference to nothing.
    #[error("no {what} is named {name:?}; expected one that exists in the pack{hint}")]
    Unresolved {
        /// What was sought.
        what: &'static str,
        /// Its name.
        name: Box<str>,
        /// What else the reference must fulfil.
        hint: &'static str,
    },
    /// Days in the wrong order.
    #[error("from {from} does not lie before to {to}")]
    DateOrder {
        /// First day.
        from: Date,
        /// Last day.
        to: Date,
    },
    /// Days outside the instrument's.
    #[error("in force outside the days of its instrument; expected days within them")]
    OutsideInstrument,
    /// Days with no text in force.
    #[error(
        "{chain}: nothing is in force from {from} to {to}, between {before} and {after}; expected exactly one for every day"
    )]
    Gap {
        /// The chain of editions.
        chain: Box<str>,
        /// What ends before the gap.
        before: Box<str>,
        /// What begins after it.
        after: Box<str>,
        /// The first day of the gap.
        from: Date,
        /// The first day after it.
        to: Date,
    },
    /// Days with two texts in force.
    #[error("{chain}: {first} and {second} are both in force on {day}; expected exactly one for every day")]
    Overlap {
        /// The chain of editions.
        chain: Box<str>,
        /// The earlier one.
        first: Box<str>,
        /// The later one.
        second: Box<str>,
        /// The first day of the overlap.
        day: Date,
    },
    /// A successor that does not begin where its predecessor ends.
    #[error("replaced by {successor}, which begins on another day than {to}; expected the same day")]
    Successor {
        /// The later instrument.
        successor: Box<str>,
        /// The end of the earlier one.
        to: Date,
    },
    /// A wrong number of indicators.
    #[error("level {level} has {found} indicators with a weight; expected {expected}")]
    Count {
        /// 等级.
        level: u8,
        /// How many there are.
        found: usize,
        /// How many the standard has.
        expected: usize,
    },
    /// Modal word, weight and clause of a level do not agree.
    #[error("level {0}: modal, weight and clause disagree; expected all three, or \"none\", \"0\" and \"\" together")]
    Existence(u8),
    /// A `[judge]` table that cannot be used.
    #[error("[judge] {}: {}", .0.key, .0.fault)]
    Judging(NotAJudging),
    /// A unit of one group that is judged like one of the other.
    #[error(
        "[judge] does not fit the layer; expected d, a and k in a technical layer, written and lived in a management layer"
    )]
    JudgedAsOther,
    /// A figure outside its range.
    #[error("{what} is {found}; expected {expected}")]
    Figure {
        /// Which figure.
        what: &'static str,
        /// Its value.
        found: Decimal,
        /// What it should be.
        expected: Box<str>,
    },
    /// An item of a section that nothing covers.
    #[error("clause {0} is covered by no indicator; expected one, or an entry under [[unscored]]")]
    Uncovered(Box<str>),
    /// An item of a section that two things cover.
    #[error("clause {0} is covered twice; expected one indicator or one entry under [[unscored]]")]
    CoveredTwice(Box<str>),
    /// A clause that no section has.
    #[error("clause {0} is in no [[section]]; expected a number and letter that the section's items allow")]
    NoSuchClause(Box<str>),
    /// The grading matrix is not one level a cell.
    #[error("the cell {object} × {degree} is there {found} times; expected once")]
    Cell {
        /// 受侵害客体.
        object: Box<str>,
        /// 侵害程度.
        degree: Box<str>,
        /// How many entries it has.
        found: usize,
    },
    /// A level that is none.
    #[error("level {0} is out of range; expected 1 to {1}")]
    Level(u8, u8),
    /// An item whose mitigations do not fit its word.
    #[error("mitigable disagrees with the list of mitigations; expected true with at least one, or false with none")]
    Mitigable,
    /// Bands or key sizes with a gap or an overlap.
    #[error("{0} leaves a gap or an overlap; expected ranges that follow each other from 0 to an open end")]
    Ranges(Box<str>),
    /// A status that is not later than the one before it, or none at all.
    #[error("the timeline is empty or not in the order of its days; expected one status after the other")]
    Timeline,
    /// A duty outside the life of its instrument.
    #[error("in force on {day}, when its instrument is {}", .status.map_or("not there yet".to_owned(), |status| format!("{status:?}")))]
    NotInForce {
        /// The first such day.
        day: Date,
        /// What the instrument is then.
        status: Option<crate::register::Status>,
    },
    /// A number of an article without its basis, or the other way round.
    #[error("article and article_basis disagree; expected a number with source or recalled, or none with unknown")]
    ArticleBasis,
    /// A draft that binds or has days.
    #[error("a draft is never law; expected no first day and binding = false")]
    DraftBinds,
    /// A datum that nobody but a memory stands for would open a high risk.
    #[error("a row from memory opens a high risk by itself; expected named = false, so that a person decides")]
    MemoryDecides,
}
