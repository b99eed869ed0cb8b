//! One identifier type per resource, so that two of them cannot be swapped.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not an id: a UUID such as `3fa85f64-5717-4562-b3fc-2c963f66afa6` was expected")]
pub struct IdError {
    input: String,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that the caller made.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        /// Accepts the hyphenated lower-case form only: look-ups are textual, as in the Networking API.
        impl FromStr for $name {
            type Err = IdError;

            fn from_str(input: &str) -> Result<Self, IdError> {
                let error = || IdError { input: input.to_owned() };
                let uuid = Uuid::try_parse(input).map_err(|_| error())?;
                if uuid.as_hyphenated().to_string() != input {
                    return Err(error());
                }
                Ok(Self(uuid))
            }
        }
    )*};
}

uuid_ids! {
    /// An agent on a gateway node.
    AgentId
    /// A check of a site connection.
    CheckId
    /// An endpoint group.
    EndpointGroupId
    /// A floating IP.
    FloatingIpId
    /// A flavor of a service.
    FlavorId
    /// An IKE policy.
    IkePolicyId
    /// An IPsec policy.
    IpsecPolicyId
    /// A network.
    NetworkId
    /// A port.
    PortId
    /// A router.
    RouterId
    /// A service profile.
    ServiceProfileId
    /// An IPsec site connection.
    SiteConnectionId
    /// A security group.
    SecurityGroupId
    /// A rule of a security group.
    SecurityGroupRuleId
    /// A subnet.
    SubnetId
    /// A VPN service.
    VpnServiceId
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that the identity provider gave.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text inside.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<Uuid> for $name {
            /// Identity's own form: 32 lower-case hexadecimal digits.
            fn from(uuid: Uuid) -> Self {
                Self(uuid.as_simple().to_string())
            }
        }
    )*};
}

text_ids! {
    /// A limit that a user has put on application credentials.
    AccessRuleId
    /// An application credential.
    ApplicationCredentialId
    /// A domain of users and projects; the first is called `default`.
    DomainId
    /// A URL of a service in the catalog.
    EndpointId
    /// A project. Identity makes 32 hexadecimal digits, yet an administrator may own resources by any text of at
    /// most 255 characters (Networking API, `project_id`).
    ProjectId
    /// A region: a name that an administrator chose.
    RegionId
    /// A role.
    RoleId
    /// A service in the catalog.
    ServiceId
    /// A user.
    UserId
}

#[cfg(test)]
mod tests {
    use super::NetworkId;

    #[test]
    fn only_the_canonical_form_is_an_id() {
        for (input, accepted) in [
            ("3fa85f64-5717-4562-b3fc-2c963f66afa6", true),
            ("3FA85F64-5717-4562-B3FC-2C963F66AFA6", false),
            ("3fa85f6457174562b3fc2c963f66afa6", false),
            ("{3fa85f64-5717-4562-b3fc-2c963f66afa6}", false),
            ("left-network", false),
            ("", false),
        ] {
            assert_eq!(input.parse::<NetworkId>().is_ok(), accepted, "input {input}");
        }
    }
}
