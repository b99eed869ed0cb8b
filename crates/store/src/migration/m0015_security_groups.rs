//! Security groups, their rules, and the groups of ports.

use sea_orm_migration::prelude::*;

use super::{cascade, flag, index, number, optional_text, owned, resource, restrict, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let groups = owned("security_groups")
            .col(flag("stateful"))
            // The project again, if it is the one that every project has once.
            .col(optional_text("default_of", 255))
            .take();
        let rules = resource("security_group_rules")
            .col(text("project_id", 255))
            .col(text("description", 255))
            .col(text("security_group_id", 36))
            .col(text("direction", 16))
            .col(text("ethertype", 16))
            .col(optional_text("protocol", 40))
            .col(ColumnDef::new("port_range_min").big_integer().null())
            .col(ColumnDef::new("port_range_max").big_integer().null())
            .col(optional_text("remote_ip_prefix", 64))
            .col(optional_text("remote_group_id", 36))
            .foreign_key(&mut cascade("security_group_rules", "security_group_id", "security_groups"))
            .foreign_key(&mut cascade("security_group_rules", "remote_group_id", "security_groups"))
            .take();
        let of_ports = Table::create()
            .table("port_security_groups")
            .col(text("port_id", 36))
            .col(text("security_group_id", 36))
            .col(number("position"))
            .primary_key(Index::create().col("port_id").col("security_group_id"))
            .foreign_key(&mut cascade("port_security_groups", "port_id", "ports"))
            .foreign_key(&mut restrict("port_security_groups", "security_group_id", "security_groups"))
            .take();
        for table in [groups, rules, of_ports] {
            manager.create_table(table).await?;
        }
        let indexes = [
            // In the order of lists, as in [`super::m0012_pages`].
            index("security_groups", &["project_id", "created_at", "id"]),
            index("security_groups", &["created_at", "id"]),
            index("security_groups", &["default_of"]).unique().take(),
            index("security_group_rules", &["project_id", "created_at", "id"]),
            index("security_group_rules", &["created_at", "id"]),
            index("security_group_rules", &["security_group_id"]),
            index("security_group_rules", &["remote_group_id"]),
            index("port_security_groups", &["security_group_id"]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
