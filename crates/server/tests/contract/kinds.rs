//! Every collection of both APIs, and how one more of each is made and changed.

use serde_json::{Value, json};

/// Where the Networking API is.
pub(crate) const NETWORKING: &str = "/networking/v2.0";
/// Where the Identity API is.
pub(crate) const IDENTITY: &str = "/identity/v3";

/// A collection.
pub(crate) struct Kind {
    /// [`NETWORKING`] or [`IDENTITY`].
    pub(crate) api: &'static str,
    pub(crate) collection: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) access: Access,
    pub(crate) has_tags: bool,
    /// What a member of another project is told who asks for one more, of and on what this project has.
    pub(crate) stranger: u16,
    /// For the `n`th object.
    pub(crate) attributes: fn(n: u32) -> Value,
    /// A change that is always possible.
    pub(crate) change: fn() -> Value,
}

/// Who makes the objects of a collection, and sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Members of a project, which they belong to.
    Project,
    /// Administrators make them, and all see them.
    Admin,
    /// Administrators make them, and nobody else sees them.
    Hidden,
}

impl Kind {
    /// Of the collection.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.api, self.collection)
    }

    /// Of one object, with a name for its id.
    pub(crate) fn one(&self) -> String {
        format!("{}/{{{}_id}}", self.path(), self.singular)
    }

    /// The method that changes an object.
    pub(crate) fn verb(&self) -> &'static str {
        if self.api == IDENTITY { "PATCH" } else { "PUT" }
    }

    /// What asks for the `n`th object.
    pub(crate) fn creation(&self, n: u32) -> Value {
        json!({self.singular: (self.attributes)(n)})
    }

    /// What asks for a change.
    pub(crate) fn update(&self) -> Value {
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
    Kind { api: IDENTITY, collection, singular, access, has_tags: false, stranger: 403, attributes, change }
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

    const fn on_own(mut self, stranger: u16) -> Self {
        self.stranger = stranger;
        self
    }
}

/// In an order in which each object finds what it needs.
pub(crate) static KINDS: &[Kind] = &[
    owned("networks", "network", |_| json!({}), || json!({"description": "changed", "mtu": 1400})).tagged(),
    owned(
        "subnets",
        "subnet",
        |n| json!({"network_id": "{network}", "ip_version": 4, "cidr": format!("10.{n}.0.0/24")}),
        || json!({"dns_nameservers": ["192.0.2.53"]}),
    )
    .tagged()
    .on_own(404),
    owned(
        "ports",
        "port",
        |_| json!({"network_id": "{network}", "device_id": "vm"}),
        || json!({"description": "changed"}),
    )
    .tagged()
    .on_own(404),
    owned(
        "routers",
        "router",
        |_| json!({"external_gateway_info": {"network_id": "{ext}"}}),
        || json!({"admin_state_up": false}),
    )
    .tagged(),
    owned(
        "floatingips",
        "floatingip",
        |_| json!({"floating_network_id": "{ext}"}),
        || json!({"description": "changed"}),
    )
    .tagged(),
    owned("security-groups", "security_group", |_| json!({}), || json!({"stateful": false})).tagged(),
    owned(
        "security-group-rules",
        "security_group_rule",
        |n| json!({"security_group_id": "{security_group}", "direction": "ingress", "protocol": n % 256}),
        // No attribute of a rule can be changed.
        || json!({}),
    )
    .on_own(404),
    owned("vpn/ikepolicies", "ikepolicy", |_| json!({}), || json!({"lifetime": {"value": 7200}})),
    owned("vpn/ipsecpolicies", "ipsecpolicy", |_| json!({}), || json!({"pfs": "group14"})),
    owned(
        "vpn/vpnservices",
        "vpnservice",
        |_| json!({"router_id": "{router}", "subnet_id": "{subnet}"}),
        || json!({"admin_state_up": false}),
    )
    .on_own(404),
    owned(
        "vpn/endpoint-groups",
        "endpoint_group",
        |n| json!({"type": "cidr", "endpoints": [format!("10.{n}.0.0/24")]}),
        || json!({"description": "changed"}),
    ),
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
    .on_own(404),
    owned(
        "flavors",
        "flavor",
        |n| json!({"name": format!("flavor-{n}"), "service_type": "VPN"}),
        || json!({"description": "changed"}),
    )
    .by(Access::Admin),
    owned(
        "service_profiles",
        "service_profile",
        |n| json!({"metainfo": format!("profile {n}")}),
        || json!({"description": "changed"}),
    )
    .by(Access::Hidden),
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
