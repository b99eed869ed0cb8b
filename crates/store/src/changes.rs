//! The change log: which routers an agent must look at again. It is written in the same transaction as the change
//! itself, and read in order, so that an agent that lost a wake-up, or its server, misses nothing.

use std::collections::BTreeSet;

use adit_model::{AgentId, RouterId};
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait, QueryOrder, Set};

use crate::record::insert_all;
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

/// What a session will append to the log when it is committed.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    touched: BTreeSet<RouterId>,
    announced: BTreeSet<(RouterId, AgentId)>,
}

impl Session {
    /// Notes that a router is to be looked at again by its agent: a new generation of it, once the session is committed.
    pub fn touch(&self, router: RouterId) {
        self.pending().touched.insert(router);
    }

    /// Notes that an agent is to look at a router again, also one that it has no more.
    pub fn announce(&self, router: RouterId, agent: AgentId) {
        self.pending().announced.insert((router, agent));
    }

    /// Writes down what was noted. It is the last that a session does: the generations are locked in the order of the
    /// routers' ids, then the head of the log, and nothing is waited for after that. So sessions that touch the same
    /// routers never wait for each other in a circle, in whatever order they thought of them.
    pub(crate) async fn append_changes(&self) -> Result<()> {
        let Pending { touched, mut announced } = std::mem::take(&mut *self.pending());
        for router in touched {
            let agent = self.table::<adit_model::Router>().bump(router).await?;
            announced.extend(agent.map(|agent| (router, agent)));
        }
        let Ok(count @ 1..) = i64::try_from(announced.len()) else { return Ok(()) };
        let doing = || Error::statement("append to the change log");
        let heads = head::Entity::update_many()
            .col_expr(head::Column::Revision, Expr::col(head::Column::Revision).add(count))
            .exec_with_returning(&self.transaction)
            .await
            .map_err(doing())?;
        let [head::Model { revision: newest, .. }] = heads[..] else {
            return Err(Error::Vanished { doing: "append to the change log".to_owned() });
        };
        let rows =
            (newest - count + 1..).zip(announced).map(|(revision, (router, agent))| change::ActiveModel {
                revision: Set(revision),
                router_id: Set(router.to_string()),
                agent_id: Set(agent.to_string()),
            });
        insert_all(rows.collect(), self).await.map_err(doing())?;
        if newest / FORGOTTEN_TOGETHER != (newest - count) / FORGOTTEN_TOGETHER {
            change::Entity::delete_many()
                .filter(change::Column::Revision.lte(newest - KEPT))
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
