//! The tables of attributes that the contract has, row by row: who sets what and when, what is there without being said,
//! what lists can be filtered and sorted by.

use serde_json::{Value, json};

use crate::world::{World, singular};

/// A line per attribute: its name; `P` if a POST may have it, `R` if it must; `U` if a PUT may; what it is when a POST
/// does not have it, as JSON; `F` for a filter, `S` for a sort key.
const TABLES: [(&str, &str, &str); 5] = [
    (
        "vpn/vpnservices",
        "service",
        r#"
        id             - - -    FS
        project_id     P - -    FS
        name           P U ""   FS
        description    P U ""   F
        subnet_id      P - null F
        router_id      R - -    FS
        admin_state_up P U true F
        external_v4_ip - - -    F
        external_v6_ip - - -    F
        status         - - -    F
        flavor_id      P - null F
        "#,
    ),
    (
        "vpn/ikepolicies",
        "ike",
        r#"
        id                      - - - FS
        project_id              P - - FS
        name                    P U "" FS
        description             P U "" F
        auth_algorithm          P U "sha1" F
        encryption_algorithm    P U "aes-128" F
        phase1_negotiation_mode P U "main" F
        lifetime                P U {"units":"seconds","value":3600} -
        ike_version             P U "v1" F
        pfs                     P U "group5" F
        "#,
    ),
    (
        "vpn/ipsecpolicies",
        "ipsec",
        r#"
        id                   - - - FS
        project_id           P - - FS
        name                 P U "" FS
        description          P U "" F
        transform_protocol   P U "esp" F
        auth_algorithm       P U "sha1" F
        encryption_algorithm P U "aes-128" F
        encapsulation_mode   P U "tunnel" F
        lifetime             P U {"units":"seconds","value":3600} -
        pfs                  P U "group5" F
        "#,
    ),
    // `psk` is no filter, unlike in the contract: docs/compatibility.md.
    (
        "vpn/ipsec-site-connections",
        "conn",
        r#"
        id                - - - FS
        project_id        P - - FS
        name              P U "" FS
        description       P U "" F
        local_id          P U "" F
        peer_address      R U - F
        peer_id           R U - F
        peer_cidrs        P U [] -
        local_ep_group_id P U - F
        peer_ep_group_id  P U - F
        route_mode        - - "static" F
        mtu               P U 1500 F
        initiator         P U "bi-directional" F
        auth_mode         - - "psk" F
        psk               R U - -
        dpd               P U {"action":"hold","interval":30,"timeout":120} -
        admin_state_up    P U true F
        status            - - - F
        vpnservice_id     R - - F
        ikepolicy_id      R - - F
        ipsecpolicy_id    R - - F
        "#,
    ),
    // What sorts does so unlike in the contract, where nothing does: docs/compatibility.md.
    (
        "vpn/endpoint-groups",
        "peer",
        r#"
        id          - - -  FS
        project_id  P - -  FS
        name        P U "" FS
        description P U "" F
        type        R - -  FS
        endpoints   P - -  -
        "#,
    ),
];

struct Row {
    attribute: &'static str,
    post: &'static str,
    put: &'static str,
    default: Option<Value>,
    list: &'static str,
}

fn rows(table: &'static str) -> impl Iterator<Item = Row> {
    table.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let [attribute, post, put, default, list] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("`{line}` is no row")
        };
        let default = (default != "-").then(|| serde_json::from_str(default).unwrap());
        Row { attribute, post, put, default, list }
    })
}

/// A world with one object of each kind, of which each has nothing but what a POST must have.
async fn world() -> World {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    world
}

