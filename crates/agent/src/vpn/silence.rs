//! Dead peer detection's timeout in IKEv2. charon has one pace of asking again for all peers; who wants to know sooner that
//! a peer is dead is served here, by its log.

use std::collections::BTreeMap;
use std::time::Duration;

use adit_ike::Fault;
use adit_ike::charon::LogLine;
use tokio::time::Instant;

use super::sas::{Sas, Tunnel};

/// charon asks again after so long, and says so.
const FIRST_REPETITION: Duration = Duration::from_secs(1);

/// Since when peers do not answer, by IKE SAs.
#[derive(Debug, Default)]
pub(super) struct Silence {
    asked: BTreeMap<u32, Instant>,
}

impl Silence {
    /// Takes in a line of charon's log.
    pub(super) fn hear(&mut self, line: &LogLine, now: Instant) {
        let Some(id) = line.ike_id else { return };
        let fault = Fault::of_line(&line.text, true);
        if matches!(fault, Some(Fault::NoAnswer { .. })) {
            self.asked.entry(id).or_insert_with(|| now.checked_sub(FIRST_REPETITION).unwrap_or(now));
        } else if fault == Some(Fault::Vanished) || line.text.starts_with("parsed ") {
            self.forget(id);
        }
    }

    pub(super) fn forget(&mut self, id: u32) {
        self.asked.remove(&id);
    }

    /// Forgets IKE SAs that are no more.
    pub(super) fn retain(&mut self, sas: &Sas) {
        self.asked.retain(|id, _| sas.list().iter().any(|ike| ike.id == *id));
    }

    /// When the peers that do not answer are dead.
    pub(super) fn ends<'a>(
        &self,
        sas: &Sas,
        tunnels: impl Iterator<Item = Tunnel<'a>> + Clone,
    ) -> Vec<(u32, Instant)> {
        let end = |(id, asked): (&u32, &Instant)| {
            let ike = sas.list().iter().find(|ike| ike.id == *id && ike.is_up())?;
            let sharing = tunnels.clone().filter(|tunnel| ike.name.as_deref() == Some(tunnel.peering));
            let patience = sharing.filter_map(|tunnel| tunnel.connection.patience()).min()?;
            Some((*id, *asked + patience))
        };
        self.asked.iter().filter_map(end).collect()
    }
}

#[cfg(test)]
mod tests {
    use adit_ike::charon::IkeState;
    use adit_model::algorithm::IkeVersion;
    use adit_model::site_connection::{Dpd, DpdAction};

    use super::*;
    use crate::vpn::examples::{connection_with, ike_sa, peering, tunnel};

    #[test]
    fn a_peer_is_dead_when_the_timeout_is_over_and_it_said_nothing() {
        let dpd = |action, interval, timeout| Dpd { action, interval, timeout };
        let again = "retransmit 1 of request with message ID 3";
        for (what, version, dpd, state, lines, want) in [
            (
                "nothing asked",
                IkeVersion::V2,
                dpd(DpdAction::Hold, 5, 15),
                IkeState::Established,
                vec![],
                None,
            ),
            (
                "no answer",
                IkeVersion::V2,
                dpd(DpdAction::Hold, 5, 15),
                IkeState::Established,
                vec![again],
                Some(9),
            ),
            (
                "an answer",
                IkeVersion::V2,
                dpd(DpdAction::Hold, 5, 15),
                IkeState::Established,
                vec![again, "parsed INFORMATIONAL response 3 [ ]"],
                None,
            ),
            (
                "it gave up by itself",
                IkeVersion::V2,
                dpd(DpdAction::Hold, 5, 15),
                IkeState::Established,
                vec![again, "giving up after 5 retransmits"],
                None,
            ),
            ("IKEv1", IkeVersion::V1, dpd(DpdAction::Hold, 5, 15), IkeState::Established, vec![again], None),
            (
                "off",
                IkeVersion::V2,
                dpd(DpdAction::Disabled, 5, 15),
                IkeState::Established,
                vec![again],
                None,
            ),
            ("not up", IkeVersion::V2, dpd(DpdAction::Hold, 5, 15), IkeState::Connecting, vec![again], None),
        ] {
            let connection = connection_with(1, version, |spec| spec.dpd = dpd);
            let (peering, now) = (peering(&[&connection]), Instant::now());
            let sas = Sas::new(vec![ike_sa(&connection, 1, state)]);
            let mut silence = Silence::default();
            for line in lines {
                let line = LogLine { connection: None, ike_id: Some(1), text: line.to_owned() };
                silence.hear(&line, now);
            }
            let got = silence.ends(&sas, std::iter::once(tunnel(&connection, &peering)));
            let want: Vec<_> = want.into_iter().map(|secs| (1, now + Duration::from_secs(secs))).collect();
            assert_eq!(got, want, "{what}");
        }
    }
}
