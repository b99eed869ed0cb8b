//! What is done to charon: told what is wanted, asked for what is missing, freed of what is too much.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::net::IpAddr;

use adit_ike::charon::{IkeState, Terminate, ViciError};
use adit_ike::{Fingerprint, Peering};
use adit_model::algorithm::IkeVersion;
use adit_model::{Reason, ReasonCode, SiteConnectionId};
use jiff::Timestamp;
use tokio::time::Instant;

use super::super::closing;
use super::super::daemon::Daemon;
use super::super::pace::Pace;
use super::super::plan::{Held, Observed, Plan};
use super::super::sas::Sas;
use super::wanted::{Goal, Wanted};
use super::{Driver, Lost};

impl Driver {
    /// Does what is to be done now: starts or stops the daemon, tells it what changed, initiates what is due.
    pub(super) async fn converge(&mut self) -> Result<(), Reason> {
        if self.wanted.values().all(|wanted| matches!(wanted.goal, Goal::Nothing(_))) {
            self.halt().await;
            self.note_that_there_are_no_sas();
            self.limit_packets().await;
            return Ok(());
        }
        if self.daemon.is_none() {
            self.start().await?;
        }
        self.limit_packets().await;
        let result = match self.load().await {
            Ok(()) => self.initiate().await,
            Err(lost) => Err(lost),
        };
        match result {
            Ok(()) => Ok(()),
            Err(Lost) => {
                self.lose().await;
                Err(self.daemon_down())
            }
        }
    }

