//! A writer of HTML in which text cannot become markup: whatever is not a tag name or attribute name of ours is escaped.

use dengmi_core::Text;

/// A page that is being written.
pub(crate) struct Html(String);

impl Html {
    pub(crate) fn new() -> Html {
        Html(String::with_capacity(1 << 18))
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// Markup of ours, as it stands. Never a value that came from outside.
    pub(crate) fn markup(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// A start tag with attributes.
    pub(crate) fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            escape(value, &mut self.0);
            self.0.push('"');
        }
        self.0.push('>');
    }

    pub(crate) fn close(&mut self, tag: &'static str) {
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element with whatever the closure writes into it.
    pub(crate) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        inner: impl FnOnce(&mut Html),
    ) {
        self.open(tag, attributes);
        inner(self);
        self.close(tag);
    }

    /// An element of a class that holds text of both languages.
    pub(crate) fn say(&mut self, tag: &'static str, class: &str, text: &Text) {
        if class.is_empty() {
            self.element(tag, &[], |html| html.both(text));
        } else {
            self.element(tag, &[("class", class)], |html| html.both(text));
        }
    }

    /// Text that is the same in both languages.
    pub(crate) fn plain(&mut self, text: &str) {
        escape(text, &mut self.0);
    }

    /// Text of both languages; the switch of the page shows one.
    pub(crate) fn both(&mut self, text: &Text) {
        self.both_in("span", &[], text);
    }

    /// As [`Html::both`], in elements of a name, such as `text` of a chart.
    pub(crate) fn both_in(&mut self, tag: &'static str, attributes: &[(&'static str, &str)], text: &Text) {
        if text.zh == text.en {
            if tag == "span" && attributes.is_empty() {
                return self.plain(&text.zh);
            }
            return self.element(tag, attributes, |html| html.plain(&text.zh));
        }
        for (lang, half) in [("zh", &text.zh), ("en", &text.en)] {
            let with: Vec<(&'static str, &str)> =
                std::iter::once(("lang", lang)).chain(attributes.iter().copied()).collect();
            self.element(tag, &with, |html| html.plain(half));
        }
    }
}

/// Writes text so that it can stand between tags and inside quoted attributes. Control characters that HTML forbids, and the
/// marks that turn the direction of writing, show as U+FFFD.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            control if control.is_control() => out.push('\u{fffd}'),
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut html = Html::new();
        html.element("p", &[("title", text)], |html| html.plain(text));
        assert_eq!(html.finish(), format!("<p title=\"{expected}\">{expected}</p>"));
    }

    #[test]
    fn text_never_becomes_markup() {
        check("医院", "医院");
        check("</p><script>alert(1)</script>", "&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
        check("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;");
        check("a\u{0}b\u{202e}c\u{2069}\u{7}", "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}");
        check("line\nline", "line\nline");
    }

    #[test]
    fn both_languages_stand_beside_each_other() {
        let mut html = Html::new();
        html.both(&Text { zh: "密".into(), en: "<c>".into() });
        html.both(&Text { zh: "same".into(), en: "same".into() });
        assert_eq!(html.finish(), "<span lang=\"zh\">密</span><span lang=\"en\">&lt;c&gt;</span>same");
    }
}
