//! Every collection of both APIs, and how one more of each is made and changed: the one table of them, for whatever goes
//! through all.

use serde_json::{Value, json};

use super::Person;
use super::cloud::Cloud;

/// Where the Networking API is.
pub const NETWORKING: &str = "/networking/v2.0";
/// Where the Identity API is.
pub const IDENTITY: &str = "/identity/v3";

/// A collection.
#[derive(Clone, Copy)]
pub struct Kind {
    /// [`NETWORKING`] or [`IDENTITY`].
    pub api: &'static str,
    /// Below the API's URL.
    pub collection: &'static str,
    /// The key of one object, which is the word of the policy's rules too.
    pub singular: &'static str,
    pub access: Access,
    pub has_tags: bool,
    /// What a member of another project is told who asks for one more, of and on what this project has.
    pub stranger: u16,
    /// How the Networking API tells that an object is not there, where `{one}` stands for its id.
    pub missing: &'static str,
    /// For the `n`th object.
    pub attributes: fn(n: u32) -> Value,
    /// A change that is always possible.
    pub change: fn() -> Value,
}

/// Who makes the objects of a collection, and sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Members of a project, which they belong to.
    Project,
    /// Administrators make them, and all see them.
    Admin,
    /// Administrators make them, and nobody else sees them.
    Hidden,
}

impl Kind {
    /// Of the collection.
    pub fn path(&self) -> String {
        format!("{}/{}", self.api, self.collection)
    }

    /// The key of a list.
    pub fn plural(&self) -> String {
        self.collection.rsplit('/').next().unwrap().replace('-', "_")
    }

    /// Whether it is part of VPN, which another part of the reference serves, with manners of its own.
    pub fn is_vpn(&self) -> bool {
        self.collection.starts_with("vpn/")
    }

    /// Whether its objects belong to projects.
    pub fn is_owned(&self) -> bool {
        self.access == Access::Project
    }

    /// Whether its objects have names.
    pub fn is_named(&self) -> bool {
        !matches!(
            self.singular,
            "floatingip" | "security_group_rule" | "service_profile" | "region" | "endpoint"
        )
    }

    /// Of one object, with a name for its id.
    pub fn one(&self) -> String {
        format!("{}/{{{}_id}}", self.path(), self.singular)
    }

    /// The method that changes an object.
    pub fn verb(&self) -> &'static str {
        if self.api == IDENTITY { "PATCH" } else { "PUT" }
    }

    /// What asks for the `n`th object.
    pub fn creation(&self, n: u32) -> Value {
        json!({self.singular: (self.attributes)(n)})
    }

    /// What asks for a change.
    pub fn update(&self) -> Value {
        json!({self.singular: (self.change)()})
    }
}

/// Of the Networking API, for members of a project.
const fn owned(
    collection: &'static str,
    singular: &'static str,
    attributes: fn(u32) -> Value,
    change: fn() -> Value,
) -> Kind {
    Kind {
        api: NETWORKING,
        collection,
        singular,
        access: Access::Project,
        has_tags: false,
        stranger: 201,
        missing: "",
        attributes,
        change,
    }
}

/// Of the Identity API.
const fn managed(
    collection: &'static str,
    singular: &'static str,
    access: Access,
    attributes: fn(u32) -> Value,
    change: fn() -> Value,
) -> Kind {
    Kind {
        api: IDENTITY,
        collection,
        singular,
        access,
        has_tags: false,
        stranger: 403,
        missing: "",
        attributes,
        change,
    }
}

impl Kind {
    const fn tagged(mut self) -> Self {
        self.has_tags = true;
        self
    }

    const fn by(mut self, access: Access) -> Self {
        self.access = access;
        self.stranger = 403;
        self
    }

    const fn missing(mut self, missing: &'static str) -> Self {
        self.missing = missing;
        self
    }

    const fn on_own(mut self, stranger: u16) -> Self {
        self.stranger = stranger;
        self
    }
}

