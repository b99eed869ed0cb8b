//! Completions for fish. Those that are made elsewhere know two words of a command and no more; these know all of them, by
//! one function that looks at the words before the cursor, so that a keystroke costs the same however many commands there
//! are.

use std::fmt::Write;

use clap::{Arg, ArgAction, Command, ValueHint};

const HEAD: &str = r#"# Completions of adit for fish. Written by `adit completion fish`.

# The words of the command before the cursor, without options and the values of those that say who and where.
function __adit_words
    set -l skip 0
    for token in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if string match -q -- '--os-*=*' $token
            continue
        else if string match -q -- '--os-*' $token
            set skip 1
        else if not string match -q -- '-*' $token
            echo $token
        end
    end
end
"#;

const BODY: &str = r#"
# One candidate a line, each with what it is.
function __adit_complete
    set -l words (string join ' ' (__adit_words))
    set -l last (commandline -opc)[-1]
    set -l current (commandline -ct)
    switch $last
        case '--os-*=*'
        case --os-cacert
            __fish_complete_path $current
            return
        case '--os-*'
            return
    end
    switch "$words "
"#;

const TAIL: &str = r"    end
end

complete -c adit -f -a '(__adit_complete)'
";

/// The completions of a program.
pub(super) fn completions(program: &Command) -> String {
    // What all have in common stands with each of them then.
    let mut program = program.clone().disable_help_subcommand(true);
    program.build();
    let mut cases = Vec::new();
    collect(&program, "", &mut cases);
    let mut text = HEAD.to_owned();
    text.push_str("\n# The options that say who and where.\nfunction __adit_who_and_where\n");
    let shared = |command: &&Command| command.get_arguments().any(Arg::is_global_set);
    if let Some(command) = cases.iter().map(|(_, command)| *command).find(shared) {
        names(&mut text, command.get_arguments().filter(|arg| arg.is_global_set()));
    }
    text.push_str("end\n");
    text.push_str(BODY);
    // What begins with the words of another command comes before that.
    cases.sort_by_key(|(words, _)| std::cmp::Reverse(words.split_whitespace().count()));
    for (words, command) in cases {
        case(&mut text, &words, command);
    }
    text.push_str(TAIL);
    text
}

/// All commands with their words, those that only begin others too.
fn collect<'a>(command: &'a Command, words: &str, cases: &mut Vec<(String, &'a Command)>) {
    cases.push((words.to_owned(), command));
    for below in command.get_subcommands() {
        let words = format!("{words} {}", below.get_name());
        collect(below, words.trim_start(), cases);
    }
}

fn case(text: &mut String, words: &str, command: &Command) {
    let pattern = if words.is_empty() { "*".to_owned() } else { format!("{words} *") };
    let _ = writeln!(text, "        case {}", quoted(&pattern));
    let options: Vec<&Arg> = command.get_arguments().filter(|arg| arg.get_long().is_some()).collect();
    values(text, &options);
    let _ = writeln!(text, "            if string match -q -- '-*' $current");
    names(text, options.iter().copied().filter(|option| !option.is_global_set()));
    if options.iter().any(|option| option.is_global_set()) {
        let _ = writeln!(text, "                __adit_who_and_where");
    }
    let (old, below): (Vec<&Command>, Vec<&Command>) =
        command.get_subcommands().partition(|below| below.is_hide_set());
    if !below.is_empty() {
        // A word after these that is none of them is a mistake, or the argument of a command that begins others too.
        let _ = writeln!(text, "            else if test \"$words\" = {}", quoted(words));
        commands(text, &below);
    }
    if !old.is_empty() {
        // The old commands are offered to who begins to write one: each has a hyphen, and no other first word has.
        let _ = writeln!(text, "                if string match -q -- '*-*' $current");
        commands(text, &old);
        let _ = writeln!(text, "                end");
    }
    let is_file = |arg: &Arg| hint(arg).is_some();
    if command.get_positionals().any(is_file) {
        let _ = writeln!(text, "            else\n                __fish_complete_path $current");
    }
    let _ = writeln!(text, "            end");
}

fn commands(text: &mut String, commands: &[&Command]) {
    for command in commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        candidate(text, command.get_name(), &about);
    }
}

/// The names of options, with what they are for.
fn names<'a>(text: &mut String, options: impl Iterator<Item = &'a Arg>) {
    for option in options.filter(|option| !option.is_hide_set()) {
        let about = option.get_help().map(ToString::to_string).unwrap_or_default();
        for name in spelt(option) {
            candidate(text, &name, &about);
        }
    }
}

/// The long name of an option, and the short one.
fn spelt(option: &Arg) -> impl Iterator<Item = String> {
    let long = option.get_long().map(|long| format!("--{long}"));
    long.into_iter().chain(option.get_short().map(|short| format!("-{short}")))
}

/// What may follow an option that has a value.
fn values(text: &mut String, options: &[&Arg]) {
    let takes = |option: &&&Arg| matches!(option.get_action(), ArgAction::Set | ArgAction::Append);
    let _ = writeln!(text, "            switch $last");
    for option in options.iter().filter(takes).filter(|option| !option.is_global_set()) {
        let names: Vec<String> = spelt(option).map(|name| quoted(&name)).collect();
        let _ = writeln!(text, "                case {}", names.join(" "));
        for value in option.get_possible_values() {
            let _ = write!(text, "    ");
            candidate(text, value.get_name(), "");
        }
        if hint(option).is_some() {
            let _ = writeln!(text, "                    __fish_complete_path $current");
        }
        let _ = writeln!(text, "                    return");
    }
    let _ = writeln!(text, "            end");
}

/// Whether a value is the path of something.
fn hint(arg: &Arg) -> Option<ValueHint> {
    let hint = arg.get_value_hint();
    let is_path = matches!(
        hint,
        ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath | ValueHint::ExecutablePath
    );
    is_path.then_some(hint)
}

fn candidate(text: &mut String, word: &str, about: &str) {
    let about = about.lines().next().unwrap_or_default();
    let _ = writeln!(text, "                printf '%s\\t%s\\n' {} {}", quoted(word), quoted(about));
}

/// A word as it is, for fish.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', r"\\").replace('\'', r"\'"))
}
