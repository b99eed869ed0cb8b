//! Lists of every kind: filters, fields, order and pages.

use serde_json::{Value, json};

use crate::common::Person;
use crate::common::cloud::Cloud;
use crate::common::kinds::{Access, Kind, networking};
use crate::{one_of_each, said, says};

/// By what each list can be filtered, and by what it can be sorted, as everybody and (after `|`) as administrators only.
const TABLE: [(&str, &str, &str); 14] = [
    (
        "networks",
        "id project_id tenant_id name description admin_state_up status shared router:external mtu revision_number \
         | provider:network_type provider:physical_network provider:segmentation_id",
        "id project_id tenant_id name mtu",
    ),
    (
        "subnets",
        "id project_id tenant_id name description network_id ip_version cidr gateway_ip enable_dhcp ipv6_ra_mode \
         ipv6_address_mode subnetpool_id revision_number",
        "id project_id tenant_id name network_id ip_version cidr gateway_ip",
    ),
    (
        "ports",
        "id project_id tenant_id name description network_id admin_state_up status mac_address fixed_ips device_id \
         device_owner security_groups revision_number | binding:host_id",
        "id project_id tenant_id name network_id mac_address device_id device_owner",
    ),
    (
        "routers",
        "id project_id tenant_id name description admin_state_up status revision_number",
        "id project_id tenant_id name status",
    ),
    (
        "floatingips",
        "id project_id tenant_id description floating_network_id floating_ip_address port_id fixed_ip_address \
         router_id status revision_number",
        "id project_id tenant_id floating_network_id floating_ip_address fixed_ip_address router_id",
    ),
    (
        "security-groups",
        "id project_id tenant_id name description stateful shared revision_number",
        "id project_id tenant_id name",
    ),
    (
        "security-group-rules",
        "id project_id tenant_id description security_group_id direction ethertype protocol port_range_min \
         port_range_max remote_ip_prefix remote_group_id belongs_to_default_sg revision_number",
        "id project_id tenant_id security_group_id direction ethertype protocol port_range_min port_range_max \
         remote_ip_prefix remote_group_id",
    ),
    (
        "vpn/ikepolicies",
        "id project_id tenant_id name description auth_algorithm encryption_algorithm phase1_negotiation_mode \
         ike_version pfs",
        "id project_id tenant_id name",
    ),
    (
        "vpn/ipsecpolicies",
        "id project_id tenant_id name description auth_algorithm encryption_algorithm transform_protocol \
         encapsulation_mode pfs",
        "id project_id tenant_id name",
    ),
    (
        "vpn/vpnservices",
        "id project_id tenant_id name description router_id subnet_id flavor_id admin_state_up status external_v4_ip \
         external_v6_ip",
        "id project_id tenant_id name router_id",
    ),
    (
        "vpn/endpoint-groups",
        "id project_id tenant_id name description type endpoint_type",
        "id project_id tenant_id name type",
    ),
    (
        "vpn/ipsec-site-connections",
        "id project_id tenant_id name description vpnservice_id ikepolicy_id ipsecpolicy_id peer_address peer_id \
         local_id mtu initiator admin_state_up status route_mode auth_mode local_ep_group_id peer_ep_group_id",
        "id project_id tenant_id name",
    ),
    ("flavors", "id name description service_type enabled", "id name service_type enabled"),
    ("service_profiles", "id description driver enabled metainfo", "id driver enabled"),
];

/// The names that `query` is granted for.
async fn granted(cloud: &Cloud, who: &Person, kind: Kind, names: &[String], query: &str) -> Vec<String> {
    let mut granted = Vec::new();
    for name in names {
        let query = query.replace("NAME", &name.replace(':', "%3A"));
        let got = said(cloud, who, &format!("GET {}?{query}", kind.collection), &Value::Null).await;
        let what = if query.starts_with("sort_key") { "sort_keys" } else { "filtering" };
        if got.starts_with("200 ") {
            granted.push(name.clone());
        } else {
            let want = format!("400 HTTPBadRequest ['{name}'] is invalid attribute for {what}");
            assert_eq!(got, want, "{} {query}", kind.collection);
        }
    }
    granted.sort_unstable();
    granted
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    words.sort_unstable();
    words
}

