//! Rules of security groups: what they may say, and what becomes of them.

use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;

async fn with_group() -> (Cloud, Person) {
    let mut cloud = Cloud::start().await;
    let demo = cloud.demo.clone();
    cloud.create(&demo, "security_group", "web", json!({})).await;
    (cloud, demo)
}

/// A rule for what ports of `web` receive.
fn rule(more: Value) -> Value {
    let mut attributes = json!({"security_group_id": "{web}", "direction": "ingress"});
    attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    attributes
}

fn asked(more: Value) -> Value {
    json!({"security_group_rule": rule(more)})
}

#[tokio::test]
async fn a_rule_is_made_shown_and_removed() {
    let (mut cloud, demo) = with_group().await;
    let ports =
        json!({"protocol": "tcp", "port_range_min": 80, "port_range_max": "81", "description": "www"});
    let made = cloud.make(&demo, "security_group_rule", "rule", rule(ports)).await;
    assert_eq!(
        cloud.shown(&made),
        json!({
            "id": "{rule}", "project_id": "{demo project}", "security_group_id": "{web}", "ethertype": "IPv4",
            "direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 81,
            "remote_ip_prefix": null, "remote_address_group_id": null, "normalized_cidr": null,
            "remote_group_id": null, "description": "www", "belongs_to_default_sg": false, "created_at": "TIME",
            "updated_at": "TIME", "revision_number": 1, "tenant_id": "{demo project}",
        })
    );
    assert_eq!(cloud.get(&demo, "security-group-rules/{rule}").await["security_group_rule"], made);
    let group = cloud.get(&demo, "security-groups/{web}").await["security_group"].clone();
    assert!(group["security_group_rules"].as_array().unwrap().contains(&made));
    assert_eq!(group["revision_number"], 2, "another rule is another revision");

    for (more, attribute, want) in [
        (json!({"ethertype": "ipv6"}), "ethertype", json!("IPv6")),
        (json!({"ethertype": null, "protocol": 6}), "protocol", json!("6")),
        (json!({"protocol": "UDP"}), "protocol", json!("udp")),
        (json!({"protocol": "icmp", "ethertype": "IPv6"}), "protocol", json!("ipv6-icmp")),
        (json!({"protocol": "icmp", "port_range_min": 8, "port_range_max": 0}), "port_range_max", json!(0)),
        (json!({"protocol": "vrrp"}), "protocol", json!("vrrp")),
        (json!({"remote_ip_prefix": "10.9.0.1"}), "remote_ip_prefix", json!("10.9.0.1/32")),
        (json!({"remote_ip_prefix": "10.8.0.1/24"}), "remote_ip_prefix", json!("10.8.0.1/24")),
        (json!({"remote_ip_prefix": "10.7.0.1/24"}), "normalized_cidr", json!("10.7.0.0/24")),
        (
            json!({"remote_ip_prefix": "2001:DB8::1", "ethertype": "IPv6"}),
            "normalized_cidr",
            json!("2001:db8::1/128"),
        ),
        (json!({"remote_group_id": "{web}", "protocol": "tcp"}), "remote_group_id", json!("{web}")),
        // As `openstack security group rule create` asks.
        (json!({"protocol": "esp", "remote_ip_prefix": "0.0.0.0/0"}), "remote_ip_prefix", json!("0.0.0.0/0")),
    ] {
        let made = cloud.make(&demo, "security_group_rule", "other", rule(more.clone())).await;
        assert_eq!(cloud.shown(&made[attribute]), want, "{more}");
    }
    cloud.delete(&demo, "security-group-rules/{rule}").await;
    let want = "404 SecurityGroupRuleNotFound Security group rule {rule} does not exist";
    cloud.refused(&demo, ("DELETE", "security-group-rules/{rule}", Value::Null, want)).await;
}

