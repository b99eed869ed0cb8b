//! The change log: which routers an agent must look at again. It is written in the same transaction as the change
//! itself, and read in order, so that an agent that lost a wake-up, or its server, misses nothing.

use std::collections::BTreeSet;

use adit_model::{AgentId, RouterId};
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait, QueryOrder, Set};

use crate::{Error, Result, Session};

mod change {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "changes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub revision: i64,
        pub router_id: String,
        pub agent_id: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One row: the newest revision. Raising it locks the row until the transaction ends, so that revisions are committed
/// in their order on PostgreSQL too, and no reader can see a revision before the ones below it.
mod head {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "change_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub revision: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How many changes are kept: an agent that is further behind lists everything again.
const KEPT: i64 = 10_000;
/// How many older ones may be there before they are forgotten: every change would pay for that otherwise.
const FORGOTTEN_TOGETHER: i64 = 100;

/// What is new for an agent.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// The routers to look at again, and the revision to ask after next time.
    Since {
        /// Of the newest change.
        revision: u64,
        /// Each once.
        routers: BTreeSet<RouterId>,
    },
    /// The log does not reach back that far, or has never been there.
    Unknown,
}

impl Session {
    /// Notes that a router is to be looked at again by its agent: a new generation of it.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn touch(&self, router: RouterId) -> Result<()> {
        self.touch_all([router]).await
    }

    /// As [`Self::touch`], for several routers. All of them are locked before the head of the log is: a session that had
    /// the head and wanted a router could wait for one that has the router and wants the head.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn touch_all(&self, routers: impl IntoIterator<Item = RouterId>) -> Result<()> {
        let mut agents = Vec::new();
        for router in routers.into_iter().collect::<BTreeSet<_>>() {
            let agent = self.table::<adit_model::Router>().bump(router).await?;
            agents.extend(agent.map(|agent| (router, agent)));
        }
        for (router, agent) in agents {
            self.announce(router, agent).await?;
        }
        Ok(())
    }

    /// Notes that an agent is to look at a router again, also one that it has no more.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn announce(&self, router: RouterId, agent: AgentId) -> Result<()> {
        let doing = || Error::statement("append to the change log");
        let heads = head::Entity::update_many()
            .col_expr(head::Column::Revision, Expr::col(head::Column::Revision).add(1_i64))
            .exec_with_returning(&self.transaction)
            .await
            .map_err(doing())?;
        let [head::Model { revision, .. }] = heads[..] else {
            return Err(Error::Vanished { doing: "append to the change log".to_owned() });
        };
        let row = change::ActiveModel {
            revision: Set(revision),
            router_id: Set(router.to_string()),
            agent_id: Set(agent.to_string()),
        };
        change::Entity::insert(row).exec_without_returning(&self.transaction).await.map_err(doing())?;
        if revision % FORGOTTEN_TOGETHER == 0 {
            change::Entity::delete_many()
                .filter(change::Column::Revision.lte(revision - KEPT))
                .exec(&self.transaction)
                .await
                .map_err(doing())?;
        }
        Ok(())
    }

    /// The newest revision.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn revision(&self) -> Result<u64> {
        Ok(self.newest().await?.unsigned_abs())
    }

    /// What is new for `agent` since `after`.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn news(&self, agent: AgentId, after: u64) -> Result<News> {
        let newest = self.newest().await?;
        let Some(after) =
            i64::try_from(after).ok().filter(|after| *after <= newest && *after >= newest - KEPT)
        else {
            return Ok(News::Unknown);
        };
        let rows = change::Entity::find()
            .filter(change::Column::Revision.gt(after))
            .filter(change::Column::AgentId.eq(agent.to_string()))
            .order_by_asc(change::Column::Revision)
            .all(&self.transaction)
            .await
            .map_err(Error::statement("read the change log"))?;
        let corrupt = |id: &str| Error::Corrupt { noun: "change", id: id.to_owned(), what: "router" };
        let routers = rows.iter().map(|row| row.router_id.parse().map_err(|_| corrupt(&row.router_id)));
        Ok(News::Since { revision: newest.unsigned_abs(), routers: routers.collect::<Result<_>>()? })
    }

    async fn newest(&self) -> Result<i64> {
        let row = head::Entity::find()
            .one(&self.transaction)
            .await
            .map_err(Error::statement("read the head of the change log"))?;
        Ok(row.map_or(0, |row| row.revision))
    }
}
