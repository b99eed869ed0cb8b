//! What agents ask and tell, and what becomes of it in the API.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use adit_model::{Router, SiteConnection};
use adit_store::{Agent, Session};
use common::{ADMIN_PASSWORD, AGENT_KEY, Answer, DEMO_PASSWORD, Person, Server};
use serde_json::{Value, json};

/// A server with one agent, a router of project `demo` with a gateway, and a site connection on it.
struct Scene {
    server: Server,
    demo: Person,
    agent: String,
    router: String,
    service: String,
    connection: String,
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start().await;
        let admin = server.log_in("admin", ADMIN_PASSWORD, "admin").await;
        let demo = server.log_in("demo", DEMO_PASSWORD, "demo").await;
        let agent = hello(&server, "node-1").await;
        let make = async |person: &Person, path: &str, key: &str, attributes: Value| {
            let path = format!("/networking/v2.0/{path}");
            let made = server.call(Some(&person.token), "POST", &path, &json!({key: attributes})).await;
            assert_eq!(made.status, 201, "{path}: {made:?}");
            text(&made.body[key], "id")
        };
        let external = json!({
            "router:external": true,
            "provider:network_type": "flat",
            "provider:physical_network": "public",
        });
        let external = make(&admin, "networks", "network", external).await;
        let subnet = json!({"network_id": external, "ip_version": 4, "cidr": "198.51.100.0/24"});
        make(&admin, "subnets", "subnet", subnet).await;
        let network = make(&demo, "networks", "network", json!({})).await;
        let subnet = json!({"network_id": network, "ip_version": 4, "cidr": "10.1.0.0/24"});
        let subnet = make(&demo, "subnets", "subnet", subnet).await;
        let gateway = json!({"external_gateway_info": {"network_id": external}});
        let router = make(&demo, "routers", "router", gateway).await;
        let add = format!("/networking/v2.0/routers/{router}/add_router_interface");
        let added = server.call(Some(&demo.token), "PUT", &add, &json!({"subnet_id": subnet})).await;
        assert_eq!(added.status, 200, "{added:?}");
        let service = json!({"router_id": router, "subnet_id": subnet});
        let service = make(&demo, "vpn/vpnservices", "vpnservice", service).await;
        let connection = json!({
            "vpnservice_id": service,
            "ikepolicy_id": make(&demo, "vpn/ikepolicies", "ikepolicy", json!({})).await,
            "ipsecpolicy_id": make(&demo, "vpn/ipsecpolicies", "ipsecpolicy", json!({})).await,
            "peer_cidrs": ["10.2.0.7/24"],
            "peer_address": "203.0.113.9",
            "peer_id": "203.0.113.9",
            "psk": "secret",
        });
        let connection = make(&demo, "vpn/ipsec-site-connections", "ipsec_site_connection", connection).await;
        Self { server, demo, agent, router, service, connection }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/agent/v1/agents/{}/{path}", self.agent);
        self.server.call_as_agent(AGENT_KEY, method, &path, &body).await
    }

    /// What a member of the project is shown.
    async fn shown(&self, path: &str) -> Answer {
        let path = format!("/networking/v2.0/{path}");
        self.server.call(Some(&self.demo.token), "GET", &path, &Value::Null).await
    }

    /// What the API knows about the connection.
    async fn diagnostics(&self) -> Value {
        let path = format!("vpn/ipsec-site-connections/{}/diagnostics", self.connection);
        self.shown(&path).await.body["diagnostics"].clone()
    }

    async fn status_of(&self, path: &str) -> String {
        let shown = self.shown(path).await;
        let object = shown.body.as_object().and_then(|body| body.values().next()).unwrap();
        text(object, "status")
    }

    /// Changes what the store has of the agents behind the API's back.
    async fn write(&self, change: impl AsyncFnOnce(&Session)) {
        let session = self.server.app.store().write().await.unwrap();
        change(&session).await;
        session.commit().await.unwrap();
    }

    /// The agent was last heard of a minute ago.
    async fn silence_agent(&self) {
        self.write(async |session| {
            let agents = session.table::<Agent>();
            let mut agent = agents.find(&self.agent).await.unwrap().unwrap();
            agent.heartbeat_at = session.now() - Duration::from_secs(60);
            agents.update(&mut agent).await.unwrap();
        })
        .await;
    }

    /// The router is taken from its agent, and given to none.
    async fn is_left(&self) {
        let router = self.router.parse().unwrap();
        self.write(async |session| {
            let routers = session.table::<Router>();
            let agent = routers.find(router).await.unwrap().unwrap().agent_id;
            assert!(routers.assign(router, agent, None).await.unwrap());
        })
        .await;
    }

    /// Runs the server until the API says that the connection is down, for at most five seconds.
    async fn comes_down(&self) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(adit_server::serve(self.server.app.clone(), listener, async {
            let _ = stopped.await;
        }));
        let path = format!("vpn/ipsec-site-connections/{}", self.connection);
        let comes_down = async { while self.status_of(&path).await != "DOWN" {} };
        tokio::time::timeout(Duration::from_secs(5), comes_down).await.expect("the connection comes down");
        assert_eq!(self.status_of(&format!("vpn/vpnservices/{}", self.service)).await, "DOWN");
        stop.send(()).unwrap();
        serving.await.unwrap().unwrap();
    }

    fn report(&self, status: Value) -> Value {
        json!({"routers": {&self.router: {
            "observed_generation": 7,
            "error": null,
            "wired_ports": [],
            "services": {&self.service: {"status": "ACTIVE", "reason": null}},
            "connections": {&self.connection: status},
        }}})
    }
}

