//! Quotas.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::common::cloud::Cloud;

#[tokio::test]
async fn quotas_limit_what_a_project_has() {
    let mut cloud = Cloud::start().await;
    let (admin, demo, stranger) = (cloud.admin.clone(), cloud.demo.clone(), cloud.stranger.clone());
    let own = "quotas/{demo project}";
    assert_json_snapshot!(cloud.get(&demo, own).await, @r#"
    {
      "quota": {
        "network": 100,
        "subnet": 100,
        "subnetpool": -1,
        "port": 500,
        "router_route": 30,
        "router": 10,
        "floatingip": 50,
        "rbac_policy": 10,
        "security_group": 10,
        "security_group_rule": 100,
        "ikepolicy": -1,
        "ipsecpolicy": -1,
        "endpoint_group": -1,
        "vpnservice": -1,
        "ipsec_site_connection": -1
      }
    }
    "#);
    assert_eq!(cloud.get(&demo, &format!("{own}/default")).await, cloud.get(&demo, own).await);
    assert_eq!(
        cloud.shown(&cloud.get(&demo, "quotas/tenant").await),
        json!({"tenant": {"tenant_id": "{demo project}"}})
    );
    let limits = json!({"quota": {"network": 1, "ikepolicy": 0}});
    assert_eq!(cloud.put(&admin, own, limits.clone()).await["quota"]["network"], 1);
    cloud.create(&demo, "network", "left", json!({})).await;
    let details = cloud.get(&demo, &format!("{own}/details.json")).await;
    assert_eq!(details["quota"]["network"], json!({"limit": 1, "used": 1, "reserved": 0}));
    let listed = cloud.get(&admin, "quotas").await;
    assert_eq!(cloud.shown(&listed["quotas"][0]["tenant_id"]), "{demo project}");
    let quota = |limits: Value| json!({"quota": limits});
    for case in [
        (
            "POST",
            "networks",
            json!({"network": {}}),
            "409 OverQuota Quota exceeded for resources: ['network'].",
        ),
        (
            "POST",
            "vpn/ikepolicies",
            json!({"ikepolicy": {}}),
            "409 OverQuota Quota exceeded for resources: ['ikepolicy'].",
        ),
        (
            "PUT",
            own,
            quota(json!({"network": 5})),
            "403 PolicyNotAuthorized rule:update_quota is disallowed by policy",
        ),
        ("DELETE", own, json!(null), "403 PolicyNotAuthorized rule:delete_quota is disallowed by policy"),
        (
            "POST",
            "quotas",
            quota(json!({})),
            "501 HTTPNotImplemented POST requests are not supported on this resource.",
        ),
    ] {
        cloud.refused(&demo, case).await;
    }
    let want = "403 PolicyNotAuthorized rule:get_quota is disallowed by policy";
    cloud.refused(&stranger, ("GET", own, Value::Null, want)).await;
    for case in [
        (
            "PUT",
            own,
            quota(json!({"network": 0, "check_limit": true})),
            "400 HTTPBadRequest Quota limit 0 for network must be greater than or equal to already used 1",
        ),
        (
            "PUT",
            own,
            quota(json!({"network": -2})),
            "400 HTTPBadRequest Invalid input for network. Reason: '-2' is too small - must be at least '-1'.",
        ),
        (
            "PUT",
            own,
            quota(json!({"network": "x"})),
            "400 InvalidInput Invalid input for operation: 'x' is not an integer.",
        ),
        ("PUT", own, quota(json!({"foo": 1})), "400 HTTPBadRequest Unrecognized attribute(s) 'foo'"),
        (
            "DELETE",
            "quotas/nobody",
            json!(null),
            "404 TenantQuotaNotFound Quota for project nobody could not be found.",
        ),
    ] {
        cloud.refused(&admin, case).await;
    }
    cloud.put(&admin, own, quota(json!({"network": 0, "check_limit": true, "force": true}))).await;
    cloud.delete(&admin, own).await;
    assert_eq!(cloud.get(&admin, "quotas").await, json!({"quotas": []}));
    cloud.create(&demo, "network", "right", json!({})).await;
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_told_before_the_quota() {
    let mut cloud = Cloud::start().await;
    cloud.external().await;
    let (admin, demo, stranger) = (cloud.admin.clone(), cloud.demo.clone(), cloud.stranger.clone());
    cloud.make(&stranger, "security_group", "theirs", json!({})).await;
    cloud.make(&demo, "security_group", "own", json!({})).await;
    let none = json!({"quota": {"router": 0, "floatingip": 0, "security_group_rule": 0}});
    let forced = json!({"quota": {"force": true, "router": 0, "floatingip": 0, "security_group_rule": 0}});
    assert_eq!(
        cloud.put(&admin, "quotas/{demo project}", forced).await["quota"]["router"],
        none["quota"]["router"]
    );
    let over = |what: &str| format!("409 OverQuota Quota exceeded for resources: ['{what}'].");
    let gateway = |more: Value| {
        let mut info = json!({"network_id": "{ext}"});
        info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"router": {"external_gateway_info": info}})
    };
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let no_network = format!("404 NetworkNotFound Network {nowhere} could not be found.");
    let rule =
        |group: &str| json!({"security_group_rule": {"security_group_id": group, "direction": "ingress"}});
    for (path, body, want) in [
        ("routers", gateway(json!({"network_id": nowhere})), no_network.clone()),
        (
            "routers",
            gateway(json!({"enable_snat": false})),
            "403 PolicyNotAuthorized (rule:create_router and (rule:create_router:external_gateway_info and (rule:create_router:external_gateway_info:network_id and rule:create_router:external_gateway_info:enable_snat))) is disallowed by policy".to_owned(),
        ),
        ("routers", gateway(json!({})), over("router")),
        ("routers", json!({"router": {"flavor_id": nowhere}}), over("router")),
        ("floatingips", json!({"floatingip": {"floating_network_id": nowhere}}), no_network),
        (
            "floatingips",
            json!({"floatingip": {"floating_network_id": "{ext}", "port_id": nowhere}}),
            format!("404 PortNotFound Port {nowhere} could not be found."),
        ),
        ("floatingips", json!({"floatingip": {"floating_network_id": "{ext}"}}), over("floatingip")),
        (
            "security-group-rules",
            rule("{theirs}"),
            "404 SecurityGroupNotFound Security group {theirs} does not exist".to_owned(),
        ),
        ("security-group-rules", rule("{own}"), over("security_group_rule")),
    ] {
        cloud.refused(&demo, ("POST", path, body, &want)).await;
    }
}
