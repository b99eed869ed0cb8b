//! `adit` draws what the `openstack` command draws, to the letter.

use crate::client::{Client, Generation};
use crate::support::server::Server;

/// What makes two objects and their columns, for whoever compares them.
const WORLD: [&str; 15] = [
    "network create --description the-first --tag b --tag a office",
    "subnet create --network office --subnet-range 10.1.0.0/24 --dns-nameserver 9.9.9.9 --dns-nameserver 8.8.8.8 \
     --host-route destination=10.50.0.0/24,gateway=10.1.0.5 desks",
    "router create gateway",
    "router add subnet gateway desks",
    "port create --network office --fixed-ip subnet=desks,ip-address=10.1.0.77 printer",
    "router set --route destination=10.9.0.0/24,gateway=10.1.0.77 gateway",
    "vpn ike policy create --lifetime units=seconds,value=7200 --ike-version v2 ike",
    "vpn ipsec policy create ipsec",
    "vpn endpoint group create --type cidr --value 10.2.0.0/24 --value 10.3.0.0/24 there",
    "vpn endpoint group create --type subnet --value desks here",
    "network create lab",
    "security group create --tag x web",
    "security group rule create --dst-port 137:139 --protocol udp --remote-ip 10.9.0.0/16 web",
    "security group rule create --protocol icmp --icmp-type 3 --icmp-code 1 --egress web",
    "application credential create --role member --role reader --secret s --expiration 2099-01-02T03:04:05 robot",
];

/// What an administrator makes besides.
const WORLD_OF_ADMIN: [&str; 8] = [
    "network flavor create --service-type VPN --description d gold",
    "network flavor profile create --driver strongswan --metainfo fast",
    "network flavor add profile gold {network flavor profile list -f value -c ID}",
    "region create --parent-region RegionOne north",
    "service create --name glance --disable image",
    "endpoint create --region north image public http://192.0.2.1:9292",
    "network create --external ext-net",
    "subnet create --network ext-net --subnet-range 203.0.113.0/24 ext-subnet",
];

/// A tunnel, which no agent serves.
const WORLD_OF_VPN: [&str; 3] = [
    "router set --external-gateway ext-net gateway",
    "vpn service create --router gateway vpn",
    "vpn ipsec site connection create --vpnservice vpn --ikepolicy ike --ipsecpolicy ipsec --local-endpoint-group here \
     --peer-endpoint-group there --peer-address 192.0.2.9 --peer-id 192.0.2.9 --generate-psk conn",
];

/// Commands that print the same as the `openstack` command, to the letter.
const SAME: [&str; 58] = [
    "network show office",
    "network show office -f json",
    "network show office -f yaml",
    "network show office -f shell",
    "network show office -f value -c tags -c id",
    "network show office --max-width 60",
    "network list",
    "network list --long",
    "network list --max-width 60",
    "network list --sort-column Name --sort-descending",
    "network list --sort-column name --sort-ascending -c Name -f value",
    "network list --long --max-width 60",
    "subnet list --long --max-width 100",
    "vpn service list --long --max-width 60",
    "vpn service list --long --max-width 80",
    "vpn ipsec site connection list --long --max-width 120",
    "network list --name nothing",
    "network list --name nothing --print-empty",
    "network list --name nothing -f json",
    "network list --name nothing -f yaml",
    "network list --name nothing -f csv",
    "subnet show desks",
    "subnet show desks -f json",
    "subnet show desks -f yaml",
    "subnet list --long",
    "subnet list --long -f csv",
    "subnet list --long -f csv --quote all",
    "subnet list -f csv --quote minimal",
    "router show gateway",
    "router show gateway -f yaml",
    "router list --long",
    "router list -f json --noindent",
    "port show printer",
    "port show printer -f json",
    "port list",
    "port list --long",
    "port list -f yaml",
    "vpn ike policy show ike",
    "vpn ike policy show ike -f shell --prefix os_",
    "vpn ike policy list --long",
    "vpn ike policy list --long --max-width 100",
    "vpn ike policy list --long -f yaml",
    "vpn ipsec policy list --long -f csv",
    "vpn endpoint group show there",
    "vpn endpoint group list --long -f json",
    "network service provider list",
    "extension show vpnaas",
    "catalog list",
    "catalog show network -f json",
    "security group show web",
    "security group show web -f json",
    "security group list",
    "security group list --tags x -f csv",
    "security group rule list web",
    "security group rule list --ingress --protocol udp -f json",
    "security group rule show {security group rule list web --egress -f value -c ID}",
    "application credential show robot",
    "application credential list -f json",
];

/// The same for the administrator.
const SAME_TO_ADMIN: [&str; 15] = [
    "network flavor show gold",
    "network flavor list",
    "network flavor profile show {network flavor profile list -f value -c ID}",
    "network flavor profile list -f yaml",
    "region show north",
    "region list",
    "service show image",
    "service show glance -f json",
    "service list --long",
    "endpoint show {endpoint list --service glance -f value -c ID}",
    "endpoint list",
    "endpoint list --region north --interface public -f json",
    "implied role list",
    "application credential list --user demo",
    "access rule list",
];

#[test]
fn it_draws_what_the_openstack_command_draws() {
    let Some(python) = Generation::Ten.program() else {
        eprintln!("SKIPPED: comparison with the openstack command: XTASK_OPENSTACK_10 names no Python");
        return;
    };
    let server = Server::start();
    let mut ours = Client::start(Generation::Adit, &python, server.clouds());
    let mut theirs = Client::start(Generation::Ten, &python, server.clouds());
    for command in WORLD {
        ours.run(command).ok();
    }
    for command in WORLD_OF_ADMIN {
        let command = with_ids(&mut ours, command);
        ours.run_as_admin(&command).ok();
    }
    for command in WORLD_OF_VPN {
        ours.run(command).ok();
    }
    // Both print the same status once that is told of, and stays.
    while ours.run("vpn ipsec site connection show conn -f value -c Status").ok() != "DOWN\n" {}
    let mut differences = Vec::new();
    let all = SAME.map(|command| ("adit", command)).into_iter();
    for (cloud, command) in all.chain(SAME_TO_ADMIN.map(|command| ("adit-admin", command))) {
        let command = with_ids(&mut ours, command);
        let (ours, theirs) = (ours.run_as(cloud, &command).ok(), theirs.run_as(cloud, &command).ok());
        if ours != theirs {
            differences.push(format!("`{command}`\n{ours}\nwhere the other prints\n{theirs}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

/// A command in which another one in braces is replaced by the first word that this prints.
fn with_ids(client: &mut Client, command: &str) -> String {
    let Some((before, (inner, after))) =
        command.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return command.to_owned();
    };
    let printed = client.run_as_admin(inner).ok();
    format!("{before}{}{after}", printed.split_whitespace().next().unwrap_or_else(|| panic!("{inner}")))
}
