//! What requests cost: how many statements each sends to the database. On SQLite a statement is a conversation with
//! another thread, and on PostgreSQL with another machine.

use std::cell::Cell;
use std::sync::Once;

use serde_json::{Value, json};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::common::AGENT_KEY;
use crate::world::World;

const CONNECTIONS: &str = "vpn/ipsec-site-connections";

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The statements that are sent from this thread, which is the whole server's in these tests. BEGIN and COMMIT are not
/// counted.
struct Statements;

struct Counter;

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "adit_store::statement" {
            COUNT.set(COUNT.get() + 1);
        }
    }
}

impl Statements {
    /// One subscriber for all threads: of several, each for a thread, tracing may ask another than the one that listens.
    fn counted() -> Self {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(|| {
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Counter)).unwrap();
        });
        Self
    }

    /// How many there were so far.
    fn count(&self) -> usize {
        COUNT.get()
    }

    /// What `request` sends, and its answer.
    async fn of(&self, world: &World, request: &str, body: Value) -> (usize, Value) {
        let before = self.count();
        let answer = world.ask(request, &body).await;
        assert!(answer.status < 300, "{request}: {} {}", answer.status, answer.body);
        (self.count() - before, answer.body)
    }
}

/// Whoever changes a number here upwards has found a reason that is worth it for every request.
#[tokio::test]
async fn requests_send_few_statements_however_many_rows_there_are() {
    let statements = Statements::counted();
    let mut world = World::with_parts().await;
    world.agent("node", "nova").await;
    for rows in [1, 12] {
        let create = world.subnet_connection(json!({"name": "conn"}));
        for _ in 1..rows {
            let (sent, _) = statements.of(&world, &format!("demo POST {CONNECTIONS}"), create.clone()).await;
            // The quota; the service, the policies, the subnet; the row; the router's generation; the change log.
            assert_eq!(sent, 9, "create, {rows} rows");
        }
        let created = world.make(CONNECTIONS, "conn", create["ipsec_site_connection"].clone()).await;
        let change = json!({"ipsec_site_connection": {"description": format!("{rows}")}});
        let id = created["id"].as_str().unwrap();
        for (request, body, most) in [
            (format!("GET {CONNECTIONS}/{id}"), Value::Null, 1),
            // The row, the service, the subnet; the row; the router's generation; the change log.
            (format!("PUT {CONNECTIONS}/{id}"), change, 7),
            (format!("GET {CONNECTIONS}"), Value::Null, 1),
            (format!("GET {CONNECTIONS}?limit=5"), Value::Null, 1),
            // With a marker, which must be in the list.
            (format!("GET {CONNECTIONS}?limit=5&marker={id}"), Value::Null, 2),
            (format!("DELETE {CONNECTIONS}/{id}"), Value::Null, 6),
        ] {
            let (sent, _) = statements.of(&world, &format!("demo {request}"), body).await;
            assert_eq!(sent, most, "{request}, {rows} rows");
        }
    }
}

#[tokio::test]
async fn policies_send_few_statements() {
    let statements = Statements::counted();
    let world = World::with_parts().await;
    for path in ["ikepolicies", "ipsecpolicies"] {
        let singular = path.replace("ies", "y");
        let body = json!({singular.as_str(): {"name": "policy"}});
        let (sent, created) = statements.of(&world, &format!("demo POST vpn/{path}"), body.clone()).await;
        assert_eq!(sent, 2, "create: the quota and the row");
        let id = created[singular.as_str()]["id"].as_str().unwrap();
        for (method, most) in [("GET", 1), ("PUT", 3), ("DELETE", 3)] {
            let body = if method == "PUT" { body.clone() } else { Value::Null };
            let (sent, _) = statements.of(&world, &format!("demo {method} vpn/{path}/{id}"), body).await;
            assert!(sent <= most, "{method} {path}: {sent}");
        }
    }
}

#[tokio::test]
async fn the_document_of_a_router_costs_the_same_for_one_connection_and_for_many() {
    let statements = Statements::counted();
    let mut world = World::with_parts().await;
    world.agent("node", "nova").await;
    let mut costs = Vec::new();
    for rows in [1, 12] {
        for number in 0..rows {
            let name = format!("{rows}-{number}");
            let ike = world.make("vpn/ikepolicies", &name, json!({})).await;
            let peer = json!({"type": "cidr", "endpoints": [format!("10.{}.{number}.0/24", 100 + rows)]});
            let peer = world.make("vpn/endpoint-groups", &format!("{name}-peer"), peer).await;
            let parts = json!({"ikepolicy_id": ike["id"], "peer_ep_group_id": peer["id"]});
            world.connect(&name, parts).await;
        }
        let before = statements.count();
        let path = world.with_ids("/agent/v1/agents/{node}/routers");
        let answer = world.server.call_as_agent(AGENT_KEY, "GET", &path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        costs.push(statements.count() - before);
    }
    // The last one is for the checks that are asked for.
    assert_eq!(costs, [20, 20]);
}
