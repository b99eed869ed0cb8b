//! `adit vpn connect`: both sides of a tunnel, in two clouds with servers of their own and in one project of one.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::proxy::{Fault, Proxy};
use crate::support::server::Server;

/// What there is of VPN, in the order in which it is made.
const LISTS: [&str; 5] = ["ike policy", "ipsec policy", "service", "endpoint group", "ipsec site connection"];

/// Two clouds, each with a network behind a router; the right one is reached by a proxy.
struct World {
    _left: Server,
    right: Option<Server>,
    proxy: Proxy,
    clouds: PathBuf,
    _dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let (left, right) = (Server::start(), Server::start());
        let [_, right_text] = [&left, &right].map(|server| std::fs::read_to_string(server.clouds()).unwrap());
        let address = host(&right_text);
        let proxy = Proxy::start(address);
        let dir = tempfile::tempdir().unwrap();
        let clouds = dir.path().join("clouds.yaml");
        let mut text = "clouds:\n".to_owned();
        text.push_str(&renamed(&left, "left"));
        text.push_str(&renamed(&right, "right").replace(&address.to_string(), &proxy.address().to_string()));
        std::fs::write(&clouds, text).unwrap();
        let world = Self { _left: left, right: Some(right), proxy, clouds, _dir: dir };
        for (cloud, outside, inside) in
            [("left", "203.0.113.0/24", "10.1.0.0/24"), ("right", "198.51.100.0/24", "10.2.0.0/24")]
        {
            let admin = format!("--os-cloud {cloud}-admin");
            let user = format!("--os-cloud {cloud}");
            for line in [
                format!("{admin} network create --external ext-net"),
                format!("{admin} subnet create --network ext-net --subnet-range {outside} ext"),
                format!("{user} network create office"),
                format!("{user} subnet create --network office --subnet-range {inside} desks"),
                format!("{user} router create gw"),
                format!("{user} router add subnet gw desks"),
                format!("{user} router set --external-gateway ext-net gw"),
            ] {
                world.ok(&line);
            }
        }
        world
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut adit = Command::new(env!("CARGO_BIN_EXE_adit"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
            adit.env_remove(name);
        }
        adit.args(words)
            .env("OS_CLIENT_CONFIG_FILE", &self.clouds)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        adit
    }

    fn run(&self, line: &str) -> Output {
        self.run_with(&line.split_whitespace().collect::<Vec<_>>(), "")
    }

    fn run_with(&self, words: &[&str], input: &str) -> Output {
        let mut adit = self.command(words).spawn().unwrap();
        // One that needs no input may have ended.
        let _ = adit.stdin.take().unwrap().write_all(input.as_bytes());
        adit.wait_with_output().unwrap()
    }

    #[track_caller]
    fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "`{line}`: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// The rows that a command lists.
    #[track_caller]
    fn rows(&self, line: &str) -> Vec<Value> {
        serde_json::from_str(&self.ok(&format!("{line} -f json"))).unwrap()
    }

    /// All of VPN that there is in both clouds, but for what becomes of it by itself.
    fn all(&self) -> Vec<Value> {
        let list = |cloud: &str, what: &str| self.rows(&format!("--os-cloud {cloud} vpn {what} list --long"));
        let mut all: Vec<Value> = ["left", "right"]
            .iter()
            .flat_map(|cloud| LISTS.iter().flat_map(|what| list(cloud, what)))
            .collect();
        for object in &mut all {
            object.as_object_mut().unwrap().remove("Status");
        }
        all
    }

    fn connection(&self, cloud: &str) -> Value {
        self.rows(&format!("--os-cloud {cloud} vpn ipsec site connection list --long")).pop().unwrap()
    }

