//! 取证现场: what is known about one subject for one unit. A word that is not in it is unknown, never false.

use super::word::Word;
use dengmi_core::{EntryNumber, Method, MethodClass, StatedValue};
use std::collections::{BTreeMap, BTreeSet};

/// Where a fact comes from: an entry of the case, and for the description a line of `system.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Source {
    /// The entry.
    pub entry: Option<EntryNumber>,
    /// The line of `system.toml`, where the entry is the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How it was obtained.
    pub method: Method,
}

/// One known fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its value; `None` when sources of the same class disagree.
    pub value: Option<StatedValue>,
    /// What says so.
    pub sources: Vec<Source>,
    /// What says otherwise: overruled by a more reliable class, or in conflict with it.
    pub others: Vec<(StatedValue, Vec<Source>)>,
}

/// What is known about one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    known: BTreeMap<Word, Known>,
    /// Asked, and the answer was that nobody knows.
    unknown: BTreeSet<Word>,
}

impl Scene {
    /// Adds a fact. Lists grow: sessions that differ do not conflict, the weakest counts. Of single values that cannot both be
    /// true the more reliable class of method decides; a tie is a conflict, and the fact is unknown until a person rules.
    pub fn add(&mut self, word: Word, value: StatedValue, source: Source) {
        if matches!(&value, StatedValue::Word(text) if &**text == "unknown") {
            self.unknown.insert(word);
            return;
        }
        let Some(known) = self.known.get_mut(&word) else {
            self.known.insert(word, Known { value: Some(value), sources: vec![source], others: Vec::new() });
            return;
        };
        let class = |sources: &[Source]| sources.iter().map(|source| source.method.class()).max();
        match &mut known.value {
            Some(StatedValue::Words(list)) if matches!(value, StatedValue::Words(_)) => {
                if let StatedValue::Words(more) = value {
                    list.extend(more);
                    list.sort_unstable();
                    list.dedup();
                }
                known.sources.push(source);
            }
            Some(old) if *old == value => known.sources.push(source),
            Some(old) => {
                let new_class = Some(source.method.class());
                match class(&known.sources).cmp(&new_class) {
                    std::cmp::Ordering::Greater => insert(&mut known.others, value, source),
                    std::cmp::Ordering::Less => {
                        let old = std::mem::replace(old, value);
                        let sources = std::mem::replace(&mut known.sources, vec![source]);
                        known.others.push((old, sources));
                    }
                    std::cmp::Ordering::Equal => {
                        let old = old.clone();
                        let sources = std::mem::take(&mut known.sources);
                        known.others.push((old, sources));
                        insert(&mut known.others, value, source);
                        known.value = None;
                    }
                }
            }
            None => {
                insert(&mut known.others, value, source);
                known.settle();
            }
        }
        known.others.sort_by(|left, right| left.1.cmp(&right.1));
        known.sources.sort_unstable();
    }

    /// The fact of this word.
    pub fn get(&self, word: Word) -> Option<&Known> {
        self.known.get(&word)
    }

    /// Whether somebody said of this word that it is not known, or a look at it was lost; of a list: not all of it.
    pub fn is_said_unknown(&self, word: Word) -> bool {
        self.unknown.contains(&word)
    }

    /// All facts, by word.
    pub fn facts(&self) -> impl Iterator<Item = (Word, &Known)> {
        self.known.iter().map(|(word, known)| (*word, known))
    }

    /// A look that would have told this brought nothing: a list may have further members, and a single value counts only
    /// where a more reliable class of method says it.
    pub fn lose(&mut self, word: Word, source: Source) {
        let class = |known: &Known| known.sources.iter().map(|source| source.method.class()).max();
        let replaceable = |known: &Known| {
            !matches!(known.value, Some(StatedValue::Words(_))) && class(known) <= Some(source.method.class())
        };
        match self.known.get(&word) {
            Some(known) if replaceable(known) => {
                self.known.remove(&word);
                self.unknown.insert(word);
            }
            Some(Known { value: Some(StatedValue::Words(_)), .. }) | None => {
                self.unknown.insert(word);
            }
            Some(_) => {}
        }
    }

    /// Forgets a fact.
    pub fn remove(&mut self, word: Word) {
        self.known.remove(&word);
    }
}

impl Known {
    /// A conflict ends when one class of method is above all others.
    fn settle(&mut self) {
        let class = |sources: &Vec<Source>| sources.iter().map(|source| source.method.class()).max();
        let highest: Option<MethodClass> = self.others.iter().filter_map(|(_, sources)| class(sources)).max();
        let mut best = self.others.iter().enumerate().filter(|(_, (_, sources))| class(sources) == highest);
        if let (Some((index, _)), None) = (best.next(), best.next()) {
            let (value, sources) = self.others.remove(index);
            self.value = Some(value);
            self.sources = sources;
        }
    }
}

fn insert(others: &mut Vec<(StatedValue, Vec<Source>)>, value: StatedValue, source: Source) {
    match others.iter_mut().find(|(other, _)| *other == value) {
        Some((_, sources)) => sources.push(source),
        None => others.push((value, vec![source])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(facts: &[(&str, Method)], expected: Option<&str>) {
        // Every order gives the same.
        for turn in 0..facts.len() {
            let mut scene = Scene::default();
            for (index, (value, method)) in facts.iter().cycle().skip(turn).take(facts.len()).enumerate() {
                let entry = EntryNumber(u64::try_from(index).unwrap());
                let source = Source { entry: Some(entry), line: None, method: *method };
                scene.add(Word::Mechanism, StatedValue::Word((*value).into()), source);
            }
            let value = scene.get(Word::Mechanism).and_then(|known| known.value.clone());
            assert_eq!(value, expected.map(|text| StatedValue::Word(text.into())), "{facts:?} from {turn}");
        }
    }

    #[test]
    fn the_more_reliable_class_decides_and_a_tie_is_a_conflict() {
        use Method::*;
        check(&[("mac", Interview)], Some("mac"));
        check(&[("mac", Interview), ("none", ActiveAnalysis)], Some("none"));
        check(&[("mac", ToolTest), ("none", CodeReview)], None);
        check(&[("mac", ToolTest), ("none", CodeReview), ("digest", ActiveAnalysis)], Some("digest"));
        check(&[("mac", ToolTest), ("mac", CodeReview), ("none", Interview)], Some("mac"));
        check(&[("unknown", ToolTest), ("none", Interview)], Some("none"));
    }
}
