//! Routes as data: what answers which method on which path. The dispatch, the refusals of wrong methods and the
//! OpenAPI document are all read off the same table.

use std::future::Future;
use std::pin::Pin;

use adit_api::identity::IdentityError;
use adit_api::shape::Shape;
use adit_api::{ApiError, Schema};
use axum::response::Response;

/// What becomes of a request in time.
pub(super) type Answering<'c, E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send + 'c>>;

/// One method on one path of an API, with who answers. `C` is the call that its handlers get, `E` the API's error.
pub(super) struct Route<C, E> {
    /// What it does.
    pub(super) operation: Operation,
    /// Whether it is there only for what it refuses, as a `PUT` on a collection, and stands in no document.
    pub(super) hidden: bool,
    handler: Handler<C, E>,
}

/// One method on one path of an API, as far as documents tell.
pub(super) struct Operation {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub(super) method: &'static str,
    /// Below the API's version, as `routers/{router_id}/l3-agents`: words, and names of what the caller chooses.
    pub(super) path: String,
    /// What it does, in a few words.
    pub(super) summary: String,
    /// The body that it takes.
    pub(super) takes: Wire,
    /// The status and the body of the answer when all is well.
    pub(super) gives: (u16, Wire),
}

/// What is in a body, as far as documents tell.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wire {
    /// Nothing.
    Nothing,
    /// Some JSON.
    Json,
    /// Some JSON: a list that can be narrowed by what has these names, of which the first ones stand for columns. The last
    /// ones are switches, with what they do.
    Found {
        filters: &'static [(&'static str, &'static str)],
        constants: &'static [&'static str],
        switches: &'static [(&'static str, &'static str)],
    },
    /// Some JSON, made as parameters ask: their names, what they may be, and what they mean.
    Made(&'static [(&'static str, Shape, &'static str)]),
    /// A new object of a resource, under its singular key.
    New(&'static Schema),
    /// Changes of an object of a resource, under its singular key.
    Changes(&'static Schema),
    /// An object of a resource, under its singular key.
    One(&'static Schema),
    /// Objects of a resource, under its plural key.
    Many(&'static Schema),
}

/// How often a request is begun that collides with others each time.
const ATTEMPTS: u32 = 5;

/// What a request of an API can be refused with.
pub(crate) trait Refusal: std::error::Error + 'static {
    /// Whether nothing but another request at the same moment was the reason.
    fn is_collision(&self) -> bool;
}

impl Refusal for ApiError {
    fn is_collision(&self) -> bool {
        matches!(self, Self::Collision(_))
    }
}

impl Refusal for IdentityError {
    fn is_collision(&self) -> bool {
        matches!(self, Self::Collision(_))
    }
}

type Handler<C, E> = for<'c> fn(Asked<'c, C>) -> Answering<'c, E>;

/// A call, and what its path named.
pub(super) struct Asked<'c, C> {
    /// The call.
    pub(super) call: &'c C,
    names: Names<'c>,
}

/// What a path says beside its words.
#[derive(Clone)]
pub(super) struct Names<'c> {
    chosen: Vec<&'c str>,
    last: &'c str,
}

impl<C> Asked<'_, C> {
    /// What stands at the `nth` placeholder of the route's path, counted from 0.
    pub(super) fn name(&self, nth: usize) -> &str {
        self.names.chosen.get(nth).copied().unwrap_or_default()
    }

    /// The last part of the path, whatever it is: the name of an action.
    pub(super) fn last(&self) -> &str {
        self.names.last
    }
}

impl<C, E> Route<C, E> {
    /// A route.
    pub(super) fn new(
        method: &'static str,
        path: impl Into<String>,
        summary: impl Into<String>,
        handler: Handler<C, E>,
    ) -> Self {
        Self { operation: Operation::new(method, path, summary), hidden: false, handler }
    }

    /// The same, taking another body than most of its method do.
    pub(super) fn takes(mut self, wire: Wire) -> Self {
        self.operation.takes = wire;
        self
    }

    /// The same, giving another answer than most of its method do.
    pub(super) fn gives(mut self, status: u16, wire: Wire) -> Self {
        self.operation.gives = (status, wire);
        self
    }

    /// The same, but in no document.
    pub(super) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// What the path names at the placeholders; `None` when it is another path.
    fn names<'c>(&self, path: &[&'c str]) -> Option<Names<'c>> {
        let (mut chosen, mut last) = (Vec::new(), "");
        let mut parts = path.iter();
        for wanted in self.operation.path.split('/') {
            last = *parts.next()?;
            if wanted.starts_with('{') {
                chosen.push(last);
            } else if wanted != last {
                return None;
            }
        }
        parts.next().is_none().then_some(Names { chosen, last })
    }

    /// Answers. A request that collided with another one is done once more, from its beginning: its transaction was taken
    /// back as a whole, and now it may see why it cannot be, or succeed.
    pub(super) async fn answer<'c>(&self, call: &'c C, names: Names<'c>) -> Result<Response, E>
    where
        E: Refusal,
    {
        persistently(|| (self.handler)(Asked { call, names: names.clone() })).await
    }
}

