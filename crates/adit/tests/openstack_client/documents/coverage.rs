//! That no command of the guides is left out.

use super::{GUIDES, steps};

/// Every command that the guides print: the guide, the line, the command.
const COMMANDS: &str = include_str!("commands.txt");

/// Commands of the guides that no client of the API runs.
const NOT_OF_CLIENTS: [(&str, &str); 11] = [
    ("apt ", "installs the reference, or the other end"),
    ("apt-get ", "installs the reference"),
    ("neutron-db-manage ", "brings the reference's database up to date; Adit does that when it starts"),
    ("service ", "restarts the reference"),
    ("git ", "gets the reference's dashboard"),
    ("cd ", "installs the reference's dashboard"),
    ("pip3 ", "installs the reference's dashboard"),
    ("cp ", "installs the reference's dashboard"),
    ("python3 ", "installs the reference's dashboard"),
    ("cat ", "shows the configuration of the other end"),
    ("ip", "looks at a gateway, or at the other end"),
];

#[test]
fn every_command_of_the_documents_is_walked_or_says_why_not() {
    let mut walked = Vec::new();
    for (guide, _) in GUIDES {
        walked.extend(steps(guide).into_iter().map(|step| format!("{guide} {} {}", step.line, step.command)));
    }
    let mut left_out = Vec::new();
    let mut printed = Vec::new();
    for line in COMMANDS.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let command = line.splitn(3, ' ').nth(2).expect("a guide, a line and a command");
        let is_of_clients = command.starts_with("openstack ") || command.starts_with("neutron ");
        let is_excused = NOT_OF_CLIENTS.iter().any(|(beginning, _)| command.starts_with(beginning));
        if is_of_clients != walked.contains(&line) || is_of_clients == is_excused {
            left_out.push(line.clone());
        }
        printed.push(line);
    }
    walked.retain(|step| !printed.contains(step));
    assert_eq!((left_out, walked), (vec![], vec![]), "left out, and walked though no guide has it");
}
