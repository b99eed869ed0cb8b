//! Endpoint groups: named lists of the networks at one end of a connection.

use std::collections::HashSet;

use crate::{Cidr, EndpointGroupId, ProjectId, SubnetId};

crate::vocabulary! {
    /// What the members of an endpoint group are.
    EndpointType {
        /// IP networks; the far end of a connection.
        Cidr = "cidr",
        /// Networks by id; stored, used by no connection.
        Network = "network",
        /// Routers by id; stored, used by no connection.
        Router = "router",
        /// Subnets by id; the near end of a connection.
        Subnet = "subnet",
        /// VLANs; stored, used by no connection.
        Vlan = "vlan",
    }
}

/// An endpoint group of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointGroup {
    /// Its identity.
    pub id: EndpointGroupId,
    /// Its owner.
    pub project_id: ProjectId,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Its members, in the order in which they were given.
    pub endpoints: Endpoints,
}

/// The members of an endpoint group: of one type, never none, no two alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoints {
    /// IP networks.
    Cidrs(Vec<Cidr>),
    /// Subnets that existed when the group was made.
    Subnets(Vec<SubnetId>),
    /// Members of a type that no connection uses, kept as they were given.
    Unused(EndpointType, Vec<String>),
}

/// Why a list of members cannot be an endpoint group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointsError {
    /// The list is empty.
    #[error("no endpoints")]
    Missing,
    /// A member stands twice.
    #[error("`{0}` stands twice")]
    Duplicate(String),
    /// A member of a `cidr` group is none.
    #[error("`{0}` is not a CIDR")]
    NotACidr(String),
    /// A member of a `subnet` group is not an id.
    #[error("`{0}` is not a UUID")]
    NotAnId(String),
}

impl Endpoints {
    /// Checks the members against their type.
    ///
    /// # Errors
    /// The first member that does not fit, or that there is none.
    pub fn parse(endpoint_type: EndpointType, members: &[String]) -> Result<Self, EndpointsError> {
        if members.is_empty() {
            return Err(EndpointsError::Missing);
        }
        let mut seen = HashSet::new();
        if let Some(member) = members.iter().find(|member| !seen.insert(*member)) {
            return Err(EndpointsError::Duplicate(member.clone()));
        }
        match endpoint_type {
            EndpointType::Cidr => {
                let mut cidrs = Vec::with_capacity(members.len());
                let mut seen = HashSet::new();
                for text in members {
                    let cidr: Cidr = text.parse().map_err(|_| EndpointsError::NotACidr(text.clone()))?;
                    // One network of IPv6 has many spellings.
                    if !seen.insert(cidr) {
                        return Err(EndpointsError::Duplicate(text.clone()));
                    }
                    cidrs.push(cidr);
                }
                Ok(Self::Cidrs(cidrs))
            }
            EndpointType::Subnet => {
                let id = |text: &String| text.parse().map_err(|_| EndpointsError::NotAnId(text.clone()));
                Ok(Self::Subnets(members.iter().map(id).collect::<Result<_, _>>()?))
            }
            EndpointType::Network | EndpointType::Router | EndpointType::Vlan => {
                Ok(Self::Unused(endpoint_type, members.to_vec()))
            }
        }
    }

    /// The type of the members.
    pub const fn endpoint_type(&self) -> EndpointType {
        match self {
            Self::Cidrs(_) => EndpointType::Cidr,
            Self::Subnets(_) => EndpointType::Subnet,
            Self::Unused(endpoint_type, _) => *endpoint_type,
        }
    }

    /// The members as the API shows them.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Cidrs(cidrs) => cidrs.iter().map(ToString::to_string).collect(),
            Self::Subnets(ids) => ids.iter().map(ToString::to_string).collect(),
            Self::Unused(_, texts) => texts.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EndpointType, Endpoints};

    #[test]
    fn members_must_fit_their_type() {
        let subnet = "38346388-4b09-4f0a-a3d1-b1a5f6587f4c";
        for (endpoint_type, members, want) in [
            (EndpointType::Cidr, vec!["10.2.0.0/24", "20.1.0.5/24"], "10.2.0.0/24 20.1.0.5/24"),
            (EndpointType::Subnet, vec![subnet], subnet),
            (EndpointType::Vlan, vec!["100", "anything"], "100 anything"),
            (EndpointType::Cidr, vec![], "no endpoints"),
            (EndpointType::Cidr, vec!["10.2.0.0/24", "2000::1"], "`2000::1` is not a CIDR"),
            (EndpointType::Cidr, vec!["10.2.0.0/24", "10.2.0.0/24"], "`10.2.0.0/24` stands twice"),
            (EndpointType::Cidr, vec!["fd00::/64", "FD00:0::/64"], "`FD00:0::/64` stands twice"),
            (EndpointType::Cidr, vec!["FD00:0::1/64"], "fd00::1/64"),
            (EndpointType::Subnet, vec!["10.2.0.0/24"], "`10.2.0.0/24` is not a UUID"),
        ] {
            let members: Vec<String> = members.into_iter().map(str::to_owned).collect();
            let got = Endpoints::parse(endpoint_type, &members)
                .map_or_else(|e| e.to_string(), |e| e.texts().join(" "));
            assert_eq!(got, want, "{endpoint_type} {members:?}");
        }
    }
}
