//! The commands of the book are run, in the order in which a reader types them, on a machine that is made for it.
//!
//! What a block of commands says of itself stands after the word `console`:
//!
//! - nothing: it is run on the machine of Adit, in one shell that keeps what a command sets;
//! - `office`: on the machine of the other end;
//! - `stays`: its last command goes on running, once it has printed what is shown;
//! - `ignore: WHY`: it cannot be run here.
//!
//! A command begins with `$ ` or `# `, and what stands below it is what it prints. There, `…` is anything within a line, and a
//! line of it alone any lines; how wide a column is does not matter. Nothing shown means that anything may be printed. A
//! command that fails is followed by `$ echo $?`.

mod blocks;
mod compare;
mod machine;

use std::collections::BTreeSet;
use std::fs;

use blocks::{Block, How};
use machine::Machine;

use crate::repository;

/// The chapters with commands, in the order in which they are run.
const CHAPTERS: [&str; 8] = [
    "operators.md",
    "tenants.md",
    "other-end.md",
    "peer-configuration.md",
    "checks.md",
    "running.md",
    "changes.md",
    "identity.md",
];

/// Chapters whose commands are run elsewhere, and where.
const ELSEWHERE: [(&str, &str); 1] = [("keystone.md", "the test program keystone, with a real Keystone")];

/// How many blocks may say that they cannot be run here.
const MOST_IGNORED: usize = 8;

#[test]
fn every_command_of_the_book_does_what_is_shown() {
    let Some(mut machine) = Machine::start() else { return };
    for chapter in CHAPTERS {
        for block in read(chapter) {
            for step in &block.steps {
                machine.run(&block, step);
            }
        }
    }
}

#[test]
fn every_block_of_commands_is_run_or_says_why_not() {
    let mut ignored = 0;
    for chapter in chapters() {
        let is_run = CHAPTERS.contains(&chapter.as_str());
        let is_elsewhere = ELSEWHERE.iter().any(|(name, _)| *name == chapter);
        for block in read(&chapter) {
            match &block.how {
                How::Ignored(why) => {
                    assert!(why.len() > 10, "{}: no reason", block.place);
                    ignored += 1;
                }
                How::Here | How::Office | How::Stays => {
                    assert!(is_run || is_elsewhere, "{}: nobody runs it", block.place);
                }
            }
        }
    }
    assert!(ignored <= MOST_IGNORED, "{ignored} blocks are not run");
}

/// The first page of the project shows no command that the book does not explain, but for those that build.
#[test]
fn the_readme_shows_what_the_book_runs() {
    let plain = |command: &str| {
        let command = command.replace("openstack ", "adit ").replace("target/release/", "");
        command.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ")
    };
    let commands = |blocks: Vec<Block>| {
        let of = |block: Block| block.steps.into_iter().map(|step| plain(&step.command)).collect::<Vec<_>>();
        blocks.into_iter().flat_map(of).collect::<Vec<_>>()
    };
    let book: BTreeSet<String> = CHAPTERS.iter().flat_map(|chapter| commands(read(chapter))).collect();
    let text = fs::read_to_string(repository("README.md")).unwrap();
    let readme = commands(blocks::of("README.md", &text));
    assert!(readme.len() > 20, "the commands are not found: {readme:?}");
    for command in readme.iter().filter(|command| !command.starts_with("cargo ")) {
        assert!(book.contains(command), "the book does not have `{command}`");
    }
}

/// What is given as an example of a configuration is one.
#[test]
fn every_configuration_in_the_book_is_read_by_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for chapter in chapters() {
        let text = fs::read_to_string(repository("docs").join(&chapter)).unwrap();
        for example in text.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```")) {
            let file = folder.path().join("adit.toml");
            fs::write(&file, example.0).unwrap();
            let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_adit"));
            let output =
                program.args(["config", "show", "--config"]).arg(&file).env_clear().output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{chapter}: {said}: {}", example.0);
            seen += 1;
        }
    }
    assert!(seen >= 3, "examples are not found");
}

fn read(chapter: &str) -> Vec<Block> {
    blocks::of(chapter, &fs::read_to_string(repository("docs").join(chapter)).unwrap())
}

/// The chapters that are written by hand.
fn chapters() -> Vec<String> {
    let names = fs::read_dir(repository("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.ends_with(".md")).collect()
}
