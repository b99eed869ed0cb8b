//! Hosts learn from the gateway how large a packet may be that goes by a tunnel.

use adit_linux::Namespace;
use adit_linux::sysctl::{self, Sysctls};
use adit_model::site_connection::Initiator;
use tokio::process::Command;

use crate::site::{Both, Charon};
use crate::support::{Host, eventually, on_a_machine};

/// A host behind the right router.
const THERE: &str = "10.2.0.2";

#[test]
fn a_packet_larger_than_the_connections_mtu_is_fragmented_or_answered_with_how_large_it_may_be() {
    on_a_machine(async || {
        let Some(charon) = Charon::installed() else { return };
        let mut both = Both::new(|_| {}).await;
        charon.join(&mut both.site.document, &mut both.right);
        both.site.document.connections[0].initiator = Initiator::BiDirectional;
        both.apply().await;
        both.site.tunnel_is_up(&both.right).await;
        eventually("it passes", async || both.here.pings("eth0", THERE).await).await;
        assert!(whole(&both.here, 1300).await.is_ok(), "twin: by default it is as large as fits");

        for mtu in [1000, 1200] {
            set(&mut both, mtu);
            both.apply().await;
            assert!(whole(&both.here, mtu).await.is_ok(), "{mtu}");
            let refusal = whole(&both.here, mtu + 1).await.unwrap_err();
            assert!(
                refusal.contains(&format!("From 10.1.0.1 icmp_seq=1 Frag needed and DF set (mtu = {mtu})")),
                "{refusal}"
            );
            let in_pieces = ping(&both.here, "dont", 1300).await;
            assert!(in_pieces.is_ok(), "{mtu}, where it may be fragmented: {in_pieces:?}");
        }

        set(&mut both, 0);
        both.apply().await;
        assert!(whole(&both.here, 1300).await.is_ok(), "twin: and so it is again");
        both.end().await;
    });
}

fn set(both: &mut Both, mtu: u32) {
    both.site.document.connections[0].mtu = mtu;
    both.site.document.generation += 1;
}

/// Sends a packet of so many octets that may not be fragmented. What came back if it was not the answer.
async fn whole(from: &Host, size: u32) -> Result<(), String> {
    ping(from, "do", size).await
}

async fn ping(from: &Host, fragmentation: &str, size: u32) -> Result<(), String> {
    let namespace = Namespace::open(&from.0).unwrap().unwrap();
    // What the host has learned before.
    let flush = Sysctls::from([(String::from("net/ipv4/route/flush"), String::from("1"))]);
    sysctl::write(&namespace, &flush).unwrap();
    let mut command = Command::new("ping");
    command.args(["-n", "-c", "1", "-W", "5", "-M", fragmentation, "-s", &(size - 28).to_string(), THERE]);
    command.env("LC_ALL", "C").stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let output = namespace.spawn(&mut command).unwrap().wait_with_output().await.unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) }
}