#[tokio::test]
async fn each_list_has_its_filters_and_its_orders() {
    let cloud = one_of_each().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    assert_eq!(networking().count(), TABLE.len());
    for (kind, (path, filters, orders)) in networking().zip(TABLE) {
        assert_eq!(kind.collection, path);
        let one = cloud.get(&admin, &format!("{path}/{{{}}}", kind.singular)).await;
        let mut names: Vec<String> = one[kind.singular].as_object().unwrap().keys().cloned().collect();
        // What tags are filtered by is tested with tags; the rest are attributes that a POST has and an answer has not,
        // or that openstacksdk asks for in vain.
        names.retain(|name| name != "tags");
        names.extend(["prefixlen", "segment_id", "endpoint_type", "lifetime_value"].map(str::to_owned));
        let (everybody, operators) = filters.split_once('|').unwrap_or((filters, ""));
        for (who, filters) in [(&demo, everybody), (&admin, &format!("{everybody} {operators}"))] {
            // `1` is something for a text, a number and a truth.
            let filter = |name: &str| if name == "fixed_ips" { "ip_address%3D1" } else { "1" };
            let mut got = Vec::new();
            for name in &names {
                let query = format!("NAME={}", filter(name));
                got.extend(granted(&cloud, who, kind, std::slice::from_ref(name), &query).await);
            }
            got.sort_unstable();
            assert_eq!(got, words(filters), "filters of {path}");
            for dir in ["asc", "desc"] {
                let got = granted(&cloud, who, kind, &names, &format!("sort_key=NAME&sort_dir={dir}")).await;
                assert_eq!(got, words(orders), "sort keys of {path}");
            }
        }
    }
}

