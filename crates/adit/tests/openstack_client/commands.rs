//! What people type besides the guides: list, show, set, unset, delete, names for ids, and questions to the server.

use std::collections::BTreeMap;

use crate::client::{Client, Generation};

pub(crate) fn networks_subnets_ports_and_routers(client: &mut Client) {
    let external =
        "network create --external --provider-network-type flat --provider-physical-network public ext-net";
    let made = client.run_as_admin(external).fields();
    let physical = ["router:external", "provider:network_type", "provider:physical_network"]
        .map(|key| made[key].as_str());
    assert_eq!(physical, ["External", "flat", "public"]);
    client
        .run_as_admin("subnet create --no-dhcp --network ext-net --subnet-range 203.0.113.0/24 ext-subnet")
        .ok();

    client.run("network create --description first office").ok();
    client.run("subnet create --network office --subnet-range 10.1.0.0/24 --allocation-pool start=10.1.0.50,end=10.1.0.60 desks").ok();
    client.run("router create gateway").ok();
    client.run("router add subnet gateway desks").ok();
    client.run("router set --external-gateway ext-net gateway").ok();
    client.run("port create --network office --fixed-ip subnet=desks,ip-address=10.1.0.77 printer").ok();

    assert_eq!(client.run("network list").columns(), "ID, Name, Subnets");
    assert_eq!(column(client.run("network list --external").rows(), 1), "ext-net");
    assert_eq!(column(client.run("network list --name office").rows(), 1), "office");
    assert_eq!(client.run("subnet list").columns(), "ID, Name, Network, Subnet");
    assert_eq!(column(client.run("subnet list --network office").rows(), 3), "10.1.0.0/24");
    // Of 2018, it shows what only administrators are told, without values.
    let of_2018 = if client.generation == Generation::Three { ", Distributed, HA" } else { "" };
    assert_eq!(client.run("router list").columns(), format!("ID, Name, Status, State{of_2018}, Project"));
    assert_eq!(column(client.run("router list --long").rows(), 1), "gateway");
    assert_eq!(client.run("port list").columns(), "ID, Name, MAC Address, Fixed IP Addresses, Status");
    assert_eq!(
        client.run("port list --router gateway").rows().len(),
        1,
        "the gateway port is not the project's"
    );
    assert_eq!(
        client.run("port list --network office --fixed-ip ip-address=10.1.0.77").rows()[0][1],
        "printer"
    );

    assert_eq!(client.run("network show office").fields()["description"], "first");
    assert_eq!(client.run("subnet show desks").fields()["allocation_pools"], "10.1.0.50-10.1.0.60");
    let router = client.run("router show gateway").fields();
    assert!(router["external_gateway_info"].contains("203.0.113."), "{router:?}");
    assert!(router["interfaces_info"].contains("10.1.0.1"), "{router:?}");

    set(
        client,
        "network set --name lab --description second office",
        "network show lab",
        "description",
        "second",
    );
    set(client, "network unset --all-tag lab", "network show lab", "tags", "");
    set(
        client,
        "subnet set --dns-nameserver 9.9.9.9 desks",
        "subnet show desks",
        "dns_nameservers",
        "9.9.9.9",
    );
    set(client, "subnet unset --dns-nameserver 9.9.9.9 desks", "subnet show desks", "dns_nameservers", "");
    set(client, "port set --name scanner --device it printer", "port show scanner", "device_id", "it");
    let route = "destination=10.9.0.0/24,gateway=10.1.0.77";
    let shown = "destination='10.9.0.0/24', gateway='10.1.0.77'";
    set(client, &format!("router set --route {route} gateway"), "router show gateway", "routes", shown);
    set(client, &format!("router unset --route {route} gateway"), "router show gateway", "routes", "");
    if client.generation != Generation::Three {
        set(
            client,
            &format!("router add route gateway --route {route}"),
            "router show gateway",
            "routes",
            shown,
        );
        set(
            client,
            &format!("router remove route gateway --route {route}"),
            "router show gateway",
            "routes",
            "",
        );
    }
    set(client, "router set --disable gateway", "router show gateway", "admin_state_up", "DOWN");
    set(
        client,
        "router unset --external-gateway gateway",
        "router show gateway",
        "external_gateway_info",
        if client.generation == Generation::Three { "None" } else { "null" },
    );

    let in_use = client.run("router delete gateway").refusal();
    assert!(in_use.contains("has ports still attached"), "{in_use}");
    let in_use = client.run("network delete lab").refusal();
    assert!(in_use.contains("There are one or more ports still in use on the network"), "{in_use}");
    client.run("router remove subnet gateway desks").ok();
    for command in
        ["router delete gateway", "port delete scanner", "subnet delete desks", "network delete lab"]
    {
        client.run(command).ok();
    }
    for (list, left) in
        [("network list", "ext-net"), ("subnet list", "ext-subnet"), ("router list", ""), ("port list", "")]
    {
        let left_over = client.run(list).ok();
        let names: Vec<String> =
            crate::client::rows(&left_over).into_iter().skip(1).map(|row| row[1].clone()).collect();
        assert_eq!(names.join(" "), left, "{list}");
    }
}

