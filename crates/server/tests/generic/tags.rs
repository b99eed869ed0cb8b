//! Tags, which are the same for every resource that has them.

use adit_model::{Network, Port, Router, Subnet};
use adit_store::{Listing, Record, Session, Stored};
use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;
use crate::common::kinds::{Kind, networking};
use crate::{one_of_each, said, says};

/// A network, a subnet, a port and a router of `demo`, with the same name as their collection's key.
async fn tagged_things() -> (Cloud, Person) {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "network", json!({})).await;
    cloud.subnet(&demo, "network", "subnet", "10.1.0.0/24", json!({})).await;
    cloud.create(&demo, "port", "port", json!({"network_id": "{network}"})).await;
    cloud.create(&demo, "router", "router", json!({})).await;
    (cloud, demo)
}

const KINDS: [&str; 4] = ["network", "subnet", "port", "router"];

#[tokio::test]
async fn objects_of_every_kind_can_be_tagged() {
    let cloud = one_of_each().await;
    let demo = cloud.demo.clone();
    for Kind { collection, singular: kind, .. } in networking().filter(|kind| kind.has_tags) {
        let one = format!("{collection}/{{{kind}}}");
        let tags = format!("{one}/tags");
        let revision = async || cloud.get(&demo, &one).await[kind]["revision_number"].clone();
        let first = revision().await;
        for (request, body, want) in [
            ("GET", json!(null), r#"200 {"tags":[]}"#),
            ("PUT", json!({"tags": ["red", "blue"]}), r#"200 {"tags":["blue","red"]}"#),
            ("GET", json!(null), r#"200 {"tags":["blue","red"]}"#),
            ("POST", json!({"tags": ["green", "red"]}), r#"200 {"tags":["blue","green","red"]}"#),
            ("GET /red", json!(null), "204"),
            ("GET /zz", json!(null), "404 TagNotFound Tag zz could not be found."),
            ("PUT /a%20b", json!("{}"), "201 null"),
            ("PUT /a%20b", json!(null), "201 null"),
            ("PUT /blue.json", json!(null), "201 null"),
            ("GET /blue.json", json!(null), "204"),
            ("DELETE /blue.json", json!(null), "204"),
            ("DELETE /red", json!(null), "204"),
            ("DELETE /red", json!(null), "404 TagNotFound Tag red could not be found."),
            ("GET", json!(null), r#"200 {"tags":["a b","blue","green"]}"#),
            (
                "PATCH",
                json!(null),
                "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.",
            ),
            ("DELETE", json!({}), "400 HTTPBadRequest Request body is not supported in DELETE."),
        ] {
            let (method, tag) = request.split_once(' ').unwrap_or((request, ""));
            says(&cloud, &demo, &format!("{method} {tags}{tag}"), body, want).await;
        }
        let shown = cloud.get(&demo, &one).await;
        assert_eq!(shown[kind]["tags"], json!(["a b", "blue", "green"]), "{kind}");
        // Six of the requests above changed something.
        assert_eq!(shown[kind]["revision_number"].as_i64(), first.as_i64().map(|first| first + 6), "{kind}");
        let listed = cloud.get(&demo, &format!("{collection}?fields=tags&id={{{kind}}}")).await;
        assert_eq!(listed[collection.replace('-', "_")], json!([{"tags": ["a b", "blue", "green"]}]));
        says(&cloud, &demo, &format!("DELETE {tags}"), json!(null), "204").await;
        says(&cloud, &demo, &format!("GET {tags}"), json!(null), r#"200 {"tags":[]}"#).await;
    }
}

#[tokio::test]
async fn what_is_no_tag_is_refused() {
    let (cloud, demo) = tagged_things().await;
    let long = "a".repeat(256);
    let too_long =
        format!("400 InvalidInput Invalid input for operation: '{long}' exceeds maximum length of 255.");
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    let too_many =
        "400 BadRequest Bad networks request: The number of tags exceed the per-resource limit of 50.";
    let no_tags = "400 InvalidInput Invalid input for operation: Invalid tags body.";
    let not_allowed = "400 HTTPBadRequest Attribute 'tags' not allowed in POST";
    for (request, body, want) in [
        ("PUT networks/{network}/tags", json!({}), no_tags),
        ("PUT networks/{network}/tags", json!(null), no_tags),
        ("POST networks/{network}/tags", json!([]), no_tags),
        (
            "PUT networks/{network}/tags",
            json!({"tags": "x"}),
            "400 InvalidInput Invalid input for operation: 'x' is not a list.",
        ),
        (
            "PUT networks/{network}/tags",
            json!({"tags": [5]}),
            "400 InvalidInput Invalid input for operation: '5' is not a valid string.",
        ),
        ("PUT networks/{network}/tags", json!({"tags": [long]}), &too_long),
        (&format!("PUT networks/{{network}}/tags/{long}"), json!(null), &too_long),
        ("PUT networks/{network}/tags", json!({"tags": many}), too_many),
        ("POST networks", json!({"network": {"tags": ["a"]}}), not_allowed),
        (
            "PUT networks/{network}",
            json!({"network": {"tags": ["a"]}}),
            "400 HTTPBadRequest Cannot update read-only attribute tags",
        ),
        (
            "PUT ports/{port}",
            json!({"port": {"tags": ["a"]}}),
            "400 HTTPBadRequest Cannot update read-only attribute tags",
        ),
        (
            "POST ports",
            json!({"port": {"network_id": "{network}", "tags": "a"}}),
            "400 HTTPBadRequest Invalid input for tags. Reason: 'a' is not a list.",
        ),
        ("GET networks/nothing/tags", json!(null), "404 NetworkNotFound Network nothing could not be found."),
        ("GET vpn/ikepolicies/x/tags", json!(null), "404 HTTPNotFound The resource could not be found."),
    ] {
        says(&cloud, &demo, request, body, want).await;
    }
    assert_eq!(cloud.get(&demo, "networks/{network}").await["network"]["tags"], json!([]));
}

/// Ports are tagged as they are made, one or many.
#[tokio::test]
async fn a_port_may_have_tags_from_the_start() {
    let (cloud, demo) = tagged_things().await;
    let port = |tags: Value| json!({"network_id": "{network}", "tags": tags});
    let body = json!({"ports": [port(json!(["b", "a"])), port(json!([]))]});
    let made = cloud.call(&demo, "POST", "ports", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["ports"][0]["tags"], json!(["a", "b"]));
    let found = cloud.get(&demo, "ports?tags=b&fields=tags").await;
    assert_eq!(found["ports"], json!([{"tags": ["a", "b"]}]));
}

#[tokio::test]
async fn tags_are_for_those_who_may_see_and_change_the_object() {
    let (cloud, demo) = tagged_things().await;
    let (admin, reader, stranger) = (cloud.admin.clone(), cloud.reader.clone(), cloud.stranger.clone());
    cloud.put(&admin, "networks/{network}/tags", json!({"tags": ["a"]})).await;
    let invisible = "404 NetworkNotFound Network {network} could not be found.";
    let tags = json!({"tags": ["b"]});
    for (who, request, body, want) in [
        (&reader, "GET networks/{network}/tags", json!(null), r#"200 {"tags":["a"]}"#),
        (&reader, "GET networks/{network}/tags/a", json!(null), "204"),
        (
            &reader,
            "PUT networks/{network}/tags",
            tags.clone(),
            "403 PolicyNotAuthorized rule:update_network:tags is disallowed by policy",
        ),
        (
            &reader,
            "POST networks/{network}/tags",
            tags.clone(),
            "403 PolicyNotAuthorized rule:create_network:tags is disallowed by policy",
        ),
        (
            &reader,
            "PUT networks/{network}/tags/b",
            json!(null),
            "403 PolicyNotAuthorized rule:update_network:tags is disallowed by policy",
        ),
        (
            &reader,
            "DELETE networks/{network}/tags/a",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network:tags is disallowed by policy",
        ),
        (
            &reader,
            "DELETE networks/{network}/tags",
            json!(null),
            "403 PolicyNotAuthorized rule:delete_network:tags is disallowed by policy",
        ),
        (&stranger, "GET networks/{network}/tags", json!(null), invisible),
        (&stranger, "GET networks/{network}/tags/a", json!(null), invisible),
        (&stranger, "PUT networks/{network}/tags", tags, invisible),
        (&stranger, "DELETE networks/{network}/tags", json!(null), invisible),
        (&demo, "GET networks/{network}/tags", json!(null), r#"200 {"tags":["a"]}"#),
    ] {
        says(&cloud, who, request, body, want).await;
    }
}

#[tokio::test]
async fn lists_are_filtered_by_tags() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    for (name, tags) in [("none", ""), ("r", "red"), ("rb", "red,blue"), ("g", "green")] {
        cloud.create(&demo, "network", name, json!({})).await;
        let tags: Vec<&str> = tags.split(',').filter(|tag| !tag.is_empty()).collect();
        cloud.put(&demo, &format!("networks/{{{name}}}/tags"), json!({"tags": tags})).await;
    }
    for (query, want) in [
        ("tags=red", "r rb"),
        ("tags=red,blue", "rb"),
        ("tags=red&tags=blue", "rb"),
        ("tags-any=blue,green", "rb g"),
        ("not-tags=red,blue", "none r g"),
        ("not-tags-any=red,blue", "none g"),
        ("tags=red&not-tags=blue", "r"),
        ("tags=", ""),
        ("tags=Red", ""),
        ("tags-any=red&name=rb", "rb"),
    ] {
        let found = cloud.get(&demo, &format!("networks?{query}")).await;
        let names = found["networks"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>().join(" "), want, "{query}");
    }
    let many = |first: &str| (0..1500).fold(first.to_owned(), |tags, n| format!("{tags},{n}"));
    let red = "red,".repeat(1500);
    for (query, want) in [
        (format!("tags={}", many("red")), 0),
        (format!("not-tags={}", many("red")), 4),
        (format!("tags={red}blue"), 1),
        (format!("not-tags={red}blue"), 3),
        (format!("tags-any={}", many("red")), 2),
    ] {
        let found = cloud.get(&demo, &format!("networks?{query}")).await;
        assert_eq!(found["networks"].as_array().unwrap().len(), want, "{query}");
    }
    let got = said(&cloud, &demo, "GET vpn/ikepolicies?tags=a", &json!(null)).await;
    assert_eq!(got, "400 HTTPBadRequest ['tags'] is invalid attribute for filtering");
}

/// An object's tags go with it, also when it goes with another.
#[tokio::test]
async fn tags_go_away_with_their_object() {
    let (cloud, demo) = tagged_things().await;
    for kind in KINDS {
        cloud.put(&demo, &format!("{kind}s/{{{kind}}}/tags"), json!({"tags": ["t"]})).await;
    }
    let session = cloud.server.app.store().read().await.unwrap();
    let everything = Listing::default();
    let networks = session.table::<Network>().list(&everything).await.unwrap();
    let subnets = session.table::<Subnet>().list(&everything).await.unwrap();
    let ports = session.table::<Port>().list(&everything).await.unwrap();
    let routers = session.table::<Router>().list(&everything).await.unwrap();
    drop(session);
    let tags = async || {
        let session = cloud.server.app.store().read().await.unwrap();
        let tags = [
            tags_of(&session, networks.clone()).await,
            tags_of(&session, subnets.clone()).await,
            tags_of(&session, ports.clone()).await,
            tags_of(&session, routers.clone()).await,
        ];
        tags.concat()
    };
    assert_eq!(tags().await, ["t"; 4]);
    for path in ["routers/{router}", "ports/{port}", "networks/{network}"] {
        cloud.delete(&demo, path).await;
    }
    assert_eq!(tags().await, [""; 0]);
}

async fn tags_of<R: Record>(session: &Session, mut objects: Vec<Stored<R>>) -> Vec<String> {
    session.table::<R>().load_tags(&mut objects).await.unwrap();
    objects.into_iter().flat_map(|object| object.tags).collect()
}
