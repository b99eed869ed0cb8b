//! Which networks a router keeps apart, now and for a while after their tunnel is gone. It is written down beside the
//! router, so that an agent that was not there when a connection was deleted knows of it too.
//!
//! Hosts that were talking through a tunnel go on when it is deleted, and the default route would take what they say. So
//! what a connection protected stays fenced for [`LINGER`] after it: nobody's conversation ends up in clear in the middle.
//! That outlasts an agent, a router that is switched off and on, and a node that loses its power.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::firewall::Protected;
use super::write_json_durably;

/// How long.
pub(super) const LINGER: SignedDuration = SignedDuration::from_mins(5);
/// Beside the router's other files.
const FILE: &str = "fence.json";

type Ends = BTreeMap<Protected, Option<Timestamp>>;

/// The networks, each with the end of its time if no connection is for them any more.
#[derive(Debug)]
pub(super) struct Fence {
    file: PathBuf,
    ends: Ends,
    /// Whether there was more that could not be read.
    is_incomplete: bool,
}

impl Fence {
    /// What was written down beside the router. That something cannot be read is logged, and see [`Self::raise`].
    pub(super) fn recall(router_dir: &Path) -> Self {
        let file = router_dir.join(FILE);
        let read = read(&file);
        if let Err(error) = &read {
            let text = "which networks of former connections are kept apart is not known any more: for five minutes the \
                        router sends nothing to private addresses outside";
            tracing::error!(file = %file.display(), %error, text);
        }
        let is_incomplete = read.is_err();
        Self { file, ends: read.unwrap_or_default(), is_incomplete }
    }

    /// Everything that is to be kept apart.
    pub(super) fn networks(&self) -> BTreeSet<Protected> {
        self.ends.keys().cloned().collect()
    }

