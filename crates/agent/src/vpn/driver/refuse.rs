//! What is not handed to charon, since it could not do it, or not beside the rest.

use std::collections::BTreeMap;

use adit_ike::{Connection, Fingerprint, Peering};
use adit_model::{Reason, ReasonCode, SiteConnectionId};

use super::super::plan::{Claim, Observed, contradictions};
use super::super::status;
use super::Driver;
use super::wanted::{Goal, Wanted};

impl Driver {
    pub(super) fn refuse_what_the_daemon_cannot_do(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        for wanted in self.wanted.values_mut() {
            if let Some(reason) = wanted.connection().and_then(|it| it.unsupported_by(&daemon.algorithms)) {
                wanted.goal = Goal::Nothing(status::refused(reason));
            }
        }
    }

    /// Of the connections to one peer those that came last, if they are too many. Returns whether there were any.
    pub(super) fn refuse_what_is_too_much(&mut self) -> bool {
        let is_loaded = |wanted: &&Wanted| wanted.progress.loaded.is_some();
        let (before, new): (Vec<&Wanted>, Vec<&Wanted>) = self.wanted.values().partition(is_loaded);
        let left_out = Peering::overfull(before.into_iter().chain(new).filter_map(Wanted::connection));
        for (id, reason) in &left_out {
            self.refuse(*id, reason.clone());
        }
        !left_out.is_empty()
    }

    /// charon would take any of two keys between the same identities for both. Of connections that ask for different ones
    /// those that came last are refused; but what is up stays up, with the key that it has, until it needs one again, since
    /// keys are changed in one connection after the other. Returns the keys of those that stay so, unless any was refused.
    pub(super) fn refuse_contradicting_keys(&mut self) -> Option<BTreeMap<SiteConnectionId, Fingerprint>> {
        let running = || self.wanted.iter().filter_map(|(id, wanted)| Some((*id, wanted.connection()?)));
        let claim = |(id, connection): (SiteConnectionId, _)| {
            let connection: &Connection = connection;
            let key = connection.key_fingerprint(&self.key);
            let is_loaded = self.loaded.keys.get(&id.to_string()) == Some(&Observed::Known(key));
            Claim { id, identities: connection.identities(), key, is_loaded }
        };
        let claims: Vec<Claim<'_>> = running().map(claim).collect();
        let contradictions = contradictions(&claims);
        let keys: BTreeMap<SiteConnectionId, Fingerprint> =
            claims.iter().map(|claim| (claim.id, claim.key)).collect();
        let mut kept = BTreeMap::new();
        let mut has_refused = false;
        for (id, other) in contradictions {
            let Some(wanted) = self.wanted.get(&id) else { continue };
            let needs_none = wanted.tunnel().is_some_and(|it| it.unsettled_pairs(&self.sas).is_empty());
            if needs_none {
                let key =
                    wanted.progress.loaded.as_ref().map(|loaded| loaded.key()).or(keys.get(&id).copied());
                kept.extend(key.map(|key| (id, key)));
            } else {
                has_refused = true;
                self.refuse(id, contradiction(other));
            }
        }
        (!has_refused).then_some(kept)
    }

    /// charon refuses a peering as a whole. What it took before cannot be the cause.
    pub(super) fn refuse_culprits(&mut self, peering: &Peering, refusal: &str) {
        let is_new =
            |id: &SiteConnectionId| self.wanted.get(id).is_some_and(|it| it.progress.loaded.is_none());
        let (new, before): (Vec<_>, Vec<_>) = peering.members().iter().copied().partition(is_new);
        for id in if new.is_empty() { before } else { new } {
            self.refuse(id, Reason::new(ReasonCode::UnsupportedByGateway, refusal));
        }
    }

    pub(super) fn refuse(&mut self, id: SiteConnectionId, reason: Reason) {
        tracing::warn!(router_id = %self.setup.router_id, connection_id = %id, %reason, "the connection is refused");
        if let Some(wanted) = self.wanted.get_mut(&id) {
            wanted.goal = Goal::Nothing(status::refused(reason));
        }
    }
}

fn contradiction(other: SiteConnectionId) -> Reason {
    let text = format!(
        "the connection {other} of the same router is between the same identities and has another pre-shared key, and the IKE \
         daemon tells keys apart by identities alone: give both the same key, or one of them another `local_id` or `peer_id`"
    );
    Reason::new(ReasonCode::UnsupportedByGateway, text)
}
