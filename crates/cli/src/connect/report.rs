//! What `vpn connect` prints: a row for each thing that a side is made of, planned or made.

use adit_api::python;
use serde_json::Value;

use super::Side;
use super::observe::Observed;
use super::perform::{Became, Tunnel};
use super::plan::{Action, Kind, Plan};
use crate::output::Report;
use crate::output::cell::Cell;
use crate::psk::Psk;
use crate::session::Object;

/// What would be done.
pub(super) fn planned(plan: &Plan, observed: &[Observed; 2], connections: &[Action; 2], psk: bool) -> Report {
    let steps = plan.steps.iter().map(|step| (step.side, step.kind, &step.action));
    let connections =
        Side::BOTH.into_iter().zip(connections).map(|(side, action)| (side, Kind::Connection, action));
    let rows = steps.chain(connections).map(|(side, kind, action)| {
        let (object, word) = match action {
            Action::Keep(object) => (object, "keep"),
            Action::Create(attributes) => (attributes, "create"),
            Action::Change { object, .. } => (object, "change"),
        };
        let mut row = row(observed, (side, kind), object, word);
        if psk {
            row.push(key_of(kind, plan.keys.foreseen()));
        }
        row.push(Cell::plain(details(action)));
        row
    });
    let rows = rows.collect();
    Report::List { columns: columns(psk, &["Details"]), rows }
}

/// What was done.
pub(super) fn made(tunnel: &Tunnel, plan: &Plan, observed: &[Observed; 2], psk: bool) -> Report {
    let rows = tunnel.parts.iter().map(|part| {
        let word = match part.became {
            Became::Kept => "kept",
            Became::Created => "created",
            Became::Changed => "changed",
        };
        let mut row = row(observed, (part.side, part.kind), &part.object, word);
        if psk {
            row.push(key_of(part.kind, plan.keys.key.as_ref()));
        }
        row
    });
    let rows = rows.collect();
    Report::List { columns: columns(psk, &[]), rows }
}

fn columns(psk: bool, more: &[&str]) -> Vec<String> {
    let key = psk.then_some("Pre-shared Key");
    let columns = ["End", "Cloud", "Resource", "Name", "ID", "Action", "Status"];
    columns.into_iter().chain(key).chain(more.iter().copied()).map(str::to_owned).collect()
}

fn row(observed: &[Observed; 2], (side, kind): (Side, Kind), object: &Object, word: &str) -> Vec<Cell> {
    let attribute = |name: &str| Cell::plain(object.get(name).cloned().unwrap_or_default());
    vec![
        Cell::plain(side.word()),
        Cell::plain(observed[side as usize].cloud.clone()),
        Cell::plain(kind.noun().one),
        attribute("name"),
        attribute("id"),
        Cell::plain(word),
        attribute("status"),
    ]
}

/// The key, which is the connections' alone.
fn key_of(kind: Kind, key: Option<&Psk>) -> Cell {
    let key = key.filter(|_| kind == Kind::Connection);
    Cell::plain(key.map(|key| key.reveal().to_owned()))
}

/// What a step would do, in a few words. The key is never one of them.
fn details(action: &Action) -> String {
    match action {
        Action::Keep(_) => String::new(),
        Action::Create(attributes) => {
            let said = |(name, value): &(&String, &Value)| {
                !["name", "description", "psk"].contains(&name.as_str()) && !value.is_null()
            };
            let said = attributes.iter().filter(said).map(|(name, value)| format!("{name}={}", shown(value)));
            said.collect::<Vec<_>>().join(", ")
        }
        Action::Change { object, attributes } => {
            let changes = attributes.iter().map(|(name, value)| {
                if name == "psk" {
                    return "psk: another".to_owned();
                }
                let before = object.get(name).map(shown).unwrap_or_default();
                format!("{name}: {before} -> {}", shown(value))
            });
            changes.collect::<Vec<_>>().join(", ")
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(python::display).collect::<Vec<_>>().join(" "),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key} {}", python::display(value)));
            entries.collect::<Vec<_>>().join(" ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => python::display(value),
    }
}
