//! Methods, suffixes and headers.

use serde_json::json;

use crate::common::cloud::Cloud;
use crate::{said_to, says};

const JSON: (&str, &str) = ("accept", "application/json");
const METHOD: &str = "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.";
const MISSING: &str = "404 HTTPNotFound The resource could not be found.";

#[tokio::test]
async fn a_change_may_depend_on_a_revision() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "router", "r", json!({})).await;
    let answer = cloud.call(&demo, "POST", "vpn/ikepolicies", &json!({"ikepolicy": {}})).await;
    let id = answer.body["ikepolicy"]["id"].as_str().unwrap().to_owned();
    cloud.ids.insert("policy".to_owned(), id);
    let constrained = "412 RevisionNumberConstraintFailed Constrained to 99, but current revision is 1";
    let unsupported = "400 BadRequest Bad if-match request: This server does not support constraining operations based on revision numbers.";
    let change = r#"{"network": {"name": "x"}}"#;
    for (request, if_match, body, want) in [
        ("PUT networks/{left}", "revision_number=99", change, constrained),
        ("DELETE networks/{left}", "revision_number=99", "", constrained),
        ("PUT networks/{left}/tags", "revision_number=99", r#"{"tags": ["a"]}"#, constrained),
        ("DELETE networks/{left}/tags", "revision_number=99", "", constrained),
        ("PUT networks/{left}/tags/a", "revision_number=99", "", constrained),
        (
            "PUT routers/{r}/add_extraroutes",
            "revision_number=99",
            r#"{"router": {"routes": []}}"#,
            constrained,
        ),
        (
            "PUT networks/{left}",
            "revision_number=x",
            change,
            "400 BadRequest Bad if-match request: The revision_number must be an integer.",
        ),
        (
            "PUT networks/gone",
            "revision_number=99",
            change,
            "404 NetworkNotFound Network gone could not be found.",
        ),
        ("PUT vpn/ikepolicies/{policy}", "revision_number=1", r#"{"ikepolicy": {}}"#, unsupported),
        ("DELETE vpn/ikepolicies/{policy}", "revision_number=1", "", unsupported),
        ("DELETE vpn/ikepolicies/{policy}", "\"etag\"", "", "204"),
    ] {
        let got = said_to(&cloud, &demo, request, &[JSON, ("if-match", if_match)], body).await;
        assert_eq!(got, want, "{request} {if_match}");
    }
    // Who may do nothing with it is told that, whatever the revision.
    for (action, body) in [
        ("add_router_interface", r#"{"subnet_id": "x"}"#),
        ("remove_router_interface", r#"{"subnet_id": "x"}"#),
        ("add_extraroutes", r#"{"router": {"routes": []}}"#),
        ("remove_extraroutes", r#"{"router": {"routes": []}}"#),
    ] {
        let request = format!("PUT routers/{{r}}/{action}");
        let headers = [JSON, ("if-match", "revision_number=99")];
        let got = said_to(&cloud, &cloud.reader, &request, &headers, body).await;
        assert_eq!(got, format!("403 PolicyNotAuthorized rule:{action} is disallowed by policy"));
    }
    for (request, if_match, status) in [
        ("PUT networks/{left}", "revision_number=1", "200"),
        ("PUT networks/{left}", "\"etag\"", "200"),
        ("DELETE networks/{left}", "revision_number=2", "204"),
    ] {
        let body = if request.starts_with("PUT") { change } else { "" };
        let got = said_to(&cloud, &demo, request, &[JSON, ("if-match", if_match)], body).await;
        assert!(got.starts_with(status), "{request} {if_match}: {got}");
    }
}

#[tokio::test]
async fn core_resources_are_json_alone_and_vpn_does_not_ask() {
    let cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    let refused = "406 HTTPNotAcceptable The server could not comply with the request since it is either malformed or otherwise incorrect.";
    for (request, accept, want) in [
        ("GET networks", Some("text/html"), refused),
        ("GET networks", Some("application/xml"), refused),
        ("GET networks", Some("application/json;q=0, text/html"), refused),
        ("GET networks/gone", Some("text/html"), refused),
        ("GET nothing", Some("text/html"), MISSING),
        ("PATCH networks", Some("text/html"), METHOD),
        ("GET networks", Some("*/*"), r#"200 {"networks":[]}"#),
        ("GET networks", Some(""), r#"200 {"networks":[]}"#),
        ("GET networks", None, r#"200 {"networks":[]}"#),
        ("GET networks", Some("text/html, application/json;q=0.9"), r#"200 {"networks":[]}"#),
        ("GET networks", Some("application/*"), r#"200 {"networks":[]}"#),
        ("GET vpn/ikepolicies", Some("application/xml"), r#"200 {"ikepolicies":[]}"#),
        ("GET vpn/ikepolicies", Some("text/html"), r#"200 {"ikepolicies":[]}"#),
    ] {
        let headers: Vec<_> = accept.map(|accept| ("accept", accept)).into_iter().collect();
        assert_eq!(said_to(&cloud, &demo, request, &headers, "").await, want, "{request} {accept:?}");
    }
    // The type of a body does not matter.
    let headers = [JSON, ("content-type", "text/plain")];
    for (path, body) in [("networks", r#"{"network": {}}"#), ("vpn/ikepolicies", r#"{"ikepolicy": {}}"#)] {
        let got = said_to(&cloud, &demo, &format!("POST {path}"), &headers, body).await;
        assert!(got.starts_with("201 "), "{got}");
    }
}

#[tokio::test]
async fn each_path_has_its_methods_and_spellings() {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "network", "left", json!({})).await;
    cloud.create(&demo, "router", "r", json!({})).await;
    let none = "404 NetworkNotFound Network None could not be found.";
    let body = "400 HTTPBadRequest Request body is not supported in DELETE.";
    for (request, want) in [
        ("PATCH networks", METHOD),
        ("PATCH networks/{left}", METHOD),
        ("POST networks/{left}", METHOD),
        ("OPTIONS networks", METHOD),
        ("OPTIONS networks/{left}", METHOD),
        ("HEAD networks", "405"),
        ("HEAD networks/{left}", "405"),
        ("GET routers/{r}/add_router_interface", METHOD),
        ("POST routers/{r}/add_router_interface", METHOD),
        ("PUT networks", none),
        ("DELETE networks", none),
        ("PUT routers/{r}/unknown", MISSING),
        ("GET nothing", MISSING),
        ("OPTIONS nothing", MISSING),
        ("GET networks.xml", MISSING),
        ("GET networks/{left}.xml", MISSING),
        ("GET networks.json?fields=name", r#"200 {"networks":[{"name":"left"}]}"#),
        ("GET networks/?fields=name", r#"200 {"networks":[{"name":"left"}]}"#),
        ("GET networks/{left}.json?fields=name", r#"200 {"network":{"name":"left"}}"#),
        ("GET networks/{left}/?fields=name", r#"200 {"network":{"name":"left"}}"#),
        ("GET networks/left", "404 NetworkNotFound Network left could not be found."),
        ("PATCH vpn/ikepolicies", METHOD),
        ("POST vpn/ikepolicies/x", METHOD),
        ("HEAD vpn/ikepolicies", "405"),
        ("OPTIONS vpn/ikepolicies", "200"),
        ("OPTIONS vpn/ikepolicies/x", "200"),
        ("OPTIONS vpn/nothing", MISSING),
        ("PUT vpn/ikepolicies", "404 IKEPolicyNotFound IKEPolicy None could not be found"),
        ("DELETE vpn/endpoint-groups", "404 VPNEndpointGroupNotFound Endpoint group None could not be found"),
        ("GET vpn/vpnservices/x/foo", MISSING),
        ("GET vpn", MISSING),
        ("GET vpn/", MISSING),
        ("GET vpn/ikepolicies.json", r#"200 {"ikepolicies":[]}"#),
        ("GET vpn/ikepolicies/", r#"200 {"ikepolicies":[]}"#),
        ("GET vpn/ikepolicies/x.json", "404 IKEPolicyNotFound IKEPolicy x could not be found"),
    ] {
        says(&cloud, &demo, request, json!(null), want).await;
    }
    for path in
        ["networks/{left}", "networks/gone", "vpn/ikepolicies/x", "quotas/x", "networks/{left}/tags/a"]
    {
        says(&cloud, &demo, &format!("DELETE {path}"), json!({}), body).await;
    }
    let with_slash = said_to(&cloud, &demo, "GET /", &[JSON], "").await;
    let headers = [JSON, ("x-auth-token", demo.token.as_str())];
    let without = cloud.server.ask("GET", "/networking/v2.0", &headers, "").await;
    assert_eq!(format!("200 {}", without.text), with_slash);
}

/// Where clients choose names themselves, `.json` is a part of a name.
#[tokio::test]
async fn a_name_may_end_as_a_suffix_does() {
    let cloud = Cloud::start().await;
    let region = json!({"region": {"id": "a.json"}});
    for (method, path, body, want) in [
        ("POST", "regions", &region, 201),
        ("GET", "regions/a", &json!(null), 404),
        ("GET", "regions/a.json", &json!(null), 200),
        ("GET", "regions.json", &json!(null), 200),
        ("DELETE", "regions/a.json", &json!(null), 204),
    ] {
        let path = format!("/identity/v3/{path}");
        let answer = cloud.server.call(Some(&cloud.admin.token), method, &path, body).await;
        assert_eq!(answer.status, want, "{method} {path} {}", answer.body);
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let cloud = Cloud::start().await;
    let token = ("x-auth-token", cloud.demo.token.as_str());
    let mut seen = std::collections::BTreeSet::new();
    for (path, token) in [
        ("/networking/v2.0/networks", token),
        ("/networking/v2.0/networks/gone", token),
        ("/networking/v2.0/nothing", token),
        ("/networking/v2.0/networks", ("x-auth-token", "wrong")),
        ("/networking/v2.0/vpn/ikepolicies", token),
    ] {
        let headers = [JSON, token, ("x-openstack-request-id", "req-mine")];
        let answer = cloud.server.ask("GET", path, &headers, "").await;
        let id = answer.headers["x-openstack-request-id"].to_str().unwrap().to_owned();
        assert!(id.starts_with("req-") && id.len() == 40, "{path} {id}");
        assert_eq!(answer.headers["content-type"], "application/json", "{path}");
        assert!(seen.insert(id), "{path}");
    }
}
