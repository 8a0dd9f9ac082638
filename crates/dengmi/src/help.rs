//! The help in Chinese. English is what the arguments say of themselves, where they are declared.

use crate::texts::{fill_one, read};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use serde::Deserialize;
use std::collections::BTreeMap;

const TEXT: &str = include_str!("../texts/help.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Help {
    heading: Heading,
    command: BTreeMap<String, String>,
    argument: BTreeMap<String, String>,
    value: BTreeMap<String, String>,
    problem: Problem,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Heading {
    about: String,
    after: String,
    usage: String,
    commands: String,
    arguments: String,
    options: String,
    values: String,
    default: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Problem {
    unknown_command: String,
    unknown_argument: String,
    missing: String,
    invalid_value: String,
    conflict: String,
    no_value: String,
    nearest: String,
    known: String,
    try_help: String,
}

impl Help {
    /// Reads the file that the program was built with.
    pub(crate) fn load() -> Help {
        read("help.toml", TEXT)
    }

    /// The whole command line, said in Chinese.
    pub(crate) fn command(&self, root: Command) -> Command {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        let version = version.help(self.argument("", "version")).help_heading(self.heading.options.clone());
        let root = root.about(self.heading.about.clone()).after_help(self.heading.after.clone());
        self.translate(root.disable_version_flag(true).arg(version), "")
    }

    fn translate(&self, command: Command, path: &str) -> Command {
        let heading = &self.heading;
        let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
        let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
        let help = help.help(self.argument("", "help")).help_heading(heading.options.clone());
        let template = format!("{{about-with-newline}}\n{}：{{usage}}\n\n{{all-args}}{{after-help}}", heading.usage);
        let command = command
            .disable_help_flag(true)
            .help_template(template)
            .subcommand_help_heading(heading.commands.clone())
            .mut_args(|argument| self.said(argument, path))
            .arg(help);
        names.iter().fold(command, |command, name| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let about = self.command.get(&path).cloned().unwrap_or_default();
            command.mut_subcommand(name, |inner| self.translate(inner.about(about), &path))
        })
    }

    /// An argument with its sentence, its values and its default, which the library itself would say in English.
    fn said(&self, argument: Arg, path: &str) -> Arg {
        let heading = &self.heading;
        let group = if argument.is_positional() { &heading.arguments } else { &heading.options };
        let mut text = self.argument(path, argument.get_id().as_str());
        let values = argument.get_possible_values();
        if argument.get_action().takes_values() && !values.is_empty() {
            let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
            text += &bracket(&heading.values, &names.join(", "));
            for name in names {
                if let Some(meaning) = self.value.get(name).filter(|_| path == "gate") {
                    text += &format!("\n{name}：{meaning}");
                }
            }
        }
        let default = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>();
        if argument.get_action().takes_values() && !default.is_empty() {
            text += &bracket(&heading.default, &default.join(","));
        }
        let text = StyledStr::from(text);
        let takes_values = argument.get_action().takes_values();
        let argument = argument.help(text.clone()).long_help(text).help_heading(group.clone());
        if takes_values { argument.hide_possible_values(true).hide_default_value(true) } else { argument }
    }

    fn argument(&self, path: &str, name: &str) -> String {
        let own = self.argument.get(&format!("{path}.{name}"));
        own.or_else(|| self.argument.get(name)).cloned().unwrap_or_default()
    }

    /// What is wrong with the words of a command line, and what to do; `None` for what is rare enough to stay in English.
    pub(crate) fn problem(&self, error: &clap::Error) -> Option<(String, String)> {
        let texts = &self.problem;
        let said = |kind: ContextKind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            Some(ContextValue::Strings(list)) => Some(list.join(" ")),
            _ => None,
        };
        let filled = |text: &str, values: &[(&str, &str)]| {
            fill_one(text, |key| values.iter().find(|(name, _)| *name == key).map(|(_, value)| *value))
        };
        let nearest = |kind: ContextKind| match error.get(kind) {
            Some(ContextValue::String(near)) => filled(&texts.nearest, &[("name", near)]),
            Some(ContextValue::Strings(near)) => {
                near.first().map_or_else(String::new, |near| filled(&texts.nearest, &[("name", near)]))
            }
            _ => String::new(),
        };
        let name = || said(ContextKind::InvalidArg);
        let problem = match error.kind() {
            ErrorKind::InvalidSubcommand => {
                let name = said(ContextKind::InvalidSubcommand)?;
                filled(&texts.unknown_command, &[("name", &name)]) + &nearest(ContextKind::SuggestedSubcommand)
            }
            ErrorKind::UnknownArgument => {
                filled(&texts.unknown_argument, &[("name", &name()?)]) + &nearest(ContextKind::SuggestedArg)
            }
            ErrorKind::MissingRequiredArgument => filled(&texts.missing, &[("name", &name()?)]),
            ErrorKind::ArgumentConflict => {
                let other = said(ContextKind::PriorArg)?;
                filled(&texts.conflict, &[("name", &name()?), ("other", &other)])
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let value = said(ContextKind::InvalidValue).unwrap_or_default();
                let text = if value.is_empty() { &texts.no_value } else { &texts.invalid_value };
                let known = match error.get(ContextKind::ValidValue) {
                    Some(ContextValue::Strings(known)) => filled(&texts.known, &[("names", &known.join(", "))]),
                    _ => String::new(),
                };
                filled(text, &[("name", &name()?), ("value", &value)]) + &known
            }
            _ => return None,
        };
        Some((problem, texts.try_help.clone()))
    }
}

