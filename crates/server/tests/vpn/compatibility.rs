//! The list of differences names a test for each of them, and each of these tests exists.

use std::fs;
use std::path::Path;

#[test]
fn each_difference_from_the_reference_has_a_test_that_exists() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(here.join("../../docs/compatibility.md")).unwrap();
    let rows: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Neutron |")).collect();
    assert!(rows.len() > 20, "the tables are not found: {document}");
    for row in rows {
        let last = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap().trim();
        let tests: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test in: {row}");
        for test in tests {
            let tests = ["tests", "../agent/tests"].map(|tests| here.join(tests));
            assert!(tests.iter().any(|tests| exists(tests, test)), "there is no test `{test}`: {row}");
        }
    }
}

/// `area::subject::function`, or `area::function` for what is in one file.
fn exists(tests: &Path, name: &str) -> bool {
    let Some((file, function)) = name.rsplit_once("::") else { return false };
    let file = tests.join(file.replace("::", "/")).with_extension("rs");
    fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {function}()")))
}
