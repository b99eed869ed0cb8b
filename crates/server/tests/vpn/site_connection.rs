//! Site connections: each attribute, what it takes, what it answers, what it refuses.

use serde_json::{Value, json};

use crate::world::World;

const POST: &str = "demo POST vpn/ipsec-site-connections";
const PUT: &str = "demo PUT vpn/ipsec-site-connections/{conn}";

fn connection(attributes: Value) -> Value {
    json!({"ipsec_site_connection": attributes})
}

#[tokio::test]
async fn each_attribute_takes_what_the_contract_says() {
    let mut world = World::with_parts().await;
    let group = |endpoint: &str| json!({"type": "cidr", "endpoints": endpoint});
    world.make("vpn/endpoint-groups", "other", group("10.3.0.0/24")).await;
    world.connect("conn", json!({})).await;
    let by_subnet = world.subnet_connection(json!({}))["ipsec_site_connection"].clone();
    world.make("vpn/ipsec-site-connections", "by-subnet", by_subnet).await;
    let dpd = |action: &str, interval: u32, timeout: u32| json!({"action": action, "interval": interval, "timeout": timeout});
    let key = "k".repeat(255);
    for (name, attribute, given, answered, stored) in [
        ("conn", "name", json!("new"), json!("new"), json!("new")),
        ("conn", "description", json!("d"), json!("d"), json!("d")),
        ("conn", "local_id", json!("left@example.org"), json!("left@example.org"), json!("left@example.org")),
        ("conn", "local_id", json!(""), json!(""), json!("")),
        ("conn", "peer_id", json!("it's & <x>"), json!("it's & <x>"), json!("it's & <x>")),
        ("conn", "peer_id", json!(""), json!(""), json!("")),
        ("conn", "peer_address", json!("192.0.2.9"), json!("192.0.2.9"), json!("192.0.2.9")),
        // The forms that the system's resolver takes, which shows the address that they mean.
        ("conn", "peer_address", json!("1.2.3"), json!("1.2.0.3"), json!("1.2.0.3")),
        ("conn", "peer_address", json!("10.0.0.01"), json!("10.0.0.1"), json!("10.0.0.1")),
        ("conn", "peer_ep_group_id", json!("{other}"), json!("{other}"), json!("{other}")),
        ("by-subnet", "peer_cidrs", json!("20.1.0.5/24"), json!(["20.1.0.5/24"]), json!(["20.1.0.5/24"])),
        (
            "by-subnet",
            "peer_cidrs",
            json!(["20.1.0.0/24", "20.2.0.0/24"]),
            json!(["20.1.0.0/24", "20.2.0.0/24"]),
            json!(["20.1.0.0/24", "20.2.0.0/24"]),
        ),
        ("conn", "peer_cidrs", json!(null), json!([]), json!([])),
        ("conn", "mtu", json!("1400"), json!(1400), json!(1400)),
        ("conn", "mtu", json!(1500.7), json!(1500), json!(1500)),
        ("conn", "mtu", json!(68), json!(68), json!(68)),
        ("conn", "mtu", json!(0), json!(0), json!(0)),
        ("conn", "mtu", json!(100_000), json!(100_000), json!(100_000)),
        ("conn", "initiator", json!("response-only"), json!("response-only"), json!("response-only")),
        ("conn", "initiator", json!("bi-directional"), json!("bi-directional"), json!("bi-directional")),
        ("conn", "psk", json!("other"), json!("other"), json!("other")),
        ("conn", "psk", json!(""), json!(""), json!("")),
        ("conn", "psk", json!(key), json!(key), json!(key)),
        ("conn", "admin_state_up", json!("false"), json!(false), json!(false)),
        ("conn", "admin_state_up", json!("1"), json!(true), json!(true)),
        ("conn", "dpd", json!({"action": "clear"}), dpd("clear", 30, 120), dpd("clear", 30, 120)),
        (
            "conn",
            "dpd",
            json!({"interval": "10", "timeout": "100"}),
            json!({"action": "clear", "interval": "10", "timeout": "100"}),
            dpd("clear", 10, 100),
        ),
        (
            "conn",
            "dpd",
            json!({"timeout": "90"}),
            json!({"action": "clear", "interval": 10, "timeout": "90"}),
            dpd("clear", 10, 90),
        ),
        (
            "conn",
            "dpd",
            json!({"interval": 5.5}),
            json!({"action": "clear", "interval": 5.5, "timeout": 90}),
            dpd("clear", 5, 90),
        ),
        (
            "conn",
            "dpd",
            json!({"action": "disabled", "interval": 0}),
            dpd("disabled", 0, 90),
            dpd("disabled", 0, 90),
        ),
        ("conn", "dpd", json!({"action": "restart"}), dpd("restart", 0, 90), dpd("restart", 0, 90)),
        (
            "conn",
            "dpd",
            json!({"action": "restart-by-peer"}),
            dpd("restart-by-peer", 0, 90),
            dpd("restart-by-peer", 0, 90),
        ),
        ("conn", "dpd", json!({"action": "hold"}), dpd("hold", 0, 90), dpd("hold", 0, 90)),
        ("conn", "dpd", json!(null), dpd("hold", 0, 90), dpd("hold", 0, 90)),
        ("conn", "dpd", json!({}), dpd("hold", 0, 90), dpd("hold", 0, 90)),
    ] {
        let path = format!("vpn/ipsec-site-connections/{{{name}}}");
        let before = world.get(&world.demo, &path).await;
        let body = connection(json!({attribute: given}));
        let changed = world.ask(&format!("demo PUT {path}"), &body).await;
        assert_eq!(changed.status, 200, "{body}: {}", changed.body);
        assert_eq!(world.shown(&changed.body["ipsec_site_connection"][attribute]), answered, "{body}");
        let mut want = before;
        want["ipsec_site_connection"][attribute] =
            serde_json::from_str(&world.with_ids(&stored.to_string())).unwrap();
        assert_eq!(world.get(&world.demo, &path).await, want, "{body} changes nothing else");
    }
    let made =
        world.connection(json!({"dpd": {"interval": "20"}, "mtu": "1400", "peer_ep_group_id": "{other}"}));
    let made = world.ask(POST, &made).await;
    assert_eq!(
        made.body["ipsec_site_connection"]["dpd"],
        json!({"action": "hold", "interval": "20", "timeout": 120})
    );
    assert_eq!(made.body["ipsec_site_connection"]["mtu"], 1400);
}

