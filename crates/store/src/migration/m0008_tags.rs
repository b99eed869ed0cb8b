//! Tags: words that people put on objects, of whatever kind.

use sea_orm_migration::prelude::*;

use super::{index, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tags = Table::create()
            .table("tags")
            .col(text("object_id", 36))
            .col(text("tag", 255))
            .primary_key(Index::create().col("object_id").col("tag"))
            .take();
        manager.create_table(tags).await?;
        manager.create_index(index("tags", &["tag"])).await
    }
}
