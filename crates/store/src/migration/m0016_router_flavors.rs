//! The flavor of a router.

use sea_orm_migration::prelude::*;

use super::{index, optional_text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // As of VPN services: without a foreign key, which SQLite adds to no table that is there.
        let column = optional_text("flavor_id", 36);
        manager.alter_table(Table::alter().table("routers").add_column(column).to_owned()).await?;
        manager.create_index(index("routers", &["flavor_id"])).await
    }
}
