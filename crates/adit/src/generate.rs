//! What is generated of the command line: completions for shells, pages of the manual, and chapters of the book.

mod bash;
mod fish;
mod page;
mod reference;

use std::path::Path;

use anyhow::{Context, Result};
use clap_complete::Shell;
use nix::sys::stat::{Mode, umask};

use crate::cli;

/// The exit statuses of the client's commands, and what each says.
const STATUSES: [(&str, &str); 8] = [
    ("0", "it is done"),
    ("1", "wrong input"),
    ("2", "there is no such object, or there are several of that name"),
    ("3", "the server refused"),
    ("4", "nobody answers"),
    ("5", "the server failed"),
    ("6", "something is not as it should be: `adit vpn why`, `--wait`"),
    ("130", "waiting or watching was ended by Ctrl-C"),
];

/// Prints what a shell needs to complete commands.
pub(crate) fn completion(shell: Shell) -> Result<()> {
    cli::print(&completions(shell)?)
}

/// What a shell needs to complete commands.
pub(crate) fn completions(shell: Shell) -> Result<String> {
    let program = || adit_cli::with_who_and_where(cli::whole());
    if shell == Shell::Bash {
        bash::completions(program())
    } else if shell == Shell::Fish {
        Ok(fish::completions(&program().subcommands(adit_cli::old())))
    } else {
        by_clap(shell, program())
    }
}

fn by_clap(shell: Shell, mut program: clap::Command) -> Result<String> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut program, "adit", &mut text);
    String::from_utf8(text).context("the completions are no text")
}

/// Writes a page of the manual for each command.
pub(crate) fn manual(folder: &Path) -> Result<()> {
    shown_to_all();
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in pages()? {
        let file = folder.join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The pages of the manual: the name of each file, and its text.
pub(crate) fn pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut program = cli::whole().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    let mut left = vec![program];
    while let Some(command) = left.pop() {
        left.extend(command.get_subcommands().filter(|below| !below.is_hide_set()).cloned());
        let (name, text) = page::write(command).context("a page of the manual cannot be written")?;
        pages.push((name, text));
    }
    Ok(pages)
}

/// From here on others may read what is written: there is nothing secret in it.
pub(crate) fn shown_to_all() {
    umask(Mode::from_bits_truncate(0o022));
}

/// Writes the chapters of the book about the commands.
pub(crate) fn reference(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in reference::chapters() {
        let file = folder.join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
