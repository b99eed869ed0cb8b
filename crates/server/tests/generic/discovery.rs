//! What the API says that it has.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::cloud::Cloud;
use crate::common::kinds::networking;
use crate::{said, said_to};

const JSON: (&str, &str) = ("accept", "application/json");

/// Clients go on with the URL that they are told, so it is made from the one that they used.
#[tokio::test]
async fn versions_are_told_to_everybody_by_the_url_that_was_used() {
    let cloud = Cloud::start().await;
    let ask = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let answer = cloud.server.ask(method, path, headers, "").await;
        (answer.status, serde_json::from_str(&answer.text).unwrap_or(Value::Null))
    };
    for (headers, base) in [
        (vec![("host", "cloud.example:9696")], "http://cloud.example:9696/networking"),
        (vec![("host", "cloud.example"), ("x-forwarded-proto", "https")], "https://cloud.example/networking"),
    ] {
        let link = json!({"rel": "self", "href": format!("{base}/v2.0/")});
        let want = json!({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]});
        for path in ["/networking", "/networking/"] {
            assert_eq!(ask("GET", path, &headers).await, (200, want.clone()), "{path}");
        }
        let token = ("x-auth-token", cloud.demo.token.as_str());
        let resource = |name: &str| {
            let link = json!({"rel": "self", "href": format!("{base}/v2.0/{name}s")});
            json!({"name": name, "collection": format!("{name}s"), "links": [link]})
        };
        let resources = ["network", "subnet", "port"].map(resource);
        let want = json!({"resources": resources});
        let known: Vec<_> = headers.iter().copied().chain([token, JSON]).collect();
        assert_eq!(ask("GET", "/networking/v2.0/", &known).await, (200, want));
        assert_eq!(ask("GET", "/networking/v2.0/", &headers).await.0, 401);
    }
    let unknown = json!({"code": 404, "title": "Not Found", "description": null});
    assert_eq!(ask("GET", "/networking/v2.1/", &[]).await, (404, unknown));
    let healthy = json!({"detailed": false, "reasons": ["OK"]});
    assert_eq!(ask("GET", "/networking/healthcheck", &[]).await, (200, healthy));
    assert_eq!(ask("GET", "/networking/healthcheck/more", &[]).await.0, 404);
    for path in ["/networking", "/networking/", "/networking/healthcheck"] {
        assert_eq!(ask("POST", path, &[]).await.0, 405, "{path}");
    }
}

