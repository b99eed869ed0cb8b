//! Telling the server which hosts are plugged in. Hosts come and go without the agent; the kernel tells of it.

use std::time::Duration;

use adit_linux::link::{LinkChange, LinkWatch};
use adit_linux::{Link, Netlink};
use adit_model::PortId;

use super::PORT_MARK;
use crate::backoff::Backoff;
use crate::report::Reports;

/// Reports the ports of hosts whenever they may be others than before. Never ends.
pub(crate) async fn run(node: Netlink, mut watch: LinkWatch, reports: Reports) {
    let mut retry = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
    loop {
        // What changes from here on is told by the watch: nothing falls between the two.
        match look(&node, &mut watch, &reports).await {
            Ok(()) => retry.reset(),
            Err(error) => {
                tracing::error!(%error, "cannot see which hosts are plugged in");
                tokio::time::sleep(retry.next()).await;
            }
        }
    }
}

/// Reports once, and waits until it may have changed.
async fn look(node: &Netlink, watch: &mut LinkWatch, reports: &Reports) -> adit_linux::Result<()> {
    let links = node.links().await?;
    reports.hosts(links.values().filter_map(plugged).collect());
    loop {
        match watch.next().await {
            Some(change) if concerns_hosts(&change) => return Ok(()),
            Some(_) => {}
            // A watch that has failed tells nothing more.
            None => {
                *watch = LinkWatch::here()?;
                return Ok(());
            }
        }
    }
}

/// The port of the host whose interface this is, if it is plugged in and switched on.
fn plugged(link: &Link) -> Option<PortId> {
    link.alias.as_deref()?.strip_prefix(PORT_MARK)?.parse().ok().filter(|_| link.up && link.master.is_some())
}

fn concerns_hosts(change: &LinkChange) -> bool {
    match change {
        LinkChange::Of(link) => link.alias.as_deref().is_some_and(|alias| alias.starts_with(PORT_MARK)),
        LinkChange::Unknown => true,
    }
}

#[cfg(test)]
mod tests {
    use adit_linux::LinkKind;

    use super::*;

    #[test]
    fn a_host_is_plugged_in_when_its_interface_is_up_on_a_bridge() {
        let port = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
        let ours = format!("{PORT_MARK}{port}");
        for (alias, up, master, want) in [
            (Some(ours.as_str()), true, Some(7), Some(port)),
            (Some(ours.as_str()), false, Some(7), None),
            (Some(ours.as_str()), true, None, None),
            (Some("somebody else's"), true, Some(7), None),
            (None, true, Some(7), None),
        ] {
            let link = Link {
                index: 9,
                name: String::from("tapfa163e000001"),
                kind: LinkKind::Veth,
                mac: None,
                mtu: 1500,
                up,
                unsettled: false,
                master,
                alias: alias.map(str::to_owned),
            };
            let is_ours = alias.is_some_and(|alias| alias == ours);
            assert_eq!(plugged(&link).map(|port| port.to_string()).as_deref(), want, "{link:?}");
            assert_eq!(concerns_hosts(&LinkChange::Of(link)), is_ours);
        }
        assert!(concerns_hosts(&LinkChange::Unknown));
    }
}
