//! IPsec site connections: `/v2.0/vpn/ipsec-site-connections`.

use std::collections::HashSet;

use adit_model::site_connection::{Dpd, DpdAction, Initiator, Selectors, SiteConnection};
use adit_model::text::is_printable;
use adit_model::{
    Cidr, EndpointGroupId, IkePolicyId, IpsecPolicyId, ProjectId, Psk, SiteConnectionId, Status, VpnServiceId,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::lifetime::{as_written, refuse_keys, whole};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError, parse_number};
use crate::python;
use crate::shape::Shape;

/// What dead peer detection looks like.
const DPD: Shape = Shape::Object(&[
    ("action", Shape::Word(&["hold", "clear", "disabled", "restart", "restart-by-peer"])),
    ("interval", Shape::Number),
    ("timeout", Shape::Number),
]);

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "ipsec_site_connection",
    plural: "ipsec_site_connections",
    path: "vpn/ipsec-site-connections",
    rule: "ipsec_site_connection",
    dialect: Dialect::Vpn,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        Attribute::new("local_id", Kind::Other(check_identity))
            .optional(Initial::Text(""))
            .mutable()
            .filter(),
        Attribute::new("peer_address", Kind::Other(check_identity))
            .shaped(Shape::Text)
            .required()
            .mutable()
            .filter(),
        Attribute::new("peer_id", Kind::Other(check_identity))
            .shaped(Shape::Text)
            .required()
            .mutable()
            .filter(),
        Attribute::new("peer_cidrs", Kind::Other(check_cidrs))
            .shaped(Shape::TEXTS)
            .optional(Initial::List)
            .mutable(),
        Attribute::new("local_ep_group_id", Kind::OptionalUuid).optional(Initial::Null).mutable().filter(),
        Attribute::new("peer_ep_group_id", Kind::OptionalUuid).optional(Initial::Null).mutable().filter(),
        Attribute::new("route_mode", Kind::Text).filter(),
        Attribute::new("mtu", Kind::Size).optional(Initial::Number(1500)).mutable().filter(),
        Attribute::new("initiator", Kind::Word(Initiator::WORDS))
            .optional(Initial::Text("bi-directional"))
            .mutable()
            .filter(),
        Attribute::new("auth_mode", Kind::Text).filter(),
        // No filter, unlike in the reference: a key has no business in a URL, which proxies write down.
        Attribute::new("psk", Kind::Other(check_psk)).shaped(Shape::OPTIONAL_TEXT).required().mutable(),
        Attribute::new("dpd", Kind::Other(check_dpd))
            .shaped(DPD)
            .optional(Initial::Object)
            .mutable()
            .echoed(),
        Attribute::admin_state(),
        Attribute::new("status", Kind::Text).filter(),
        Attribute::new("vpnservice_id", Kind::Uuid).required().filter_by("vpn_service_id"),
        Attribute::new("ikepolicy_id", Kind::Uuid).required().filter_by("ike_policy_id"),
        Attribute::new("ipsecpolicy_id", Kind::Uuid).required().filter_by("ipsec_policy_id"),
    ],
};

/// A text that a gateway may be given as an identity or address: short, and nothing but what can be printed. Line breaks
/// are passed on by the reference to its daemon's configuration file, and what nobody sees makes two identities look alike.
fn check_identity(value: &Value) -> Result<Value, ValueError> {
    let checked = Kind::Text.check(value)?;
    let text = checked.as_str().unwrap_or_default();
    if !text.chars().all(is_printable) {
        let shown = text.escape_debug();
        return Err(ValueError::Invalid(format!(
            "'{shown}' has line breaks or other characters that cannot be printed"
        )));
    }
    Kind::ShortText.check(value)
}

/// A key, which no refusal repeats.
fn check_psk(value: &Value) -> Result<Value, ValueError> {
    let Some(key) = value.as_str() else { return Kind::ShortText.check(value) };
    let refused = |why: &str| Err(ValueError::Invalid(why.to_owned()));
    if key.chars().any(char::is_control) {
        return refused("a key has no line breaks or other control characters");
    }
    if key.chars().count() > 255 {
        return refused("a key has at most 255 characters");
    }
    Ok(value.clone())
}

