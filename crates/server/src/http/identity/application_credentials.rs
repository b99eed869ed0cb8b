//! Application credentials, which belong to a user.

use adit_api::identity::IdentityError;
use adit_api::identity::application_credential::View;
use serde_json::json;

use super::{Answer, Asked, Call, Route, Wire, created, no_content, ok};
use crate::identity::application_credential as credential;

/// The routes.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    const ALL: &str = "users/{user_id}/application_credentials";
    let one = format!("{ALL}/{{application_credential_id}}");
    vec![
        Route::new("GET", ALL, "List the application credentials of a user", |asked| Box::pin(list(asked)))
            .gives(200, Wire::Found { filters: credential::FILTERS, constants: &[], switches: &[] }),
        Route::new("POST", ALL, "Create an application credential", |asked| Box::pin(create(asked))),
        Route::new("GET", &one, "Show an application credential", |asked| Box::pin(show(asked))),
        Route::new("DELETE", &one, "Delete an application credential", |asked| Box::pin(delete(asked))),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, base, .. } = asked.call;
    let all = credential::list(app, &*asked.call.bearer().await?, asked.name(0), pairs).await?;
    let views: Vec<View> = all.into_iter().map(|shown| View::new(shown, base)).collect();
    asked.call.list("application_credentials", views)
}

async fn create(asked: Asked<'_, Call>) -> Answer {
    let Call { app, body, base, .. } = asked.call;
    let (shown, secret) = credential::create(app, &*asked.call.bearer().await?, asked.name(0), body).await?;
    let view = View { secret: Some(secret.expose().to_owned()), ..View::new(shown, base) };
    created(json!({"application_credential": view}))
}

async fn show(asked: Asked<'_, Call>) -> Answer {
    let Call { app, base, .. } = asked.call;
    let bearer = asked.call.bearer().await?;
    let shown = credential::show(app, &bearer, (asked.name(0), asked.name(1))).await?;
    ok(json!({"application_credential": View::new(shown, base)}))
}

async fn delete(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    credential::delete(&asked.call.app, &bearer, (asked.name(0), asked.name(1))).await?;
    no_content()
}
