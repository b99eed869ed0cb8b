//! Takes the steps of a plan, and takes them back, last first, when one of them fails or somebody ends the command.

mod stop;

use reqwest::Method;
use serde_json::{Value, json};

use super::Side;
use super::observe::Observed;
use super::plan::{Action, Kind, Objects, Plan};
use super::wish::Wish;
use crate::error::{Error, Result};
use crate::names::{self, id_of};
use crate::say;
use crate::session::{Object, Session};
use crate::verbs::unwrapped;
use adit_api::view::encode;
use stop::Stop;

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    Kept,
    Created,
    Changed,
}

/// Both sides, as they are when all steps are taken.
#[derive(Default)]
pub(super) struct Tunnel {
    /// In the order of the steps.
    pub(super) parts: Vec<Part>,
}

pub(super) struct Part {
    pub(super) side: Side,
    pub(super) kind: Kind,
    pub(super) object: Object,
    pub(super) became: Became,
}

impl Tunnel {
    /// Whether all of it was there.
    pub(super) fn is_untouched(&self) -> bool {
        self.parts.iter().all(|part| part.became == Became::Kept)
    }

    /// The id of a part.
    pub(super) fn id(&self, side: Side, kind: Kind) -> String {
        let part = self.parts.iter().find(|part| (part.side, part.kind) == (side, kind));
        part.map(|part| id_of(&part.object)).unwrap_or_default()
    }

    /// The connection of a side is like this now.
    pub(super) fn became(&mut self, side: Side, connection: Object) {
        for part in &mut self.parts {
            if (part.side, part.kind) == (side, Kind::Connection) {
                part.object.clone_from(&connection);
            }
        }
    }

    fn objects(&self) -> Objects {
        self.parts.iter().map(|part| ((part.side, part.kind), part.object.clone())).collect()
    }
}

/// How something is taken back.
enum Undo {
    Delete {
        id: String,
    },
    /// It may have been made: nobody knows, since there was no answer.
    Seek {
        name: String,
    },
    Restore {
        id: String,
        attributes: Object,
    },
}

struct Done {
    side: Side,
    kind: Kind,
    undo: Undo,
}

/// One run of a plan.
struct Run<'a> {
    observed: &'a [Observed; 2],
    sessions: &'a [Session; 2],
    stop: Stop,
    done: Vec<Done>,
    tunnel: Tunnel,
}

/// Takes the steps; when one fails, or somebody ends the command, those before it are taken back.
pub(super) async fn run(
    plan: &Plan,
    observed: &[Observed; 2],
    wish: &Wish,
    sessions: &[Session; 2],
) -> Result<Tunnel> {
    let mut run =
        Run { observed, sessions, stop: Stop::listen()?, done: Vec::new(), tunnel: Tunnel::default() };
    match run.take(plan, wish).await {
        Ok(()) => Ok(run.tunnel),
        Err(error) => {
            run.take_back().await;
            Err(error)
        }
    }
}

