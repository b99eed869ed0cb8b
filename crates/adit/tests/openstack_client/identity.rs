//! Users, projects, roles and the catalog, administered by the ordinary commands: create, show, list, set, delete.

use std::collections::BTreeMap;

use crate::client::{Answer, Client, Generation};

/// Runs commands of the administrator.
#[track_caller]
fn all_ok(client: &mut Client, commands: &[&str]) {
    for command in commands {
        client.run_as_admin(command).ok();
    }
}

/// Checks lines of a table: a command of the administrator, and `label=value` of what it shows then.
#[track_caller]
fn shows(client: &mut Client, lines: &[(&str, &str)]) {
    for (command, want) in lines {
        let fields = labelled(client.run_as_admin(command));
        for pair in want.split("; ") {
            let (label, value) = pair.split_once('=').unwrap();
            let shown =
                fields.get(label).unwrap_or_else(|| panic!("`{command}` shows no {label}: {fields:?}"));
            assert_eq!(shown, value, "`{command}` {label}");
        }
    }
}

/// Checks lines of a table: a command of the administrator, and one column of what it lists.
#[track_caller]
fn lists(client: &mut Client, lines: &[(&str, usize, &str)]) {
    for (command, column, want) in lines {
        let mut listed: Vec<String> =
            client.run_as_admin(command).rows().into_iter().map(|mut row| row.swap_remove(*column)).collect();
        listed.sort_unstable();
        assert_eq!(listed.join(" "), *want, "`{command}`");
    }
}

/// Checks lines of a table: a command of a member or of the administrator, and what its refusal says.
#[track_caller]
fn refuses(client: &mut Client, lines: &[(bool, &str, &str)]) {
    for (is_admin, command, want) in lines {
        let answer = if *is_admin { client.run_as_admin(command) } else { client.run(command) };
        let refusal = answer.refusal();
        assert!(refusal.contains(want), "`{command}`: {refusal}");
    }
}

pub(crate) fn projects_and_users(client: &mut Client) {
    shows(
        client,
        &[
            (
                "project create --description d office",
                "name=office; description=d; enabled=True; domain_id=default; is_domain=False; parent_id=default",
            ),
            ("project create --or-show office", "description=d"),
            ("project create --disable --tag blue attic", "enabled=False; name=attic"),
            (
                "user create --project office --email a@example.org --description d --password one anna",
                "name=anna; email=a@example.org; enabled=True; domain_id=default; description=d",
            ),
            ("user create --or-show anna", "email=a@example.org"),
            ("user create --disable bert", "name=bert; enabled=False"),
        ],
    );
    lists(
        client,
        &[
            ("project list", 1, "admin attic demo office"),
            ("project list --domain default", 1, "admin attic demo office"),
            ("user list", 1, "admin anna bert demo"),
            ("user list --domain Default", 1, "admin anna bert demo"),
            ("user list --long --domain default", 1, "admin anna bert demo"),
        ],
    );
    all_ok(
        client,
        &[
            "project set --name annex --description e --disable office",
            "project set --enable --name loft attic",
            "user set --name carl --email b@example.org --description e --enable bert",
            "user set --disable anna",
        ],
    );
    shows(
        client,
        &[
            ("project show annex", "description=e; enabled=False"),
            ("project show loft", "enabled=True"),
            ("user show carl", "email=b@example.org; enabled=True; description=e"),
            ("user show anna", "enabled=False"),
        ],
    );
    all_ok(
        client,
        &[
            "project set --enable annex",
            "user set --enable anna",
            "role add --user anna --project annex member",
        ],
    );
    let anna = "--os-username anna --os-password";
    let annex = "--os-project-name annex";
    // The older one forgets to say whose.
    if client.generation != Generation::Seven {
        let set = "user password set --original-password one --password two";
        client.run(&format!("{anna} one {annex} {set}")).ok();
        let wrong = "user password set --original-password wrong --password three";
        let refused = client.run(&format!("{anna} two {annex} {wrong}")).refusal();
        assert!(refused.contains("401"), "{refused}");
    } else {
        all_ok(client, &["user set --password two anna"]);
    }
    client.run(&format!("{anna} one {annex} token issue")).refusal();
    client.run(&format!("{anna} two {annex} token issue")).ok();
    let theirs = client.run(&format!("{anna} two {annex} project list")).rows();
    assert_eq!(theirs[0][1], "annex");
    // A member may see its own project by the id.
    let by_id = client.run(&format!("{anna} two {annex} project show {}", theirs[0][0])).fields();
    assert_eq!(by_id["name"], "annex");
    refuses(
        client,
        &[
            (true, "project create annex", "409"),
            (true, "user create anna", "409"),
            (true, "project show nothing", "nothing"),
            (true, "user show nothing", "nothing"),
            (true, "user set --password x nobody", "nobody"),
            (false, "project create mine", "identity:create_project"),
            (false, "user create mine", "identity:create_user"),
            (false, "user list", "identity:list_users"),
            (false, "user delete demo", "403"),
            (false, "project show admin", "403"),
        ],
    );
    all_ok(client, &["project delete annex loft", "user delete anna carl"]);
    lists(client, &[("project list", 1, "admin demo"), ("user list", 1, "admin demo")]);
}