/// The least that a POST must have.
fn least(world: &World, path: &str) -> Value {
    match path {
        "vpn/vpnservices" => json!({"router_id": "{router}"}),
        "vpn/endpoint-groups" => json!({"type": "cidr", "endpoints": "10.2.0.0/24"}),
        "vpn/ipsec-site-connections" => world.connection(json!({"name": null}))[singular(path)].clone(),
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_attribute_is_set_when_the_contract_says() {
    let world = world().await;
    for (path, name, table) in TABLES {
        let key = singular(path);
        let (post, one) = (format!("demo POST {path}"), format!("{path}/{{{name}}}"));
        let put = format!("demo PUT {one}");
        let shown = world.get(&world.demo, &one).await;
        let with = |attribute: &str, value: Value| {
            let mut body = least(&world, path);
            body[attribute] = value;
            json!({key: body})
        };
        for Row { attribute, post: in_post, put: in_put, .. } in rows(table) {
            let value = shown[key][attribute].clone();
            match in_post {
                "-" => {
                    let want = format!("400 HTTPBadRequest Attribute '{attribute}' not allowed in POST");
                    world.refuse([(post.as_str(), with(attribute, value.clone()), want.as_str())]).await;
                }
                "R" => {
                    let mut body = with(attribute, value.clone());
                    body[key].as_object_mut().unwrap().shift_remove(attribute);
                    let want = format!(
                        "400 HTTPBadRequest Failed to parse request. Required attribute '{attribute}' not specified"
                    );
                    world.refuse([(post.as_str(), body, want.as_str())]).await;
                }
                "P" => {}
                _ => panic!("{path} {attribute}: {in_post}"),
            }
            if in_put == "U" {
                // What it is already: nothing changes.
                world.check([(put.as_str(), json!({key: {attribute: value}}), "200")]).await;
                assert_eq!(world.get(&world.demo, &one).await, shown, "{path} {attribute}");
            } else {
                let named = if attribute == "project_id" { "tenant_id" } else { attribute };
                let want = format!("400 HTTPBadRequest Cannot update read-only attribute {named}");
                world.refuse([(put.as_str(), json!({key: {attribute: value}}), want.as_str())]).await;
            }
        }
        let unknown = with("foo", json!(1));
        let want = "400 HTTPBadRequest Unrecognized attribute(s) 'foo'";
        world.refuse([(post.as_str(), unknown.clone(), want), (put.as_str(), unknown, want)]).await;
    }
}

#[tokio::test]
async fn every_attribute_is_shown_and_has_its_default() {
    let world = world().await;
    for (path, _, table) in TABLES {
        let key = singular(path);
        let body = json!({key: least(&world, path)});
        let made = world.ask(&format!("demo POST {path}"), &body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.body);
        let made = &made.body[key];
        for Row { attribute, default, .. } in rows(table) {
            assert!(made.get(attribute).is_some(), "{path} {attribute}");
            if let Some(default) = default {
                assert_eq!(made[attribute], default, "{path} {attribute}");
            }
        }
        assert_eq!(made["tenant_id"], made["project_id"], "{path}");
        assert_eq!(made.as_object().unwrap().len(), rows(table).count() + 1, "{path} shows no more: {made}");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_sorted_by_what_the_contract_says() {
    let mut world = world().await;
    world.dual_stack().await;
    for (path, name, table) in TABLES {
        let key = singular(path);
        let shown = world.get(&world.demo, &format!("{path}/{{{name}}}")).await[key].clone();
        for Row { attribute, list, .. } in rows(table) {
            let found = async |query: &str| {
                let listed = world.get(&world.demo, &format!("{path}?fields=id&{query}")).await;
                listed.to_string().contains(&world.ids[name])
            };
            let refused = async |query: &str, what: &str| {
                let want = format!("400 HTTPBadRequest ['{attribute}'] is invalid attribute for {what}");
                world
                    .check([(format!("demo GET {path}?{query}").as_str(), Value::Null, want.as_str())])
                    .await;
            };
            if list.contains('F') {
                let value = match &shown[attribute] {
                    Value::String(text) => Some(text.clone()),
                    Value::Null => None,
                    Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                        Some(shown[attribute].to_string())
                    }
                };
                if let Some(value) = value {
                    let value = value.replace(':', "%3A");
                    assert!(found(&format!("{attribute}={value}")).await, "{path}?{attribute}={value}");
                }
                // A number or a flag is what it must be; everything else merely is not found.
                let other = match &shown[attribute] {
                    Value::Bool(flag) => (!flag).to_string(),
                    Value::Number(_) => "7".to_owned(),
                    Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => "other".to_owned(),
                };
                assert!(!found(&format!("{attribute}={other}")).await, "{path}?{attribute}={other}");
            } else {
                refused(&format!("{attribute}=x"), "filtering").await;
            }
            for direction in ["asc", "desc"] {
                let query = format!("sort_key={attribute}&sort_dir={direction}");
                if list.contains('S') {
                    assert!(found(&query).await, "{path}?{query}");
                } else {
                    refused(&query, "sort_keys").await;
                }
            }
        }
        for (query, want) in [
            (
                "bogus=1&lifetime_value=2",
                "400 HTTPBadRequest ['bogus', 'lifetime_value'] is invalid attribute for filtering",
            ),
            ("sort_key=name", "400 HTTPBadRequest The number of sort_keys and sort_dirs must be same"),
            (
                "sort_key=name&sort_dir=up",
                "400 HTTPBadRequest ['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'",
            ),
        ] {
            world.check([(format!("demo GET {path}?{query}").as_str(), Value::Null, want)]).await;
        }
        // Both words for the project; of another one nothing is seen; an empty text is a value like another.
        let none = async |query: &str| {
            let listed = world.get(&world.demo, &format!("{path}?{query}")).await;
            listed.as_object().unwrap().values().next().unwrap().as_array().unwrap().is_empty()
        };
        assert!(!none("tenant_id={demo project}&fields=tenant_id").await, "{path}");
        for query in ["tenant_id={other project}", "project_id={other project}", "name=", "id="] {
            assert!(none(query).await, "{path}?{query}");
        }
        // Names that nothing has are left out.
        let listed = world.get(&world.demo, &format!("{path}?id={{{name}}}&fields=bogus")).await;
        assert_eq!(listed.as_object().unwrap().values().next().unwrap(), &json!([{}]), "{path}");
        let one = format!("{path}/{{{name}}}.json?fields=tenant_id&fields=name&fields=bogus&bogus=1&limit=x");
        let want = json!({key: {"name": shown["name"], "tenant_id": shown["tenant_id"]}});
        assert_eq!(world.get(&world.demo, &one).await, want);
    }
}
