//! The published guides, command by command, with what they show of the client's answers, and then what a person does with
//! what was made: show, list, set, unset, delete. Ids, times and the addresses that a cloud gives are the guides' own:
//! ours take their places from where each is first seen.

mod afterwards;
mod coverage;
mod names;

use crate::client::{Client, Generation, rows};
use crate::differences;
use afterwards::Made;
use names::Names;

/// One command of a guide, the line of the guide that it stands on, and the table that follows it there.
struct Step {
    line: u32,
    command: String,
    shown: Vec<(String, String)>,
}

/// The commands of the guides, and what they show, by the guide's number.
const GUIDES: [(&str, &str); 5] = [
    ("000", include_str!("documents/000.txt")),
    ("001", include_str!("documents/001.txt")),
    ("002", include_str!("documents/002.txt")),
    ("003", include_str!("documents/003.txt")),
    ("004", include_str!("documents/004.txt")),
];

pub(crate) fn a_vpn_with_the_subnet_of_its_service(client: &mut Client) {
    external_network(client);
    walk(client, "000", Names::default());
}

pub(crate) fn a_vpn_with_endpoint_groups(client: &mut Client) {
    external_network(client);
    walk(client, "001", Names::default());
}

pub(crate) fn a_vpn_with_addresses_of_both_versions(client: &mut Client) {
    external_network(client);
    client
        .run_as_admin("subnet create ext-six --network ext-net --ip-version 6 --subnet-range 2001:db8::/64")
        .ok();
    let (router, subnet) = router_and_subnet(client);
    let mut names = Names::default();
    names.know("9ff3f20c-314f-4dac-9392-defdbbb36a66", router);
    names.know("1f888dd0-2066-42a1-83d7-56518895e47d", subnet);
    walk(client, "002", names);
}

pub(crate) fn a_vpn_to_a_range_with_host_bits(client: &mut Client) {
    external_network(client);
    let (_, subnet) = router_and_subnet(client);
    let mut names = Names::default();
    names.know("27d333fd-cf45-4d53-89a9-4cf7cfc0b103", subnet);
    walk(client, "004", names);
}

fn external_network(client: &mut Client) {
    client.run_as_admin("network create --external ext-net").ok();
    client.run_as_admin("subnet create ext-subnet --network ext-net --subnet-range 195.192.128.0/18").ok();
}

/// What some guides have already: the router `router`, with a gateway and a subnet. Returns the ids of both.
fn router_and_subnet(client: &mut Client) -> (String, String) {
    client.run("network create selfservice").ok();
    let subnet = client
        .run("subnet create selfservice --network selfservice --subnet-range 192.168.177.0/24")
        .fields();
    let router = client.run("router create router").fields();
    client.run("router add subnet router selfservice").ok();
    client.run("router set router --external-gateway ext-net").ok();
    (router["id"].clone(), subnet["id"].clone())
}

/// The steps of a guide.
pub(crate) fn commands(number: &str) -> Vec<String> {
    steps(number).into_iter().map(|step| step.command).collect()
}

fn steps(number: &str) -> Vec<Step> {
    let (_, guide) = GUIDES.iter().find(|(guide, _)| *guide == number).expect("a guide");
    guide.trim().split("\n\n").map(parse).collect()
}

fn parse(text: &str) -> Step {
    let (command, table) = text.split_once("\n+").unwrap_or((text, ""));
    let (line, command) = command.split_once(" $ ").expect("the line of the guide, and what it says");
    let words = command.replace("\\\n", " ");
    Step {
        line: line.parse().expect("the number of a line"),
        command: words.split_whitespace().collect::<Vec<_>>().join(" "),
        shown: rows(table).into_iter().skip(1).map(pair).collect(),
    }
}

fn pair(row: Vec<String>) -> (String, String) {
    <[String; 2]>::try_from(row).expect("a table of fields and values").into()
}