async fn hello(server: &Server, host: &str) -> String {
    let hello = json!({
        "host": host,
        "availability_zone": "nova",
        "data_plane": "userspace",
        "physical_networks": ["public"],
        "version": "0.1.0",
    });
    let welcome = server.call_as_agent(AGENT_KEY, "PUT", &format!("/agent/v1/agents/{host}"), &hello).await;
    assert_eq!(welcome.status, 200, "{welcome:?}");
    text(&welcome.body, "id")
}

fn text(object: &Value, key: &str) -> String {
    object[key].as_str().unwrap_or_else(|| panic!("no {key} in {object}")).to_owned()
}

#[tokio::test]
async fn a_document_has_everything_that_a_router_needs() {
    let scene = Scene::new().await;
    let list = scene.ask("GET", "routers", Value::Null).await;
    assert_eq!(list.body["routers"].as_array().map(Vec::len), Some(1), "{list:?}");
    let router = &list.body["routers"][0];
    assert_eq!(text(router, "id"), scene.router);
    assert_eq!(router["interfaces"][0]["addresses"], json!(["10.1.0.1/24"]));
    assert_eq!(router["gateway"]["interface"]["physical"], json!({"name": "public", "vlan": null}));
    assert_eq!(router["gateway"]["next_hops"], json!(["198.51.100.1"]));
    let connection = &router["connections"][0];
    let external = router["gateway"]["interface"]["addresses"][0].as_str().unwrap();
    assert_eq!(connection["local_address"].as_str(), external.strip_suffix("/24"));
    for (key, want) in [
        ("id", json!(scene.connection)),
        ("service_id", json!(scene.service)),
        ("admin_state_up", json!(true)),
        ("local_networks", json!(["10.1.0.0/24"])),
        ("peer_networks", json!(["10.2.0.0/24"])),
        ("peer_address", json!("203.0.113.9")),
        ("psk", json!("secret")),
        ("dpd", json!({"action": "hold", "interval": 30, "timeout": 120})),
    ] {
        assert_eq!(connection[key], want, "{key}");
    }
}

#[tokio::test]
async fn a_change_answers_the_agent_that_waits_for_it() {
    let scene = Scene::new().await;
    let revision = scene.ask("GET", "routers", Value::Null).await.body["revision"].as_u64().unwrap();
    let watch = format!("routers/changes?after={revision}");
    let change = async {
        let path = format!("/networking/v2.0/vpn/ipsec-site-connections/{}", scene.connection);
        let body = json!({"ipsec_site_connection": {"psk": "other"}});
        scene.server.call(Some(&scene.demo.token), "PUT", &path, &body).await
    };
    let waits = tokio::time::timeout(Duration::from_secs(5), scene.ask("GET", &watch, Value::Null));
    let (heard, changed) = tokio::join!(waits, change);
    assert_eq!(changed.status, 200, "{changed:?}");
    let heard = heard.expect("the watch ends with the change");
    assert_eq!(heard.body["changed"][0]["connections"][0]["psk"], "other", "{heard:?}");
    assert!(heard.body["revision"].as_u64() > Some(revision), "{heard:?}");

    // The same question again has the same answer: an agent that lost the first one misses nothing.
    let again = scene.ask("GET", &watch, Value::Null).await;
    assert_eq!(again.body["changed"][0]["id"], json!(scene.router));
    // A revision that the log has never had means that the database is another one.
    assert_eq!(scene.ask("GET", "routers/changes?after=999999", Value::Null).await.status, 410);
}

