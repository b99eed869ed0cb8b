//! What releases of the client print otherwise than the guides show, whose client was of the winter of 2018, and why. It is
//! the whole list: any other difference of a row fails the tests.

use crate::client::Generation::{self, Adit, Neutron6, Neutron9, Seven, Ten, Three};

/// A difference of the rows that `show` and `create` print of something.
struct Difference {
    /// The noun of the command.
    noun: &'static str,
    clients: &'static [Generation],
    adds: &'static [&'static str],
    lacks: &'static [&'static str],
    #[expect(dead_code, reason = "it is for the reader of the table")]
    why: &'static str,
}

const NOW: &[Generation] = &[Ten, Seven, Adit];

const fn difference(
    noun: &'static str,
    clients: &'static [Generation],
    adds: &'static [&'static str],
    lacks: &'static [&'static str],
    why: &'static str,
) -> Difference {
    Difference { noun, clients, adds, lacks, why }
}

const LOCATION: &str = "which cloud was asked, always empty, is no longer shown";
const ATTRIBUTES: &str = "attributes that openstacksdk learned since";
const RAW: &str = "rows under the server's own names stood beside those with labels";

const DIFFERENCES: &[Difference] = &[
    difference("network", NOW, &[], &["location"], LOCATION),
    difference("network", NOW, &["is_vlan_qinq", "pvlan"], &[], ATTRIBUTES),
    difference("subnet", NOW, &[], &["location"], LOCATION),
    difference("subnet", NOW, &["dns_publish_fixed_ip", "router:external"], &[], ATTRIBUTES),
    difference("router", NOW, &[], &["location"], LOCATION),
    difference("router", NOW, &["enable_ndp_proxy"], &[], ATTRIBUTES),
    difference("router", &[Seven], &["evpn_vni", "tenant_id"], &[], "it does not hide what a newer SDK adds"),
    difference("router", NOW, &[], &["distributed", "ha"], "shown only where the server sends them"),
    difference("port", NOW, &[], &["location"], LOCATION),
    difference(
        "port",
        NOW,
        &[
            "device_profile",
            "hardware_offload_type",
            "hints",
            "ip_allocation",
            "numa_affinity_policy",
            "qos_network_policy_id",
            "resource_request",
            "trusted",
        ],
        &[],
        ATTRIBUTES,
    ),
    difference("port", &[Ten, Adit], &["pvlan_community", "pvlan_type"], &[], ATTRIBUTES),
    difference("port", &[Three], &[], &["propagate_uplink_status"], "the guides' client was a little newer"),
    difference("vpn ike policy", NOW, &[], &["project_id"], RAW),
    difference("vpn ipsec policy", NOW, &[], &["project_id"], RAW),
    difference("vpn endpoint group", NOW, &[], &["project_id"], RAW),
    difference("vpn service", NOW, &[], &["project_id"], RAW),
    difference("vpn service", NOW, &["Ext v4 IP", "Ext v6 IP"], &["external_v4_ip", "external_v6_ip"], RAW),
    difference("vpn ipsec site connection", NOW, &["DPD"], &["dpd"], RAW),
    difference("vpn ipsec site connection", NOW, &[], &["project_id"], RAW),
];

/// The rows that a client prints where a guide shows these.
pub(crate) fn rows<'a>(noun: &str, client: Generation, shown: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let of_this = |difference: &&Difference| difference.noun == noun && difference.clients.contains(&client);
    let mut rows: Vec<&str> = shown.collect();
    for difference in DIFFERENCES.iter().filter(of_this) {
        rows.retain(|row| !difference.lacks.contains(row));
        rows.extend_from_slice(difference.adds);
    }
    // Guides that were written before flavors, or on a cloud without them, do not show it; the client always does.
    if noun == "vpn service" && !rows.contains(&"Flavor") {
        rows.push("Flavor");
    }
    rows.sort_unstable();
    rows
}

/// What a client calls a row of the guides.
pub(crate) fn today(label: &str, client: Generation) -> &str {
    match client {
        Ten | Seven | Adit => match label {
            "dpd" => "DPD",
            "external_v4_ip" => "Ext v4 IP",
            "external_v6_ip" => "Ext v6 IP",
            label => label,
        },
        Three | Neutron9 | Neutron6 => label,
    }
}
