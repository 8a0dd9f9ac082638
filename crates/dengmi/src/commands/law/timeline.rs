//! `dengmi law timeline`: how the law came about.

use crate::duties::{Page, Source};
use crate::failure::{Exit, Outcome};
use crate::now;
use crate::out::{Out, Voice};
use dengmi_core::date::date_text;
use dengmi_core::system::Jurisdiction;

pub(super) fn timeline(svg: bool, jurisdictions: &[Jurisdiction], voice: &Voice, out: &mut Out) -> Outcome {
    let source = Source::load(voice)?;
    let register = &source.register;
    let jurisdictions = if jurisdictions.is_empty() { &[Jurisdiction::China][..] } else { jurisdictions };
    if svg {
        let today = now().date();
        out.bytes(crate::duties::timeline_picture(register, jurisdictions, today, voice).as_bytes())?;
        return Ok(Exit::Done);
    }
    let mut rows: Vec<(String, String)> = Vec::new();
    for row in register.instruments.iter().filter(|row| jurisdictions.contains(&row.jurisdiction)) {
        for status in &row.timeline {
            let name = voice.texts.duties.of("status", &status.status);
            let title = row.title();
            rows.push((
                date_text(status.from),
                format!("{}  {}  [{}]", voice.lang.of(&title), voice.lang.of(&name), row.id),
            ));
        }
    }
    for event in &register.events {
        let text = dengmi_core::Text { zh: event.zh.clone(), en: event.en.clone() };
        rows.push((event.date.to_string(), format!("· {}", voice.lang.of(&text))));
    }
    rows.sort();
    let mut page = Page::new(out);
    for (day, text) in rows {
        page.paragraph(&format!("{day:<10}  "), &text)?;
    }
    Ok(Exit::Done)
}
