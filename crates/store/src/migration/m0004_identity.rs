//! Domains, projects, users, roles and tokens.

use sea_orm_migration::prelude::*;

use super::{cascade, document, flag, index, number, optional_text, resource, restrict, text};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let domains = resource("domains")
            .col(text("name", 255).unique_key().take())
            .col(document("description"))
            .col(flag("enabled"))
            .take();
        let projects = resource("projects")
            .col(text("domain_id", 36))
            .col(text("name", 255))
            .col(document("description"))
            .col(flag("enabled"))
            .col(document("tags"))
            .foreign_key(&mut restrict("projects", "domain_id", "domains"))
            .take();
        let users = resource("users")
            .col(text("domain_id", 36))
            .col(text("name", 255))
            .col(flag("enabled"))
            .col(optional_text("password_hash", 255))
            .col(optional_text("default_project_id", 36))
            .col(optional_text("email", 255))
            .col(ColumnDef::new("description").text().null())
            .foreign_key(&mut restrict("users", "domain_id", "domains"))
            .take();
        let roles = resource("roles")
            .col(text("name", 255).unique_key().take())
            .col(ColumnDef::new("description").text().null())
            .col(flag("immutable"))
            .take();
        let assignments = Table::create()
            .table("role_assignments")
            .col(text("user_id", 36))
            .col(text("project_id", 36))
            .col(text("role_id", 36))
            .primary_key(Index::create().col("user_id").col("project_id").col("role_id"))
            .foreign_key(&mut cascade("role_assignments", "user_id", "users"))
            .foreign_key(&mut cascade("role_assignments", "project_id", "projects"))
            .foreign_key(&mut cascade("role_assignments", "role_id", "roles"))
            .take();
        let tokens = Table::create()
            .table("tokens")
            .col(text("digest", 64).primary_key().take())
            .col(text("user_id", 36))
            .col(optional_text("project_id", 36))
            .col(document("methods"))
            .col(document("audit_ids"))
            .col(number("issued_at"))
            .col(number("expires_at"))
            .foreign_key(&mut cascade("tokens", "user_id", "users"))
            .foreign_key(&mut cascade("tokens", "project_id", "projects"))
            .take();
        for table in [domains, projects, users, roles, assignments, tokens] {
            manager.create_table(table).await?;
        }
        let indexes = [
            index("projects", &["domain_id", "name"]).unique().take(),
            index("users", &["domain_id", "name"]).unique().take(),
            index("role_assignments", &["project_id"]),
            index("role_assignments", &["role_id"]),
            index("tokens", &["user_id"]),
            index("tokens", &["project_id"]),
            index("tokens", &["expires_at"]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
