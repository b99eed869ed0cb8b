//! Everything that the Networking API refuses, with status, type and message as clients know them.

use std::error::Error as StdError;
use std::fmt;

use serde_json::{Value, json};

/// One row per error: status, type, fields, message. The type is what programs look at; the message is for people.
macro_rules! api_errors {
    ($($status:literal $name:ident $({ $($field:ident),* })? => $message:literal,)*) => {
        /// A refusal, as the Networking API words it.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "each row below is documented by its message")]
        pub enum ApiError {
            $($name $({ $($field: String),* })?,)*
            /// Another request was at the same thing at the same moment; trying again helps. What the database said, if it
            /// did, goes to the log, never to the client.
            Collision(Option<Box<dyn StdError + Send + Sync>>),
            /// A failure of ours. The cause goes to the log, never to the client.
            Internal(Box<dyn StdError + Send + Sync>),
        }

        impl ApiError {
            /// The HTTP status.
            pub fn status(&self) -> u16 {
                match self {
                    $(Self::$name $({ $($field: _),* })? => $status,)*
                    Self::Collision(_) => 503,
                    Self::Internal(_) => 500,
                }
            }

            /// The `type` of the body.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name $({ $($field: _),* })? => stringify!($name),)*
                    Self::Collision(_) => "Collision",
                    Self::Internal(_) => "HTTPInternalServerError",
                }
            }
        }

        impl fmt::Display for ApiError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name $({ $($field),* })? => write!(f, $message),)*
                    Self::Collision(_) => f.write_str(
                        "Another request changed the same thing at the same moment. Nothing was changed by this one: try again.",
                    ),
                    Self::Internal(_) => {
                        f.write_str("Request Failed: internal server error while processing your request.")
                    }
                }
            }
        }
    };
}

