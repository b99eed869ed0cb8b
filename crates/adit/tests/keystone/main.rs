//! Adit as one more service of a cloud: a real Keystone knows the users, and the unmodified `openstack` command is
//! theirs. What docs/keystone.md tells an operator to do is done here as it stands there.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

mod cloud;
mod document;

use cloud::{Answer, Cloud};

const UNAUTHORIZED: &str = "The request you have made requires authentication.";

#[test]
fn adit_is_one_more_service_of_a_cloud() {
    let Some(mut cloud) = Cloud::start() else { return };
    cloud.follow_the_document();
    people(&mut cloud);
    members_readers_and_administrators(&mut cloud);
    wrong_and_revoked_tokens(&mut cloud);
    application_credentials(&mut cloud);
    the_command_of_adit(&mut cloud);
    identity_is_elsewhere(&mut cloud);
    nothing_secret_was_logged(&mut cloud);
    keystone_goes_away(&mut cloud);
}

/// The tenants of the cloud, made by its administrator.
fn people(cloud: &mut Cloud) {
    for project in ["office", "other"] {
        cloud.admin(&format!("project create --domain Default {project}")).ok();
    }
    for (user, project, role) in [
        ("alice", "office", "member"),
        ("bob", "office", "reader"),
        ("mallory", "other", "member"),
        ("carol", "office", "member"),
    ] {
        let password = cloud.password(user);
        cloud.admin(&format!("user create --domain Default --password {password} {user}")).ok();
        cloud.admin(&format!("role add --project {project} --user {user} {role}")).ok();
        cloud.let_in(user, project);
    }
}

fn members_readers_and_administrators(cloud: &mut Cloud) {
    cloud.admin("network create --external ext-net").ok();
    cloud.admin("subnet create ext-subnet --network ext-net --subnet-range 203.0.113.0/24").ok();

    let network = cloud.run("alice", "network create left-network -f value -c id").ok();
    let office = cloud.admin("project show office -f value -c id").ok();
    let owner = cloud.run("alice", "network show left-network -f value -c project_id").ok();
    assert_eq!(owner, office, "the tenant is Keystone's project");
    for command in [
        "subnet create left-subnet --network left-network --subnet-range 10.1.0.0/24",
        "router create left-router",
        "router add subnet left-router left-subnet",
        "router set left-router --external-gateway ext-net",
        "vpn ike policy create ikepolicy",
        "vpn ipsec policy create ipsecpolicy",
        "vpn service create vpn --router left-router",
    ] {
        cloud.run("alice", command).ok();
    }
    let listed = "vpn ike policy list -f value -c Name";
    assert_eq!(cloud.run("alice", listed).ok(), "ikepolicy");
    assert_eq!(cloud.run("bob", listed).ok(), "ikepolicy", "a reader of the project sees it");
    assert_eq!(cloud.run("mallory", listed).ok(), "", "another project does not");
    assert_eq!(cloud.admin(listed).ok(), "ikepolicy", "the administrator sees everything");

    let refusal = cloud.run("bob", "vpn ike policy create mine").refusal();
    assert!(refusal.contains("disallowed by policy") && refusal.contains("403"), "{refusal}");
    let refusal = cloud.run("alice", "network create --external mine").refusal();
    assert!(refusal.contains("disallowed by policy") && refusal.contains("403"), "{refusal}");
    let refusal = cloud.run("mallory", &format!("network delete {network}")).refusal();
    assert!(refusal.contains("1 of 1 networks failed to delete"), "{refusal}");
}

fn wrong_and_revoked_tokens(cloud: &mut Cloud) {
    assert_refused(&cloud.run_with_token("nonsense", "network list"), UNAUTHORIZED);
    // One that looks right and is not.
    let token = cloud.run("alice", "token issue -f value -c id").ok();
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    assert_refused(&cloud.run_with_token(&forged, "network list"), UNAUTHORIZED);

    let listed = "network list -f value -c Name";
    assert!(cloud.run_with_token(&token, listed).ok().contains("left-network"));
    cloud.run("alice", &format!("token revoke {token}")).ok();
    cloud.until_refused(&token, listed);

    // A user that loses its role loses what its token was good for.
    let token = cloud.run("carol", "token issue -f value -c id").ok();
    assert!(cloud.run_with_token(&token, listed).ok().contains("left-network"));
    cloud.admin("role remove --project office --user carol member").ok();
    cloud.until_refused(&token, listed);
}

