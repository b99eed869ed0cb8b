//! Routers: `/v2.0/routers`.

use adit_model::router::{Route, Router};
use adit_model::{FlavorId, NetworkId, PortId, ProjectId, RouterId, SubnetId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fixed_ip::{self, FixedIpRequest, FixedIpView};
use super::standard::{self, Standard};
use super::{route, value};
use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};
use crate::body;
use crate::error::ApiError;
use crate::shape::Shape;
use crate::vpn::site_connection::present;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "router",
    plural: "routers",
    path: "routers",
    rule: "router",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::id(),
        Attribute::project(),
        Attribute::named(),
        Attribute::described(),
        Attribute::admin_state(),
        Attribute::new("status", Kind::Text).filter().sort(),
        Attribute::new("external_gateway_info", Kind::Other(gateway)).optional(Initial::Null).mutable(),
        Attribute::new("routes", Kind::Other(route::check)).shaped(Shape::ROUTES).mutable(),
        Attribute::new("flavor_id", Kind::Other(flavor)).optional(Initial::Absent),
        Attribute::new("availability_zone_hints", Kind::Other(value::texts))
            .shaped(Shape::TEXTS)
            .optional(Initial::List),
        Attribute::new("availability_zones", Kind::Text).shaped(Shape::TEXTS),
        // Routers over several nodes, which Adit does not have: administrators see so.
        Attribute::new("distributed", Kind::Other(never))
            .shaped(Shape::Flag)
            .optional(Initial::Bool(false))
            .mutable()
            .admin(),
        Attribute::new("ha", Kind::Other(never))
            .shaped(Shape::Flag)
            .optional(Initial::Bool(false))
            .mutable()
            .admin(),
        standard::CREATED_AT,
        standard::UPDATED_AT,
        standard::REVISION_NUMBER,
        standard::TAGS,
    ],
};

/// Whatever is given is looked for. No database keeps a NUL, so no flavor has one in its name.
fn flavor(value: &Value) -> Result<Value, ValueError> {
    match value.as_str().filter(|id| id.contains('\0')) {
        Some(id) => Err(ValueError::Answer(ApiError::FlavorNotFound { id: id.to_owned() })),
        None => Ok(value.clone()),
    }
}

/// `false`, or nothing said.
fn never(value: &Value) -> Result<Value, ValueError> {
    if value.is_null() {
        return Ok(Value::Bool(false));
    }
    let checked = Kind::Bool.check(value)?;
    if checked == true { Err(value::invalid(value, "is not supported")) } else { Ok(checked) }
}

/// The keys of a gateway, in the order in which rules name them.
const GATEWAY_KEYS: [&str; 3] = ["network_id", "enable_snat", "external_fixed_ips"];

fn gateway(value: &Value) -> Result<Value, ValueError> {
    let object = match value {
        Value::Null => &Map::new(),
        Value::Object(object) => object,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(value::invalid(value, "is not a dictionary"));
        }
    };
    if object.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let unknown: Vec<&str> =
        object.keys().map(String::as_str).filter(|key| !GATEWAY_KEYS.contains(key)).collect();
    if !unknown.is_empty() {
        return Err(ValueError::Invalid(format!("Unexpected keys supplied: {}", unknown.join(", "))));
    }
    let Some(network) = object.get("network_id") else {
        return Err(value::wrong_keys(object, &["network_id"]));
    };
    let mut checked = Map::new();
    checked.insert("network_id".to_owned(), Kind::Uuid.check(network)?);
    if let Some(snat) = object.get("enable_snat") {
        checked.insert("enable_snat".to_owned(), Kind::Bool.check(snat)?);
    }
    if let Some(fixed_ips) = object.get("external_fixed_ips") {
        let fixed_ips =
            if fixed_ips.is_null() { Value::Array(Vec::new()) } else { fixed_ip::check(fixed_ips)? };
        checked.insert("external_fixed_ips".to_owned(), fixed_ips);
    }
    Ok(Value::Object(checked))
}

/// A gateway that a router is to have; none without a network.
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct GatewayRequest {
    pub network_id: Option<String>,
    pub enable_snat: Option<bool>,
    pub external_fixed_ips: Option<Vec<FixedIpRequest>>,
}

impl GatewayRequest {
    /// The refusal of a gateway with keys that only administrators set.
    ///
    /// # Errors
    /// [`ApiError::PolicyNotAuthorized`], with the rules of all keys that were given.
    pub fn require_no_admin_keys(&self, action: &str) -> Result<(), ApiError> {
        if self.enable_snat.is_none() && self.external_fixed_ips.is_none() {
            return Ok(());
        }
        let given = [true, self.enable_snat.is_some(), self.external_fixed_ips.is_some()];
        let keys = GATEWAY_KEYS.iter().zip(given).filter(|(_, given)| *given);
        let keys: Vec<&str> = keys.map(|(key, _)| *key).collect();
        Err(body::forbidden_parts(&SCHEMA, action, "external_gateway_info", &keys))
    }
}

