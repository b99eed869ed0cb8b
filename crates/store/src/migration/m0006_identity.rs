//! What administrators manage beyond users and projects: regions, services, endpoints, application credentials, and
//! roles in domains and in the system.

use sea_orm_migration::prelude::*;

use super::{cascade, document, flag, index, number, optional_text, resource, restrict, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds no reference to a table that is there. Tokens live for an hour, so nobody misses them for long.
        manager.drop_table(Table::drop().table("tokens").take()).await?;
        for table in [
            regions(),
            services(),
            endpoints(),
            access_rules(),
            credentials(),
            in_domains(),
            in_system(),
            tokens(),
        ] {
            manager.create_table(table).await?;
        }
        let indexes = [
            index("endpoints", &["service_id"]),
            index("endpoints", &["region_id"]),
            index("regions", &["parent_region_id"]),
            index("access_rules", &["user_id", "service", "method", "path"]).unique().take(),
            index("application_credentials", &["user_id", "name"]).unique().take(),
            index("application_credentials", &["project_id"]),
            index("domain_role_assignments", &["domain_id"]),
            index("domain_role_assignments", &["role_id"]),
            index("system_role_assignments", &["role_id"]),
            index("tokens", &["user_id"]),
            index("tokens", &["project_id"]),
            index("tokens", &["domain_id"]),
            index("tokens", &["application_credential_id"]),
            index("tokens", &["expires_at"]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// Their ids are names, which may be longer than other ids.
fn regions() -> TableCreateStatement {
    Table::create()
        .table("regions")
        .col(text("id", 255).primary_key().take())
        .col(document("description"))
        .col(optional_text("parent_region_id", 255))
        .col(number("created_at"))
        .col(number("updated_at"))
        .col(number("revision_number"))
        .foreign_key(&mut cascade("regions", "parent_region_id", "regions"))
        .take()
}

fn services() -> TableCreateStatement {
    resource("services")
        .col(text("service_type", 255))
        .col(text("name", 255))
        .col(ColumnDef::new("description").text().null())
        .col(flag("enabled"))
        .take()
}

fn endpoints() -> TableCreateStatement {
    resource("endpoints")
        .col(text("service_id", 36))
        .col(text("interface", 8))
        .col(optional_text("region_id", 255))
        .col(document("url"))
        .col(flag("enabled"))
        .foreign_key(&mut cascade("endpoints", "service_id", "services"))
        .foreign_key(&mut restrict("endpoints", "region_id", "regions"))
        .take()
}

fn access_rules() -> TableCreateStatement {
    resource("access_rules")
        .col(text("user_id", 36))
        .col(text("service", 255))
        .col(text("method", 8))
        .col(text("path", 255))
        .foreign_key(&mut cascade("access_rules", "user_id", "users"))
        .take()
}

fn credentials() -> TableCreateStatement {
    resource("application_credentials")
        .col(text("user_id", 36))
        .col(text("project_id", 36))
        .col(text("name", 255))
        .col(ColumnDef::new("description").text().null())
        .col(text("secret_hash", 255))
        .col(document("role_ids"))
        .col(document("access_rule_ids"))
        .col(flag("unrestricted"))
        .col(ColumnDef::new("expires_at").big_integer().null())
        .foreign_key(&mut cascade("application_credentials", "user_id", "users"))
        .foreign_key(&mut cascade("application_credentials", "project_id", "projects"))
        .take()
}

fn in_domains() -> TableCreateStatement {
    Table::create()
        .table("domain_role_assignments")
        .col(text("user_id", 36))
        .col(text("domain_id", 36))
        .col(text("role_id", 36))
        .primary_key(Index::create().col("user_id").col("domain_id").col("role_id"))
        .foreign_key(&mut cascade("domain_role_assignments", "user_id", "users"))
        .foreign_key(&mut cascade("domain_role_assignments", "domain_id", "domains"))
        .foreign_key(&mut cascade("domain_role_assignments", "role_id", "roles"))
        .take()
}

fn in_system() -> TableCreateStatement {
    Table::create()
        .table("system_role_assignments")
        .col(text("user_id", 36))
        .col(text("role_id", 36))
        .primary_key(Index::create().col("user_id").col("role_id"))
        .foreign_key(&mut cascade("system_role_assignments", "user_id", "users"))
        .foreign_key(&mut cascade("system_role_assignments", "role_id", "roles"))
        .take()
}

fn tokens() -> TableCreateStatement {
    Table::create()
        .table("tokens")
        .col(text("digest", 64).primary_key().take())
        .col(text("user_id", 36))
        .col(optional_text("project_id", 36))
        .col(optional_text("domain_id", 36))
        .col(flag("of_system"))
        .col(optional_text("application_credential_id", 36))
        .col(document("methods"))
        .col(document("audit_ids"))
        .col(number("issued_at"))
        .col(number("expires_at"))
        .foreign_key(&mut cascade("tokens", "user_id", "users"))
        .foreign_key(&mut cascade("tokens", "project_id", "projects"))
        .foreign_key(&mut cascade("tokens", "domain_id", "domains"))
        .foreign_key(&mut cascade("tokens", "application_credential_id", "application_credentials"))
        .take()
}
