//! The published guides, command by command, with what they show of the client's answers. Ids, times and the
//! addresses that a cloud gives are the guides' own: ours take their places from where each is first seen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::client::{Client, Generation, rows};

/// One command of a guide, and the table that follows it there.
struct Step {
    command: String,
    shown: Vec<(String, String)>,
}

/// The guide's ids and addresses, and ours.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

pub(crate) fn a_vpn_with_endpoint_groups(client: &mut Client) {
    external_network(client);
    walk(client, include_str!("endpoint_groups.txt"), 20, Names::default());
}

pub(crate) fn a_vpn_with_the_subnet_of_its_service(client: &mut Client) {
    external_network(client);
    walk(client, include_str!("service_subnet.txt"), 18, Names::default());
}

pub(crate) fn a_vpn_with_addresses_of_both_versions(client: &mut Client) {
    external_network(client);
    client
        .run_as_admin("subnet create ext-six --network ext-net --ip-version 6 --subnet-range 2001:db8::/64")
        .ok();
    let (router, subnet) = router_and_subnet(client);
    let mut names = Names::default();
    names.0.insert("9ff3f20c-314f-4dac-9392-defdbbb36a66".to_owned(), router);
    names.0.insert("1f888dd0-2066-42a1-83d7-56518895e47d".to_owned(), subnet);
    walk(client, include_str!("two_addresses.txt"), 6, names);
}

