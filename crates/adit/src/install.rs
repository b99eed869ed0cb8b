//! `adit install` and `adit uninstall`: the program, its completions and its manual at the places where shells and `man` look
//! for them, below a prefix as `/usr/local` is, or for whoever makes a package, below a folder that stands for `/`.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueHint};
use clap_complete::Shell;

use crate::{cli, generate};

/// Where to.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// What `bin` and `share` are below; ~/.local is for oneself alone
    #[arg(long, value_name = "DIR", default_value = "/usr/local", value_hint = ValueHint::DirPath)]
    prefix: PathBuf,
    /// Folder that stands for `/`, for packages
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    destdir: Option<PathBuf>,
    /// Leave the program itself out, which is elsewhere, as after `cargo install`
    #[arg(long)]
    no_program: bool,
}

/// The program's place below the prefix.
const PROGRAM: &str = "bin/adit";

impl Place {
    /// Puts everything there, over what an earlier version put there.
    pub(crate) fn install(&self) -> Result<()> {
        generate::shown_to_all();
        let root = self.root()?;
        let files = files()?;
        for (path, text) in &files {
            write(&root.join(path), text, 0o644)?;
        }
        if !self.no_program {
            let running = std::env::current_exe().context("cannot tell where this program is")?;
            let target = root.join(PROGRAM);
            // It may be there already, and be the one that runs.
            if fs::canonicalize(&target).ok() != fs::canonicalize(&running).ok() {
                let program =
                    fs::read(&running).with_context(|| format!("cannot read {}", running.display()))?;
                write(&target, &program, 0o755)?;
            }
        }
        let what = if self.no_program { "completions and manual" } else { "program, completions and manual" };
        cli::print(&format!(
            "{what} are below {}, in {} files",
            root.display(),
            files.len() + usize::from(!self.no_program)
        ))
    }

    /// Removes what this version puts there. Folders stay: they are not Adit's.
    pub(crate) fn uninstall(&self) -> Result<()> {
        let root = self.root()?;
        let program = (!self.no_program).then(|| PROGRAM.to_owned());
        let paths = files()?.into_iter().map(|(path, _)| path).chain(program);
        let mut removed = 0;
        for path in paths.map(|path| root.join(path)) {
            match fs::remove_file(&path) {
                Ok(()) => removed += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
            }
        }
        cli::print(&format!("{removed} files below {} were removed", root.display()))
    }

    /// The prefix, below the folder that stands for `/`.
    fn root(&self) -> Result<PathBuf> {
        let Some(destdir) = &self.destdir else {
            return std::path::absolute(&self.prefix).context("`--prefix` names no folder");
        };
        let Ok(below) = self.prefix.strip_prefix("/") else {
            bail!(
                "`--prefix {}` does not begin with `/`, which `--destdir` stands for",
                self.prefix.display()
            );
        };
        Ok(std::path::absolute(destdir).context("`--destdir` names no folder")?.join(below))
    }
}

/// All files but the program: their paths below the prefix, and what is in them.
fn files() -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for (shell, path) in [
        (Shell::Bash, "share/bash-completion/completions/adit"),
        (Shell::Zsh, "share/zsh/site-functions/_adit"),
        (Shell::Fish, "share/fish/vendor_completions.d/adit.fish"),
    ] {
        files.push((path.to_owned(), generate::completions(shell)?.into_bytes()));
    }
    for (name, page) in generate::pages()? {
        files.push((format!("share/man/man1/{name}"), page));
    }
    Ok(files)
}

/// Writes a file beside its place and moves it there, so that nobody reads, or runs, a half of it.
fn write(path: &Path, octets: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    let wrong = || format!("cannot write {}", path.display());
    fs::create_dir_all(folder).with_context(wrong)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(octets)?;
        file.set_permissions(fs::Permissions::from_mode(mode))
    });
    let moved = written.and_then(|()| fs::rename(&beside, path));
    if moved.is_err() {
        // There may be nothing, where even that could not be made.
        let _ = fs::remove_file(&beside);
    }
    moved.with_context(wrong)
}