    async fn start(&mut self) -> Result<(), Reason> {
        match Daemon::start(&self.setup).await {
            Ok(daemon) => {
                self.daemon = Some(daemon);
                self.failure = None;
                self.limits_are_due = true;
                self.restart.stop();
                Ok(())
            }
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(router_id = %self.setup.router_id, error, "charon is not running");
                self.failure = Some(chain(error));
                self.restart.again_after_pause();
                Err(self.daemon_down())
            }
        }
    }

    /// Makes the daemon know exactly what is wanted, the new before the old goes.
    async fn load(&mut self) -> Result<(), Lost> {
        self.refuse_what_the_daemon_cannot_do();
        // Each turn but the last refuses a connection, and what the others are to share with it is worked out anew.
        let (plan, keys) = loop {
            let peerings = self.regroup();
            if self.refuse_what_is_too_much() {
                continue;
            }
            let Some(kept) = self.refuse_contradicting_keys() else { continue };
            let keys = self.keys(&kept);
            let plan = Plan::new(&self.loaded, &peerings, &keys, &self.held(&kept));
            if self.load_keys(&plan, &keys).await? && self.load_peerings(&plan, &peerings).await? {
                break (plan, keys.into_iter().chain(kept).collect());
            }
        };
        for name in &plan.unload {
            self.command(async |daemon| daemon.vici.unload(name).await).await?;
            self.loaded.peerings.remove(name);
        }
        for id in &plan.unload_keys {
            self.command(async |daemon| daemon.vici.unload_key(id).await).await?;
            self.loaded.keys.remove(id);
        }
        self.begin_anew(&keys).await?;
        self.doubt_what_is_due();
        self.refresh().await
    }

    /// Returns whether charon took all of them. If not, those that it cannot take are wanted no more.
    async fn load_keys(
        &mut self,
        plan: &Plan,
        keys: &BTreeMap<SiteConnectionId, Fingerprint>,
    ) -> Result<bool, Lost> {
        let mut took_all = true;
        for id in &plan.load_keys {
            let Some(connection) = self.wanted.get(id).and_then(Wanted::connection).cloned() else {
                continue;
            };
            match self.command(async |daemon| answer(daemon.vici.load_key(&connection).await)).await? {
                Ok(()) => {
                    self.loaded.keys.insert(id.to_string(), Observed::Known(keys[id]));
                }
                Err(refusal) => {
                    took_all = false;
                    self.refuse(*id, Reason::new(ReasonCode::UnsupportedByGateway, refusal));
                }
            }
        }
        Ok(took_all)
    }

    /// Returns whether charon took all of them. If not, those that it cannot take are wanted no more.
    async fn load_peerings(&mut self, plan: &Plan, peerings: &[Peering]) -> Result<bool, Lost> {
        let mut took_all = true;
        for peering in peerings.iter().filter(|peering| plan.load.iter().any(|name| name == peering.name())) {
            match self.command(async |daemon| answer(daemon.vici.load(peering).await)).await? {
                Ok(()) => {
                    let known = Observed::Known(peering.clone());
                    self.loaded.peerings.insert(peering.name().to_owned(), known);
                }
                Err(refusal) => {
                    took_all = false;
                    self.refuse_culprits(peering, &refusal);
                }
            }
        }
        Ok(took_all)
    }

    /// Sets going what changed. A new key changes no live SA, but an attempt that began with another one is given up.
    async fn begin_anew(&mut self, keys: &BTreeMap<SiteConnectionId, Fingerprint>) -> Result<(), Lost> {
        let mut attempts = BTreeSet::new();
        let loaded =
            |id: &SiteConnectionId, wanted: &Wanted| keys.get(id).and_then(|key| wanted.as_loaded(*key));
        let rekeyed = self.wanted.iter().filter_map(|(id, wanted)| {
            let (now, before) = (loaded(id, wanted)?, wanted.progress.loaded.as_ref()?);
            now.differs_by_key(before).then(|| wanted.tunnel().map(|it| it.peering.to_owned()))?
        });
        // An attempt may have come about meanwhile.
        let rekeyed: Vec<String> = rekeyed.collect();
        rekeyed.into_iter().for_each(|peering| self.unsure.of(Some(peering)));
        self.list().await?;
        for (id, wanted) in &mut self.wanted {
            let now = loaded(id, wanted);
            if wanted.progress.loaded == now {
                continue;
            }
            wanted.progress.begin_anew();
            if matches!(wanted.goal, Goal::Resolve) {
                wanted.progress.retiring = Some(Instant::now());
            }
            if let (Some(before), Some(now)) = (&wanted.progress.loaded, &now)
                && now.differs_by_key(before)
                && let Some(tunnel) = wanted.tunnel()
            {
                attempts.extend(closing::give_up(&self.sas, tunnel.peering));
            }
            if let Some(connection) = wanted.connection() {
                tracing::info!(router_id = %self.setup.router_id, connection_id = %id, "connection loaded");
                // Whoever waits for the peer still replaces what is up, as in a rekeying.
                let replaces = wanted.tunnel().is_some_and(|it| it.old(&self.sas).next().is_some());
                let begins = connection.initiates() || replaces;
                wanted.progress.pace = if begins { Pace::in_turn(connection) } else { Pace::default() };
            }
            wanted.progress.loaded = now;
            self.faults.clear(*id);
        }
        self.terminate(attempts).await
    }

    /// Asks for all CHILD_SAs that are due and missing.
    async fn initiate(&mut self) -> Result<(), Lost> {
        let now = Instant::now();
        let is_due = |wanted: &Wanted| wanted.progress.pace.is_due(now);
        let due: Vec<SiteConnectionId> =
            self.wanted.iter().filter(|(_, wanted)| is_due(wanted)).map(|(id, _)| *id).collect();
        let mut asking = BTreeMap::new();
        let mut room: BTreeMap<String, usize> = BTreeMap::new();
        for id in due {
            let Some(wanted) = self.wanted.get_mut(&id) else { continue };
            wanted.progress.again_in_turn(&wanted.goal);
            let Some(tunnel) = wanted.tunnel() else { continue };
            let is_patient = !wanted.progress.has_yielded;
            let mut children = if is_patient && self.calls.is_calling(tunnel.connection, now) {
                Vec::new()
            } else {
                tunnel.missing(&self.sas, &wanted.progress.asked, is_patient)
            };
            let peering = tunnel.peering.to_owned();
            // Of very many that are replaced at once the last ones wait until the first ones' old SAs are gone.
            let room = room.entry(peering.clone()).or_insert_with(|| self.sas.room_in(&peering));
            children.truncate(*room);
            *room -= children.len();
            wanted.progress.has_yielded = children.is_empty();
            for child in &children {
                let result =
                    self.command(async |daemon| answer(daemon.vici.initiate(&peering, child).await)).await?;
                if let Err(refusal) = result {
                    tracing::warn!(connection_id = %id, refusal, "charon does not initiate");
                }
            }
            if !children.is_empty() {
                asking.insert(id, peering);
            }
        }
        if asking.is_empty() {
            return Ok(());
        }
        asking.values().for_each(|peering| self.unsure.of(Some(peering.clone())));
        self.list().await?;
        for (id, peering) in asking {
            let is_asked = |ike: &&adit_ike::charon::IkeSa| match ike.state {
                IkeState::Connecting => ike.initiator,
                IkeState::Established | IkeState::Replaced => ike.is_busy,
                IkeState::Closing => false,
            };
            let asked = self.sas.of_peering(&peering).filter(is_asked).map(|ike| ike.id).collect();
            if let Some(wanted) = self.wanted.get_mut(&id) {
                wanted.progress.asked = asked;
            }
        }
        Ok(())
    }

    /// Gives up our attempts to peers that have just begun one, since over IKEv1 both would come about. Once until the tunnel
    /// is up: anybody can begin one in the peer's name.
    pub(super) async fn give_way(&mut self, callers: &BTreeSet<IpAddr>) -> Result<(), Lost> {
        // charon says a lot, and there may be hundreds of connections to look through.
        if callers.is_empty() {
            return Ok(());
        }
        let is_asking = |wanted: &Wanted| {
            let is_called = wanted.connection().is_some_and(|connection| {
                connection.ike_version() == IkeVersion::V1 && callers.contains(&connection.peer())
            });
            is_called && !wanted.progress.asked.is_empty() && !wanted.progress.has_given_way
        };
        let asking: Vec<SiteConnectionId> =
            self.wanted.iter().filter(|(_, wanted)| is_asking(wanted)).map(|(id, _)| *id).collect();
        if asking.is_empty() {
            return Ok(());
        }
        let peerings = asking.iter().filter_map(|id| self.wanted[id].tunnel());
        peerings.map(|it| it.peering.to_owned()).for_each(|peering| self.unsure.of(Some(peering)));
        self.list().await?;
        let mut attempts = BTreeSet::new();
        for id in asking {
            let Some(wanted) = self.wanted.get_mut(&id) else { continue };
            let Some(tunnel) = wanted.tunnel() else { continue };
            let ours = closing::give_way(&self.sas, tunnel);
            if ours.is_empty() {
                continue;
            }
            let pace = Pace::soon(tunnel.connection);
            attempts.extend(ours);
            wanted.progress.has_given_way = true;
            wanted.progress.asked.clear();
            wanted.progress.pace = pace;
        }
        self.terminate(attempts).await
    }

    /// Puts off what might be asked for while a peer asks in one of these peerings.
    pub(super) fn put_off(&mut self, peerings: &BTreeSet<String>) {
        if peerings.is_empty() {
            return;
        }
        let is_asked =
            |wanted: &&mut Wanted| wanted.tunnel().is_some_and(|tunnel| peerings.contains(tunnel.peering));
        for wanted in self.wanted.values_mut().filter(is_asked) {
            if let Goal::Run(run) = &wanted.goal {
                wanted.progress.pace.put_off(&run.connection);
            }
        }
    }

    /// The IKE SAs whose peers do not answer, and when these are dead.
    pub(super) fn silent_sas(&self) -> Vec<(u32, Instant)> {
        self.silence.ends(&self.sas, self.wanted.values().filter_map(Wanted::tunnel))
    }

    /// Ends the IKE SAs of dead peers; the peer may come back, and is told.
    pub(super) async fn end_silent_sas(&mut self, now: Instant) -> Result<(), Lost> {
        let dead: Vec<u32> =
            self.silent_sas().into_iter().filter(|(_, end)| *end <= now).map(|(id, _)| id).collect();
        if dead.is_empty() {
            return Ok(());
        }
        for ike in self.sas.list().iter().filter(|ike| dead.contains(&ike.id)) {
            self.silence.forget(ike.id);
            self.unsure.of(ike.name.clone());
            let is_in = |wanted: &Wanted| wanted.tunnel().map(|it| it.peering) == ike.name.as_deref();
            for id in self.wanted.iter().filter(|(_, wanted)| is_in(wanted)).map(|(id, _)| *id) {
                self.faults.give_up(id, ike.id, now);
            }
        }
        self.terminate(dead.into_iter().map(Terminate::HalfOpen)).await?;
        self.refresh().await
    }

    /// Also of connections that another agent may have told of before.
    fn note_that_there_are_no_sas(&mut self) {
        let (none, now) = (Sas::default(), Timestamp::now());
        self.observations.retain(|id| self.wanted.contains_key(id));
        for id in self.wanted.keys() {
            self.observations.note(*id, None, &none, now);
        }
    }

    /// Has CHILD_SAs replaced by new ones, each once in a while.
    pub(super) async fn rekey(&mut self, children: BTreeSet<u32>) -> Result<(), Lost> {
        for id in self.rekeying.due(children, Instant::now()) {
            tracing::debug!(router_id = %self.setup.router_id, id, "rekeying an SA that came about twice");
            self.command(async |daemon| daemon.vici.rekey(id).await).await?;
        }
        Ok(())
    }

    pub(super) async fn terminate(&mut self, all: impl IntoIterator<Item = Terminate>) -> Result<(), Lost> {
        for what in self.closing.due(all, Instant::now()) {
            tracing::debug!(router_id = %self.setup.router_id, ?what, "closing an SA");
            self.command(async |daemon| daemon.vici.terminate(what).await).await?;
            let Terminate::HalfOpen(ike_id) = what else { continue };
            // Of an attempt that ends charon tells nothing.
            if let Some(ike) = self.sas.list().iter().find(|ike| ike.id == ike_id) {
                self.unsure.of(ike.name.clone());
            }
            // What waited in the attempt has to be asked for again.
            for wanted in self.wanted.values_mut() {
                if wanted.progress.asked.remove(&ike_id) {
                    wanted.progress.pace.hurry();
                }
            }
        }
        Ok(())
    }

    /// Works out which connections share a peering.
    fn regroup(&mut self) -> Vec<Peering> {
        let peerings = Peering::group(self.wanted.values().filter_map(Wanted::connection));
        for peering in &peerings {
            for id in peering.members() {
                if let Some(Wanted { goal: Goal::Run(run), .. }) = self.wanted.get_mut(id) {
                    peering.name().clone_into(&mut run.peering);
                }
            }
        }
        peerings
    }

    pub(super) fn unresolved(&self) -> BTreeSet<SiteConnectionId> {
        self.wanted.iter().filter(|(_, wanted)| wanted.is_held()).map(|(id, _)| *id).collect()
    }

    /// What is not to be judged yet; the keys of `kept` are none of those that are to be loaded.
    fn held(&self, kept: &BTreeMap<SiteConnectionId, Fingerprint>) -> Held<'_> {
        let unresolved = self.unresolved();
        let peerings = self.sas.names_of(&unresolved);
        Held { peerings, keys: unresolved.into_iter().chain(kept.keys().copied()).collect() }
    }

    fn keys(
        &self,
        kept: &BTreeMap<SiteConnectionId, Fingerprint>,
    ) -> BTreeMap<SiteConnectionId, Fingerprint> {
        let running = self.wanted.iter().filter(|(id, _)| !kept.contains_key(id));
        let key = |wanted: &Wanted| Some(wanted.connection()?.key_fingerprint(&self.key));
        running.filter_map(|(id, wanted)| Some((*id, key(wanted)?))).collect()
    }

    /// Runs a command; after any failure the daemon is lost, and the caller's caller sees to that.
    pub(super) async fn command<T>(
        &mut self,
        command: impl AsyncFnOnce(&mut Daemon) -> Result<T, ViciError>,
    ) -> Result<T, Lost> {
        let Some(daemon) = &mut self.daemon else { return Err(Lost) };
        match command(daemon).await {
            Ok(answer) => {
                self.heard = Instant::now();
                Ok(answer)
            }
            Err(error) => {
                self.log_lost(&error);
                Err(Lost)
            }
        }
    }

    pub(super) fn log_lost(&self, error: &ViciError) {
        tracing::error!(router_id = %self.setup.router_id, error = error as &dyn Error, "charon is lost");
    }
}

/// Sorts a refusal, which concerns what was asked for, from a failure, which concerns the daemon.
fn answer<T>(result: Result<T, ViciError>) -> Result<Result<T, String>, ViciError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error @ ViciError::Refused { .. }) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