fn bracket(text: &str, values: &str) -> String {
    format!("（{}）", fill_one(text, |_| Some(values)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;
    use clap::CommandFactory;
    use std::collections::BTreeSet;

    /// What the command line has: commands, and arguments with the key that says them.
    fn walk(
        command: &Command,
        path: &str,
        help: &Help,
        commands: &mut BTreeSet<String>,
        arguments: &mut BTreeSet<String>,
    ) {
        for argument in command.get_arguments() {
            let own = format!("{path}.{}", argument.get_id());
            let key = if help.argument.contains_key(&own) { own } else { argument.get_id().to_string() };
            arguments.insert(key);
        }
        for inner in command.get_subcommands() {
            let path =
                if path.is_empty() { inner.get_name().to_owned() } else { format!("{path}.{}", inner.get_name()) };
            walk(inner, &path, help, commands, arguments);
            commands.insert(path);
        }
    }

    #[test]
    fn everything_is_said_in_chinese_and_nothing_that_is_not_there() {
        let help = Help::load();
        let (mut commands, mut arguments) = (BTreeSet::new(), BTreeSet::new());
        walk(&crate::Cli::command(), "", &help, &mut commands, &mut arguments);
        arguments.extend(["help".into(), "version".into()]);
        assert_eq!(help.command.keys().cloned().collect::<BTreeSet<_>>(), commands);
        assert_eq!(help.argument.keys().cloned().collect::<BTreeSet<_>>(), arguments);
        let gate = crate::Cli::command().find_subcommand("gate").unwrap().clone();
        let fail_on = gate.get_arguments().find(|argument| argument.get_id() == "fail_on").unwrap().clone();
        let values: BTreeSet<String> =
            fail_on.get_possible_values().iter().map(|value| value.get_name().into()).collect();
        assert_eq!(help.value.keys().cloned().collect::<BTreeSet<_>>(), values);
    }

    #[test]
    fn both_languages_take_the_same_words() {
        let help = Help::load();
        help.command(crate::Cli::command()).debug_assert();
        crate::Cli::command().debug_assert();
        for (words, part) in [
            (&["dengmi", "jugde"][..], "没有名为 jugde 的命令；是否想写 judge？"),
            (&["dengmi", "judge", "a.case", "--jsn"], "没有名为 --jsn 的参数；是否想写 --json？"),
            (&["dengmi", "judge"], "缺少 <CASE>"),
            (
                &["dengmi", "gate", "a.case", "--fail-on", "all"],
                "--fail-on <FAIL_ON> 的值“all”无效；可用：high-risk, candidate",
            ),
            (&["dengmi", "score", "a.case", "--table", "b.json"], "不能与"),
            (&["dengmi", "demo", "--out"], "--out <DIR> 需要一个值"),
            (&["dengmi", "probe", "a:1", "--timeout", "0"], "--timeout <SECONDS> 的值“0”无效"),
        ] {
            let error = help.command(crate::Cli::command()).try_get_matches_from(words).unwrap_err();
            let (problem, _) = help.problem(&error).unwrap();
            assert!(problem.contains(part), "{words:?}: {problem}");
        }
    }
}
