//! What is said of a connection: `ACTIVE` when every pair of networks is joined, else why not.

use std::collections::BTreeSet;

use adit_api::agent::StatusReport;
use adit_ike::charon::IkeSa;
use adit_ike::{Connection, Pair};
use adit_model::{Reason, ReasonCode, Status};

use super::plan::sas_of;

/// The pairs of networks of a connection that no installed CHILD_SA covers.
pub(super) fn missing_pairs(connection: &Connection, sas: &[IkeSa]) -> BTreeSet<Pair> {
    let name = connection.name();
    let children = || sas_of(sas, &name).filter(|sa| sa.is_up()).flat_map(|sa| &sa.children);
    all_pairs(connection).filter(|pair| !children().any(|child| child.covers(pair))).collect()
}

/// The report on a connection that charon has; `fault` is what was last seen to go wrong.
pub(super) fn assess(connection: &Connection, sas: &[IkeSa], fault: Option<Reason>) -> StatusReport {
    let missing = missing_pairs(connection, sas);
    if missing.is_empty() {
        return active();
    }
    if missing.len() < all_pairs(connection).count() {
        return down(partly_up(&missing, fault));
    }
    // Trying again changes nothing about what the gateway lacks.
    if let Some(fault) = fault.as_ref().filter(|fault| fault.code == ReasonCode::Unsupported) {
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

fn all_pairs(connection: &Connection) -> impl Iterator<Item = Pair> {
    connection.children().iter().flat_map(|child| child.pairs.iter().copied())
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
