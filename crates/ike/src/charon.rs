//! strongSwan's `charon`: the process, its control socket, and what comes back over it.

mod events;
mod observed;
mod process;
mod sa;
mod socket;
mod vici;

pub use events::{Event, Events, LogLine};
pub use observed::{ChildDetails, IkeDetails};
pub use process::{Config, NotInstalled, Process, StartError, StopError, installed};
pub use sa::{ChildSa, ChildState, IkeSa, IkeState};
pub use vici::{Algorithms, Terminate, Vici, ViciError};
