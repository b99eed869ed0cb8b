//! Floating IPs: what outside and inside see of whom, and what tunnels have to do with it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use adit_agent::host;
use adit_linux::Namespace;
use adit_model::floating_ip::FloatingIpStatus;
use adit_model::router_document::FloatingIpSpec;
use adit_model::{FloatingIpId, RouterDocument};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;
use uuid::Uuid;

use crate::site::{Both, Charon, ELSEWHERE, PEER_HOST, Site};
use crate::support::{Host, agent, eventually, on_a_machine};

const FLOATING: &str = "203.0.113.50";
const GATEWAY: &str = "203.0.113.5";
const INTERNET: &str = "203.0.113.1";
const PORT: u16 = 7000;
/// How long a packet may be under way that arrives, and how long one is waited for that does not.
const UNDER_WAY: Duration = Duration::from_millis(700);

impl Host {
    fn namespace(&self) -> Namespace {
        Namespace::open(&self.0).unwrap().unwrap()
    }
}

/// Somebody who waits for callers on all addresses of a host.
fn listen(place: &Namespace) -> TcpListener {
    let listener = place.run(|| std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).unwrap()).unwrap();
    listener.set_nonblocking(true).unwrap();
    TcpListener::from_std(listener).unwrap()
}

/// Calls `to`: both ends of the connection, if `listener` is who answers.
async fn call(from: &Namespace, to: &str, listener: &TcpListener) -> Option<(TcpStream, TcpStream)> {
    let to = SocketAddr::new(to.parse().unwrap(), PORT);
    // Whoever called while somebody else was expected to answer.
    while timeout(Duration::ZERO, listener.accept()).await.is_ok() {}
    let caller = from.run(|| TcpStream::connect_timeout(&to, UNDER_WAY)).unwrap().ok()?;
    // The caller is done before the last packet of the handshake is there.
    let (called, _) = timeout(UNDER_WAY, listener.accept()).await.ok()?.unwrap();
    let called = called.into_std().unwrap();
    called.set_nonblocking(false).unwrap();
    called.set_read_timeout(Some(UNDER_WAY)).unwrap();
    Some((caller, called))
}

/// As whom the caller is seen, if `listener` is who answers.
async fn seen(from: &Namespace, to: &str, listener: &TcpListener) -> Option<String> {
    let (_, called) = call(from, to, listener).await?;
    Some(called.peer_addr().unwrap().ip().to_string())
}

/// Whether what is said at one end is heard at the other.
fn is_heard((caller, called): &mut (TcpStream, TcpStream)) -> bool {
    let mut word = [0; 3];
    caller.write_all(b"yes").unwrap();
    called.read_exact(&mut word).is_ok()
}

fn floating_ip(fixed_ip: &str) -> FloatingIpSpec {
    FloatingIpSpec {
        id: FloatingIpId::new(Uuid::new_v4()),
        address: FLOATING.parse().unwrap(),
        fixed_ip: fixed_ip.parse().unwrap(),
    }
}

async fn status(site: &mut Site) -> FloatingIpStatus {
    site.document.generation += 1;
    let report = site.server.want(&site.document).await;
    report.floating_ips[&site.document.floating_ips[0].id]
}