pub(crate) fn roles_and_assignments(client: &mut Client) {
    lists(client, &[("role list", 1, "admin manager member reader service")]);
    shows(
        client,
        &[
            ("role create --description d auditor", "name=auditor; description=d"),
            ("role create --or-show auditor", "description=d"),
            ("role show member", "name=member; domain_id=None"),
        ],
    );
    all_ok(
        client,
        &[
            "role set --name inspector auditor",
            "user create --password p anna",
            "project create office",
            "role add --user anna --project office member",
            "role add --user anna --project office inspector",
            "role add --user anna --domain default reader",
            "role add --user anna --system all reader",
        ],
    );
    let assigned = "role assignment list --names --user anna";
    if client.generation != Generation::Adit {
        let implied = [
            ("implied role list", 1, "admin manager member"),
            ("implied role list", 3, "manager member reader"),
        ];
        lists(client, &implied);
    }
    lists(
        client,
        &[
            (assigned, 0, "inspector member reader reader"),
            ("role assignment list --names --user anna --project office", 0, "inspector member"),
            (
                "role assignment list --names --user anna --project office --effective",
                0,
                "inspector member reader",
            ),
            ("role assignment list --names --user anna --domain default", 4, "Default"),
            ("role assignment list --names --user anna --system all", 5, "all"),
            ("role assignment list --names --project office --role inspector", 1, "anna@Default"),
            ("role assignment list --names --project office", 3, "office@Default office@Default"),
        ],
    );
    // The older one asks itself for a user.
    if client.generation == Generation::Ten {
        lists(client, &[("user list --project office", 1, "anna")]);
    }
    all_ok(
        client,
        &[
            "role remove --user anna --project office inspector",
            "role remove --user anna --domain default reader",
            "role remove --user anna --system all reader",
        ],
    );
    lists(client, &[(assigned, 0, "member")]);
    refuses(
        client,
        &[
            (true, "role create member", "409"),
            (true, "role delete member", "immutable"),
            (true, "role set --name other reader", "immutable"),
            // The client itself says nothing.
            (true, "role add --user nobody --project office member", ""),
            (true, "role add --user anna --project nowhere member", ""),
            (true, "role add --user anna --project office nothing", ""),
            (false, "role list", "identity:list_roles"),
            (false, "role assignment list", "identity:list_role_assignments"),
        ],
    );
    // The client does not tell that it is refused, but it is.
    client.run("role add --user demo --project demo admin");
    lists(client, &[("role assignment list --names --user demo --project demo", 0, "member")]);
    all_ok(client, &["role delete inspector", "user delete anna", "project delete office"]);
    lists(client, &[("role list", 1, "admin manager member reader service")]);
}

