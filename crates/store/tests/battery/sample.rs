//! Records to write. Each depends on those above it; a number makes it another one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use adit_model::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, IkeVersion, LifetimeSecs,
    NegotiationMode, TransformProtocol,
};
use adit_model::endpoint_group::{EndpointType, Endpoints};
use adit_model::flavor::ServiceType;
use adit_model::floating_ip::FloatingIpStatus;
use adit_model::identity::{
    AccessRule, AccessRuleId, ApplicationCredentialId, Domain, Endpoint, EndpointId, Interface, PasswordHash,
    Project, Region, RegionId, RequestRule, Role, RoleAssignment, Scope, Service, ServiceId, User,
};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::network::PhysicalNetwork;
use adit_model::port::{AddressPair, Binding, DhcpOption, FixedIp, PairAddress, VnicType};
use adit_model::router::{Gateway, Route};
use adit_model::security_group::{Direction, EtherType, Remote, Traffic};
use adit_model::site_connection::{Dpd, DpdAction, Initiator, Selectors};
use adit_model::subnet::{AllocationPool, Ipv6Mode};
use adit_model::{
    DomainId, EndpointGroup, Flavor, FloatingIp, IkePolicy, IpsecPolicy, MacAddress, Network, Port,
    ProjectId, Psk, Reason, ReasonCode, RoleId, Router, SecurityGroup, SecurityGroupRule, ServiceProfile,
    SiteConnection, Status, Subnet, UserId, VpnService,
};
use adit_store::{Agent, ApplicationCredential, Token, TokenDigest};
use jiff::Timestamp;

/// The key of every connection here.
pub(crate) const PSK: &str = "sécret, with a quote ' and a \\";

/// The id with this number.
pub(crate) fn id<T: FromStr<Err: std::fmt::Debug>>(number: u8) -> T {
    format!("00000000-0000-4000-8000-0000000000{number:02x}").parse().unwrap()
}

pub(crate) fn project() -> ProjectId {
    ProjectId::new("70061ce0cd2e47ef9d7dc82174dc9923")
}

pub(crate) fn network(number: u8) -> Network {
    Network {
        id: id(number),
        project_id: project(),
        name: format!("network{number}"),
        description: "ünïcode, and 100 %".to_owned(),
        admin_state_up: true,
        shared: false,
        external: false,
        physical: None,
        mtu: 1500,
        port_security_enabled: true,
        dns_domain: "left.example.org.".to_owned(),
        is_default: false,
        availability_zone_hints: vec!["nova".to_owned()],
    }
}

pub(crate) fn external_network(number: u8) -> Network {
    Network {
        name: "ext-net".to_owned(),
        external: true,
        is_default: true,
        physical: Some(PhysicalNetwork { name: "public".to_owned(), vlan: Some(4094) }),
        ..network(number)
    }
}

