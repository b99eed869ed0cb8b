use serde_json::{Value, json};

use super::{Action, Kind, Plan, check_ends, name};
use crate::connect::Side;
use crate::connect::observe::{Observed, Router, Subnet};
use crate::connect::wish::Wish;
use crate::error::Result;
use crate::psk;
use crate::session::Object;

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("{value} is no object") };
    object
}

fn subnet(id: &str, cidr: &str) -> Subnet {
    Subnet { id: id.to_owned(), name: format!("{id}-name"), cidr: cidr.parse().unwrap() }
}

/// Two ends in different clouds, with nothing of VPN.
fn ends() -> [Observed; 2] {
    Side::BOTH.map(|side| {
        let (word, number) = (side.word(), side as usize + 1);
        Observed {
            cloud: format!("{word}-cloud"),
            project: format!("{word}-project"),
            router: Router {
                id: format!("{word}-router-id"),
                name: "gw".to_owned(),
                has_gateway: true,
                addresses: vec![format!("203.0.113.{number}").parse().unwrap()],
            },
            subnets: vec![subnet(&format!("{word}-subnet"), &format!("10.{number}.0.0/24"))],
            ..Observed::default()
        }
    })
}

fn wish() -> Wish {
    Wish {
        ike_version: "v2".to_owned(),
        encryption: "aes-256".to_owned(),
        auth: "sha256".to_owned(),
        pfs: "group14".to_owned(),
        ..Wish::default()
    }
}

/// Everything that a command decides before it makes something.
fn plan(ends: &[Observed; 2], wish: &Wish) -> Result<Plan> {
    check_ends(ends, wish)?;
    Plan::new(name(ends, wish)?, ends, wish)
}

/// The steps as `SIDE KIND ACTION`, those of the connections too.
fn steps(plan: &Plan, ends: &[Observed; 2], wish: &Wish) -> Vec<String> {
    let objects = plan.foreseen(ends);
    let connections =
        Side::BOTH.map(|side| (side, Kind::Connection, plan.connection(side, &objects, wish).unwrap()));
    let steps = plan.steps.iter().map(|step| (step.side, step.kind, step.action.clone()));
    steps
        .chain(connections)
        .map(|(side, kind, action)| {
            let word = match action {
                Action::Keep(_) => "keep".to_owned(),
                Action::Create(_) => "create".to_owned(),
                Action::Change { attributes, .. } => {
                    format!("change {}", attributes.keys().cloned().collect::<Vec<_>>().join(" "))
                }
            };
            format!("{} {kind:?} {word}", side.word())
        })
        .collect()
}

/// Lets the steps of a plan have been taken.
fn taken(mut ends: [Observed; 2], wish: &Wish) -> [Observed; 2] {
    let plan = plan(&ends, wish).unwrap();
    let mut objects = plan.foreseen(&ends);
    for ((side, kind), object) in &mut objects {
        let end = &mut ends[*side as usize];
        object.insert("id".to_owned(), format!("{}-{kind:?}", side.word()).into());
        object.insert("project_id".to_owned(), end.project.clone().into());
        let list = match kind {
            Kind::IkePolicy => &mut end.ike_policies,
            Kind::IpsecPolicy => &mut end.ipsec_policies,
            Kind::Service => &mut end.services,
            Kind::LocalGroup | Kind::PeerGroup => &mut end.groups,
            Kind::Connection => &mut end.connections,
        };
        list.push(object.clone());
    }
    for side in Side::BOTH {
        let Action::Create(mut connection) = plan.connection(side, &objects, wish).unwrap() else {
            panic!("there is one already")
        };
        let end = &mut ends[side as usize];
        connection.insert("id".to_owned(), format!("{}-Connection", side.word()).into());
        connection.insert("project_id".to_owned(), end.project.clone().into());
        connection.entry("mtu").or_insert(1500.into());
        connection.entry("dpd").or_insert(json!({"action": "hold", "interval": 30, "timeout": 120}));
        end.connections.push(connection);
    }
    ends
}

#[test]
fn all_is_made_where_there_is_nothing_and_then_all_is_kept() {
    let wish = wish();
    let plan_of = plan(&ends(), &wish).unwrap();
    assert_eq!(plan_of.name, "left-cloud-gw-right-cloud-gw");
    let made = steps(&plan_of, &ends(), &wish);
    assert_eq!(made.len(), 12);
    assert!(made.iter().all(|step| step.ends_with("create")), "{made:?}");
    assert_eq!(made.last().unwrap(), "right Connection create", "connections come last");
    let there = taken(ends(), &wish);
    let left = &there[0].connections[0];
    assert_eq!(left["peer_address"], "203.0.113.2");
    assert_eq!(left["peer_id"], "203.0.113.2");
    assert_eq!(left["psk"], there[1].connections[0]["psk"]);
    assert_eq!(left["psk"].as_str().unwrap().len(), 43);
    assert_eq!(there[0].groups[1]["endpoints"], json!(["10.2.0.0/24"]));
    assert_eq!(there[1].groups[0]["endpoints"], json!(["right-subnet"]));
    let again = plan(&there, &wish).unwrap();
    let kept = steps(&again, &there, &wish);
    assert!(kept.iter().all(|step| step.ends_with("keep")), "{kept:?}");
}

