//! Writing records, reading them again, changing and deleting them.

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::time::Duration;

use adit_model::floating_ip::{Association, FloatingIpStatus};
use adit_model::identity::{ApplicationCredentialId, RoleAssignment, Scope};
use adit_model::security_group::{Remote, Traffic};
use adit_model::site_connection::Selectors;
use adit_model::{
    DomainId, Flavor, FloatingIp, IkePolicy, IpsecPolicy, Network, Port, Reason, ReasonCode, Router,
    SecurityGroup, SecurityGroupRule, SiteConnection, Status, Subnet, UserId, VpnService,
};
use adit_store::{
    ApplicationCredential, Error, Listing, Record, RoleAssignmentFilter, Store, Token, TokenDigest,
};

use crate::database::{Database, assert_same, insert};
use crate::sample::{self, id};

pub(crate) async fn every_record_is_read_as_it_was_written(database: Database) -> Database {
    let store = database.store().await;
    for domain in ["default", "other"] {
        written_and_read(&store, sample::domain(domain)).await;
    }
    written_and_read(&store, sample::identity_project(&sample::project())).await;
    written_and_read(&store, sample::user("u")).await;
    written_and_read(&store, sample::role("member")).await;
    written_and_read(&store, sample::access_rule("r", "u")).await;
    written_and_read(&store, sample::application_credential("a", "u")).await;
    written_and_read(&store, sample::region("north", None)).await;
    written_and_read(&store, sample::region("north-1", Some("north"))).await;
    written_and_read(&store, sample::service("s")).await;
    written_and_read(&store, sample::endpoint("e", "s", "north-1")).await;
    written_and_read(&store, sample::agent(1)).await;
    written_and_read(&store, sample::network(1)).await;
    written_and_read(&store, sample::external_network(2)).await;
    written_and_read(&store, sample::subnet(1)).await;
    written_and_read(&store, sample::ipv6_subnet(2)).await;
    written_and_read(&store, sample::port(1)).await;
    for number in [1, 2] {
        let is_default = number == 1;
        written_and_read(&store, SecurityGroup { is_default, ..sample::security_group(number) }).await;
    }
    let security_groups = vec![id(2), id(1)];
    let port = Port { fixed_ips: Vec::new(), wired: true, security_groups, ..sample::port(2) };
    written_and_read(&store, port).await;
    let prefix = Remote::Prefix("10.2.0.1/24".parse().unwrap());
    written_and_read(&store, sample::security_group_rule(1, prefix)).await;
    written_and_read(&store, sample::security_group_rule(2, Remote::Group(id(1)))).await;
    let rule = sample::security_group_rule(1, Remote::Any);
    let traffic = Traffic { protocol: None, port_range_min: None, port_range_max: None, ..rule.traffic };
    written_and_read(&store, SecurityGroupRule { id: id(3), traffic, ..rule }).await;
    written_and_read(&store, sample::router(1)).await;
    written_and_read(&store, sample::router_with_gateway(2, 2)).await;
    written_and_read(&store, sample::floating_ip(1, 2)).await;
    let association = Association { port_id: id(1), fixed_ip: Ipv4Addr::new(10, 1, 0, 1), router_id: id(1) };
    let associated = FloatingIp {
        own_port_id: id(1),
        association: Some(association),
        status: FloatingIpStatus::Error,
        ..sample::floating_ip(2, 2)
    };
    written_and_read(&store, associated).await;
    written_and_read(&store, sample::ike_policy(1)).await;
    written_and_read(&store, sample::ipsec_policy(1)).await;
    written_and_read(&store, sample::service_profile(1)).await;
    written_and_read(&store, sample::flavor(1)).await;
    written_and_read(&store, Flavor { service_profiles: vec![id(1)], ..sample::flavor(2) }).await;
    written_and_read(&store, sample::vpn_service(1)).await;
    let bare = VpnService {
        subnet_id: None,
        flavor_id: None,
        external_v4_ip: None,
        external_v6_ip: None,
        ..sample::vpn_service(2)
    };
    written_and_read(&store, bare).await;
    written_and_read(&store, sample::subnet_group(1)).await;
    written_and_read(&store, sample::cidr_group(2)).await;
    written_and_read(&store, sample::site_connection(1)).await;
    let selectors = Selectors::EndpointGroups { local: id(1), peer: id(2) };
    let by_groups = SiteConnection { id: id(2), selectors, reason: None, ..sample::site_connection(1) };
    written_and_read(&store, by_groups).await;
    let session = store.read().await.unwrap();
    let connection =
        session.table::<SiteConnection>().find(id::<adit_model::SiteConnectionId>(1)).await.unwrap().unwrap();
    assert_eq!(connection.psk.expose(), sample::PSK);
    database
}

