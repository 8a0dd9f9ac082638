//! What the Rust of the rooms may hold.

use std::collections::BTreeMap;

/// A file of Rust, without comments, texts and tests: what the rules look at.
pub(crate) struct Source {
    place: String,
    code: String,
}

impl Source {
    pub(crate) fn new(place: &str, text: &str) -> Source {
        let is_test = place.contains("/tests/") || place.ends_with("/tests.rs") || place.starts_with("benches/");
        let code = if is_test { String::new() } else { without_tests(&bare(text)).to_owned() };
        Source { place: place.to_owned(), code }
    }

    /// The crate's folder: `parse` of `crates/parse/src/lib.rs`; `xtask` and others by their first part.
    fn room(&self) -> &str {
        let mut parts = self.place.split('/');
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            first => first.unwrap_or_default(),
        }
    }

    fn complaint(&self, at: usize, what: &str) -> String {
        let line = self.code.get(..at).unwrap_or_default().matches('\n').count() + 1;
        format!("{}:{line}: {what}", self.place)
    }

    /// Where a word stands that is not a part of a longer one.
    fn words(&self, word: &str) -> impl Iterator<Item = usize> {
        self.code.match_indices(word).map(|(at, _)| at).filter(|at| {
            let before = self.code.get(..*at).and_then(|text| text.chars().next_back());
            let after = self.code.get(at + word.len()..).and_then(|text| text.chars().next());
            let joins = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            let cut_off = |end: Option<char>, beyond: Option<char>| joins(end) && joins(beyond);
            !cut_off(word.chars().next(), before) && !cut_off(word.chars().next_back(), after)
        })
    }

    fn ban(&self, words: &[&str], why: &str) -> Vec<String> {
        words
            .iter()
            .flat_map(|word| self.words(word).map(move |at| self.complaint(at, &format!("{word}: {why}"))))
            .collect()
    }
}

/// A name says what is in the file.
pub(super) fn names(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| {
            source.place.split('/').any(|part| {
                matches!(part.trim_end_matches(".rs"), "util" | "utils" | "helper" | "helpers" | "misc" | "common")
            })
        })
        .map(|source| format!("{}: a name that says nothing: name what is inside", source.place))
        .collect()
}

/// Lints that hold everywhere outside tests.
const KEPT_LINTS: &[&str] = &[
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::panic",
    "clippy::todo",
    "clippy::dbg_macro",
    "clippy::print_stdout",
    "clippy::print_stderr",
];

/// No stub, and no output besides the one writer's.
pub(super) fn no_stub(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        // A build script speaks to cargo by printing.
        .filter(|source| !source.place.ends_with("/build.rs"))
        .flat_map(|source| {
            let mut found = source.ban(&["todo!", "unimplemented!", "dbg!"], "a stub");
            found.extend(source.ban(
                &["println!", "print!", "eprintln!", "eprint!"],
                "panics on a closed pipe: write through the program's writer",
            ));
            for word in ["allow(", "expect("] {
                for at in source.words(word) {
                    let inside = source.code.get(at..).and_then(|rest| rest.split(')').next()).unwrap_or_default();
                    if let Some(lint) = KEPT_LINTS.iter().find(|lint| inside.contains(*lint)) {
                        let what =
                            format!("{lint} switched off by hand: clippy.toml does so for tests, nothing else may");
                        found.push(source.complaint(at, &what));
                    }
                }
            }
            found
        })
        .collect()
}

/// Files beside parse that may write code points as numbers: the types, the tables made of `registry/`, the named ones.
const MAY_NUMBER: &[&str] = &["crates/core/src/code.rs", "crates/core/src/registry/"];

/// Numbers of the TLS family stand in parse and in the registry; elsewhere they have names.
pub(super) fn code_points(sources: &[Source]) -> Vec<String> {
    const KINDS: &[&str] = &[
        "Suite",
        "Group",
        "Scheme",
        "Version",
        "HandshakeType",
        "ContentType",
        "AlertLevel",
        "AlertDescription",
        "ExtensionType",
    ];
    let mut complaints = Vec::new();
    for source in sources {
        if source.room() == "parse" || MAY_NUMBER.iter().any(|place| source.place.starts_with(place)) {
            continue;
        }
        for kind in KINDS {
            let call = format!("{kind}(");
            for at in source.words(&call) {
                let digit = source.code.get(at + call.len()..).and_then(|rest| rest.chars().next());
                if digit.is_some_and(|digit| digit.is_ascii_digit()) {
                    complaints.push(source.complaint(
                        at,
                        &format!("a number in {kind}: take the constant of dengmi_core or dengmi_parse, or look it up"),
                    ));
                }
            }
        }
        for (at, number) in numbers(&source.code) {
            let digits = number.trim_start_matches("0x").replace('_', "").to_lowercase();
            let tlcp = digits.len() == 4
                && (digits.starts_with("e00") || digits.starts_with("e01") || digits.starts_with("e05"));
            if tlcp {
                complaints.push(source.complaint(at, &format!("{number}: a TLCP suite as a bare number")));
            }
        }
    }
    complaints
}