/// An alias promises attributes and calls, and clients look at aliases and names: both are contract. Nothing is named here
/// that is not there, and nothing that changes what clients do without being wanted: not `external-gateway-multihoming`,
/// `dns-integration`, `dvr`, `l3-ha`, `qos`, `trunk`, `rbac-policies`, `subnet_allocation` or `address-scope`.
#[tokio::test]
async fn extensions_are_exactly_these() {
    let cloud = Cloud::start().await;
    let listed = cloud.get(&cloud.reader, "extensions").await;
    let listed = listed["extensions"].as_array().unwrap();
    let line = |one: &Value| {
        let [alias, name, updated] = ["alias", "name", "updated"].map(|key| one[key].as_str().unwrap());
        format!("{alias} | {name} | {updated}")
    };
    assert_snapshot!(listed.iter().map(line).collect::<Vec<_>>().join("\n"), @r"
    adit-vpn-check | VPN check | 2026-11-22T10:00:00-00:00
    adit-vpn-diagnostics | VPN diagnostics | 2026-11-21T10:00:00-00:00
    adit-vpn-peer-config | VPN peer configuration | 2026-11-22T10:00:00-00:00
    agent | agent | 2013-02-03T10:00:00-00:00
    allowed-address-pairs | Allowed Address Pairs | 2013-07-23T10:00:00-00:00
    availability_zone | Availability Zone | 2015-01-01T10:00:00-00:00
    availability_zone_filter | Availability Zone Filter Extension | 2018-06-22T10:00:00-00:00
    binding | Port Binding | 2014-02-03T10:00:00-00:00
    empty-string-filtering | Empty String Filtering Extension | 2018-05-01T10:00:00-00:00
    ext-gw-mode | Neutron L3 Configurable external gateway mode | 2013-03-28T10:00:00-00:00
    external-net | Neutron external network | 2013-01-14T10:00:00-00:00
    extra_dhcp_opt | Neutron Extra DHCP options | 2013-03-17T12:00:00-00:00
    extraroute | Neutron Extra Route | 2013-02-01T10:00:00-00:00
    extraroute-atomic | Atomically add/remove extra routes | 2019-07-10T00:00:00+00:00
    filter-validation | Filter parameters validation | 2018-07-04T10:00:00-00:00
    fip-port-details | Floating IP Port Details Extension | 2018-04-09T10:00:00-00:00
    flavors | Neutron Service Flavors | 2015-09-17T10:00:00-00:00
    floatingip-pools | Floating IP Pools Extension | 2018-03-21T10:00:00-00:00
    ip-substring-filtering | IP address substring filtering | 2017-11-28T09:00:00-00:00
    l3-port-ip-change-not-allowed | Prevent L3 router ports IP address change extension | 2018-10-09T10:00:00-00:00
    l3_agent_scheduler | L3 Agent Scheduler | 2013-02-07T10:00:00-00:00
    net-mtu | Network MTU | 2015-03-25T10:00:00-00:00
    net-mtu-writable | Network MTU (writable) | 2017-07-12T00:00:00-00:00
    network_availability_zone | Network Availability Zone | 2015-01-01T10:00:00-00:00
    network-ip-availability | Network IP Availability | 2015-09-24T00:00:00-00:00
    pagination | Pagination support | 2016-06-12T00:00:00-00:00
    port-security | Port Security | 2012-07-23T10:00:00-00:00
    project-id | project_id field enabled | 2016-09-09T09:09:09-09:09
    provider | Provider Network | 2012-09-07T10:00:00-00:00
    quota-check-limit | Quota engine limit check | 2021-09-08T16:00:00-00:00
    quota-check-limit-default | Quota engine limit check by default | 2024-08-21T16:00:00-00:00
    quota_details | Quota details management support | 2017-02-10T10:00:00-00:00
    quotas | Quota management support | 2012-07-29T10:00:00-00:00
    revision-if-match | If-Match constraints based on revision_number | 2016-12-11T00:00:00-00:00
    router | Neutron L3 Router | 2012-07-20T10:00:00-00:00
    router_availability_zone | Router Availability Zone | 2015-01-01T10:00:00-00:00
    security-group | security-group | 2012-10-05T10:00:00-00:00
    security-groups-normalized-cidr | Normalized CIDR field for security group rules | 2020-07-28T10:00:00-00:00
    security-groups-shared-filtering | Security group filtering on the shared field | 2021-10-05T09:00:00-00:00
    service-type | Neutron Service Type Management | 2013-01-20T00:00:00-00:00
    sorting | Sorting support | 2016-06-12T00:00:00-00:00
    standard-attr-description | standard-attr-description | 2016-02-10T10:00:00-00:00
    standard-attr-revisions | Resource revision numbers | 2016-04-11T10:00:00-00:00
    standard-attr-tag | Tag support for resources with standard attribute: port, subnet, subnetpool, network, security_group, router, floatingip, policy, trunk, network_segment_range | 2017-01-01T00:00:00-00:00
    standard-attr-timestamp | Resource timestamps | 2016-09-12T10:00:00-00:00
    stateful-security-group | Stateful security group | 2019-11-26T09:00:00-00:00
    subnet-external-network | Subnet belongs to an external network | 2024-02-05T18:00:00-00:00
    tag-creation | Tag creation extension | 2024-23-07T10:00:00-00:00
    tag-ports-during-bulk-creation | Tag Ports During Bulk Creation | 2019-12-29T19:00:00-00:00
    vpn-aes-ccm-gcm | VPN support for AES CCM, GCM modes | 2023-10-24T11:00:00-00:00
    vpn-aes-ctr | VPN support for AES CTR mode | 2024-01-09T09:00:00-00:00
    vpn-endpoint-groups | VPN Endpoint Groups | 2015-08-04T10:00:00-00:00
    vpn-flavors | VPN Service Flavor Extension | 2017-04-19T00:00:00-00:00
    vpnaas | VPN service | 2013-05-29T10:00:00-00:00
    ");
    for one in listed {
        assert_eq!(one.as_object().unwrap().len(), 5, "{one}");
        assert_eq!(one["links"], json!([]));
        let alias = one["alias"].as_str().unwrap();
        assert_eq!(cloud.get(&cloud.reader, &format!("extensions/{alias}")).await, json!({"extension": one}));
    }
    let mut aliases: Vec<&str> = listed.iter().map(|one| one["alias"].as_str().unwrap()).collect();
    aliases.dedup();
    assert_eq!(aliases.len(), listed.len());
}

#[tokio::test]
async fn an_extension_that_is_not_there_has_an_answer_of_its_own() {
    let cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    let json = said(&cloud, &demo, "GET extensions/nope", &Value::Null).await;
    assert_eq!(
        json,
        r#"404 {"message":"The resource could not be found.<br /><br />\nExtension with alias nope does not exist\n\n","code":"404 Not Found","title":"Not Found"}"#
    );
    // A client asks by name, first as if that were the alias.
    assert!(
        said(&cloud, &demo, "GET extensions/Availability%20Zone", &Value::Null).await.starts_with("404 ")
    );
    let text = said_to(&cloud, &demo, "GET extensions/nope", &[("accept", "text/html")], "").await;
    assert!(text.starts_with("404 ") && !text.contains('{'), "{text}");
    // They cannot be changed, as if they were not there.
    let missing = "404 HTTPNotFound The resource could not be found.";
    for method in ["POST", "PUT", "DELETE"] {
        for path in ["extensions", "extensions/router"] {
            assert_eq!(said(&cloud, &demo, &format!("{method} {path}"), &Value::Null).await, missing);
        }
    }
    let other = "405 HTTPMethodNotAllowed The server could not comply with the request since it is either malformed or otherwise incorrect.";
    assert_eq!(said(&cloud, &demo, "PATCH extensions/router", &Value::Null).await, other);
}

/// Every collection of the announced extensions answers, to everybody.
#[tokio::test]
async fn what_is_announced_is_there() {
    let cloud = Cloud::start().await;
    let reader = cloud.reader.clone();
    for path in networking().map(|kind| kind.collection).chain([
        "agents",
        "availability_zones",
        "extensions",
        "floatingip_pools",
        "network-ip-availabilities",
        "quotas/tenant",
        "service-providers",
    ]) {
        let got = said(&cloud, &reader, &format!("GET {path}"), &Value::Null).await;
        assert!(got.starts_with("200 "), "{path}: {got}");
    }
}
