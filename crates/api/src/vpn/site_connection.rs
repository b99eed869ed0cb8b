//! IPsec site connections: `/v2.0/vpn/ipsec-site-connections`.

use std::collections::HashSet;

use adit_model::site_connection::{Dpd, DpdAction, Initiator, Selectors, SiteConnection};
use adit_model::{
    Cidr, EndpointGroupId, IkePolicyId, IpsecPolicyId, ProjectId, Psk, SiteConnectionId, Status, VpnServiceId,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::lifetime::refuse_keys;
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError, parse_number};
use crate::python;

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
        Attribute::new("peer_address", Kind::Other(check_identity)).required().mutable().filter(),
        Attribute::new("peer_id", Kind::Other(check_identity)).required().mutable().filter(),
        Attribute::new("peer_cidrs", Kind::Other(check_cidrs)).optional(Initial::List).mutable(),
        Attribute::new("local_ep_group_id", Kind::OptionalUuid).optional(Initial::Null).mutable().filter(),
        Attribute::new("peer_ep_group_id", Kind::OptionalUuid).optional(Initial::Null).mutable().filter(),
        Attribute::new("route_mode", Kind::Text),
        Attribute::new("mtu", Kind::Size).optional(Initial::Number(1500)).mutable().filter(),
        Attribute::new("initiator", Kind::Word(Initiator::WORDS))
            .optional(Initial::Text("bi-directional"))
            .mutable()
            .filter(),
        Attribute::new("auth_mode", Kind::Text),
        Attribute::new("psk", Kind::ShortText).required().mutable(),
        Attribute::new("dpd", Kind::Other(check_dpd)).optional(Initial::Object).mutable(),
        Attribute::admin_state(),
        Attribute::new("status", Kind::Text).filter(),
        Attribute::new("vpnservice_id", Kind::Uuid).required().filter_by("vpn_service_id"),
        Attribute::new("ikepolicy_id", Kind::Uuid).required().filter_by("ike_policy_id"),
        Attribute::new("ipsecpolicy_id", Kind::Uuid).required().filter_by("ipsec_policy_id"),
    ],
};

/// A text that a gateway may be given as an identity or address: short, and without control characters, which the
/// reference passes on to its daemon's configuration file.
fn check_identity(value: &Value) -> Result<Value, ValueError> {
    let checked = Kind::ShortText.check(value)?;
    if checked.as_str().is_some_and(|text| text.chars().any(char::is_control)) {
        return Err(ValueError::Invalid(format!("'{}' is not a valid string", python::display(value))));
    }
    Ok(checked)
}

/// A scalar stands for a list of one: the `openstack` command sends its one `--peer-cidr` so.
fn check_cidrs(value: &Value) -> Result<Value, ValueError> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value.clone()],
    };
    let mut seen = HashSet::new();
    for item in &items {
        if !seen.insert(item) {
            return Err(ValueError::Invalid(format!(
                "Duplicate items in the list: '{}'",
                python::display(item)
            )));
        }
        if item.as_str().is_none_or(|text| text.parse::<Cidr>().is_err()) {
            return Err(ValueError::Invalid(format!("'{}' is not a valid IP subnet", python::display(item))));
        }
    }
    Ok(Value::Array(items))
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
        match number.map(u32::try_from) {
            Some(Ok(secs)) => checked.insert(key.to_owned(), Value::from(secs)),
            Some(Err(_)) if number < Some(0) => return refused("should be non-negative"),
            Some(Err(_)) => return refused("is too large"),
            None => return refused("is not an integer"),
        };
    }
    Ok(Value::Object(checked))
}

/// A `dpd` object as requests have it; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct DpdChange {
    action: Option<DpdAction>,
    interval: Option<u32>,
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
            (check_dpd, json!({"action": "hold", "timeout": "90"}), r#"{"action":"hold","timeout":90}"#),
            (check_dpd, json!({"action": "x"}), "x is not in valid_values"),
            (check_dpd, json!({"interval": -1}), "'-1' should be non-negative"),
            (check_dpd, json!({"interval": 5_000_000_000_i64}), "'5000000000' is too large"),
            (check_dpd, json!({"delay": 1}), "Unexpected keys supplied: delay"),
            (check_identity, json!("a\nb"), "'a\nb' is not a valid string"),
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
