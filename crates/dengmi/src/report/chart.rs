//! Charts as inline SVG, drawn with whole numbers.

use super::Input;
use super::html::Html;
use super::say::range;
use crate::texts::same;
use dengmi_core::{Exact, Text};
use dengmi_judge::score::Range;
use num_traits::ToPrimitive;

/// Width of a drawing.
const WIDTH: i64 = 540;
/// Width of a bar at its full value.
const BAR: i64 = 512;
/// What is left free before a bar.
const LEFT: i64 = 14;

/// The eight layers, each a name and a bar from 0 to 1: solid to the lowest value, hatched to the highest.
pub(super) fn layers(html: &mut Html, input: &Input<'_>) {
    let Ok(score) = &input.assessment.score else { return };
    let layers = input.layers();
    let row = 37_i64;
    let bottom = row * i64::try_from(layers.len()).unwrap_or(8) + 2;
    let label = both(&input.texts.report.chart_label);
    let view = format!("0 0 {WIDTH} {}", bottom + 16);
    html.element("svg", &[("viewBox", &view), ("role", "img"), ("class", "chart"), ("aria-label", &label)], |html| {
        for (index, layer) in layers.iter().enumerate() {
            let y = row * i64::try_from(index).unwrap_or(0);
            let baseline = (y + 15).to_string();
            html.both_in("text", &[("x", "14"), ("y", &baseline)], &layer.text());
            rectangle(html, "track", y + 20, 0, BAR);
            let found = score.layers.get(&*layer.id).and_then(|layer| layer.score);
            if let Some(found) = found {
                bar(html, found, 1, y + 20);
            }
            let none = &input.texts.report.not_applicable_short;
            let value = found.map_or_else(|| none.clone(), |found| same(&range(found)));
            let end = (LEFT + BAR).to_string();
            let place = [("x", end.as_str()), ("y", &baseline), ("class", "value"), ("text-anchor", "end")];
            html.both_in("text", &place, &value);
        }
        for (quarter, text) in (0..).zip(["0", "0.25", "0.5", "0.75", "1"]) {
            tick(html, BAR * quarter / 4, bottom, text);
        }
    });
}

/// The total from 0 to full marks, with the lowest total that passes.
pub(super) fn total(html: &mut Html, total: Range, scale: i64, threshold: Option<Exact>, label: &Text) {
    let label = both(label);
    let view = format!("0 0 {WIDTH} 38");
    html.element("svg", &[("viewBox", &view), ("role", "img"), ("class", "chart"), ("aria-label", &label)], |html| {
        rectangle(html, "track", 4, 0, BAR);
        bar(html, total, scale, 4);
        tick(html, 0, 24, "0");
        if let Some(threshold) = threshold {
            tick(html, pixels(threshold, scale), 24, &threshold.to_integer().to_string());
        }
        tick(html, BAR, 24, &scale.to_string());
    });
}

/// An attribute has one text: both languages stand in it.
fn both(text: &Text) -> String {
    format!("{} · {}", text.zh, text.en)
}

/// Where a value lies on a bar, in whole units of the drawing.
fn pixels(value: Exact, scale: i64) -> i64 {
    let at = value * Exact::from_integer(i128::from(BAR)) / Exact::from_integer(i128::from(scale.max(1)));
    at.round().to_integer().to_i64().unwrap_or(0).clamp(0, BAR)
}

fn bar(html: &mut Html, value: Range, scale: i64, y: i64) {
    let (low, high) = (pixels(value.low.exact(), scale), pixels(value.high.exact(), scale));
    rectangle(html, "sure", y, 0, low);
    if high > low {
        rectangle(html, "open", y, low, high - low);
    }
}

fn rectangle(html: &mut Html, class: &str, y: i64, from: i64, width: i64) {
    let (x, y, width) = ((LEFT + from).to_string(), y.to_string(), width.to_string());
    html.element("rect", &[("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", "12")], |_| {});
}

/// A mark below a bar that ends at `y`.
fn tick(html: &mut Html, at: i64, y: i64, text: &str) {
    let (x, top, bottom) = ((LEFT + at).to_string(), (y - 8).to_string(), y.to_string());
    html.element("line", &[("class", "grid"), ("x1", &x), ("y1", &top), ("x2", &x), ("y2", &bottom)], |_| {});
    let baseline = (y + 12).to_string();
    html.element("text", &[("x", &x), ("y", &baseline), ("class", "tick"), ("text-anchor", "middle")], |html| {
        html.plain(text);
    });
}

/// What the charts of a page share. Drawn once; without size, since a hidden picture would take its patterns with it.
pub(super) fn patterns(html: &mut Html) {
    html.markup(
        "<svg class=\"patterns\" aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect class=\"hatch-ground\" width=\"8\" height=\"8\"></rect>\
         <line class=\"hatch-line\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"8\"></line></pattern></defs></svg>",
    );
}
