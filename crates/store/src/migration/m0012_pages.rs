//! Indexes in the order of lists, so that a page is read without what comes before or after it: as a project sees its
//! objects, and as an administrator sees everybody's.

use sea_orm_migration::prelude::*;

use super::index;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const TABLES: [&str; 10] = [
    "networks",
    "subnets",
    "ports",
    "routers",
    "floating_ips",
    "ike_policies",
    "ipsec_policies",
    "vpn_services",
    "endpoint_groups",
    "site_connections",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.create_index(index(table, &["project_id", "created_at", "id"])).await?;
            manager.create_index(index(table, &["created_at", "id"])).await?;
        }
        // The first index of their table does all that these did.
        for (name, table) in
            [("networks_by_project_id", "networks"), ("floating_ips_by_project_id", "floating_ips")]
        {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        Ok(())
    }
}
