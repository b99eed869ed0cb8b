//! Nothing plain leaves a router between networks that a tunnel protects, whatever becomes of the tunnel: looked at on
//! the wire.

use std::net::UdpSocket;
use std::process::Stdio;

use adit_api::agent::RouterReport;
use adit_linux::{Namespace, nft};
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode, RouterDocument, SiteConnectionId};
use tokio::process::{Child, Command};

use crate::capture::Capture;
use crate::remains::kill;
use crate::site::{Both, Charon};
use crate::support::{Host, eventually, on_a_machine};

/// A host behind the left router.
const HERE: &str = "10.1.0.2";
/// A host behind the right router.
const THERE: &str = "10.2.0.2";

#[test]
fn nothing_plain_leaves_before_the_first_negotiation_with_a_wrong_key_or_without_charon() {
    on_a_machine(async || {
        let Some(charon) = Charon::installed() else { return };
        let mut both = Both::new(|_| {}).await;

        let twin = capture(&both.site.document);
        assert!(!both.here.pings("eth0", THERE).await, "nobody knows the way");
        twin.until("twin: without a connection it leaves in clear", |line| line.contains(THERE));
        assert_ne!(twin.plain(), Vec::<String>::new());
        drop(twin);

        charon.join(&mut both.site.document, &mut both.right);
        let (site, here, right) = (&mut both.site, &both.here, &both.right);
        // Whichever end has lost the tunnel sets it up again.
        site.document.connections[0].initiator = Initiator::BiDirectional;
        site.document.connections[0].psk = Psk::new("another");
        let wire = capture(&site.document);
        assert_eq!(site.server.want(&site.document).await.error, None);
        assert!(!here.pings("eth0", THERE).await, "before the first negotiation");
        shout(here);
        assert_eq!(site.server.want(right).await.error, None);
        let id = site.document.connections[0].id;
        site.server
            .report_of(site.document.id, |report| code(report, id) == Some(ReasonCode::AuthFailed))
            .await;
        assert!(!here.pings("eth0", THERE).await, "with a wrong key");
        shout(here);

        site.document.connections[0].psk = right.connections[0].psk.clone();
        site.document.generation += 1;
        assert_eq!(site.server.want(&site.document).await.error, None);
        site.tunnel_is_up(right).await;
        assert!(here.pings("eth0", THERE).await, "twin: with the right key it passes");
        wire.until("twin: and is encrypted", |line| line.contains("ESP(spi="));

        let first = site.charon(&site.document).unwrap();
        let mut pings = pings_without_end(here);
        kill(first);
        eventually("another charon runs", async || {
            site.charon(&site.document).is_some_and(|pid| pid != first)
        })
        .await;
        site.tunnel_is_up(right).await;
        eventually("it passes again", async || here.pings("eth0", THERE).await).await;
        pings.kill().await.unwrap();
        shout(here);
        assert_eq!(wire.plain(), Vec::<String>::new());
        both.end().await;
    });
}

#[test]
fn nothing_plain_leaves_when_a_tunnel_is_switched_off_left_alone_or_deleted_or_the_node_starts_anew() {
    on_a_machine(async || {
        let Some(charon) = Charon::installed() else { return };
        let mut both = Both::new(|_| {}).await;
        // Where the default route leads.
        let outside = both.site.internet.namespace.name().to_owned();
        let twin = Capture::arriving(&outside, "eth0");
        assert!(!both.here.pings("eth0", THERE).await, "nobody knows the way");
        twin.until("twin: without a connection it arrives in clear", |line| line.contains(THERE));
        assert_ne!(twin.plain(), Vec::<String>::new());
        drop(twin);

        charon.join(&mut both.site.document, &mut both.right);
        both.site.document.connections[0].initiator = Initiator::BiDirectional;
        let wire = Capture::arriving(&outside, "eth0");
        both.apply().await;
        both.site.tunnel_is_up(&both.right).await;
        assert!(both.here.pings("eth0", THERE).await, "twin: by the tunnel it passes");
        let mut pings = pings_without_end(&both.here);
        let is_silent = async |both: &Both, when: &str| {
            shout(&both.here);
            assert!(!both.here.pings("eth0", THERE).await, "{when}");
            assert_eq!(wire.plain(), Vec::<String>::new(), "{when}");
        };

        let id = both.site.document.connections[0].id;
        switch(&mut both.site.document, false);
        let report = both.site.server.want(&both.site.document).await;
        assert_eq!(code(&report, id), Some(ReasonCode::AdminDown));
        is_silent(&both, "switched off").await;
        switch(&mut both.site.document, true);
        both.apply().await;
        both.site.tunnel_is_up(&both.right).await;
        eventually("it passes again", async || both.here.pings("eth0", THERE).await).await;

        let charons = both.charons();
        both.stop_agent().await;
        assert!(both.here.pings("eth0", THERE).await, "twin: charon goes on without agent");
        assert!(charons.iter().all(Option::is_some) && both.charons() == charons, "twin: all of them");
        kill(both.site.charon(&both.site.document).unwrap());
        // With IPsec in the kernel it goes on to pass, encrypted.
        shout(&both.here);
        both.here.pings("eth0", THERE).await;
        assert_eq!(wire.plain(), Vec::<String>::new(), "neither agent nor charon");

        // The state directory is there after that, and nothing else.
        both.lose_power().await;
        both.start_agent().await;
        both.site.tunnel_is_up(&both.right).await;
        eventually("it passes again", async || both.here.pings("eth0", THERE).await).await;
        assert_eq!(wire.plain(), Vec::<String>::new(), "after the node has lost its power");

        let mut flood = pings_each(&both.here, "0.001");
        both.shut_down().await;
        flood.kill().await.unwrap();
        for document in [&both.site.document, &both.right] {
            let kept = std::fs::read_dir(both.site.folder(document)).unwrap();
            let kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(kept, ["fence.json"], "and no charon");
            assert!(!Namespace::path_of(&format!("qrouter-{}", document.id)).exists());
            let said = both.site.server.report_of(document.id, |_| true).await;
            let id = document.connections[0].id;
            assert_eq!(code(&said, id), Some(ReasonCode::AgentOffline), "the last word");
            assert_eq!((said.wired_ports, said.observations[&id].ike_sas.len()), (vec![], 0));
        }
        both.start_agent().await;
        both.site.tunnel_is_up(&both.right).await;
        eventually("it passes again", async || both.here.pings("eth0", THERE).await).await;
        assert_eq!(wire.plain(), Vec::<String>::new(), "shut down, and started");

        delete(&mut both);
        both.apply().await;
        is_silent(&both, "deleted").await;

        charon.join(&mut both.site.document, &mut both.right);
        both.apply().await;
        both.site.tunnel_is_up(&both.right).await;
        eventually("it passes again", async || both.here.pings("eth0", THERE).await).await;
        both.stop_agent().await;
        delete(&mut both);
        both.start_agent().await;
        is_silent(&both, "deleted while nobody looked").await;
        both.stop_agent().await;
        both.start_agent().await;
        is_silent(&both, "deleted, and another agent came").await;

        for is_up in [false, true] {
            both.site.document.admin_state_up = is_up;
            both.site.document.generation += 1;
            both.apply().await;
        }
        is_silent(&both, "deleted, and the router switched off and on").await;
        both.site.document.admin_state_up = false;
        both.site.document.generation += 1;
        both.apply().await;
        assert!(!Namespace::path_of(&both.site.namespace()).exists(), "twin: nothing of it was there");
        both.stop_agent().await;
        both.site.damage_the_fence();
        both.site.document.admin_state_up = true;
        both.site.document.generation += 1;
        both.start_agent().await;
        is_silent(&both, "deleted, and nobody can read what there was").await;
        both.stop_agent().await;
        both.site.end_of_the_while();
        both.start_agent().await;
        assert!(!both.here.pings("eth0", THERE).await, "nobody knows the way");
        wire.until("twin: after its time it arrives in clear", |line| line.contains(THERE));

        pings.kill().await.unwrap();
        both.end().await;
    });
}

