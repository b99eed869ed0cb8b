//! Access rules, which belong to a user.

use adit_api::identity::IdentityError;
use adit_api::identity::access_rule::View;
use serde_json::json;

use super::{Answer, Asked, Call, Route, Wire, no_content, ok};
use crate::identity::access_rule;

/// The routes. Rules are made with application credentials.
pub(super) fn routes() -> Vec<Route<Call, IdentityError>> {
    const ALL: &str = "users/{user_id}/access_rules";
    let one = format!("{ALL}/{{access_rule_id}}");
    vec![
        Route::new("GET", ALL, "List the access rules of a user", |asked| Box::pin(list(asked)))
            .gives(200, Wire::Found { filters: access_rule::FILTERS, constants: &[], switches: &[] }),
        Route::new("GET", &one, "Show an access rule", |asked| Box::pin(show(asked))),
        Route::new("DELETE", &one, "Delete an access rule", |asked| Box::pin(delete(asked))),
    ]
}

async fn list(asked: Asked<'_, Call>) -> Answer {
    let Call { app, pairs, base, .. } = asked.call;
    let all = access_rule::list(app, &*asked.call.bearer().await?, asked.name(0), pairs).await?;
    let views: Vec<View> = all.into_iter().map(|rule| View::new(rule, base)).collect();
    asked.call.list("access_rules", views)
}

async fn show(asked: Asked<'_, Call>) -> Answer {
    let Call { app, base, .. } = asked.call;
    let bearer = asked.call.bearer().await?;
    let rule = access_rule::show(app, &bearer, (asked.name(0), asked.name(1))).await?;
    ok(json!({"access_rule": View::new(rule, base)}))
}

async fn delete(asked: Asked<'_, Call>) -> Answer {
    let bearer = asked.call.bearer().await?;
    access_rule::delete(&asked.call.app, &bearer, (asked.name(0), asked.name(1))).await?;
    no_content()
}
