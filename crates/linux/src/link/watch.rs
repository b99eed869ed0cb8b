//! Being told when interfaces come, change and go.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use rtnetlink::packet_core::NetlinkPayload;
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::{MulticastGroup, new_multicast_connection};
use tokio::task::JoinHandle;

use super::Link;
use crate::{Error, Result};

/// Hears of every change to an interface of one network namespace. Needs a tokio runtime.
pub struct LinkWatch {
    changes: BoxStream<'static, LinkChange>,
    driver: JoinHandle<()>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// An interface is new, or not as it was; or it was this when it went.
    Of(Link),
    /// More than the kernel remembers: anything may be different.
    Unknown,
}

impl LinkWatch {
    /// In the namespace of the calling thread. What happens from now on is told; what is there already is not.
    ///
    /// # Errors
    /// When the kernel has no netlink.
    pub fn here() -> Result<Self> {
        let (connection, _, messages) = new_multicast_connection(&[MulticastGroup::Link])
            .map_err(|source| Error::system("watch the interfaces", source))?;
        let changes = messages.filter_map(async |(message, _)| change(message.payload)).boxed();
        Ok(Self { changes, driver: tokio::spawn(connection) })
    }

    /// The next change; `None` when there will be no more, for the socket has failed. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<LinkChange> {
        self.changes.next().await
    }
}

impl std::fmt::Debug for LinkWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkWatch")
    }
}

impl Drop for LinkWatch {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn change(payload: NetlinkPayload<RouteNetlinkMessage>) -> Option<LinkChange> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only what concerns interfaces is of interest")]
    match payload {
        NetlinkPayload::InnerMessage(
            RouteNetlinkMessage::NewLink(message) | RouteNetlinkMessage::DelLink(message),
        ) => Some(LinkChange::Of(Link::from(message))),
        NetlinkPayload::Overrun(_) => Some(LinkChange::Unknown),
        _ => None,
    }
}
