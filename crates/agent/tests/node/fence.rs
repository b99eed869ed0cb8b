//! Nothing plain leaves a router between networks that a tunnel protects, whatever becomes of the tunnel: looked at on
//! the wire.

use std::net::UdpSocket;
use std::process::Stdio;

use adit_api::agent::RouterReport;
use adit_linux::Namespace;
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode, RouterDocument, SiteConnectionId};
use tokio::process::Command;

use crate::capture::Capture;
use crate::site::{Both, Charon, Site};
use crate::support::{Host, eventually, on_a_machine};

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

        let first = pid(site).unwrap();
        let mut pings = pings_without_end(here);
        kill(first).await;
        eventually("another charon runs", async || pid(site).is_some_and(|pid| pid != first)).await;
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

        both.stop_agent().await;
        assert!(both.here.pings("eth0", THERE).await, "twin: charon goes on without agent");
        kill(pid(&both.site).unwrap()).await;
        // With IPsec in the kernel it goes on to pass, encrypted.
        shout(&both.here);
        both.here.pings("eth0", THERE).await;
        assert_eq!(wire.plain(), Vec::<String>::new(), "neither agent nor charon");

        // As after the start of a node: the state directory is there, and nothing else.
        Namespace::delete(&both.site.namespace()).unwrap();
        both.start_agent().await;
        both.site.tunnel_is_up(&both.right).await;
        eventually("it passes again", async || both.here.pings("eth0", THERE).await).await;
        assert_eq!(wire.plain(), Vec::<String>::new(), "after a start of the node");

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

fn pings_without_end(from: &Host) -> tokio::process::Child {
    let mut ping = Command::new("ping");
    ping.args(["-n", "-i", "0.05", "-W", "1", THERE]).stdout(Stdio::null()).kill_on_drop(true);
    Namespace::open(&from.0).unwrap().unwrap().spawn(&mut ping).unwrap()
}

/// The number of the charon of the left router.
fn pid(site: &Site) -> Option<u32> {
    let file = site.state_dir.path().join("routers").join(site.document.id.to_string()).join("charon.pid");
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

async fn kill(pid: u32) {
    let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().await.unwrap();
    assert!(status.success());
}
