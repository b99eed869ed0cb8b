//! What is done with what a guide made: each of it is shown by name and by id, listed, changed, and deleted, in an order
//! that the server allows.

use std::collections::BTreeMap;

use crate::client::Client;

/// Something that a guide made.
pub(super) struct Made {
    noun: String,
    fields: BTreeMap<String, String>,
}

/// The nouns, in the order in which their objects can be deleted.
const NOUNS: [&str; 9] = [
    "vpn ipsec site connection",
    "vpn endpoint group",
    "vpn service",
    "vpn ike policy",
    "vpn ipsec policy",
    "router",
    "port",
    "subnet",
    "network",
];

/// What later steps of a guide change: addresses are given, interfaces attached, gateways set; and a server that no agent
/// reports to soon says so.
const CHANGES: [&str; 10] = [
    "updated_at",
    "revision_number",
    "subnets",
    "external_gateway_info",
    "interfaces_info",
    "device_id",
    "device_owner",
    "routes",
    "status",
    "Status",
];

impl Made {
    pub(super) fn new(noun: &str, fields: BTreeMap<String, String>) -> Self {
        Self { noun: noun.to_owned(), fields }
    }

    fn get(&self, label: &str) -> &str {
        self.fields.get(label).or_else(|| self.fields.get(&label.to_lowercase())).expect("every table has it")
    }
}

/// `attached` are the commands that attached something to a router.
pub(super) fn work(client: &mut Client, made: &[Made], attached: &[String]) {
    for one in made {
        let is_twin = |other: &&Made| other.noun == one.noun && other.get("Name") == one.get("Name");
        look(client, one, made.iter().filter(is_twin).count() > 1);
        change(client, one);
    }
    delete(client, made, attached);
}

fn look(client: &mut Client, one: &Made, has_twin: bool) {
    let (noun, id, name) = (&one.noun, one.get("ID"), one.get("Name"));
    let shown = client.run(&format!("{noun} show {id}")).fields();
    for (label, created) in &one.fields {
        if !CHANGES.contains(&label.as_str()) {
            assert_eq!(shown.get(label), Some(created), "{label} of {noun} {name}, created and shown");
        }
    }
    let by_name = client.run(&format!("{noun} show {name}"));
    if has_twin {
        let refusal = by_name.refusal();
        let says_so = ["More than one", "Multiple"].iter().any(|words| refusal.contains(words));
        assert!(says_so, "{noun} {name}: {refusal}");
    } else {
        // Also of what was just shown: a status may be another by now.
        let lasting = |mut fields: BTreeMap<String, String>| {
            fields.retain(|label, _| !CHANGES.contains(&label.as_str()));
            fields
        };
        assert_eq!(lasting(by_name.fields()), lasting(shown), "{noun} {name} by name");
    }
    let listed = client.run(&format!("{noun} list")).rows();
    assert!(listed.iter().any(|row| row[..2] == [id, name]), "{noun} {name} is not in {listed:?}");
}

fn change(client: &mut Client, one: &Made) {
    let (noun, id) = (&one.noun, one.get("ID"));
    let description = if noun.starts_with("vpn ") { "Description" } else { "description" };
    client.run(&format!("{noun} set --description walked {id}")).ok();
    assert_eq!(client.run(&format!("{noun} show {id}")).fields()[description], "walked", "{noun}");
    // There is no `unset` in VPN.
    if !noun.starts_with("vpn ") {
        client.run(&format!("{noun} set --tag one --tag two {id}")).ok();
        client.run(&format!("{noun} unset --tag one {id}")).ok();
        assert_eq!(client.run(&format!("{noun} show {id}")).fields()["tags"], "two", "{noun}");
    }
}

/// All of a noun by one command, half of them by name.
fn delete(client: &mut Client, made: &[Made], attached: &[String]) {
    for noun in NOUNS {
        let of_noun: Vec<&Made> = made.iter().filter(|one| one.noun == noun).collect();
        if of_noun.is_empty() {
            continue;
        }
        if noun == "router" {
            detach(client, &of_noun, attached);
        }
        if noun == "port" {
            // They went with the interfaces that they were.
            for port in of_noun {
                let refusal = client.run(&format!("port show {}", port.get("ID"))).refusal();
                assert!(refusal.contains("No Port found for"), "{refusal}");
            }
            continue;
        }
        let mut command = format!("{noun} delete");
        for (index, one) in of_noun.iter().enumerate() {
            let is_alone = of_noun.iter().filter(|other| other.get("Name") == one.get("Name")).count() == 1;
            let by_name = index % 2 == 0 && is_alone;
            command = format!("{command} {}", if by_name { one.get("Name") } else { one.get("ID") });
        }
        client.run(&command).ok();
        let left = client.run(&format!("{noun} list")).rows();
        assert!(
            of_noun.iter().all(|one| left.iter().all(|row| row[0] != one.get("ID"))),
            "after `{command}`: {left:?}"
        );
    }
}

fn detach(client: &mut Client, routers: &[&Made], attached: &[String]) {
    for command in attached {
        client.run(&command.replacen(" add ", " remove ", 1)).ok();
    }
    for router in routers {
        let id = router.get("ID");
        client.run(&format!("router unset --external-gateway {id}")).ok();
        let gateway = &client.run(&format!("router show {id}")).fields()["external_gateway_info"];
        assert!(matches!(gateway.as_str(), "null" | "None"), "{gateway}");
    }
}
