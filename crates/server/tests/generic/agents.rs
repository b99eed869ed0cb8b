//! Agents, and which of them has which router.

use serde_json::{Value, json};

use crate::common::AGENT_KEY;
use crate::common::cloud::Cloud;
use crate::says;

/// The names of the routers that an agent is told to have.
async fn told(cloud: &Cloud, host: &str) -> Value {
    let path = cloud.with_ids(&format!("/agent/v1/agents/{{{host}}}/routers"));
    let list = cloud.server.call_as_agent(AGENT_KEY, "GET", &path, &Value::Null).await;
    assert_eq!(list.status, 200, "{}", list.body);
    let ids = list.body["routers"].as_array().unwrap().iter();
    ids.map(|router| json!(cloud.with_names(router["id"].as_str().unwrap()))).collect()
}

#[tokio::test]
async fn the_operator_changes_and_forgets_agents() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.agent("node-1", "nova").await;
    let missing = "404 HTTPNotFound The resource could not be found.";
    let unknown = "404 AgentNotFound Agent nothing could not be found.";
    let shown = |fields: Value| format!("200 {}", json!({"agent": fields}));
    let changed = shown(json!({"admin_state_up": false, "description": "left rack"}));
    let fields = "?fields=admin_state_up&fields=description";
    for (who, request, body, want) in [
        (
            &admin,
            "POST agents",
            json!({"agent": {}}),
            "400 BadRequest Bad agents request: Agent creation using API is not supported..",
        ),
        (&admin, "GET agents/nothing", json!(null), unknown),
        (&admin, "GET agents?limit=1&marker=nothing", json!(null), unknown),
        (&admin, "PUT agents/nothing", json!({"agent": {}}), unknown),
        (&admin, "DELETE agents/nothing", json!(null), unknown),
        (&demo, "GET agents", json!(null), r#"200 {"agents":[]}"#),
        (&demo, "GET agents/{node-1}", json!(null), missing),
        (&demo, "PUT agents/{node-1}", json!({"agent": {"description": "x"}}), missing),
        (&demo, "DELETE agents/{node-1}", json!(null), missing),
        (
            &admin,
            "PUT agents/{node-1}",
            json!({"agent": {"host": "x"}}),
            "400 HTTPBadRequest Cannot update read-only attribute host",
        ),
        (
            &admin,
            "PUT agents/{node-1}",
            json!({"agent": {"alive": true}}),
            "400 HTTPBadRequest Cannot update read-only attribute alive",
        ),
        (
            &admin,
            "PUT agents/{node-1}",
            json!({"agent": {"foo": 1}}),
            "400 HTTPBadRequest Unrecognized attribute(s) 'foo'",
        ),
        (
            &admin,
            "PUT agents/{node-1}",
            json!({"agent": {"admin_state_up": "x"}}),
            "400 InvalidInput Invalid input for operation: 'x' cannot be converted to boolean.",
        ),
        (
            &admin,
            "PUT agents",
            json!({"agent": {}}),
            "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.",
        ),
    ] {
        says(&cloud, who, request, body, want).await;
    }
    cloud
        .put(
            &admin,
            "agents/{node-1}",
            json!({"agent": {"admin_state_up": "no", "description": "left rack"}}),
        )
        .await;
    says(&cloud, &admin, &format!("GET agents/{{node-1}}{fields}"), json!(null), &changed).await;
    // What the agent itself says does not touch what the operator said.
    cloud.agent("node-1", "nova").await;
    says(&cloud, &admin, &format!("GET agents/{{node-1}}{fields}"), json!(null), &changed).await;
    for (query, count) in [
        ("agent_type=L3%20agent", 1),
        ("binary=neutron-l3-agent", 1),
        ("host=node-1", 1),
        ("host=node-2", 0),
        ("alive=true", 1),
        ("alive=False", 0),
        ("admin_state_up=false", 1),
        ("availability_zone=nova", 1),
        ("topic=l3_agent", 1),
        ("description=left%20rack", 1),
        ("id={node-1}", 1),
        ("limit=1", 1),
    ] {
        let found = cloud.get(&admin, &format!("agents?{query}")).await;
        assert_eq!(found["agents"].as_array().unwrap().len(), count, "{query}");
    }
    let zone =
        |state: &str| json!({"availability_zones": [{"name": "nova", "resource": "router", "state": state}]});
    assert_eq!(cloud.get(&demo, "availability_zones").await, zone("unavailable"));
    assert_eq!(
        cloud.get(&demo, "availability_zones?resource=network").await["availability_zones"],
        json!([])
    );

    // It gets no new routers, and keeps what it has.
    let router = cloud.create(&demo, "router", "r", json!({})).await;
    assert_eq!(router["availability_zones"], json!([]));
    cloud
        .put(&admin, "agents/{node-1}", json!({"agent": {"admin_state_up": true, "description": null}}))
        .await;
    assert_eq!(cloud.get(&demo, "availability_zones").await, zone("available"));
    cloud.create(&demo, "router", "s", json!({})).await;
    assert_eq!(told(&cloud, "node-1").await, json!(["{s}"]));
    cloud.agent("node-2", "nova").await;
    let both = cloud.get(&admin, "agents?sort_key=host&sort_dir=desc&fields=host").await;
    assert_eq!(both["agents"], json!([{"host": "node-2"}, {"host": "node-1"}]));

    // The routers of one that is forgotten go to another.
    cloud.delete(&admin, "agents/{node-1}").await;
    says(
        &cloud,
        &admin,
        "GET agents/{node-1}",
        json!(null),
        "404 AgentNotFound Agent {node-1} could not be found.",
    )
    .await;
    let mut routers: Vec<_> = told(&cloud, "node-2").await.as_array().unwrap().clone();
    routers.sort_by_key(ToString::to_string);
    assert_eq!(routers, ["{r}", "{s}"]);
    let path = cloud.with_ids("/agent/v1/agents/{node-1}/routers");
    assert_eq!(cloud.server.call_as_agent(AGENT_KEY, "GET", &path, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn the_operator_gives_routers_to_agents() {
    let mut cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.agent("node-1", "nova").await;
    cloud.create(&demo, "router", "r", json!({})).await;
    cloud.create(&demo, "router", "s", json!({})).await;
    cloud.agent("node-2", "nova").await;
    assert_eq!(told(&cloud, "node-1").await, json!(["{r}", "{s}"]));
    for (side, want) in
        [("l3", ["L3 agent", "neutron-l3-agent"]), ("vpn", ["VPN Agent", "neutron-ovn-vpn-agent"])]
    {
        let agents = cloud.get(&admin, &format!("routers/{{r}}/{side}-agents")).await["agents"].clone();
        assert_eq!([&agents[0]["agent_type"], &agents[0]["binary"]], want, "{side}");
    }
    let agents = cloud.get(&admin, "routers/{r}/l3-agents").await;
    assert_eq!(
        (&agents["agents"][0]["host"], agents["agents"][0].get("ha_state")),
        (&json!("node-1"), Some(&Value::Null))
    );
    let r = json!({"router_id": "{r}"});
    for (side, word, hosted, disabled) in [
        (
            "l3",
            "router",
            "409 RouterHostedByL3Agent The router {r} has been already hosted by the L3 Agent {node-1}.",
            "409 InvalidL3Agent Agent {node-2} is not a L3 Agent or has been disabled",
        ),
        (
            "vpn",
            "VPN service",
            "409 RouterHostedByVPNAgent The VPN service of router {r} has been already hosted by the VPN Agent {node-1}.",
            "404 InvalidVPNAgent Agent {node-2} is not a VPN Agent or has been disabled",
        ),
    ] {
        let forbidden = |action: &str, what: &str| {
            format!("403 PolicyNotAuthorized rule:{action}_{side}-{what} is disallowed by policy")
        };
        let (one, two) =
            (format!("agents/{{node-1}}/{side}-routers"), format!("agents/{{node-2}}/{side}-routers"));
        for (who, request, body, want) in [
            (&demo, format!("GET {one}"), json!(null), forbidden("get", "routers")),
            (&demo, format!("POST {one}"), r.clone(), forbidden("create", "router")),
            (&demo, format!("DELETE {one}/{{r}}"), json!(null), forbidden("delete", "router")),
            (&demo, format!("GET routers/{{r}}/{side}-agents"), json!(null), forbidden("get", "agents")),
            (
                &admin,
                format!("POST {one}"),
                json!({}),
                "400 HTTPBadRequest Unable to find 'router_id' in request body".to_owned(),
            ),
            (
                &admin,
                format!("POST {one}"),
                json!({"router_id": "gone"}),
                "404 RouterNotFound Router gone could not be found".to_owned(),
            ),
            (
                &admin,
                format!("POST {one}"),
                json!({"router_id": "a\0b"}),
                "404 RouterNotFound Router a\0b could not be found".to_owned(),
            ),
            (
                &admin,
                format!("POST agents/gone/{side}-routers"),
                r.clone(),
                "404 AgentNotFound Agent gone could not be found.".to_owned(),
            ),
            (
                &admin,
                format!("GET agents/gone/{side}-routers"),
                json!(null),
                "404 AgentNotFound Agent gone could not be found.".to_owned(),
            ),
            (
                &admin,
                format!("GET routers/gone/{side}-agents"),
                json!(null),
                "404 RouterNotFound Router gone could not be found".to_owned(),
            ),
            (&admin, format!("POST {two}"), r.clone(), hosted.to_owned()),
            (&admin, format!("POST {one}"), r.clone(), "201 null".to_owned()),
            (&admin, format!("DELETE {one}/{{r}}"), json!(null), "204".to_owned()),
            (&admin, format!("DELETE {one}/{{r}}"), json!(null), "204".to_owned()),
            (
                &admin,
                format!("GET routers/{{r}}/{side}-agents"),
                json!(null),
                r#"200 {"agents":[]}"#.to_owned(),
            ),
        ] {
            says(&cloud, who, &request, body, &want).await;
        }
        assert_eq!(told(&cloud, "node-1").await, json!(["{s}"]), "{word}");
        cloud.put(&admin, "agents/{node-2}", json!({"agent": {"admin_state_up": false}})).await;
        says(&cloud, &admin, &format!("POST {two}"), r.clone(), disabled).await;
        cloud.put(&admin, "agents/{node-2}", json!({"agent": {"admin_state_up": true}})).await;
        says(&cloud, &admin, &format!("POST {two}"), r.clone(), "201 null").await;
        assert_eq!(told(&cloud, "node-2").await, json!(["{r}"]), "{word}");
        // Back for the next round.
        cloud.delete(&admin, &format!("{two}/{{r}}")).await;
        assert_eq!(told(&cloud, "node-2").await, json!([]), "{word}");
        says(&cloud, &admin, &format!("POST {one}"), r.clone(), "201 null").await;
    }
    let routers = cloud.get(&admin, "agents/{node-1}/l3-routers").await;
    assert_eq!(routers["routers"].as_array().unwrap().len(), 2);
    assert_eq!(routers["routers"][0], cloud.get(&admin, "routers/{r}").await["router"]);
    assert_eq!(cloud.get(&admin, "agents/{node-1}/vpn-routers").await, json!({"routers": []}));
}