api_errors! {
    // Any resource.
    400 HTTPBadRequest { message } => "{message}",
    400 BadRequest { resource, reason } => "Bad {resource} request: {reason}.",
    400 InvalidInput { reason } => "Invalid input for operation: {reason}.",
    400 MalformedRequestBody { reason } => "Malformed request body: {reason}.",
    403 PolicyNotAuthorized { rule } => "{rule} is disallowed by policy",
    404 HTTPNotFound => "The resource could not be found.",
    405 HTTPMethodNotAllowed => "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    406 HTTPNotAcceptable => "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    408 HTTPRequestTimeout => "The request body did not arrive in time.",
    409 OverQuota { resource } => "Quota exceeded for resources: ['{resource}'].",
    412 RevisionNumberConstraintFailed { wanted, current } => "Constrained to {wanted}, but current revision is {current}",
    413 HTTPRequestEntityTooLarge { most } => "The request body is larger than {most} octets.",
    501 HTTPNotImplemented => "POST requests are not supported on this resource.",
    503 OutcomeUnknown => "The database did not confirm in time whether the request was done, and it may be done still. Look before you try again.",
    503 ServiceUnavailable { reason } => "{reason}",

    // Tags.
    404 TagNotFound { tag } => "Tag {tag} could not be found.",

    // Networks.
    404 NetworkNotFound { id } => "Network {id} could not be found.",
    409 NetworkInUse { id, ports } => "Unable to complete operation on network {id}. There are one or more ports still in use on the network, id for these ports is: {ports}.",
    409 ExternalNetworkInUse { id, what } => "External network {id} cannot be updated to be made non-external, since it has existing {what}.",
    409 InvalidSharedSetting { id } => "Unable to reconfigure sharing settings for network {id}. Multiple tenants are using it.",
    409 FlatNetworkInUse { physical_network } => "Unable to create the flat network. Physical network {physical_network} is in use.",
    409 VlanIdInUse { vlan, physical_network } => "Unable to create the network. The VLAN {vlan} on physical network {physical_network} is in use.",
    409 DefaultExternalNetworkExists { id } => "A default external network already exists: {id}.",
    404 AvailabilityZoneNotFound { zone } => "AvailabilityZone {zone} could not be found.",

    // Subnets.
    404 SubnetNotFound { id } => "Subnet {id} could not be found.",
    404 SubnetPoolNotFound { id } => "Subnet pool {id} could not be found.",
    400 InvalidAllocationPool { start, end } => "The allocation pool {{'start': '{start}', 'end': '{end}'}} is not valid.",
    400 OutOfBoundsAllocationPool { pool, cidr } => "The allocation pool {pool} spans beyond the subnet cidr {cidr}.",
    409 OverlappingAllocationPools { pools, cidr } => "Found overlapping allocation pools: {pools} for subnet {cidr}.",
    409 GatewayConflictWithAllocationPools { gateway, pool } => "Gateway ip {gateway} conflicts with allocation pool {pool}.",
    409 GatewayIpInUse { gateway, port } => "Current gateway ip {gateway} already in use by port {port}. Unable to update.",
    409 IpamValueInvalid { reason } => "{reason}",
    400 DNSNameServersExhausted { subnet, most } => "Unable to complete operation for {subnet}. The number of DNS nameservers exceeds the limit {most}.",
    400 InvalidSubnetServiceType { service_type } => "Subnet service type {service_type} does not correspond to a valid device owner.",
    400 HostRoutesExhausted { subnet, most } => "Unable to complete operation for {subnet}. The number of host routes exceeds the limit {most}.",

    // Ports.
    404 PortNotFound { id } => "Port {id} could not be found.",
    400 PortSecurityAndIPRequiredForSecurityGroups => "Port security must be enabled and port must have an IP address in order to use security groups.",
    409 IpAddressAlreadyAllocated { address, subnet } => "IP address {address} already allocated in subnet {subnet}",
    409 IpAddressGenerationFailure { network } => "No more IP addresses available on network {network}.",
    400 InvalidIpForNetwork { address } => "IP address {address} is not a valid IP for any of the subnets on the specified network.",
    400 InvalidIpForSubnet { address } => "IP address {address} is not a valid IP for the specified subnet.",
    400 AllocationOnAutoAddressSubnet { address, subnet } => "IPv6 address {address} cannot be directly assigned to a port on subnet {subnet} as the subnet is configured for automatic addresses",
    409 IpAddressGenerationFailureNoMatchingSubnet { network, owner } => "No valid service subnet for the given device owner, network {network}, service type {owner}.",
    400 AllowedAddressPairsMissingIP => "AllowedAddressPair must contain ip_address",
    400 AllowedAddressPairExhausted { most } => "The number of allowed address pair exceeds the maximum {most}.",
    400 DuplicateAddressPairInRequest { mac, address } => "Request contains duplicate address pair: mac_address {mac} ip_address {address}.",
    409 AddressPairAndPortSecurityRequired => "Port Security must be enabled in order to have allowed address pairs on a port.",
    409 MacAddressInUse { network, mac } => "Unable to complete operation for network {network}. The mac address {mac} is in use.",
    503 MacAddressGenerationFailure { network } => "Unable to generate unique mac on network {network}.",
    409 ServicePortInUse { id, owner } => "Port {id} cannot be deleted directly via the port API: has device owner {owner}.",
    409 PortInUse { id, network, device } => "Unable to complete operation on port {id} for network {network}. Port already has an attached device {device}.",

    // Routers.
    404 RouterInterfaceNotFound { id, port } => "Router {id} does not have an interface with id {port}",
    404 RouterInterfaceNotFoundForSubnet { id, subnet } => "Router {id} has no interface on subnet {subnet}",
    400 SubnetMismatchForPort { port, subnet } => "Subnet on port {port} does not match the requested subnet {subnet}.",
    409 RouterInterfaceInUseByRoute { id, subnet } => "Router interface for subnet {subnet} on router {id} cannot be deleted, as it is required by one or more routes.",
    400 InvalidRoutes { routes, reason } => "Invalid format for routes: {routes}, {reason}",

    409 RouterInterfaceInUseByFloatingIP { id, subnet } => "Router interface for subnet {subnet} on router {id} cannot be deleted, as it is required by one or more floating IPs.",
    409 RouterExternalGatewayInUseByFloatingIp { id, network } => "Gateway cannot be updated for router {id}, since a gateway to external network {network} is required by one or more floating IPs.",

    // Security groups.
    404 SecurityGroupNotFound { id } => "Security group {id} does not exist",
    404 SecurityGroupRuleNotFound { id } => "Security group rule {id} does not exist",
    404 AddressGroupNotFound { id } => "Address group {id} could not be found.",
    409 SecurityGroupDefaultAlreadyExists => "Default security group already exists.",
    409 SecurityGroupCannotUpdateDefault => "Updating default security group not allowed.",
    409 SecurityGroupCannotRemoveDefault => "Insufficient rights for removing default security group.",
    409 SecurityGroupInUse { id } => "Security Group {id} in use.",
    409 PortSecurityPortHasSecurityGroup => "Port has security group associated. Cannot disable port security or IP address until security group is removed.",
    409 SecurityGroupRuleExists { id } => "Security group rule already exists. Rule id is {id}.",
    400 SecurityGroupProtocolRequiredWithPorts => "Must also specify protocol if port range is given.",
    400 SecurityGroupInvalidPortRange => "For TCP/UDP protocols, port_range_min must be <= port_range_max",
    400 SecurityGroupInvalidPortValue { port } => "Invalid value for port {port}",
    400 SecurityGroupInvalidIcmpValue { field, attribute, value } => "Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.",
    400 SecurityGroupMissingIcmpType { code } => "ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing.",
    400 SecurityGroupInvalidProtocolForPort { protocol } => "Invalid protocol {protocol} for port range, only supported for DCCP, SCTP, TCP, UDP, UDPLITE.",
    400 SecurityGroupEthertypeConflictWithProtocol { ethertype, protocol } => "Invalid ethertype {ethertype} for protocol {protocol}.",
    400 SecurityGroupRuleInvalidProtocol { protocol, allowed } => "Security group rule protocol {protocol} not supported. Only protocol values {allowed} and integer representations [0 to 255] are supported.",
    400 SecurityGroupRuleInvalidEtherType { ethertype, allowed } => "Security group rule for ethertype '{ethertype}' not supported. Allowed values are {allowed}.",
    400 InvalidCIDR { input } => "Invalid CIDR {input} given as IP prefix.",
    400 SecurityGroupRuleParameterConflict { ethertype, cidr } => "Conflicting value ethertype {ethertype} for CIDR {cidr}",
    400 SecurityGroupMultipleRemoteEntites => "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",

    // Floating IPs.
    404 FloatingIPNotFound { id } => "Floating IP {id} could not be found",
    404 ExternalGatewayForFloatingIPNotFound { network, subnet, port } => "External network {network} is not reachable from subnet {subnet}.  Therefore, cannot associate Port {port} with a Floating IP.",
    409 FloatingIPPortAlreadyAssociated { id, address, port, fixed_ip, network } => "Cannot associate floating IP {address} ({id}) with port {port} using fixed IP {fixed_ip}, as that fixed IP already has a floating IP on external network {network}.",

    // Agents and quotas.
    409 InvalidL3Agent { id } => "Agent {id} is not a L3 Agent or has been disabled",
    404 InvalidVPNAgent { id } => "Agent {id} is not a VPN Agent or has been disabled",
    409 RouterHostedByL3Agent { router, agent } => "The router {router} has been already hosted by the L3 Agent {agent}.",
    409 RouterHostedByVPNAgent { router, agent } => "The VPN service of router {router} has been already hosted by the VPN Agent {agent}.",
    404 AgentNotFound { id } => "Agent {id} could not be found.",
    404 TenantQuotaNotFound { project } => "Quota for project {project} could not be found.",

    // IKE and IPsec policies.
    404 IKEPolicyNotFound { id } => "IKEPolicy {id} could not be found",
    404 IPsecPolicyNotFound { id } => "IPsecPolicy {id} could not be found",
    409 IKEPolicyInUse { id } => "IKEPolicy {id} is in use by existing IPsecSiteConnection and can't be updated or deleted",
    409 IPsecPolicyInUse { id } => "IPsecPolicy {id} is in use by existing IPsecSiteConnection and can't be updated or deleted",

    // What networks, subnets and routers are used for.
    404 RouterNotFound { id } => "Router {id} could not be found",
    409 RouterInUse { id, reason } => "Router {id} {reason}",
    409 SubnetInUse { id, reason } => "Unable to complete operation on subnet {id}: {reason}.",

    // VPN services.
    404 VPNServiceNotFound { id } => "VPNService {id} could not be found",
    409 VPNServiceInUse { id } => "VPNService {id} is still in use",
    400 RouterIsNotExternal { id } => "Router {id} has no external network gateway set",
    400 SubnetIsNotConnectedToRouter { subnet_id, router_id } => "Subnet {subnet_id} is not connected to Router {router_id}",
    409 SubnetInUseByVPNService { subnet_id, id } => "Subnet {subnet_id} is used by VPNService {id}",
    409 SubnetInUseByIPsecSiteConnection { subnet_id, id } => "Subnet {subnet_id} is used by ipsec site connection {id}",

    // Flavors and service profiles.
    404 FlavorNotFound { id } => "Flavor {id} could not be found.",
    409 FlavorInUse { id } => "Flavor {id} is used by some service instance.",
    503 FlavorDisabled => "Flavor is not enabled.",
    400 InvalidServiceType { service_type } => "Invalid service type: {service_type}.",
    404 FlavorServiceProfileBindingNotFound { profile, flavor } => "Service Profile {profile} is not associated with flavor {flavor}.",
    409 FlavorServiceProfileBindingExists { profile, flavor } => "Service Profile {profile} is already associated with flavor {flavor}.",
    404 NoProviderFoundForFlavor { flavor } => "No service provider found for flavor {flavor}",
    404 ServiceProfileNotFound { id } => "Service Profile {id} could not be found.",
    503 ServiceProfileDisabled => "Service Profile is not enabled.",
    409 ServiceProfileInUse { id } => "Service Profile {id} is used by some service instance.",
    404 ServiceProfileDriverNotFound { driver } => "Service Profile driver {driver} could not be found.",
    400 ServiceProfileEmpty => "Service Profile needs either a driver or metainfo.",

    // Endpoint groups.
    404 VPNEndpointGroupNotFound { id } => "Endpoint group {id} could not be found",
    400 EndpointGroupInUse { id } => "Endpoint group {id} is in use and cannot be deleted",
    400 MissingEndpointForEndpointGroup { group } => "No endpoints specified for endpoint group '{group}'",
    400 InvalidEndpointInEndpointGroup { endpoint, endpoint_type, why } => "Endpoint '{endpoint}' is invalid for group type '{endpoint_type}': {why}",
    400 NonExistingSubnetInEndpointGroup { id } => "Subnet {id} in endpoint group does not exist",

    // IPsec site connections.
    404 IPsecSiteConnectionNotFound { id } => "ipsec_site_connection {id} not found",
    400 IpsecValidationFailure { attribute, value } => "IPSec does not support IPsec Policy attribute {attribute} with value '{value}'",
    400 MissingPeerCidrs => "Missing peer CIDRs for IPsec site-to-site connection",
    400 InvalidEndpointGroup { which } => "Endpoint {which} cannot be specified, when VPN Service has subnet specified",
    400 PeerCidrsInvalid => "Peer CIDRs cannot be specified, when using endpoint groups",
    400 MissingRequiredEndpointGroup { which } => "Missing endpoint {which} for IPSec site-to-site connection",
    400 WrongEndpointGroupType { id, found, expected } => "Endpoint group {id} type is '{found}' and should be '{expected}'",
    400 MixedIPVersionsForIPSecEndpoints { id } => "Endpoints in group {id} do not have the same IP version, as required for IPSec site-to-site connection",
    400 MixedIPVersionsForPeerCidrs => "Peer CIDRs do not have the same IP version, as required for IPSec site-to-site connection",
    400 MixedIPVersionsForIPSecConnection => "IP versions are not compatible between peer and local endpoints",
    400 OverlappingNetworks { local, peer } => "Local network {local} and peer network {peer} overlap",
    404 IPsecSiteConnectionCheckNotFound { id } => "Check {id} could not be found",
    409 IPsecSiteConnectionCheckInProgress { id, check } => "ipsec_site_connection {id} is being checked already, with another target: check {check}",
    409 PeerConfigRefused { format, reason } => "There is no {format} configuration for the peer: {reason}.",
    400 IPsecSiteConnectionDpdIntervalValueError => "ipsec_site_connection dpd_timeout is equal to or less than dpd_interval",
    400 IPsecSiteConnectionMtuError { mtu, version } => "ipsec_site_connection MTU {mtu} is too small for ipv{version}",
    400 VPNPeerAddressNotResolved { peer_address } => "Peer address {peer_address} cannot be resolved",
    400 ExternalNetworkHasNoSubnet { router_id, version } => "Router's {router_id} external network has no {version} subnet",
}

impl ApiError {
    /// A [`Self::HTTPBadRequest`].
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::HTTPBadRequest { message: message.into() }
    }

    /// A failure of ours.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        json!({"NeutronError": {"type": self.kind(), "message": self.to_string(), "detail": ""}})
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        if let Self::Internal(cause) | Self::Collision(Some(cause)) = self {
            Some(cause.as_ref())
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApiError;

    #[test]
    fn an_error_has_status_type_and_message() {
        let error = ApiError::IKEPolicyInUse { id: "7".to_owned() };
        assert_eq!((error.status(), error.kind()), (409, "IKEPolicyInUse"));
        assert_eq!(
            error.to_string(),
            "IKEPolicy 7 is in use by existing IPsecSiteConnection and can't be updated or deleted"
        );
    }

    #[test]
    fn a_failure_of_ours_does_not_show_its_cause() {
        let error = ApiError::internal("disk full at /var/lib/adit/adit.db");
        assert_eq!(
            error.body().to_string(),
            r#"{"NeutronError":{"type":"HTTPInternalServerError","message":"Request Failed: internal server error while processing your request.","detail":""}}"#
        );
    }
}
