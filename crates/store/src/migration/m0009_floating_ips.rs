//! Floating IPs.

use sea_orm_migration::prelude::*;

use super::{index, optional_text, resource, restrict, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let floating_ips = resource("floating_ips")
            .col(text("project_id", 255))
            .col(text("description", 255))
            .col(text("network_id", 36))
            .col(text("address", 64))
            .col(text("own_port_id", 36))
            .col(optional_text("port_id", 36))
            .col(optional_text("fixed_ip", 64))
            .col(optional_text("router_id", 36))
            .col(text("status", 16))
            .foreign_key(&mut restrict("floating_ips", "network_id", "networks"))
            .foreign_key(&mut restrict("floating_ips", "own_port_id", "ports"))
            .foreign_key(&mut restrict("floating_ips", "port_id", "ports"))
            .foreign_key(&mut restrict("floating_ips", "router_id", "routers"))
            .take();
        manager.create_table(floating_ips).await?;
        let indexes = [
            index("floating_ips", &["project_id"]),
            index("floating_ips", &["own_port_id"]).unique().take(),
            index("floating_ips", &["router_id"]),
            // An address inside has at most one address of each external network.
            index("floating_ips", &["port_id", "fixed_ip", "network_id"]).unique().take(),
            index("floating_ips", &["network_id"]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