pub(crate) fn a_vpn_to_a_range_with_host_bits(client: &mut Client) {
    external_network(client);
    let (_, subnet) = router_and_subnet(client);
    let mut names = Names::default();
    names.0.insert("27d333fd-cf45-4d53-89a9-4cf7cfc0b103".to_owned(), subnet);
    walk(client, include_str!("peer_range.txt"), 6, names);
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

/// Follows a guide of so many steps. It may use ids of what was there before, which `names` has.
fn walk(client: &mut Client, guide: &str, steps: usize, mut names: Names) {
    let guide = parse(guide);
    assert_eq!(guide.len(), steps, "the guide is read to its end");
    let mut differences = Vec::new();
    for step in guide {
        let command = names.in_command(&step.command);
        let printed = client.run(&command).ok();
        let printed: Vec<(String, String)> = rows(&printed).into_iter().skip(1).map(pair).collect();
        let wanted = labels(&step, client.generation);
        let mut got: Vec<&str> = printed.iter().map(|(label, _)| label.as_str()).collect();
        got.sort_unstable();
        if got != wanted {
            differences.push(format!("`{command}` prints the rows {got:?}, not {wanted:?}"));
        }
        for (label, shown) in &step.shown {
            let Some((_, ours)) = printed.iter().find(|(printed, _)| printed == today(label)) else {
                continue;
            };
            if !names.agree(label, &shown.replace("u'", "'"), ours) {
                differences
                    .push(format!("`{command}` prints {label} `{ours}` where the guide has `{shown}`"));
            }
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

fn parse(guide: &str) -> Vec<Step> {
    let step = |text: &str| {
        let (command, table) = text.split_once("\n+").unwrap_or((text, ""));
        Step {
            command: command.trim_start_matches("$ openstack ").replace("\\\n", " "),
            shown: rows(table).into_iter().skip(1).map(pair).collect(),
        }
    };
    guide.trim().split("\n\n").map(step).collect()
}

fn pair(row: Vec<String>) -> (String, String) {
    <[String; 2]>::try_from(row).expect("a table of fields and values").into()
}

/// What today's clients call a row of the guides, whose client showed some of them under the server's own names.
fn today(label: &str) -> &str {
    match label {
        "dpd" => "DPD",
        "external_v4_ip" => "Ext v4 IP",
        "external_v6_ip" => "Ext v6 IP",
        label => label,
    }
}

/// The rows that this generation of the client prints for the answer.
fn labels(step: &Step, generation: Generation) -> Vec<&str> {
    let is_vpn = step.command.starts_with("vpn ");
    let mut labels: Vec<&str> = step
        .shown
        .iter()
        .map(|(label, _)| today(label))
        // `location` says which cloud was asked. Of a router, only distributed and highly available ones have the
        // rows that say so. For VPN resources the owner stood twice.
        .filter(|label| {
            !matches!((*label, is_vpn), ("location" | "distributed" | "ha", _) | ("project_id", true))
        })
        .collect();
    let noun = step.command.split(" create").next().unwrap();
    labels.extend_from_slice(match (noun, generation) {
        ("network", _) => &["is_vlan_qinq", "pvlan"][..],
        ("subnet", _) => &["dns_publish_fixed_ip", "router:external"],
        ("router", Generation::Ten) => &["enable_ndp_proxy"],
        ("router", Generation::Seven) => &["enable_ndp_proxy", "evpn_vni", "tenant_id"],
        ("port", Generation::Seven) => &[
            "device_profile",
            "hardware_offload_type",
            "hints",
            "ip_allocation",
            "numa_affinity_policy",
            "qos_network_policy_id",
            "resource_request",
            "trusted",
        ],
        ("port", Generation::Ten) => &[
            "device_profile",
            "hardware_offload_type",
            "hints",
            "ip_allocation",
            "numa_affinity_policy",
            "pvlan_community",
            "pvlan_type",
            "qos_network_policy_id",
            "resource_request",
            "trusted",
        ],
        ("vpn service", _) if !labels.contains(&"Flavor") => &["Flavor"],
        _ => &[],
    });
    labels.sort_unstable();
    labels
}

impl Names {
    /// The command with our names in it.
    fn in_command(&self, command: &str) -> String {
        let ours = |word| self.0.get(word).map_or(word, String::as_str);
        command.split_whitespace().map(ours).collect::<Vec<_>>().join(" ")
    }

    /// Whether our value is what the guide's means.
    fn agree(&mut self, label: &str, shown: &str, ours: &str) -> bool {
        match (label, shown) {
            ("created_at" | "updated_at", _) => {
                ours.len() == 20 && ours.starts_with("20") && ours.ends_with('Z')
            }
            ("revision_number", _) => ours.parse::<u32>().is_ok_and(|revision| revision >= 1),
            ("mac_address", _) => ours.len() == shown.len() && ours.starts_with("fa:16:3e:"),
            // No agent is there that could wire it.
            ("status", "ACTIVE") if ours == "DOWN" => true,
            // Nor one that could say that a service works: the cloud of this guide was fast.
            ("Status", "ACTIVE") if ours == "PENDING_CREATE" => true,
            // Adit has none.
            ("security_group_ids", _) => ours.is_empty(),
            // What the guides' cloud did not say of itself.
            (
                "availability_zone_hints"
                | "availability_zones"
                | "service_types"
                | "binding_profile"
                | "binding_vif_details"
                | "dns_assignment"
                | "dns_domain",
                "None",
            ) => ours.is_empty() || ours == "None",
            ("is_default", "None") => ours == "False",
            ("mtu", "None") => ours == "1500",
            ("external_gateway_info", "None") => ours == "null",
            _ => {
                let may_be_given = matches!(label, "external_v4_ip" | "external_v6_ip" | "fixed_ips");
                let (shown, ours) = (words(shown), words(ours));
                shown.len() == ours.len()
                    && shown
                        .iter()
                        .zip(ours)
                        .all(|(shown, ours)| self.agree_on_word(shown, ours, may_be_given))
            }
        }
    }

    /// Whether a word of ours is the guide's, or takes the place of an id or of an address that the cloud gave.
    fn agree_on_word(&mut self, shown: &str, ours: &str, may_be_given: bool) -> bool {
        if let Some(known) = self.0.get(shown) {
            return known == ours;
        }
        let both = |is: fn(&str) -> bool| is(shown) && is(ours);
        let takes_its_place = both(is_id) || (may_be_given && both(is_address));
        if !takes_its_place {
            return shown == ours;
        }
        let is_new = self.0.values().all(|known| known != ours);
        self.0.insert(shown.to_owned(), ours.to_owned());
        is_new
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| " '=,[]{}\"".contains(c)).filter(|word| !word.is_empty()).collect()
}

/// A UUID, or the 32 digits of one.
fn is_id(word: &str) -> bool {
    matches!(word.len(), 32 | 36) && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn is_address(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok()
}
