//! Security groups: the one that every project has, those that people make, and who is in them.

use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;

fn group(attributes: Value) -> Value {
    json!({"security_group": attributes})
}

/// Each rule of a group in a line, in a fixed order.
fn lines(cloud: &Cloud, group: &Value) -> Vec<String> {
    let line = |rule: &Value| {
        let rule = cloud.shown(rule);
        let [direction, ethertype, remote, of_default] =
            ["direction", "ethertype", "remote_group_id", "belongs_to_default_sg"]
                .map(|key| rule[key].clone());
        format!("{direction} {ethertype} from {remote} of default: {of_default}").replace('"', "")
    };
    let mut lines: Vec<String> = group["security_group_rules"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

/// The names of a project's groups, which nobody of the project asked for.
async fn names(cloud: &Cloud, project: &str) -> Vec<String> {
    let list = cloud.get(&cloud.admin, &format!("security-groups?project_id={project}&fields=name")).await;
    let groups = list["security_groups"].as_array().unwrap().iter();
    groups.map(|group| group["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_project_has_a_default_group_when_it_first_needs_one() {
    for what in ["network", "port", "group", "list"] {
        let mut cloud = Cloud::start().await;
        let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
        cloud.create(&admin, "network", "shared", json!({"shared": true})).await;
        assert!(names(&cloud, "{demo project}").await.is_empty(), "{what}");
        match what {
            "network" => drop(cloud.create(&demo, "network", "left", json!({})).await),
            "port" => drop(cloud.create(&demo, "port", "host", json!({"network_id": "{shared}"})).await),
            "group" => drop(cloud.create(&demo, "security_group", "web", json!({})).await),
            _ => drop(cloud.get(&demo, "security-groups").await),
        }
        let want: &[&str] = if what == "group" { &["default", "web"] } else { &["default"] };
        let mut got = names(&cloud, "{demo project}").await;
        got.sort();
        assert_eq!(got, want, "{what}");
    }
}

#[tokio::test]
async fn the_default_group_lets_out_everything_and_in_what_is_from_itself() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let list = cloud.get(&demo, "security-groups").await;
    let default = list["security_groups"][0].clone();
    cloud.ids.insert("default".to_owned(), default["id"].as_str().unwrap().to_owned());
    assert_eq!(list["security_groups"].as_array().unwrap().len(), 1);
    assert_eq!(cloud.get(&demo, "security-groups").await, list, "made once");
    assert_eq!(
        [&default["name"], &default["description"], &default["stateful"], &default["shared"]],
        [&json!("default"), &json!("Default security group"), &json!(true), &json!(false)]
    );
    assert_eq!(
        lines(&cloud, &default),
        [
            "egress IPv4 from null of default: true",
            "egress IPv6 from null of default: true",
            "ingress IPv4 from {default} of default: true",
            "ingress IPv6 from {default} of default: true",
        ]
    );

    let there = "409 SecurityGroupDefaultAlreadyExists Default security group already exists.";
    cloud.create(&demo, "security_group", "web", json!({})).await;
    for (method, path, body, want) in [
        ("POST", "security-groups", json!({"name": "default"}), there),
        ("PUT", "security-groups/{web}", json!({"name": "default"}), there),
        ("PUT", "security-groups/{default}", json!({"name": "default"}), there),
        (
            "PUT",
            "security-groups/{default}",
            json!({"name": "other"}),
            "409 SecurityGroupCannotUpdateDefault Updating default security group not allowed.",
        ),
    ] {
        cloud.refused(&demo, (method, path, group(body), want)).await;
    }
    let described =
        cloud.put(&demo, "security-groups/{default}", group(json!({"description": "ours"}))).await;
    assert_eq!(described["security_group"]["description"], "ours");

    let stays =
        "409 SecurityGroupCannotRemoveDefault Insufficient rights for removing default security group.";
    cloud.refused(&demo, ("DELETE", "security-groups/{default}", Value::Null, stays)).await;
    cloud.delete(&admin, "security-groups/{default}").await;
    let again = cloud.get(&demo, "security-groups?name=default").await;
    assert_ne!(again["security_groups"][0]["id"], default["id"], "a new one is made when it is needed");
}

#[tokio::test]
async fn a_group_is_made_changed_tagged_and_removed() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    let made = cloud.create(&demo, "security_group", "web", json!({"description": "80 and 443"})).await;
    let mut shown = cloud.shown(&made);
    assert_eq!(
        lines(&cloud, &made),
        ["egress IPv4 from null of default: false", "egress IPv6 from null of default: false"]
    );
    shown["security_group_rules"] = json!("RULES");
    assert_eq!(
        shown,
        json!({
            "id": "{web}", "name": "web", "stateful": true, "project_id": "{demo project}",
            "description": "80 and 443", "shared": false, "security_group_rules": "RULES", "tags": [],
            "created_at": "TIME", "updated_at": "TIME", "revision_number": 1, "tenant_id": "{demo project}",
        })
    );
    let keys: Vec<&String> = made["security_group_rules"][0].as_object().unwrap().keys().collect();
    let alone = format!("security-group-rules/{}", made["security_group_rules"][0]["id"].as_str().unwrap());
    let alone = cloud.get(&demo, &alone).await;
    assert_eq!(keys, alone["security_group_rule"].as_object().unwrap().keys().collect::<Vec<_>>());

    let changes = json!({"name": "www", "description": "", "stateful": false});
    let changed = cloud.put(&demo, "security-groups/{web}", group(changes)).await;
    let changed = &changed["security_group"];
    assert_eq!(
        [&changed["name"], &changed["description"], &changed["stateful"], &changed["revision_number"]],
        [&json!("www"), &json!(""), &json!(false), &json!(2)]
    );
    let same = cloud.put(&demo, "security-groups/{web}", group(json!({}))).await;
    assert_eq!(same["security_group"]["revision_number"], 2);

    let tags = cloud.put(&demo, "security-groups/{web}/tags", json!({"tags": ["b", "a"]})).await;
    assert_eq!(tags, json!({"tags": ["a", "b"]}));
    for (query, want) in [
        ("tags=a,b", 1),
        ("not-tags=a", 1),
        ("name=www", 1),
        ("name=default", 1),
        ("id={web}", 1),
        ("description=", 1),
        ("stateful=false", 1),
        ("shared=True", 0),
        ("shared=False", 2),
        ("project_id={demo project}", 2),
        ("tenant_id={other project}", 0),
        ("revision_number=3", 1),
        ("limit=1", 1),
    ] {
        let list = cloud.get(&demo, &format!("security-groups?{query}")).await;
        assert_eq!(list["security_groups"].as_array().unwrap().len(), want, "{query}");
    }
    let sorted = cloud.get(&demo, "security-groups?sort_key=name&sort_dir=desc&fields=name").await;
    assert_eq!(sorted, json!({"security_groups": [{"name": "www"}, {"name": "default"}]}));

    // As `openstack security group list` asks.
    let fields = ["id", "name", "description", "project_id", "tags", "shared"];
    let query: Vec<String> = fields.iter().map(|field| format!("fields={field}")).collect();
    let list = cloud.get(&demo, &format!("security-groups?{}&name=www", query.join("&"))).await;
    assert_eq!(
        cloud.shown(&list["security_groups"][0]),
        json!({
            "id": "{web}", "name": "www", "project_id": "{demo project}", "description": "", "shared": false,
            "tags": ["a", "b"],
        })
    );
    cloud.delete(&demo, "security-groups/{web}").await;
    let rules = cloud.get(&demo, "security-group-rules?security_group_id={web}").await;
    assert_eq!(rules, json!({"security_group_rules": []}), "its rules went with it");
}

#[tokio::test]
async fn a_group_that_cannot_be_is_refused() {
    let mut cloud = Cloud::start().await;
    let (demo, reader, stranger) = (cloud.demo.clone(), cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&demo, "security_group", "web", json!({})).await;
    let gone = "404 SecurityGroupNotFound Security group {web} does not exist";
    let rule = |action: &str| {
        format!("403 PolicyNotAuthorized rule:{action}_security_group is disallowed by policy")
    };
    let cases: [(&Person, &str, &str, Value, &str); 15] = [
        (&stranger, "GET", "security-groups/{web}", Value::Null, gone),
        (&stranger, "PUT", "security-groups/{web}", group(json!({})), gone),
        (&stranger, "DELETE", "security-groups/{web}", Value::Null, gone),
        (&reader, "POST", "security-groups", group(json!({"name": "x"})), &rule("create")),
        (&reader, "PUT", "security-groups/{web}", group(json!({})), &rule("update")),
        (&reader, "DELETE", "security-groups/{web}", Value::Null, &rule("delete")),
        (
            &demo,
            "GET",
            "security-groups/web",
            Value::Null,
            "404 SecurityGroupNotFound Security group web does not exist",
        ),
        (
            &demo,
            "POST",
            "security-groups",
            group(json!({"name": " x"})),
            "400 HTTPBadRequest Invalid input for name. Reason: ' x' is not a valid string.",
        ),
        (
            &demo,
            "POST",
            "security-groups",
            group(json!({"name": null})),
            "400 HTTPBadRequest Invalid input for name. Reason: 'None' is not a valid string.",
        ),
        (
            &demo,
            "POST",
            "security-groups",
            group(json!({"stateful": "maybe"})),
            "400 InvalidInput Invalid input for operation: 'maybe' cannot be converted to boolean.",
        ),
        (
            &demo,
            "POST",
            "security-groups",
            group(json!({"shared": true})),
            "400 HTTPBadRequest Attribute 'shared' not allowed in POST",
        ),
        (
            &demo,
            "POST",
            "security-groups",
            group(json!({"security_group_rules": []})),
            "400 HTTPBadRequest Attribute 'security_group_rules' not allowed in POST",
        ),
        (
            &demo,
            "PUT",
            "security-groups/{web}",
            group(json!({"tags": []})),
            "400 HTTPBadRequest Cannot update read-only attribute tags",
        ),
        (
            &demo,
            "GET",
            "security-groups?limit=1&marker=nope",
            Value::Null,
            "404 SecurityGroupNotFound Security group nope does not exist",
        ),
        (
            &demo,
            "GET",
            "security-groups?security_group_rules=x",
            Value::Null,
            "400 HTTPBadRequest ['security_group_rules'] is invalid attribute for filtering",
        ),
    ];
    for (who, method, path, body, want) in cases {
        cloud.refused(who, (method, path, body, want)).await;
    }
    assert_eq!(cloud.get(&reader, "security-groups/{web}").await["security_group"]["name"], "web");
}

#[tokio::test]
async fn several_groups_are_made_at_once_within_the_quota() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let two = json!({"security_groups": [{"name": "a"}, {"name": "b"}]});
    let made = cloud.call(&demo, "POST", "security-groups", &two).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["security_groups"][1]["name"], "b");
    let half = json!({"security_groups": [{"name": "c"}, {"name": "default"}]});
    let want = "409 SecurityGroupDefaultAlreadyExists Default security group already exists.";
    cloud.refused(&demo, ("POST", "security-groups", half, want)).await;

    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"security_group": 3}})).await;
    let details = cloud.get(&demo, "quotas/{demo project}/details").await;
    assert_eq!(details["quota"]["security_group"], json!({"limit": 3, "used": 3, "reserved": 0}));
    assert_eq!(details["quota"]["security_group_rule"], json!({"limit": 100, "used": 8, "reserved": 0}));
    let want = "409 OverQuota Quota exceeded for resources: ['security_group'].";
    cloud.refused(&demo, ("POST", "security-groups", group(json!({"name": "c"})), want)).await;
    cloud.create(&admin, "security_group", "d", json!({})).await;
}

