//! One look at one scene: what a predicate may ask, and a record of what it asked.

use super::component::Components;
use super::predicate::Predicate;
use super::rules::Rules;
use super::scene::{Scene, Source};
use super::truth::{Bind, Doubt, Step, Truth, Used};
use super::word::Word;
use crate::law::Function;
use dengmi_core::{Date, StatedValue, date};
use std::cell::RefCell;

/// What every predicate of one unit and subject sees.
pub struct Look<'a> {
    /// The facts.
    pub scene: &'a Scene,
    /// The cryptography level.
    pub level: u8,
    /// The day of judgement.
    pub on: Date,
    /// What the indicator asks cryptography for.
    pub function: Function,
    /// The law of that day.
    pub rules: &'a Rules,
    /// The components of the function, judged once.
    components: std::cell::OnceCell<Components>,
    trace: RefCell<Trace>,
}

#[derive(Default)]
struct Trace {
    used: Vec<Used>,
    components: Vec<(Box<str>, Truth)>,
    missing: Vec<Word>,
    doubts: Vec<(Doubt, Bind)>,
}

impl<'a> Look<'a> {
    /// A look at a scene.
    pub fn new(scene: &'a Scene, level: u8, on: Date, function: Function, rules: &'a Rules) -> Look<'a> {
        Look { scene, level, on, function, rules, components: std::cell::OnceCell::new(), trace: RefCell::default() }
    }

    /// Asks one predicate and keeps what it looked at.
    pub fn ask(&self, predicate: &'static Predicate) -> Step {
        let outer = self.trace.take();
        let held = (predicate.holds)(self);
        let trace = self.trace.replace(outer);
        // Whatever it made of a fact on which sources disagree, a person decides that first.
        let conflict = trace.doubts.iter().any(|(doubt, _)| *doubt == Doubt::Conflict);
        let truth = if conflict { Truth::Unknown } else { held };
        Step {
            rule: predicate.name,
            truth,
            used: trace.used,
            components: trace.components,
            missing: trace.missing,
            doubts: trace.doubts,
            parts: vec![],
        }
    }

    /// The components of the function on this scene.
    pub fn components(&self) -> &Components {
        for word in Word::OF_A_CHANNEL.into_iter().filter(|word| word.may_serve(self.function)) {
            self.note(word);
        }
        self.components.get_or_init(|| Components::of(self.scene, self.function, self.rules))
    }

    /// The value of a word. A word that is not known is noted as a question.
    pub fn value(&self, word: Word) -> Option<&'a StatedValue> {
        let value = self.peek(word);
        if value.is_none() {
            self.trace.borrow_mut().missing.push(word);
        }
        value
    }

    /// As [`Look::value`], where not knowing raises no question.
    pub fn peek(&self, word: Word) -> Option<&'a StatedValue> {
        self.note(word);
        let known = self.scene.get(word)?;
        if known.value.is_none() {
            self.doubt(Doubt::Conflict, Bind::Ruling);
        }
        known.value.as_ref()
    }

    fn note(&self, word: Word) {
        let mut trace = self.trace.borrow_mut();
        if let Some(known) = self.scene.get(word)
            && !trace.used.iter().any(|used| used.word == word.text())
        {
            let others = known.others.iter().flat_map(|(_, sources)| sources);
            let sources: Vec<Source> = known.sources.iter().chain(others).copied().collect();
            trace.used.push(Used { word: word.text(), value: known.value.clone(), sources });
        }
    }

    /// A yes or no.
    pub fn truth(&self, word: Word) -> Option<bool> {
        match self.value(word)? {
            StatedValue::Truth(truth) => Some(*truth),
            _ => None,
        }
    }

    /// A yes or no whose absence is no question.
    pub fn peek_truth(&self, word: Word) -> Option<bool> {
        match self.peek(word)? {
            StatedValue::Truth(truth) => Some(*truth),
            _ => None,
        }
    }

    /// A word.
    pub fn word(&self, word: Word) -> Option<&'a str> {
        match self.value(word)? {
            StatedValue::Word(text) => Some(text),
            _ => None,
        }
    }

    /// A word whose absence is no question.
    pub fn peek_word(&self, word: Word) -> Option<&'a str> {
        match self.peek(word)? {
            StatedValue::Word(text) => Some(text),
            _ => None,
        }
    }

    /// Several words.
    pub fn words(&self, word: Word) -> Option<Vec<&'a str>> {
        words_of(self.value(word)?)
    }

    /// Several words whose absence is no question.
    pub fn peek_words(&self, word: Word) -> Option<Vec<&'a str>> {
        words_of(self.peek(word)?)
    }

    /// A whole number.
    pub fn number(&self, word: Word) -> Option<i64> {
        match self.value(word)? {
            StatedValue::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A date.
    pub fn date(&self, word: Word) -> Option<Date> {
        date::read_date(self.word(word)?).ok()
    }

    /// A date whose absence is no question.
    pub fn peek_date(&self, word: Word) -> Option<Date> {
        date::read_date(self.peek_word(word)?).ok()
    }

    /// Notes a component that was weighed.
    pub fn weighed(&self, component: &str, complies: Truth) {
        self.trace.borrow_mut().components.push((component.into(), complies));
    }

    /// Marks what a person must look at.
    pub fn doubt(&self, doubt: Doubt, bind: Bind) {
        self.trace.borrow_mut().doubts.push((doubt, bind));
    }

    /// Marks a word as a question although nothing was read.
    pub fn question(&self, word: Word) {
        self.trace.borrow_mut().missing.push(word);
    }

    /// Whether the word is an open question: somebody looked, and does not know. Notes the question.
    pub fn is_open(&self, word: Word) -> bool {
        let open = self.scene.is_said_unknown(word);
        if open {
            self.question(word);
        }
        open
    }

    /// Unknown until a person rules.
    pub fn ruling(&self, doubt: Doubt) -> Truth {
        self.doubt(doubt, Bind::Ruling);
        Truth::Unknown
    }
}

fn words_of(value: &StatedValue) -> Option<Vec<&str>> {
    match value {
        StatedValue::Words(list) => Some(list.iter().map(|word| &**word).collect()),
        StatedValue::Word(text) => Some(vec![text]),
        StatedValue::Truth(_) | StatedValue::Number(_) => None,
    }
}
