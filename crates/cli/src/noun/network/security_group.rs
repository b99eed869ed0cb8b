//! `security group` and `security group rule`.

use serde_json::{Value, json};

use super::common::*;
use crate::error::{Error, Result};
use crate::grammar::draft::Draft;
use crate::grammar::{ALL, Column, Fixed, Kind, Noun, Opt, Verb};
use crate::output::cell::View;
use crate::session::Object;

/// Security groups.
pub(crate) static SECURITY_GROUP: Noun = Noun {
    words: &["security", "group"],
    one: "security group",
    said: "security group",
    many: "security groups",
    sum: "groups",
    path: "security-groups",
    singular: "security_group",
    plural: "security_groups",
    columns: &[
        Column::list("id", "ID"),
        Column::list("name", "Name"),
        Column::list("description", "Description"),
        Column::list("project_id", "Project"),
        Column::list("tags", "Tags"),
        Column::list("shared", "Shared").labelled("is_shared"),
        Column::shown("created_at"),
        Column::shown("revision_number"),
        Column::shown("security_group_rules").labelled("rules").view(View::Rules),
        Column::shown("stateful"),
        Column::shown("updated_at"),
    ],
    options: &[
        Opt::argument("name", Kind::Text("name"), "Name of the security group"),
        NEW_NAME,
        DESCRIPTION,
        Opt::both("stateful", Kind::Is("stateful", Fixed::True), "Let answers pass by themselves")
            .group("state"),
        Opt::both("stateless", Kind::Is("stateful", Fixed::False), "Look at each packet alone")
            .group("state"),
        PROJECT,
        TAG,
        NO_TAG,
        UNSET_TAG,
        ALL_TAG,
        OF_PROJECT,
        Opt::filter("share", Kind::Is("shared", Fixed::True), "Those that several projects share")
            .group("shared"),
        Opt::filter("no-share", Kind::Is("shared", Fixed::False), "Those of one project").group("shared"),
        WITH_TAGS,
        WITH_ANY_TAGS,
        WITHOUT_TAGS,
    ],
    verbs: ALL,
    shape: described_by_name,
    ..Noun::PLAIN
};

/// Who describes nothing calls it by its name, as the well-known client does.
fn described_by_name(draft: &mut Draft) -> Result<()> {
    if draft.verb == Verb::Create && !draft.has("description") {
        let name = draft.attributes.get("name").cloned().unwrap_or_default();
        draft.put("description", name);
    }
    Ok(())
}

