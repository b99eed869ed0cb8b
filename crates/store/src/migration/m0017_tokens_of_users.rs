//! The tokens of a user in the order in which they end.

use sea_orm_migration::prelude::*;

use super::index;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("tokens", &["user_id", "expires_at", "digest"])).await?;
        // The new index does all that it did.
        manager.drop_index(Index::drop().name("tokens_by_user_id").table("tokens").to_owned()).await
    }
}
