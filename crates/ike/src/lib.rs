//! IKE daemons: starting, adopting and steering strongSwan's `charon` through VICI, one daemon per router.
//!
//! A caller turns a site connection into a [`Connection`] (pure: proposals, identities, selectors, the complete
//! messages), groups those between the same two gateways to a [`Peering`], starts or adopts a daemon with
//! [`charon::Process`], loads peerings and keys over [`charon::Vici`], and learns from [`charon::Events`] and [`Fault`] what became of it.
//!
//! This crate has never heard of an API or of a network namespace: who starts a daemon hands in how to spawn it. It
//! decides nothing about when to start, initiate or give up. Keys leave it through the control socket only, never
//! by a file, an argument or a log line.

pub mod charon;
mod connection;
pub mod message;
mod peering;
pub mod proposal;
pub mod reason;

pub use connection::{Backend, Child, Connection, Fingerprint, FingerprintKey, Pair};
pub use peering::{MOST_CHILDREN, Peering};
pub use reason::{Fault, FaultContext};
