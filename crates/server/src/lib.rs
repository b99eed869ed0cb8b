//! The server: who may do what, what depends on what, and how it is asked for over HTTP.
//!
//! A request comes in by [`http`], becomes a caller and a checked body, and is handed to a use case: `vpn`,
//! `network` or `identity`, a file per resource. A use case works within one transaction of the store; when that is
//! committed, the agents that wait are told, whom `agents` serves.
//!
//! Enter at [`App`] and [`http::router`].

mod agents;
mod app;
mod caller;
mod config;
pub mod http;
mod identity;
mod listed;
mod network;
mod quota;
mod resource;
mod serve;
mod tags;
mod vpn;

pub use app::App;
pub use config::{IdentityConfig, IdentityProvider, ServerConfig};
pub use identity::keystone::config::{Interface, KeystoneConfig, KeystoneError, ServicePassword};
pub use identity::{Bootstrap, BootstrapError, Bootstrapped};
pub use serve::serve;
pub use vpn::crypto::{CryptoProfile, VpnConfig, VpnConfigError};