pub(crate) fn vpn_resources(client: &mut Client) {
    client.run_as_admin("network create --external ext-net").ok();
    client.run_as_admin("subnet create --network ext-net --subnet-range 203.0.113.0/24 ext-subnet").ok();
    for command in [
        "network create office",
        "subnet create --network office --subnet-range 10.1.0.0/24 desks",
        "router create gateway",
        "router add subnet gateway desks",
        "router set --external-gateway ext-net gateway",
        "vpn ike policy create --ike-version v2 --encryption-algorithm aes-256 --auth-algorithm sha256 --pfs group14 ike",
        "vpn ipsec policy create --encryption-algorithm aes-256 --auth-algorithm sha256 --pfs group14 ipsec",
        "vpn service create --router gateway vpn",
        "vpn endpoint group create --type subnet --value desks here",
        "vpn endpoint group create --type cidr --value 10.2.0.0/24 --value 10.3.0.0/24 there",
        "vpn ipsec site connection create --vpnservice vpn --ikepolicy ike --ipsecpolicy ipsec \
         --local-endpoint-group here --peer-endpoint-group there --peer-address 192.0.2.9 --peer-id 192.0.2.9 \
         --psk hunter2 --mtu 1400 --initiator response-only conn",
    ] {
        client.run(command).ok();
    }
    let short = [
        (
            "vpn ike policy",
            "ID, Name, Authentication Algorithm, Encryption Algorithm, IKE Version, Perfect Forward Secrecy (PFS)",
        ),
        (
            "vpn ipsec policy",
            "ID, Name, Authentication Algorithm, Encapsulation Mode, Transform Protocol, Encryption Algorithm",
        ),
        ("vpn service", "ID, Name, Router, Subnet, Flavor, State, Status"),
        ("vpn endpoint group", "ID, Name, Type, Endpoints"),
        ("vpn ipsec site connection", "ID, Name, Peer Address, Authentication Algorithm, Status"),
    ];
    for (noun, columns) in short {
        assert_eq!(client.run(&format!("{noun} list")).columns(), columns, "{noun} list");
        let long = client.run(&format!("{noun} list --long")).columns();
        assert!(long.starts_with(columns) && long.len() > columns.len(), "{noun} list --long: {long}");
    }
    let connection = client.run("vpn ipsec site connection show conn").fields();
    let shown = ["Pre-shared Key", "MTU", "Initiator", "Route Mode", "Peer CIDRs"]
        .map(|key| connection[key].as_str());
    assert_eq!(shown, ["hunter2", "1400", "response-only", "static", ""]);
    let id = &connection["ID"];
    assert_eq!(client.run(&format!("vpn ipsec site connection show {id}")).fields()["Name"], "conn", "by id");

    for (noun, name, change, label, want) in [
        ("vpn ike policy", "ike", "--description d", "Description", "d"),
        ("vpn ipsec policy", "ipsec", "--description d", "Description", "d"),
        ("vpn service", "vpn", "--disable", "State", "False"),
        ("vpn endpoint group", "there", "--name beyond", "Name", "beyond"),
        ("vpn ipsec site connection", "conn", "--peer-address 192.0.2.10", "Peer Address", "192.0.2.10"),
    ] {
        let new_name = if label == "Name" { want } else { name };
        set(client, &format!("{noun} set {change} {name}"), &format!("{noun} show {new_name}"), label, want);
    }
    for (noun, name, why) in [
        ("vpn ike policy", "ike", "1 of 1 IKE policy failed to delete."),
        ("vpn ipsec policy", "ipsec", "1 of 1 IPsec policy failed to delete."),
        ("vpn service", "vpn", "1 of 1 vpn service failed to delete."),
        ("vpn endpoint group", "here", "1 of 1 endpoint group failed to delete."),
    ] {
        let in_use = client.run(&format!("{noun} delete {name}")).refusal();
        assert!(in_use.contains(why), "{in_use}");
    }
    let in_use = client.run("router unset --external-gateway gateway").refusal();
    assert!(in_use.contains("409"), "{in_use}");
    for command in [
        "vpn ipsec site connection delete conn",
        "vpn service delete vpn",
        "vpn endpoint group delete here beyond",
        "vpn ike policy delete ike",
        "vpn ipsec policy delete ipsec",
    ] {
        client.run(command).ok();
    }
    for (noun, _) in short {
        assert_eq!(client.run(&format!("{noun} list")).ok().trim(), "", "{noun}");
    }
}

