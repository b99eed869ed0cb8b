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
            /// A failure of ours. The cause goes to the log, never to the client.
            Internal(Box<dyn StdError + Send + Sync>),
        }

        impl ApiError {
            /// The HTTP status.
            pub fn status(&self) -> u16 {
                match self {
                    $(Self::$name $({ $($field: _),* })? => $status,)*
                    Self::Internal(_) => 500,
                }
            }

            /// The `type` of the body.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name $({ $($field: _),* })? => stringify!($name),)*
                    Self::Internal(_) => "HTTPInternalServerError",
                }
            }
        }

        impl fmt::Display for ApiError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name $({ $($field),* })? => write!(f, $message),)*
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
    409 OverQuota { resource } => "Quota exceeded for resources: ['{resource}'].",
    413 HTTPRequestEntityTooLarge { most } => "The request body is larger than {most} octets.",
    503 ServiceUnavailable { reason } => "{reason}",

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
    404 FlavorNotFound { id } => "Flavor {id} could not be found.",
    409 SubnetInUseByVPNService { subnet_id, id } => "Subnet {subnet_id} is used by VPNService {id}",
    409 SubnetInUseByIPsecSiteConnection { subnet_id, id } => "Subnet {subnet_id} is used by ipsec site connection {id}",

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
        if let Self::Internal(cause) = self { Some(cause.as_ref()) } else { None }
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