pub(crate) fn domains(client: &mut Client) {
    shows(
        client,
        &[
            ("domain create --description d branch", "name=branch; description=d; enabled=True"),
            ("domain create --or-show branch", "description=d"),
            ("domain show default", "id=default; name=Default; enabled=True"),
        ],
    );
    lists(client, &[("domain list", 1, "Default branch"), ("domain list --name branch", 1, "branch")]);
    all_ok(
        client,
        &[
            "project create --domain branch office",
            "user create --domain branch --password p anna",
            "role add --user anna --user-domain branch --project office --project-domain branch member",
            "domain set --name subsidiary --description e branch",
        ],
    );
    lists(
        client,
        &[
            ("project list --domain subsidiary", 1, "office"),
            ("user list --domain subsidiary", 1, "anna"),
            ("project list --domain default", 1, "admin demo"),
            ("role assignment list --names --user anna --user-domain subsidiary", 1, "anna@subsidiary"),
        ],
    );
    let anna = "--os-username anna --os-password p --os-project-name office";
    let there = "--os-user-domain-name subsidiary --os-project-domain-name subsidiary";
    client.run(&format!("{anna} {there} token issue")).ok();
    client.run(&format!("{anna} token issue")).refusal();
    refuses(
        client,
        &[
            (true, "domain create subsidiary", "409"),
            (true, "domain delete subsidiary", "403"),
            (true, "domain delete default", "403"),
            (false, "domain list", "identity:list_domains"),
        ],
    );
    all_ok(client, &["domain set --disable subsidiary"]);
    client.run(&format!("{anna} {there} token issue")).refusal();
    all_ok(client, &["domain delete subsidiary"]);
    lists(client, &[("domain list", 1, "Default"), ("user list", 1, "admin demo")]);
}

pub(crate) fn services_endpoints_and_regions(client: &mut Client) {
    lists(
        client,
        &[
            ("service list", 2, "identity network"),
            ("region list", 0, "RegionOne"),
            ("endpoint list --service network", 5, "admin internal public"),
            ("endpoint list --interface public", 3, "identity network"),
        ],
    );
    shows(
        client,
        &[
            ("region create --description d north", "region=north; description=d; parent_region=None"),
            ("region create --parent-region north north-1", "parent_region=north"),
            (
                "service create --name glance --description d image",
                "name=glance; type=image; enabled=True; description=d",
            ),
            ("service show image", "name=glance"),
            ("service show glance", "type=image"),
        ],
    );
    let created =
        client.run_as_admin("endpoint create --region north image public http://192.0.2.1:9292").fields();
    let shown = ["region", "region_id", "interface", "url", "enabled", "service_name", "service_type"];
    let shown = shown.map(|label| created[label].as_str());
    assert_eq!(shown, ["north", "north", "public", "http://192.0.2.1:9292", "True", "glance", "image"]);
    let id = &created["id"];
    assert!(client.run("catalog list").ok().contains("http://192.0.2.1:9292"), "clients find it");
    let image = client.run("catalog show image").fields();
    assert_eq!((&*image["type"], &*image["name"]), ("image", "glance"));

    all_ok(
        client,
        &[
            "region set --description e north-1",
            "service set --name looks --description e --disable image",
            &format!("endpoint set --url http://192.0.2.2:9292 --interface internal --region north-1 {id}"),
        ],
    );
    assert!(!client.run("catalog list").ok().contains("9292"), "a disabled service is in no catalog");
    shows(
        client,
        &[
            ("region show north-1", "description=e"),
            ("service show image", "name=looks; enabled=False; description=e"),
            (&format!("endpoint show {id}"), "url=http://192.0.2.2:9292; interface=internal; region=north-1"),
        ],
    );
    lists(
        client,
        &[
            ("endpoint list --region north-1", 6, "http://192.0.2.2:9292"),
            ("endpoint list --region north", 6, ""),
            ("region list --parent-region north", 0, "north-1"),
        ],
    );
    refuses(
        client,
        &[
            (true, "region create north", "409"),
            (true, "region delete north", "403"),
            (true, "region delete RegionOne", "403"),
            (true, "service delete network", "403"),
            (true, "endpoint create image outer http://192.0.2.1", "outer"),
            (true, "endpoint create nothing public http://192.0.2.1", "nothing"),
            (true, "endpoint show nothing", "nothing"),
            (false, "service list", "identity:list_services"),
            (false, "endpoint list", "identity:list_endpoints"),
            (false, "region create mine", "identity:create_region"),
        ],
    );
    assert_eq!(client.run("region list").columns(), "Region, Parent Region, Description");
    all_ok(
        client,
        &[&format!("endpoint delete {id}"), "service delete looks", "region delete north-1 north"],
    );
    lists(client, &[("service list", 2, "identity network"), ("region list", 0, "RegionOne")]);
}

