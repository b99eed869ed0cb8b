//! Checks of site connections: `/v2.0/vpn/ipsec-site-connections/{id}/checks`. Adit's own, under the extension
//! `adit-vpn-check`.

use std::net::IpAddr;

use adit_model::check::{CheckState, Probe, ProbeCode, ProbeOutcome, ProbeResult, Verdict};
use adit_model::{CheckId, Reason, ReasonCode, SiteConnectionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attribute::{Attribute, Bulk, Dialect, Initial, Kind, Schema, ValueError};
use crate::python;
use crate::shape::Shape;

/// The declaration.
pub static SCHEMA: Schema = Schema {
    singular: "check",
    plural: "checks",
    path: "vpn/ipsec-site-connections/{ipsec_site_connection_id}/checks",
    rule: "ipsec_site_connection_check",
    dialect: Dialect::Vpn,
    bulk: Bulk::Refused,
    attributes: &[
        Attribute::new("id", Kind::Uuid),
        Attribute::new("ipsec_site_connection_id", Kind::Uuid),
        Attribute::new("target", Kind::Other(check_target))
            .shaped(Shape::OPTIONAL_TEXT)
            .optional(Initial::Null),
        Attribute::new("state", Kind::Word(CheckState::WORDS)),
        Attribute::new("created_at", Kind::Text).shaped(TIME),
        Attribute::new("finished_at", Kind::Text).shaped(Shape::Nullable(&TIME)),
        Attribute::new("reason", Kind::Text).shaped(Shape::Nullable(&REASON)),
        Attribute::new("verdict", Kind::Text).shaped(Shape::Nullable(&Shape::Word(Verdict::WORDS))),
        Attribute::new("summary", Kind::Text).shaped(Shape::OPTIONAL_TEXT),
        Attribute::new("results", Kind::Text).shaped(Shape::List(&RESULT)),
    ],
};

const TIME: Shape = Shape::Formatted("date-time");
const REASON: Shape = Shape::Object(&[("code", Shape::Word(ReasonCode::WORDS)), ("text", Shape::Text)]);
const RESULT: Shape = Shape::Object(&[
    ("probe", Shape::Word(Probe::WORDS)),
    ("outcome", Shape::Word(ProbeOutcome::WORDS)),
    ("code", Shape::Word(ProbeCode::WORDS)),
    ("text", Shape::Text),
    ("source", Shape::OPTIONAL_TEXT),
    ("target", Shape::OPTIONAL_TEXT),
    ("sent", Shape::Number),
    ("received", Shape::Number),
    ("round_trip_us", Shape::Nullable(&ROUND_TRIP)),
    ("mtu", Shape::OPTIONAL_NUMBER),
]);
const ROUND_TRIP: Shape =
    Shape::Object(&[("min", Shape::Number), ("avg", Shape::Number), ("max", Shape::Number)]);

fn check_target(value: &Value) -> Result<Value, ValueError> {
    let address = match value {
        Value::Null => return Ok(Value::Null),
        Value::String(text) => text.parse::<IpAddr>().ok(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let invalid = || ValueError::Invalid(format!("{} is not a valid IP address", python::repr(value)));
    address.map(|address| Value::from(address.to_string())).ok_or_else(invalid)
}

/// A checked POST.
#[derive(Debug, Deserialize)]
pub struct Create {
    /// Whom to ask for an answer through the tunnel; `None` leaves it to the gateway.
    pub target: Option<IpAddr>,
}

/// An answer.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the attributes of the declaration above")]
pub struct View {
    pub id: CheckId,
    pub ipsec_site_connection_id: SiteConnectionId,
    pub target: Option<IpAddr>,
    pub state: CheckState,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub reason: Option<Reason>,
    pub verdict: Option<Verdict>,
    pub summary: Option<String>,
    pub results: Vec<ProbeResult>,
}
