//! What things of ours are called on a node. A name is the mark of ownership: nothing else is ever removed.

use adit_model::{NetworkId, PortId, RouterId};

/// A router's namespace.
pub(crate) fn namespace(router: RouterId) -> String {
    format!("qrouter-{router}")
}

/// A network's bridge.
pub(crate) fn bridge(network: NetworkId) -> String {
    format!("{BRIDGE_PREFIX}{}", first_11(network))
}

/// A router's interface to an internal subnet.
pub(crate) fn internal(port: PortId) -> String {
    format!("{INTERNAL_PREFIX}{}", first_11(port))
}

/// A router's interface to its external network.
pub(crate) fn gateway(port: PortId) -> String {
    format!("{GATEWAY_PREFIX}{}", first_11(port))
}

/// The node's end of a port.
pub(crate) fn tap(port: PortId) -> String {
    format!("{TAP_PREFIX}{}", first_11(port))
}

/// The node's end of the port that has this interface in its router; `None` for interfaces that are not ports.
pub(crate) fn tap_of(interface: &str) -> Option<String> {
    let port = interface.strip_prefix(INTERNAL_PREFIX).or_else(|| interface.strip_prefix(GATEWAY_PREFIX))?;
    Some(format!("{TAP_PREFIX}{port}"))
}

/// What bridges of networks begin with.
pub(crate) const BRIDGE_PREFIX: &str = "brq-";
/// What gateway interfaces begin with.
pub(crate) const GATEWAY_PREFIX: &str = "qg-";
const INTERNAL_PREFIX: &str = "qr-";
const TAP_PREFIX: &str = "tap";

/// Interface names have room for 15 characters.
fn first_11(id: impl ToString) -> String {
    id.to_string().chars().take(11).collect()
}