/// Hexadecimal numbers, with their places.
fn numbers(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices("0x").filter_map(|(at, _)| {
        let rest = code.get(at..)?;
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len());
        Some((at, rest.get(..end)?))
    })
}

/// Rooms without input and output touch no disk, socket, clock or environment.
pub(super) fn no_io(sources: &[Source]) -> Vec<String> {
    const PURE: &[&str] = &["core", "parse", "crypto", "protocol", "randomness", "judge"];
    sources
        .iter()
        .filter(|source| PURE.contains(&source.room()))
        .flat_map(|source| {
            source.ban(
                &[
                    "std::fs",
                    "std::env",
                    "std::process",
                    "TcpStream",
                    "TcpListener",
                    "UdpSocket",
                    "ToSocketAddrs",
                    "SystemTime",
                    "Instant",
                    "now_utc",
                    "now_local",
                ],
                "this room knows no disk, socket, clock or environment",
            )
        })
        .collect()
}

/// Rooms that read hostile bytes or judge forbid unsafe code in their first lines.
pub(super) fn no_unsafe(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| {
            ["core", "parse", "protocol", "judge"]
                .iter()
                .any(|room| source.place == format!("crates/{room}/src/lib.rs"))
        })
        .filter(|source| !source.code.contains("#![forbid(unsafe_code)]"))
        .map(|source| format!("{}: expected #![forbid(unsafe_code)]", source.place))
        .collect()
}

/// Traits with fewer than two implementations: mostly a function in disguise.
pub(super) fn lonely_traits(sources: &[Source]) -> Vec<String> {
    let mut traits: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for source in sources {
        for at in source.words("trait ") {
            if let Some(name) = identifier(source.code.get(at + "trait ".len()..)) {
                traits.insert(name, (0, source.complaint(at, "")));
            }
        }
    }
    for source in sources {
        for (at, _) in source.code.match_indices(" for ") {
            let before = source.code.get(..at).unwrap_or_default();
            let line = before.get(before.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or_default();
            if !line.contains("impl") {
                continue;
            }
            let path = line.split('<').next().filter(|head| !head.trim_end().ends_with("impl")).unwrap_or(line);
            let name = path.rsplit([' ', ':', '>']).next().unwrap_or_default();
            if let Some((count, _)) = identifier(Some(name)).and_then(|name| traits.get_mut(name)) {
                *count += 1;
            }
        }
    }
    traits
        .iter()
        .filter(|(_, (count, _))| *count < 2)
        .map(|(name, (count, place))| format!("{place}trait {name} has {count} implementations"))
        .collect()
}

fn identifier(text: Option<&str>) -> Option<&str> {
    let text = text?;
    let end = text.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(text.len());
    text.get(..end).filter(|name| !name.is_empty())
}

/// Tests come last in a file, in a module of their own.
fn without_tests(code: &str) -> &str {
    let mut from = 0;
    while let Some(found) = code.get(from..).and_then(|rest| rest.find("#[cfg(test)]")) {
        let at = from + found;
        let rest = code.get(at + "#[cfg(test)]".len()..).unwrap_or_default().trim_start();
        let line = rest.lines().next().unwrap_or_default();
        if line.contains("mod ") && line.contains('{') {
            return code.get(..at).unwrap_or(code);
        }
        from = at + 1;
    }
    code
}

/// The text with comments and the insides of texts and letters made blank; lines stay where they are.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, skipped) = match first {
            '/' if rest.starts_with("//") => ("", rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => ("", comment(rest)),
            '"' => ("\"\"", quoted(rest)),
            'r' if raw(rest).is_some() && !out.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') => {
                ("\"\"", raw(rest).unwrap_or(1))
            }
            '\'' => match letter(rest) {
                Some(length) => ("' '", length),
                None => ("'", 1),
            },
            other => {
                out.push(other);
                rest = rest.get(other.len_utf8()..).unwrap_or_default();
                continue;
            }
        };
        out.push_str(kept);
        let (gone, left) = rest.split_at_checked(skipped).unwrap_or((rest, ""));
        out.extend(gone.chars().filter(|letter| *letter == '\n'));
        rest = left;
    }
    out
}

/// The length of a block comment, which may hold others.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a text in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw text, when one begins here.
fn raw(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?.chars().take_while(|letter| *letter == '#').count();
    let start = 1 + hashes;
    if !text.get(start..)?.starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = text.get(start + 1..)?;
    Some(inside.find(&end).map_or(text.len(), |at| start + 1 + at + end.len()))
}

