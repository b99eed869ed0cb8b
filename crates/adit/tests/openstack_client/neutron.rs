//! The `neutron` command, which the oldest guide uses.

use std::collections::BTreeMap;

use crate::client::Client;
use crate::documents;

/// The rows that a resource has: the attributes of the API under their own names.
const IKE_POLICY: &str = "auth_algorithm description encryption_algorithm id ike_version lifetime name pfs \
                          phase1_negotiation_mode project_id tenant_id";
const IPSEC_POLICY: &str = "auth_algorithm description encapsulation_mode encryption_algorithm id lifetime name pfs \
                            project_id tenant_id transform_protocol";
const SERVICE: &str = "admin_state_up description external_v4_ip external_v6_ip flavor_id id name project_id router_id \
                       status subnet_id tenant_id";
const GROUP: &str = "description endpoints id name project_id tenant_id type";
const CONNECTION: &str = "admin_state_up auth_mode description dpd id ikepolicy_id initiator ipsecpolicy_id \
                          local_ep_group_id local_id mtu name peer_address peer_cidrs peer_ep_group_id peer_id \
                          project_id psk route_mode status tenant_id vpnservice_id";

pub(crate) fn a_vpn_by_the_neutron_command(client: &mut Client) {
    network(client);
    let [ike, ipsec, service, connection] =
        <[String; 4]>::try_from(documents::commands("003")).expect("the guide has four commands");

    let ike = create(client, &ike, "ikepolicy", IKE_POLICY);
    let shown = ["auth_algorithm", "encryption_algorithm", "ike_version", "pfs", "phase1_negotiation_mode"]
        .map(|key| ike[key].as_str());
    assert_eq!(shown, ["sha1", "aes-128", "v1", "group5", "main"]);
    assert_eq!(ike["lifetime"], r#"{"units": "seconds", "value": 3600}"#);
    let ipsec = create(client, &ipsec, "ipsecpolicy", IPSEC_POLICY);
    let shown = ["auth_algorithm", "encapsulation_mode", "encryption_algorithm", "transform_protocol"]
        .map(|key| ipsec[key].as_str());
    assert_eq!(shown, ["sha1", "tunnel", "aes-128", "esp"]);

    // The guide means them by these words.
    let service = service.replace("ROUTER SUBNET", "router1 subnet1");
    let service = create(client, &service, "vpnservice", SERVICE);
    assert_eq!(service["status"], "PENDING_CREATE");
    assert!(service["external_v4_ip"].starts_with("200.200.128."), "{service:?}");

    let connection = connection.replace("1906af89-2059-4388-a91f-a6186086c558", &service["id"]);
    let connection = create(client, &connection, "ipsec_site_connection", CONNECTION);
    for (key, want) in [
        ("name", "vpnconnection1"),
        ("vpnservice_id", &*service["id"]),
        ("ikepolicy_id", &*ike["id"]),
        ("ipsecpolicy_id", &*ipsec["id"]),
        ("peer_address", "200.200.128.151"),
        ("peer_id", "200.200.128.151"),
        ("peer_cidrs", "20.20.20.0/24"),
        ("psk", "secret"),
        ("mtu", "1500"),
        ("initiator", "bi-directional"),
        ("route_mode", "static"),
        ("auth_mode", "psk"),
        ("dpd", r#"{"action": "hold", "interval": 30, "timeout": 120}"#),
        ("local_ep_group_id", ""),
    ] {
        assert_eq!(connection[key], want, "{key}");
    }

    lists_and_changes(client);
    mistakes(client);
    for (command, said) in [
        ("ipsec-site-connection-delete vpnconnection1", "Deleted ipsec_site_connection(s): vpnconnection1"),
        ("vpn-endpoint-group-delete there here", "Deleted endpoint_group(s): there, here"),
        ("vpn-ikepolicy-delete ikepolicy1", "Deleted ikepolicy(s): ikepolicy1"),
        ("vpn-ipsecpolicy-delete ipsecpolicy1", "Deleted ipsecpolicy(s): ipsecpolicy1"),
    ] {
        assert_eq!(client.run(command).ok().trim(), said);
    }
    let by_id = format!("vpn-service-delete {}", service["id"]);
    assert_eq!(client.run(&by_id).ok().trim(), format!("Deleted vpnservice(s): {}", service["id"]));
    clear(client);
}

/// What the guide asks for first: a router with a network outside and one inside.
fn network(client: &mut Client) {
    for command in ["net-create --router:external ext-net", "subnet-create ext-net 200.200.128.0/24"] {
        client.run_as_admin(command).ok();
    }
    client.run("net-create net1").ok();
    let subnet = fields(client.run("subnet-create net1 10.10.10.0/24 --name subnet1").ok());
    assert_eq!((&*subnet["ip_version"], &*subnet["gateway_ip"]), ("4", "10.10.10.1"));
    client.run("router-create router1").ok();
    let said = client.run("router-interface-add router1 subnet1").ok();
    assert!(said.starts_with("Added interface ") && said.trim().ends_with(" to router router1."), "{said}");
    let said = client.run("router-gateway-set router1 ext-net").ok();
    assert_eq!(said.trim(), "Set gateway for router router1");
    assert_eq!(
        client.run("router-port-list router1").rows().len(),
        1,
        "the gateway port is not the project's"
    );
    assert_eq!(client.run("net-external-list").rows()[0][1], "ext-net");
}

fn lists_and_changes(client: &mut Client) {
    let group =
        "neutron vpn-endpoint-group-create --name there --type cidr --value 10.2.0.0/24 --value 10.3.0.0/24";
    let group = create(client, group, "endpoint_group", GROUP);
    assert_eq!(group["endpoints"], "10.2.0.0/24, 10.3.0.0/24");
    let subnet = fields(client.run("subnet-show subnet1").ok())["id"].clone();
    let here = format!("neutron vpn-endpoint-group-create --name here --type subnet --value {subnet}");
    create(client, &here, "endpoint_group", GROUP);

    for (command, columns) in [
        ("vpn-ikepolicy-list", "id name auth_algorithm encryption_algorithm ike_version pfs"),
        ("vpn-ipsecpolicy-list", "id name auth_algorithm encryption_algorithm pfs"),
        ("vpn-service-list", "id name router_id status"),
        ("vpn-endpoint-group-list", "id name type endpoints"),
        ("ipsec-site-connection-list", "id name peer_address auth_mode status"),
        (
            "vpn-ikepolicy-list --sort-key name --sort-dir desc -P 1",
            "id name auth_algorithm encryption_algorithm ike_version pfs",
        ),
    ] {
        let shown = client.run(command).columns().replace(", ", " ");
        // It puts the owner in for whoever may see the owners of others.
        assert_eq!(shown.replace(" tenant_id", ""), columns, "{command}");
    }
    for (command, said, show, key, want) in [
        (
            "vpn-ikepolicy-update ikepolicy1 --ike-version v2",
            "Updated ikepolicy: ikepolicy1",
            "vpn-ikepolicy-show ikepolicy1",
            "ike_version",
            "v2",
        ),
        (
            "vpn-ipsecpolicy-update ipsecpolicy1 --pfs group14",
            "Updated ipsecpolicy: ipsecpolicy1",
            "vpn-ipsecpolicy-show ipsecpolicy1",
            "pfs",
            "group14",
        ),
        (
            "vpn-endpoint-group-update there --description d",
            "Updated endpoint_group: there",
            "vpn-endpoint-group-show there",
            "description",
            "d",
        ),
        (
            "ipsec-site-connection-update vpnconnection1 --psk other",
            "Updated ipsec_site_connection: vpnconnection1",
            "ipsec-site-connection-show vpnconnection1",
            "psk",
            "other",
        ),
    ] {
        assert_eq!(client.run(command).ok().trim(), said);
        assert_eq!(fields(client.run(show).ok())[key], want, "after `{command}`");
    }
}

fn mistakes(client: &mut Client) {
    for (command, why) in [
        ("vpn-service-show nothing", "Unable to find vpnservice with name or id 'nothing'"),
        ("vpn-service-delete nothing", "Unable to find vpnservice(s) with id(s) 'nothing'."),
        ("vpn-ikepolicy-delete ikepolicy1", "is in use by existing IPsecSiteConnection"),
        ("vpn-ikepolicy-delete ikepolicy1", "Neutron server returns request_ids: ['req-"),
        (
            "vpn-service-update vpnservice1 --name other",
            "Unable to find vpnservice with name or id 'vpnservice1'",
        ),
        ("vpn-endpoint-group-create --name bad --type cidr --value 10.2.0.0/33", "10.2.0.0/33"),
        ("router-gateway-set router1 nothing", "Unable to find network with name or id 'nothing'"),
    ] {
        let refusal = client.run(command).refusal();
        assert!(refusal.contains(why), "`{command}`: {refusal}");
    }
}

fn clear(client: &mut Client) {
    let said = client.run("router-gateway-clear router1").ok();
    assert!(said.contains("Removed gateway from router router1"), "{said}");
    for command in [
        "router-interface-delete router1 subnet1",
        "router-delete router1",
        "subnet-delete subnet1",
        "net-delete net1",
    ] {
        client.run(command).ok();
    }
    assert_eq!(client.run("router-list").ok().trim(), "");
}

/// Runs a command of the guide that makes something, and returns its rows, which must be these.
#[track_caller]
fn create(client: &mut Client, command: &str, what: &str, rows: &str) -> BTreeMap<String, String> {
    let said = client.run(command.strip_prefix("neutron ").expect("a command of `neutron`")).ok();
    assert!(said.starts_with(&format!("Created a new {what}:")), "{said}");
    let made = fields(said);
    assert_eq!(made.keys().map(String::as_str).collect::<Vec<_>>().join(" "), rows, "`{command}`");
    made
}

/// The rows of a table; a value may have lines, which are joined.
fn fields(said: String) -> BTreeMap<String, String> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for mut row in crate::client::rows(&said).into_iter().skip(1) {
        let value = row.pop().expect("a value");
        match (row.pop().expect("a field"), fields.last_mut()) {
            (field, Some((_, last))) if field.is_empty() => *last = format!("{last}, {value}"),
            (field, _) => fields.push((field, value)),
        }
    }
    fields.into_iter().collect()
}