#[test]
fn a_floating_ip_stands_for_a_host() {
    on_a_machine(async || {
        let mut site = Site::new().await;
        let agent = agent(&site.server, site.state_dir.path()).await;
        site.server.want(&site.document).await;
        let (one, two) = (site.host(0).await, site.host(1).await);
        let (at_one, at_two) = (listen(&one.namespace()), listen(&two.namespace()));
        let outside = site.internet.namespace.clone();
        let at_outside = listen(&outside);
        let is = |who: &str| Some(who.to_owned());

        assert_eq!(seen(&outside, FLOATING, &at_one).await, None, "twin: without it nobody answers");
        assert_eq!(seen(&one.namespace(), ELSEWHERE, &at_outside).await, is(GATEWAY), "twin: as all others");

        site.document.floating_ips = vec![floating_ip("10.1.0.2")];
        assert_eq!(status(&mut site).await, FloatingIpStatus::Active);
        assert_eq!(seen(&outside, FLOATING, &at_one).await, is(INTERNET));
        assert_eq!(seen(&one.namespace(), ELSEWHERE, &at_outside).await, is(FLOATING));
        assert_eq!(
            seen(&two.namespace(), ELSEWHERE, &at_outside).await,
            is(GATEWAY),
            "the other host has none"
        );
        assert_eq!(seen(&two.namespace(), FLOATING, &at_one).await, is(GATEWAY), "from inside");
        assert_eq!(seen(&one.namespace(), FLOATING, &at_one).await, is(FLOATING), "by itself");
        assert_eq!(
            seen(&two.namespace(), "10.1.0.2", &at_one).await,
            is("10.3.0.2"),
            "inside is not translated"
        );
        assert!(site.internet.pings(INTERNET, FLOATING).await, "all protocols");

        site.document.gateway.as_mut().unwrap().enable_snat = false;
        assert_eq!(status(&mut site).await, FloatingIpStatus::Active);
        assert_eq!(seen(&outside, FLOATING, &at_one).await, is(INTERNET), "without SNAT");
        assert_eq!(seen(&one.namespace(), ELSEWHERE, &at_outside).await, is(FLOATING), "without SNAT");
        assert_eq!(seen(&two.namespace(), FLOATING, &at_one).await, is(GATEWAY), "without SNAT");
        assert_eq!(seen(&two.namespace(), ELSEWHERE, &at_outside).await, None, "without SNAT");

        let mut old = call(&outside, FLOATING, &at_one).await.unwrap();
        let mut outgoing = call(&one.namespace(), ELSEWHERE, &at_outside).await.unwrap();
        assert!(is_heard(&mut old) && is_heard(&mut outgoing));
        site.document.floating_ips[0].fixed_ip = "10.3.0.2".parse().unwrap();
        assert_eq!(status(&mut site).await, FloatingIpStatus::Active);
        assert!(!is_heard(&mut old), "what was open before is over");
        assert!(!is_heard(&mut outgoing), "and the other way");
        assert_eq!(seen(&outside, FLOATING, &at_two).await, is(INTERNET));
        assert_eq!(seen(&outside, FLOATING, &at_one).await, None);
        assert_eq!(seen(&two.namespace(), ELSEWHERE, &at_outside).await, is(FLOATING));

        let mut kept = call(&outside, FLOATING, &at_two).await.unwrap();
        site.document.gateway.as_mut().unwrap().enable_snat = true;
        assert_eq!(status(&mut site).await, FloatingIpStatus::Active);
        assert!(is_heard(&mut kept), "another change interrupts nobody");

        site.document.gateway.as_mut().unwrap().interface.admin_state_up = false;
        assert_eq!(status(&mut site).await, FloatingIpStatus::Down, "the gateway is off");
        site.document.gateway.as_mut().unwrap().interface.admin_state_up = true;
        site.document.floating_ips.clear();
        site.document.generation += 1;
        site.server.want(&site.document).await;
        assert!(!site.internet.pings(INTERNET, FLOATING).await, "nobody has the address any more");
        assert_eq!(seen(&two.namespace(), ELSEWHERE, &at_outside).await, is(GATEWAY));

        end(&site, &[&site.document], &[&one, &two]).await;
        agent.shutdown().await;
    });
}

#[test]
fn what_goes_by_a_tunnel_leaves_a_floating_ip_aside() {
    on_a_machine(async || {
        let Some(charon) = Charon::installed() else { return };
        let mut both = Both::new(|document| document.floating_ips = vec![floating_ip("10.1.0.2")]).await;
        let (here, there) = (both.here.namespace(), both.there.namespace());
        let (at_here, at_there) = (listen(&here), listen(&there));
        let outside = both.site.internet.namespace.clone();
        let at_outside = listen(&outside);
        let is = |who: &str| Some(who.to_owned());
        let to_peer = async |listener: &TcpListener| seen(&here, "10.2.0.2", listener).await;

        let twin = "twin: without the tunnel it leaves in clear, translated";
        assert_eq!(seen(&here, PEER_HOST, &at_outside).await, is(FLOATING), "{twin}");

        charon.join(&mut both.site.document, &mut both.right);
        both.apply().await;
        both.site.tunnel_is_up(&both.right).await;
        assert_eq!(to_peer(&at_there).await, is("10.1.0.2"), "by the tunnel, as itself");
        assert_eq!(seen(&there, "10.1.0.2", &at_here).await, is("10.2.0.2"), "and the other way");
        assert_eq!(seen(&here, PEER_HOST, &at_outside).await, None, "not in clear");
        assert_eq!(seen(&outside, FLOATING, &at_here).await, is(INTERNET), "all else as before");
        assert_eq!(seen(&here, ELSEWHERE, &at_outside).await, is(FLOATING), "all else as before");
        // The peer's own hosts reach it as everybody outside does; their router translates them.
        assert_eq!(seen(&there, FLOATING, &at_here).await, is("203.0.113.77"));

        translate_everything(&both.site.document).await;
        assert_eq!(to_peer(&at_there).await, None, "twin: translated it would not fit the tunnel");
        both.site.document.generation += 1;
        both.site.server.want(&both.site.document).await;
        assert_eq!(to_peer(&at_there).await, is("10.1.0.2"), "mended");

        both.end().await;
    });
}

/// Takes what spares tunnels out of a router's table.
async fn translate_everything(document: &RouterDocument) {
    let namespace = Namespace::open(&format!("qrouter-{}", document.id)).unwrap().unwrap();
    let script = format!(
        "flush chain inet adit untracked_arriving; flush chain inet adit source_nat; \
         add rule inet adit source_nat ip saddr 10.1.0.2 snat ip to {FLOATING}"
    );
    let mut command = Command::new("nft");
    let status = namespace.spawn(command.arg(script)).unwrap().wait().await.unwrap();
    assert!(status.success());
}

async fn end(site: &Site, documents: &[&RouterDocument], hosts: &[&Host]) {
    for host in hosts {
        host::del(&host.0).await.unwrap();
    }
    for document in documents {
        site.server.remove(document.id);
    }
    eventually("the routers are gone", || site.is_clean()).await;
}