pub(crate) fn application_credentials(client: &mut Client) {
    let made = labelled(client.run(
        "application credential create --description d --secret hunter2 --role reader \
         --expiration 2099-01-02T03:04:05 robot",
    ));
    let shown = ["name", "description", "secret", "unrestricted"].map(|label| made[label].as_str());
    assert_eq!(shown, ["robot", "d", "hunter2", "False"]);
    assert!(made["roles"].contains("reader"), "{made:?}");
    assert!(made["expires_at"].starts_with("2099-01-02T03:04:05"), "{made:?}");
    let id = made["id"].clone();
    let generated = labelled(client.run("application credential create --unrestricted helper"));
    assert!(generated["secret"].len() > 40, "{generated:?}");

    let names = client.run("application credential list").rows();
    let mut names: Vec<&str> = names.iter().map(|row| row[1].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["helper", "robot"]);
    for name in ["robot", &id] {
        let shown = labelled(client.run(&format!("application credential show {name}")));
        assert_eq!((shown["id"].as_str(), shown.get("secret")), (id.as_str(), None));
    }

    let by = |id: &str, secret: &str| {
        format!(
            "--os-auth-type v3applicationcredential --os-application-credential-id {id} --os-application-credential-secret {secret}"
        )
    };
    let robot = by(&id, "hunter2");
    assert_eq!(bare(client, &format!("{robot} network list")).ok().trim(), "");
    let refused = bare(client, &format!("{robot} network create mine")).refusal();
    assert!(refused.contains("403"), "{refused}");
    let refused = bare(client, &format!("{robot} application credential create another")).refusal();
    assert!(refused.contains("403"), "{refused}");
    let refused = bare(client, &format!("{} token issue", by(&id, "wrong"))).refusal();
    assert!(refused.contains("401"), "{refused}");
    let helper = by(&generated["id"], &generated["secret"]);
    bare(client, &format!("{helper} network create ours")).ok();
    bare(client, &format!("{helper} application credential create another")).ok();

    let twice = client.run("application credential create robot").refusal();
    assert!(twice.contains("409"), "{twice}");
    let beyond = client.run("application credential create --role admin boss").refusal();
    assert!(beyond.contains("admin"), "{beyond}");
    client.run("application credential delete robot helper another").ok();
    let refused = bare(client, &format!("{robot} network list")).refusal();
    assert!(refused.contains("401"), "{refused}");
    assert_eq!(client.run("application credential list").ok().trim(), "");
}

