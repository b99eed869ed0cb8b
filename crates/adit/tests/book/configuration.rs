//! The example configuration is complete, and says what the program does without one.

use std::path::Path;
use std::process::Command;

use crate::repository;

#[test]
fn the_example_has_every_key_with_its_default() {
    let example = repository("docs/adit.toml");
    let written: toml::Table = std::fs::read_to_string(&example).unwrap().parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("adit.toml");
    std::fs::write(&empty, "").unwrap();
    assert_eq!(written, shown(&empty), "the example differs from the defaults");
    assert_eq!(written, shown(&example), "the example is not read as it is written");
}

/// What is in force with a configuration file.
fn shown(file: &Path) -> toml::Table {
    let output = Command::new(env!("CARGO_BIN_EXE_adit"))
        .args(["config", "show", "--config"])
        .arg(file)
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().parse().unwrap()
}