/// Rules of security groups.
pub(crate) static SECURITY_GROUP_RULE: Noun = Noun {
    words: &["security", "group", "rule"],
    one: "security group rule",
    said: "security group rule",
    many: "security group rules",
    sum: "rules",
    path: "security-group-rules",
    singular: "security_group_rule",
    plural: "security_group_rules",
    columns: &[
        Column::list("id", "ID"),
        Column::list("protocol", "IP Protocol"),
        Column::list("ethertype", "Ethertype").labelled("ether_type"),
        Column::list("remote_ip_prefix", "IP Range"),
        Column::list(PORT_RANGE, "Port Range").only_listed(),
        Column::list("direction", "Direction"),
        Column::list("remote_group_id", "Remote Security Group"),
        Column::list("remote_address_group_id", "Remote Address Group"),
        Column::list("security_group_id", "Security Group"),
        Column::shown("belongs_to_default_sg"),
        Column::shown("created_at"),
        Column::shown("description"),
        Column::shown("normalized_cidr"),
        Column::shown("port_range_max"),
        Column::shown("port_range_min"),
        Column::shown("project_id"),
        Column::shown("revision_number"),
        Column::shown("updated_at"),
    ],
    options: &[
        Opt::argument(
            "group",
            Kind::Id("security_group_id", &SECURITY_GROUP),
            "Security group of the rule (name or ID)",
        ),
        Opt::create("remote-ip", Kind::Text("remote_ip_prefix"), "Addresses of the other side (CIDR)")
            .group("remote"),
        Opt::create(
            "remote-group",
            Kind::Id("remote_group_id", &SECURITY_GROUP),
            "Security group of the other side (name or ID)",
        )
        .group("remote"),
        Opt::create("dst-port", Kind::Text(PORT_RANGE), "Port, or first and last one: 137:139"),
        Opt::create("protocol", Kind::Lowercase("protocol"), "IP protocol (name or number), or any"),
        Opt::create("description", Kind::Text("description"), "Description"),
        Opt::create("icmp-type", Kind::Number(ICMP_TYPE), "Type of ICMP messages"),
        Opt::create("icmp-code", Kind::Number(ICMP_CODE), "Code of ICMP messages"),
        Opt::create("ingress", Kind::Is(EGRESS, Fixed::False), "What comes in, as it is anyway").group("way"),
        Opt::create("egress", Kind::Is(EGRESS, Fixed::True), "What goes out").group("way"),
        Opt::create("ethertype", Kind::Word("ethertype", &["ipv4", "ipv6"]), "IPv4 or IPv6"),
        PROJECT,
        Opt::filter(
            "group",
            Kind::Of("security_group_id", &SECURITY_GROUP),
            "Those of this security group (name or ID)",
        )
        .positional(),
        Opt::filter("protocol", Kind::Lowercase("protocol"), "Those of this IP protocol"),
        Opt::filter("ingress", Kind::Is(EGRESS, Fixed::False), "Those for what comes in").group("way"),
        Opt::filter("egress", Kind::Is(EGRESS, Fixed::True), "Those for what goes out").group("way"),
        Opt::filter("ethertype", Kind::Word("ethertype", &["ipv4", "ipv6"]), "Those for IPv4 or IPv6"),
        Opt::filter("long", Kind::Anyway, "All columns, as they are anyway"),
        OF_PROJECT,
    ],
    verbs: &[Verb::Create, Verb::Delete, Verb::List, Verb::Show],
    called_by: "",
    shape,
    filled: Some(|_, rules| Box::pin(async { Ok(rules.into_iter().map(with_ranges).collect()) })),
    ..Noun::PLAIN
};

/// What is put together: first and last port, type and code of ICMP, and the direction.
const PORT_RANGE: &str = "port range";
const ICMP_TYPE: &str = "icmp type";
const ICMP_CODE: &str = "icmp code";
const EGRESS: &str = "goes out";

fn shape(draft: &mut Draft) -> Result<()> {
    let egress = draft.remove(EGRESS);
    if let Some(Value::String(version)) = draft.remove("ethertype") {
        draft.put("ethertype", if version == "ipv6" { "IPv6" } else { "IPv4" });
    }
    if egress.is_some() || draft.verb == Verb::Create {
        draft.put("direction", if egress == Some(Value::Bool(true)) { "egress" } else { "ingress" });
    }
    if draft.verb == Verb::Create { new_rule(draft) } else { Ok(()) }
}

/// Puts together what says which packets, and adds what the well-known client adds.
fn new_rule(draft: &mut Draft) -> Result<()> {
    let wrong = |why: &str| Err(Error::Usage(why.to_owned()));
    let protocol = match draft.remove("protocol") {
        Some(Value::String(protocol)) if protocol != "any" => Some(protocol),
        _ => None,
    };
    let (ports, kind, code) = (draft.remove(PORT_RANGE), draft.remove(ICMP_TYPE), draft.remove(ICMP_CODE));
    let is_icmp = protocol.as_deref().is_some_and(is_icmp);
    match (&ports, &kind, &code) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            return wrong("`--dst-port` goes with neither `--icmp-type` nor `--icmp-code`");
        }
        (None, None, Some(_)) => return wrong("`--icmp-code` says more of `--icmp-type`, which is missing"),
        (None, Some(_), _) if !is_icmp => return wrong("`--icmp-type` goes with the protocol ICMP"),
        _ => {}
    }
    if let Some(Value::String(ports)) = &ports {
        let (first, last) = range(ports)?;
        draft.put("port_range_min", first);
        draft.put("port_range_max", last);
    }
    for (key, value) in [("port_range_min", kind), ("port_range_max", code)] {
        if let Some(value) = value {
            draft.put(key, value);
        }
    }
    if !draft.has("ethertype") {
        let is_new = protocol.as_deref().is_some_and(is_of_ipv6);
        draft.put("ethertype", if is_new { "IPv6" } else { "IPv4" });
    }
    draft.put("protocol", protocol);
    if !draft.has("remote_ip_prefix") && !draft.has("remote_group_id") {
        let all = everywhere(draft.attributes.get("ethertype"));
        draft.put("remote_ip_prefix", all);
    }
    Ok(())
}