fn application_credentials(cloud: &mut Cloud) {
    for (name, rules) in [
        ("whole", None),
        (
            "limited",
            Some(
                r#"[{"service":"network","method":"GET","path":"/v2.0/networks"},{"service":"network","method":"GET","path":"/v2.0/vpn/**"}]"#,
            ),
        ),
        ("elsewhere", Some(r#"[{"service":"compute","method":"GET","path":"/v2.0/networks"}]"#)),
    ] {
        let secret = cloud.password(name);
        let mut words = vec![
            "application",
            "credential",
            "create",
            "--role",
            "member",
            "--role",
            "reader",
            "--secret",
            &secret,
        ];
        words.extend(rules.iter().flat_map(|rules| ["--access-rules", *rules]));
        words.extend([name, "-f", "value", "-c", "id"]);
        let id = cloud.run_words("alice", &words).ok();
        cloud.let_in_by_credential(name, &id);
    }
    let (networks, policies) = ("network list -f value -c Name", "vpn ike policy list -f value -c Name");
    for (who, command, want) in [
        ("whole", networks, Ok("left-network")),
        ("whole", "router list -f value -c Name", Ok("left-router")),
        ("limited", networks, Ok("left-network")),
        ("limited", policies, Ok("ikepolicy")),
        ("limited", "router list", Err(UNAUTHORIZED)),
        ("limited", "network create more", Err(UNAUTHORIZED)),
        ("elsewhere", networks, Err(UNAUTHORIZED)),
    ] {
        let answer = cloud.run(who, command);
        match want {
            Ok(part) => assert!(answer.ok().contains(part), "{who}: {command}"),
            Err(reason) => assert_refused(&answer, reason),
        }
    }
    assert!(cloud.run("whole", "network create more -f value -c name").ok().contains("more"));
}

/// Adit's own client is one of Keystone's as well, and prints what the `openstack` command prints.
fn the_command_of_adit(cloud: &mut Cloud) {
    let issued = cloud.run_adit("alice", "token issue -f value -c id").ok();
    assert!(cloud.run_with_token(&issued, "network list -f value -c Name").ok().contains("left-network"));
    cloud.secrets.push(issued);
    for (who, command) in [
        ("alice", "catalog list"),
        ("alice", "vpn ike policy list --long"),
        ("alice", "vpn service list"),
        ("alice", "application credential list"),
        ("whole", "network list"),
        ("admin", "user list --long"),
        ("admin", "endpoint list"),
        ("admin", "role assignment list --names"),
    ] {
        let (ours, theirs) = (cloud.run_adit(who, command).ok(), cloud.run(who, command).ok());
        assert_eq!(ours, theirs, "{who}: {command}");
    }
    let created = cloud.run_adit("admin", "implied role create manager --implied-role service -f json").ok();
    assert!(created.contains("prior_role"), "{created}");
    cloud.run_adit("admin", "implied role delete manager --implied-role service").ok();
    let refusal = cloud.run_adit("mallory", "network show left-network").refusal();
    assert!(refusal.contains("No Network found for left-network"), "{refusal}");
    let refusal = cloud.run_adit("bob", "network create more").refusal();
    assert!(refusal.contains("disallowed by policy (HTTP 403, req-"), "{refusal}");
}

fn identity_is_elsewhere(cloud: &mut Cloud) {
    let url = format!("{}/identity/v3", cloud.adit_url());
    let answer = cloud.run_words("alice", &["--os-auth-url", &url, "token", "issue"]);
    let refusal = answer.refusal();
    assert!(
        refusal.contains("404") || refusal.contains("Adit leaves identity to Keystone here"),
        "{refusal}"
    );
}

fn nothing_secret_was_logged(cloud: &mut Cloud) {
    let log = cloud.adit_log();
    assert!(log.contains("answered"), "the log is on");
    for secret in &cloud.secrets {
        assert!(!log.contains(secret.as_str()), "the log has `{secret}`");
    }
}

fn keystone_goes_away(cloud: &mut Cloud) {
    cloud.stop_keystone();
    let answer = cloud.run_with_token("a-new-one", "network list");
    assert_refused(&answer, "The Keystone service is temporarily unavailable.");
    assert!(cloud.adit_log().contains("cannot validate a token"));
}

#[track_caller]
fn assert_refused(answer: &Answer, reason: &str) {
    assert!(!answer.succeeded && answer.stderr.contains(reason), "{answer:?}");
}
