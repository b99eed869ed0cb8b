//! What is generated of the command line: completions for shells, pages of the manual, and chapters of the book.

mod reference;

use std::path::Path;

use anyhow::{Context, Result};
use clap_complete::Shell;

use crate::cli;

/// Prints what a shell needs to complete commands.
pub(crate) fn completion(shell: Shell) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut cli::whole(), "adit", &mut text);
    cli::print(&String::from_utf8(text).context("the completions are no text")?)
}

/// Writes a page of the manual for each command.
pub(crate) fn manual(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(cli::whole(), folder))
        .with_context(|| format!("cannot write the manual to {}", folder.display()))
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
