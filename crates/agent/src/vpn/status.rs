//! What is said of a connection: `ACTIVE` when every pair of networks is joined, else why not.

use std::collections::BTreeSet;

use adit_api::agent::StatusReport;
use adit_ike::Pair;
use adit_model::{Reason, ReasonCode, Status};

use super::sas::{Sas, Tunnel};

/// The report on a connection that charon has; `fault` is what was last seen to go wrong.
pub(super) fn assess(tunnel: Tunnel<'_>, sas: &Sas, fault: Option<Reason>) -> StatusReport {
    let connection = tunnel.connection;
    let missing = tunnel.missing_pairs(sas);
    if missing.is_empty() {
        return active();
    }
    if missing.len() < connection.children().iter().map(|child| child.pairs.len()).sum() {
        return down(partly_up(&missing, fault));
    }
    // Trying again changes nothing about what the gateway lacks.
    if let Some(fault) = fault.as_ref().filter(|fault| fault.code == ReasonCode::UnsupportedByGateway) {
        return refused(fault.clone());
    }
    down(fault.unwrap_or_else(|| {
        let peer = connection.peer();
        if connection.initiates() {
            Reason::new(ReasonCode::Negotiating, format!("the key exchange with {peer} is under way"))
        } else {
            Reason::new(
                ReasonCode::WaitingForPeer,
                format!("waiting for the peer {peer} to start the key exchange"),
            )
        }
    }))
}

pub(super) const fn active() -> StatusReport {
    StatusReport { status: Status::Active, reason: None }
}

pub(super) const fn down(reason: Reason) -> StatusReport {
    StatusReport { status: Status::Down, reason: Some(reason) }
}

/// What this gateway refuses to do is an error; everything else may still come up.
pub(super) const fn refused(reason: Reason) -> StatusReport {
    StatusReport { status: Status::Error, reason: Some(reason) }
}

fn partly_up(missing: &BTreeSet<Pair>, fault: Option<Reason>) -> Reason {
    let pairs: Vec<String> = missing.iter().map(|(local, peer)| format!("{local} to {peer}")).collect();
    let text = format!("partly up, not joined: {}", pairs.join(", "));
    match fault {
        Some(fault) => Reason::new(fault.code, format!("{text}; {}", fault.text)),
        None => Reason::new(ReasonCode::Negotiating, text),
    }
}

#[cfg(test)]
mod tests;