/// 10.NUMBER.0.0/24 on the network with that number.
pub(crate) fn subnet(number: u8) -> Subnet {
    let address = |last| IpAddr::V4(Ipv4Addr::new(10, number, 0, last));
    Subnet {
        id: id(number),
        project_id: project(),
        name: format!("subnet{number}"),
        description: String::new(),
        network_id: id(number),
        cidr: format!("10.{number}.0.0/24").parse().unwrap(),
        gateway_ip: Some(address(1)),
        allocation_pools: vec![
            AllocationPool { start: address(2), end: address(99) },
            AllocationPool { start: address(200), end: address(254) },
        ],
        dns_nameservers: vec![address(53), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        host_routes: vec![Route { destination: "192.0.2.7/24".parse().unwrap(), nexthop: address(9) }],
        enable_dhcp: true,
        ipv6_ra_mode: None,
        ipv6_address_mode: None,
        service_types: vec!["compute:nova".to_owned()],
    }
}

pub(crate) fn ipv6_subnet(number: u8) -> Subnet {
    Subnet {
        cidr: format!("fd00:{number}::/64").parse().unwrap(),
        gateway_ip: None,
        allocation_pools: Vec::new(),
        dns_nameservers: Vec::new(),
        host_routes: Vec::new(),
        enable_dhcp: false,
        ipv6_ra_mode: Some(Ipv6Mode::Slaac),
        ipv6_address_mode: Some(Ipv6Mode::Slaac),
        ..subnet(number)
    }
}

/// On the network with its number, with the addresses .NUMBER and .NUMBER+1 of the subnet with that number.
pub(crate) fn port(number: u8) -> Port {
    let fixed_ip =
        |last| FixedIp { subnet_id: id(number), ip_address: IpAddr::V4(Ipv4Addr::new(10, number, 0, last)) };
    Port {
        id: id(number),
        project_id: project(),
        name: format!("port{number}"),
        description: String::new(),
        network_id: id(number),
        mac_address: MacAddress::generated([0, 0, number]),
        // Not in the order of their numbers: it is the owner's.
        fixed_ips: vec![fixed_ip(number + 1), fixed_ip(number)],
        device_id: String::new(),
        device_owner: String::new(),
        admin_state_up: true,
        port_security_enabled: true,
        wired: false,
        allowed_address_pairs: vec![
            AddressPair {
                mac_address: MacAddress::generated([0, 0, number]),
                ip_address: PairAddress::Network(format!("10.{number}.0.0/24").parse().unwrap()),
            },
            AddressPair {
                mac_address: MacAddress::generated([0, 0, number]),
                ip_address: PairAddress::Host(fixed_ip(9).ip_address),
            },
        ],
        extra_dhcp_opts: vec![DhcpOption {
            opt_name: "bootfile-name".to_owned(),
            opt_value: "pxelinux.0".to_owned(),
            ip_version: 4,
        }],
        security_groups: Vec::new(),
        binding: Binding {
            vnic_type: VnicType::Direct,
            host_id: "node-1".to_owned(),
            profile: serde_json::Map::from_iter([("slot".to_owned(), serde_json::Value::from(7))]),
        },
    }
}

pub(crate) fn security_group(number: u8) -> SecurityGroup {
    SecurityGroup {
        id: id(number),
        project_id: project(),
        name: format!("group{number}"),
        description: String::new(),
        stateful: true,
        is_default: false,
    }
}

/// Of the group with that number.
pub(crate) fn security_group_rule(number: u8, remote: Remote) -> SecurityGroupRule {
    SecurityGroupRule {
        id: id(number),
        project_id: project(),
        security_group_id: id(number),
        description: "web".to_owned(),
        traffic: Traffic {
            direction: Direction::Ingress,
            ethertype: EtherType::Ipv4,
            protocol: Some("tcp".parse().unwrap()),
            port_range_min: Some(80),
            port_range_max: Some(u16::MAX),
            remote,
        },
    }
}

/// Without a gateway and without an agent.
pub(crate) fn router(number: u8) -> Router {
    Router {
        id: id(number),
        project_id: project(),
        name: format!("router{number}"),
        description: String::new(),
        admin_state_up: true,
        gateway: None,
        routes: vec![Route {
            destination: "10.51.0.0/24".parse().unwrap(),
            nexthop: IpAddr::V4(Ipv4Addr::new(10, 40, 0, 9)),
        }],
        availability_zone_hints: vec!["nova".to_owned()],
        flavor_id: Some(id(number)),
        agent_id: None,
        generation: 0,
    }
}

/// With its gateway on the network and port with the other number.
pub(crate) fn router_with_gateway(number: u8, gateway: u8) -> Router {
    let gateway = Gateway { network_id: id(gateway), port_id: id(gateway), enable_snat: false };
    Router { gateway: Some(gateway), ..router(number) }
}

/// An address of the network with the other number, which the port with that number holds.
pub(crate) fn floating_ip(number: u8, network: u8) -> FloatingIp {
    FloatingIp {
        id: id(number),
        project_id: project(),
        description: String::new(),
        network_id: id(network),
        address: Ipv4Addr::new(10, network, 0, number),
        own_port_id: id(network),
        association: None,
        status: FloatingIpStatus::Down,
    }
}

pub(crate) fn agent(number: u8) -> Agent {
    Agent {
        id: id(number),
        host: format!("node{number}"),
        availability_zone: "nova".to_owned(),
        description: None,
        admin_state_up: true,
        data_plane: "userspace".to_owned(),
        physical_networks: vec!["public".to_owned(), "lab".to_owned()],
        started_at: time(1_700_000_000),
        heartbeat_at: time(1_700_000_060),
    }
}

pub(crate) fn ike_policy(number: u8) -> IkePolicy {
    IkePolicy {
        id: id(number),
        project_id: project(),
        name: "ikepolicy".to_owned(),
        description: String::new(),
        parameters: IkeParameters {
            version: IkeVersion::V2,
            negotiation_mode: NegotiationMode::Main,
            encryption: EncryptionAlgorithm::Aes256Gcm16,
            auth: AuthAlgorithm::Sha384,
            dh_group: DhGroup::Group20,
            lifetime: LifetimeSecs::try_from(7200).unwrap(),
        },
    }
}

pub(crate) fn ipsec_policy(number: u8) -> IpsecPolicy {
    IpsecPolicy {
        id: id(number),
        project_id: project(),
        name: "ipsecpolicy".to_owned(),
        description: String::new(),
        parameters: IpsecParameters {
            transform_protocol: TransformProtocol::Esp,
            encapsulation_mode: EncapsulationMode::Tunnel,
            encryption: EncryptionAlgorithm::Aes128,
            auth: AuthAlgorithm::Sha1,
            pfs_group: DhGroup::Group5,
            lifetime: LifetimeSecs::try_from(u32::MAX).unwrap(),
        },
    }
}

/// On the router and subnet with its number.
pub(crate) fn vpn_service(number: u8) -> VpnService {
    VpnService {
        id: id(number),
        project_id: project(),
        name: "vpn".to_owned(),
        description: String::new(),
        router_id: id(number),
        subnet_id: Some(id(number)),
        flavor_id: Some(id(number)),
        admin_state_up: true,
        external_v4_ip: Some(Ipv4Addr::new(192, 0, 2, 1)),
        external_v6_ip: Some("2001:db8::1".parse().unwrap()),
        status: Status::PendingCreate,
        reason: None,
    }
}

/// Of CIDRs, given in an order of their own.
pub(crate) fn flavor(number: u8) -> Flavor {
    Flavor {
        id: id(number),
        name: "gold".to_owned(),
        description: "the best".to_owned(),
        service_type: ServiceType::Vpn,
        enabled: true,
        service_profiles: Vec::new(),
    }
}

pub(crate) fn service_profile(number: u8) -> ServiceProfile {
    ServiceProfile {
        id: id(number),
        description: "strongSwan".to_owned(),
        driver: "strongswan".to_owned(),
        enabled: true,
        metainfo: "{'a': 1}".to_owned(),
    }
}

pub(crate) fn cidr_group(number: u8) -> EndpointGroup {
    let members = ["10.9.0.0/24", "10.2.0.5/24", "10.7.0.0/16"].map(str::to_owned);
    group(number, Endpoints::parse(EndpointType::Cidr, &members).unwrap())
}

/// With the subnet that has its number.
pub(crate) fn subnet_group(number: u8) -> EndpointGroup {
    group(number, Endpoints::Subnets(vec![id(number)]))
}

fn group(number: u8, endpoints: Endpoints) -> EndpointGroup {
    let name = format!("group{number}");
    EndpointGroup { id: id(number), project_id: project(), name, description: String::new(), endpoints }
}

/// Of the service and the policies with its number.
pub(crate) fn site_connection(number: u8) -> SiteConnection {
    SiteConnection {
        id: id(number),
        project_id: project(),
        name: "conn".to_owned(),
        description: String::new(),
        vpn_service_id: id(number),
        ike_policy_id: id(number),
        ipsec_policy_id: id(number),
        local_id: String::new(),
        peer_address: "192.0.2.2".to_owned(),
        peer_id: "@right".to_owned(),
        selectors: Selectors::ServiceSubnet { peer_cidrs: vec!["10.2.0.5/24".parse().unwrap()] },
        mtu: 1400,
        initiator: Initiator::ResponseOnly,
        dpd: Dpd { action: DpdAction::RestartByPeer, interval: 10, timeout: 60 },
        psk: Psk::new(PSK),
        admin_state_up: false,
        status: Status::Down,
        reason: Some(Reason::new(ReasonCode::PeerUnreachable, "192.0.2.2 does not answer")),
    }
}

pub(crate) fn domain(id: &str) -> Domain {
    let id = DomainId::new(id);
    Domain { name: format!("name of {id}"), description: String::new(), enabled: true, id }
}

/// Of the domain `default`.
pub(crate) fn identity_project(id: &ProjectId) -> Project {
    Project {
        id: id.clone(),
        domain_id: DomainId::new("default"),
        name: format!("name of {id}"),
        description: "d".repeat(1000),
        enabled: true,
        tags: vec!["a".to_owned(), "b c".to_owned()],
    }
}

/// Of the domain `default`.
pub(crate) fn user(id: &str) -> User {
    User {
        id: UserId::new(id),
        domain_id: DomainId::new("default"),
        name: format!("name of {id}"),
        enabled: true,
        password_hash: Some(PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")),
        default_project_id: Some(project()),
        email: None,
        description: Some("somebody".to_owned()),
    }
}

pub(crate) fn role(name: &str) -> Role {
    Role { id: RoleId::new(name), name: name.to_owned(), description: None, immutable: true }
}

pub(crate) fn assignment(user: &str, role: &str) -> RoleAssignment {
    assignment_in(Scope::Project(project()), user, role)
}

pub(crate) fn assignment_in(scope: Scope, user: &str, role: &str) -> RoleAssignment {
    RoleAssignment { scope, user_id: UserId::new(user), role_id: RoleId::new(role) }
}

/// A part of another one, if that is named.
pub(crate) fn region(id: &str, parent: Option<&str>) -> Region {
    Region { id: RegionId::new(id), description: "near".to_owned(), parent_id: parent.map(RegionId::new) }
}

pub(crate) fn service(id: &str) -> Service {
    Service {
        id: ServiceId::new(id),
        service_type: "image".to_owned(),
        name: "glance".to_owned(),
        description: None,
        enabled: false,
    }
}

/// Of the service, in the region.
pub(crate) fn endpoint(id: &str, service: &str, region: &str) -> Endpoint {
    Endpoint {
        id: EndpointId::new(id),
        service_id: ServiceId::new(service),
        interface: Interface::Internal,
        region_id: Some(RegionId::new(region)),
        url: "http://192.0.2.1/$(project_id)s".to_owned(),
        enabled: true,
    }
}

/// Of the user.
pub(crate) fn access_rule(id: &str, user: &str) -> AccessRule {
    let rule = RequestRule {
        service: "network".to_owned(),
        method: "GET".to_owned(),
        path: "/v2.0/vpn/**".to_owned(),
    };
    AccessRule { id: AccessRuleId::new(id), user_id: UserId::new(user), rule }
}

/// Of the user, in the project.
pub(crate) fn application_credential(id: &str, user: &str) -> ApplicationCredential {
    ApplicationCredential {
        id: ApplicationCredentialId::new(id),
        user_id: UserId::new(user),
        project_id: project(),
        name: "robot".to_owned(),
        description: Some("for scripts".to_owned()),
        secret_hash: PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
        role_ids: vec![RoleId::new("member"), RoleId::new("reader")],
        access_rule_ids: vec![AccessRuleId::new("r")],
        unrestricted: true,
        expires_at: Some(time(4_000_000_000)),
    }
}

/// Of the user, in the project, valid until `expires_at`.
pub(crate) fn token(number: u8, user: &str, expires_at: Timestamp) -> Token {
    Token {
        digest: TokenDigest::new([number; 32]),
        user_id: UserId::new(user),
        scope: Some(Scope::Project(project())),
        application_credential_id: None,
        methods: vec!["password".to_owned(), "token".to_owned()],
        audit_ids: vec!["audit".to_owned()],
        issued_at: time(1_700_000_000),
        expires_at,
    }
}

pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}
