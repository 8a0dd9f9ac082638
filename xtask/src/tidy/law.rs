//! Law speaks two languages. `check law` says more; this is cheap and needs no reader.

use anyhow::{Context, Result};
use toml::Value;

/// A table with `zh` has `en` and the other way round; a Markdown file has a paragraph in each.
pub(super) fn both_languages(files: &[(String, String)]) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (place, text) in files {
        if place.ends_with(".md") {
            for (heading, language) in [("## 中文", "Chinese"), ("## English", "English")] {
                let body = text.split_once(heading).map(|(_, rest)| rest.split("\n## ").next().unwrap_or_default());
                if body.is_none_or(|body| body.trim().is_empty()) {
                    complaints.push(format!("{place}: expected a paragraph in {language} under {heading:?}"));
                }
            }
        } else {
            let table: toml::Table = text.parse().with_context(|| place.clone())?;
            tables(&Value::Table(table), place, &mut complaints);
        }
    }
    Ok(complaints)
}

fn tables(value: &Value, place: &str, complaints: &mut Vec<String>) {
    match value {
        Value::Table(table) => {
            for (has, lacks) in [("zh", "en"), ("en", "zh")] {
                if table.contains_key(has) && !table.contains_key(lacks) {
                    let name = table.get("id").or_else(|| table.get(has)).and_then(Value::as_str).unwrap_or("a table");
                    complaints.push(format!("{place}: {name}: {has} without {lacks}"));
                }
            }
            // There zh and en are names of fields, not texts.
            let texts = table.iter().filter(|(key, _)| *key != "confidence_by_field");
            texts.for_each(|(_, value)| tables(value, place, complaints));
        }
        Value::Array(values) => values.iter().for_each(|value| tables(value, place, complaints)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_speaks_both_languages() {
        for (place, text, expected) in [
            ("law/a/x.toml", "[[rule]]\nid = \"R-1\"\nzh = \"一\"\nen = \"one\"\n", None),
            ("law/a/x.toml", "[[rule]]\nid = \"R-1\"\nzh = \"一\"\n", Some("law/a/x.toml: R-1: zh without en")),
            ("law/a/x.toml", "[rule]\nwhy = { en = \"one\" }\n", Some("law/a/x.toml: one: en without zh")),
            ("law/a/x.toml", "[rule]\nconfidence_by_field = { zh = \"memory\" }\n", None),
            ("law/a/x.md", "## 中文\n\n一\n\n## English\n\none\n", None),
            ("law/a/x.md", "## 中文\n\n## English\n\none\n", Some("in Chinese")),
            ("law/a/x.md", "## 中文\n\n一\n", Some("in English")),
        ] {
            let found = both_languages(&[(place.to_owned(), text.to_owned())]).unwrap();
            assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
            if let Some(expected) = expected {
                assert!(found[0].contains(expected), "{found:?}");
            }
        }
        assert!(both_languages(&[("law/a/x.toml".to_owned(), "[".to_owned())]).is_err());
    }
}