#[test]
fn what_comes_out_of_a_tunnel_does_not_leave_while_its_network_is_away() {
    on_a_machine(async || {
        let Some(charon) = Charon::installed() else { return };
        let mut both = Both::new(|_| {}).await;
        charon.join(&mut both.site.document, &mut both.right);
        both.site.document.connections[0].initiator = Initiator::BiDirectional;
        let wire = capture(&both.site.document);
        both.apply().await;
        both.site.tunnel_is_up(&both.right).await;
        assert!(both.there.pings("eth0", HERE).await, "twin: it passes");

        both.site.document.interfaces[0].admin_state_up = false;
        both.site.document.generation += 1;
        let report = both.site.server.want(&both.site.document).await;
        assert_eq!((report.error, report.wired_ports.len()), (None, 2));
        both.site.tunnel_is_up(&both.right).await;
        assert!(!both.there.pings("eth0", HERE).await);
        assert_eq!(wire.plain(), Vec::<String>::new());

        let router = Namespace::open(&both.site.namespace()).unwrap().unwrap();
        let nothing = nft::Table { name: String::from("adit"), chains: vec![] };
        nothing.apply(&router, "a-stranger").await.unwrap();
        assert!(!both.there.pings("eth0", HERE).await);
        wire.until("twin: without the fence it leaves", |line| line.contains(HERE));
        both.end().await;
    });
}

/// Deletes the connection, and the service with it, at both ends.
fn delete(both: &mut Both) {
    for document in [&mut both.site.document, &mut both.right] {
        document.connections.clear();
        document.services.clear();
        document.generation += 1;
    }
}

/// Switches the connection of a router on or off.
fn switch(document: &mut RouterDocument, admin_state_up: bool) {
    document.connections[0].admin_state_up = admin_state_up;
    document.generation += 1;
}

/// Why a connection is not up.
fn code(report: &RouterReport, id: SiteConnectionId) -> Option<ReasonCode> {
    Some(report.connections[&id].reason.as_ref()?.code)
}

/// What leaves a router by its gateway.
fn capture(document: &RouterDocument) -> Capture {
    let port = document.gateway.as_ref().unwrap().interface.port_id.to_string();
    Capture::start(&format!("qrouter-{}", document.id), &format!("qg-{}", &port[..11]))
}

/// What nobody answers and no connection is open for.
fn shout(from: &Host) {
    let socket =
        Namespace::open(&from.0).unwrap().unwrap().run(|| UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    for port in [500, 4500, 7777] {
        socket.send_to(b"in clear", (THERE, port)).unwrap();
    }
}

fn pings_without_end(from: &Host) -> Child {
    pings_each(from, "0.05")
}

/// A ping each so many seconds.
fn pings_each(from: &Host, secs: &str) -> Child {
    let mut ping = Command::new("ping");
    ping.args(["-n", "-i", secs, "-W", "1", THERE]).stdout(Stdio::null()).kill_on_drop(true);
    Namespace::open(&from.0).unwrap().unwrap().spawn(&mut ping).unwrap()
}
