//! What can be done with everything that administrators manage: list, create, show, change, delete.

use adit_api::identity::IdentityError;
use adit_store::Record;
use serde_json::{Value, json};

use super::{Answer, Asked, Call, Route, Wire, created, no_content, ok};
use crate::identity::resource::{self, Resource};

/// The routes of a resource.
pub(super) fn routes<R: Resource + PartialEq>() -> Vec<Route<Call, IdentityError>> {
    let (all, noun) = (R::PLURAL, R::NOUN);
    let one = format!("{all}/{{{noun}_id}}");
    let a = if noun.starts_with('e') { "an" } else { "a" };
    vec![
        Route::new("GET", all, format!("List {all}"), |asked| Box::pin(list::<R>(asked)))
            .gives(200, Wire::Found { filters: R::FILTERS, constants: R::CONSTANTS, switches: &[] }),
        Route::new("POST", all, format!("Create {a} {noun}"), |asked| Box::pin(create::<R>(asked))),
        Route::new("GET", &one, format!("Show {a} {noun}"), |asked| Box::pin(show::<R>(asked))),
        Route::new("PATCH", &one, format!("Change {a} {noun}"), |asked| Box::pin(update::<R>(asked))),
        Route::new("DELETE", &one, format!("Delete {a} {noun}"), |asked| Box::pin(delete::<R>(asked))),
    ]
}

async fn list<R: Resource>(asked: Asked<'_, Call>) -> Answer {
    let (call, bearer) = (asked.call, asked.call.bearer().await?);
    list_of(call, resource::list::<R>(call.asking(&bearer), &call.pairs).await?)
}

async fn create<R: Resource>(asked: Asked<'_, Call>) -> Answer {
    let (call, bearer) = (asked.call, asked.call.bearer().await?);
    created(enveloped(call, resource::create::<R>(call.asking(&bearer), &call.body).await?))
}

async fn show<R: Resource>(asked: Asked<'_, Call>) -> Answer {
    let (call, bearer) = (asked.call, asked.call.bearer().await?);
    ok(enveloped(call, resource::show::<R>(call.asking(&bearer), asked.name(0)).await?))
}

async fn update<R: Resource + PartialEq>(asked: Asked<'_, Call>) -> Answer {
    let (call, bearer) = (asked.call, asked.call.bearer().await?);
    let updated = resource::update::<R>(call.asking(&bearer), asked.name(0), &call.body).await?;
    ok(enveloped(call, updated))
}

async fn delete<R: Resource>(asked: Asked<'_, Call>) -> Answer {
    let (call, bearer) = (asked.call, asked.call.bearer().await?);
    resource::delete::<R>(call.asking(&bearer), asked.name(0)).await?;
    no_content()
}

/// A list in its envelope.
pub(super) fn list_of<R: Resource>(call: &Call, records: Vec<R>) -> Answer {
    let views: Vec<Value> = records.into_iter().map(|record| record.view(&call.base)).collect();
    call.list(R::PLURAL, views)
}

/// One object in its envelope.
pub(super) fn enveloped<R: Resource>(call: &Call, record: R) -> Value {
    json!({<R as Record>::NOUN: record.view(&call.base)})
}
