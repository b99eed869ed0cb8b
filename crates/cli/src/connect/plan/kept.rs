//! What is there already, and whether it can be kept.

use adit_api::python;
use adit_model::Cidr;
use serde_json::Value;

use super::{Action, Found, Kind, Plan, spoken};
use crate::connect::Side;
use crate::connect::observe::Observed;
use crate::connect::wish::Wish;
use crate::error::{Error, Result};
use crate::names::id_of;
use crate::session::Object;

impl<'a> Found<'a> {
    /// The object of this kind that the tunnel has here, if there is one.
    pub(super) fn own(&self, objects: &'a [Object], kind: Kind) -> Result<Option<&'a Object>> {
        let name = kind.name(self.name, self.side);
        let is_named = |object: &&Object| object.get("name").and_then(Value::as_str) == Some(&name);
        let mut found = objects.iter().filter(|object| self.seen.is_own(object)).filter(is_named);
        match (found.next(), found.next()) {
            (found, None) => Ok(found),
            (first, Some(second)) => Err(self.conflict(&format!(
                "there are several of {} named `{name}`: {}, {}",
                kind.noun().many,
                first.map(id_of).unwrap_or_default(),
                id_of(second)
            ))),
        }
    }

    /// What becomes of something that is known by its name alone.
    pub(super) fn named(&self, kind: Kind, wanted: Object) -> Result<Action> {
        let objects = match kind {
            Kind::IkePolicy => &self.seen.ike_policies,
            Kind::IpsecPolicy => &self.seen.ipsec_policies,
            Kind::LocalGroup | Kind::PeerGroup => &self.seen.groups,
            Kind::Service => &self.seen.services,
            Kind::Connection => &self.seen.connections,
        };
        let Some(found) = self.own(objects, kind)? else { return Ok(Action::Create(wanted)) };
        let differs = wanted
            .iter()
            .filter(|(attribute, _)| !["name", "description"].contains(&attribute.as_str()))
            .find(|(attribute, value)| !is_same(found.get(*attribute), value));
        match differs {
            None => Ok(Action::Keep(found.clone())),
            Some((attribute, value)) => Err(self.conflict(&format!(
                "{} has the {attribute} {}, and not {}",
                spoken(kind, found),
                python::display(found.get(attribute).unwrap_or(&Value::Null)),
                python::display(value)
            ))),
        }
    }

    /// The VPN service: the one that the tunnel has, another one of the router that will do, or one to be made.
    pub(super) fn service(&self, connection: Option<&Object>, wish: &Wish) -> Result<Action> {
        let services = &self.seen.services;
        let usable = |service: &&Object| self.seen.is_own(service) && is_absent(service.get("subnet_id"));
        let is_on = |service: &&&Object| service.get("admin_state_up") != Some(&Value::Bool(false));
        if let Some(connection) = connection {
            let id = connection.get("vpnservice_id");
            let service = services.iter().filter(usable).find(|service| service.get("id") == id);
            return service.map(|service| Action::Keep(service.clone())).ok_or_else(|| {
                self.conflict(&format!(
                    "{} has a VPN service that is made for one subnet, or is another project's",
                    spoken(Kind::Connection, connection)
                ))
            });
        }
        let usable: Vec<&Object> = services.iter().filter(usable).collect();
        let name = Kind::Service.name(self.name, self.side);
        let named = usable.iter().find(|service| service.get("name").and_then(Value::as_str) == Some(&name));
        if let Some(service) = named.filter(is_on).or_else(|| usable.iter().find(is_on)) {
            return Ok(Action::Keep((*service).clone()));
        }
        if let Some(service) = usable.first() {
            return Err(self.obstacle(
                &format!("{} is switched off", spoken(Kind::Service, service)),
                &format!("`adit --os-cloud {} vpn service set --enable {}`", self.seen.cloud, id_of(service)),
            ));
        }
        // Neutron takes several services of a router, and then only one of them works.
        if let Some(service) = services.first().filter(|_| !self.seen.takes_several_services) {
            return Err(self.obstacle(
                &format!(
                    "the router has the {}, which is made for one subnet or is another project's, and a second one \
                     would break it",
                    spoken(Kind::Service, service)
                ),
                "change or delete what is there",
            ));
        }
        Ok(Action::Create(super::wanted(Kind::Service, self, &[], wish)))
    }

    /// What is there stands against what is wished.
    pub(super) fn conflict(&self, why: &str) -> Error {
        conflict(self.side, self.seen, why)
    }

    /// What is there stands against any tunnel of this kind, whatever its name; and what to do about it.
    pub(super) fn obstacle(&self, why: &str, remedy: &str) -> Error {
        refusal(self.side, self.seen, why, remedy)
    }
}

fn conflict(side: Side, seen: &Observed, why: &str) -> Error {
    refusal(side, seen, why, "take another `--name`, or change or delete what is there")
}

fn refusal(side: Side, seen: &Observed, why: &str, remedy: &str) -> Error {
    Error::Usage(format!(
        "{}: in the cloud `{}`, {why}; nothing was changed: {remedy}",
        side.option(),
        seen.cloud
    ))
}

impl Plan {
    /// Refuses a connection of the tunnel's name that refers to something else than the tunnel would.
    pub(super) fn check_references(&self, side: Side, seen: &Observed) -> Result<()> {
        let Some(connection) = &self.existing[side as usize] else { return Ok(()) };
        for step in self.steps.iter().filter(|step| step.side == side) {
            let wanted = match &step.action {
                Action::Keep(object) | Action::Change { object, .. } => object.get("id"),
                Action::Create(_) => None,
            };
            let attribute = step.kind.reference();
            if wanted.is_none() || connection.get(attribute) != wanted {
                let named = step.kind.name(&self.name, side);
                let why = format!(
                    "{} has the {attribute} {}, which is not {} `{named}`",
                    spoken(Kind::Connection, connection),
                    python::display(connection.get(attribute).unwrap_or(&Value::Null)),
                    step.kind.noun().one,
                );
                return Err(conflict(side, seen, &why));
            }
        }
        Ok(())
    }
}

fn is_absent(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

/// Whether an attribute is what it is to be. The order of endpoints means nothing, nor does the spelling of a network.
fn is_same(there: Option<&Value>, wanted: &Value) -> bool {
    let (Some(Value::Array(there)), Value::Array(wanted)) = (there, wanted) else {
        return there == Some(wanted);
    };
    let sorted = |values: &[Value]| {
        let mut texts: Vec<String> = values.iter().map(network).collect();
        texts.sort_unstable();
        texts
    };
    sorted(there) == sorted(wanted)
}

fn network(value: &Value) -> String {
    let text = python::display(value);
    text.parse::<Cidr>().map_or(text, |cidr| cidr.network().to_string())
}