    /// What a project has of VPN, as far as its quotas count it: the kinds of which there is any.
    fn used(&self, clouds: &[&str]) -> Vec<String> {
        let used = |cloud: &str| self.rows(&format!("--os-cloud {cloud} quota show --usage"));
        let rows = clouds.iter().flat_map(|cloud| used(cloud));
        let kinds = ["ikepolicy", "ipsecpolicy", "vpnservice", "endpoint_group", "ipsec_site_connection"];
        let rows =
            rows.filter(|row| kinds.contains(&row["Resource"].as_str().unwrap()) && row["In Use"] != 0);
        rows.map(|row| row.to_string()).collect()
    }

    /// Runs something that fails, and checks that nothing is left of it.
    #[track_caller]
    fn leaves_nothing(&self, line: &str, status: i32, told: &[&str]) {
        let output = self.run(line);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "`{line}`: {said}");
        for told in told {
            assert!(said.contains(told), "`{line}`: no `{told}` in {said}");
        }
        assert_eq!(text(&output.stdout), "", "`{line}`");
        self.proxy.decide(|_| Fault::None);
        assert_eq!(self.used(&["left", "right"]), [""; 0], "`{line}`: {said}");
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Where the server of a `clouds.yaml` listens.
fn host(clouds: &str) -> SocketAddr {
    let url = clouds.lines().find_map(|line| line.trim().strip_prefix("auth_url: http://")).unwrap();
    url.split('/').next().unwrap().parse().unwrap()
}

/// A server's clouds under other names.
fn renamed(server: &Server, name: &str) -> String {
    let clouds = std::fs::read_to_string(server.clouds()).unwrap();
    let clouds = clouds.strip_prefix("clouds:\n").unwrap();
    clouds
        .replace("  adit-admin:\n", &format!("  {name}-admin:\n"))
        .replace("  adit:\n", &format!("  {name}:\n"))
}

const CONNECT: &str = "vpn connect --left left/gw/desks --right right/gw/desks";

#[test]
fn two_clouds_are_connected_by_one_command_that_may_be_repeated() {
    let world = World::new();
    let both = || world.all();
    // Who may only read may look at what would be made.
    for line in [
        "--os-cloud right-admin user create --password secret reader",
        "--os-cloud right-admin role add --user reader --project demo reader",
    ] {
        world.ok(line);
    }
    let clouds = std::fs::read_to_string(&world.clouds).unwrap();
    let right = clouds.split("  right:\n").nth(1).unwrap();
    let password = right.lines().find(|line| line.contains("password:")).unwrap();
    let user = right.lines().find(|line| line.contains("username:")).unwrap();
    let reader =
        right.replacen(password, "      password: secret", 1).replacen(user, "      username: reader", 1);
    std::fs::write(&world.clouds, format!("{clouds}  reader:\n{reader}")).unwrap();
    for right in ["right", "reader"] {
        let planned =
            world.rows(&format!("vpn connect --left left/gw/desks --right {right}/gw/desks --dry-run"));
        assert_eq!(planned.len(), 12);
        assert!(planned.iter().all(|row| row["Action"] == "create" && row["ID"].is_null()), "{planned:?}");
        assert!(planned[10]["Details"].as_str().unwrap().contains("peer_address=198.51.100."), "{planned:?}");
        assert_eq!(world.used(&["left", "right"]), [""; 0], "a look changes nothing");
    }
    for (rest, want) in [("", Value::Null), ("--psk k", "k".into())] {
        let planned = world.rows(&format!("{CONNECT} --dry-run --show-psk {rest}"));
        assert_eq!(planned[10]["Pre-shared Key"], want, "a key that the next run would not use is not shown");
    }

    let output = world.run(&format!("{CONNECT} --description tunnel -f json"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let made: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(made.iter().all(|row| row["Action"] == "created" && row["ID"].is_string()), "{made:?}");
    let first = both();
    assert_eq!(world.used(&["left", "right"]).len(), 2 * LISTS.len(), "what is there is counted");
    let [left, right] = ["left", "right"].map(|cloud| world.connection(cloud));
    let key = left["Pre-shared Key"].as_str().unwrap().to_owned();
    assert_eq!((right["Pre-shared Key"].as_str(), key.len()), (Some(key.as_str()), 43));
    assert!(
        !text(&output.stdout).contains(&key) && !text(&output.stderr).contains(&key),
        "nobody asked for it"
    );
    let address = |cloud: &str| {
        let services = world.rows(&format!("--os-cloud {cloud} vpn service list --long"));
        services[0]["Ext v4 IP"].as_str().unwrap().to_owned()
    };
    for (connection, other) in [(&left, "right"), (&right, "left")] {
        assert_eq!(connection["Peer Address"], address(other));
        assert_eq!(connection["Peer ID"], address(other));
        assert_eq!(connection["Description"], "tunnel");
    }
    assert_eq!(left["Name"], "left-gw-right-gw-left");

    // What the first run made is found by the second.
    let again = world.run(CONNECT);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(text(&again.stderr), "adit: nothing was changed: all of it is there\n");
    assert_eq!(text(&again.stdout).matches("| kept ").count(), 12, "{}", text(&again.stdout));
    assert!(world.run(&format!("{CONNECT} --mtu 1400 --dry-run")).status.success());
    assert_eq!(both(), first);
    assert_eq!(world.ok(&format!("{CONNECT} --show-psk")).matches(&key).count(), 2);

    // What a run that was cut off left is completed, with the key that is there.
    world.ok("--os-cloud right vpn ipsec site connection delete left-gw-right-gw-right");
    world.ok("--os-cloud right vpn endpoint group delete left-gw-right-gw-right-peer");
    let completed = world.rows(CONNECT);
    assert_eq!(completed.iter().filter(|row| row["Action"] == "created").count(), 2, "{completed:?}");
    assert_eq!(world.connection("right")["Pre-shared Key"], key.as_str());

    // What is the tunnel's own follows, and everything else is refused.
    let changed = world.rows(&format!("{CONNECT} --mtu 1400 --initiator left --dpd action=restart"));
    assert_eq!(changed.iter().filter(|row| row["Action"] == "changed").count(), 2, "{changed:?}");
    let [left, right] = ["left", "right"].map(|cloud| world.connection(cloud));
    assert_eq!((left["MTU"].as_u64(), right["MTU"].as_u64()), (Some(1400), Some(1400)));
    assert_eq!(
        (left["Initiator"].as_str(), right["Initiator"].as_str()),
        (Some("bi-directional"), Some("response-only"))
    );
    assert_eq!(right["DPD"]["action"], "restart");
    let before = both();
    for (line, told) in [
        (
            format!("{CONNECT} --ike-version v1 --encryption-algorithm aes-128-gcm-16 --dry-run"),
            "--ike-version: IKEv1 has no aes-128-gcm-16 for the key exchange",
        ),
        (format!("{CONNECT} --pfs group19"), "has the pfs group14, and not group19"),
        (format!("{CONNECT} --name other"), "go on with it: `--name left-gw-right-gw`"),
        (
            "vpn connect --left right/gw/desks --right left/gw/desks".to_owned(),
            "joins 10.2.0.0/24 and 10.1.0.0/24 already",
        ),
    ] {
        let output = world.run(&line);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "{line}: {}", text(&output.stderr));
    }
    assert_eq!(both(), before);
    // A change that cannot be completed is taken back. The right connection is told after the left one.
    world.proxy.decide(|asked| {
        if asked.starts_with("PUT ") {
            Fault::Answer("HTTP/1.1 409 Conflict\r\n\r\n{\"NeutronError\": \"No.\"}")
        } else {
            Fault::None
        }
    });
    let output = world.run(&format!("{CONNECT} --mtu 1300"));
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("was taken back"), "{}", text(&output.stderr));
    assert_eq!(both(), before);

    // No agent is there that would bring it up; what was made is told all the same.
    world.proxy.decide(|_| Fault::None);
    let output = world.run(&format!("{CONNECT} --wait --wait-timeout 0"));
    assert_eq!(output.status.code(), Some(6), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("| kept "), "{}", text(&output.stdout));
}

#[test]
fn wrong_input_is_refused_before_anything_is_made() {
    let world = World::new();
    for line in [
        "--os-cloud left subnet create --network office --subnet-range 10.2.0.128/25 clash",
        "--os-cloud left router add subnet gw clash",
        "--os-cloud left network create lab",
        "--os-cloud left subnet create --network lab --subnet-range fd00:1::/64 --ip-version 6 six",
        "--os-cloud left subnet create --network lab --subnet-range 10.3.0.0/24 stray",
        "--os-cloud left router create inner",
        "--os-cloud left router add subnet inner six",
        "--os-cloud left router create outer",
        "--os-cloud left router set --external-gateway ext-net outer",
        "--os-cloud left router create twin",
        "--os-cloud left router create twin",
    ] {
        world.ok(line);
    }
    let six = ["--os-cloud", "left", "router", "remove", "subnet", "gw", "clash"].join(" ");
    for (rest, status, told) in [
        ("", 1, "required arguments were not provided"),
        ("--left left/gw --right right/gw/desks", 1, "--left: CLOUD/ROUTER/SUBNET[,SUBNET...] was expected"),
        ("--left left/gw/desks --right right/gw/desks/x", 1, "--right: CLOUD/ROUTER/SUBNET"),
        ("--left nowhere/gw/desks --right right/gw/desks", 1, "--left: "),
        ("--left left/none/desks --right right/gw/desks", 2, "--left: No Router found for none"),
        ("--left left/twin/desks --right right/gw/desks", 2, "--left: More than one Router exists"),
        ("--left left/gw/desks --right right/gw/none", 2, "--right: No Subnet found for none"),
        ("--left left/gw/desks,desks --right right/gw/desks", 1, "--left: the subnet `desks` is named twice"),
        (
            "--left left/gw/stray --right right/gw/desks",
            1,
            "--left: the subnet `stray` is not on the router `gw`",
        ),
        (
            "--left left/inner/six --right right/gw/desks",
            1,
            "--left: the router `inner` has no external gateway",
        ),
        ("--left left/gw/desks --right left/gw/desks", 1, "--right: the router `gw` is that of `--left` too"),
        ("--left left/gw/clash --right right/gw/desks", 1, "--right: 10.2.0.0/24 overlaps 10.2.0.128/25"),
        ("--left left/gw/desks --right right/gw/desks", 1, "the subnet `clash` of the router `gw`"),
    ] {
        let output = world.run(&format!("vpn connect {rest}"));
        assert_eq!(output.status.code(), Some(status), "`{rest}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{rest}`: {}", text(&output.stderr));
    }
    world.ok(&six);
    for (rest, told) in [
        ("--ike-version v3", "invalid value 'v3'"),
        ("--encryption-algorithm rot13", "invalid value 'rot13'"),
        ("--auth-algorithm md5", "invalid value 'md5'"),
        ("--pfs group1", "invalid value 'group1'"),
        ("--initiator nobody", "invalid value 'nobody'"),
        ("--mtu many", "invalid value 'many'"),
        ("--mtu 67", "--mtu: 67 is below 68"),
        ("--dpd 30", "--dpd: `30` has no `=`"),
        ("--dpd interval=30,timeout=30", "--dpd: the timeout, 30 s, must be longer"),
        ("--dpd interval=120", "--dpd: the timeout, 120 s, must be longer"),
        ("--ip-version 5", "invalid value '5'"),
        ("--ip-version 6", "--ip-version: the gateway of the router `gw` (--left) has no IPv6 address"),
        ("--psk -", "standard input has no key"),
        ("--psk k --ip-version 6", "`--psk-file FILE` from a file, and without these one is made up"),
        ("--psk-file /nowhere", "--psk-file: cannot read /nowhere"),
        ("--psk - --psk-file /nowhere", "cannot be used with"),
        ("--name ", "--name"),
        ("--wait-timeout 5", "--wait"),
        ("--os-cloud left", "--os-cloud: there are two clouds here"),
        ("--os-project-name other", "--os-project-name: there are two clouds here"),
        ("-f shell", "invalid value 'shell'"),
    ] {
        let output = world.run(&format!("{CONNECT} {rest}"));
        assert_eq!(output.status.code(), Some(1), "`{rest}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{rest}`: {}", text(&output.stderr));
    }
    let long = "x".repeat(244);
    for (option, value) in
        [("--name", ""), ("--name", " x"), ("--name", &long), ("--description", &"x".repeat(256))]
    {
        let words: Vec<&str> = CONNECT.split(' ').chain([option, value]).collect();
        let output = world.run_with(&words, "");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(option), "{option} {value}: {}", text(&output.stderr));
    }
    assert_eq!(world.used(&["left", "right"]), [""; 0]);
}

