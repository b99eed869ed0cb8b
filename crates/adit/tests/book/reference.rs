//! The reference of the commands is what the program writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::repository;

const FOLDER: &str = "docs/commands";

#[test]
fn the_reference_is_what_the_program_writes() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_adit"))
        .args(["manual", "--markdown"])
        .arg(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (want, have) = (files(folder.path()), files(&repository(FOLDER)));
    let differing: Vec<&String> =
        want.keys().chain(have.keys()).filter(|&name| want.get(name) != have.get(name)).collect();
    assert!(
        differing.is_empty(),
        "{FOLDER} is not what the commands are now ({differing:?}); `cargo run -p adit -- manual --markdown {FOLDER}` \
         writes it anew"
    );
}

#[test]
fn a_reference_that_cannot_be_written_is_told() {
    let output = Command::new(env!("CARGO_BIN_EXE_adit"))
        .args(["manual", "--markdown", "/dev/null/commands"])
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("adit: cannot make /dev/null/commands: "), "{said}");
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
    };
    fs::read_dir(folder).unwrap().map(file).collect()
}

/// What `vpn why` may say is explained, all of it.
#[test]
fn every_reason_is_explained() {
    let text = fs::read_to_string(repository("docs/other-end.md")).unwrap();
    for code in adit_model::ReasonCode::ALL {
        assert!(text.contains(&format!("\n| `{code}` | ")), "the chapter does not explain `{code}`");
    }
}
