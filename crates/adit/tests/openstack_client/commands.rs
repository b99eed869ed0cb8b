//! What people type besides the guides: list, show, set, unset, delete, names for ids, and questions to the server.
use crate::client::Client;
pub(crate) fn networks_subnets_ports_and_routers(_: &mut Client) {}
pub(crate) fn vpn_resources(_: &mut Client) {}
pub(crate) fn identity(_: &mut Client) {}
pub(crate) fn what_the_network_service_can_do(_: &mut Client) {}
pub(crate) fn mistakes_are_told(_: &mut Client) {}