/// A scalar stands for a list of one: the `openstack` command sends its one `--peer-cidr` so.
fn check_cidrs(value: &Value) -> Result<Value, ValueError> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value.clone()],
    };
    let mut seen = HashSet::new();
    if let Some(item) = items.iter().find(|item| !seen.insert(*item)) {
        return Err(twice(item));
    }
    let mut networks = HashSet::new();
    for item in &items {
        let Some(network) = item.as_str().and_then(|text| text.parse::<Cidr>().ok()) else {
            return Err(ValueError::Invalid(format!("'{}' is not a valid IP subnet", python::display(item))));
        };
        // One network of IPv6 has many spellings.
        if !networks.insert(network) {
            return Err(twice(item));
        }
    }
    Ok(Value::Array(items))
}

fn twice(item: &Value) -> ValueError {
    ValueError::Invalid(format!("Duplicate items in the list: '{}'", python::display(item)))
}

fn check_dpd(value: &Value) -> Result<Value, ValueError> {
    let object = match value {
        Value::Null => &Map::new(),
        Value::Object(object) => object,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(ValueError::Invalid(format!("'{}' is not a dictionary", python::display(value))));
        }
    };
    refuse_keys(object, &["action", "interval", "timeout"])?;
    let mut checked = Map::new();
    if let Some(action) = object.get("action") {
        checked.insert("action".to_owned(), Kind::Word(DpdAction::WORDS).check(action)?);
    }
    for key in ["interval", "timeout"] {
        let Some(value) = object.get(key) else { continue };
        let refused = |what: &str| Err(ValueError::Invalid(format!("'{}' {what}", python::display(value))));
        let number = parse_number(value);
        match number.map(|secs| (secs, u32::try_from(secs))) {
            Some((secs, Ok(_))) => checked.insert(key.to_owned(), as_written(value, secs)),
            Some((..0, Err(_))) => return refused("should be non-negative"),
            Some((_, Err(_))) => return refused("is too large"),
            None => return refused("is not an integer"),
        };
    }
    Ok(Value::Object(checked))
}

/// A `dpd` object as requests have it; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct DpdChange {
    action: Option<DpdAction>,
    #[serde(default, deserialize_with = "whole")]
    interval: Option<u32>,
    #[serde(default, deserialize_with = "whole")]
    timeout: Option<u32>,
}

impl DpdChange {
    /// The settings after the change.
    pub fn or(self, unchanged: Dpd) -> Dpd {
        Dpd {
            action: self.action.unwrap_or(unchanged.action),
            interval: self.interval.unwrap_or(unchanged.interval),
            timeout: self.timeout.unwrap_or(unchanged.timeout),
        }
    }
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub local_id: String,
    pub peer_address: String,
    pub peer_id: String,
    pub peer_cidrs: Vec<Cidr>,
    pub local_ep_group_id: Option<String>,
    pub peer_ep_group_id: Option<String>,
    pub mtu: u32,
    pub initiator: Initiator,
    pub psk: Psk,
    pub dpd: DpdChange,
    pub admin_state_up: bool,
    pub vpnservice_id: String,
    pub ikepolicy_id: String,
    pub ipsecpolicy_id: String,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub local_id: Option<String>,
    pub peer_address: Option<String>,
    pub peer_id: Option<String>,
    pub peer_cidrs: Option<Vec<Cidr>>,
    /// The outer `None`: not in the request. The inner one: `null`.
    #[serde(default, deserialize_with = "present")]
    pub local_ep_group_id: Option<Option<String>>,
    /// As `local_ep_group_id`.
    #[serde(default, deserialize_with = "present")]
    pub peer_ep_group_id: Option<Option<String>>,
    pub mtu: Option<u32>,
    pub initiator: Option<Initiator>,
    pub psk: Option<Psk>,
    pub dpd: Option<DpdChange>,
    pub admin_state_up: Option<bool>,
}

/// Tells an attribute that is `null` from one that is not there.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// An answer.
#[derive(Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: SiteConnectionId,
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub peer_address: String,
    pub peer_id: String,
    pub local_id: String,
    pub route_mode: &'static str,
    pub mtu: u32,
    pub auth_mode: &'static str,
    /// `None` for those who may see the connection but not its key.
    pub psk: Option<String>,
    pub initiator: Initiator,
    pub dpd: Dpd,
    pub admin_state_up: bool,
    pub status: Status,
    pub vpnservice_id: VpnServiceId,
    pub ikepolicy_id: IkePolicyId,
    pub ipsecpolicy_id: IpsecPolicyId,
    pub peer_cidrs: Vec<Cidr>,
    pub local_ep_group_id: Option<EndpointGroupId>,
    pub peer_ep_group_id: Option<EndpointGroupId>,
}

impl View {
    /// Withholds the key.
    #[must_use]
    pub fn without_psk(mut self) -> Self {
        self.psk = None;
        self
    }
}