async fn written_and_read<R: Record + Debug>(store: &Store, record: R) {
    let written = insert(store, record).await;
    assert_eq!(written.revision_number, 1);
    let session = store.read().await.unwrap();
    let read = session.table::<R>().find(written.id()).await.unwrap().expect("it was written");
    assert_same(&read, &written);
    let listed = session.table::<R>().list(&Listing::of("id", written.id())).await.unwrap();
    assert_same(&listed, &vec![&written]);
}

pub(crate) async fn updates_make_revisions_and_deletions_are_noticed(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(1)).await;
    insert(&store, sample::subnet(1)).await;
    let made = insert(&store, sample::port(1)).await;

    let session = store.write().await.unwrap();
    let mut port = session.table::<Port>().lock(made.id).await.unwrap().unwrap();
    port.name = "renamed".to_owned();
    port.fixed_ips.remove(0);
    session.table::<Port>().update(&mut port).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(port.revision_number, 2);
    assert!(port.updated_at > made.updated_at, "{port:?}");

    let session = store.write().await.unwrap();
    let read = session.table::<Port>().find(made.id).await.unwrap().unwrap();
    assert_same(&read, &port);
    assert_eq!(read.created_at, made.created_at);
    session.table::<Port>().delete(made.id).await.unwrap();
    assert!(session.table::<Port>().find(made.id).await.unwrap().is_none());
    assert!(matches!(session.table::<Port>().delete(made.id).await, Err(Error::Vanished { .. })));
    assert!(matches!(session.table::<Port>().update(&mut port).await, Err(Error::Vanished { .. })));
    assert!(session.table::<Port>().addresses_of(id(1)).await.unwrap().is_empty(), "they go with the port");
    session.commit().await.unwrap();
    database
}

