//! Reasons by the words that the documentation has for them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// The words of before, and those of now.
const WORDS: [(&str, &str); 11] = [
    ("peer-silent", "peer-unreachable"),
    ("authentication-failed", "auth-failed"),
    ("identity-mismatch", "peer-identity-mismatch"),
    ("ike-proposal-mismatch", "no-proposal-ike"),
    ("ipsec-proposal-mismatch", "no-proposal-esp"),
    ("traffic-selector-mismatch", "selectors-refused"),
    ("peer-unresolved", "peer-name-unresolved"),
    ("closed-by-peer", "peer-deleted"),
    ("no-external-address", "gateway-missing"),
    ("unsupported", "unsupported-by-gateway"),
    ("agent-silent", "agent-offline"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["vpn_services", "site_connections", "status_changes"] {
            for (before, now) in WORDS {
                // A reason is a JSON object that the store writes itself, always in this form.
                let [before, now] = [before, now].map(|word| format!(r#"{{"code":"{word}","#));
                let replaced = Func::cust("replace").arg(Expr::col("reason")).arg(before).arg(now);
                let update = Query::update().table(table).value("reason", replaced).to_owned();
                manager.get_connection().execute(&update).await?;
            }
        }
        Ok(())
    }
}
