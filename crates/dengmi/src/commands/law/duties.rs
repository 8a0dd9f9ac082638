//! `dengmi law duties`: every duty in force on a day.

use crate::duties::{Page, Source, citation, days, duty_line};
use crate::failure::{Exit, Failure, Outcome};
use crate::out::{Out, Voice};
use crate::{On, now};
use dengmi_core::canonical;
use dengmi_core::system::Jurisdiction;
use dengmi_judge::register::Duty;

pub(super) fn duties(
    on: &On,
    drafts: bool,
    jurisdictions: &[Jurisdiction],
    json: bool,
    voice: &Voice,
    out: &mut Out,
) -> Outcome {
    let source = Source::load(voice)?;
    let register = &source.register;
    let day = on.day(now().date(), voice)?;
    let asked = |duty: &&Duty| jurisdictions.is_empty() || register.is_of(duty, jurisdictions);
    let mut found: Vec<&Duty> = register.duties_on(day).filter(asked).collect();
    if drafts {
        found.extend(register.drafts_on(day).filter(asked));
    }
    if json {
        for duty in found {
            let line = duty_line(register, duty, Some(voice.lang));
            out.bytes(&canonical::bytes(&line).map_err(Failure::not_finished)?)?;
            out.line("")?;
        }
        return Ok(Exit::Done);
    }
    let mut page = Page::new(out);
    for duty in &found {
        let words = [
            voice.texts.duties.of("strength", &duty.strength),
            voice.texts.duties.of("area", &duty.area),
            voice.texts.duties.of("pull", &duty.pull),
        ];
        let words: Vec<&str> = words.iter().map(|text| voice.lang.of(text)).collect();
        let draft = if duty.draft { voice.text("law-draft", &[]) } else { String::new() };
        page.paragraph("- ", &format!("{draft}[{}] {}", words.join(" · "), voice.lang.of(&duty.text())))?;
        let cited = citation(register, duty);
        page.paragraph("    ", &format!("{}  {}  [{}]", voice.lang.of(&cited), days(duty, voice.lang), duty.id))?;
    }
    page.paragraph("", &voice.text("law-duties-count", &[("count", &found.len().to_string())]))?;
    Ok(Exit::Done)
}
