//! Nothing plain leaves a router between networks that a tunnel protects, whatever becomes of the tunnel: looked at on
//! the wire.

use std::net::UdpSocket;
use std::process::Stdio;

use adit_agent::host;
use adit_linux::Namespace;
use adit_model::site_connection::Initiator;
use adit_model::{Psk, ReasonCode, RouterDocument};
use tokio::process::Command;

use crate::capture::Capture;
use crate::site::{Charon, Site};
use crate::support::{Host, agent, eventually, on_a_machine};

/// A host behind the right router.
const THERE: &str = "10.2.0.2";

#[test]
fn nothing_plain_leaves_before_the_first_negotiation_with_a_wrong_key_or_without_charon() {
    on_a_machine(async || {
        let Some(charon) = Charon::installed() else { return };
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        let mut right = site.right();
        for document in [&site.document, &right] {
            assert_eq!(site.server.want(document).await.error, None);
        }
        let (here, there) = (site.host(0).await, site.host_of(&right, 0).await);

        let twin = capture(&site.document);
        assert!(!here.pings("eth0", THERE).await, "nobody knows the way");
        twin.until("twin: without a connection it leaves in clear", |line| line.contains(THERE));
        assert_ne!(twin.plain(), Vec::<String>::new());
        drop(twin);

        charon.join(&mut site.document, &mut right);
        // Whichever end has lost the tunnel sets it up again.
        site.document.connections[0].initiator = Initiator::BiDirectional;
        site.document.connections[0].psk = Psk::new("another");
        let wire = capture(&site.document);
        assert_eq!(site.server.want(&site.document).await.error, None);
        assert!(!here.pings("eth0", THERE).await, "before the first negotiation");
        shout(&here);
        assert_eq!(site.server.want(&right).await.error, None);
        let id = site.document.connections[0].id;
        let is_refused = |code| code == Some(ReasonCode::AuthenticationFailed);
        let code =
            |report: &adit_api::agent::RouterReport| Some(report.connections[&id].reason.as_ref()?.code);
        site.server.report_of(site.document.id, |report| is_refused(code(report))).await;
        assert!(!here.pings("eth0", THERE).await, "with a wrong key");
        shout(&here);

        site.document.connections[0].psk = right.connections[0].psk.clone();
        site.document.generation += 1;
        assert_eq!(site.server.want(&site.document).await.error, None);
        site.tunnel_is_up(&right).await;
        assert!(here.pings("eth0", THERE).await, "twin: with the right key it passes");
        wire.until("twin: and is encrypted", |line| line.contains("ESP(spi="));

        let first = pid(&site).unwrap();
        let mut pings = pings_without_end(&here);
        kill(first).await;
        eventually("another charon runs", async || pid(&site).is_some_and(|pid| pid != first)).await;
        site.tunnel_is_up(&right).await;
        eventually("it passes again", async || here.pings("eth0", THERE).await).await;
        pings.kill().await.unwrap();
        shout(&here);
        assert_eq!(wire.plain(), Vec::<String>::new());

        for host in [&here, &there] {
            host::del(&host.0).await.unwrap();
        }
        for document in [&site.document, &right] {
            site.server.remove(document.id);
        }
        eventually("the routers are gone", || site.is_clean()).await;
        agent.shutdown().await;
    });
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
