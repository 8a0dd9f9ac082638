//! `dengmi explain ID`: what an indicator, a high-risk item, a predicate, a fact, a suite, an algorithm, a duty, an instrument or a
//! claim is, and who says so.

mod law_row;

use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::texts::Lang;
use crate::{On, law, now};
use clap::Args;
use dengmi_core::{Date, registry};
use dengmi_judge::determine::{PREDICATES, Rules, Word};
use dengmi_judge::law::{Confidence, Law, Modal};

#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// NET-ID, HR-7.1, FAQ-12.6, ECC_SM4_CBC_SM3, SM4, mechanism, csl25-logs, cn-csl-2025, s01 …
    id: String,
    #[command(flatten)]
    on: On,
}

pub(crate) fn run(args: &ExplainArgs, voice: &Voice, out: &mut Out) -> Outcome {
    let (law, _) = law::load()?;
    let on = args.on.day(now().date(), voice)?;
    let found = [
        indicator(&args.id, &law, on, voice),
        item(&args.id, &law, on, voice),
        practice(&args.id, &law, on, voice),
        suite(&args.id),
        algorithm(&args.id, &law, on, voice),
        predicate(&args.id, voice),
        fact(&args.id, voice),
    ];
    let lines: Vec<String> = found.into_iter().flatten().collect();
    if lines.is_empty() && law_row::explain(&args.id, on, voice, out)? {
        return Ok(Exit::Done);
    }
    if lines.is_empty() {
        return Err(
            Failure::usage(voice.text("nothing-known", &[("id", &args.id)])).hint(voice.text("hint-explain", &[]))
        );
    }
    for line in lines {
        out.line(line)?;
    }
    Ok(Exit::Done)
}

fn indicator(id: &str, law: &Law, on: Date, voice: &Voice) -> Vec<String> {
    let upper = id.to_uppercase();
    let Some(baseline) = law.baseline(on) else { return Vec::new() };
    let Some(indicator) = baseline.indicator(&upper) else { return Vec::new() };
    let mut lines = vec![format!("{}  {}", indicator.id, voice.lang.of(&indicator.text()))];
    for level in 1..=4 {
        if let Some(weight) = indicator.weight_at(level) {
            let clause = indicator.clause_at(level).unwrap_or_default();
            let modal = baseline.structure.modal.iter().find(|rule| rule.id == indicator.modal_at(level));
            let word = modal.map_or("", |rule| match voice.lang {
                Lang::Zh => &rule.word,
                Lang::En => modal_word(rule.id),
            });
            lines.push(voice.text(
                "explain-level",
                &[("level", &level.to_string()), ("clause", clause), ("modal", word), ("weight", &weight.to_string())],
            ));
        }
    }
    lines.push(voice.lang.of(&indicator.asks).trim().into());
    lines.push(sources(&indicator.source, &indicator.confidence, &baseline.instrument, law, voice));
    lines
}

/// What a modal word of the standard is in English.
fn modal_word(modal: Modal) -> &'static str {
    match modal {
        Modal::None => "none",
        Modal::May => "may",
        Modal::Should => "should",
        Modal::Shall => "shall",
    }
}

fn item(id: &str, law: &Law, on: Date, voice: &Voice) -> Vec<String> {
    let Some(guide) = law.high_risk(on) else { return Vec::new() };
    let Some(item) = guide.item(&id.to_uppercase()) else { return Vec::new() };
    let mut lines = vec![format!("{}  {}", item.id, voice.lang.of(&item.text()))];
    lines.extend(item.problem.iter().map(|problem| format!("  ! {}: {}", problem.id, voice.lang.of(&problem.text()))));
    lines.extend(item.mitigation.iter().map(|rule| format!("  ~ {}: {}", rule.id, voice.lang.of(&rule.text()))));
    lines.push(sources(&item.source, &item.confidence, &guide.instrument, law, voice));
    lines
}

fn practice(id: &str, law: &Law, on: Date, voice: &Voice) -> Vec<String> {
    let Some(rule) = law.practice(on).find(|rule| rule.id.eq_ignore_ascii_case(id)) else { return Vec::new() };
    vec![
        format!("{}  {}", rule.id, voice.lang.of(&rule.text())),
        sources(&rule.source, &rule.confidence, &rule.instrument, law, voice),
    ]
}

fn sources(keys: &[Box<str>], confidence: &Confidence, instrument: &str, law: &Law, voice: &Voice) -> String {
    let confidence = crate::texts::judge::of(&voice.texts.judge.confidence, confidence);
    let confidence = voice.lang.of(&confidence);
    let named = |key: &str| {
        let text = law.instrument(instrument).and_then(|instrument| instrument.sources.get(key));
        text.map_or_else(|| key.into(), |text| format!("{key} ({text})"))
    };
    let list: Vec<String> = keys.iter().map(|key| named(key)).collect();
    voice.text(
        "explain-sources",
        &[("instrument", instrument), ("confidence", confidence), ("sources", &list.join("; "))],
    )
}

fn suite(id: &str) -> Vec<String> {
    let Some(entry) = registry::suite_named(id) else { return Vec::new() };
    let names: Vec<&str> = entry.aliases.iter().map(|alias| alias.name).collect();
    vec![
        format!("0x{:04x}  {}  ({})", entry.code, entry.name, entry.standard),
        format!(
            "  {:?} / {:?} / {} {:?} / {}",
            entry.key_exchange,
            entry.authentication,
            entry.encryption.unwrap_or("none"),
            entry.mode,
            entry.integrity().unwrap_or("none")
        ),
        format!("  {}", names.join(", ")),
    ]
}

fn algorithm(id: &str, law: &Law, on: Date, voice: &Voice) -> Vec<String> {
    let Some(verdict) = Rules::of(law, on).and_then(|rules| rules.verdict(id)) else { return Vec::new() };
    let Some(row) = law.algorithm(&verdict.id, on) else { return Vec::new() };
    vec![
        format!("{}  {}: {}", row.id, voice.lang.of(&row.text()), voice.lang.of(&row.why)),
        sources(&row.source, &row.confidence, &row.instrument, law, voice),
    ]
}

fn predicate(id: &str, voice: &Voice) -> Vec<String> {
    let Some(predicate) = PREDICATES.iter().find(|predicate| predicate.name == id) else { return Vec::new() };
    let asks = voice.texts.judge.predicate.get(id).map_or(predicate.asks.trim(), |text| voice.lang.of(&text.asks));
    vec![format!("{}  {asks}", predicate.name)]
}

fn fact(id: &str, voice: &Voice) -> Vec<String> {
    let Some(word) = Word::read(id) else { return Vec::new() };
    let question = voice.texts.judge.word.get(id).map_or("", |text| voice.lang.of(&text.question));
    vec![format!("{}  {question}", word.text())]
}
