//! Checks of site connections.

use sea_orm_migration::prelude::*;

use super::{cascade, document, index, number, optional_text, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut checks = Table::create();
        checks
            .table("checks")
            .col(ColumnDef::new("id").string_len(36).not_null().primary_key())
            .col(text("site_connection_id", 36))
            .col(optional_text("target", 45))
            .col(text("state", 16))
            .col(number("created_at"))
            .col(number("expires_at"))
            .col(ColumnDef::new("finished_at").big_integer().null())
            .col(ColumnDef::new("reason").text().null())
            .col(document("results"))
            .foreign_key(&mut cascade("checks", "site_connection_id", "site_connections"));
        manager.create_table(checks).await?;
        manager.create_index(index("checks", &["site_connection_id", "created_at"])).await
    }
}
