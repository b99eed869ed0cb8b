//! Regions that their maker calls by a name of its own.

use adit_api::identity::IdentityError;

use super::collection::enveloped;
use super::{Asked, Call, Route, Wire, created};
use crate::identity::region;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    vec![
        Route::new("PUT", "regions/{region_id}", "Create a region of this id", |asked: Asked<'_, Call>| {
            Box::pin(async move {
                let (call, bearer) = (asked.call, asked.call.bearer().await?);
                let made = region::create_as(call.asking(&bearer), asked.name(0), &call.body).await?;
                created(enveloped(call, made))
            })
        })
        .gives(201, Wire::Json),
    ]
}
