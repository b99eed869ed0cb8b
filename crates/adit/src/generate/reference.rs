//! The reference of all commands, as chapters of the book: Markdown, made of the command line itself.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command};

use super::STATUSES;
use crate::cli;

/// A chapter: the name of its file, and its text.
pub(crate) type Chapter = (&'static str, String);

/// First words of commands, and the chapter that they stand in; all others stand in that of networks.
const VPN: &[&str] = &["vpn"];
const IDENTITY: &[&str] = &[
    "project",
    "user",
    "role",
    "token",
    "catalog",
    "domain",
    "service",
    "endpoint",
    "region",
    "application",
    "access",
    "implied",
    "credential",
    "group",
];

/// What the options are called that say who and where, and those that say how something is printed.
const OUTPUT: &str = "Output";

const HEAD: &str =
    "<!-- Written by `adit manual --markdown docs/commands`: change the program, not this file. -->\n\n";

const INTRODUCTION: &str = "\
The words, options and tables of the client commands are those of the `openstack` command: whoever knows that one writes
`adit` in its place. The commands of the old `neutron` client for VPN, such as `adit vpn-ikepolicy-create`, work as well, and
are not listed here. `adit COMMAND --help` says what stands here.

`adit install` puts the program, completions for bash, zsh and fish, and these pages for `man` where they belong. Without it,
`source <(adit completion bash)` completes commands in a shell, and `adit manual FOLDER` writes the pages.

## Exit statuses

| Status | Of a client command |
|---|---|
";

/// All chapters.
pub(crate) fn chapters() -> Vec<Chapter> {
    let (clients, own) = (adit_cli::whole(), cli::own());
    let of_client = |wanted: &dyn Fn(&str) -> bool| -> Vec<Leaf> {
        clients
            .iter()
            .filter(|command| wanted(command.get_name()))
            .flat_map(|one| leaves(one, "adit"))
            .collect()
    };
    let is_other = |word: &str| !VPN.contains(&word) && !IDENTITY.contains(&word);
    let parts = [
        ("vpn.md", "VPN", of_client(&|word| VPN.contains(&word))),
        ("network.md", "Networks", of_client(&is_other)),
        ("identity.md", "Identity", of_client(&|word| IDENTITY.contains(&word))),
        (
            "program.md",
            "The program itself",
            own.get_subcommands().flat_map(|one| leaves(one, "adit")).collect(),
        ),
    ];
    let index = ("index.md", index(&clients, &parts));
    let rest = parts.iter().map(|(file, title, leaves)| (*file, chapter(title, leaves)));
    std::iter::once(index).chain(rest).collect()
}

/// A command that does something.
struct Leaf {
    /// All its words.
    words: String,
    command: Command,
}

type Part = (&'static str, &'static str, Vec<Leaf>);

fn leaves(command: &Command, before: &str) -> Vec<Leaf> {
    if command.is_hide_set() {
        return Vec::new();
    }
    let words = format!("{before} {}", command.get_name());
    let below: Vec<Leaf> = command.get_subcommands().flat_map(|one| leaves(one, &words)).collect();
    // A word may be a command, and begin others.
    if command.is_subcommand_required_set() {
        return below;
    }
    let leaf = Leaf { command: command.clone().bin_name(words.clone()), words };
    std::iter::once(leaf).chain(below).collect()
}

fn index(clients: &[Command], parts: &[Part]) -> String {
    let mut text = format!("{HEAD}# The commands\n\n{INTRODUCTION}");
    for (status, what) in STATUSES {
        let _ = writeln!(text, "| {status} | {what} |");
    }
    text.push_str("\n## Who and where\n\nAll client commands have these. Each is also a variable, ");
    text.push_str("`OS_CLOUD` for `--os-cloud`, and a key of `clouds.yaml`.\n\n");
    if let Some(command) = clients.first() {
        list(&mut text, command, command.get_arguments().filter(|arg| arg.is_global_set()));
    }
    let all = || parts.iter().flat_map(|(_, _, leaves)| leaves);
    for (title, anchor, about) in [
        ("How lists are printed", "sort-column", "Commands that list have these."),
        ("How an object is printed", "prefix", "Commands that show an object, or make one, have these."),
    ] {
        let has = |leaf: &&Leaf| output(&leaf.command).any(|arg| arg.get_id() == anchor);
        let Some(leaf) = all().find(has) else { continue };
        let _ = write!(text, "## {title}\n\n{about}\n\n");
        list(&mut text, &leaf.command, output(&leaf.command));
    }
    text.push_str("## All commands\n\n");
    for (file, _, leaves) in parts {
        for Leaf { words, command } in leaves {
            let _ = writeln!(text, "- [`{words}`]({file}#{}): {}", anchor(words), about(command));
        }
    }
    text
}

fn chapter(title: &str, leaves: &[Leaf]) -> String {
    let mut text = format!("{HEAD}# {title}\n");
    for Leaf { words, command } in leaves {
        text.truncate(text.trim_end().len());
        text.push('\n');
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").lines().map(str::trim).collect::<Vec<_>>().join("\n");
        let _ = write!(text, "\n## {words}\n\n{}.\n\n```text\n{}\n```\n\n", about(command), usage.trim());
        let own = command.get_arguments().filter(|arg| arg.get_help_heading() != Some(OUTPUT));
        list(&mut text, command, own);
        if let Some(more) = command.get_after_help() {
            let _ = write!(text, "{}\n\n", plain(&more.to_string()));
        }
        let has = |id: &str| output(command).any(|arg| arg.get_id() == id);
        if has("sort-column") {
            text.push_str("It is [printed as lists are](index.md#how-lists-are-printed).\n");
        } else if has("prefix") {
            text.push_str("It is [printed as objects are](index.md#how-an-object-is-printed).\n");
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn output(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| arg.get_help_heading() == Some(OUTPUT))
}

fn about(command: &Command) -> String {
    plain(&command.get_about().map(ToString::to_string).unwrap_or_default())
}

/// Arguments, a line each.
fn list<'a>(text: &mut String, command: &Command, arguments: impl Iterator<Item = &'a Arg>) {
    let before = text.len();
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        let _ = writeln!(text, "- `{}`: {}", spelt(argument), told(command, argument));
    }
    if text.len() > before {
        text.push('\n');
    }
}

fn spelt(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    let values: Vec<String> = names.iter().map(ToString::to_string).collect();
    let values = values.join(" ");
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    if argument.is_positional() {
        let many = if matches!(argument.get_action(), ArgAction::Append) { " ..." } else { "" };
        let called = if values.is_empty() { argument.get_id().as_str().to_uppercase() } else { values };
        return format!("{called}{many}");
    }
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let spelt = [short, long].into_iter().flatten().collect::<Vec<_>>().join(", ");
    if takes && !values.is_empty() { format!("{spelt} {values}") } else { spelt }
}

fn told(command: &Command, argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let mut told = vec![plain(&help)];
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let possible = argument.get_possible_values();
    if takes && !possible.is_empty() {
        let words = possible.iter().map(|value| format!("`{}`", value.get_name()));
        told.push(format!("one of {}", words.collect::<Vec<_>>().join(", ")));
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if takes && !defaults.is_empty() {
        told.push(format!("by default {}", defaults.join(", ")));
    }
    if let Some(variable) = argument.get_env() {
        told.push(format!("also by the variable `{}`", variable.to_string_lossy()));
    }
    if argument.is_required_set() && !argument.is_positional() {
        told.push("required".to_owned());
    }
    let others = command.get_arg_conflicts_with(argument);
    let others: Vec<String> = others.iter().map(|other| format!("`{}`", spelt_short(other))).collect();
    if !others.is_empty() {
        told.push(format!("not with {}", others.join(", ")));
    }
    told.join("; ")
}

fn spelt_short(argument: &Arg) -> String {
    argument.get_long().map_or_else(|| spelt(argument), |long| format!("--{long}"))
}

/// Text in which nothing but what stands in backquotes is markup.
fn plain(text: &str) -> String {
    let mut is_code = false;
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '`' => is_code = !is_code,
            '<' if !is_code => {
                out.push_str("&lt;");
                continue;
            }
            '*' | '_' | '[' | ']' if !is_code => out.push('\\'),
            _ => {}
        }
        out.push(character);
    }
    out
}

/// What a heading is called in links.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}
