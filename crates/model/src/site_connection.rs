//! IPsec site connections: a tunnel from a router to one peer, and the rules for its parameters.

use serde::{Deserialize, Serialize};

use crate::{
    Cidr, EndpointGroupId, IkePolicyId, IpsecPolicyId, ProjectId, Psk, Reason, SiteConnectionId, Status,
    VpnServiceId,
};

crate::vocabulary! {
    /// Who may start the key exchange.
    Initiator {
        /// Both ends.
        BiDirectional = "bi-directional",
        /// The peer only.
        ResponseOnly = "response-only",
    }
}

crate::vocabulary! {
    /// What to do about a peer that stopped answering.
    DpdAction {
        /// Forget its SAs.
        Clear = "clear",
        /// Do not look.
        Disabled = "disabled",
        /// Forget its SAs and set the tunnel up again when there is traffic.
        Hold = "hold",
        /// Set the tunnel up again at once.
        Restart = "restart",
        /// Set the tunnel up again when the peer comes back.
        RestartByPeer = "restart-by-peer",
    }
}

/// Dead peer detection, RFC 3706 and RFC 7296 section 2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dpd {
    /// What to do.
    pub action: DpdAction,
    /// Seconds of silence after which the peer is asked.
    pub interval: u32,
    /// Seconds after which a silent peer is dead; more than `interval`.
    pub timeout: u32,
}

impl Default for Dpd {
    fn default() -> Self {
        Self { action: DpdAction::Hold, interval: 30, timeout: 120 }
    }
}

/// Which networks the tunnel joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selectors {
    /// The VPN service's own subnet, and these networks at the peer.
    ServiceSubnet {
        /// Networks behind the peer.
        peer_cidrs: Vec<Cidr>,
    },
    /// One group for each end.
    EndpointGroups {
        /// A group of subnets.
        local: EndpointGroupId,
        /// A group of CIDRs.
        peer: EndpointGroupId,
    },
}

/// An IPsec site connection of a project.
#[derive(Clone, Debug)]
pub struct SiteConnection {
    /// Its identity.
    pub id: SiteConnectionId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The service, and by it the router.
    pub vpn_service_id: VpnServiceId,
    /// How the IKE SA is made.
    pub ike_policy_id: IkePolicyId,
    /// How the packets are protected.
    pub ipsec_policy_id: IpsecPolicyId,
    /// Our identity; empty means our address.
    pub local_id: String,
    /// The peer's IP address.
    pub peer_address: String,
    /// The identity that the peer must prove.
    pub peer_id: String,
    /// Which networks are joined.
    pub selectors: Selectors,
    /// Largest packet inside the tunnel, in octets; 0 leaves it to the gateway.
    pub mtu: u32,
    /// Who may start.
    pub initiator: Initiator,
    /// Dead peer detection.
    pub dpd: Dpd,
    /// The shared secret.
    pub psk: Psk,
    /// Whether it may be up.
    pub admin_state_up: bool,
    /// What the gateway last said.
    pub status: Status,
    /// Why it is not `ACTIVE`.
    pub reason: Option<Reason>,
}

/// A parameter that no gateway could use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// DPD must wait longer than it asks.
    #[error("dpd timeout {timeout} s is not longer than dpd interval {interval} s")]
    DpdTimeout {
        /// Seconds between questions.
        interval: u32,
        /// Seconds until the peer counts as dead.
        timeout: u32,
    },
    /// Below what every host must accept (RFC 791: 68 octets, RFC 8200: 1280).
    #[error("MTU {mtu} is below {least}, the least for IPv{ip_version}")]
    Mtu {
        /// As asked for.
        mtu: u32,
        /// 4 or 6.
        ip_version: u8,
        /// The smallest possible.
        least: u32,
    },
    /// Networks of both IP versions on one side.
    #[error("networks of IPv4 and IPv6 are mixed")]
    MixedVersions,
    /// The sides differ in IP version.
    #[error("one side is IPv4 and the other IPv6")]
    VersionsDiffer,
    /// A local and a peer network share addresses, so that a packet could belong to either side.
    #[error("local network {local} and peer network {peer} overlap")]
    Overlap {
        /// On our side.
        local: Cidr,
        /// On the peer's side.
        peer: Cidr,
    },
}

/// Checks that DPD can work.
///
/// # Errors
/// [`ParameterError::DpdTimeout`].
pub const fn check_dpd(dpd: Dpd) -> Result<(), ParameterError> {
    if dpd.timeout <= dpd.interval {
        return Err(ParameterError::DpdTimeout { interval: dpd.interval, timeout: dpd.timeout });
    }
    Ok(())
}

/// Checks the MTU against the IP version inside the tunnel; 0 is always fine.
///
/// # Errors
/// [`ParameterError::Mtu`].
pub const fn check_mtu(mtu: u32, ip_version: u8) -> Result<(), ParameterError> {
    let least = if ip_version == 4 { 68 } else { 1280 };
    if mtu != 0 && mtu < least {
        return Err(ParameterError::Mtu { mtu, ip_version, least });
    }
    Ok(())
}

/// The IP version that all of `networks` have in common; `None` if there is no network.
///
/// # Errors
/// [`ParameterError::MixedVersions`].
pub fn common_version(networks: &[Cidr]) -> Result<Option<u8>, ParameterError> {
    let Some(first) = networks.first() else { return Ok(None) };
    if networks.iter().any(|network| network.ip_version() != first.ip_version()) {
        return Err(ParameterError::MixedVersions);
    }
    Ok(Some(first.ip_version()))
}

/// Checks that no address is on both sides.
///
/// # Errors
/// [`ParameterError::Overlap`] with the first such pair.
pub fn check_disjoint(local: &[Cidr], peer: &[Cidr]) -> Result<(), ParameterError> {
    for local in local {
        if let Some(peer) = peer.iter().find(|peer| local.overlaps(**peer)) {
            return Err(ParameterError::Overlap { local: *local, peer: *peer });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpd_waits_longer_than_it_asks() {
        for (interval, timeout, fine) in [(30, 120, true), (30, 30, false), (30, 29, false), (0, 1, true)] {
            assert_eq!(
                check_dpd(Dpd { action: DpdAction::Hold, interval, timeout }).is_ok(),
                fine,
                "{interval} {timeout}"
            );
        }
    }

    #[test]
    fn the_least_mtu_depends_on_the_inner_version() {
        for (mtu, version, fine) in
            [(0, 4, true), (67, 4, false), (68, 4, true), (1279, 6, false), (1280, 6, true), (0, 6, true)]
        {
            assert_eq!(check_mtu(mtu, version).is_ok(), fine, "{mtu} IPv{version}");
        }
    }

    #[test]
    fn sides_have_one_version_and_no_common_address() {
        let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Cidr>>();
        assert_eq!(common_version(&nets(&["10.1.0.0/24", "10.2.0.0/24"])), Ok(Some(4)));
        assert_eq!(common_version(&nets(&["10.1.0.0/24", "fd00::/64"])), Err(ParameterError::MixedVersions));
        assert_eq!(common_version(&[]), Ok(None));
        assert_eq!(
            check_disjoint(&nets(&["10.1.0.0/24"]), &nets(&["10.2.0.0/24", "10.0.0.0/15"]))
                .unwrap_err()
                .to_string(),
            "local network 10.1.0.0/24 and peer network 10.0.0.0/15 overlap"
        );
    }
}