pub(crate) async fn status_and_wiring_make_no_revision(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(1)).await;
    insert(&store, sample::subnet(1)).await;
    insert(&store, sample::port(1)).await;
    insert(&store, sample::agent(1)).await;
    insert(&store, sample::router(1)).await;
    insert(&store, sample::vpn_service(1)).await;
    insert::<IkePolicy>(&store, sample::ike_policy(1)).await;
    insert::<IpsecPolicy>(&store, sample::ipsec_policy(1)).await;
    insert(&store, sample::site_connection(1)).await;

    let reason = Reason::new(ReasonCode::Other, "seen");
    let session = store.write().await.unwrap();
    session.table::<VpnService>().set_status(id(1), Status::Active, None).await.unwrap();
    session.table::<SiteConnection>().set_status(id(1), Status::Error, Some(&reason)).await.unwrap();
    session.table::<SiteConnection>().set_status(id(9), Status::Active, None).await.expect("it is gone");
    let ports = session.table::<Port>();
    let before = ports.find(id::<adit_model::PortId>(1)).await.unwrap().unwrap().record.binding.host_id;
    assert!(!ports.set_wired(id(1), true, "elsewhere", "node-2").await.unwrap());
    assert!(ports.set_wired(id(1), true, &before, "node-2").await.unwrap());
    for (from, to, is_done) in
        [(Some(id(2)), None, false), (None, Some(id(1)), true), (None, Some(id(2)), false)]
    {
        assert_eq!(
            session.table::<Router>().assign(id(1), from, to).await.unwrap(),
            is_done,
            "{from:?} {to:?}"
        );
    }
    session.touch(id(1));
    assert!(session.table::<adit_store::Agent>().heard_of(id(1)).await.unwrap());
    assert!(!session.table::<adit_store::Agent>().heard_of(id(9)).await.unwrap());
    session.commit().await.unwrap();

    let session = store.read().await.unwrap();
    let service = session.table::<VpnService>().list(&Listing::default()).await.unwrap().pop().unwrap();
    assert_eq!((service.status, service.revision_number), (Status::Active, 1));
    let connection =
        session.table::<SiteConnection>().list(&Listing::default()).await.unwrap().pop().unwrap();
    assert_eq!(
        (connection.status, connection.reason.as_ref(), connection.revision_number),
        (Status::Error, Some(&reason), 1)
    );
    let port = session.table::<Port>().list(&Listing::default()).await.unwrap().pop().unwrap();
    assert!(port.wired && port.revision_number == 1, "{port:?}");
    let mut router = session.table::<Router>().list(&Listing::default()).await.unwrap().pop().unwrap();
    assert_eq!((router.agent_id, router.generation, router.revision_number), (Some(id(1)), 1, 1));
    assert_eq!(session.table::<Router>().unassigned().await.unwrap(), []);
    drop(session);

    // A router that was read before it was assigned and touched again must not undo either.
    (router.agent_id, router.generation) = (None, 0);
    let session = store.write().await.unwrap();
    session.table::<Router>().update(&mut router).await.unwrap();
    let router = session.table::<Router>().find(router.id).await.unwrap().unwrap();
    assert_eq!((router.agent_id, router.generation, router.revision_number), (Some(id(1)), 1, 2));
    assert_eq!(session.table::<Subnet>().count(&Listing::default()).await.unwrap(), 1);
    assert_eq!(session.table::<Network>().count(&Listing::of("name", "nobody")).await.unwrap(), 0);
    session.commit().await.unwrap();
    database
}

pub(crate) async fn roles_have_statements_of_their_own(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::domain("default")).await;
    insert(&store, sample::identity_project(&sample::project())).await;
    for user in ["u", "v"] {
        insert(&store, sample::user(user)).await;
    }
    for role in ["member", "admin"] {
        insert(&store, sample::role(role)).await;
    }
    let session = store.write().await.unwrap();
    for (user, role) in [("u", "member"), ("u", "admin"), ("v", "member"), ("v", "member")] {
        session.assign_role(&sample::assignment(user, role)).await.unwrap();
    }
    let of_v = RoleAssignmentFilter { user_id: Some(UserId::new("v")), ..RoleAssignmentFilter::default() };
    assert_eq!(session.role_assignments(&of_v).await.unwrap(), [sample::assignment("v", "member")]);
    assert!(session.unassign_role(&sample::assignment("v", "member")).await.unwrap());
    assert!(!session.unassign_role(&sample::assignment("v", "member")).await.unwrap());
    let all: Vec<RoleAssignment> = session.role_assignments(&RoleAssignmentFilter::default()).await.unwrap();
    assert_eq!(all, [sample::assignment("u", "admin"), sample::assignment("u", "member")]);

    let in_domain = sample::assignment_in(Scope::Domain(DomainId::new("default")), "u", "admin");
    let in_system = sample::assignment_in(Scope::System, "u", "admin");
    for assignment in [&in_system, &in_domain] {
        for _ in 0..2 {
            session.assign_role(assignment).await.unwrap();
        }
        let found = session.role_assignments(&RoleAssignmentFilter::from(assignment)).await.unwrap();
        assert_eq!(found, std::slice::from_ref(assignment));
    }
    let all: Vec<RoleAssignment> = session.role_assignments(&RoleAssignmentFilter::default()).await.unwrap();
    assert_eq!(all[2..], [in_domain.clone(), in_system.clone()]);
    for assignment in [&in_system, &in_domain] {
        assert!(session.unassign_role(assignment).await.unwrap());
        assert!(!session.unassign_role(assignment).await.unwrap());
    }
    session.commit().await.unwrap();
    database
}