/// A port, or the first and the last one.
fn range(text: &str) -> Result<(u64, u64)> {
    let wrong =
        || Error::Usage(format!("--dst-port: `{text}` is no port, and no first and last one as in 137:139"));
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let (first, last) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    if first <= last { Ok((first, last)) } else { Err(wrong()) }
}

fn is_icmp(protocol: &str) -> bool {
    ["icmp", "icmpv6", "ipv6-icmp", "1", "58"].contains(&protocol)
}

fn is_of_ipv6(protocol: &str) -> bool {
    protocol.starts_with("ipv6-") || ["icmpv6", "41", "43", "44", "58", "59", "60"].contains(&protocol)
}

fn everywhere(ethertype: Option<&Value>) -> Value {
    match ethertype.and_then(Value::as_str) {
        Some("IPv4") => json!("0.0.0.0/0"),
        Some("IPv6") => json!("::/0"),
        _ => Value::Null,
    }
}

/// The rule with what people read: its ports in one, and everywhere by its name.
fn with_ranges(mut rule: Object) -> Object {
    if rule.get("remote_ip_prefix").is_none_or(Value::is_null) {
        let all = everywhere(rule.get("ethertype"));
        rule.insert("remote_ip_prefix".to_owned(), all);
    }
    let number = |key: &str| rule.get(key).and_then(Value::as_i64).filter(|number| *number != 0);
    let (first, last) = (number("port_range_min"), number("port_range_max"));
    let text = if rule.get("protocol").and_then(Value::as_str).is_some_and(is_icmp) {
        let kind = first.map(|kind| format!("type={kind}")).unwrap_or_default();
        kind + &last.map(|code| format!(":code={code}")).unwrap_or_default()
    } else {
        let (first, last) = (first.or(last), last.or(first));
        first.zip(last).map(|(first, last)| format!("{first}:{last}")).unwrap_or_default()
    };
    rule.insert(PORT_RANGE.to_owned(), text.into());
    rule
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PORT_RANGE, range, with_ranges};

    #[test]
    fn ports_are_one_or_a_range() {
        for (text, want) in [
            ("80", Some((80, 80))),
            ("137:139", Some((137, 139))),
            ("139:137", None),
            ("1:2:3", None),
            ("http", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(range(text).ok(), want, "{text:?}");
        }
    }

    #[test]
    fn what_a_rule_is_for_is_one_text() {
        for (protocol, first, last, want) in [
            (json!("tcp"), json!(80), json!(80), "80:80"),
            (json!("udp"), json!(1), Value::Null, "1:1"),
            (json!("icmp"), json!(3), json!(1), "type=3:code=1"),
            (json!("58"), json!(128), Value::Null, "type=128"),
            (Value::Null, Value::Null, Value::Null, ""),
        ] {
            let rule = json!({"protocol": protocol, "port_range_min": first, "port_range_max": last, "ethertype": "IPv6"});
            let Value::Object(rule) = rule else { unreachable!() };
            let shown = with_ranges(rule);
            assert_eq!((&shown[PORT_RANGE], &shown["remote_ip_prefix"]), (&json!(want), &json!("::/0")));
        }
    }
}
