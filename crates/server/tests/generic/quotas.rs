//! Quotas.

use serde_json::{Value, json};

use crate::common::cloud::Cloud;
use crate::{said, says};

#[tokio::test]
async fn quotas_are_the_operators() {
    let mut cloud = Cloud::start().await;
    let (admin, demo, reader, stranger) =
        (cloud.admin.clone(), cloud.demo.clone(), cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&demo, "network", "left", json!({})).await;
    let own = "quotas/{demo project}";
    let quota = |limits: Value| json!({"quota": limits});
    let below =
        "400 HTTPBadRequest Quota limit 0 for network must be greater than or equal to already used 1";
    let forbidden =
        |action: &str| format!("403 PolicyNotAuthorized rule:{action}_quota is disallowed by policy");
    for (who, request, body, want) in [
        (&demo, format!("PUT {own}"), quota(json!({"network": 1})), forbidden("update")),
        (&demo, format!("DELETE {own}"), json!(null), forbidden("delete")),
        (&demo, "GET quotas".to_owned(), json!(null), forbidden("get")),
        (&stranger, format!("GET {own}"), json!(null), forbidden("get")),
        (&stranger, format!("GET {own}/default"), json!(null), forbidden("get")),
        (&stranger, format!("GET {own}/details"), json!(null), forbidden("get")),
        (&admin, format!("PUT {own}"), quota(json!({"network": 0})), below.to_owned()),
        (&admin, format!("PUT {own}"), quota(json!({"network": 0, "check_limit": true})), below.to_owned()),
        (&admin, format!("PUT {own}"), quota(json!({"network": 0, "force": false})), below.to_owned()),
        (&admin, format!("PUT {own}"), quota(json!({"network": -2})), "400 HTTPBadRequest Invalid input for network. Reason: '-2' is too small - must be at least '-1'.".to_owned()),
        (&admin, format!("PUT {own}"), quota(json!({"network": "x"})), "400 InvalidInput Invalid input for operation: 'x' is not an integer.".to_owned()),
        (&admin, format!("PUT {own}"), quota(json!({"vpn": 1})), "400 HTTPBadRequest Unrecognized attribute(s) 'vpn'".to_owned()),
        (&admin, format!("PUT {own}"), quota(json!({"network": 5, "force": "x"})), "400 InvalidInput Invalid input for operation: 'x' cannot be converted to boolean.".to_owned()),
        (&admin, format!("PUT {own}"), json!({}), "400 HTTPBadRequest Resource body required".to_owned()),
        (&admin, format!("PUT {own}"), json!(null), "400 BadRequest Bad body request: Invalid format: b''.".to_owned()),
        (&admin, format!("DELETE {own}"), json!(null), "404 TenantQuotaNotFound Quota for project {demo project} could not be found.".to_owned()),
        (&admin, "POST quotas".to_owned(), quota(json!({})), "501 HTTPNotImplemented POST requests are not supported on this resource.".to_owned()),
        (&demo, "GET quotas/tenant".to_owned(), json!(null), r#"200 {"tenant":{"tenant_id":"{demo project}"}}"#.to_owned()),
        (&demo, "GET quotas/project".to_owned(), json!(null), r#"200 {"project":{"project_id":"{demo project}"}}"#.to_owned()),
        (&admin, "GET quotas".to_owned(), json!(null), r#"200 {"quotas":[]}"#.to_owned()),
    ] {
        says(&cloud, who, &request, body, &want).await;
    }
    for path in
        [own.to_owned(), format!("{own}/default"), format!("{own}/details"), format!("{own}/details.json")]
    {
        assert!(
            said(&cloud, &reader, &format!("GET {path}"), &Value::Null).await.starts_with("200 "),
            "{path}"
        );
    }
    let details = cloud.get(&demo, &format!("{own}/details.json")).await["quota"].clone();
    assert_eq!(details["network"], json!({"limit": 100, "used": 1, "reserved": 0}));
    assert_eq!(details["vpnservice"], json!({"limit": -1, "used": 0, "reserved": 0}));
    cloud.put(&admin, own, quota(json!({"network": 0, "force": true}))).await;
    // What counts is the project of the object, not of who makes it.
    let body = json!({"network": {"project_id": "{demo project}"}});
    says(&cloud, &admin, "POST networks", body, "409 OverQuota Quota exceeded for resources: ['network'].")
        .await;
    let listed = cloud.get(&admin, "quotas").await;
    for name in ["project_id", "tenant_id"] {
        assert_eq!(listed["quotas"][0][name], json!(demo.project));
    }
    cloud.put(&admin, "quotas/nobody", quota(json!({"vpnservice": 3}))).await;
    assert_eq!(cloud.get(&admin, "quotas/nobody").await["quota"]["vpnservice"], 3);
}

#[tokio::test]
async fn each_vpn_resource_has_a_quota() {
    let cloud = Cloud::start().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    let kinds = ["ikepolicy", "ipsecpolicy", "endpoint_group", "vpnservice", "ipsec_site_connection"];
    let none: serde_json::Map<String, Value> =
        kinds.iter().map(|kind| ((*kind).to_owned(), json!(0))).collect();
    cloud.put(&admin, "quotas/{demo project}", json!({"quota": none})).await;
    let id = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
    let connection = json!({
        "vpnservice_id": id, "ikepolicy_id": id, "ipsecpolicy_id": id, "peer_address": "203.0.113.9",
        "peer_id": "203.0.113.9", "peer_cidrs": ["10.7.0.0/24"], "psk": "secret",
    });
    // The quota comes before the rules of the resource.
    for (path, kind, body) in [
        ("vpn/ikepolicies", "ikepolicy", json!({})),
        ("vpn/ipsecpolicies", "ipsecpolicy", json!({})),
        ("vpn/endpoint-groups", "endpoint_group", json!({"type": "cidr", "endpoints": ["nonsense"]})),
        ("vpn/vpnservices", "vpnservice", json!({"router_id": id})),
        ("vpn/ipsec-site-connections", "ipsec_site_connection", connection),
    ] {
        let want = format!("409 OverQuota Quota exceeded for resources: ['{kind}'].");
        says(&cloud, &demo, &format!("POST {path}"), json!({kind: body}), &want).await;
    }
}
