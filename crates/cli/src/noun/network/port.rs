//! `port`.

use serde_json::Value;

use super::common::*;
use super::{FIXED_IP, NETWORK, ROUTER, SECURITY_GROUP};
use crate::grammar::{ALL, Column, Fixed, Key, Kind, Noun, Opt, Settled, as_switched};
use crate::output::cell::View;
use crate::session::Object;

const ALLOWED: &[Key] =
    &[Key::text("ip-address", "ip_address").required(), Key::text("mac-address", "mac_address")];

/// Ports.
pub(crate) static PORT: Noun = Noun {
    words: &["port"],
    one: "port",
    said: "port",
    many: "ports",
    path: "ports",
    singular: "port",
    plural: "ports",
    columns: &[
        Column::list("id", "ID").only_listed(),
        Column::list("name", "Name").only_listed(),
        Column::list("mac_address", "MAC Address").only_listed(),
        Column::list("fixed_ips", "Fixed IP Addresses").only_listed().view(View::Dicts),
        Column::list("status", "Status").only_listed(),
        Column::list_long("security_groups", "Security Groups").only_listed().view(View::List),
        Column::list_long("device_owner", "Device Owner").only_listed(),
        Column::list_long("tags", "Tags").only_listed().view(View::List),
        Column::list_long("trunk_details", "Trunk subports").only_listed().view(View::Blank),
        Column::shown("admin_state_up").view(View::UpDown),
        Column::shown("allowed_address_pairs").view(View::Dicts),
        Column::shown("binding:host_id").labelled("binding_host_id"),
        Column::shown("binding:profile").labelled("binding_profile").view(View::Dict),
        Column::shown("binding:vif_details").labelled("binding_vif_details").view(View::Dict),
        Column::shown("binding:vif_type").labelled("binding_vif_type"),
        Column::shown("binding:vnic_type").labelled("binding_vnic_type"),
        Column::shown("created_at"),
        Column::shown("data_plane_status"),
        Column::shown("description"),
        Column::shown("device_id"),
        Column::shown("device_owner"),
        Column::shown("device_profile"),
        Column::shown("dns_assignment").view(View::Dicts),
        Column::shown("dns_domain"),
        Column::shown("dns_name"),
        Column::shown("extra_dhcp_opts").view(View::Dicts),
        Column::shown("fixed_ips").view(View::Dicts),
        Column::shown("hardware_offload_type"),
        Column::shown("hints").view(View::Blank),
        Column::shown("id"),
        Column::shown("ip_allocation"),
        Column::shown("mac_address"),
        Column::shown("name"),
        Column::shown("network_id"),
        Column::shown("numa_affinity_policy"),
        Column::shown("port_security_enabled"),
        Column::shown("project_id"),
        Column::shown("propagate_uplink_status"),
        Column::shown("pvlan_type"),
        Column::shown("pvlan_community"),
        Column::shown("resource_request"),
        Column::shown("revision_number"),
        Column::shown("qos_network_policy_id"),
        Column::shown("qos_policy_id"),
        Column::shown("security_groups").labelled("security_group_ids").view(View::List),
        Column::shown("status"),
        Column::shown("tags").view(View::List),
        Column::shown("trunk_details"),
        Column::shown("trusted"),
        Column::shown("updated_at"),
    ],
    in_order: true,
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the port"),
        NEW_NAME,
        DESCRIPTION,
        ENABLE,
        DISABLE,
        Opt::create("network", Kind::Id("network_id", &NETWORK), "Network of the port (name or ID)")
            .required(),
        Opt::both(
            "fixed-ip",
            Kind::MoreMaps("fixed_ips", FIXED_IP),
            "Subnet, address or both; may be repeated",
        ),
        Opt::create("no-fixed-ip", Kind::Is("fixed_ips", Fixed::EmptyList), "No address").group("addresses"),
        Opt::set("no-fixed-ip", Kind::Clear("fixed_ips"), "Take all addresses away first"),
        Opt::both("mac-address", Kind::Text("mac_address"), "MAC address"),
        Opt::both("device", Kind::Text("device_id"), "What the port is of"),
        Opt::both("device-owner", Kind::Text("device_owner"), "What kind of thing that is"),
        Opt::both("host", Kind::Text("binding:host_id"), "Node on which the port is"),
        Opt::both("vnic-type", Kind::Text("binding:vnic_type"), "Kind of network card"),
        Opt::both("dns-name", Kind::Text("dns_name"), "DNS name"),
        Opt::both(
            "security-group",
            Kind::MoreIds("security_groups", &SECURITY_GROUP),
            "Security group (name or ID); may be repeated",
        ),
        Opt::create("no-security-group", Kind::Is("security_groups", Fixed::EmptyList), "No security group")
            .group("groups"),
        Opt::set("no-security-group", Kind::Clear("security_groups"), "Take all security groups away first"),
        Opt::both(
            "allowed-address",
            Kind::MoreMaps("allowed_address_pairs", ALLOWED),
            "Address that may send too; may be repeated",
        ),
        Opt::set(
            "no-allowed-address",
            Kind::Clear("allowed_address_pairs"),
            "Take all such addresses away first",
        ),
        Opt::both("enable-port-security", Kind::Is("port_security_enabled", Fixed::True), "Check addresses")
            .group("security"),
        Opt::both("disable-port-security", Kind::Is("port_security_enabled", Fixed::False), "Check nothing")
            .group("security"),
        PROJECT,
        TAG,
        NO_TAG,
        Opt::unset(
            "fixed-ip",
            Kind::MoreMaps("fixed_ips", FIXED_IP),
            "Subnet, address or both to take away; may be repeated",
        ),
        Opt::unset(
            "security-group",
            Kind::MoreIds("security_groups", &SECURITY_GROUP),
            "Security group to take away; may be repeated",
        ),
        Opt::unset(
            "allowed-address",
            Kind::MoreMaps("allowed_address_pairs", ALLOWED),
            "Address that may no longer send; may be repeated",
        ),
        Opt::unset("device", Kind::Is("device_id", Fixed::EmptyText), "It is nobody's any more"),
        Opt::unset("device-owner", Kind::Is("device_owner", Fixed::EmptyText), "It is of no kind any more"),
        Opt::unset("host", Kind::Is("binding:host_id", Fixed::EmptyText), "It is on no node any more"),
        UNSET_TAG,
        ALL_TAG,
        NAMED,
        OF_PROJECT,
        Opt::filter("network", Kind::Id("network_id", &NETWORK), "Those of this network (name or ID)"),
        Opt::filter("router", Kind::Id("device_id", &ROUTER), "Those of this router (name or ID)")
            .group("device"),
        Opt::filter("device-id", Kind::Text("device_id"), "Those of this thing").group("device"),
        Opt::filter("device-owner", Kind::Text("device_owner"), "Those of this kind of thing"),
        Opt::filter("host", Kind::Text("binding:host_id"), "Those on this node"),
        Opt::filter("mac-address", Kind::Text("mac_address"), "Those with this MAC address"),
        Opt::filter(
            "fixed-ip",
            Kind::Maps("fixed_ips", FIXED_IP),
            "Those with this address; may be repeated",
        ),
        Opt::filter("status", Kind::Text("status"), "Those of this status"),
        Opt::filter(
            "security-group",
            Kind::Ids("security_groups", &SECURITY_GROUP),
            "Those in this security group",
        ),
        WITH_TAGS,
        WITH_ANY_TAGS,
        WITHOUT_TAGS,
    ],
    verbs: ALL,
    settled: Some(settled),
    ..Noun::PLAIN
};

/// A port that is nobody's is not plugged in anywhere.
fn settled(port: &Object, reason: Option<&str>) -> Settled {
    let is_somebodys = port.get("device_id").and_then(Value::as_str).is_some_and(|device| !device.is_empty());
    match port.get("status").and_then(Value::as_str) {
        Some("DOWN" | "N/A") if !is_somebodys => Settled::Yes,
        _ => as_switched(port, reason),
    }
}
