//! Faults, on two regions with a tunnel: programs that are killed, a key that is wrong, a peer that is silent; and what is
//! removed while the rest goes on.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking, skips aloud and says how long things took"
)]

#[path = "../support/mod.rs"]
mod support;
mod witness;
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_linux::{Namespace, Netlink};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use witness::{Pings, PlainPackets, ping};
use world::{CONNECTIONS, Program, Region, Site, World, until};

#[tokio::test(flavor = "multi_thread")]
async fn restarts_lose_no_packet_and_no_spi() {
    let Some(mut world) = World::start().await else { return };
    let spis = world.spis().await;
    assert!(spis.iter().all(|one| one.len() == 1), "{spis:?}");
    checked(&world).await;
    assert_eq!(world.spis().await, spis, "after a check");
    let pings = Pings::start(&world.left.host, &world.right.host_address).await;
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        for region in [&mut world.left, &mut world.right] {
            region.up.end(signal).await;
            restarted(region, |region| region.up.start()).await;
            pings.go_on(5).await;
        }
        assert_eq!(world.spis().await, spis, "after {signal}");
    }

    // The halves apart are another way to have the same region.
    let region = &mut world.left;
    region.up.end(Signal::SIGTERM).await;
    let mut server = None;
    let mut agent = None;
    restarted(region, |region| {
        let (one, other) = apart(region);
        (server, agent) = (Some(one), Some(other));
    })
    .await;
    let (mut server, mut agent) = (server.unwrap(), agent.unwrap());
    assert_eq!(world.spis().await, spis, "apart");

    // In the middle of the way to a second tunnel the server is away.
    let (left, right) = (&world.left, &world.right);
    let [_, subnet] = left.network(&left.router, "10.1.1.0/24").await;
    server.end(Signal::SIGKILL).await;
    assert!(left.tenant.list("networks", &[]).await.is_err(), "nobody listens");
    pings.go_on(25).await;
    server.start();
    until("an answer of the API", async || left.tenant.list("networks", &[]).await.is_ok()).await;
    let begun = Instant::now();
    let (service, address) = left.service(&left.router).await;
    let site = right.site("10.2.1.0/24").await;
    let groups = left.groups(&subnet, "10.2.1.0/24").await;
    let one = left.connection(&service, &groups, &site.address, "secret").await;
    let groups = right.groups(&site.subnet, "10.1.1.0/24").await;
    let other = right.connection(&site.service, &groups, &address, "secret").await;
    left.until_status(&one, "ACTIVE").await;
    right.until_status(&other, "ACTIVE").await;
    println!("server restarted in the middle: ACTIVE {:?} after its first answer", begun.elapsed());

    assert_eq!(world.spis().await, spis, "a second tunnel came");
    let (sent, lost) = pings.stop().await;
    assert!(lost.is_empty(), "lost of {sent}: {lost:?}");
    println!("{sent} echo requests, none lost");

    // Whoever waits for a change of a tunnel that is up waits for the gateway, and is told so.
    agent.end(Signal::SIGTERM).await;
    let change = "vpn ipsec site connection set --dpd action=restart,interval=10,timeout=40 --wait";
    let output = left.run(&format!("{change} --wait-timeout 1 conn")).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{told}");
    assert!(told.contains("conn is still ACTIVE (not applied yet) after 1 s: the agent on node `"), "{told}");
    assert!(told.contains("` has not taken it over yet; the server goes on with it"), "{told}");
    agent.start();
    left.command(&format!("{change} conn")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_charon_leaks_nothing_and_comes_back() {
    let Some(mut world) = World::start().await else { return };
    let plain = PlainPackets::watch(&world.internet);
    let (left, right) = (&world.left, &world.right);
    let pings = Pings::start(&left.host, &right.host_address).await;
    let back = Pings::start(&right.host, &left.host_address).await;
    for region in [left, right] {
        let before = region.charon(&region.router).await.unwrap().pid();
        let changes = region.history(&region.connection).len();
        let killed = Instant::now();
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        until("DOWN in the API", async || region.history(&region.connection).len() > changes).await;
        let noticed = killed.elapsed();
        let change = region.history(&region.connection).remove(changes);
        assert!(change.contains("to=DOWN") && change.contains("daemon-down"), "{change}");
        until("ACTIVE again", async || {
            region.history(&region.connection)[changes..].iter().any(|line| line.contains("to=ACTIVE"))
        })
        .await;
        world.until_active().await;
        println!(
            "charon killed on the {}: in the API after {noticed:?}, ACTIVE after {:?}",
            region.side,
            killed.elapsed()
        );
        assert_ne!(region.charon(&region.router).await.unwrap().pid(), before);
        until("one tunnel", async || world.spis().await.iter().all(|one| one.len() == 1)).await;
        pings.go_on(5).await;
        back.go_on(5).await;
    }
    let (sent, lost) = pings.stop().await;
    println!("{} of {sent} echo requests lost while charon was killed twice", lost.len());
    back.stop().await;

    // Nobody is left to start it again: nothing may leave all the same.
    world.left.up.end(Signal::SIGKILL).await;
    let left = &world.left;
    kill(Pid::from_raw(left.charon(&left.router).await.unwrap().pid()), Signal::SIGKILL).unwrap();
    until("the end of charon", async || left.charon(&left.router).await.is_none()).await;
    assert_eq!(ping(&left.host, &world.right.host_address, 25), 0);
    assert_eq!(plain.stop(), Vec::<String>::new());

    // The twin: without the fence they leave, and are seen.
    let plain = PlainPackets::watch(&world.internet);
    let router = left.namespace(&left.router).unwrap();
    let mut command = Command::new("nft");
    command.args(["delete", "table", "inet", "adit"]);
    assert!(router.run(|| command.status()).unwrap().unwrap().success());
    ping(&left.host, &world.right.host_address, 5);
    until("plain packets", async || !plain.seen().is_empty()).await;
    plain.stop();

    // An agent that comes to this puts it right.
    let plain = PlainPackets::watch(&world.internet);
    world.left.up.start();
    up_again(&world).await;

    // A node without power leaves the state directory and nothing else. A number in it may be somebody else's by now.
    world.left.up.end(Signal::SIGKILL).await;
    let left = &world.left;
    left.cut_off().await;
    let charon = Pid::from_raw(left.charon(&left.router).await.unwrap().pid());
    kill(charon, Signal::SIGKILL).unwrap();
    until("the end of charon", async || left.charon(&left.router).await.is_none()).await;
    Namespace::delete(left.namespace(&left.router).unwrap().name()).unwrap();
    let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
    fs::write(left.run_dir(&left.router).join("charon.pid"), stranger.id().to_string()).unwrap();
    world.left.up.start();
    up_again(&world).await;
    assert!(stranger.try_wait().unwrap().is_none(), "a stranger's process was ended");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert_eq!(plain.stop(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_shut_down_leaks_nothing_and_tells_everybody() {
    let Some(mut world) = World::start().await else { return };
    let plain = PlainPackets::watch(&world.internet);
    // As systemd says it, to whoever asks.
    let programs = tempfile::tempdir().unwrap();
    let says = |state: &str| {
        let text = programs.path().join("text");
        fs::write(&text, format!("#!/bin/sh\necho {state}\nexit 1\n")).unwrap();
        let mut install = Command::new("install");
        install.args(["-m", "700"]).arg(&text).arg(programs.path().join("systemctl"));
        assert!(install.status().unwrap().success());
    };
    world.left.up.look_first_for_programs_in(programs.path());
    let pings = Pings::start(&world.left.host, &world.right.host_address).await;

    says("degraded");
    world.left.up.end(Signal::SIGTERM).await;
    restarted(&mut world.left, |region| region.up.start()).await;
    let charon = world.left.charon(&world.left.router).await.unwrap().pid();
    world.left.up.end(Signal::SIGTERM).await;
    let left = &world.left;
    assert_eq!(left.charon(&left.router).await.unwrap().pid(), charon, "twin: the program alone is stopped");
    assert!(left.namespace(&left.router).is_some());
    pings.go_on(5).await;

    restarted(&mut world.left, |region| region.up.start()).await;
    says("stopping");
    let taps = world.left.taps().await;
    let changes = [world.left.history(&world.left.connection), world.right.history(&world.right.connection)];
    let told = Instant::now();
    world.left.up.end(Signal::SIGTERM).await;
    println!("shut down after {:?}", told.elapsed());
    let left = &world.left;
    assert!(left.charon(&left.router).await.is_none() && left.namespace(&left.router).is_none());
    assert!(taps.len() == 2 && links(left).await.is_disjoint(&taps), "{taps:?}");
    let kept = fs::read_dir(left.run_dir(&left.router)).unwrap();
    let kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, ["fence.json"]);
    let last = left.history(&left.connection)[changes[0].len()..].join("\n");
    assert!(last.contains("to=DOWN") && last.contains("agent-offline"), "{last}");
    assert!(!last.contains("daemon-down"), "{last}");
    let right = &world.right;
    until("the other end knows", async || {
        right.history(&right.connection)[changes[1].len()..].iter().any(|line| line.contains("to=DOWN"))
    })
    .await;
    // Without a word it would take as long as dead peer detection.
    println!("the other end knows after {:?}", told.elapsed());
    assert!(told.elapsed() < Duration::from_secs(15));

    world.left.up.start();
    up_again(&world).await;
    pings.go_on(5).await;
    assert_eq!(plain.stop(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_silent_peer_are_down_with_the_reason_and_disturb_nobody() {
    let Some(world) = World::start().await else { return };
    let spis = world.spis().await;
    let (left, right) = (&world.left, &world.right);
    let pings = Pings::start(&left.host, &right.host_address).await;
    let (service, address) = left.service(&left.router).await;
    let [_, subnet] = left.network(&left.router, "10.1.1.0/24").await;
    let site = right.site("10.2.1.0/24").await;
    let groups = left.groups(&subnet, "10.2.1.0/24").await;
    let peer_groups = right.groups(&site.subnet, "10.1.1.0/24").await;

    // On the internet itself nobody answers IKE.
    let far = left.groups(&subnet, "10.2.9.0/24").await;
    let asked = Instant::now();
    let silent = left.connection(&service, &far, "203.0.113.1", "secret").await;

    let one = left.connection(&service, &groups, &site.address, "secret").await;
    let other = right.connection(&site.service, &peer_groups, &address, "another").await;
    for (region, id) in [(left, &one), (right, &other)] {
        region.until_status(id, "DOWN").await;
        until("the reason", async || {
            region.history(id).iter().any(|line| line.contains("to=DOWN") && line.contains("auth-failed"))
        })
        .await;
    }
    until("the reason of silence", async || {
        left.history(&silent).iter().any(|line| line.contains("to=DOWN") && line.contains("peer-unreachable"))
    })
    .await;
    println!("a silent peer is known as such {:?} after the request", asked.elapsed());
    assert_eq!(left.status(&silent).await, "DOWN");

    for (region, id) in [(left, &one), (right, &other), (left, &silent)] {
        let history = region.history(id);
        assert!(!history.iter().any(|line| line.contains("to=ACTIVE")), "{history:?}");
    }
    let begun = Instant::now();
    right.set_psk(&other, "secret").await;
    left.until_status(&one, "ACTIVE").await;
    right.until_status(&other, "ACTIVE").await;
    let took = begun.elapsed();
    println!("key corrected: ACTIVE on both sides after {took:?}");
    // An attempt with the wrong key that is waited for takes 21 s.
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(world.spis().await, spis, "the other tunnel");
    let (sent, lost) = pings.stop().await;
    assert!(lost.is_empty(), "lost of {sent}: {lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_leaves_nothing_and_disturbs_nobody() {
    let Some(world) = World::start().await else { return };
    let spis = world.spis().await;
    let (left, tenant) = (&world.left, &world.left.tenant);
    let pings = Pings::start(&left.host, &world.right.host_address).await;

    let Site { router, network, subnet, service, address: _ } = left.site("10.1.5.0/24").await;
    let groups = left.groups(&subnet, "10.2.5.0/24").await;
    let connection = left.connection(&service, &groups, "203.0.113.1", "secret").await;
    left.until_status(&connection, "DOWN").await;
    let charon = left.charon(&router).await.unwrap().pid();
    let bridge = format!("brq-{}", &network[..11]);
    assert!(left.namespace(&router).is_some() && links(left).await.contains(&bridge));

    tenant.delete(CONNECTIONS, &connection).await.unwrap();
    until("the end of charon", async || !fs::exists(format!("/proc/{charon}")).unwrap()).await;
    assert!(left.namespace(&router).is_some(), "the router stays");
    tenant.delete("vpn/vpnservices", &service).await.unwrap();
    tenant.act("routers", &router, "remove_router_interface", json!({"subnet_id": subnet})).await.unwrap();
    tenant.delete("routers", &router).await.unwrap();
    until("the end of the router", async || !left.run_dir(&router).exists()).await;
    assert!(left.namespace(&router).is_none());
    assert!(!links(left).await.contains(&bridge));

    assert_eq!(world.spis().await, spis, "the other router");
    let (sent, lost) = pings.stop().await;
    assert!(lost.is_empty(), "lost of {sent}: {lost:?}");
    changed_while_it_is_up(left, &world.right).await;
    // The command stays until it is so.
    for (line, status) in [("set --disable", "DOWN"), ("set --enable", "ACTIVE")] {
        left.command(&format!("vpn ipsec site connection {line} --wait conn")).await;
        assert_eq!(left.status(&left.connection).await, status, "{line}");
    }
    assert!(left.command("vpn why conn").await.contains("conn is ACTIVE since"));
    left.command("vpn service create --wait --router left-router another").await;
    left.command("vpn service create --wait --router left-router another").await;
    let charon = left.charon(&left.router).await.unwrap().pid();
    left.command("vpn ipsec site connection delete --wait conn").await;
    assert!(!fs::exists(format!("/proc/{charon}")).unwrap(), "the last tunnel is gone, and charon with it");
    world.right.until_status(&world.right.connection, "DOWN").await;
    assert!(left.charon(&left.router).await.is_none());
    assert_eq!(ping(&left.host, &world.right.host_address, 5), 0);
    connected_anew(&world).await;
}

/// What ESP does in the SAs of a region's tunnel, by its diagnostics.
async fn proposals(region: &Region) -> Vec<String> {
    let path = format!("{CONNECTIONS}/{}", region.connection);
    let told = region.tenant.show(&path, "diagnostics", "diagnostics").await.unwrap();
    let ike_sas = told.get("ike_sas").unwrap().as_array().unwrap();
    let children = ike_sas.iter().flat_map(|ike| ike["child_sas"].as_array().unwrap());
    children.map(|child| child["proposal"].as_str().unwrap().to_owned()).collect()
}

/// Another policy at both ends. The tunnel is up all the time, by its old SAs at first, so its status says nothing.
async fn changed_while_it_is_up(left: &Region, right: &Region) {
    let is_of = |proposals: &[String], cipher: &str| {
        assert!(!proposals.is_empty());
        proposals.iter().all(|proposal| proposal.starts_with(cipher))
    };
    let before = proposals(left).await;
    assert!(is_of(&before, "AES_CBC_128/"), "{before:?}");
    for region in [right, left] {
        region.command("vpn ipsec policy set --encryption-algorithm aes-256 ipsecpolicy").await;
    }
    left.command("vpn ipsec site connection set --description changed --wait conn").await;
    let after = proposals(left).await;
    assert!(is_of(&after, "AES_CBC_256/"), "{after:?}");
    assert_eq!(left.status(&left.connection).await, "ACTIVE");
}

/// The tunnel of the demo is gone on the left; one command makes another one between the same networks.
async fn connected_anew(world: &World) {
    world.right.tenant.delete(CONNECTIONS, &world.right.connection).await.unwrap();
    let connect = "vpn connect --left left/left-router/left-subnet --right right/right-router/right-subnet";
    let made =
        world.command(&format!("{connect} --wait --wait-timeout 25 -f value -c Resource -c Status")).await;
    assert_eq!(made.matches("IPsec site connection ACTIVE").count(), 2, "{made}");
    assert_eq!(ping(&world.left.host, &world.right.host_address, 5), 5);
    let again = world.command(&format!("{connect} -f value -c Action")).await;
    assert_eq!(again, "kept\n".repeat(12));
}

/// Waits until the left charon runs again, and the tunnel carries packets.
async fn up_again(world: &World) {
    let World { left, right, .. } = world;
    until("a new charon", async || left.charon(&left.router).await.is_some()).await;
    world.until_active().await;
    until("an answer", async || ping(&left.host, &right.host_address, 1) == 1).await;
}

/// Starts what had ended, and waits until its agent has taken everything up again.
async fn restarted(region: &mut Region, start: impl FnOnce(&mut Region)) {
    let before = region.log().len();
    let begun = Instant::now();
    start(region);
    region.until_status(&region.connection, "ACTIVE").await;
    let active = begun.elapsed();
    until("the agent's work", async || region.log()[before..].contains("connection loaded")).await;
    println!("restart on the {}: ACTIVE after {active:?}, taken up after {:?}", region.side, begun.elapsed());
}

/// `adit server` and `adit agent` for a region whose `adit up` has ended. The agent goes on with its state directory, the
/// server with a copy of the rest.
fn apart(region: &Region) -> (Program, Program) {
    let up = &region.up;
    let (state, config, listen) = (up.option("--state-dir"), up.option("--config"), up.option("--listen"));
    let server_state = region.root.join("server");
    fs::create_dir(&server_state).unwrap();
    for entry in fs::read_dir(&state).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), server_state.join(entry.file_name())).unwrap();
        }
    }
    let server_state = server_state.to_str().unwrap();
    let server = up
        .start_other(&["server", "--config", &config, "--state-dir", server_state, "--listen", &listen], &[]);
    let url = format!("http://{listen}");
    let physical = up.option("--physical-network");
    let agent = up.start_other(
        &["agent", "--config", &config, "--state-dir", &state, "--physical-network", &physical],
        &[("ADIT_AGENT__SERVER_URL", &url)],
    );
    (server, agent)
}

/// The interfaces of a region's machine.
async fn links(region: &Region) -> BTreeSet<String> {
    let machine = Namespace::open(region.up.machine()).unwrap().unwrap();
    Netlink::inside(&machine).unwrap().links().await.unwrap().into_keys().collect()
}

/// The command `vpn check`, by a real gateway: a host that answers, and one that is not there.
async fn checked(world: &World) {
    let (left, right) = (&world.left, &world.right);
    let told = left.command(&format!("vpn check conn --target {}", right.host_address)).await;
    assert!(told.ends_with("\nAll is well: packets pass the tunnel, and answers come back.\n"), "{told}");

    let nobody = right.host_address.rsplit_once('.').map(|(network, _)| format!("{network}.250")).unwrap();
    let found = left.run(&format!("vpn check conn --target {nobody} -f json --long")).await;
    let told = String::from_utf8_lossy(&found.stderr).into_owned();
    assert_eq!(found.status.code(), Some(6), "{told}");
    assert!(told.starts_with("Not as it should be: ") && told.contains(&nobody), "{told}");
    let rows: serde_json::Value = serde_json::from_slice(&found.stdout).unwrap();
    let told: Vec<String> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["Probe"].as_str().unwrap(), row["Result"].as_str().unwrap()))
        .collect();
    let want =
        ["peer-address passed", "udp-500 passed", "udp-4500 passed", "path-mtu passed", "tunnel-ping failed"];
    assert_eq!(told, want, "{rows}");
}
