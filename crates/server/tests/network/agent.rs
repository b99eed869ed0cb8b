//! Agents, zones, providers, and what wakes an agent.

use serde_json::{Value, json};

use crate::common::AGENT_KEY;
use crate::common::cloud::Cloud;

#[tokio::test]
async fn agents_and_zones_are_listed() {
    let cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    assert_eq!(cloud.get(&demo, "availability_zones").await, json!({"availability_zones": []}));
    assert_eq!(cloud.get(&admin, "agents?alive=True").await, json!({"agents": []}));
    let id = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
    let path = format!("agents/{id}");
    let want = format!("404 AgentNotFound Agent {id} could not be found.");
    cloud.refused(&admin, ("GET", &path, Value::Null, &want)).await;
    let want = "404 HTTPNotFound The resource could not be found.";
    cloud.refused(&demo, ("GET", &path, Value::Null, want)).await;
}

#[tokio::test]
async fn what_a_node_must_know_of_wakes_its_agent() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    cloud.agent("node-1", "nova").await;
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.subnet(&demo, "left", "left-subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "port", "host", json!({"network_id": "{left}"})).await;
    let router = cloud.create(&demo, "router", "router", json!({})).await;
    assert_eq!(router["availability_zones"], json!(["nova"]));

    let generation = async |cloud: &Cloud| {
        let path = cloud.with_ids("/agent/v1/agents/{node-1}/routers");
        let list = cloud.server.call_as_agent(AGENT_KEY, "GET", &path, &Value::Null).await.body;
        let generation =
            list["routers"].as_array().unwrap().first().map(|router| router["generation"].as_u64().unwrap());
        (generation, list["revision"].as_u64().unwrap())
    };
    let subnet = json!({"subnet_id": "{left-subnet}"});
    let gateway = |info: Value| json!({"router": {"external_gateway_info": info}});
    let routes = json!({"router": {"routes": [{"destination": "10.9.0.0/24", "nexthop": "10.1.0.9"}]}});
    for (who, path, body, wakes) in [
        (&demo, "routers/{router}", json!({"router": {}}), false),
        (&demo, "routers/{router}/add_router_interface", subnet.clone(), true),
        (&demo, "routers/{router}", gateway(json!({"network_id": "{ext}"})), true),
        (&demo, "routers/{router}", gateway(json!({"network_id": "{ext}"})), false),
        (&admin, "routers/{router}", gateway(json!({"network_id": "{ext}", "enable_snat": false})), true),
        (
            &admin,
            "routers/{router}",
            gateway(json!({"network_id": "{ext}", "external_fixed_ips": [{"ip_address": "195.192.128.7"}]})),
            true,
        ),
        (&demo, "routers/{router}", routes, true),
        (&demo, "routers/{router}", json!({"router": {"routes": null}}), true),
        (&demo, "routers/{router}", json!({"router": {"admin_state_up": false}}), true),
        (&demo, "networks/{left}", json!({"network": {"name": "other"}}), false),
        (&demo, "networks/{left}", json!({"network": {"mtu": 1400}}), true),
        (&admin, "networks/{ext}", json!({"network": {"provider:physical_network": "uplink"}}), true),
        (&admin, "subnets/{ext-subnet}", json!({"subnet": {"dns_nameservers": ["8.8.8.8"]}}), false),
        (&admin, "subnets/{ext-subnet}", json!({"subnet": {"gateway_ip": "195.192.128.2"}}), true),
        (&demo, "ports/{host}", json!({"port": {"admin_state_up": false}}), false),
        (&demo, "ports/{interface}", json!({"port": {"admin_state_up": false}}), true),
        (&admin, "ports/{interface}", json!({"port": {"mac_address": "fa:16:3e:00:00:01"}}), true),
        (&demo, "routers/{router}", gateway(Value::Null), true),
        (&demo, "routers/{router}/remove_router_interface", subnet, true),
    ] {
        let (before, _) = generation(&cloud).await;
        let answer = cloud.put(who, path, body.clone()).await;
        if let Some(port) = answer["port_id"].as_str() {
            cloud.ids.insert("interface".to_owned(), port.to_owned());
        }
        let (after, _) = generation(&cloud).await;
        assert_eq!(after > before, wakes, "{path} {body}: {before:?} {after:?}");
    }
    let (_, before) = generation(&cloud).await;
    cloud.delete(&demo, "routers/{router}").await;
    let (router, after) = generation(&cloud).await;
    assert!(router.is_none() && after > before, "a router that is gone is taken off its node");

    let agents = cloud.get(&admin, "agents?host=node-1&alive=true").await;
    assert_eq!(agents["agents"].as_array().unwrap().len(), 1);
    assert_eq!(cloud.get(&demo, "agents").await, json!({"agents": []}));
    let zones = json!([{"name": "nova", "resource": "router", "state": "available"}]);
    assert_eq!(cloud.get(&demo, "availability_zones").await["availability_zones"], zones);
}
