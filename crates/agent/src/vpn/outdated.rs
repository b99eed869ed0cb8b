//! Whose SAs are of what was wanted before. No I/O.

use std::collections::BTreeSet;

use adit_ike::Child;
use adit_ike::charon::ChildState;
use adit_model::SiteConnectionId;

use super::sas::{Sas, Tunnel};

/// The connections that have a CHILD_SA of a kind that none of these tunnels wants, also such as are not among them. One
/// that is being closed counts until charon lists it no more; one that was only asked for carries nothing.
pub(super) fn owners<'a>(sas: &Sas, tunnels: impl Iterator<Item = Tunnel<'a>>) -> BTreeSet<SiteConnectionId> {
    let wanted: BTreeSet<(&str, &str)> = tunnels
        .flat_map(|tunnel| {
            let children = tunnel.connection.children().iter();
            children.map(move |child| (tunnel.peering, Child::kind(&child.name)))
        })
        .collect();
    let mut owners = BTreeSet::new();
    for ike in sas.list() {
        let peering = ike.name.as_deref().unwrap_or_default();
        let listed = ike.children.iter().filter(|child| child.state != ChildState::Connecting);
        let old = listed.filter(|child| !wanted.contains(&(peering, Child::kind(&child.name))));
        owners.extend(old.filter_map(|child| Child::owner(&child.name)));
    }
    owners
}

#[cfg(test)]
mod tests {
    use adit_ike::charon::IkeState;
    use adit_model::algorithm::{EncryptionAlgorithm, IkeVersion};

    use super::*;
    use crate::vpn::examples::{child_sa, connection, connection_with, ike_sa, peering, tunnel};

    #[test]
    fn what_is_there_of_before_is_its_owners_until_it_is_gone() {
        let before = connection(1, IkeVersion::V2);
        let now = connection_with(1, IkeVersion::V2, |spec| {
            spec.ipsec.encryption = EncryptionAlgorithm::Aes256;
        });
        let elsewhere = connection_with(1, IkeVersion::V2, |spec| {
            spec.ike.encryption = EncryptionAlgorithm::Aes256;
        });
        // Wants the very same as the first one did.
        let same = connection(2, IkeVersion::V2);
        let up = |state| {
            let mut ike = ike_sa(&before, 1, IkeState::Established);
            ike.children.push(child_sa(&before, 1, state));
            Sas::new(vec![ike])
        };
        let installed = up(ChildState::Installed);
        for (what, sas, wanted, is_outdated) in [
            ("it is what is wanted", &installed, Some(&before), false),
            ("another proposal", &installed, Some(&now), true),
            ("another IKE SA", &installed, Some(&elsewhere), true),
            ("deleted", &installed, None, true),
            ("another one lives by it", &installed, Some(&same), false),
            ("an attempt", &up(ChildState::Connecting), None, false),
            ("rekeyed", &up(ChildState::Replaced), None, true),
            ("being closed", &up(ChildState::Closing), None, true),
            ("gone", &Sas::default(), None, false),
        ] {
            let peering = wanted.map(|wanted| peering(&[wanted]));
            let tunnels = wanted.zip(peering.as_ref()).map(|(wanted, peering)| tunnel(wanted, peering));
            let found = owners(sas, tunnels.into_iter());
            assert_eq!(found, BTreeSet::from_iter(is_outdated.then_some(before.id())), "{what}");
        }
    }
}
