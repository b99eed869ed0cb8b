//! Flavors, service profiles and providers, and what a VPN service makes of them.

use serde_json::{Value, json};

use crate::world::World;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn flavor(attributes: Value) -> Value {
    json!({"flavor": attributes})
}

fn profile(attributes: Value) -> Value {
    json!({"service_profile": attributes})
}

#[tokio::test]
async fn flavors_and_profiles_are_made_bound_changed_and_removed() {
    let mut world = World::start().await;
    let made = world.make("flavors", "gold", json!({"service_type": "VPN", "description": "the best"})).await;
    let want = r#"{"id":"{gold}","name":"gold","description":"the best","service_type":"VPN","enabled":true,"service_profiles":[]}"#;
    assert_eq!(world.with_names(&made.to_string()), want);
    let made = world.make("service_profiles", "profile", json!({"driver": "strongswan"})).await;
    let want = r#"{"id":"{profile}","description":"","driver":"strongswan","enabled":true,"metainfo":""}"#;
    assert_eq!(world.with_names(&made.to_string()), want);
    world.make("service_profiles", "other", json!({"metainfo": "{'a': 1}"})).await;

    let bound =
        world.ask("admin POST flavors/{gold}/service_profiles", &profile(json!({"id": "{profile}"}))).await;
    assert_eq!(bound.status, 201);
    assert_eq!(world.with_names(&bound.body.to_string()), r#"{"service_profile":{"id":"{gold}"}}"#);
    world
        .check([
            ("admin POST flavors/{gold}/service_profiles", profile(json!({"id": "{other}"})), "201"),
            ("admin PUT flavors/{gold}", flavor(json!({"name": "silver", "enabled": "no"})), "200"),
            ("admin PUT service_profiles/{other}", profile(json!({"description": "spare"})), "200"),
            ("admin DELETE flavors/{gold}/service_profiles/{profile}", Value::Null, "204"),
            ("admin DELETE service_profiles/{profile}", Value::Null, "204"),
        ])
        .await;
    // Everybody sees flavors; profiles are the administrator's.
    for who in ["demo", "reader", "stranger"] {
        let shown = world.ask(&format!("{who} GET flavors?name=silver&enabled=false"), &Value::Null).await;
        assert_eq!(
            world.with_names(&shown.body["flavors"].to_string()),
            r#"[{"id":"{gold}","name":"silver","description":"the best","service_type":"VPN","enabled":false,"service_profiles":["{other}"]}]"#
        );
        let shown = world.ask(&format!("{who} GET service_profiles"), &Value::Null).await;
        assert_eq!(shown.body, json!({"service_profiles": []}));
    }
    world
        .check([
            ("admin DELETE flavors/{gold}", Value::Null, "204"),
            ("admin GET flavors/{gold}", Value::Null, "404 FlavorNotFound Flavor {gold} could not be found."),
            ("admin DELETE service_profiles/{other}", Value::Null, "204"),
        ])
        .await;
}

#[tokio::test]
async fn everything_that_flavors_and_profiles_refuse() {
    let mut world = World::start().await;
    world.make("flavors", "gold", json!({"service_type": "VPN"})).await;
    world.make("service_profiles", "profile", json!({"driver": "strongswan"})).await;
    world.make("service_profiles", "free", json!({"driver": "strongswan"})).await;
    let bind = "admin POST flavors/{gold}/service_profiles";
    world.check([(bind, profile(json!({"id": "{profile}"})), "201")]).await;
    world.refuse([
        ("admin POST flavors", flavor(json!({})), "400 HTTPBadRequest Failed to parse request. Required attribute 'service_type' not specified"),
        ("admin POST flavors", flavor(json!({"service_type": "NOPE"})), "400 InvalidServiceType Invalid service type: NOPE."),
        ("admin POST flavors", flavor(json!({"service_type": "VPN", "enabled": "x"})), "400 InvalidInput Invalid input for operation: 'x' cannot be converted to boolean."),
        ("admin POST flavors", flavor(json!({"service_type": "VPN", "foo": 1})), "400 HTTPBadRequest Unrecognized attribute(s) 'foo'"),
        ("admin POST flavors", flavor(json!({"service_type": "VPN", "service_profiles": []})), "400 HTTPBadRequest Attribute 'service_profiles' not allowed in POST"),
        ("admin PUT flavors/{gold}", flavor(json!({"service_type": "VPN"})), "400 HTTPBadRequest Cannot update read-only attribute service_type"),
        ("demo POST flavors", flavor(json!({"service_type": "VPN"})), "403 PolicyNotAuthorized rule:create_flavor is disallowed by policy"),
        ("demo PUT flavors/{gold}", flavor(json!({"name": "x"})), "403 PolicyNotAuthorized rule:update_flavor is disallowed by policy"),
        ("demo DELETE flavors/{gold}", Value::Null, "403 PolicyNotAuthorized rule:delete_flavor is disallowed by policy"),
        ("demo GET flavors/x", Value::Null, "404 FlavorNotFound Flavor x could not be found."),
        ("admin POST service_profiles", profile(json!({})), "400 ServiceProfileEmpty Service Profile needs either a driver or metainfo."),
        ("admin POST service_profiles", profile(json!({"driver": "x.y"})), "404 ServiceProfileDriverNotFound Service Profile driver x.y could not be found."),
        ("admin PUT service_profiles/{profile}", profile(json!({"driver": ""})), "400 ServiceProfileEmpty Service Profile needs either a driver or metainfo."),
        ("admin PUT service_profiles/{profile}", profile(json!({"driver": "x.y"})), "404 ServiceProfileDriverNotFound Service Profile driver x.y could not be found."),
        ("demo POST service_profiles", profile(json!({"driver": "strongswan"})), "403 PolicyNotAuthorized rule:create_service_profile is disallowed by policy"),
        ("demo GET service_profiles/{profile}", Value::Null, "404 ServiceProfileNotFound Service Profile {profile} could not be found."),
        ("demo DELETE service_profiles/{profile}", Value::Null, "404 ServiceProfileNotFound Service Profile {profile} could not be found."),
        ("admin DELETE service_profiles/{profile}", Value::Null, "409 ServiceProfileInUse Service Profile {profile} is used by some service instance."),
        (bind, profile(json!({"id": "{profile}"})), "409 FlavorServiceProfileBindingExists Service Profile {profile} is already associated with flavor {gold}."),
        (bind, profile(json!({"id": NOBODY})), "404 ServiceProfileNotFound Service Profile 00000000-0000-4000-8000-000000000000 could not be found."),
        (bind, profile(json!({})), "400 HTTPBadRequest Failed to parse request. Required attribute 'id' not specified"),
        ("admin POST flavors/x/service_profiles", profile(json!({"id": "{profile}"})), "404 FlavorNotFound Flavor x could not be found."),
        ("demo POST flavors/{gold}/service_profiles", profile(json!({"id": "{free}"})), "403 PolicyNotAuthorized rule:create_flavor_service_profile is disallowed by policy"),
        ("demo DELETE flavors/{gold}/service_profiles/{profile}", Value::Null, "403 PolicyNotAuthorized rule:delete_flavor_service_profile is disallowed by policy"),
        ("admin DELETE flavors/{gold}/service_profiles/{free}", Value::Null, "404 FlavorServiceProfileBindingNotFound Service Profile {free} is not associated with flavor {gold}."),
        ("admin GET flavors/{gold}/service_profiles", Value::Null, "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect."),
    ]).await;
}

#[tokio::test]
async fn a_service_may_be_made_with_a_flavor_that_works() {
    let mut world = World::start().await;
    for (name, attributes, driver) in [
        ("gold", json!({"service_type": "VPN"}), json!({"driver": "strongswan"})),
        ("bare", json!({"service_type": "VPN"}), Value::Null),
        ("off", json!({"service_type": "VPN", "enabled": false}), Value::Null),
        ("routers", json!({"service_type": "L3_ROUTER_NAT"}), json!({"driver": "single_node"})),
        ("halted", json!({"service_type": "VPN"}), json!({"driver": "strongswan", "enabled": false})),
        ("vague", json!({"service_type": "VPN"}), json!({"metainfo": "x"})),
        ("misled", json!({"service_type": "VPN"}), json!({"driver": "single_node"})),
        (
            "classic",
            json!({"service_type": "VPN"}),
            json!({"driver": "neutron_vpnaas.services.vpn.service_drivers.ipsec.IPsecVPNDriver"}),
        ),
    ] {
        world.make("flavors", name, attributes).await;
        if !driver.is_null() {
            let profile = world.make("service_profiles", "profile", driver).await;
            let bind = format!("admin POST flavors/{{{name}}}/service_profiles");
            let id = json!({"service_profile": {"id": profile["id"]}});
            assert_eq!(world.ask(&bind, &id).await.status, 201);
        }
    }
    // A router that is not there either: flavors come first.
    let service = |flavor: &str| json!({"vpnservice": {"router_id": NOBODY, "flavor_id": flavor}});
    let post = "demo POST vpn/vpnservices";
    world.refuse([
        (post, service(NOBODY), "404 FlavorNotFound Flavor 00000000-0000-4000-8000-000000000000 could not be found."),
        (post, service("x"), "400 HTTPBadRequest Invalid input for flavor_id. Reason: 'x' is not a valid UUID."),
        (post, service("{routers}"), "400 InvalidServiceType Invalid service type: L3_ROUTER_NAT."),
        (post, service("{off}"), "503 FlavorDisabled Flavor is not enabled."),
        (post, service("{bare}"), "404 FlavorServiceProfileBindingNotFound Service Profile  is not associated with flavor {bare}."),
        (post, service("{halted}"), "503 ServiceProfileDisabled Service Profile is not enabled."),
        (post, service("{vague}"), "404 NoProviderFoundForFlavor No service provider found for flavor {vague}"),
        (post, service("{misled}"), "404 NoProviderFoundForFlavor No service provider found for flavor {misled}"),
        (post, service("{gold}"), "404 RouterNotFound Router 00000000-0000-4000-8000-000000000000 could not be found"),
        (post, service("{classic}"), "404 RouterNotFound Router 00000000-0000-4000-8000-000000000000 could not be found"),
    ]).await;
    let made = world
        .make("vpn/vpnservices", "service", json!({"router_id": "{router}", "flavor_id": "{gold}"}))
        .await;
    assert_eq!(world.with_names(made["flavor_id"].as_str().unwrap()), "{gold}");
    let listed = world.ask("demo GET vpn/vpnservices?flavor_id={gold}&fields=name", &Value::Null).await;
    assert_eq!(listed.body, json!({"vpnservices": [{"name": "service"}]}));
    world
        .check([
            (
                "demo PUT vpn/vpnservices/{service}",
                json!({"vpnservice": {"flavor_id": null}}),
                "400 HTTPBadRequest Cannot update read-only attribute flavor_id",
            ),
            (
                "admin DELETE flavors/{gold}",
                Value::Null,
                "409 FlavorInUse Flavor {gold} is used by some service instance.",
            ),
            ("admin PUT flavors/{gold}", flavor(json!({"enabled": false})), "200"),
            ("demo DELETE vpn/vpnservices/{service}", Value::Null, "204"),
            ("admin DELETE flavors/{gold}", Value::Null, "204"),
        ])
        .await;
}

#[tokio::test]
async fn a_router_may_be_made_with_a_flavor_that_works() {
    let mut world = World::start().await;
    for (name, service_type, driver) in [
        ("quick", "L3_ROUTER_NAT", "single_node"),
        ("misled", "L3_ROUTER_NAT", "strongswan"),
        ("gold", "VPN", "strongswan"),
    ] {
        world.make("flavors", name, json!({"service_type": service_type})).await;
        let profile = world.make("service_profiles", "profile", json!({"driver": driver})).await;
        let id = json!({"service_profile": {"id": profile["id"]}});
        let bind = format!("admin POST flavors/{{{name}}}/service_profiles");
        assert_eq!(world.ask(&bind, &id).await.status, 201);
    }
    let router = |flavor: Value| json!({"router": {"flavor_id": flavor}});
    let post = "demo POST routers";
    world
        .refuse([
            (post, router(json!(null)), "404 FlavorNotFound Flavor None could not be found."),
            (
                post,
                router(json!(NOBODY)),
                "404 FlavorNotFound Flavor 00000000-0000-4000-8000-000000000000 could not be found.",
            ),
            (post, router(json!("{gold}")), "400 InvalidServiceType Invalid service type: VPN."),
            (
                post,
                router(json!("{misled}")),
                "404 NoProviderFoundForFlavor No service provider found for flavor {misled}",
            ),
        ])
        .await;
    let made = world.ask(post, &router(json!("{quick}"))).await.body["router"].clone();
    world.ids.insert("fast".to_owned(), made["id"].as_str().unwrap().to_owned());
    let demo = world.demo.clone();
    assert_eq!(world.with_names(made["flavor_id"].as_str().unwrap()), "{quick}");
    let shown = world.get(&demo, "routers/{fast}").await;
    assert_eq!(shown["router"], made);
    world
        .check([
            (
                "demo PUT routers/{fast}",
                router(json!(null)),
                "400 HTTPBadRequest Cannot update read-only attribute flavor_id",
            ),
            ("demo PUT routers/{fast}", json!({"router": {"name": "faster"}}), "200"),
            (
                "admin DELETE flavors/{quick}",
                Value::Null,
                "409 FlavorInUse Flavor {quick} is used by some service instance.",
            ),
            ("demo DELETE routers/{fast}", Value::Null, "204"),
            ("admin DELETE flavors/{quick}", Value::Null, "204"),
        ])
        .await;
}

#[tokio::test]
async fn readers_see_who_provides_vpn() {
    let world = World::with_parts().await;
    let vpn = json!({"service_type": "VPN", "name": "strongswan", "default": true});
    let router = json!({"service_type": "L3_ROUTER_NAT", "name": "single_node", "default": false});
    for (request, want) in [
        ("demo GET service-providers", json!([vpn, router])),
        ("reader GET service-providers?service_type=VPN", json!([vpn])),
        ("admin GET service-providers?default=false", json!([router])),
        ("auditor GET service-providers", json!([])),
    ] {
        let answer = world.ask(request, &Value::Null).await;
        assert_eq!(answer.body, json!({"service_providers": want}), "{request}");
    }
}
