//! The extensions that the Networking API announces. An alias promises attributes and behaviour; clients look one up by
//! alias or by name, so both are contract.

use serde::Serialize;

/// An entry of `/v2.0/extensions`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Extension {
    /// What clients ask for.
    pub alias: &'static str,
    /// What some clients ask for.
    pub name: &'static str,
    /// For people.
    pub description: &'static str,
    /// When the extension was defined.
    pub updated: &'static str,
    /// Always empty.
    pub links: [(); 0],
}

/// All of them, by alias.
pub static EXTENSIONS: &[Extension] = &[
    extension(
        "adit-vpn-check",
        "VPN check",
        "Asks the gateway of an IPsec site connection to try the peer, the path to it, and the tunnel",
        "2026-11-22T10:00:00-00:00",
    ),
    extension(
        "adit-vpn-diagnostics",
        "VPN diagnostics",
        "Why VPN services and IPsec site connections are as they are: reasons, security associations, events; and whether \
         what was asked for is in force",
        "2026-11-21T10:00:00-00:00",
    ),
    extension(
        "adit-vpn-peer-config",
        "VPN peer configuration",
        "The configuration of the device at the other end of an IPsec site connection",
        "2026-11-22T10:00:00-00:00",
    ),
    extension("agent", "agent", "The agent management extension.", "2013-02-03T10:00:00-00:00"),
    extension(
        "allowed-address-pairs",
        "Allowed Address Pairs",
        "Provides allowed address pairs",
        "2013-07-23T10:00:00-00:00",
    ),
    extension(
        "availability_zone",
        "Availability Zone",
        "The availability zone extension.",
        "2015-01-01T10:00:00-00:00",
    ),
    extension(
        "availability_zone_filter",
        "Availability Zone Filter Extension",
        "Add filter parameters to AvailabilityZone resource",
        "2018-06-22T10:00:00-00:00",
    ),
    extension(
        "binding",
        "Port Binding",
        "Expose port bindings of a virtual port to external application",
        "2014-02-03T10:00:00-00:00",
    ),
    extension(
        "empty-string-filtering",
        "Empty String Filtering Extension",
        "Allow filtering by attributes with empty string value",
        "2018-05-01T10:00:00-00:00",
    ),
    extension(
        "ext-gw-mode",
        "Neutron L3 Configurable external gateway mode",
        "Extension of the router abstraction for specifying whether SNAT should occur on the external gateway",
        "2013-03-28T10:00:00-00:00",
    ),
    extension(
        "external-net",
        "Neutron external network",
        "Adds external network attribute to network resource.",
        "2013-01-14T10:00:00-00:00",
    ),
    extension(
        "extra_dhcp_opt",
        "Neutron Extra DHCP options",
        "Extra options configuration for DHCP, per port",
        "2013-03-17T12:00:00-00:00",
    ),
    extension(
        "extraroute",
        "Neutron Extra Route",
        "Extra routes configuration for L3 router",
        "2013-02-01T10:00:00-00:00",
    ),
    extension(
        "extraroute-atomic",
        "Atomically add/remove extra routes",
        "Edit extra routes of a router on server side by atomically adding/removing extra routes",
        "2019-07-10T00:00:00+00:00",
    ),
    extension(
        "filter-validation",
        "Filter parameters validation",
        "Provides validation on filter parameters.",
        "2018-07-04T10:00:00-00:00",
    ),
    extension(
        "fip-port-details",
        "Floating IP Port Details Extension",
        "Add port_details attribute to Floating IP resource",
        "2018-04-09T10:00:00-00:00",
    ),
    extension(
        "flavors",
        "Neutron Service Flavors",
        "Flavor specification for Neutron advanced services.",
        "2015-09-17T10:00:00-00:00",
    ),
    extension(
        "floatingip-pools",
        "Floating IP Pools Extension",
        "Provides a floating IP pools API.",
        "2018-03-21T10:00:00-00:00",
    ),
    extension(
        "ip-substring-filtering",
        "IP address substring filtering",
        "Provides IP address substring filtering when listing ports",
        "2017-11-28T09:00:00-00:00",
    ),
    extension(
        "l3-port-ip-change-not-allowed",
        "Prevent L3 router ports IP address change extension",
        "Prevent change of IP address for some L3 router ports",
        "2018-10-09T10:00:00-00:00",
    ),
    extension(
        "l3_agent_scheduler",
        "L3 Agent Scheduler",
        "Schedule routers among l3 agents",
        "2013-02-07T10:00:00-00:00",
    ),
    extension(
        "net-mtu",
        "Network MTU",
        "Provides MTU attribute for a network resource.",
        "2015-03-25T10:00:00-00:00",
    ),
    extension(
        "net-mtu-writable",
        "Network MTU (writable)",
        "Provides a writable MTU attribute for a network resource.",
        "2017-07-12T00:00:00-00:00",
    ),
    extension(
        "network_availability_zone",
        "Network Availability Zone",
        "Availability zone support for network.",
        "2015-01-01T10:00:00-00:00",
    ),
    extension(
        "network-ip-availability",
        "Network IP Availability",
        "Provides IP availability data for each network and subnet.",
        "2015-09-24T00:00:00-00:00",
    ),
    extension(
        "pagination",
        "Pagination support",
        "Extension that indicates that pagination is enabled.",
        "2016-06-12T00:00:00-00:00",
    ),
    extension("port-security", "Port Security", "Provides port security", "2012-07-23T10:00:00-00:00"),
    extension(
        "project-id",
        "project_id field enabled",
        "Extension that indicates that project_id field is enabled.",
        "2016-09-09T09:09:09-09:09",
    ),
    extension(
        "provider",
        "Provider Network",
        "Expose mapping of virtual networks to physical networks",
        "2012-09-07T10:00:00-00:00",
    ),
    extension(
        "quota-check-limit",
        "Quota engine limit check",
        "Support for checking the resource usage before applying a new quota limit",
        "2021-09-08T16:00:00-00:00",
    ),
    extension(
        "quota-check-limit-default",
        "Quota engine limit check by default",
        "By default, the Neutron quota engine checks the resource usage before applying a new quota limit",
        "2024-08-21T16:00:00-00:00",
    ),
    extension(
        "quota_details",
        "Quota details management support",
        "Expose functions for quotas usage statistics per project",
        "2017-02-10T10:00:00-00:00",
    ),
    extension(
        "quotas",
        "Quota management support",
        "Expose functions for quotas management per project",
        "2012-07-29T10:00:00-00:00",
    ),
    extension(
        "revision-if-match",
        "If-Match constraints based on revision_number",
        "Extension indicating that If-Match based on revision_number is supported.",
        "2016-12-11T00:00:00-00:00",
    ),
    extension(
        "router",
        "Neutron L3 Router",
        "Router abstraction for basic L3 forwarding between L2 Neutron networks and access to external networks via a NAT gateway.",
        "2012-07-20T10:00:00-00:00",
    ),
    extension(
        "router_availability_zone",
        "Router Availability Zone",
        "Availability zone support for router.",
        "2015-01-01T10:00:00-00:00",
    ),
    extension(
        "security-group",
        "security-group",
        "The security groups extension.",
        "2012-10-05T10:00:00-00:00",
    ),
    extension(
        "security-groups-normalized-cidr",
        "Normalized CIDR field for security group rules",
        "Shows the network of a rule without host bits, beside what was asked for.",
        "2020-07-28T10:00:00-00:00",
    ),
    extension(
        "security-groups-shared-filtering",
        "Security group filtering on the shared field",
        "Lists of security groups can be filtered by whether they are shared.",
        "2021-10-05T09:00:00-00:00",
    ),
    extension(
        "service-type",
        "Neutron Service Type Management",
        "API for retrieving service providers for Neutron advanced services",
        "2013-01-20T00:00:00-00:00",
    ),
    extension(
        "sorting",
        "Sorting support",
        "Extension that indicates that sorting is enabled.",
        "2016-06-12T00:00:00-00:00",
    ),
    extension(
        "standard-attr-description",
        "standard-attr-description",
        "Extension to add descriptions to standard attributes",
        "2016-02-10T10:00:00-00:00",
    ),
    extension(
        "standard-attr-revisions",
        "Resource revision numbers",
        "This extension will display the revision number of neutron resources.",
        "2016-04-11T10:00:00-00:00",
    ),
    extension(
        "standard-attr-tag",
        "Tag support for resources with standard attribute: port, subnet, subnetpool, network, security_group, router, floatingip, policy, trunk, network_segment_range",
        "Enables to set tag on resources with standard attribute.",
        "2017-01-01T00:00:00-00:00",
    ),
    extension(
        "standard-attr-timestamp",
        "Resource timestamps",
        "Adds created_at and updated_at fields to all Neutron resources that have Neutron standard attributes.",
        "2016-09-12T10:00:00-00:00",
    ),
    extension(
        "stateful-security-group",
        "Stateful security group",
        "Says of a security group whether it is stateful.",
        "2019-11-26T09:00:00-00:00",
    ),
    extension(
        "subnet-external-network",
        "Subnet belongs to an external network",
        "Informs if the subnet belongs to an external network",
        "2024-02-05T18:00:00-00:00",
    ),
    extension(
        "tag-creation",
        "Tag creation extension",
        "Allow to create multiple tags for a resource",
        "2024-23-07T10:00:00-00:00",
    ),
    extension(
        "tag-ports-during-bulk-creation",
        "Tag Ports During Bulk Creation",
        "Allow to tag ports during bulk creation",
        "2019-12-29T19:00:00-00:00",
    ),
    extension(
        "vpn-aes-ccm-gcm",
        "VPN support for AES CCM, GCM modes",
        "Add choices for encryption, auth and pfs",
        "2023-10-24T11:00:00-00:00",
    ),
    extension(
        "vpn-aes-ctr",
        "VPN support for AES CTR mode",
        "Add AES CTR choices for encryption algorithm",
        "2024-01-09T09:00:00-00:00",
    ),
    extension(
        "vpn-endpoint-groups",
        "VPN Endpoint Groups",
        "VPN endpoint groups support",
        "2015-08-04T10:00:00-00:00",
    ),
    extension(
        "vpn-flavors",
        "VPN Service Flavor Extension",
        "Flavor support for vpnservices.",
        "2017-04-19T00:00:00-00:00",
    ),
    extension("vpnaas", "VPN service", "Extension for VPN service", "2013-05-29T10:00:00-00:00"),
];

const fn extension(
    alias: &'static str,
    name: &'static str,
    description: &'static str,
    updated: &'static str,
) -> Extension {
    Extension { alias, name, description, updated, links: [] }
}
