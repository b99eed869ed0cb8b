//! Linux networking behind safe functions: network namespaces, links, addresses, routes and rules, sysctls, nftables
//! and tracked connections.
//!
//! Enter at [`Namespace`], which names the place, and [`Netlink`], which acts on one. Nothing here knows what the
//! interfaces are for, and nothing parses the output of `ip`.
//!
//! Every function acts on exactly what it is given a name for; none looks for things to clean up.

pub mod address;
pub mod conntrack;
mod error;
pub mod link;
pub mod namespace;
mod netlink;
pub mod nft;
pub mod privilege;
pub mod probe;
pub mod route;
pub mod rule;
pub mod sysctl;
pub mod xfrm;

pub use error::Error;
pub use link::{Link, LinkKind, VethPeer};
pub use namespace::Namespace;
pub use netlink::Netlink;
pub use route::Route;
pub use rule::{Rule, TableRoutes, Way};

/// What most functions here return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
