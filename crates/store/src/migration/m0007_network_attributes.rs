//! What networks, subnets, ports and routers have beside what the skeleton needed.

use sea_orm_migration::prelude::*;

use super::index;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ("networks", text("dns_domain", "")),
            ("networks", ColumnDef::new("is_default").boolean().not_null().default(false).take()),
            ("networks", document("availability_zone_hints", "[]")),
            ("subnets", ColumnDef::new("ipv6_ra_mode").string_len(32).null().take()),
            ("subnets", ColumnDef::new("ipv6_address_mode").string_len(32).null().take()),
            ("subnets", document("service_types", "[]")),
            ("ports", document("allowed_address_pairs", "[]")),
            ("ports", document("extra_dhcp_opts", "[]")),
            ("ports", text("binding_vnic_type", "normal")),
            ("ports", text("binding_host_id", "")),
            ("ports", document("binding_profile", "{}")),
            ("routers", document("availability_zone_hints", "[]")),
        ];
        // SQLite takes one column at a time.
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        manager.create_index(index("ports", &["binding_host_id"])).await
    }
}

fn text(name: &'static str, default: &'static str) -> ColumnDef {
    ColumnDef::new(name).string_len(255).not_null().default(default).take()
}

/// A list or an object, as JSON.
fn document(name: &'static str, default: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().default(default).take()
}