#[test]
fn what_fails_midway_leaves_nothing_behind() {
    let mut world = World::new();
    for (kind, told) in [
        ("ikepolicies", "creating IKE policy `left-gw-right-gw-right` in the cloud `right`"),
        ("vpnservices", "creating VPN service"),
        ("endpoint-groups", "creating endpoint group `left-gw-right-gw-right-local`"),
        (
            "ipsec-site-connections",
            "creating IPsec site connection `left-gw-right-gw-right` in the cloud `right`",
        ),
    ] {
        world.ok(&format!("--os-cloud right-admin quota set demo --{kind} 0"));
        world.leaves_nothing(CONNECT, 3, &[told, "Quota exceeded", "was taken back"]);
        world.ok(&format!("--os-cloud right-admin quota set demo --{kind} -1"));
    }
    const POST: &str = "POST /networking/v2.0/vpn/ipsec-site-connections";
    let at = |fault: fn() -> Fault| move |asked: &str| if asked == POST { fault() } else { Fault::None };
    world.proxy.decide(at(|| Fault::Drop));
    world.leaves_nothing(CONNECT, 4, &["cannot reach", "was taken back"]);
    // It was made, and nobody was told.
    world.proxy.decide(at(|| Fault::Lose));
    world.leaves_nothing(CONNECT, 4, &["cannot reach", "was taken back"]);
    world.proxy.decide(at(|| {
        Fault::Answer("HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\n\r\n<h1>Sorry</h1>")
    }));
    world.leaves_nothing(CONNECT, 5, &["(HTTP 503)", "was taken back"]);
    world
        .proxy
        .decide(at(|| Fault::Answer("HTTP/1.1 201 Created\r\ncontent-length: 30\r\n\r\n{\"ipsec_site")));
    world.leaves_nothing(CONNECT, 4, &["was taken back"]);
    world.proxy.decide(at(|| Fault::Answer("HTTP/1.1 201 Created\r\n\r\n{\"ipsec_site_connection\": 7}")));
    world.leaves_nothing(CONNECT, 5, &["the answer has no `ipsec_site_connection`", "was taken back"]);

    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 130)] {
        let (asked, was_asked) = channel();
        let (go_on, may_go_on) = channel::<()>();
        world.proxy.decide(move |line| {
            if line == POST {
                asked.send(()).unwrap();
                may_go_on.recv().unwrap();
            }
            Fault::None
        });
        let mut running = world.command(&CONNECT.split(' ').collect::<Vec<_>>()).spawn().unwrap();
        was_asked.recv().unwrap();
        kill(Pid::from_raw(running.id().cast_signed()), signal).unwrap();
        let mut said = std::io::BufReader::new(running.stderr.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut said, &mut line).unwrap();
        assert!(line.starts_with("adit: ending; "), "{line}");
        go_on.send(()).unwrap();
        assert_eq!(running.wait().unwrap().code(), Some(status));
        world.proxy.decide(|_| Fault::None);
        assert_eq!(world.used(&["left", "right"]), [""; 0], "{signal}");
    }

    // A server that ends midway keeps what it has, which is told; the other cloud is as it was.
    let server = std::sync::Mutex::new(world.right.take());
    world.proxy.decide(move |asked| {
        if asked == POST {
            drop(server.lock().unwrap().take());
        }
        Fault::None
    });
    let output = world.run(CONNECT);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains("left behind: IPsec site connection `left-gw-right-gw-right`, if it was made"),
        "{said}"
    );
    assert_eq!(said.matches("left behind: ").count(), 6, "{said}");
    assert_eq!(said.matches("in the cloud `right`: ").count(), 7, "{said}");
    assert_eq!(world.used(&["left"]), [""; 0]);
}

