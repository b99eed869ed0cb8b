//! The nouns: what there is to create, list, show, change and delete.

pub(crate) mod identity;
pub(crate) mod legacy;
pub(crate) mod network;
pub(crate) mod vpn;

use crate::grammar::Noun;

/// All nouns, in the order of the help.
pub(crate) static NOUNS: &[&Noun] = &[
    &vpn::IKE_POLICY,
    &vpn::IPSEC_POLICY,
    &vpn::SERVICE,
    &vpn::ENDPOINT_GROUP,
    &vpn::SITE_CONNECTION,
    &network::NETWORK,
    &network::SUBNET,
    &network::ROUTER,
    &network::PORT,
    &network::FLOATING_IP,
    &network::SECURITY_GROUP,
    &network::SECURITY_GROUP_RULE,
    &network::AGENT,
    &network::FLAVOR,
    &network::SERVICE_PROFILE,
    &network::SERVICE_PROVIDER,
    &network::AVAILABILITY_ZONE,
    &network::EXTENSION,
    &identity::PROJECT,
    &identity::USER,
    &identity::ROLE,
    &identity::DOMAIN,
    &identity::APPLICATION_CREDENTIAL,
    &identity::ACCESS_RULE,
    &identity::SERVICE,
    &identity::ENDPOINT,
    &identity::REGION,
];
