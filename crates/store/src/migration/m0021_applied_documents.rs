//! What agents have taken over of the documents of routers.

use sea_orm_migration::prelude::*;

use super::{cascade, document, number, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut applied = Table::create();
        applied
            .table("applied_documents")
            .col(ColumnDef::new("router_id").string_len(36).not_null().primary_key())
            .col(text("agent_id", 36))
            .col(number("generation"))
            .col(ColumnDef::new("error").text().null())
            .col(ColumnDef::new("failure").text().null())
            .col(document("outdated"))
            .foreign_key(&mut cascade("applied_documents", "router_id", "routers"));
        manager.create_table(applied).await
    }
}
