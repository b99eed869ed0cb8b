//! VPN policies, services, endpoint groups and site connections.

use sea_orm_migration::prelude::*;

use super::{cascade, document, flag, index, number, optional_text, owned, restrict, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ike_policies = owned("ike_policies")
            .col(text("ike_version", 8))
            .col(text("phase1_negotiation_mode", 16))
            .col(text("encryption_algorithm", 32))
            .col(text("auth_algorithm", 32))
            .col(text("pfs", 16))
            .col(number("lifetime_secs"))
            .take();
        let ipsec_policies = owned("ipsec_policies")
            .col(text("transform_protocol", 8))
            .col(text("encapsulation_mode", 16))
            .col(text("encryption_algorithm", 32))
            .col(text("auth_algorithm", 32))
            .col(text("pfs", 16))
            .col(number("lifetime_secs"))
            .take();
        let services = owned("vpn_services")
            .col(text("router_id", 36))
            .col(optional_text("subnet_id", 36))
            .col(optional_text("flavor_id", 36))
            .col(flag("admin_state_up"))
            .col(optional_text("external_v4_ip", 64))
            .col(optional_text("external_v6_ip", 64))
            .col(text("status", 16))
            .col(ColumnDef::new("reason").text().null())
            .foreign_key(&mut restrict("vpn_services", "router_id", "routers"))
            .foreign_key(&mut restrict("vpn_services", "subnet_id", "subnets"))
            .take();
        let groups = owned("endpoint_groups").col(text("endpoint_type", 16)).take();
        let members = Table::create()
            .table("endpoint_group_members")
            .col(text("endpoint_group_id", 36))
            .col(number("position"))
            .col(text("endpoint", 255))
            .primary_key(Index::create().col("endpoint_group_id").col("position"))
            .foreign_key(&mut cascade("endpoint_group_members", "endpoint_group_id", "endpoint_groups"))
            .take();
        let connections = owned("site_connections")
            .col(text("vpn_service_id", 36))
            .col(text("ike_policy_id", 36))
            .col(text("ipsec_policy_id", 36))
            .col(text("local_id", 255))
            .col(text("peer_address", 255))
            .col(text("peer_id", 255))
            .col(document("peer_cidrs"))
            .col(optional_text("local_ep_group_id", 36))
            .col(optional_text("peer_ep_group_id", 36))
            .col(number("mtu"))
            .col(text("initiator", 16))
            .col(text("dpd_action", 16))
            .col(number("dpd_interval_secs"))
            .col(number("dpd_timeout_secs"))
            .col(document("sealed_psk"))
            .col(flag("admin_state_up"))
            .col(text("status", 16))
            .col(ColumnDef::new("reason").text().null())
            .foreign_key(&mut restrict("site_connections", "vpn_service_id", "vpn_services"))
            .foreign_key(&mut restrict("site_connections", "ike_policy_id", "ike_policies"))
            .foreign_key(&mut restrict("site_connections", "ipsec_policy_id", "ipsec_policies"))
            .foreign_key(&mut restrict("site_connections", "local_ep_group_id", "endpoint_groups"))
            .foreign_key(&mut restrict("site_connections", "peer_ep_group_id", "endpoint_groups"))
            .take();
        for table in [ike_policies, ipsec_policies, services, groups, members, connections] {
            manager.create_table(table).await?;
        }
        let indexes = [
            index("vpn_services", &["router_id"]),
            index("endpoint_group_members", &["endpoint"]),
            index("site_connections", &["vpn_service_id"]),
            index("site_connections", &["ike_policy_id"]),
            index("site_connections", &["ipsec_policy_id"]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