/// Does what a request asks for, and once more from its beginning whenever it collided with another one.
pub(crate) async fn persistently<T, E, F>(attempt: impl Fn() -> F) -> Result<T, E>
where
    E: Refusal,
    F: Future<Output = Result<T, E>>,
{
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(refusal) if refusal.is_collision() => {}
            answer => return answer,
        }
    }
    let last = attempt().await;
    if let Err(refusal) = &last
        && refusal.is_collision()
    {
        // With its cause: what is in the way each time may be no other request.
        let error = refusal as &dyn std::error::Error;
        tracing::warn!(attempts = ATTEMPTS, error, "a request collided with others each time");
    }
    last
}

impl Operation {
    /// An operation that takes and gives what most of its method do.
    pub(super) fn new(method: &'static str, path: impl Into<String>, summary: impl Into<String>) -> Self {
        let (takes, gives) = match method {
            "POST" => (Wire::Json, (201, Wire::Json)),
            "PUT" | "PATCH" => (Wire::Json, (200, Wire::Json)),
            "DELETE" => (Wire::Nothing, (204, Wire::Nothing)),
            _ => (Wire::Nothing, (200, Wire::Json)),
        };
        Self { method, path: path.into(), summary: summary.into(), takes, gives }
    }
}

/// Where a request leads.
pub(super) enum Found<'c, 'r, C, E> {
    /// To a handler.
    Handler(&'r Route<C, E>, Names<'c>),
    /// To a path that has other methods.
    OtherMethod,
    /// Nowhere.
    Nothing,
}

/// Looks for the route of a request: words win over placeholders by standing earlier in the table.
pub(super) fn find<'c, 'r, C, E>(
    routes: &'r [Route<C, E>],
    method: &str,
    path: &[&'c str],
) -> Found<'c, 'r, C, E> {
    let mut found = Found::Nothing;
    for route in routes {
        let Some(names) = route.names(path) else { continue };
        if route.operation.method == method {
            return Found::Handler(route, names);
        }
        found = Found::OtherMethod;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use adit_api::ApiError;

    use super::{ATTEMPTS, Found, Route, find, persistently};

    #[tokio::test]
    async fn what_collides_is_begun_anew_and_nothing_else_is() {
        for (collisions, end, attempts) in [
            (0, Ok(()), 1),
            (2, Ok(()), 3),
            (2, Err(ApiError::HTTPNotFound), 3),
            (0, Err(ApiError::OutcomeUnknown), 1),
            (1, Err(ApiError::ServiceUnavailable { reason: String::new() }), 2),
            (ATTEMPTS, Ok(()), ATTEMPTS),
        ] {
            let (count, end) = (Cell::new(0), Cell::new(Some(end)));
            let answer = persistently(|| async {
                count.set(count.get() + 1);
                if count.get() <= collisions { Err(ApiError::Collision(None)) } else { end.take().unwrap() }
            });
            let is_refused = matches!(answer.await, Err(ApiError::Collision(_)));
            assert_eq!(
                (count.get(), is_refused),
                (attempts, collisions >= ATTEMPTS),
                "{collisions} collisions"
            );
        }
    }

    #[test]
    fn a_path_leads_to_the_first_route_that_fits() {
        let route =
            |method, path: &str| Route::<(), ()>::new(method, path, "", |_| Box::pin(async { Err(()) }));
        let routes = [
            route("GET", "quotas/tenant"),
            route("GET", "quotas/{project_id}"),
            route("PUT", "quotas/{project_id}"),
            route("GET", "quotas/{project_id}/details"),
        ];
        for (method, path, want) in [
            ("GET", "quotas/tenant", "quotas/tenant []"),
            ("GET", "quotas/a", "quotas/{project_id} [\"a\"]"),
            ("GET", "quotas/a/details", "quotas/{project_id}/details [\"a\"]"),
            ("PUT", "quotas/tenant", "quotas/{project_id} [\"tenant\"]"),
            ("DELETE", "quotas/a", "other method"),
            ("GET", "quotas", "nothing"),
            ("GET", "quotas/a/details/b", "nothing"),
        ] {
            let path: Vec<&str> = path.split('/').collect();
            let found = match find(&routes, method, &path) {
                Found::Handler(route, names) => format!("{} {:?}", route.operation.path, names.chosen),
                Found::OtherMethod => "other method".to_owned(),
                Found::Nothing => "nothing".to_owned(),
            };
            assert_eq!(found, want, "{method} {path:?}");
        }
    }
}