pub(crate) async fn tokens_live_as_long_as_what_they_stand_for(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::domain("default")).await;
    insert(&store, sample::identity_project(&sample::project())).await;
    for user in ["u", "v"] {
        insert(&store, sample::user(user)).await;
    }
    insert(&store, sample::application_credential("a", "v")).await;
    let session = store.write().await.unwrap();
    let (soon, past) = (sample::time(4_000_000_000), sample::time(1_700_000_001));
    for (number, user, expires_at) in [(1, "u", soon), (2, "u", past), (3, "v", soon)] {
        session.insert_token(&sample::token(number, user, expires_at)).await.unwrap();
    }
    let digest = |number| TokenDigest::new([number; 32]);
    assert_eq!(session.find_token(digest(1)).await.unwrap(), Some(sample::token(1, "u", soon)));
    assert_eq!(session.find_token(digest(2)).await.unwrap(), None, "it has expired");
    let age = Duration::from_micros((session.now().as_microsecond() - past.as_microsecond()).unsigned_abs());
    let (short, long) = (age - Duration::from_secs(1), age + Duration::from_secs(1));
    let expired = async |grace| session.find_token_expired_within(grace, digest(2)).await.unwrap();
    assert_eq!(expired(short).await, None);
    assert_eq!(expired(long).await, Some(sample::token(2, "u", past)));
    session.purge_tokens(long).await.unwrap();
    assert!(expired(long).await.is_some(), "it may still be asked for");
    session.purge_tokens(short).await.unwrap();
    assert!(!session.revoke_token(digest(2)).await.unwrap(), "it was purged");
    assert!(session.revoke_token(digest(3)).await.unwrap());
    session.revoke_tokens_of_user(&UserId::new("u")).await.unwrap();
    assert_eq!(session.find_token(digest(1)).await.unwrap(), None);
    session.insert_token(&sample::token(4, "v", soon)).await.unwrap();
    session.revoke_tokens_of_project(&sample::project()).await.unwrap();
    assert_eq!(session.find_token(digest(4)).await.unwrap(), None);

    let by_credential = Some(ApplicationCredentialId::new("a"));
    for (number, scope, application_credential_id) in [
        (5, Some(Scope::Domain(DomainId::new("default"))), None),
        (6, Some(Scope::System), None),
        (7, None, None),
        (8, Some(Scope::Project(sample::project())), by_credential),
    ] {
        let token = Token { scope, application_credential_id, ..sample::token(number, "v", soon) };
        session.insert_token(&token).await.unwrap();
        assert_eq!(session.find_token(digest(number)).await.unwrap(), Some(token));
    }
    session.table::<ApplicationCredential>().delete("a").await.unwrap();
    assert_eq!(session.find_token(digest(8)).await.unwrap(), None);

    // Of too many, those go that end first; of two that end at the same moment, one.
    for (number, ends) in [(11, 40), (12, 20), (13, 30), (14, 30), (15, 50)] {
        let token = sample::token(number, "u", sample::time(4_000_000_000 + ends));
        session.insert_token(&token).await.unwrap();
    }
    for (most, left) in [(9, "11 12 13 14 15"), (5, "11 12 13 14 15"), (3, "11 14 15"), (1, "15")] {
        session.keep_tokens_of_user(&UserId::new("u"), most).await.unwrap();
        let mut found = Vec::new();
        for number in 11..16 {
            if session.find_token(digest(number)).await.unwrap().is_some() {
                found.push(number.to_string());
            }
        }
        assert_eq!(found.join(" "), left, "{most}");
    }
    assert!(session.find_token(digest(7)).await.unwrap().is_some(), "of another user");
    session.commit().await.unwrap();
    database
}

pub(crate) async fn a_reader_sees_one_moment(database: Database) -> Database {
    let store = database.store().await;
    insert(&store, sample::network(1)).await;
    let session = store.read().await.unwrap();
    assert_eq!(session.table::<Network>().count(&Listing::default()).await.unwrap(), 1);
    insert(&store, sample::network(2)).await;
    assert_eq!(session.table::<Network>().count(&Listing::default()).await.unwrap(), 1, "within the session");
    drop(session);
    let session = store.read().await.unwrap();
    assert_eq!(session.table::<Network>().count(&Listing::default()).await.unwrap(), 2);
    database
}