#[tokio::test]
async fn a_port_is_in_groups() {
    let mut cloud = Cloud::start().await;
    let (admin, demo, stranger) = (cloud.admin.clone(), cloud.demo.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    let default = cloud.get(&demo, "security-groups?name=default").await;
    let default = default["security_groups"][0]["id"].as_str().unwrap().to_owned();
    cloud.ids.insert("default".to_owned(), default);
    for (who, name) in [(&demo, "web"), (&demo, "ssh"), (&stranger, "theirs")] {
        cloud.create(who, "security_group", name, json!({})).await;
    }
    let on_left = |more: Value| {
        let mut attributes = json!({"network_id": "{left}"});
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        attributes
    };
    for (more, want) in [
        (json!({}), json!(["{default}"])),
        (json!({"security_groups": null}), json!([])),
        (json!({"security_groups": []}), json!([])),
        (json!({"security_groups": ["{web}"]}), json!(["{web}"])),
        (json!({"security_groups": ["{web}", "{ssh}", "{web}"]}), json!(["{web}", "{ssh}"])),
        (json!({"port_security_enabled": false}), json!([])),
        (json!({"device_owner": "network:dhcp"}), json!([])),
    ] {
        let made = cloud.create(&demo, "port", "host", on_left(more.clone())).await;
        assert_eq!(cloud.shown(&made["security_groups"]), want, "{more}");
        cloud.delete(&demo, "ports/{host}").await;
    }

    cloud.create(&demo, "port", "host", on_left(json!({"security_groups": ["{web}"]}))).await;
    cloud.create(&demo, "port", "open", on_left(json!({"port_security_enabled": false}))).await;
    let port = |attributes: Value| json!({"port": attributes});
    let unsecured = "400 PortSecurityAndIPRequiredForSecurityGroups Port security must be enabled and port must have an IP address in order to use security groups.";
    let in_use = "409 SecurityGroupInUse Security Group {web} in use.";
    let of_others = "404 SecurityGroupNotFound Security group {theirs} does not exist";
    for (method, path, body, want) in [
        ("DELETE", "security-groups/{web}", Value::Null, in_use),
        ("PUT", "security-groups/{web}", group(json!({"stateful": false})), in_use),
        ("POST", "ports", port(on_left(json!({"security_groups": ["{theirs}"]}))), of_others),
        ("PUT", "ports/{host}", port(json!({"security_groups": ["{theirs}"]})), of_others),
        (
            "PUT",
            "ports/{host}",
            port(json!({"security_groups": ["web"]})),
            "400 HTTPBadRequest Invalid input for security_groups. Reason: 'web' is not a valid UUID.",
        ),
        (
            "POST",
            "ports",
            port(on_left(json!({"security_groups": ["{web}"], "port_security_enabled": false}))),
            unsecured,
        ),
        ("PUT", "ports/{open}", port(json!({"security_groups": ["{web}"]})), unsecured),
        (
            "PUT",
            "ports/{host}",
            port(json!({"port_security_enabled": false})),
            "409 PortSecurityPortHasSecurityGroup Port has security group associated. Cannot disable port security or IP address until security group is removed.",
        ),
    ] {
        cloud.refused(&demo, (method, path, body, want)).await;
    }
    let groups = async |path: &str| {
        let list = cloud.get(&demo, path).await;
        list["ports"].as_array().unwrap().len()
    };
    assert_eq!(groups("ports?security_groups={web}").await, 1);
    assert_eq!(groups("ports?security_groups={ssh}").await, 0);
    assert_eq!(groups("ports?security_groups={web}&security_groups={ssh}").await, 1);

    // As `openstack port set --no-security-group --disable-port-security` asks.
    let changes = json!({"security_groups": [], "port_security_enabled": false});
    let changed = cloud.put(&demo, "ports/{host}", port(changes)).await;
    assert_eq!(changed["port"]["security_groups"], json!([]));
    let changes = json!({"security_groups": ["{ssh}"], "port_security_enabled": true});
    let changed = cloud.put(&demo, "ports/{host}", port(changes)).await;
    assert_eq!(cloud.shown(&changed["port"]["security_groups"]), json!(["{ssh}"]));
    cloud.delete(&demo, "security-groups/{web}").await;

    // The service's own ports are in none.
    cloud.external().await;
    cloud.create(&demo, "router", "router", json!({"external_gateway_info": {"network_id": "{ext}"}})).await;
    cloud.put(&demo, "routers/{router}/add_router_interface", json!({"subnet_id": "{left-subnet}"})).await;
    let ports = cloud.get(&admin, "ports?device_id={router}&fields=security_groups").await;
    assert_eq!(ports, json!({"ports": [{"security_groups": []}, {"security_groups": []}]}));
    cloud.delete(&demo, "ports/{host}").await;
    cloud.delete(&demo, "security-groups/{ssh}").await;
}

#[tokio::test]
async fn security_groups_are_announced() {
    let cloud = Cloud::start().await;
    for alias in [
        "security-group",
        "security-groups-normalized-cidr",
        "security-groups-shared-filtering",
        "stateful-security-group",
        "fip-port-details",
        "floatingip-pools",
    ] {
        let extension = cloud.get(&cloud.demo, &format!("extensions/{alias}")).await;
        assert_eq!(extension["extension"]["alias"], alias);
    }
}
