use adit_store::Stored;

use super::*;
use crate::identity::trial::{app, log_in};

/// A circle that is there already, as two servers of an older version can have made it, does not keep anybody for ever.
#[tokio::test]
async fn a_circle_that_is_there_is_left() {
    let (_folder, app) = app().await;
    let (_, admin) = log_in(&app, "admin").await;
    let asking = Asking { app: &app, bearer: &admin, server: "" };
    let region = |id: &str, parent: Option<&str>| Region {
        id: RegionId::new(id),
        description: String::new(),
        parent_id: parent.map(RegionId::new),
    };
    let session = app.store().write().await.unwrap();
    let table = session.table::<Region>();
    let mut north: Stored<Region> = table.insert(region("north", None)).await.unwrap();
    table.insert(region("south", Some("north"))).await.unwrap();
    north.parent_id = Some(RegionId::new("south"));
    table.update(&mut north).await.unwrap();
    session.commit().await.unwrap();

    let body = br#"{"region": {"id": "east", "parent_region_id": "north"}}"#;
    let refused = resource::create::<Region>(asking, body).await.unwrap_err().to_string();
    assert_eq!(refused, "The specified parent region north would create a circular region hierarchy.");
    let body = br#"{"region": {"parent_region_id": null}}"#;
    resource::update::<Region>(asking, "north", body).await.unwrap();
    let body = br#"{"region": {"id": "east", "parent_region_id": "north"}}"#;
    resource::create::<Region>(asking, body).await.unwrap();
}