#[tokio::test]
async fn what_an_agent_reports_is_what_the_api_says() {
    let scene = Scene::new().await;
    let path = format!("vpn/ipsec-site-connections/{}", scene.connection);
    assert_eq!(scene.status_of(&path).await, "PENDING_CREATE");
    let silent = json!({"code": "peer-unreachable", "text": "no answer from 203.0.113.9"});
    for (status, want) in [
        (json!({"status": "DOWN", "reason": silent}), "DOWN"),
        (json!({"status": "ACTIVE", "reason": null}), "ACTIVE"),
        (json!({"status": "ERROR", "reason": silent}), "ERROR"),
    ] {
        let taken = scene.ask("POST", "reports", scene.report(status)).await;
        assert_eq!(taken.status, 204, "{taken:?}");
        assert_eq!(scene.status_of(&path).await, want);
        assert_eq!(scene.status_of(&format!("vpn/vpnservices/{}", scene.service)).await, "ACTIVE");
    }

    // An agent has no say about the routers of another.
    let other = hello(&scene.server, "node-2").await;
    let report = scene.report(json!({"status": "ACTIVE", "reason": null}));
    let reports = format!("/agent/v1/agents/{other}/reports");
    let taken = scene.server.call_as_agent(AGENT_KEY, "POST", &reports, &report).await;
    assert_eq!(taken.status, 204, "{taken:?}");
    assert_eq!(scene.status_of(&path).await, "ERROR");
}