/// What differs from the first run, and what becomes of it: the steps that do not keep, or a part of the refusal.
#[test]
fn what_differs_is_changed_where_it_is_the_tunnels_own_and_refused_elsewhere() {
    type Change = fn(&mut [Observed; 2], &mut Wish);
    type Want = std::result::Result<&'static [&'static str], &'static str>;
    let cases: &[(&str, Change, Want)] = &[
        (
            "mtu",
            |_, wish| wish.mtu = Some(1400),
            Ok(&["left Connection change mtu", "right Connection change mtu"]),
        ),
        ("the mtu that is there", |_, wish| wish.mtu = Some(1500), Ok(&[])),
        ("a part of the dpd that is there", |_, wish| wish.dpd = object(json!({"interval": 30})), Ok(&[])),
        (
            "another dpd",
            |_, wish| wish.dpd = object(json!({"action": "restart"})),
            Ok(&["left Connection change dpd", "right Connection change dpd"]),
        ),
        (
            "who begins",
            |ends, wish| {
                ends[0].connections[0].insert("initiator".to_owned(), "bi-directional".into());
                ends[1].connections[0].insert("initiator".to_owned(), "bi-directional".into());
                wish.initiator = Some(vec![Side::Left]);
            },
            Ok(&["right Connection change initiator"]),
        ),
        (
            "another key",
            |_, wish| wish.psk = Some(psk::known("k")),
            Ok(&["left Connection change psk", "right Connection change psk"]),
        ),
        (
            "keys that differ",
            |ends, _| {
                ends[1].connections[0].insert("psk".to_owned(), "k".into());
            },
            Ok(&["right Connection change psk"]),
        ),
        (
            "keys that nobody may see",
            |ends, _| ends.iter_mut().for_each(|end| end.connections[0]["psk"] = Value::Null),
            Ok(&[]),
        ),
        ("one key that nobody may see", |ends, _| ends[0].connections[0]["psk"] = Value::Null, Ok(&[])),
        (
            "a key that nobody may see, and no other connection",
            |ends, _| {
                ends[0].connections[0]["psk"] = Value::Null;
                ends[1].connections.clear();
            },
            Ok(&["left Connection change psk", "right Connection create"]),
        ),
        ("no right connection", |ends, _| ends[1].connections.clear(), Ok(&["right Connection create"])),
        (
            "a run that was cut off early",
            |ends, _| {
                let right = &mut ends[1];
                right.connections.clear();
                right.groups.clear();
                right.services.clear();
                ends[0].connections.clear();
            },
            Ok(&[
                "right Service create",
                "right LocalGroup create",
                "right PeerGroup create",
                "left Connection create",
                "right Connection create",
            ]),
        ),
        (
            "another address of the right gateway",
            |ends, _| ends[1].services[0]["external_v4_ip"] = "203.0.113.7".into(),
            Ok(&["left Connection change peer_address peer_id"]),
        ),
        (
            "the same networks, otherwise spelt and ordered",
            |ends, _| ends[0].groups[1]["endpoints"] = json!(["10.2.0.7/24"]),
            Ok(&[]),
        ),
        (
            "other ciphers",
            |_, wish| wish.encryption = "aes-128".to_owned(),
            Err(
                "--left: in the cloud `left-cloud`, IKE policy `left-cloud-gw-right-cloud-gw-left` (left-IkePolicy) has \
                 the encryption_algorithm aes-256, and not aes-128; nothing was changed",
            ),
        ),
        (
            "another IPsec policy on the right",
            |ends, _| ends[1].ipsec_policies[0]["transform_protocol"] = "ah".into(),
            Err("--right: in the cloud `right-cloud`, IPsec policy `left-cloud-gw-right-cloud-gw-right` \
                 (right-IpsecPolicy) has the transform_protocol ah, and not esp"),
        ),
        (
            "one more subnet",
            |ends, _| ends[1].subnets.push(subnet("more", "10.9.0.0/24")),
            Err("has the endpoints ['10.2.0.0/24'], and not ['10.2.0.0/24', '10.9.0.0/24']"),
        ),
        (
            "two of one name",
            |ends, _| {
                let twin = ends[0].ike_policies[0].clone();
                ends[0].ike_policies.push(twin);
            },
            Err("there are several of IKE policies named"),
        ),
        (
            "a connection with another policy",
            |ends, _| ends[0].connections[0]["ikepolicy_id"] = "other".into(),
            Err("has the ikepolicy_id other, which is not IKE policy `left-cloud-gw-right-cloud-gw-left`"),
        ),
        (
            "a connection whose group was renamed",
            |ends, _| ends[0].groups[0]["name"] = "other".into(),
            Err("has the local_ep_group_id left-LocalGroup, which is not endpoint group"),
        ),
        (
            "another tunnel between the same networks",
            |_, wish| wish.name = Some("other".to_owned()),
            Err(
                "IPsec site connection `left-cloud-gw-right-cloud-gw-left` (left-Connection) joins 10.1.0.0/24 and \
                 10.2.0.0/24 already; nothing was changed: delete it, or change its networks, or, if this command made it, \
                 go on with it: `--name left-cloud-gw-right-cloud-gw`",
            ),
        ),
        (
            "somebody else's tunnel between the same networks",
            |ends, _| {
                ends[0].connections[0].insert("name".to_owned(), "mine".into());
            },
            Err("already; nothing was changed: delete it, or change its networks"),
        ),
    ];
    for (what, change, want) in cases {
        let mut wish = wish();
        let mut ends = taken(ends(), &wish);
        change(&mut ends, &mut wish);
        let got = plan(&ends, &wish).map(|plan| steps(&plan, &ends, &wish)).map(|mut steps| {
            steps.retain(|step| !step.ends_with("keep"));
            steps
        });
        match (got, want) {
            (Ok(got), Ok(want)) => assert_eq!(got, *want, "{what}"),
            (Err(got), Err(want)) => assert!(got.to_string().contains(want), "{what}: {got}"),
            (got, want) => panic!("{what}: {:?} instead of {want:?}", got.map_err(|error| error.to_string())),
        }
    }
}

