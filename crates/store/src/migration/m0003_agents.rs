//! Agents, and the change log that wakes them.

use sea_orm_migration::prelude::*;

use super::{document, flag, index, number, optional_text, resource, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let agents = resource("agents")
            .col(text("host", 255).unique_key().take())
            .col(text("availability_zone", 255))
            .col(optional_text("description", 255))
            .col(flag("admin_state_up"))
            .col(text("data_plane", 16))
            .col(document("physical_networks"))
            .col(number("started_at"))
            .col(number("heartbeat_at"))
            .take();
        let changes = Table::create()
            .table("changes")
            .col(number("revision").primary_key().take())
            .col(text("router_id", 36))
            .col(text("agent_id", 36))
            .take();
        let head = Table::create()
            .table("change_head")
            .col(number("id").primary_key().take())
            .col(number("revision"))
            .take();
        for table in [agents, changes, head] {
            manager.create_table(table).await?;
        }
        manager.create_index(index("changes", &["agent_id", "revision"])).await?;
        let first = Query::insert()
            .into_table("change_head")
            .columns(["id", "revision"])
            .values_panic([1.into(), 0.into()])
            .take();
        manager.exec_stmt(first).await
    }
}