/// A gateway is not woken for nothing.
#[tokio::test]
async fn only_a_change_reaches_the_gateway() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({"name": "conn"})).await;
    let mut before = world.document().await["generation"].as_u64().unwrap();
    for (change, wakes) in [
        (json!({}), false),
        (json!({"name": "conn", "peer_address": "203.0.113.9", "peer_ep_group_id": "{peer}"}), false),
        (json!({"dpd": {"action": "hold"}}), false),
        (json!({"mtu": 1400}), true),
        (json!({"mtu": 1400}), false),
        (json!({"psk": "other"}), true),
        (json!({"admin_state_up": false}), true),
    ] {
        world.check([(PUT, connection(change.clone()), "200")]).await;
        let after = world.document().await["generation"].as_u64().unwrap();
        assert_eq!(after != before, wakes, "{change}: {before} {after}");
        before = after;
    }
}

#[tokio::test]
async fn each_attribute_refuses_what_the_contract_says() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({})).await;
    let long = "x".repeat(256);
    for (attribute, given, why) in [
        ("local_id", json!(null), "'None' is not a valid string".to_owned()),
        (
            "local_id",
            json!("a\r\nb"),
            r"'a\r\nb' has line breaks or other characters that cannot be printed".to_owned(),
        ),
        ("local_id", json!(long), format!("'{long}' exceeds maximum length of 255")),
        ("peer_address", json!(5), "'5' is not a valid string".to_owned()),
        (
            "peer_address",
            json!("a\nb"),
            r"'a\nb' has line breaks or other characters that cannot be printed".to_owned(),
        ),
        ("peer_id", json!(null), "'None' is not a valid string".to_owned()),
        (
            "peer_id",
            json!("a\nleftupdown=/bin/x"),
            r"'a\nleftupdown=/bin/x' has line breaks or other characters that cannot be printed".to_owned(),
        ),
        (
            "peer_id",
            json!("a\tb"),
            r"'a\tb' has line breaks or other characters that cannot be printed".to_owned(),
        ),
        (
            "peer_id",
            json!("a\u{200b}"),
            r"'a\u{200b}' has line breaks or other characters that cannot be printed".to_owned(),
        ),
        ("peer_cidrs", json!("1.0.0.0/33"), "'1.0.0.0/33' is not a valid IP subnet".to_owned()),
        ("peer_cidrs", json!(["10.1/16"]), "'10.1/16' is not a valid IP subnet".to_owned()),
        ("peer_cidrs", json!(["10.0.0.0/08"]), "'10.0.0.0/08' is not a valid IP subnet".to_owned()),
        ("peer_cidrs", json!(["10.0.0.0"]), "'10.0.0.0' is not a valid IP subnet".to_owned()),
        ("peer_cidrs", json!([" 10.0.0.0/8"]), "' 10.0.0.0/8' is not a valid IP subnet".to_owned()),
        ("peer_cidrs", json!([null]), "'None' is not a valid IP subnet".to_owned()),
        (
            "peer_cidrs",
            json!("10.1.0.0/24,10.2.0.0/24"),
            "'10.1.0.0/24,10.2.0.0/24' is not a valid IP subnet".to_owned(),
        ),
        (
            "peer_cidrs",
            json!(["20.1.0.0/24", "20.1.0.0/24"]),
            "Duplicate items in the list: '20.1.0.0/24'".to_owned(),
        ),
        ("local_ep_group_id", json!("x"), "'x' is not a valid UUID".to_owned()),
        ("peer_ep_group_id", json!(7), "'7' is not a valid UUID".to_owned()),
        ("mtu", json!(-1), "'-1' should be non-negative".to_owned()),
        ("mtu", json!(4_294_967_296_u64), "'4294967296' is too large".to_owned()),
        ("initiator", json!("both"), "both is not in valid_values".to_owned()),
        ("psk", json!(null), "'None' is not a valid string".to_owned()),
        ("psk", json!("a\nb"), "a key has no line breaks or other control characters".to_owned()),
        ("psk", json!(long), "a key has at most 255 characters".to_owned()),
        ("dpd", json!(59), "'59' is not a dictionary".to_owned()),
        ("dpd", json!({"action": "none"}), "none is not in valid_values".to_owned()),
        ("dpd", json!({"interval": -1}), "'-1' should be non-negative".to_owned()),
        ("dpd", json!({"timeout": "x"}), "'x' is not an integer".to_owned()),
        ("dpd", json!({"delay": 1, "action": "hold"}), "Unexpected keys supplied: delay".to_owned()),
    ] {
        let want = format!("400 HTTPBadRequest Invalid input for {attribute}. Reason: {why}.");
        let (post, put) = if given.is_null() {
            let mut post = world.connection(json!({}));
            post["ipsec_site_connection"][attribute] = Value::Null;
            (post, connection(json!({attribute: given})))
        } else {
            (world.connection(json!({attribute: given})), connection(json!({attribute: given})))
        };
        world.refuse([(POST, post, want.as_str()), (PUT, put, want.as_str())]).await;
    }
    for (given, why) in [
        (json!("abc"), "'abc' is not an integer"),
        (json!(null), "'None' is not an integer"),
        (json!("1500.7"), "'1500.7' is not an integer"),
        (json!([]), "'[]' is not an integer"),
    ] {
        let want = format!("400 InvalidInput Invalid input for operation: {why}.");
        world.refuse([(PUT, connection(json!({"mtu": given})), want.as_str())]).await;
    }
    for attribute in ["id", "route_mode", "auth_mode", "status"] {
        let want = format!("400 HTTPBadRequest Attribute '{attribute}' not allowed in POST");
        world.refuse([(POST, world.connection(json!({attribute: "psk"})), want.as_str())]).await;
    }
    for attribute in
        ["id", "route_mode", "auth_mode", "status", "vpnservice_id", "ikepolicy_id", "ipsecpolicy_id"]
    {
        let want = format!("400 HTTPBadRequest Cannot update read-only attribute {attribute}");
        world.refuse([(PUT, connection(json!({attribute: "x"})), want.as_str())]).await;
    }
    // The first one that is missing is told.
    let mut body = world.connection(json!({}));
    for attribute in ["ipsecpolicy_id", "ikepolicy_id", "vpnservice_id", "psk", "peer_id", "peer_address"] {
        body["ipsec_site_connection"].as_object_mut().unwrap().remove(attribute);
        let want = format!(
            "400 HTTPBadRequest Failed to parse request. Required attribute '{attribute}' not specified"
        );
        world.refuse([(POST, body.clone(), want.as_str())]).await;
    }
    for attribute in ["vpnservice_id", "ikepolicy_id", "ipsecpolicy_id"] {
        let want =
            format!("400 HTTPBadRequest Invalid input for {attribute}. Reason: 'x' is not a valid UUID.");
        world.refuse([(POST, world.connection(json!({attribute: "x"})), want.as_str())]).await;
    }
}