#[tokio::test]
async fn rules_are_found_by_what_they_say() {
    let (mut cloud, demo) = with_group().await;
    let stranger = cloud.stranger.clone();
    cloud.create(&demo, "security_group", "db", json!({})).await;
    let of_db = json!({
        "security_group_id": "{db}", "protocol": "tcp", "port_range_min": 5432, "port_range_max": 5433,
        "remote_group_id": "{web}", "description": "sql",
    });
    cloud.make(&demo, "security_group_rule", "sql", rule(of_db)).await;
    let prefix = json!({"remote_ip_prefix": "10.0.0.0/8"});
    cloud.make(&demo, "security_group_rule", "inside", rule(prefix)).await;
    let default = cloud.get(&demo, "security-groups?name=default").await;
    cloud.ids.insert("default".to_owned(), default["security_groups"][0]["id"].as_str().unwrap().to_owned());
    for (query, want) in [
        ("", 10),
        ("security_group_id={web}", 3),
        ("security_group_id={default}", 4),
        ("direction=egress", 6),
        ("ethertype=IPv6", 4),
        ("protocol=tcp", 1),
        ("port_range_min=5432", 1),
        ("port_range_max=5433", 1),
        ("port_range_max=5432", 0),
        ("remote_group_id={web}", 1),
        ("remote_ip_prefix=10.0.0.0/8", 1),
        ("description=sql", 1),
        ("id={sql}&id={inside}", 2),
        ("belongs_to_default_sg=True", 4),
        ("belongs_to_default_sg=false", 6),
        ("project_id={demo project}", 10),
        ("tenant_id={other project}", 0),
        ("limit=2&sort_key=direction&sort_dir=asc", 2),
    ] {
        let list = cloud.get(&demo, &format!("security-group-rules?{query}")).await;
        assert_eq!(list["security_group_rules"].as_array().unwrap().len(), want, "{query}");
    }
    assert_eq!(cloud.get(&stranger, "security-group-rules").await, json!({"security_group_rules": []}));
    let want = "400 HTTPBadRequest ['normalized_cidr'] is invalid attribute for filtering";
    cloud.refused(&demo, ("GET", "security-group-rules?normalized_cidr=x", Value::Null, want)).await;

    for name in ["port_range_min", "port_range_max"] {
        let request = format!("security-group-rules?{name}=x");
        let want = "400 InvalidInput Invalid input for operation: 'x' is not an integer.";
        cloud.refused(&demo, ("GET", &request, Value::Null, want)).await;
    }

    // A rule that names a group goes with that group.
    cloud.delete(&demo, "security-groups/{web}").await;
    let want = "404 SecurityGroupRuleNotFound Security group rule {sql} does not exist";
    cloud.refused(&demo, ("GET", "security-group-rules/{sql}", Value::Null, want)).await;
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused() {
    let (mut cloud, demo) = with_group().await;
    let (reader, stranger) = (cloud.reader.clone(), cloud.stranger.clone());
    cloud.create(&stranger, "security_group", "theirs", json!({})).await;
    cloud.make(&demo, "security_group_rule", "rule", rule(json!({"protocol": "tcp"}))).await;
    let protocol = |protocol: &str| {
        format!(
            "400 SecurityGroupRuleInvalidProtocol Security group rule protocol {protocol} not supported. Only protocol values [None, 'ah', 'dccp', 'egp', 'esp', 'gre', 'hopopt', 'icmp', 'icmpv6', 'igmp', 'ip', 'ipip', 'ipv6-encap', 'ipv6-frag', 'ipv6-icmp', 'ipv6-nonxt', 'ipv6-opts', 'ipv6-route', 'ospf', 'pgm', 'rsvp', 'sctp', 'tcp', 'udp', 'udplite', 'vrrp'] and integer representations [0 to 255] are supported."
        )
    };
    let port = |port: &str| format!("400 SecurityGroupInvalidPortValue Invalid value for port {port}");
    let range =
        "400 SecurityGroupInvalidPortRange For TCP/UDP protocols, port_range_min must be <= port_range_max"
            .to_owned();
    let cidr = |input: &str| format!("400 InvalidCIDR Invalid CIDR {input} given as IP prefix.");
    let exists =
        "409 SecurityGroupRuleExists Security group rule already exists. Rule id is {rule}.".to_owned();
    let several = "400 SecurityGroupMultipleRemoteEntites Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.".to_owned();
    let tcp =
        |min: Value, max: Value| json!({"protocol": "tcp", "port_range_min": min, "port_range_max": max});
    let icmp =
        |min: Value, max: Value| json!({"protocol": "icmp", "port_range_min": min, "port_range_max": max});
    let bad = |attribute: &str, reason: &str| {
        format!("400 HTTPBadRequest Invalid input for {attribute}. Reason: {reason}.")
    };
    let no_group = |id: &str| format!("404 SecurityGroupNotFound Security group {id} does not exist");
    for (more, want) in [
        (json!({"security_group_id": "bad"}), bad("security_group_id", "'bad' is not a valid UUID")),
        (json!({"direction": "up"}), bad("direction", "up is not in valid_values")),
        (json!({"security_group_id": "{rule}"}), no_group("{rule}")),
        (json!({"security_group_id": "{theirs}"}), no_group("{theirs}")),
        (json!({"remote_group_id": "{theirs}"}), no_group("{theirs}")),
        (json!({"remote_group_id": "bad"}), no_group("bad")),
        (
            json!({"remote_address_group_id": "{rule}"}),
            "404 AddressGroupNotFound Address group {rule} could not be found.".to_owned(),
        ),
        (json!({"protocol": "tcp"}), exists.clone()),
        (json!({"protocol": "6", "ethertype": "ipv4", "remote_ip_prefix": "0.0.0.0/0"}), exists),
        (
            json!({"port_range_min": 80, "port_range_max": 80}),
            "400 SecurityGroupProtocolRequiredWithPorts Must also specify protocol if port range is given."
                .to_owned(),
        ),
        (tcp(json!(81), json!(80)), range.clone()),
        (tcp(json!(80), Value::Null), range.clone()),
        (tcp(Value::Null, json!(6)), range),
        (tcp(json!(0), json!(80)), port("0")),
        (tcp(json!(-16), json!(80)), port("-16")),
        (tcp(json!(80), json!(65536)), port("65536")),
        (tcp(json!("x"), json!(80)), port("x")),
        (tcp(json!(8.5), json!(80)), port("8.5")),
        (
            icmp(json!(1), json!(256)),
            "400 SecurityGroupInvalidIcmpValue Invalid value for ICMP code (port_range_max) 256. It must be 0 to 255.".to_owned(),
        ),
        (
            icmp(json!(300), json!(1)),
            "400 SecurityGroupInvalidIcmpValue Invalid value for ICMP type (port_range_min) 300. It must be 0 to 255.".to_owned(),
        ),
        (
            icmp(Value::Null, json!(3)),
            "400 SecurityGroupMissingIcmpType ICMP code (port-range-max) 3 is provided but ICMP type (port-range-min) is missing.".to_owned(),
        ),
        (
            json!({"protocol": "esp", "port_range_min": 1, "port_range_max": 2}),
            "400 SecurityGroupInvalidProtocolForPort Invalid protocol 50 for port range, only supported for DCCP, SCTP, TCP, UDP, UDPLITE.".to_owned(),
        ),
        (
            json!({"protocol": "ipv6-icmp"}),
            "400 SecurityGroupEthertypeConflictWithProtocol Invalid ethertype IPv4 for protocol ipv6-icmp.".to_owned(),
        ),
        (json!({"protocol": "foo"}), protocol("foo")),
        (json!({"protocol": 256}), protocol("256")),
        (json!({"protocol": -1}), protocol("-1")),
        (
            json!({"ethertype": "x"}),
            "400 SecurityGroupRuleInvalidEtherType Security group rule for ethertype 'x' not supported. Allowed values are ['IPv4', 'IPv6'].".to_owned(),
        ),
        (json!({"remote_ip_prefix": "bad"}), cidr("bad")),
        (json!({"remote_ip_prefix": "10.0.0.1/33"}), cidr("10.0.0.1/33")),
        (json!({"remote_ip_prefix": 5}), cidr("5")),
        (
            json!({"remote_ip_prefix": "2001:db8::/64"}),
            "400 SecurityGroupRuleParameterConflict Conflicting value ethertype IPv4 for CIDR 2001:db8::/64".to_owned(),
        ),
        (json!({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": "{web}"}), several.clone()),
        (json!({"remote_address_group_id": "x", "remote_group_id": "{web}"}), several),
        (
            json!({"normalized_cidr": "10.0.0.0/8"}),
            "400 HTTPBadRequest Attribute 'normalized_cidr' not allowed in POST".to_owned(),
        ),
        (json!({"tags": []}), "400 HTTPBadRequest Unrecognized attribute(s) 'tags'".to_owned()),
    ] {
        cloud.refused(&demo, ("POST", "security-group-rules", asked(more), &want)).await;
    }
    for (missing, body) in [
        ("security_group_id", json!({"direction": "ingress"})),
        ("direction", json!({"security_group_id": "{web}"})),
    ] {
        let want = format!(
            "400 HTTPBadRequest Failed to parse request. Required attribute '{missing}' not specified"
        );
        let body = json!({"security_group_rule": body});
        cloud.refused(&demo, ("POST", "security-group-rules", body, &want)).await;
    }
    // The reference answers 500 to any PUT.
    let want = "400 HTTPBadRequest Cannot update read-only attribute protocol";
    let change = json!({"security_group_rule": {"protocol": "udp"}});
    cloud.refused(&demo, ("PUT", "security-group-rules/{rule}", change, want)).await;

    let forbidden = |action: &str| {
        format!("403 PolicyNotAuthorized rule:{action}_security_group_rule is disallowed by policy")
    };
    cloud.refused(&reader, ("POST", "security-group-rules", asked(json!({})), &forbidden("create"))).await;
    let one = "security-group-rules/{rule}";
    cloud.refused(&reader, ("DELETE", one, Value::Null, &forbidden("delete"))).await;
    let gone = "404 SecurityGroupRuleNotFound Security group rule {rule} does not exist";
    cloud.refused(&stranger, ("GET", one, Value::Null, gone)).await;
    cloud.refused(&stranger, ("DELETE", one, Value::Null, gone)).await;
}

#[tokio::test]
async fn rules_belong_to_the_project_of_their_group() {
    let (mut cloud, demo) = with_group().await;
    let admin = cloud.admin.clone();
    let made = cloud.make(&admin, "security_group_rule", "rule", rule(json!({"protocol": "udp"}))).await;
    assert_eq!(cloud.shown(&made["project_id"]), "{demo project}", "whoever adds it");
    assert_eq!(cloud.get(&demo, "security-group-rules/{rule}").await["security_group_rule"], made);

    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"security_group_rule": 8}})).await;
    let two =
        json!({"security_group_rules": [rule(json!({"protocol": "esp"})), rule(json!({"protocol": "ah"}))]});
    let full = "409 OverQuota Quota exceeded for resources: ['security_group_rule'].";
    cloud.refused(&demo, ("POST", "security-group-rules", two.clone(), full)).await;
    cloud.refused(&admin, ("POST", "security-group-rules", two.clone(), full)).await;
    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"security_group_rule": 9}})).await;
    let made = cloud.call(&demo, "POST", "security-group-rules", &two).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["security_group_rules"][1]["protocol"], "ah");
    let again =
        json!({"security_group_rules": [rule(json!({"protocol": "gre"})), rule(json!({"protocol": "gre"}))]});
    cloud.put(&admin, "quotas/{demo project}", json!({"quota": {"security_group_rule": -1}})).await;
    let answer = cloud.call(&demo, "POST", "security-group-rules", &again).await;
    assert_eq!(answer.body["NeutronError"]["type"], "SecurityGroupRuleExists", "all or nothing");
    assert_eq!(
        cloud.get(&demo, "security-group-rules?protocol=gre").await["security_group_rules"],
        json!([])
    );
}