pub(crate) fn identity(client: &mut Client) {
    let token = client.run("token issue").fields();
    let labels: Vec<&str> = token.keys().map(String::as_str).collect();
    assert_eq!(labels, ["expires", "id", "project_id", "user_id"]);
    let catalog = client.run("catalog list").ok();
    assert!(catalog.contains("keystone") && catalog.contains("public: http://127.0.0.1:"), "{catalog}");
    assert_eq!(column(client.run("project list").rows(), 1), "demo", "a member sees the projects of its own");
    assert_eq!(column(client.run_as_admin("project list").rows(), 1), "admin demo");

    let project = client.run_as_admin("project create --description d office").fields();
    let shown = ["name", "description", "domain_id", "enabled"].map(|key| project[key].as_str());
    assert_eq!(shown, ["office", "d", "default", "True"]);
    assert_eq!(client.run_as_admin("project show office").fields()["id"], project["id"]);
    let user = client.run_as_admin("user create --project office --password secret anna").fields();
    assert_eq!((user["name"].as_str(), &user["default_project_id"]), ("anna", &project["id"]));
    client.run_as_admin("role add --user anna --project office member").ok();
    let assignments = client.run_as_admin("role assignment list --user anna --project office --names").rows();
    assert_eq!(assignments[0][..2], ["member", "anna@Default"]);
    let anna = ["anna", "secret", "office"];
    assert_eq!(client.run_by(anna, "token issue").fields()["project_id"], project["id"]);
    assert_eq!(client.run_by(anna, "network list").ok().trim(), "");
    client.run_as_admin("user set --password other anna").ok();
    let refused = client.run_by(anna, "token issue").refusal();
    assert!(refused.contains("401"), "{refused}");
    for command in [
        "role remove --user anna --project office member",
        "user delete anna",
        "project set --name annex office",
        "project delete annex",
    ] {
        client.run_as_admin(command).ok();
    }
    assert_eq!(column(client.run_as_admin("project list").rows(), 1), "admin demo");
    client.run(&format!("token revoke {}", token["id"])).ok();

    let refused = client.run("project create mine").refusal();
    assert!(refused.contains("403") && refused.contains("identity:create_project"), "{refused}");
}

