//! Charts as inline SVG, drawn with whole numbers.

use super::Input;
use super::html::Html;
use super::say::range;
use crate::texts::same;
use dengmi_core::{Exact, Text};
use dengmi_judge::score::Range;
use num_traits::ToPrimitive;

/// The eight layers, each a bar from 0 to 1: solid to the lowest value, hatched to the highest.
pub(super) fn layers(html: &mut Html, input: &Input<'_>) {
    let Ok(score) = &input.assessment.score else { return };
    let layers = input.layers();
    let (row, left, width) = (34_i64, 176_i64, 250_i64);
    let height = row * i64::try_from(layers.len()).unwrap_or(8) + 22;
    let bottom = height - 20;
    let label = both(&input.texts.report.chart_label);
    let view = format!("0 0 540 {height}");
    // A screen reader says what the table below it says too.
    html.element("svg", &[("viewBox", &view), ("role", "img"), ("class", "chart"), ("aria-label", &label)], |html| {
        for part in 0..=4 {
            let x = (left + width * part / 4).to_string();
            line(html, "grid", [&x, "4", &x, &bottom.to_string()]);
            let tick = ["0", "0.25", "0.5", "0.75", "1"].get(usize::try_from(part).unwrap_or(0)).copied().unwrap_or("");
            let y = (bottom + 15).to_string();
            html.element("text", &[("x", &x), ("y", &y), ("class", "tick"), ("text-anchor", "middle")], |html| {
                html.plain(tick);
            });
        }
        for (index, layer) in layers.iter().enumerate() {
            let y = row * i64::try_from(index).unwrap_or(0) + 8;
            let middle = (y + 14).to_string();
            let name = [("x", "168"), ("y", middle.as_str()), ("class", "name"), ("text-anchor", "end")];
            html.both_in("text", &name, &layer.text());
            rectangle(html, "track", left, y, width);
            let found = score.layers.get(&*layer.id).and_then(|layer| layer.score);
            if let Some(found) = found {
                bar(html, found, 1, left, y, width);
            }
            let value = found.map_or_else(|| input.texts.report.not_applicable_short.clone(), |found| same(&range(found)));
            let x = (left + width + 10).to_string();
            html.both_in("text", &[("x", x.as_str()), ("y", middle.as_str()), ("class", "value")], &value);
        }
    });
}

/// The total from 0 to 100, with the mark of the lowest total that passes.
pub(super) fn total(html: &mut Html, total: Range, scale: i64, threshold: Option<Exact>, label: &Text) {
    let label = both(label);
    html.element("svg", &[("viewBox", "0 0 540 58"), ("role", "img"), ("class", "chart"), ("aria-label", &label)], |html| {
        rectangle(html, "track", 10, 14, 520);
        bar(html, total, scale, 10, 14, 520);
        let mut tick = |at: i64, text: &str| {
            let x = (10 + 520 * at / scale.max(1)).to_string();
            line(html, "grid", [&x, "8", &x, "42"]);
            html.element("text", &[("x", &x), ("y", "55"), ("class", "tick"), ("text-anchor", "middle")], |html| {
                html.plain(text);
            });
        };
        tick(0, "0");
        if let Some(threshold) = threshold {
            tick(threshold.to_integer().to_i64().unwrap_or(0), &threshold.to_integer().to_string());
        }
        tick(scale, &scale.to_string());
    });
}

/// An attribute has one text: both languages stand in it.
fn both(text: &Text) -> String {
    format!("{} · {}", text.zh, text.en)
}

/// Where a value lies on a bar, in whole pixels.
fn pixels(value: Exact, scale: i64, width: i64) -> i64 {
    let at = value * Exact::from_integer(i128::from(width)) / Exact::from_integer(i128::from(scale.max(1)));
    at.round().to_integer().to_i64().unwrap_or(0).clamp(0, width)
}

fn bar(html: &mut Html, value: Range, scale: i64, left: i64, y: i64, width: i64) {
    let (low, high) = (pixels(value.low.exact(), scale, width), pixels(value.high.exact(), scale, width));
    rectangle(html, "sure", left, y, low);
    if high > low {
        rectangle(html, "open", left + low, y, high - low);
    }
}

fn rectangle(html: &mut Html, class: &str, x: i64, y: i64, width: i64) {
    let (x, y, width) = (x.to_string(), y.to_string(), width.to_string());
    html.element("rect", &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", "20")], |_| {});
}

fn line(html: &mut Html, class: &str, [x1, y1, x2, y2]: [&str; 4]) {
    html.element("line", &[("class", class), ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)], |_| {});
}

/// What the charts of a page share. Drawn once; without size, since a hidden picture would take its patterns with it.
pub(super) fn patterns(html: &mut Html) {
    html.markup(
        "<svg class=\"patterns\" aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"8\" height=\"8\"></rect>\
         <line class=\"hatch-line\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"8\"></line></pattern></defs></svg>",
    );
}