#[test]
fn a_key_that_will_be_another_one_is_not_foreseen() {
    let given = || Wish { psk: Some(psk::known("k")), ..wish() };
    let made = taken(ends(), &wish());
    let stored = made[0].connections[0]["psk"].as_str().unwrap().to_owned();
    for (ends, wish, want) in [
        (ends(), wish(), None),
        (ends(), given(), Some("k")),
        (made.clone(), wish(), Some(stored.as_str())),
        (made, given(), Some("k")),
    ] {
        let plan = plan(&ends, &wish).unwrap();
        assert_eq!(plan.keys.foreseen().map(psk::Psk::reveal), want);
    }
}

#[test]
fn ends_that_cannot_be_joined_are_refused_and_the_option_is_named() {
    type Change = fn(&mut [Observed; 2], &mut Wish);
    let cases: &[(Change, &str)] = &[
        (
            |ends, _| ends[1].router = ends[0].router.clone(),
            "--right: the router `gw` is that of `--left` too",
        ),
        (
            |ends, _| ends[0].router.has_gateway = false,
            "--left: the router `gw` has no external gateway: `adit",
        ),
        (
            |ends, _| ends[1].router.addresses = ends[0].router.addresses.clone(),
            "--right: the gateway has the address 203.0.113.1, as that of `--left` has",
        ),
        (
            |ends, _| ends[1].subnets = vec![subnet("s", "10.0.0.0/8")],
            "--right: 10.0.0.0/8 overlaps 10.1.0.0/24 of `--left`",
        ),
        (
            |ends, _| ends[1].others = vec![subnet("s", "10.1.0.128/25")],
            "--right: 10.1.0.0/24 of the other end overlaps 10.1.0.128/25, the subnet `s-name` of the router `gw`",
        ),
        (
            |ends, _| ends[0].subnets.push(subnet("s", "fd00::/64")),
            "--left: subnets of IPv4 and IPv6 are mixed",
        ),
        (
            |ends, _| ends[1].subnets = vec![subnet("s", "fd00::/64")],
            "--right: the subnets are of IPv6, those of `--left` of IPv4",
        ),
        (|_, wish| wish.mtu = Some(67), "--mtu: 67 is below 68, the least for IPv4"),
        (
            |ends, wish| {
                ends[0].subnets = vec![subnet("s", "fd00:1::/64")];
                ends[1].subnets = vec![subnet("t", "fd00:2::/64")];
                wish.mtu = Some(1279);
            },
            "--mtu: 1279 is below 1280, the least for IPv6",
        ),
        (
            |ends, _| ends[1].router.addresses = vec!["2001:db8::1".parse().unwrap()],
            "--right: the gateway has IPv6, and that of `--left` IPv4: they cannot reach one another",
        ),
        (
            |_, wish| wish.ip_version = Some(6),
            "--ip-version: the gateway of the router `gw` (--left) has no IPv6 address",
        ),
        (
            |ends, _| ends[0].cloud = "x".repeat(240),
            "made of clouds and routers, cannot be a name: give another",
        ),
    ];
    for (at, (change, want)) in cases.iter().enumerate() {
        let (mut ends, mut wish) = (ends(), wish());
        change(&mut ends, &mut wish);
        let refused = plan(&ends, &wish).err().map(|error| error.to_string());
        assert!(refused.as_ref().is_some_and(|refused| refused.contains(want)), "{at}: {refused:?}");
    }
}