impl Run<'_> {
    async fn take(&mut self, plan: &Plan, wish: &Wish) -> Result<()> {
        for step in &plan.steps {
            self.step(step.side, step.kind, step.action.clone()).await?;
        }
        // Now there are services, and it is known what their addresses are.
        for side in Side::BOTH {
            let action = plan.connection(side, &self.tunnel.objects(), wish)?;
            self.step(side, Kind::Connection, action).await?;
        }
        Ok(())
    }

    async fn step(&mut self, side: Side, kind: Kind, action: Action) -> Result<()> {
        let (doing, object, became) = match action {
            Action::Keep(object) => {
                self.tunnel.parts.push(Part { side, kind, object, became: Became::Kept });
                return Ok(());
            }
            Action::Create(attributes) => {
                let doing = self.doing("creating", side, kind, &attributes);
                (doing, self.create(side, kind, attributes).await, Became::Created)
            }
            Action::Change { object, attributes } => {
                let doing = self.doing("changing", side, kind, &object);
                (doing, self.change(side, kind, &object, attributes).await, Became::Changed)
            }
        };
        let object = object.map_err(|error| error.during(doing))?;
        self.tunnel.parts.push(Part { side, kind, object, became });
        if self.stop.is_wished() {
            return Err(Error::Interrupted("ended before the tunnel was complete".to_owned()));
        }
        Ok(())
    }

    fn doing(&self, what: &str, side: Side, kind: Kind, object: &Object) -> String {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        format!("{what} {} `{name}` in the cloud `{}`", kind.noun().one, self.observed[side as usize].cloud)
    }

    async fn create(&mut self, side: Side, kind: Kind, attributes: Object) -> Result<Object> {
        let noun = kind.noun();
        let name = attributes.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let body = json!({noun.singular: attributes});
        let session = &self.sessions[side as usize];
        let sent = session.send(noun.service, Method::POST, noun.path, Some(&body));
        let made =
            self.stop.patiently(sent, 1).await.and_then(|mut body| unwrapped(&mut body, noun.singular));
        let undo = match &made {
            Ok(object) => Undo::Delete { id: id_of(object) },
            // The server knows what it refused; when it failed, or went away, nobody does.
            Err(Error::Refused { status: ..500, .. }) => return made,
            Err(_) => Undo::Seek { name },
        };
        self.done.push(Done { side, kind, undo });
        made
    }

    async fn change(
        &mut self,
        side: Side,
        kind: Kind,
        object: &Object,
        attributes: Object,
    ) -> Result<Object> {
        let noun = kind.noun();
        let id = id_of(object);
        let before = attributes.keys().filter_map(|key| Some((key.clone(), object.get(key)?.clone())));
        // What one may not see cannot be put back.
        let before = before.filter(|(_, value)| !value.is_null()).collect();
        let path = format!("{}/{}", noun.path, encode(&id));
        let body = json!({noun.singular: attributes});
        let session = &self.sessions[side as usize];
        let sent = session.send(noun.service, Method::PUT, &path, Some(&body));
        let changed =
            self.stop.patiently(sent, 1).await.and_then(|mut body| unwrapped(&mut body, noun.singular));
        if !matches!(changed, Err(Error::Refused { status: ..500, .. })) {
            self.done.push(Done { side, kind, undo: Undo::Restore { id, attributes: before } });
        }
        changed
    }

    /// Takes back what was done, and tells what could not be.
    async fn take_back(&mut self) {
        let total = self.done.len();
        let mut left = Vec::new();
        // A cloud that does not answer is not asked for everything.
        let mut silent = [false; 2];
        for done in std::mem::take(&mut self.done).into_iter().rev() {
            let outcome = if silent[done.side as usize] {
                Err("the cloud does not answer".to_owned())
            } else {
                self.undo(&done).await.map_err(|error| {
                    silent[done.side as usize] |= matches!(error, Error::Unreachable { .. });
                    error.to_string()
                })
            };
            if let Err(why) = outcome {
                left.push(format!(
                    "{} in the cloud `{}`: {why}",
                    spoken(&done),
                    self.observed[done.side as usize].cloud
                ));
            }
        }
        match (total, left.as_slice()) {
            (0, _) => say("adit: nothing was changed"),
            (_, []) => say("adit: what this run had made and changed was taken back"),
            (_, left) => {
                for one in left {
                    say(&format!("adit: left behind: {one}"));
                }
            }
        }
    }

    async fn undo(&mut self, done: &Done) -> Result<()> {
        let noun = done.kind.noun();
        let session = &self.sessions[done.side as usize];
        // Whoever ends the command once more leaves the rest as it is.
        let patience = self.stop.wishes();
        match &done.undo {
            Undo::Delete { id } => self.stop.patiently(delete(session, done.kind, id), patience).await,
            Undo::Restore { id, attributes } => {
                if attributes.is_empty() {
                    return Err(Error::Usage("what it was before is not known".to_owned()));
                }
                let path = format!("{}/{}", noun.path, encode(id));
                let body = json!({noun.singular: attributes});
                let sent = session.send(noun.service, Method::PUT, &path, Some(&body));
                self.stop.patiently(sent, patience).await.map(|_| ())
            }
            Undo::Seek { name } => {
                let filters = [("name", name.as_str())];
                let found = self.stop.patiently(names::list(session, noun, &filters), patience).await?;
                // There was none of that name in the project when the command began.
                let seen = &self.observed[done.side as usize];
                for object in found.iter().filter(|object| seen.is_own(object)) {
                    if object.get("name").and_then(Value::as_str) == Some(name) {
                        self.stop.patiently(delete(session, done.kind, &id_of(object)), patience).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

async fn delete(session: &Session, kind: Kind, id: &str) -> Result<()> {
    let noun = kind.noun();
    let path = format!("{}/{}", noun.path, encode(id));
    match session.send(noun.service, Method::DELETE, &path, None).await {
        Ok(_) | Err(Error::Refused { status: 404, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a step was about, for whoever has to look after it.
fn spoken(done: &Done) -> String {
    let one = done.kind.noun().one;
    match &done.undo {
        Undo::Delete { id } => format!("{one} {id}"),
        Undo::Seek { name } => format!("{one} `{name}`, if it was made"),
        Undo::Restore { id, attributes } => {
            let changed: Vec<&str> = attributes.keys().map(String::as_str).collect();
            format!("{one} {id} as it was changed ({})", changed.join(", "))
        }
    }
}
