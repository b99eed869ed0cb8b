//! What became of VPN services and site connections over time, the SAs of site connections, and reports in their order.

use sea_orm_migration::prelude::*;

use super::{cascade, document, index, number, optional_text, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut changes = Table::create();
        changes
            .table("status_changes")
            .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
            .col(optional_text("vpn_service_id", 36))
            .col(optional_text("site_connection_id", 36))
            .col(number("at"))
            .col(number("since"))
            .col(text("status", 16))
            .col(ColumnDef::new("reason").text().null())
            .foreign_key(&mut cascade("status_changes", "vpn_service_id", "vpn_services"))
            .foreign_key(&mut cascade("status_changes", "site_connection_id", "site_connections"));
        manager.create_table(changes).await?;
        manager.create_index(index("status_changes", &["vpn_service_id", "id"])).await?;
        manager.create_index(index("status_changes", &["site_connection_id", "id"])).await?;
        let mut observations = Table::create();
        observations
            .table("observations")
            .col(ColumnDef::new("site_connection_id").string_len(36).not_null().primary_key())
            .col(number("observed_at"))
            .col(document("ike_sas"))
            .foreign_key(&mut cascade("observations", "site_connection_id", "site_connections"));
        manager.create_table(observations).await?;
        let mut order = Table::create();
        order
            .table("report_order")
            .col(ColumnDef::new("agent_id").string_len(36).not_null().primary_key())
            .col(text("incarnation", 36))
            .col(number("number"))
            .foreign_key(&mut cascade("report_order", "agent_id", "agents"));
        manager.create_table(order).await
    }
}