pub(crate) fn what_the_network_service_can_do(client: &mut Client) {
    let extensions = column(client.run("extension list --network").rows(), 1);
    for alias in ["external-net", "router", "vpnaas", "vpn-endpoint-groups", "quotas"] {
        assert!(extensions.split(' ').any(|listed| listed == alias), "{alias} is not in {extensions}");
    }
    assert_eq!(client.run("extension show vpnaas").fields()["alias"], "vpnaas");
    let providers = [["VPN", "strongswan", "True"], ["L3_ROUTER_NAT", "single_node", "False"]];
    assert_eq!(client.run("network service provider list").rows(), providers);
    // No agent is there.
    for list in ["network agent list", "availability zone list --network"] {
        assert_eq!(client.run_as_admin(list).ok().trim(), "", "{list}");
        assert_eq!(client.run(list).ok().trim(), "", "{list}");
    }
    // That of 2018 insists on a compute service to show or set quotas.
    if client.generation != Generation::Three {
        quotas(client);
    }
}

fn quotas(client: &mut Client) {
    let limits = |client: &mut Client, arguments: &str| -> BTreeMap<String, String> {
        // Without `--network` the older generation insists on a compute service.
        let rows = client.run(&format!("quota show --network {arguments}")).rows();
        rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
    };
    assert_eq!((&*limits(client, "")["networks"], &*limits(client, "--default")["routers"]), ("100", "10"));
    client.run_as_admin("quota set --networks 200 demo").ok();
    assert_eq!(limits(client, "")["networks"], "200");
    // The older one looks for the use of networks in what a compute service says.
    if matches!(client.generation, Generation::Ten | Generation::Adit) {
        assert_eq!(limits(client, "--usage")["networks"], "200");
    }
    assert_eq!(client.run_as_admin("quota list --network").rows().len(), 1, "only what differs is shown");
}

pub(crate) fn mistakes_are_told(client: &mut Client) {
    client.run("network create twin").ok();
    client.run("network create twin").ok();
    client.run("router create lonely").ok();
    // Of 2018, it goes on with the router that it did not find.
    let nothing = if client.generation == Generation::Three { "'NoneType' object" } else { "nothing" };
    for (command, want) in [
        ("network show nothing", "No Network found for nothing"),
        ("network show twin", "More than one Network exists with the name 'twin'"),
        ("subnet create --network nothing --subnet-range 10.0.0.0/24 s", "No Network found for nothing"),
        ("network create --share mine", "is disallowed by policy"),
        ("router set --external-gateway twin lonely", "More than one Network exists"),
        ("vpn service create --router nothing vpn", nothing),
        ("vpn endpoint group create --type cidr --value 10.2.0.0/33 g", "10.2.0.0/33"),
        ("vpn ike policy show nothing", "nothing"),
        ("--os-password wrong network list", "401"),
    ] {
        let refusal = client.run(command).refusal();
        assert!(refusal.contains(want), "`{command}`: {refusal}");
    }
    // Of 2018, it takes the cloud's project all the same.
    if client.generation != Generation::Three {
        let refusal = client.run("--os-project-name nothing network list").refusal();
        assert!(refusal.contains("401"), "{refusal}");
    }
}

/// Runs a command that changes something, and looks at it.
#[track_caller]
fn set(client: &mut Client, command: &str, show: &str, label: &str, want: &str) {
    client.run(command).ok();
    assert_eq!(client.run(show).fields()[label], want, "after `{command}`");
}

/// One column of a list.
fn column(rows: Vec<Vec<String>>, index: usize) -> String {
    rows.into_iter().map(|mut row| row.swap_remove(index)).collect::<Vec<_>>().join(" ")
}
