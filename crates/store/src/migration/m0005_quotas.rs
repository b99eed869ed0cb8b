//! Limits that a project has of its own.

use sea_orm_migration::prelude::*;

use super::{number, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let quotas = Table::create()
            .table("quotas")
            .col(text("project_id", 255))
            .col(text("resource", 64))
            .col(number("most"))
            .primary_key(Index::create().col("project_id").col("resource"))
            .take();
        manager.create_table(quotas).await
    }
}