#[test]
fn the_gateways_speak_a_version_that_both_have() {
    let both = |v4: &str, v6: &str| vec![v4.parse().unwrap(), v6.parse().unwrap()];
    let peer = |ends: &[Observed; 2], wish: &Wish| {
        let plan = plan(ends, wish).unwrap();
        match plan.connection(Side::Left, &plan.foreseen(ends), wish).unwrap() {
            Action::Create(attributes) | Action::Change { attributes, .. } => {
                attributes.get("peer_address").cloned().unwrap_or_default()
            }
            Action::Keep(connection) => connection["peer_address"].clone(),
        }
    };
    let mut ends = ends();
    ends[0].router.addresses = both("203.0.113.1", "2001:db8::1");
    ends[1].router.addresses = both("203.0.113.2", "2001:db8::2");
    assert_eq!(peer(&ends, &wish()), "203.0.113.2");
    let six = || Wish { ip_version: Some(6), ..wish() };
    assert_eq!(peer(&ends, &six()), "2001:db8::2");
    // What is up is not moved to the other version.
    assert_eq!(peer(&taken(ends.clone(), &six()), &wish()), "2001:db8::2");
    ends[1].router.addresses.remove(0);
    assert_eq!(peer(&ends, &wish()), "2001:db8::2");
    // Nobody may see the addresses of a gateway before there is a service.
    ends[1].router.addresses.clear();
    assert_eq!(peer(&ends, &wish()), Value::Null);
}

#[test]
fn a_service_of_the_router_is_taken_where_one_will_do() {
    let service = |more: Value| {
        let mut service = object(json!({
            "id": "vpn", "name": "vpn", "project_id": "left-project", "admin_state_up": true,
            "external_v4_ip": "203.0.113.1", "subnet_id": null,
        }));
        service.extend(object(more));
        service
    };
    let action = |services: Vec<Object>, takes_several| {
        let mut ends = ends();
        ends[0].services = services;
        ends[0].takes_several_services = takes_several;
        plan(&ends, &wish()).map(|plan| match &plan.steps[2].action {
            Action::Keep(service) => service["id"].as_str().unwrap().to_owned(),
            Action::Create(_) => "new".to_owned(),
            Action::Change { .. } => "changed".to_owned(),
        })
    };
    let of_subnet = || service(json!({"id": "of-subnet", "subnet_id": "left-subnet"}));
    let off = || service(json!({"id": "off", "admin_state_up": false}));
    let foreign = || service(json!({"id": "foreign", "project_id": "other"}));
    let own = || service(json!({"id": "own", "name": "left-cloud-gw-right-cloud-gw-left"}));
    for (services, takes_several, want) in [
        (vec![], false, Ok("new")),
        (vec![service(json!({}))], false, Ok("vpn")),
        (vec![service(json!({})), own()], false, Ok("own")),
        (vec![off(), service(json!({}))], false, Ok("vpn")),
        (vec![of_subnet(), service(json!({}))], false, Ok("vpn")),
        (vec![of_subnet()], true, Ok("new")),
        (vec![foreign()], true, Ok("new")),
        (vec![of_subnet()], false, Err("a second one would break it")),
        (vec![foreign()], false, Err("a second one would break it")),
        (
            vec![off()],
            true,
            Err(
                "is switched off; nothing was changed: `adit --os-cloud left-cloud vpn service set --enable off`",
            ),
        ),
        (vec![service(json!({"external_v4_ip": null}))], true, Err("that of `--left` no address")),
    ] {
        let told = format!("{services:?} {takes_several}");
        match (action(services, takes_several), want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want, "{told}"),
            (Err(got), Err(want)) => assert!(got.to_string().contains(want), "{told}: {got}"),
            (got, want) => panic!("{told}: {:?} instead of {want:?}", got.map_err(|error| error.to_string())),
        }
    }
}

#[test]
fn both_sides_in_one_project_have_names_of_their_own() {
    let wish = wish();
    let mut ends = ends();
    ends[1].project = ends[0].project.clone();
    ends[1].cloud = ends[0].cloud.clone();
    let mut names: Vec<String> = Vec::new();
    for side in Side::BOTH {
        for kind in Kind::BELOW.into_iter().chain([Kind::Connection]) {
            names.push(format!("{} {}", kind.noun().one, kind.name("t", side)));
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(plan(&ends, &wish).is_ok());
}