/// In an order in which each object finds what it needs.
pub static KINDS: &[Kind] = &[
    owned("networks", "network", |_| json!({}), || json!({"description": "changed", "mtu": 1400}))
        .tagged()
        .missing("404 NetworkNotFound Network {one} could not be found."),
    owned(
        "subnets",
        "subnet",
        |n| json!({"network_id": "{network}", "ip_version": 4, "cidr": format!("10.{n}.0.0/24")}),
        || json!({"dns_nameservers": ["192.0.2.53"]}),
    )
    .tagged()
    .on_own(404)
    .missing("404 SubnetNotFound Subnet {one} could not be found."),
    owned(
        "ports",
        "port",
        |_| json!({"network_id": "{network}", "device_id": "vm"}),
        || json!({"description": "changed"}),
    )
    .tagged()
    .on_own(404)
    .missing("404 PortNotFound Port {one} could not be found."),
    owned(
        "routers",
        "router",
        |_| json!({"external_gateway_info": {"network_id": "{ext}"}}),
        || json!({"admin_state_up": false}),
    )
    .tagged()
    .missing("404 RouterNotFound Router {one} could not be found"),
    owned(
        "floatingips",
        "floatingip",
        |_| json!({"floating_network_id": "{ext}"}),
        || json!({"description": "changed"}),
    )
    .tagged()
    .missing("404 FloatingIPNotFound Floating IP {one} could not be found"),
    owned("security-groups", "security_group", |_| json!({}), || json!({"stateful": false}))
        .tagged()
        .missing("404 SecurityGroupNotFound Security group {one} does not exist"),
    owned(
        "security-group-rules",
        "security_group_rule",
        |n| json!({"security_group_id": "{security_group}", "direction": "ingress", "protocol": n % 256}),
        // No attribute of a rule can be changed.
        || json!({}),
    )
    .on_own(404)
    .missing("404 SecurityGroupRuleNotFound Security group rule {one} does not exist"),
    owned("vpn/ikepolicies", "ikepolicy", |_| json!({}), || json!({"lifetime": {"value": 7200}}))
        .missing("404 IKEPolicyNotFound IKEPolicy {one} could not be found"),
    owned("vpn/ipsecpolicies", "ipsecpolicy", |_| json!({}), || json!({"pfs": "group14"}))
        .missing("404 IPsecPolicyNotFound IPsecPolicy {one} could not be found"),
    owned(
        "vpn/vpnservices",
        "vpnservice",
        |_| json!({"router_id": "{router}", "subnet_id": "{subnet}"}),
        || json!({"admin_state_up": false}),
    )
    .on_own(404)
    .missing("404 VPNServiceNotFound VPNService {one} could not be found"),
    owned(
        "vpn/endpoint-groups",
        "endpoint_group",
        |n| json!({"type": "cidr", "endpoints": [format!("10.{n}.0.0/24")]}),
        || json!({"description": "changed"}),
    )
    .missing("404 VPNEndpointGroupNotFound Endpoint group {one} could not be found"),
    owned(
        "vpn/ipsec-site-connections",
        "ipsec_site_connection",
        |n| {
            json!({
                "vpnservice_id": "{vpnservice}",
                "ikepolicy_id": "{ikepolicy}",
                "ipsecpolicy_id": "{ipsecpolicy}",
                "peer_address": "198.51.100.9",
                "peer_id": "198.51.100.9",
                "psk": "secret",
                "peer_cidrs": [format!("172.16.{n}.0/24")],
            })
        },
        || json!({"mtu": 1400}),
    )
    .on_own(404)
    .missing("404 IPsecSiteConnectionNotFound ipsec_site_connection {one} not found"),
    owned(
        "flavors",
        "flavor",
        |n| json!({"name": format!("flavor-{n}"), "service_type": "VPN"}),
        || json!({"description": "changed"}),
    )
    .by(Access::Admin)
    .missing("404 FlavorNotFound Flavor {one} could not be found."),
    owned(
        "service_profiles",
        "service_profile",
        |n| json!({"metainfo": format!("profile {n}")}),
        || json!({"description": "changed"}),
    )
    .by(Access::Hidden)
    .missing("404 ServiceProfileNotFound Service Profile {one} could not be found."),
    managed(
        "domains",
        "domain",
        Access::Hidden,
        |n| json!({"name": format!("domain-{n}"), "enabled": false}),
        || json!({"description": "changed"}),
    ),
    managed(
        "projects",
        "project",
        Access::Hidden,
        |n| json!({"name": format!("project-{n}")}),
        || json!({"description": "changed"}),
    ),
    managed(
        "users",
        "user",
        Access::Hidden,
        |n| json!({"name": format!("user-{n}"), "password": "secret"}),
        || json!({"description": "changed"}),
    ),
    managed(
        "roles",
        "role",
        Access::Hidden,
        |n| json!({"name": format!("role-{n}")}),
        || json!({"description": "changed"}),
    ),
    managed(
        "regions",
        "region",
        Access::Admin,
        |n| json!({"id": format!("region-{n}")}),
        || json!({"description": "changed"}),
    ),
    managed(
        "services",
        "service",
        Access::Hidden,
        |n| json!({"type": "dns", "name": format!("service-{n}")}),
        || json!({"name": "changed"}),
    ),
    managed(
        "endpoints",
        "endpoint",
        Access::Hidden,
        |n| {
            json!({
                "service_id": "{service}", "interface": "public", "region_id": "{region}",
                "url": format!("http://192.0.2.{n}"),
            })
        },
        || json!({"url": "http://192.0.2.9:9999"}),
    ),
];

/// Those of the Networking API.
pub fn networking() -> impl DoubleEndedIterator<Item = Kind> + Clone {
    KINDS.iter().copied().filter(|kind| kind.api == NETWORKING)
}

/// The kind of this singular word.
pub fn kind(singular: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.singular == singular).unwrap_or_else(|| panic!("there is no {singular}"))
}

/// The kind of this collection.
pub fn of(collection: &str) -> &'static Kind {
    KINDS
        .iter()
        .find(|kind| kind.collection == collection)
        .unwrap_or_else(|| panic!("there is no {collection}"))
}

impl Cloud {
    /// Who makes objects of a kind, and sees them.
    pub fn maker(&self, kind: &Kind) -> Person {
        match kind.access {
            Access::Project => self.demo.clone(),
            Access::Admin | Access::Hidden => self.admin.clone(),
        }
    }

    /// The `n`th object of a kind.
    pub async fn make_one(&self, kind: &Kind, n: u32) -> Value {
        let body = serde_json::from_str(&self.with_ids(&kind.creation(n).to_string())).unwrap();
        let answer = self.server.call(Some(&self.maker(kind).token), "POST", &kind.path(), &body).await;
        assert_eq!(answer.status, 201, "{} {n}: {}", kind.collection, answer.body);
        answer.body[kind.singular].clone()
    }

    /// One object of each of these kinds, the router with an interface to the subnet. `{network}` and `{network_id}`
    /// stand for the id of the network from then on, and so on. There is an external network.
    pub async fn make_one_of_each(&mut self, kinds: impl Iterator<Item = Kind>) {
        for kind in kinds {
            let id = self.make_one(&kind, 1).await["id"].as_str().unwrap().to_owned();
            self.ids.insert(format!("{}_id", kind.singular), id.clone());
            self.ids.insert(kind.singular.to_owned(), id);
            if kind.singular == "router" {
                let body = json!({"subnet_id": "{subnet}"});
                self.put(&self.demo, "routers/{router}/add_router_interface", body).await;
            }
        }
    }
}
