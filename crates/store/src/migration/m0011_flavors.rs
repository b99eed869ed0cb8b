//! Flavors of services, service profiles, and which profiles a flavor has.

use sea_orm_migration::prelude::*;

use super::{cascade, flag, index, number, resource, restrict, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let flavors = resource("flavors")
            .col(text("name", 255))
            .col(text("description", 1024))
            .col(text("service_type", 36))
            .col(flag("enabled"))
            .take();
        let profiles = resource("service_profiles")
            .col(text("description", 1024))
            .col(text("driver", 1024))
            .col(flag("enabled"))
            .col(text("metainfo", 4096))
            .take();
        let bindings = Table::create()
            .table("flavor_service_profiles")
            .col(text("flavor_id", 36))
            .col(number("position"))
            .col(text("service_profile_id", 36))
            .primary_key(Index::create().col("flavor_id").col("position"))
            .foreign_key(&mut cascade("flavor_service_profiles", "flavor_id", "flavors"))
            .foreign_key(&mut restrict("flavor_service_profiles", "service_profile_id", "service_profiles"))
            .take();
        for table in [flavors, profiles, bindings] {
            manager.create_table(table).await?;
        }
        for index in
            [index("flavor_service_profiles", &["service_profile_id"]), index("vpn_services", &["flavor_id"])]
        {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
