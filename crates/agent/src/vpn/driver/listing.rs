//! Knowing which SAs there are. charon tells of what has changed, so it is asked for that and not for all of hundreds.

use std::collections::BTreeSet;
use std::time::Duration;

use adit_model::SiteConnectionId;
use jiff::Timestamp;
use tokio::time::Instant;

use super::super::sas::Sas;
use super::super::{closing, crossed};
use super::wanted::Wanted;
use super::{Driver, Lost};

/// While SAs are to be closed that are not old enough yet, charon is asked so often how old they are.
const LOOK: Duration = Duration::from_millis(500);
/// To ask for the SAs of one peering costs as much as so many in a list of all: charon goes through all of them.
const ONE_AMONG: usize = 10;

/// The peerings whose SAs may be others than those that were listed last.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsure {
    All,
    Peerings(BTreeSet<String>),
}

/// A look at SAs that is due although nothing has happened.
pub(super) struct Look {
    pub(super) at: Instant,
    /// Whose.
    pub(super) peerings: BTreeSet<String>,
}

/// Nothing was listed yet.
impl Default for Unsure {
    fn default() -> Self {
        Self::All
    }
}

impl Unsure {
    /// The SAs of a peering may be others; `None` is one that nobody knows.
    pub(super) fn of(&mut self, peering: Option<String>) {
        match (&mut *self, peering) {
            (Self::All, _) => {}
            (Self::Peerings(peerings), Some(peering)) => drop(peerings.insert(peering)),
            (Self::Peerings(_), None) => *self = Self::All,
        }
    }

    pub(super) fn of_all(&mut self) {
        *self = Self::All;
    }

    /// What to ask for where so many IKE SAs are known.
    fn take(&mut self, known: usize) -> Self {
        let taken = std::mem::replace(self, Self::Peerings(BTreeSet::new()));
        match taken {
            Self::Peerings(peerings) if peerings.len() * ONE_AMONG <= known || peerings.is_empty() => {
                Self::Peerings(peerings)
            }
            Self::All | Self::Peerings(_) => Self::All,
        }
    }
}

impl Driver {
    /// Learns which SAs there are, and removes what is too much of them.
    pub(super) async fn refresh(&mut self) -> Result<(), Lost> {
        self.list().await?;
        for (id, wanted) in &mut self.wanted {
            if let Some(is_up) = wanted.follow(&self.sas) {
                tracing::info!(router_id = %self.setup.router_id, connection_id = %id, is_up, "tunnel changed");
            }
            if wanted.progress.was_settled {
                self.faults.clear(*id);
            }
            wanted.watch_selectors(&self.sas, &self.faults);
        }
        let mut waiting = self.retiring();
        // Before the first `apply` nobody can say what is not wanted.
        if self.is_applied {
            let tunnels = self.wanted.iter().filter_map(|(id, wanted)| Some((*id, wanted.tunnel()?)));
            let tunnels = tunnels.collect();
            let closing = closing::superfluous(&self.sas, &tunnels, &self.unresolved());
            let crossed = crossed::crossed(&self.sas, &tunnels);
            waiting.extend(closing.waiting.into_iter().chain(crossed.waiting));
            self.rekey(crossed.rekey).await?;
            self.terminate(closing.now.into_iter().chain(crossed.close)).await?;
        }
        let is_due = !waiting.is_empty();
        self.look = is_due.then(|| Look { at: Instant::now() + LOOK, peerings: waiting });
        Ok(())
    }

    /// Asks for the SAs that may be others.
    pub(super) async fn list(&mut self) -> Result<(), Lost> {
        let affected = match self.unsure.take(self.sas.list().len()) {
            Unsure::All => {
                let list = self.command(async |daemon| daemon.vici.sas().await).await?;
                self.sas = Sas::new(list);
                self.listed = Some(Instant::now());
                self.wanted.keys().copied().collect()
            }
            Unsure::Peerings(peerings) if peerings.is_empty() => return Ok(()),
            Unsure::Peerings(peerings) => self.list_some(&peerings).await?,
        };
        self.silence.retain(&self.sas);
        let now = Timestamp::now();
        self.observations.retain(|id| self.wanted.contains_key(id));
        for (id, wanted) in self.wanted.iter().filter(|(id, _)| affected.contains(id)) {
            self.observations.note(*id, wanted.tunnel(), &self.sas, now);
        }
        Ok(())
    }

    /// Returns the connections that SAs of these peerings belong to, or did before.
    async fn list_some(&mut self, peerings: &BTreeSet<String>) -> Result<BTreeSet<SiteConnectionId>, Lost> {
        let mut fresh = Vec::new();
        for peering in peerings {
            fresh.extend(self.command(async |daemon| daemon.vici.sas_of(peering).await).await?);
        }
        let mut affected = self.sas.owners_in(peerings);
        self.sas = std::mem::take(&mut self.sas).updated(peerings, fresh);
        affected.extend(self.sas.owners_in(peerings));
        let is_in = |wanted: &Wanted| wanted.tunnel().is_some_and(|it| peerings.contains(it.peering));
        affected.extend(self.wanted.iter().filter(|(_, wanted)| is_in(wanted)).map(|(id, _)| *id));
        Ok(affected)
    }

    /// What a tunnel lacks that is to be set up now may be on its way: charon tells of attempts when they have succeeded.
    pub(super) fn doubt_what_is_due(&mut self) {
        let now = Instant::now();
        let due = self.wanted.values().filter(|wanted| wanted.progress.pace.is_due(now));
        let lacking = due.filter_map(Wanted::tunnel).filter(|it| !it.unsettled_pairs(&self.sas).is_empty());
        let peerings: Vec<String> = lacking.map(|tunnel| tunnel.peering.to_owned()).collect();
        peerings.into_iter().for_each(|peering| self.unsure.of(Some(peering)));
    }

    /// The peerings of SAs that have some time left.
    fn retiring(&self) -> BTreeSet<String> {
        let retiring = self.wanted.iter().filter(|(_, wanted)| wanted.progress.is_retiring());
        let mut peerings = BTreeSet::new();
        for (id, wanted) in retiring {
            peerings.extend(wanted.tunnel().map(|tunnel| tunnel.peering.to_owned()));
            peerings.extend(self.sas.of_connection(*id).filter_map(|(ike, _)| ike.name.clone()));
        }
        peerings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_for_what_may_be_another_or_for_all_if_that_is_no_more() {
        let names = |count: usize| (0..count).map(|number| number.to_string()).collect::<BTreeSet<_>>();
        for (known, told, want) in [
            (0, 0, Unsure::Peerings(names(0))),
            (1, 1, Unsure::All),
            (10, 1, Unsure::Peerings(names(1))),
            (500, 50, Unsure::Peerings(names(50))),
            (500, 51, Unsure::All),
        ] {
            let mut unsure = Unsure::Peerings(BTreeSet::new());
            names(told).into_iter().for_each(|name| unsure.of(Some(name)));
            assert_eq!(unsure.take(known), want, "{told} of {known}");
            assert_eq!(unsure.take(known), Unsure::Peerings(names(0)), "and then no more");
        }
        let mut unsure = Unsure::default();
        unsure.of(Some("one".to_owned()));
        assert_eq!(unsure.take(500), Unsure::All, "nothing was listed yet");
        unsure.of(Some("one".to_owned()));
        unsure.of(None);
        assert_eq!(unsure.take(500), Unsure::All, "nobody knows whose");
    }
}
