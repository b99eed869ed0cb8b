//! Agents that come and go while routers do.

use serde_json::{Value, json};

use crate::arena::Arena;
use crate::common::AGENT_KEY;

pub(crate) async fn the_first_one_overlooks_no_router(arena: Arena) -> Arena {
    let (admin, demo) = (arena.admin.clone(), arena.demo.clone());
    for round in 0..16 {
        let new = || (&demo, "POST", "routers", json!({"router": {"name": "new"}}));
        let requests = (0..4).map(|number| (number / 2, new())).collect();
        let hello = json!({
            "host": "a", "availability_zone": "nova", "data_plane": "kernel", "physical_networks": [], "version": "1",
        });
        let hello = async {
            // No faster than the requests, which have to be let in first.
            for _ in 0..round % 4 {
                arena.get(&demo, "routers?limit=1").await;
            }
            arena.server.call_as_agent(AGENT_KEY, "PUT", "/agent/v1/agents/a", &hello).await
        };
        let (answers, welcome) = tokio::join!(arena.at_once_after(requests), hello);
        assert_eq!(welcome.status, 200, "{}", welcome.body);
        for router in arena.list(&demo, "routers").await {
            let router = router["id"].as_str().unwrap();
            let agents = arena.list(&admin, &format!("routers/{router}/l3-agents")).await;
            assert_eq!(agents.len(), 1, "round {round}: a router without an agent: {answers:?}");
            arena.delete(&demo, &format!("routers/{router}")).await;
        }
        arena.delete(&admin, &format!("agents/{}", welcome.body["id"].as_str().unwrap())).await;
    }
    arena
}

pub(crate) async fn routers_have_one_living_agent_and_what_is_said_of_agents_stays(
    mut arena: Arena,
) -> Arena {
    let (admin, demo) = (arena.admin.clone(), arena.demo.clone());
    for host in ["a", "b"] {
        arena.agent(host, "nova").await;
    }
    for router in ["one", "two", "three"] {
        arena.create(&demo, "router", router, json!({})).await;
    }
    for round in 0..12 {
        let text = format!("round {round}");
        let id = arena.with_ids("{a}");
        let requests = vec![
            (0, (&admin, "PUT", "agents/{b}", json!({"agent": {"description": text}}))),
            (0, (&demo, "POST", "routers", json!({"router": {"name": "new"}}))),
            (2, (&admin, "DELETE", "agents/{a}", Value::Null)),
            (0, (&demo, "POST", "routers", json!({"router": {"name": "new"}}))),
            (1, (&demo, "POST", "routers", json!({"router": {"name": "new"}}))),
            (2, (&demo, "POST", "routers", json!({"router": {"name": "new"}}))),
            (0, (&demo, "PUT", "routers/{one}", json!({"router": {"admin_state_up": round % 2 == 0}}))),
            (0, (&admin, "PUT", "routers/{two}", json!({"router": {"name": text}}))),
        ];
        let hello = json!({
            "host": "b", "availability_zone": text, "data_plane": "kernel", "physical_networks": ["public"],
            "version": "1",
        });
        let hello = arena.server.call_as_agent(AGENT_KEY, "PUT", "/agent/v1/agents/b", &hello);
        let (answers, welcome) = tokio::join!(arena.at_once_after(requests), hello);
        assert_eq!(welcome.status, 200, "{}", welcome.body);
        let told = format!("round {round}: {answers:?}");
        let b = arena.get(&admin, "agents/{b}").await["agent"].clone();
        assert_eq!((&b["description"], &b["availability_zone"]), (&json!(text), &json!(text)), "{told}");
        assert!(!arena.has(&format!("agents/{id}")).await, "{told}");
        for router in arena.list(&admin, "routers").await {
            let router = router["id"].as_str().unwrap();
            let agents = arena.list(&admin, &format!("routers/{router}/l3-agents")).await;
            assert_eq!(agents.len(), 1, "a router without an agent: {told}");
            assert_eq!(agents[0]["host"], "b", "{told}");
        }
        for router in arena.list(&demo, "routers?name=new").await {
            arena.delete(&demo, &format!("routers/{}", router["id"].as_str().unwrap())).await;
        }
        arena.agent("a", "nova").await;
        // It gets one of them, so that the next round has something to take away, and has the fewest.
        arena.delete(&admin, "agents/{b}/l3-routers/{one}").await;
        let body = json!({"router_id": "{one}"});
        let added = arena.call(&admin, "POST", "agents/{a}/l3-routers", &body).await;
        assert_eq!(added.status, 201, "{}", added.body);
    }
    arena
}