pub(crate) fn access_rules(client: &mut Client) {
    let rules = r#"[{"service":"network","method":"GET","path":"/v2.0/networks"}]"#;
    let made = labelled(
        client.run(&format!("application credential create --secret hunter2 --access-rules {rules} viewer")),
    );
    assert!(made["access_rules"].contains("/v2.0/networks"), "{made:?}");
    let viewer = format!(
        "--os-auth-type v3applicationcredential --os-application-credential-id {} --os-application-credential-secret hunter2",
        made["id"]
    );
    assert_eq!(bare(client, &format!("{viewer} network list")).ok().trim(), "");
    let refused = bare(client, &format!("{viewer} router list")).refusal();
    assert!(refused.contains("401"), "{refused}");

    let rows = client.run("access rule list").rows();
    assert_eq!(rows[0][1..], ["network", "GET", "/v2.0/networks"]);
    let id = &rows[0][0];
    assert_eq!(labelled(client.run(&format!("access rule show {id}")))["path"], "/v2.0/networks");
    let in_use = client.run(&format!("access rule delete {id}")).refusal();
    assert!(in_use.contains("1 of 1"), "{in_use}");
    client.run("application credential delete viewer").ok();
    client.run(&format!("access rule delete {id}")).ok();
    assert_eq!(client.run("access rule list").ok().trim(), "");
}

pub(crate) fn tokens_and_catalog(client: &mut Client) {
    let token = client.run("token issue").fields();
    let labels: Vec<&str> = token.keys().map(String::as_str).collect();
    assert_eq!(labels, ["expires", "id", "project_id", "user_id"]);
    let services = client.run("catalog list").rows();
    let services: Vec<(&str, &str)> = services
        .iter()
        .filter(|row| !row[0].is_empty())
        .map(|row| (row[0].as_str(), row[1].as_str()))
        .collect();
    assert_eq!(services, [("keystone", "identity"), ("neutron", "network")]);
    let network = client.run("catalog show network").ok();
    assert!(network.contains("public: http://127.0.0.1:") && network.contains("/networking"), "{network}");

    let by_token = format!("--os-auth-type v3token --os-token {}", token["id"]);
    let again =
        bare(client, &format!("{by_token} --os-project-id {} token issue", token["project_id"])).fields();
    assert_eq!(again["project_id"], token["project_id"]);
    assert_eq!(again["expires"], token["expires"], "a token from a token lives no longer");
    let elsewhere = bare(
        client,
        &format!("{by_token} --os-project-name admin --os-project-domain-id default token issue"),
    );
    assert!(elsewhere.refusal().contains("401"));

    client.run(&format!("token revoke {}", token["id"])).ok();
    let revoked =
        bare(client, &format!("{by_token} --os-project-id {} token issue", token["project_id"])).refusal();
    assert!(revoked.contains("401") || revoked.contains("404"), "{revoked}");
    let foreign = client.run_as_admin("token issue").fields();
    let refused = client.run(&format!("token revoke {}", foreign["id"])).refusal();
    assert!(refused.contains("403"), "{refused}");
    let admin = "--os-project-name admin --os-project-domain-id default --os-region-name Elsewhere";
    let by_token = format!("--os-auth-type v3token --os-token {} {admin}", foreign["id"]);
    let nowhere = bare(client, &format!("{by_token} network list")).refusal();
    assert!(nowhere.contains("Elsewhere"), "{nowhere}");
    if client.generation == Generation::Ten {
        let versions = client.run("versions show --service identity").ok();
        assert!(versions.contains("3.14"), "{versions}");
    }
}

/// The labels of what is shown, spelt as older generations of the client do.
#[track_caller]
fn labelled(answer: Answer) -> BTreeMap<String, String> {
    let spelt = |(label, value): (String, String)| (label.to_lowercase().replace(' ', "_"), value);
    answer.fields().into_iter().map(spelt).collect()
}

/// Runs a command with nothing but what it says itself: no user of any cloud.
fn bare(client: &mut Client, command: &str) -> Answer {
    let url = client.auth_url();
    client.run(&format!("--os-cloud= --os-identity-api-version 3 --os-auth-url {url} {command}"))
}