    /// Adds what connections that are about to be loaded protect. If what was protected before could not be read, it is as
    /// if that had been `unknown`, until now.
    pub(super) fn raise(
        &mut self,
        wanted: &BTreeSet<Protected>,
        unknown: &BTreeSet<Protected>,
        now: Timestamp,
    ) -> io::Result<()> {
        let mut ends = self.ends.clone();
        let end = now.saturating_add(LINGER).unwrap_or(Timestamp::MAX);
        let unknown = unknown.iter().filter(|_| self.is_incomplete);
        ends.extend(unknown.map(|networks| (networks.clone(), Some(end))));
        ends.extend(wanted.iter().map(|networks| (networks.clone(), None)));
        if std::mem::take(&mut self.is_incomplete) {
            self.write(ends).inspect_err(|_| self.is_incomplete = true)
        } else {
            self.put(ends)
        }
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

    /// The router is gone for good.
    pub(super) fn forget(&mut self) {
        self.ends.clear();
        self.is_incomplete = false;
    }

    /// Removes the router's folder, but for what has to be known when the router is back.
    pub(super) fn remove_all_else(&self) -> io::Result<()> {
        let Some(folder) = self.file.parent() else { return Ok(()) };
        if self.ends.is_empty() && !self.is_incomplete {
            return fs::remove_dir_all(folder);
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.path() {
                path if path == self.file => {}
                path if entry.file_type()?.is_dir() => fs::remove_dir_all(path)?,
                path => fs::remove_file(path)?,
            }
        }
        Ok(())
    }

    /// Whether nothing but this is left of the router.
    pub(super) fn is_alone(&self) -> bool {
        let others = |folder| {
            fs::read_dir(folder).map(|entries| entries.flatten().filter(|it| it.path() != self.file).count())
        };
        self.file.exists() && self.file.parent().is_some_and(|folder| matches!(others(folder), Ok(0)))
    }

    fn put(&mut self, ends: Ends) -> io::Result<()> {
        if ends == self.ends { Ok(()) } else { self.write(ends) }
    }

    fn write(&mut self, ends: Ends) -> io::Result<()> {
        let list: Vec<_> = ends.iter().collect();
        write_json_durably(&self.file, &list)?;
        self.ends = ends;
        Ok(())
    }
}

fn read(file: &Path) -> io::Result<Ends> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ends::new()),
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

    fn raise(fence: &mut Fence, wanted: &BTreeSet<Protected>) {
        fence.raise(wanted, &BTreeSet::new(), Timestamp::UNIX_EPOCH).unwrap();
    }

    #[test]
    fn what_was_protected_stays_apart_for_a_while_also_for_another_agent() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let (one, two) = (networks("10.2.0.0/24"), networks("10.3.0.0/24"));
        let both: BTreeSet<_> = one.union(&two).cloned().collect();

        let mut fence = Fence::recall(dir.path());
        assert_eq!(fence.networks(), BTreeSet::new());
        raise(&mut fence, &both);
        assert!(!fence.lower(&both, now).unwrap());
        assert_eq!((fence.networks(), fence.next_end()), (both.clone(), None));

        // An agent that comes later is told of one connection only.
        let mut fence = Fence::recall(dir.path());
        raise(&mut fence, &two);
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
        raise(&mut fence, &one);
        fence.lower(&BTreeSet::new(), now).unwrap();
        raise(&mut fence, &one);
        assert!(!fence.lower(&one, now + LINGER * 2).unwrap());
        assert_eq!((fence.networks(), fence.next_end()), (one, None));
    }

    #[test]
    fn another_packet_size_holds_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (small, large) = (networks_with("10.2.0.0/24", 1200), networks_with("10.2.0.0/24", 1400));
        let mut fence = Fence::recall(dir.path());
        raise(&mut fence, &small);
        raise(&mut fence, &large);
        assert!(fence.lower(&large, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!((fence.networks(), fence.next_end()), (large, None));
    }

    #[test]
    fn a_clock_that_is_put_back_prolongs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut fence = Fence::recall(dir.path());
        raise(&mut fence, &networks("10.2.0.0/24"));
        fence.lower(&BTreeSet::new(), now + LINGER * 100).unwrap();
        fence.lower(&BTreeSet::new(), now).unwrap();
        assert_eq!(fence.next_end(), Some(now + LINGER));
    }

    #[test]
    fn what_cannot_be_read_may_have_been_anything_until_its_time_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let (one, unknown) = (networks("10.2.0.0/24"), networks("10.0.0.0/8"));
        let both: BTreeSet<_> = one.union(&unknown).cloned().collect();
        for torn in ["", "[["] {
            fs::write(dir.path().join(FILE), torn).unwrap();
            let mut fence = Fence::recall(dir.path());
            // Nothing of it is lost before somebody can say what it may have been.
            assert!(!fence.lower(&one, now).unwrap());
            assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), torn);
            fence.raise(&one, &unknown, now).unwrap();
            assert_eq!((fence.networks(), fence.next_end()), (both.clone(), Some(now + LINGER)));

            let mut fence = Fence::recall(dir.path());
            fence.raise(&one, &unknown, now + LINGER / 2).unwrap();
            assert!(!fence.lower(&one, now + LINGER / 2).unwrap());
            assert_eq!(fence.networks(), both, "and for another agent");
            assert!(fence.lower(&one, now + LINGER).unwrap());
            fence.raise(&one, &unknown, now + LINGER).unwrap();
            assert_eq!((fence.networks(), fence.next_end()), (one.clone(), None), "twin: it is known again");
        }
        fs::write(dir.path().join(FILE), "[[").unwrap();
        Fence::recall(dir.path()).raise(&BTreeSet::new(), &BTreeSet::new(), now).unwrap();
        assert!(!Fence::recall(dir.path()).is_incomplete, "also where nothing may have been");
    }

    #[test]
    fn a_file_that_was_being_written_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let one = networks("10.2.0.0/24");
        let mut fence = Fence::recall(dir.path());
        raise(&mut fence, &one);
        fs::write(dir.path().join("fence.new"), "[[").unwrap();
        let mut fence = Fence::recall(dir.path());
        assert_eq!((fence.networks(), fence.is_incomplete), (one, false));
        let two = networks("10.3.0.0/24");
        raise(&mut fence, &two);
        assert_eq!(Fence::recall(dir.path()).networks().len(), 2);
        assert!(fence.is_alone(), "nothing but the file is there");
    }

    #[test]
    fn all_else_goes_as_long_as_there_is_something_to_keep_apart() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("router");
        fs::create_dir(&folder).unwrap();
        let mut fence = Fence::recall(&folder);
        raise(&mut fence, &networks("10.2.0.0/24"));
        fs::write(folder.join("charon.pid"), "1").unwrap();
        fs::create_dir(folder.join("more")).unwrap();
        assert!(!fence.is_alone());
        fence.remove_all_else().unwrap();
        assert!(fence.is_alone());
        assert_eq!(Fence::recall(&folder).networks(), fence.networks());
        fence.forget();
        fence.remove_all_else().unwrap();
        assert!(!folder.exists() && !fence.is_alone());
    }
}
