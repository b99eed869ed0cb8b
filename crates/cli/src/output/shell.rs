//! Assignments for a shell.

use super::cell::Cell;
use super::options::normalized;

pub(super) fn one(fields: &[(&str, &Cell)], prefix: &str, variables: &[String]) -> String {
    let mut text = String::new();
    for (name, cell) in fields {
        let name = normalized(name);
        if variables.is_empty() || variables.contains(&name) {
            // What a shell would expand is nobody's to run: more than quotes is escaped.
            let value: String = cell
                .machine()
                .chars()
                .flat_map(|c| if "\"\\$`".contains(c) { vec!['\\', c] } else { vec![c] })
                .collect();
            text.push_str(&format!("{prefix}{}=\"{value}\"\n", name.replace([':', '-'], "_")));
        }
    }
    text
}
