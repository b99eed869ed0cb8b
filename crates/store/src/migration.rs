//! The schema, as numbered steps. A step that was released is never edited: another one follows it.

use sea_orm_migration::prelude::*;

mod m0001_networking;
mod m0002_vpn;
mod m0003_agents;
mod m0004_identity;
mod m0005_quotas;
mod m0006_identity;
mod m0007_network_attributes;
mod m0008_tags;
mod m0009_floating_ips;
mod m0011_flavors;
mod m0012_pages;
mod m0015_security_groups;
mod m0016_router_flavors;
mod m0017_tokens_of_users;
mod m0018_diagnostics;
mod m0019_reason_codes;
mod m0020_checks;
mod m0021_applied_documents;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_networking::Migration),
            Box::new(m0002_vpn::Migration),
            Box::new(m0003_agents::Migration),
            Box::new(m0004_identity::Migration),
            Box::new(m0005_quotas::Migration),
            Box::new(m0006_identity::Migration),
            Box::new(m0007_network_attributes::Migration),
            Box::new(m0008_tags::Migration),
            Box::new(m0009_floating_ips::Migration),
            Box::new(m0011_flavors::Migration),
            Box::new(m0012_pages::Migration),
            Box::new(m0015_security_groups::Migration),
            Box::new(m0016_router_flavors::Migration),
            Box::new(m0017_tokens_of_users::Migration),
            Box::new(m0018_diagnostics::Migration),
            Box::new(m0019_reason_codes::Migration),
            Box::new(m0020_checks::Migration),
            Box::new(m0021_applied_documents::Migration),
        ]
    }
}

/// A table with the columns that every resource has.
fn resource(name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(name)
        .col(ColumnDef::new("id").string_len(36).not_null().primary_key())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .col(ColumnDef::new("revision_number").big_integer().not_null());
    table
}

/// A resource that a project owns.
fn owned(name: &'static str) -> TableCreateStatement {
    let mut table = resource(name);
    table.col(text("project_id", 255)).col(text("name", 255)).col(text("description", 255));
    table
}

fn text(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).not_null().take()
}

fn optional_text(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).null().take()
}

/// A list or an object, as JSON.
fn document(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// A reference that keeps the other row from being deleted.
fn restrict(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    foreign_key(table, column, to, ForeignKeyAction::Restrict)
}

/// A reference that goes with the other row.
fn cascade(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    foreign_key(table, column, to, ForeignKeyAction::Cascade)
}

fn foreign_key(
    table: &'static str,
    column: &'static str,
    to: &'static str,
    action: ForeignKeyAction,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(table, column).to(to, "id").on_delete(action).take()
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_by_{}", columns.join("_and_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}