#[tokio::test]
async fn nobody_is_an_agent_without_the_key() {
    let scene = Scene::new().await;
    let path = format!("/agent/v1/agents/{}/routers", scene.agent);
    let wrong = scene.server.call_as_agent("wrong", "GET", &path, &Value::Null).await;
    let none = scene.server.call(Some(&scene.demo.token), "GET", &path, &Value::Null).await;
    assert_eq!((wrong.status, none.status), (401, 401));
    let unknown = "/agent/v1/agents/00000000-0000-4000-8000-000000000000/routers";
    assert_eq!(scene.server.call_as_agent(AGENT_KEY, "GET", unknown, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_router_that_is_deleted_leaves_its_node() {
    let scene = Scene::new().await;
    let revision = scene.ask("GET", "routers", Value::Null).await.body["revision"].as_u64().unwrap();
    let bare = json!({"router": {"name": "bare"}});
    let made = scene.server.call(Some(&scene.demo.token), "POST", "/networking/v2.0/routers", &bare).await;
    let bare = text(&made.body["router"], "id");
    let path = format!("/networking/v2.0/routers/{bare}");
    assert_eq!(scene.server.call(Some(&scene.demo.token), "DELETE", &path, &Value::Null).await.status, 204);
    let changes = scene.ask("GET", &format!("routers/changes?after={revision}"), Value::Null).await;
    assert_eq!(changes.body["removed"], json!([bare]), "{changes:?}");
}

#[tokio::test]
async fn an_agent_that_was_silent_too_long_has_to_begin_with_a_list() {
    let scene = Scene::new().await;
    let revision = scene.ask("GET", "routers", Value::Null).await.body["revision"].as_u64().unwrap();
    let report = scene.report(json!({"status": "ACTIVE", "reason": null}));
    assert_eq!(scene.ask("POST", "reports", report.clone()).await.status, 204);
    scene.silence_agent().await;
    let watch = format!("routers/changes?after={revision}");
    assert_eq!(scene.ask("GET", &watch, Value::Null).await.status, 410);
    assert_eq!(scene.ask("POST", "reports", report.clone()).await.status, 410);
    assert_eq!(scene.ask("GET", "routers", Value::Null).await.status, 200);
    assert_eq!(scene.ask("POST", "reports", report).await.status, 204);
}

#[tokio::test]
async fn the_tunnels_of_a_silent_agent_are_not_said_to_be_up() {
    let scene = Scene::new().await;
    let report = scene.report(json!({"status": "ACTIVE", "reason": null}));
    assert_eq!(scene.ask("POST", "reports", report).await.status, 204);
    scene.silence_agent().await;
    scene.comes_down().await;
}

#[tokio::test]
async fn nothing_is_pending_for_ever_though_no_agent_serves_the_router() {
    let scene = Scene::new().await;
    scene.is_left().await;
    scene.comes_down().await;
}

fn observation(at: &str, spi: &str) -> Value {
    let end =
        |address: &str| json!({"address": address, "port": 500, "identity": address, "behind_nat": false});
    let child = json!({
        "state": "installed", "protocol": "esp", "mode": "tunnel", "udp_encapsulation": false,
        "spi_in": spi, "spi_out": "c0000002", "proposal": "AES_CBC_128/HMAC_SHA1_96",
        "local_networks": ["10.1.0.0/24"], "peer_networks": ["10.2.0.0/24"],
        "in": {"bytes": 840, "packets": 10}, "out": {"bytes": 84, "packets": 1},
        "established_at": at, "rekey_at": null, "expires_at": null,
    });
    json!({"observed_at": at, "ike_sas": [{
        "state": "established", "version": "v1", "role": "initiator",
        "initiator_spi": "0123456789abcdef", "responder_spi": "fedcba9876543210",
        "local": end("198.51.100.2"), "peer": end("203.0.113.9"),
        "proposal": "AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1536",
        "established_at": at, "rekey_at": null, "reauthenticate_at": null, "child_sas": [child],
    }]})
}

#[tokio::test]
async fn diagnostics_tell_since_when_why_and_what_the_gateway_sees() {
    let scene = Scene::new().await;
    let before = scene.diagnostics().await;
    assert_eq!(before["status"], "PENDING_CREATE");
    assert_eq!((&before["ike_sas"], &before["events"]), (&json!([]), &json!([])));
    assert_eq!(before["observed_at"], Value::Null);

    let reason = |text: &str| json!({"code": "peer-unreachable", "text": text});
    let down = |text: &str| json!({"status": "DOWN", "reason": reason(text)});
    let tell = async |status: &Value, seen: Option<Value>| {
        let mut report = scene.report(status.clone());
        if let Some(seen) = seen {
            report["routers"][&scene.router]["observations"] = json!({&scene.connection: seen});
        }
        assert_eq!(scene.ask("POST", "reports", report).await.status, 204);
        scene.diagnostics().await
    };
    let first = tell(&down("no answer"), None).await;
    let again = tell(&down("no answer, 2 attempts"), None).await;
    assert_eq!(again["reason"], reason("no answer, 2 attempts"));
    assert_eq!(again["since"], first["since"], "another reason is no other status");

    let active = json!({"status": "ACTIVE", "reason": null});
    let seen = observation("2026-01-01T00:00:00.123456789Z", "c0000001");
    let up = tell(&active, Some(seen.clone())).await;
    assert_ne!(up["since"], first["since"]);
    assert_eq!((&up["status"], &up["reason"]), (&json!("ACTIVE"), &Value::Null));
    assert_eq!(
        (&up["observed_at"], &up["ike_sas"]),
        (&json!("2026-01-01T00:00:00.123456Z"), &seen["ike_sas"])
    );
    // What was observed at the same moment is the same, and costs nothing.
    let again = tell(&active, Some(observation("2026-01-01T00:00:00.123456789Z", "c0000009"))).await;
    assert_eq!(again["ike_sas"], seen["ike_sas"]);
    let events: Vec<&Value> = up["events"].as_array().unwrap().iter().map(|event| &event["status"]).collect();
    assert_eq!(events, ["ACTIVE", "DOWN", "DOWN"]);

    // What was said again is no event; what was observed since takes the place of what was before.
    let later = observation("2026-01-01T00:01:00Z", "c0000003");
    let rekeyed = tell(&active, Some(later)).await;
    assert_eq!(rekeyed["events"], up["events"]);
    assert_eq!(rekeyed["ike_sas"][0]["child_sas"][0]["spi_in"], "c0000003");

    let service = scene.shown(&format!("vpn/vpnservices/{}/diagnostics", scene.service)).await.body;
    let service = &service["diagnostics"];
    assert_eq!((&service["status"], &service["events"][0]["status"]), (&json!("ACTIVE"), &json!("ACTIVE")));
    assert_eq!(service["ipsec_site_connections"][0]["id"], json!(scene.connection));
    assert_eq!(service["ipsec_site_connections"][0]["status"], "ACTIVE");
    // No word of a key anywhere.
    assert!(!rekeyed.to_string().contains("secret"), "{rekeyed}");
}

impl Scene {
    /// Of the document that an agent is given now.
    async fn generation(&self) -> u64 {
        let list = self.ask("GET", "routers", Value::Null).await;
        list.body["routers"][0]["generation"].as_u64().unwrap()
    }

    /// Reports on a document that was applied with this error, and of which this remains.
    async fn apply(&self, generation: u64, error: Value, remaining: Value) {
        let mut report = self.report(json!({"status": "ACTIVE", "reason": null}));
        let router = &mut report["routers"][&self.router];
        router["observed_generation"] = json!(generation);
        router["error"] = error;
        if !remaining.is_null() {
            router["remaining"] = remaining;
        }
        assert_eq!(self.ask("POST", "reports", report).await.status, 204);
    }

    /// What is missing at the router, at the VPN service and at the connection until they are as they were asked for.
    async fn pending(&self) -> [String; 3] {
        let mut all = [const { String::new() }; 3];
        let paths = [
            format!("routers/{}", self.router),
            format!("vpn/vpnservices/{}", self.service),
            format!("vpn/ipsec-site-connections/{}", self.connection),
        ];
        for (pending, path) in all.iter_mut().zip(paths) {
            let shown = self.shown(&format!("{path}/diagnostics")).await;
            let told = &shown.body["diagnostics"];
            assert_eq!(told["applied"], json!(told["pending"].is_null()), "{path}: {told}");
            *pending = told["pending"].as_str().unwrap_or_default().to_owned();
        }
        all
    }
}

#[tokio::test]
async fn what_was_asked_for_is_applied_when_the_gateway_says_so_of_the_newest_of_it() {
    let scene = Scene::new().await;
    let (none, all_done) = (Value::Null, json!({"failure": null, "outdated": []}));
    let not_yet = "the agent on node `node-1` has not taken it over yet";
    assert_eq!(scene.pending().await, [not_yet; 3]);
    assert_eq!(scene.diagnostics().await["applied_generation"], none);

    let first = scene.generation().await;
    // An agent of before does not say what remains, so nobody may believe that nothing does.
    scene.apply(first, none.clone(), none.clone()).await;
    assert_eq!(scene.pending().await, [not_yet; 3]);
    scene.apply(first, none.clone(), all_done.clone()).await;
    assert_eq!(scene.pending().await, [""; 3]);
    let told = scene.diagnostics().await;
    assert_eq!((&told["generation"], &told["applied_generation"]), (&json!(first), &json!(first)));

    let path = format!("/networking/v2.0/vpn/ipsec-site-connections/{}", scene.connection);
    let psk = json!({"ipsec_site_connection": {"psk": "other"}});
    assert_eq!(scene.server.call(Some(&scene.demo.token), "PUT", &path, &psk).await.status, 200);
    assert_eq!(scene.status_of(&format!("vpn/ipsec-site-connections/{}", scene.connection)).await, "ACTIVE");
    assert_eq!(scene.pending().await, [not_yet; 3]);
    scene.apply(first, none.clone(), all_done.clone()).await;
    assert_eq!(scene.pending().await, [not_yet; 3], "that was said of the one before");

    let second = scene.generation().await;
    assert!(second > first);
    let remaining = |failure: Value, outdated: &str| json!({"failure": failure, "outdated": [outdated]});
    let broken = |text: &str| json!({"code": "router-not-ready", "text": text});
    let replacing = "the gateway has security associations of before the change still";
    let deleted = "00000000-0000-4000-8000-000000000000";
    let nothing = || none.clone();
    for (what, error, remaining, want) in [
        ("a cable is missing", broken("no cable"), all_done.clone(), ["no cable", "", ""]),
        (
            "no daemon",
            nothing(),
            json!({"failure": broken("no daemon"), "outdated": []}),
            ["", "no daemon", "no daemon"],
        ),
        (
            "the old tunnel stands",
            nothing(),
            remaining(nothing(), &scene.connection),
            ["", replacing, replacing],
        ),
        ("one that was deleted stands", nothing(), remaining(nothing(), deleted), ["", replacing, ""]),
        ("all is done", nothing(), all_done.clone(), ["", "", ""]),
    ] {
        scene.apply(second, error, remaining).await;
        assert_eq!(scene.pending().await, want, "{what}");
    }

    scene.silence_agent().await;
    for pending in scene.pending().await {
        assert!(
            pending.starts_with("the agent on node `node-1` has not been heard of since 20"),
            "{pending}"
        );
    }
    // Another process of the agent has to look first: the node may have been switched off and on.
    let again = json!({
        "host": "node-1", "availability_zone": "nova", "data_plane": "userspace", "physical_networks": ["public"],
        "version": "0.1.0", "incarnation": "10000000-0000-4000-8000-000000000000",
    });
    let hello = scene.server.call_as_agent(AGENT_KEY, "PUT", "/agent/v1/agents/node-1", &again).await;
    assert_eq!(hello.status, 200, "{hello:?}");
    assert_eq!(scene.pending().await, [not_yet; 3]);
    scene.apply(second, none, all_done).await;
    assert_eq!(scene.pending().await, [""; 3]);

    scene.is_left().await;
    assert_eq!(scene.pending().await, ["no agent serves the router"; 3]);
}

#[tokio::test]
async fn the_last_fifty_events_are_kept() {
    let scene = Scene::new().await;
    for number in 0..55 {
        let reason = json!({"code": "peer-unreachable", "text": format!("{number} attempts")});
        let report = scene.report(json!({"status": "DOWN", "reason": reason}));
        assert_eq!(scene.ask("POST", "reports", report).await.status, 204);
    }
    let shown = scene.diagnostics().await;
    let events = shown["events"].as_array().unwrap();
    assert_eq!(events.len(), 50);
    assert_eq!(
        (&events[0]["reason"]["text"], &events[49]["reason"]["text"]),
        (&json!("54 attempts"), &json!("5 attempts"))
    );
    assert!(
        events[49]["at"].as_str() > shown["since"].as_str(),
        "down for longer than the events tell: {shown}"
    );
}

#[tokio::test]
async fn a_report_that_was_overtaken_on_its_way_is_not_taken_for_the_newest() {
    let scene = Scene::new().await;
    let path = format!("vpn/ipsec-site-connections/{}", scene.connection);
    let [first, second] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
    let say = async |incarnation: &str, number: u64, status: &str| {
        let mut report = scene.report(json!({"status": status, "reason": null}));
        report["place"] = json!({"incarnation": incarnation, "number": number});
        let taken = scene.ask("POST", "reports", report).await.status;
        (taken, scene.status_of(&path).await)
    };
    let begin = async |incarnation: &str| {
        let hello = json!({
            "host": "node-1", "availability_zone": "nova", "data_plane": "userspace",
            "physical_networks": ["public"], "version": "0.1.0", "incarnation": incarnation,
        });
        scene.server.call_as_agent(AGENT_KEY, "PUT", "/agent/v1/agents/node-1", &hello).await
    };
    // An agent may have said hello to a server that counted no reports.
    assert_eq!(say(first, 2, "ACTIVE").await, (204, "ACTIVE".to_owned()));
    assert_eq!(say(first, 1, "DOWN").await, (204, "ACTIVE".to_owned()), "older");
    assert_eq!(say(first, 2, "DOWN").await, (204, "ACTIVE".to_owned()), "told twice");
    assert_eq!(say(first, 3, "DOWN").await, (204, "DOWN".to_owned()));
    begin(second).await;
    assert_eq!(say(second, 1, "ACTIVE").await, (204, "ACTIVE".to_owned()));
    assert_eq!(say(first, 4, "DOWN").await, (404, "ACTIVE".to_owned()), "of the process before");
}

impl Scene {
    /// Asks for a check of the connection.
    async fn check(&self, attributes: Value) -> Answer {
        let path = format!("/networking/v2.0/vpn/ipsec-site-connections/{}/checks", self.connection);
        self.server.call(Some(&self.demo.token), "POST", &path, &json!({"check": attributes})).await
    }

    async fn shown_check(&self, id: &str) -> Value {
        let path = format!("vpn/ipsec-site-connections/{}/checks/{id}", self.connection);
        self.shown(&path).await.body["check"].clone()
    }

    /// The check that the newest document asks for.
    async fn asked(&self) -> Value {
        self.ask("GET", "routers", Value::Null).await.body["routers"][0]["checks"].clone()
    }

    /// The time of a check is over.
    async fn is_overdue(&self, id: &str) {
        self.write(async |session| {
            let table = session.table::<SiteConnection>();
            let mut check = table.check(id.parse().unwrap()).await.unwrap().unwrap();
            check.expires_at = session.now() - Duration::from_secs(1);
            assert!(table.go_on_with_check(&check).await.unwrap());
        })
        .await;
    }
}

#[tokio::test]
async fn a_check_reaches_the_agent_that_waits_and_comes_back_with_results() {
    let scene = Scene::new().await;
    let generation = |router: &Value| router["generation"].as_u64().unwrap();
    let list = scene.ask("GET", "routers", Value::Null).await.body;
    let watch = format!("routers/changes?after={}", list["revision"]);
    let waits = tokio::time::timeout(Duration::from_secs(5), scene.ask("GET", &watch, Value::Null));
    let (heard, made) = tokio::join!(waits, scene.check(json!({"target": "10.2.0.9"})));
    assert_eq!(made.status, 202, "{made:?}");
    let id = text(&made.body["check"], "id");
    let heard = heard.expect("the watch ends with the check").body["changed"][0].clone();
    let want = json!([{"id": id, "connection_id": scene.connection, "target": "10.2.0.9"}]);
    assert_eq!(heard["checks"], want);
    assert_eq!(generation(&heard), generation(&list["routers"][0]), "nothing of the router is new");
    assert_eq!(scene.shown_check(&id).await["state"], "pending");

    let path = format!("checks/{id}");
    let tell = async |report: Value| assert_eq!(scene.ask("PUT", &path, report).await.status, 204);
    tell(json!({"state": "running"})).await;
    assert_eq!(scene.shown_check(&id).await["state"], "running");
    assert_eq!(scene.asked().await, want, "an agent that starts anew finds it again");

    // The same again is the same check; another one has to wait.
    let again = scene.check(json!({"target": "10.2.0.9"})).await;
    assert_eq!((again.status, text(&again.body["check"], "id")), (202, id.clone()));
    let other = scene.check(json!({})).await;
    assert_eq!(other.status, 409, "{other:?}");
    let message = other.body["NeutronError"]["message"].as_str().unwrap();
    assert!(message.contains("is being checked already") && message.contains(&id), "{message}");

    let result = json!({
        "probe": "tunnel-ping", "outcome": "passed", "code": "answered", "text": "10.2.0.9 answers",
        "source": "10.1.0.1", "target": "10.2.0.9", "sent": 5, "received": 5,
        "round_trip_us": {"min": 300, "avg": 400, "max": 500}, "mtu": null,
    });
    // An agent has no say about the routers of another.
    let stranger = hello(&scene.server, "node-2").await;
    let report = json!({"state": "done", "results": []});
    let foreign = format!("/agent/v1/agents/{stranger}/checks/{id}");
    let taken = scene.server.call_as_agent(AGENT_KEY, "PUT", &foreign, &report).await;
    assert_eq!((taken.status, &scene.shown_check(&id).await["state"]), (204, &json!("running")));

    tell(json!({"state": "done", "results": [result]})).await;
    let shown = scene.shown_check(&id).await;
    assert_eq!(shown["results"], json!([result]));
    assert_eq!(
        (&shown["state"], &shown["verdict"], &shown["reason"]),
        (&json!("done"), &json!("good"), &Value::Null)
    );
    assert_eq!(shown["summary"], "All is well: packets pass the tunnel, and answers come back.");
    assert!(shown["finished_at"].is_string(), "{shown}");
    assert_eq!(scene.asked().await, json!([]));
    tell(json!({"state": "failed", "reason": {"code": "other", "text": "too late"}})).await;
    assert_eq!(scene.shown_check(&id).await, shown, "what has ended stays as it is");
    assert!(!shown.to_string().contains("secret"), "{shown}");
}

#[tokio::test]
async fn a_check_that_nobody_does_fails_with_the_reason() {
    let scene = Scene::new().await;
    let id = text(&scene.check(json!({})).await.body["check"], "id");
    scene.is_overdue(&id).await;
    let shown = scene.shown_check(&id).await;
    assert_eq!((&shown["state"], &shown["reason"]["code"]), (&json!("failed"), &json!("agent-offline")));
    assert_eq!(shown["reason"]["text"], "no agent took the check within 30 s");
    assert_eq!(scene.asked().await, json!([]), "nobody is asked any more");
    let late = json!({"state": "running"});
    assert_eq!(scene.ask("PUT", &format!("checks/{id}"), late.clone()).await.status, 204);
    assert_eq!(scene.shown_check(&id).await, shown);

    let id = text(&scene.check(json!({})).await.body["check"], "id");
    assert_eq!(scene.ask("PUT", &format!("checks/{id}"), late).await.status, 204);
    scene.is_overdue(&id).await;
    let shown = scene.shown_check(&id).await;
    let text_of = |shown: &Value| shown["reason"]["text"].as_str().unwrap().to_owned();
    assert!(text_of(&shown).contains("told of no end of it within 60 s"), "{shown}");

    // Of an agent that is known to be silent nothing is expected.
    scene.silence_agent().await;
    let made = scene.check(json!({})).await;
    assert_eq!((made.status, &made.body["check"]["state"]), (202, &json!("failed")), "{made:?}");
    assert!(text_of(&made.body["check"]).contains("node `node-1` has not been heard of since"), "{made:?}");

    for _ in 0..7 {
        assert_eq!(scene.check(json!({})).await.status, 202);
    }
    let path = format!("vpn/ipsec-site-connections/{}/checks", scene.connection);
    let listed = scene.shown(&path).await.body;
    assert_eq!(listed["checks"].as_array().map(Vec::len), Some(5), "the last ones are kept: {listed}");
}

#[tokio::test]
async fn a_check_that_makes_no_sense_is_refused() {
    let scene = Scene::new().await;
    let outside = "is no host of the peer's networks: 10.2.0.0/24.";
    for (attributes, want) in [
        (json!({"target": "10.3.0.1"}), format!("Invalid input for target. Reason: 10.3.0.1 {outside}")),
        (json!({"target": "10.2.0.0"}), format!("Invalid input for target. Reason: 10.2.0.0 {outside}")),
        (json!({"target": "10.2.0.255"}), format!("Invalid input for target. Reason: 10.2.0.255 {outside}")),
        (json!({"target": "::1"}), format!("Invalid input for target. Reason: ::1 {outside}")),
        (
            json!({"target": "office"}),
            "Invalid input for target. Reason: 'office' is not a valid IP address.".to_owned(),
        ),
        (json!({"target": 7}), "Invalid input for target. Reason: 7 is not a valid IP address.".to_owned()),
        (json!({"state": "done"}), "Attribute 'state' not allowed in POST".to_owned()),
    ] {
        let refused = scene.check(attributes.clone()).await;
        assert_eq!(refused.status, 400, "{attributes}: {refused:?}");
        assert_eq!(refused.body["NeutronError"]["message"], want, "{attributes}");
    }
    assert_eq!(scene.asked().await, json!([]));
    let path = format!("vpn/ipsec-site-connections/{}/checks", scene.connection);
    assert_eq!(scene.shown(&path).await.body, json!({"checks": []}));
    for id in ["nothing", "00000000-0000-4000-8000-000000000000"] {
        let missing = scene.shown(&format!("{path}/{id}")).await;
        assert_eq!(missing.status, 404, "{missing:?}");
        assert_eq!(missing.body["NeutronError"]["type"], "IPsecSiteConnectionCheckNotFound");
    }
}