/// Follows a guide, which may use ids of what was there before, which `names` has, and then works with what was made.
fn walk(client: &mut Client, number: &str, mut names: Names) {
    let mut differences = Vec::new();
    let mut made = Vec::new();
    let mut attached = Vec::new();
    for step in steps(number) {
        let command = step.command.strip_prefix("openstack ").expect("a command of `openstack`");
        let ours = names.in_command(command);
        let printed = client.run(&ours).ok();
        let printed: Vec<(String, String)> = rows(&printed).into_iter().skip(1).map(pair).collect();
        let found = step.compare(client.generation, &printed, &mut names);
        differences.extend(found.into_iter().map(|what| format!("line {}, `{ours}`, {what}", step.line)));
        if let Some(noun) = step.creates() {
            made.push(Made::new(noun, printed.into_iter().collect()));
        }
        if ours.starts_with("router add ") {
            attached.push(ours);
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
    afterwards::work(client, &made, &attached);
}

impl Step {
    /// The noun, if the command makes something. Only then does a guide show an answer.
    fn creates(&self) -> Option<&str> {
        let (noun, _) = self.command.strip_prefix("openstack ")?.split_once(" create ")?;
        Some(noun)
    }

    /// What a client printed otherwise than the guide shows. `names` learns the ids and addresses that it printed.
    fn compare(
        &self,
        generation: Generation,
        printed: &[(String, String)],
        names: &mut Names,
    ) -> Vec<String> {
        let mut found = Vec::new();
        let Some(noun) = self.creates() else {
            return found;
        };
        let labels = self.shown.iter().map(|(label, _)| label.as_str());
        let wanted = differences::rows(noun, generation, labels);
        let mut got: Vec<&str> = printed.iter().map(|(label, _)| label.as_str()).collect();
        got.sort_unstable();
        if got != wanted {
            found.push(format!("prints the rows {got:?}, not {wanted:?}"));
        }
        for (label, shown) in &self.shown {
            let today = differences::today(label, generation);
            let Some((_, value)) = printed.iter().find(|(printed, _)| printed == today) else {
                continue;
            };
            if !names.agree(label, &shown.replace("u'", "'"), value) {
                found.push(format!("prints {label} `{value}` where the guide has `{shown}`"));
            }
        }
        found
    }
}

#[test]
fn a_wrong_answer_is_noticed() {
    let mut tables = 0;
    for step in GUIDES.iter().flat_map(|(guide, _)| steps(guide)) {
        let Some(noun) = step.creates().filter(|_| !step.shown.is_empty()) else { continue };
        tables += 1;
        // What the client of the time would have printed in the guide's cloud.
        let value = |label: &&str| {
            let (_, shown) = step.shown.iter().find(|(shown, _)| shown == label)?;
            Some(shown.replace("u'", "'"))
        };
        let labels = step.shown.iter().map(|(label, _)| label.as_str());
        let right: Vec<(String, String)> = differences::rows(noun, Generation::Three, labels)
            .into_iter()
            .map(|label| (label.to_owned(), value(&label).unwrap_or_default()))
            .collect();
        let compare = |printed: &[(String, String)]| {
            step.compare(Generation::Three, printed, &mut Names::default()).join("\n")
        };
        assert!(!compare(&right).contains("prints the rows"), "`{}`", step.command);
        for (index, (label, _)) in right.iter().enumerate() {
            let mut wrong = right.clone();
            wrong.remove(index);
            assert!(compare(&wrong).contains("prints the rows"), "`{}` without {label}", step.command);
            let mut wrong = right.clone();
            wrong[index].1 = "wrong".to_owned();
            let is_shown = step.shown.iter().any(|(shown, _)| shown == label);
            let told = compare(&wrong).contains(&format!("prints {label} `wrong`"));
            assert_eq!(told, is_shown, "`{}` with a wrong {label}", step.command);
        }
    }
    assert!(tables > 40, "the tables of the guides are read: {tables}");
}

#[test]
fn an_id_stands_for_one_thing() {
    let [one, two] = ["e4f43f87-3b31-41e4-9803-8e10edd3167e", "46e614d1-baaa-46cf-8e4c-c96fe63fecf2"];
    let [ours, others] = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];
    let mut names = Names::default();
    assert!(names.agree("network_id", one, ours), "it takes the place of the guide's");
    assert!(!names.agree("network_id", one, others), "another thing");
    assert!(!names.agree("network_id", two, ours), "one for two");
    assert!(names.agree("Peer CIDRs", "10.2.0.0/24", "10.2.0.0/24"));
    assert!(!names.agree("Peer Address", "195.192.130.187", "195.192.130.188"), "it was typed, not given");
    assert!(names.agree("external_v4_ip", "195.192.128.58", "195.192.128.9"), "it was given");
}
