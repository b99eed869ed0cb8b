//! The site connections: what they are to be, once that is there which they refer to, and their common key.

use serde_json::Value;

use super::{Action, Kind, Objects, Plan, external};
use crate::connect::Side;
use crate::connect::wish::Wish;
use crate::error::{Error, Result};
use crate::psk::{self, Psk};
use crate::session::Object;

/// The key of both sides.
pub(in crate::connect) struct Keys {
    /// The key; `None` where nobody may see the one that is there.
    pub(in crate::connect) key: Option<Psk>,
    /// Whether it was made up now, so that another run would have another one.
    is_made_up: bool,
    /// Whether the connection of a side, left and right, is to be told.
    is_new: [bool; 2],
}

impl Keys {
    /// The key that is given, or the one that a side has, or a new one where that has to be.
    pub(super) fn choose(given: Option<&Psk>, existing: &[Option<Object>; 2]) -> Self {
        let there = |side: Side| {
            let connection = existing[side as usize].as_ref()?;
            connection.get("psk").and_then(Value::as_str)
        };
        let is_there = |side: Side| existing[side as usize].is_some();
        let known = given.map(Psk::reveal).or(there(Side::Left)).or(there(Side::Right)).map(psk::known);
        // Where both are there, they have one that one may not see.
        let is_made_up = known.is_none() && !Side::BOTH.into_iter().all(is_there);
        let key = known.or_else(|| is_made_up.then(psk::generated));
        let is_new = Side::BOTH.map(|side| {
            let differs = key.as_ref().map(Psk::reveal) != there(side);
            // A key that is there but hidden cannot be compared: it is left, unless another one is asked for or made.
            let is_hidden = is_there(side) && there(side).is_none();
            let is_alone = given.is_none() && Side::BOTH.into_iter().all(is_there);
            key.is_some() && differs && !(is_hidden && is_alone)
        });
        Self { key, is_made_up, is_new }
    }

    /// The key as far as it is known before the tunnel is made.
    pub(in crate::connect) fn foreseen(&self) -> Option<&Psk> {
        self.key.as_ref().filter(|_| !self.is_made_up)
    }
}

impl Plan {
    /// What becomes of the connection of a side, when these objects are there.
    ///
    /// # Errors
    /// [`Error::Usage`] where the other side's gateway has no address that could be a peer's.
    pub(in crate::connect) fn connection(
        &self,
        side: Side,
        objects: &Objects,
        wish: &Wish,
    ) -> Result<Action> {
        let service = objects.get(&(side.other(), Kind::Service));
        let address = service.and_then(|service| service.get(external(self.family))).and_then(Value::as_str);
        let is_there = service.is_some_and(|service| service.contains_key("id"));
        let mut wanted = Object::new();
        match address {
            Some(address) => {
                wanted.insert("peer_address".to_owned(), address.into());
                wanted.insert("peer_id".to_owned(), address.into());
            }
            // Nobody knows it before the service is there.
            None if !is_there => {}
            None => {
                return Err(Error::Usage(format!(
                    "{}: the VPN service has no external IPv{} address",
                    side.other().option(),
                    self.family
                )));
            }
        }
        wanted.append(&mut wish.of_connection(side));
        let key = self.keys.key.as_ref().filter(|_| self.keys.is_new[side as usize]);
        match &self.existing[side as usize] {
            Some(object) => {
                wanted.retain(|attribute, value| !is_so(object.get(attribute), value));
                if let Some(key) = key {
                    wanted.insert("psk".to_owned(), key.reveal().into());
                }
                if wanted.is_empty() {
                    return Ok(Action::Keep(object.clone()));
                }
                Ok(Action::Change { object: object.clone(), attributes: wanted })
            }
            None => {
                wanted.insert("name".to_owned(), Kind::Connection.name(&self.name, side).into());
                if !wish.description.is_empty() {
                    wanted.insert("description".to_owned(), wish.description.clone().into());
                }
                for kind in Kind::BELOW {
                    let id = objects.get(&(side, kind)).and_then(|object| object.get("id"));
                    wanted.insert(kind.reference().to_owned(), id.cloned().unwrap_or_default());
                }
                wanted.insert("psk".to_owned(), key.map(Psk::reveal).into());
                Ok(Action::Create(wanted))
            }
        }
    }
}

/// Whether an attribute is what it is to be; of a map, what is asked for.
fn is_so(there: Option<&Value>, wanted: &Value) -> bool {
    match (there, wanted) {
        (Some(Value::Object(there)), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| there.get(key) == Some(value))
        }
        (there, wanted) => there == Some(wanted),
    }
}