/// The length of a letter in quotes, when it is one and not a lifetime.
fn letter(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    let (_, first) = letters.next()?;
    if first == '\\' {
        letters.next()?;
        return letters.find(|(_, letter)| *letter == '\'').map(|(at, _)| at + 1);
    }
    letters.next().filter(|(_, letter)| *letter == '\'').map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&[Source]) -> Vec<String>, place: &str, text: &str, expected: &[&str]) {
        let found = rule(&[Source::new(place, text)]);
        assert_eq!(found.len(), expected.len(), "{place}: {text}\n{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} lacks {expected}");
        }
    }

    #[test]
    fn only_code_counts() {
        for (text, expected) in [
            ("a // b\nc", "a \nc"),
            ("a /* b /* c */ \n d */ e", "a \n e"),
            ("\"a // \\\" b\" c", "\"\" c"),
            ("r#\"a \" b\"# c", "\"\" c"),
            ("'\"' 'a' '\\'' fn f<'a>(x: &'a str)", "' ' ' ' ' ' fn f<'a>(x: &'a str)"),
            ("for r in rs", "for r in rs"),
            ("\"never ends", "\"\""),
            ("/* never ends", ""),
            ("中 // 文", "中 "),
        ] {
            assert_eq!(bare(text), expected, "{text}");
        }
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\n}"), "a\n");
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests;\nb"), "a\n#[cfg(test)]\nmod tests;\nb");
    }

    #[test]
    fn names_say_what_is_inside() {
        check(names, "crates/core/src/exact.rs", "", &[]);
        check(names, "crates/core/src/utils.rs", "", &["crates/core/src/utils.rs: a name that says nothing"]);
        check(names, "crates/core/src/helpers/mod.rs", "", &["says nothing"]);
        check(names, "crates/core/src/utilisation.rs", "", &[]);
    }

    #[test]
    fn no_stub_and_one_writer() {
        check(
            no_stub,
            "crates/dengmi/src/main.rs",
            "fn a() {\n    todo!()\n}",
            &["crates/dengmi/src/main.rs:2: todo!"],
        );
        check(no_stub, "crates/dengmi/src/main.rs", "println!(\"a\"); eprintln!();", &["println!", "eprintln!"]);
        check(
            no_stub,
            "crates/dengmi/src/main.rs",
            "#[allow(clippy::unwrap_used)]",
            &["clippy::unwrap_used switched off by hand"],
        );
        check(no_stub, "crates/dengmi/src/main.rs", "#![deny(clippy::unwrap_used)]", &[]);
        check(no_stub, "crates/core/src/lib.rs", "// todo!()\nlet a = \"println!\";", &[]);
        check(no_stub, "crates/core/tests/it/main.rs", "println!()", &[]);
        check(no_stub, "peers/build.rs", "println!()", &[]);
        check(no_stub, "crates/core/src/lib.rs", "#[cfg(test)]\nmod tests {\n println!()\n}", &[]);
    }

    #[test]
    fn code_points_have_names() {
        check(
            code_points,
            "crates/protocol/src/lib.rs",
            "let a = Suite(0x1301);",
            &["protocol/src/lib.rs:1: a number in Suite"],
        );
        check(code_points, "crates/collect/src/lib.rs", "HandshakeType(11)", &["a number in HandshakeType"]);
        check(code_points, "crates/collect/src/lib.rs", "Suite(code) Suite::ECC_SM4_CBC_SM3 MySuite(1)", &[]);
        check(code_points, "crates/collect/src/lib.rs", "[0xe013, 0xE0_51]", &["0xe013: a TLCP suite", "0xE0_51"]);
        check(code_points, "crates/collect/src/lib.rs", "0xe01 0xe0131 0x1301", &[]);
        check(code_points, "crates/parse/src/tls/code.rs", "Suite(0x1301) 0xe013", &[]);
        check(code_points, "crates/core/src/registry/generated.rs", "code: 0xe013", &[]);
    }

    #[test]
    fn pure_rooms_touch_nothing() {
        check(no_io, "crates/judge/src/lib.rs", "use std::fs;", &["judge/src/lib.rs:1: std::fs"]);
        check(no_io, "crates/protocol/src/a.rs", "let a = Instant::now();", &["Instant"]);
        check(no_io, "crates/core/src/a.rs", "SystemTime::now()", &["SystemTime"]);
        check(no_io, "crates/parse/src/a.rs", "use std::net::{IpAddr, TcpStream};", &["TcpStream"]);
        check(no_io, "crates/collect/src/a.rs", "use std::fs;", &[]);
        check(no_io, "crates/judge/src/a.rs", "struct Instantly;", &[]);
        check(no_unsafe, "crates/judge/src/lib.rs", "//! A room.", &["expected #![forbid(unsafe_code)]"]);
        check(no_unsafe, "crates/judge/src/lib.rs", "#![forbid(unsafe_code)]", &[]);
        check(no_unsafe, "crates/collect/src/lib.rs", "", &[]);
    }

    #[test]
    fn lonely_traits_are_counted() {
        let one = "pub trait Reader {}\nimpl Reader for A {}\n";
        check(
            lonely_traits,
            "crates/core/src/a.rs",
            one,
            &["crates/core/src/a.rs:1: trait Reader has 1 implementations"],
        );
        check(lonely_traits, "crates/core/src/a.rs", "trait Reader {}", &["has 0 implementations"]);
        let two = format!("{one}impl<T: Copy> super::Reader for B<T> {{}}\nfor a in b {{}}");
        check(lonely_traits, "crates/core/src/a.rs", &two, &[]);
        check(
            lonely_traits,
            "crates/core/src/a.rs",
            "trait Of<T> {}\nimpl Of<u8> for A {}\nimpl Of<u16> for A {}",
            &[],
        );
    }
}
