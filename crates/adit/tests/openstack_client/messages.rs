//! What the `openstack vpn` commands say of what a server refuses, and of what they refuse themselves. People know these
//! sentences, and scripts look for them.

use crate::client::{Client, Generation};

pub(crate) fn vpn_mistakes_are_told(client: &mut Client) {
    client.run_as_admin("network create --external ext-net").ok();
    client.run_as_admin("subnet create --network ext-net --subnet-range 203.0.113.0/24 ext-subnet").ok();
    for command in [
        "network create office",
        "subnet create --network office --subnet-range 10.1.0.0/24 desks",
        "router create gateway",
        "router add subnet gateway desks",
        "router set --external-gateway ext-net gateway",
        "vpn ike policy create ike",
        "vpn ipsec policy create ipsec",
        "vpn service create --router gateway --subnet desks vpn",
        "vpn endpoint group create --type cidr --value 10.2.0.0/24 there",
        &connection("--peer-cidr 10.2.0.0/24 conn"),
    ] {
        client.run(command).ok();
    }
    let long = "x".repeat(256);
    // The others forget the quotes here alone.
    let group =
        if client.generation == Generation::Adit { "endpoint group 'there'" } else { "endpoint group there" };
    for (noun, name, told) in [
        ("vpn ike policy", "ike", "IKE policy 'ike'"),
        ("vpn ipsec policy", "ipsec", "IPsec policy 'ipsec'"),
        ("vpn service", "vpn", "vpn service 'vpn'"),
        ("vpn endpoint group", "there", group),
        ("vpn ipsec site connection", "conn", "IPsec site connection 'conn'"),
    ] {
        let refusal = client.run(&format!("{noun} set --name {long} {name}")).refusal();
        let why = format!("Invalid input for name. Reason: '{long}' exceeds maximum length of 255.");
        assert!(refusal.contains(&format!("Failed to set {told}: ")) && refusal.contains(&why), "{refusal}");
    }
    let nothing =
        ["No Vpn", "Unable to find", "No IKE policy", "No IPsec ", "No VPN service", "No Endpoint group"];
    for (noun, one, all) in [
        ("vpn ike policy", "IKE policy", "IKE policy"),
        ("vpn ipsec policy", "IPsec policy", "IPsec policy"),
        ("vpn service", "VPN service", "vpn service"),
        ("vpn endpoint group", "endpoint group", "endpoint group"),
        ("vpn ipsec site connection", "IPsec site connection", "IPsec site connection"),
    ] {
        let refusal = client.run(&format!("{noun} delete nothing nobody")).refusal();
        let told =
            [format!("Failed to delete {one} with name or ID "), format!("2 of 2 {all} failed to delete.")];
        assert!(told.iter().all(|told| refusal.contains(told)), "{refusal}");
        let refusal = client.run(&format!("{noun} show nothing")).refusal();
        assert!(nothing.iter().any(|told| refusal.contains(told)), "{refusal}");
    }
    refused_by_the_server(client);
    refused_by_the_client(client);
}

fn refused_by_the_server(client: &mut Client) {
    for (command, why) in [
        ("vpn service set --subnet desks vpn", "Cannot update read-only attribute subnet_id"),
        ("vpn ike policy delete ike", "is in use by existing IPsecSiteConnection"),
        ("vpn service delete vpn", "is still in use"),
        ("vpn ipsec site connection set --mtu 67 conn", "MTU 67 is too small for"),
        (
            &connection("--peer-cidr 10.2.0.0/24,10.3.0.0/24 two"),
            "'10.2.0.0/24,10.3.0.0/24' is not a valid IP subnet",
        ),
    ] {
        let refusal = client.run(command).refusal();
        assert!(refusal.contains(why), "`{command}`: {refusal}");
    }
}

/// Nothing of these reaches a server.
fn refused_by_the_client(client: &mut Client) {
    let both = "You must specify both local and peer endpoint groups";
    let either = "You must specify endpoint groups or peer CIDR(s)";
    let bad_lifetime = "Invalid value should be at least 60:'value' = 59";
    let bad_dpd = "Invalid positive integer value: 'interval' = 0";
    let good_lifetime = "vpn ike policy create --lifetime units=seconds,value=61 brief";
    let is_adit = client.generation == Generation::Adit;
    let [bad_lifetime, bad_dpd] = if is_adit {
        let made = client.run(good_lifetime).fields();
        assert_eq!(made["Lifetime"], "{'units': 'seconds', 'value': 61}");
        [
            "`value` is a whole number of at least 60, not `59`",
            "`interval` is a whole number of at least 1, not `0`",
        ]
    } else if client.generation == Generation::Ten {
        // It does not survive its own options.
        assert!(client.run(good_lifetime).refusal().contains("no attribute 'items'"));
        ["no attribute 'items'"; 2]
    } else {
        let lifetime = client.run(good_lifetime).fields()["Lifetime"].clone();
        assert_eq!(lifetime, "{'units': 'seconds', 'value': 61}");
        [bad_lifetime, bad_dpd]
    };
    let [bad_choice, lacking] = if is_adit {
        [
            "invalid value 'md5' for '--auth-algorithm",
            "the following required arguments were not provided:\n  --router",
        ]
    } else {
        ["invalid choice: 'md5'", "the following arguments are required: --router"]
    };
    for (command, why) in [
        (connection("--peer-endpoint-group there three"), both),
        (connection("four"), either),
        (connection("--peer-cidr 10.2.0.0/24 --dpd action=hold,interval=0,timeout=3 five"), bad_dpd),
        ("vpn ike policy create --lifetime units=seconds,value=59 short".to_owned(), bad_lifetime),
        ("vpn ike policy create --auth-algorithm md5 bad".to_owned(), bad_choice),
        ("vpn service create vpn".to_owned(), lacking),
    ] {
        let refusal = client.run(&command).refusal();
        assert!(refusal.contains(why), "`{command}`: {refusal}");
    }
}

/// The command that makes a site connection, with what is left to say.
fn connection(rest: &str) -> String {
    format!(
        "vpn ipsec site connection create --vpnservice vpn --ikepolicy ike --ipsecpolicy ipsec \
         --peer-address 192.0.2.9 --peer-id 192.0.2.9 --psk hunter2 {rest}"
    )
}
