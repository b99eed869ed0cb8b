//! Which networks a router keeps apart, now and for a while after their tunnel is gone. It is written down beside the
//! router, so that an agent that was not there when a connection was deleted knows of it too.
//!
//! Hosts that were talking through a tunnel go on when it is deleted, and the default route would take what they say. So
//! what a connection protected stays fenced for [`LINGER`] after it: nobody's conversation ends up in clear in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::firewall::Protected;
use super::write_json;

/// How long.
pub(super) const LINGER: SignedDuration = SignedDuration::from_mins(5);
/// Beside the router's other files.
const FILE: &str = "fence.json";

/// The networks, each with the end of its time if no connection is for them any more.
#[derive(Debug)]
pub(super) struct Fence {
    file: PathBuf,
    ends: BTreeMap<Protected, Option<Timestamp>>,
}

impl Fence {
    /// What was written down beside the router. What cannot be read counts for nothing, and is logged.
    pub(super) fn recall(router_dir: &Path) -> Self {
        let file = router_dir.join(FILE);
        let ends = read(&file).unwrap_or_else(|error| {
            tracing::warn!(file = %file.display(), %error, "what the router kept apart is not known any more");
            BTreeMap::new()
        });
        Self { file, ends }
    }

    /// Everything that is to be kept apart.
    pub(super) fn networks(&self) -> BTreeSet<Protected> {
        self.ends.keys().cloned().collect()
    }

    /// Adds what connections that are about to be loaded protect.
    pub(super) fn raise(&mut self, wanted: &BTreeSet<Protected>) -> io::Result<()> {
        let mut ends = self.ends.clone();
        ends.extend(wanted.iter().map(|networks| (networks.clone(), None)));
        self.put(ends)
    }

    /// No connection protects anything but `wanted` any more: the rest has its time, or had it. Says whether there is less
    /// to keep apart than before.
    pub(super) fn lower(&mut self, wanted: &BTreeSet<Protected>, now: Timestamp) -> io::Result<bool> {
        let mut ends = self.ends.clone();
        for (_, end) in ends.iter_mut().filter(|(networks, _)| !wanted.contains(networks)) {
            // A clock that was put back prolongs nothing.
            let longest = now.saturating_add(LINGER).unwrap_or(Timestamp::MAX);
            *end = Some(end.map_or(longest, |end| end.min(longest)));
        }
        // The same networks with another packet size are the same networks.
        let is_held = |networks: &Protected| wanted.iter().any(|wanted| wanted.is_between_those_of(networks));
        ends.retain(|networks, end| end.is_none_or(|end| end > now && !is_held(networks)));
        let is_less = ends.len() < self.ends.len();
        self.put(ends)?;
        Ok(is_less)
    }

    /// When there will be less to keep apart.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.ends.values().flatten().min().copied()
    }

    /// The router is gone, and its files with it.
    pub(super) fn forget(&mut self) {
        self.ends.clear();
    }

    fn put(&mut self, ends: BTreeMap<Protected, Option<Timestamp>>) -> io::Result<()> {
        if ends != self.ends {
            let list: Vec<_> = ends.iter().collect();
            write_json(&self.file, &list)?;
            self.ends = ends;
        }
        Ok(())
    }
}

fn read(file: &Path) -> io::Result<BTreeMap<Protected, Option<Timestamp>>> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let list: Vec<(Protected, Option<Timestamp>)> = serde_json::from_slice(&text)?;
    Ok(list.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::firewall::protected;
    use crate::router::tests::document;

    fn networks(peer: &str) -> BTreeSet<Protected> {
        networks_with(peer, 0)
    }

    fn networks_with(peer: &str, mtu: u32) -> BTreeSet<Protected> {
        let mut connections = document().connections;
        connections.truncate(1);
        connections[0].peer_networks = vec![peer.parse().unwrap()];
        connections[0].mtu = mtu;
        protected(&connections)
    }

    #[test]
    fn what_was_protected_stays_apart_for_a_while_also_for_another_agent() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let (one, two) = (networks("10.2.0.0/24"), networks("10.3.0.0/24"));
        let both: BTreeSet<_> = one.union(&two).cloned().collect();

        let mut fence = Fence::recall(dir.path());
        assert_eq!(fence.networks(), BTreeSet::new());
        fence.raise(&both).unwrap();
        assert!(!fence.lower(&both, now).unwrap());
        assert_eq!((fence.networks(), fence.next_end()), (both.clone(), None));

        // An agent that comes later is told of one connection only.
        let mut fence = Fence::recall(dir.path());
        fence.raise(&two).unwrap();
        assert_eq!(fence.networks(), both, "until the connection is gone");
        assert!(!fence.lower(&two, now).unwrap());
        assert_eq!(fence.networks(), both, "and for a while after it");
        assert_eq!(fence.next_end(), Some(now + LINGER));

        // The time is counted from the first moment, whatever happens meanwhile.
        let mut fence = Fence::recall(dir.path());
        assert!(!fence.lower(&two, now + LINGER / 2).unwrap());
        assert_eq!(fence.next_end(), Some(now + LINGER));
        assert!(fence.lower(&two, now + LINGER).unwrap());
        assert_eq!((fence.networks(), fence.next_end()), (two.clone(), None));
        assert_eq!(Fence::recall(dir.path()).networks(), two);
    }

    #[test]
    fn a_connection_that_comes_back_is_protected_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let one = networks("10.2.0.0/24");
        let mut fence = Fence::recall(dir.path());
        fence.raise(&one).unwrap();
        fence.lower(&BTreeSet::new(), now).unwrap();
        fence.raise(&one).unwrap();
        assert!(!fence.lower(&one, now + LINGER * 2).unwrap());
        assert_eq!((fence.networks(), fence.next_end()), (one, None));
    }

    #[test]
    fn another_packet_size_holds_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (small, large) = (networks_with("10.2.0.0/24", 1200), networks_with("10.2.0.0/24", 1400));
        let mut fence = Fence::recall(dir.path());
        fence.raise(&small).unwrap();
        fence.raise(&large).unwrap();
        assert!(fence.lower(&large, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!((fence.networks(), fence.next_end()), (large, None));
    }

    #[test]
    fn a_clock_that_is_put_back_prolongs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut fence = Fence::recall(dir.path());
        fence.raise(&networks("10.2.0.0/24")).unwrap();
        fence.lower(&BTreeSet::new(), now + LINGER * 100).unwrap();
        fence.lower(&BTreeSet::new(), now).unwrap();
        assert_eq!(fence.next_end(), Some(now + LINGER));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_as_good_as_none() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "[[").unwrap();
        assert_eq!(Fence::recall(dir.path()).networks(), BTreeSet::new());
    }
}
