//! Networks, subnets, ports and routers.

use sea_orm_migration::prelude::*;

use super::{cascade, document, flag, index, number, optional_text, owned, restrict, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let networks = owned("networks")
            .col(flag("admin_state_up"))
            .col(flag("shared"))
            .col(flag("external"))
            .col(text("network_type", 16))
            .col(optional_text("physical_network", 64))
            .col(ColumnDef::new("segmentation_id").big_integer().null())
            .col(number("mtu"))
            .col(flag("port_security_enabled"))
            .take();
        let subnets = owned("subnets")
            .col(text("network_id", 36))
            .col(number("ip_version"))
            .col(text("cidr", 64))
            .col(optional_text("gateway_ip", 64))
            .col(document("allocation_pools"))
            .col(document("dns_nameservers"))
            .col(document("host_routes"))
            .col(flag("enable_dhcp"))
            .foreign_key(&mut cascade("subnets", "network_id", "networks"))
            .take();
        let ports = owned("ports")
            .col(text("network_id", 36))
            .col(text("mac_address", 17))
            .col(text("device_id", 255))
            .col(text("device_owner", 255))
            .col(flag("admin_state_up"))
            .col(flag("port_security_enabled"))
            .col(flag("wired"))
            .foreign_key(&mut restrict("ports", "network_id", "networks"))
            .take();
        let allocations = Table::create()
            .table("ip_allocations")
            .col(text("subnet_id", 36))
            .col(text("ip_address", 64))
            .col(text("port_id", 36))
            .col(number("position"))
            .primary_key(Index::create().col("subnet_id").col("ip_address"))
            .foreign_key(&mut restrict("ip_allocations", "subnet_id", "subnets"))
            .foreign_key(&mut cascade("ip_allocations", "port_id", "ports"))
            .take();
        let routers = owned("routers")
            .col(flag("admin_state_up"))
            .col(optional_text("gateway_network_id", 36))
            .col(optional_text("gateway_port_id", 36))
            .col(flag("enable_snat"))
            .col(document("routes"))
            .col(optional_text("agent_id", 36))
            .col(number("generation").default(0).take())
            .foreign_key(&mut restrict("routers", "gateway_network_id", "networks"))
            .foreign_key(&mut restrict("routers", "gateway_port_id", "ports"))
            .take();
        for table in [networks, subnets, ports, allocations, routers] {
            manager.create_table(table).await?;
        }
        let indexes = [
            index("networks", &["project_id"]),
            index("subnets", &["network_id"]),
            index("ports", &["network_id", "mac_address"]).unique().take(),
            index("ports", &["device_id"]),
            index("ip_allocations", &["port_id"]),
            index("routers", &["agent_id"]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