/// Both sides in one project, with names that need care, by id, with IPv6 in the tunnel and outside.
#[test]
fn one_project_may_be_on_both_sides() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let clouds = dir.path().join("clouds.yaml");
    let text_of = std::fs::read_to_string(server.clouds()).unwrap();
    std::fs::write(&clouds, text_of.replace("  adit:\n", "  \"my cloud/1\":\n")).unwrap();
    let proxy = Proxy::start(host(&text_of));
    let world = World { _left: server, right: None, proxy, clouds, _dir: dir };
    let cloud = "my cloud/1";
    let run = |words: &[&str]| {
        let words: Vec<&str> = ["--os-cloud", cloud].iter().chain(words).copied().collect();
        let output = world.run_with(&words, "");
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    for line in [
        "network create --external ext-net",
        "subnet create --network ext-net --subnet-range 203.0.113.0/24 ext",
        "subnet create --network ext-net --subnet-range 2001:db8::/64 --ip-version 6 ext6",
    ] {
        world.ok(&format!("--os-cloud adit-admin {line}"));
    }
    for (router, subnet, range) in [("gw/1, east", "a,b 100%", "fd00:1::/64"), ("gw/2", "ünï", "fd00:2::/64")]
    {
        run(&["network", "create", router]);
        run(&["subnet", "create", "--network", router, "--ip-version", "6", "--subnet-range", range, subnet]);
        run(&["router", "create", router]);
        run(&["router", "add", "subnet", router, subnet]);
        run(&["router", "set", "--external-gateway", "ext-net", router]);
    }
    let id = run(&["router", "show", "gw/2", "-f", "value", "-c", "id"]);
    let right = format!("my cloud%2F1/{}/ünï", id.trim());
    let connect = ["vpn", "connect", "--left", "my cloud%2f1/gw%2F1, east/a%2Cb 100%", "--right", &right];
    let with = |more: &[&'static str], input: &str| {
        let words: Vec<&str> = connect.iter().chain(more).copied().collect();
        world.run_with(&words, input)
    };
    let output =
        with(&["--ip-version", "6", "--psk", "-", "--ike-version", "V1", "-f", "json"], "from input\n");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let made: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(made.iter().filter(|row| row["Action"] == "created").count(), 12);
    let connections: Vec<Value> =
        serde_json::from_str(&run(&["vpn", "ipsec", "site", "connection", "list", "--long", "-f", "json"]))
            .unwrap();
    assert_eq!(connections.len(), 2);
    for connection in &connections {
        assert!(connection["Peer Address"].as_str().unwrap().starts_with("2001:db8::"), "{connection}");
        assert_eq!(connection["Pre-shared Key"], "from input");
    }
    assert_eq!(connections[0]["Name"], "my cloud/1-gw/1, east-my cloud/1-gw/2-left");
    let output = with(&["--ike-version", "v1"], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "adit: nothing was changed: all of it is there\n");
}