/// Each filter finds the object by what it shows.
#[tokio::test]
async fn an_object_is_found_by_each_thing_that_it_shows() {
    let cloud = one_of_each().await;
    for (kind, (path, filters, _)) in networking().zip(TABLE) {
        let demo = cloud.maker(&kind);
        let one = cloud.get(&demo, &format!("{path}/{{{}}}", kind.singular)).await[kind.singular].clone();
        let everybody = filters.split('|').next().unwrap_or_default();
        for name in everybody.split_whitespace() {
            let value = match &one[name] {
                Value::String(text) => text.clone(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => continue,
            };
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let query = format!("{}={value}&fields=id", name.replace(':', "%3A"));
            let found = cloud.get(&demo, &format!("{path}?{query}")).await;
            let found = found[kind.plural()].as_array().unwrap();
            assert!(found.contains(&json!({"id": one["id"]})), "{path}?{query}: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_filter_means_the_same_in_every_list() {
    let cloud = one_of_each().await;
    let (admin, stranger) = (cloud.admin.clone(), cloud.stranger.clone());
    for kind in networking() {
        let Kind { collection: path, singular: key, .. } = kind;
        let (demo, plural) = (cloud.maker(&kind), kind.plural());
        let count = async |who: &Person, query: &str| {
            let list = cloud.get(who, &format!("{path}?{query}")).await;
            list[&plural].as_array().unwrap().iter().filter(|one| one["id"] == json!(cloud.ids[key])).count()
        };
        for (query, want) in [
            (format!("id={{{key}}}"), 1),
            (format!("id=nothing&id={{{key}}}"), 1),
            ("id=nothing".to_owned(), 0),
            ("tenant_id={demo project}".to_owned(), 1),
            ("tenant_id={demo project}&project_id={other project}".to_owned(), 1),
            ("project_id={other project}".to_owned(), 0),
            (format!("id={{{key}}}&project_id={{other project}}"), 0),
            ("description=".to_owned(), 1),
            ("description=x&description=".to_owned(), 1),
            (format!("id={}", cloud.ids[key].to_uppercase()), 0),
        ] {
            if !kind.is_owned() && (query.contains("project_id") || query.contains("tenant_id")) {
                continue;
            }
            assert_eq!(count(&demo, &query).await, want, "{path}?{query}");
        }
        if kind.is_named() {
            cloud.put(&demo, &format!("{path}/{{{key}}}"), json!({key: {"name": "Left"}})).await;
            for (query, want) in [("name=Left", 1), ("name=left", 0), ("name=", 0), ("name=Lef", 0)] {
                assert_eq!(count(&demo, query).await, want, "{path}?{query}");
            }
            cloud.put(&demo, &format!("{path}/{{{key}}}"), json!({key: {"name": ""}})).await;
            assert_eq!(count(&demo, "name=").await, 1, "{path}");
        }
        // Another project's are not found, by whatever they are asked for.
        let seen = usize::from(kind.access == Access::Admin);
        let all = ["".to_owned(), format!("id={{{key}}}"), "project_id={demo project}".to_owned()];
        for query in all.into_iter().take(if kind.is_owned() { 3 } else { 2 }) {
            assert_eq!(count(&stranger, &query).await, seen, "{path}?{query}");
            assert_eq!(count(&admin, &query).await, 1, "{path}?{query}");
        }
        for (query, want) in [
            ("bogus=1", "400 HTTPBadRequest ['bogus'] is invalid attribute for filtering"),
            ("foo=1&bar=2", "400 HTTPBadRequest ['foo', 'bar'] is invalid attribute for filtering"),
            ("sort_key=id", "400 HTTPBadRequest The number of sort_keys and sort_dirs must be same"),
            ("sort_dir=asc", "400 HTTPBadRequest The number of sort_keys and sort_dirs must be same"),
            (
                "sort_key=bogus&sort_dir=asc",
                "400 HTTPBadRequest ['bogus'] is invalid attribute for sort_keys",
            ),
        ] {
            says(&cloud, &demo, &format!("GET {path}?{query}"), json!(null), want).await;
        }
        let want =
            "400 HTTPBadRequest ['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'";
        says(&cloud, &demo, &format!("GET {path}?sort_key=id&sort_dir=up"), json!(null), want).await;
    }
    let demo = cloud.demo.clone();
    for (query, want) in [
        (
            "networks?admin_state_up=maybe",
            "400 InvalidInput Invalid input for operation: 'maybe' cannot be converted to boolean.",
        ),
        (
            "networks?router%3Aexternal=2",
            "400 InvalidInput Invalid input for operation: '2' cannot be converted to boolean.",
        ),
        ("networks?mtu=big", "400 InvalidInput Invalid input for operation: 'big' is not an integer."),
        (
            "networks?revision_number=x",
            "400 InvalidInput Invalid input for operation: 'x' is not an integer.",
        ),
        (
            "subnets?ip_version=four",
            "400 InvalidInput Invalid input for operation: 'four' is not an integer.",
        ),
        (
            "vpn/vpnservices?admin_state_up=maybe",
            "400 InvalidInput Invalid input for operation: 'maybe' cannot be converted to boolean.",
        ),
        ("networks?status=SLEEPING", r#"200 {"networks":[]}"#),
        ("vpn/ikepolicies?pfs=group99", r#"200 {"ikepolicies":[]}"#),
        // On one object everything but the fields is ignored.
        (
            "networks/{network}?fields=name&bogus=1&name=x&limit=x&sort_key=y",
            r#"200 {"network":{"name":""}}"#,
        ),
        ("vpn/ikepolicies/{ikepolicy}?fields=name&bogus=1&limit=x", r#"200 {"ikepolicy":{"name":""}}"#),
    ] {
        says(&cloud, &demo, &format!("GET {query}"), json!(null), want).await;
    }
}

#[tokio::test]
async fn fields_choose_what_is_shown() {
    let cloud = one_of_each().await;
    let (admin, demo) = (cloud.admin.clone(), cloud.demo.clone());
    for kind in networking() {
        let Kind { collection: path, singular: key, .. } = kind;
        let (demo, plural) = (cloud.maker(&kind), kind.plural());
        let (other, value) =
            if kind.is_owned() { ("tenant_id", demo.project.as_str()) } else { ("description", "") };
        for (fields, want) in [
            ("fields=id", json!({"id": cloud.ids[key]})),
            (&format!("fields=id&fields={other}"), json!({"id": cloud.ids[key], other: value})),
            (&format!("fields={other}&fields=bogus"), json!({other: value})),
            ("fields=bogus", json!({})),
            // A comma is no separator.
            (&format!("fields=id%2C{other}"), json!({})),
        ] {
            let list = cloud.get(&demo, &format!("{path}?id={{{key}}}&{fields}")).await;
            assert_eq!(list, json!({plural.as_str(): [want.clone()]}), "{path}?{fields}");
            let one = cloud.get(&demo, &format!("{path}/{{{key}}}?{fields}")).await;
            assert_eq!(one, json!({key: want}), "{path}?{fields}");
        }
    }
    // Asking for it does not show what only administrators see.
    for (path, key, field) in
        [("networks", "network", "provider:network_type"), ("ports", "port", "binding:host_id")]
    {
        let path = format!("{path}/{{{key}}}?fields={}", field.replace(':', "%3A"));
        assert_eq!(cloud.get(&demo, &path).await, json!({key: {}}));
        assert_eq!(cloud.get(&admin, &path).await[key].as_object().unwrap().len(), 1, "{field}");
    }
}

/// The ids of a page, and where its links lead.
struct Page {
    ids: Vec<String>,
    next: Option<String>,
    previous: Option<String>,
}

async fn page(cloud: &Cloud, kind: Kind, query: &str) -> Page {
    let list = cloud.get(&cloud.maker(&kind), &format!("{}?{query}", kind.collection)).await;
    let ids =
        list[kind.plural()].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
    let links = list.get(format!("{}_links", kind.plural())).map(|links| links.as_array().unwrap().clone());
    assert_eq!(links.is_some(), query.contains("limit=") && !query.contains("limit=0"), "{query}");
    let link = |rel: &str| {
        let link = links.iter().flatten().find(|link| link["rel"] == rel)?;
        let (url, query) = link["href"].as_str().unwrap().split_once('?').unwrap();
        assert!(url.starts_with("http") && url.ends_with(&kind.path()), "{url}");
        Some(query.to_owned())
    };
    Page { ids: ids.collect(), next: link("next"), previous: link("previous") }
}

/// Five objects of a kind, of which the other tests say nothing.
async fn five(cloud: &Cloud, kind: Kind) -> Vec<String> {
    let before = page(cloud, kind, "").await.ids;
    for n in 0..5 {
        cloud.make_one(&kind, n + 10).await;
    }
    let all = page(cloud, kind, "").await.ids;
    assert_eq!(all.len(), before.len() + 5, "{}", kind.collection);
    all
}

#[tokio::test]
async fn every_list_comes_in_pages() {
    let cloud = one_of_each().await;
    for kind in networking() {
        let path = kind.collection;
        let all = five(&cloud, kind).await;
        let count = all.len();
        // Forwards by the links, to the end.
        let mut seen = Vec::new();
        let mut at = page(&cloud, kind, "limit=2").await;
        loop {
            assert!(at.previous.is_some(), "{path}: even the first page has one");
            seen.extend(at.ids.clone());
            let Some(next) = at.next.clone() else { break };
            assert_eq!(at.ids.len(), 2, "{path}: a short page has no next one");
            at = page(&cloud, kind, &next).await;
        }
        assert_eq!(seen, all, "{path} forwards");
        // And backwards again.
        let mut seen = Vec::new();
        let mut at = page(&cloud, kind, "limit=2&page_reverse=True").await;
        loop {
            assert!(at.next.is_some(), "{path}: even the last page has one");
            seen.splice(0..0, at.ids.clone());
            let Some(previous) = at.previous.clone() else { break };
            at = page(&cloud, kind, &previous).await;
        }
        assert_eq!(seen, all, "{path} backwards");
        for (query, want) in [
            ("limit=0".to_owned(), &all[..]),
            ("limit=100".to_owned(), &all[..]),
            (format!("limit=2&marker={}", all[1]), &all[2..4]),
            (format!("limit=2&marker={}&page_reverse=true", all[2]), &all[..2]),
            (format!("limit=90&marker={}&page_reverse=False", all[2]), &all[3..]),
            (format!("limit=2&marker={}", all[count - 1]), &[]),
            (format!("limit=2&marker={}&page_reverse=True", all[0]), &[]),
        ] {
            assert_eq!(page(&cloud, kind, &query).await.ids, want, "{path}?{query}");
        }
        let empty = page(&cloud, kind, &format!("limit=2&marker={}", all[count - 1])).await;
        assert_eq!(
            (empty.next, empty.previous.as_deref()),
            (None, Some("limit=2&page_reverse=True")),
            "{path}"
        );
    }
}

/// A page lies in the list as it was asked for: sorted, and with nothing that a filter leaves out.
#[tokio::test]
async fn pages_keep_order_filters_and_fields() {
    let cloud = one_of_each().await;
    for kind in networking() {
        let path = kind.collection;
        five(&cloud, kind).await;
        let (first_key, own) = if kind.is_owned() {
            ("sort_key=tenant_id&sort_dir=asc&", format!("tenant_id={}&description=", cloud.demo.project))
        } else {
            ("", "description=".to_owned())
        };
        let mut all = page(&cloud, kind, &own).await.ids;
        all.sort_unstable();
        all.reverse();
        let order = format!("{first_key}sort_key=id&sort_dir=desc&{own}&fields=id");
        let first = page(&cloud, kind, &format!("{order}&limit=3")).await;
        assert_eq!(first.ids, all[..3], "{path}");
        let next = first.next.unwrap();
        assert_eq!(next, format!("{order}&limit=3&marker={}", all[2]));
        let second = page(&cloud, kind, &next).await;
        assert_eq!(second.ids, all[3..all.len().min(6)], "{path}");
        let back = page(&cloud, kind, &second.previous.unwrap()).await;
        assert_eq!(back.ids, all[..3], "{path}");
    }
}

#[tokio::test]
async fn a_page_next_to_nothing_is_refused() {
    let mut cloud = one_of_each().await;
    let stranger = cloud.stranger.clone();
    let made = cloud.call(&stranger, "POST", "networks", &json!({"network": {}})).await;
    cloud.ids.insert("theirs".to_owned(), made.body["network"]["id"].as_str().unwrap().to_owned());
    for kind in networking() {
        let (demo, path) = (cloud.maker(&kind), kind.collection);
        let unknown = |marker: &str| {
            if kind.is_vpn() {
                format!("400 BadRequest Bad marker request: '{marker}' is not an object of the list.")
            } else {
                kind.missing.replace("{one}", marker)
            }
        };
        let own = format!("{{{}}}", kind.singular);
        for (query, want) in [
            ("limit=2&marker=gone".to_owned(), unknown("gone")),
            ("limit=2&marker={theirs}".to_owned(), unknown("{theirs}")),
            (format!("limit=2&marker={own}&description=other"), unknown(&own)),
            ("limit=2&marker=gone&page_reverse=True".to_owned(), unknown("gone")),
        ] {
            says(&cloud, &demo, &format!("GET {path}?{query}"), json!(null), &want).await;
        }
        for limit in ["-1", "x", "1.5", ""] {
            let want = format!(
                "400 BadRequest Bad limit request: Limit must be an integer 0 or greater and not '{limit}'."
            );
            says(&cloud, &demo, &format!("GET {path}?limit={limit}"), json!(null), &want).await;
        }
        // Without a limit there are no pages, and nothing to be next to; but VPN's lists know their objects.
        let whole = cloud.get(&demo, path).await;
        let known = if kind.is_vpn() { own.as_str() } else { "gone" };
        assert_eq!(cloud.get(&demo, &format!("{path}?marker={known}")).await, whole, "{path}");
        if kind.is_vpn() {
            says(&cloud, &demo, &format!("GET {path}?marker=gone"), json!(null), &unknown("gone")).await;
        }
    }
}