impl From<SiteConnection> for View {
    fn from(connection: SiteConnection) -> Self {
        let SiteConnection {
            id,
            project_id,
            name,
            description,
            vpn_service_id,
            ike_policy_id,
            ipsec_policy_id,
            local_id,
            peer_address,
            peer_id,
            selectors,
            mtu,
            initiator,
            dpd,
            psk,
            admin_state_up,
            status,
            reason: _,
        } = connection;
        let (peer_cidrs, local_ep_group_id, peer_ep_group_id) = match selectors {
            Selectors::ServiceSubnet { peer_cidrs } => (peer_cidrs, None, None),
            Selectors::EndpointGroups { local, peer } => (Vec::new(), Some(local), Some(peer)),
        };
        Self {
            id,
            project_id,
            name,
            description,
            peer_address,
            peer_id,
            local_id,
            route_mode: "static",
            mtu,
            auth_mode: "psk",
            // The API shows a connection's key to its owner: the one place where it leaves the server for a client.
            psk: Some(psk.expose().to_owned()),
            initiator,
            dpd,
            admin_state_up,
            status,
            vpnservice_id: vpn_service_id,
            ikepolicy_id: ike_policy_id,
            ipsecpolicy_id: ipsec_policy_id,
            peer_cidrs,
            local_ep_group_id,
            peer_ep_group_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn compound_values_are_checked() {
        type Check = fn(&Value) -> Result<Value, ValueError>;
        for (check, value, want) in [
            (check_cidrs as Check, json!("20.1.0.0/24"), r#"["20.1.0.0/24"]"#),
            (check_cidrs, json!(["20.1.0.5/24", "fd00::1/64"]), r#"["20.1.0.5/24","fd00::1/64"]"#),
            (check_cidrs, json!(null), "[]"),
            (check_cidrs, json!("1.0.0.0/33"), "'1.0.0.0/33' is not a valid IP subnet"),
            (
                check_cidrs,
                json!("10.1.0.0/24,10.2.0.0/24"),
                "'10.1.0.0/24,10.2.0.0/24' is not a valid IP subnet",
            ),
            (
                check_cidrs,
                json!(["10.1.0.0/24", "10.1.0.0/24"]),
                "Duplicate items in the list: '10.1.0.0/24'",
            ),
            (check_dpd, json!(59), "'59' is not a dictionary"),
            (check_cidrs, json!(["fd00::/64", "FD00:0::/64"]), "Duplicate items in the list: 'FD00:0::/64'"),
            (check_cidrs, json!(["x", "10.1.0.0/24", "x"]), "Duplicate items in the list: 'x'"),
            (check_cidrs, json!({"a": 1}), "'{'a': 1}' is not a valid IP subnet"),
            (check_dpd, json!({"action": "hold", "timeout": "90"}), r#"{"action":"hold","timeout":"90"}"#),
            (check_dpd, json!({"interval": true}), r#"{"interval":1}"#),
            (check_dpd, json!({"action": "x"}), "x is not in valid_values"),
            (check_dpd, json!({"interval": -1}), "'-1' should be non-negative"),
            (check_dpd, json!({"interval": 5_000_000_000_i64}), "'5000000000' is too large"),
            (check_dpd, json!({"delay": 1}), "Unexpected keys supplied: delay"),
            (
                check_identity,
                json!("a\nb"),
                "'a\\nb' has line breaks or other characters that cannot be printed",
            ),
            (
                check_identity,
                json!("a\u{200b}"),
                "'a\\u{200b}' has line breaks or other characters that cannot be printed",
            ),
            (
                check_identity,
                json!("a\u{a0}b"),
                "'a\\u{a0}b' has line breaks or other characters that cannot be printed",
            ),
            (check_identity, json!("C=DE, O=Köln"), r#""C=DE, O=Köln""#),
            (check_identity, json!(null), "'None' is not a valid string"),
            (check_psk, json!("a\nb"), "a key has no line breaks or other control characters"),
            (check_psk, json!("k".repeat(256)), "a key has at most 255 characters"),
            (check_psk, json!("é'\""), "\"é'\\\"\""),
            (check_psk, json!(null), "'None' is not a valid string"),
        ] {
            let got = match check(&value) {
                Ok(value) => value.to_string(),
                Err(ValueError::Invalid(reason) | ValueError::Conversion(reason)) => reason,
                Err(ValueError::Answer(error)) => error.to_string(),
            };
            assert_eq!(got, want, "{value}");
        }
    }
}