/// A checked POST.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Create {
    pub project_id: ProjectId,
    pub name: String,
    pub description: String,
    pub admin_state_up: bool,
    pub external_gateway_info: Option<GatewayRequest>,
    pub availability_zone_hints: Vec<String>,
    /// The outer `None`: not in the request.
    #[serde(default, deserialize_with = "present")]
    pub flavor_id: Option<Value>,
}

/// A checked PUT.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct Update {
    pub name: Option<String>,
    pub description: Option<String>,
    pub admin_state_up: Option<bool>,
    pub external_gateway_info: Option<GatewayRequest>,
    pub routes: Option<Vec<Route>>,
}

/// The body of `add_extraroutes` and `remove_extraroutes`: the declaration of what may be in it.
pub static EXTRA_ROUTES: Schema = Schema {
    singular: "router",
    plural: "routers",
    path: "routers",
    rule: "router",
    dialect: Dialect::Core,
    bulk: Bulk::Refused,
    attributes: &[Attribute::new("routes", Kind::Other(route::check)).shaped(Shape::ROUTES).mutable()],
};

/// A checked `add_extraroutes` or `remove_extraroutes`.
#[derive(Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct ExtraRoutes {
    #[serde(default)]
    pub routes: Vec<Route>,
}

/// The body of `add_router_interface` and `remove_router_interface`, which has no envelope.
#[derive(Debug, PartialEq, Eq)]
pub enum InterfaceRequest {
    /// By subnet.
    Subnet(String),
    /// By port.
    Port(String),
    /// By both, which must agree.
    Both {
        /// The subnet.
        subnet: String,
        /// The port.
        port: String,
    },
}

impl InterfaceRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// In the reference's words.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let refused = |reason: String| ApiError::BadRequest { resource: "router".to_owned(), reason };
        let parsed = if body.iter().all(u8::is_ascii_whitespace) {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(body).map_err(|_| ApiError::bad_request("Body contains invalid data"))?
        };
        let Value::Object(object) = parsed else {
            return Err(ApiError::bad_request("Body contains invalid data"));
        };
        let id = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match Kind::Uuid.check(value) {
                Ok(_) => Ok(value.as_str().map(str::to_owned)),
                Err(ValueError::Invalid(reason) | ValueError::Conversion(reason)) => Err(refused(reason)),
                Err(ValueError::Answer(error)) => Err(error),
            },
        };
        match (id("subnet_id")?, id("port_id")?) {
            (Some(subnet), Some(port)) => Ok(Self::Both { subnet, port }),
            (Some(subnet), None) => Ok(Self::Subnet(subnet)),
            (None, Some(port)) => Ok(Self::Port(port)),
            (None, None) => Err(refused("Either subnet_id or port_id must be specified".to_owned())),
        }
    }
}

/// The answer to `add_router_interface` and `remove_router_interface`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct InterfaceView {
    pub id: RouterId,
    pub project_id: ProjectId,
    pub tenant_id: ProjectId,
    pub port_id: PortId,
    pub network_id: NetworkId,
    pub subnet_id: Option<SubnetId>,
    pub subnet_ids: Vec<SubnetId>,
}

/// A router's gateway as it is shown.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the API's own words")]
pub struct GatewayView {
    pub network_id: NetworkId,
    pub external_fixed_ips: Vec<FixedIpView>,
    pub enable_snat: bool,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: RouterId,
    pub name: String,
    pub project_id: ProjectId,
    pub admin_state_up: bool,
    pub status: &'static str,
    pub external_gateway_info: Option<GatewayView>,
    pub description: String,
    pub availability_zones: Vec<String>,
    pub availability_zone_hints: Vec<String>,
    pub routes: Vec<Route>,
    pub flavor_id: Option<FlavorId>,
    pub distributed: bool,
    pub ha: bool,
    #[serde(flatten)]
    pub standard: Standard,
}

impl View {
    /// A router with the addresses of its gateway and the zone of its agent.
    pub fn new(
        router: Router,
        external_fixed_ips: Vec<FixedIpView>,
        availability_zone: Option<String>,
        standard: Standard,
    ) -> Self {
        let Router {
            id,
            project_id,
            name,
            description,
            admin_state_up,
            gateway,
            routes,
            availability_zone_hints,
            flavor_id,
            agent_id: _,
            generation: _,
        } = router;
        Self {
            id,
            name,
            project_id,
            admin_state_up,
            status: "ACTIVE",
            external_gateway_info: gateway.map(|gateway| GatewayView {
                network_id: gateway.network_id,
                external_fixed_ips,
                enable_snat: gateway.enable_snat,
            }),
            description,
            availability_zones: availability_zone.into_iter().collect(),
            availability_zone_hints,
            routes,
            flavor_id,
            distributed: false,
            ha: false,
            standard,
        }
    }
}