#[tokio::test]
async fn lists_are_filtered_by_what_the_contract_says() {
    let mut world = World::with_parts().await;
    world.connect("conn", json!({"description": "d", "local_id": "l", "admin_state_up": false})).await;
    let by_subnet = world.subnet_connection(
        json!({"peer_id": "p", "peer_address": "192.0.2.1", "mtu": 1400, "initiator": "response-only"}),
    );
    world.make("vpn/ipsec-site-connections", "other", by_subnet["ipsec_site_connection"].clone()).await;
    for (query, want) in [
        ("id={conn}", "conn"),
        ("name=conn&name=other", "conn other"),
        ("name=conn&mtu=1400", ""),
        ("description=d", "conn"),
        ("description=", "other"),
        ("local_id=l", "conn"),
        ("peer_id=p", "other"),
        ("peer_address=192.0.2.1", "other"),
        ("local_ep_group_id={local}", "conn"),
        ("peer_ep_group_id={peer}", "conn"),
        ("route_mode=static", "conn other"),
        ("route_mode=dynamic", ""),
        ("auth_mode=psk", "conn other"),
        ("auth_mode=x", ""),
        ("mtu=1400", "other"),
        ("initiator=response-only", "other"),
        ("initiator=nope", ""),
        ("admin_state_up=False", "conn"),
        ("admin_state_up=1", "other"),
        ("status=PENDING_CREATE", "conn other"),
        ("status=ACTIVE", ""),
        ("vpnservice_id={subnet-service}", "other"),
        ("ikepolicy_id={ike}&ipsecpolicy_id={ipsec}", "conn other"),
        ("project_id={demo project}", "conn other"),
        ("tenant_id={demo project}", "conn other"),
        ("tenant_id={other project}", ""),
        ("sort_key=name&sort_dir=desc", "other conn"),
        ("sort_key=tenant_id&sort_dir=asc", "conn other"),
    ] {
        let listed = world.get(&world.demo, &format!("vpn/ipsec-site-connections?fields=name&{query}")).await;
        let names: Vec<&str> = listed["ipsec_site_connections"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.join(" "), want, "{query}");
    }
    let list = "demo GET vpn/ipsec-site-connections";
    for query in ["lifetime", "dpd", "peer_cidrs", "bogus", "psk"] {
        let want = format!("400 HTTPBadRequest ['{query}'] is invalid attribute for filtering");
        world.check([(format!("{list}?{query}=x").as_str(), Value::Null, want.as_str())]).await;
    }
    world
        .check([
            (
                format!("{list}?admin_state_up=maybe").as_str(),
                Value::Null,
                "400 InvalidInput Invalid input for operation: 'maybe' cannot be converted to boolean.",
            ),
            (
                format!("{list}?mtu=x").as_str(),
                Value::Null,
                "400 InvalidInput Invalid input for operation: 'x' is not an integer.",
            ),
            (
                format!("{list}?sort_key=mtu&sort_dir=asc").as_str(),
                Value::Null,
                "400 HTTPBadRequest ['mtu'] is invalid attribute for sort_keys",
            ),
        ])
        .await;
}
