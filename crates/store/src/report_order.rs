//! Which report of an agent was the last to be taken: on the way, an older one may be overtaken by a newer one.

use adit_model::AgentId;
use sea_orm::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use uuid::Uuid;

use crate::record::agent::Agent;
use crate::{Error, Result, Table};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "report_order")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub agent_id: String,
        pub incarnation: String,
        pub number: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Whether a report is the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is newer than all that were taken.
    Newest,
    /// A newer one was taken already.
    Overtaken,
    /// It is of a process of the agent that another one has taken over from.
    OfAnother,
}

impl Table<'_, Agent> {
    /// A process of an agent begins: reports of those before it count no more, and what they said of documents is not
    /// known to be so any more.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Referenced`].
    pub async fn begin_reports(&self, agent: AgentId, incarnation: Uuid) -> Result<()> {
        self.put_order(agent, incarnation, 0).await?;
        self.session.forget_applied(agent).await
    }

    /// Takes the next place in the order of an agent's reports. Until the session ends, nobody else reports as this agent.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Referenced`].
    pub async fn take_turn(&self, agent: AgentId, incarnation: Uuid, number: u64) -> Result<Turn> {
        let doing = || Error::statement("find the place of an agent's report");
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let taken = row::Entity::update_many()
            .col_expr(row::Column::Number, Expr::value(number))
            .filter(row::Column::AgentId.eq(agent.to_string()))
            .filter(row::Column::Incarnation.eq(incarnation.to_string()))
            .filter(row::Column::Number.lt(number))
            .exec(&self.session.transaction)
            .await
            .map_err(doing())?;
        if taken.rows_affected == 1 {
            return Ok(Turn::Newest);
        }
        let last = row::Entity::find_by_id(agent.to_string())
            .one(&self.session.transaction)
            .await
            .map_err(doing())?;
        match last {
            Some(last) if last.incarnation == incarnation.to_string() => Ok(Turn::Overtaken),
            Some(_) => Ok(Turn::OfAnother),
            // It said hello to a server of before, which counted no reports.
            None => {
                self.put_order(agent, incarnation, number).await?;
                Ok(Turn::Newest)
            }
        }
    }

    async fn put_order(&self, agent: AgentId, incarnation: Uuid, number: i64) -> Result<()> {
        let row = row::ActiveModel {
            agent_id: Set(agent.to_string()),
            incarnation: Set(incarnation.to_string()),
            number: Set(number),
        };
        let replace = OnConflict::column(row::Column::AgentId)
            .update_columns([row::Column::Incarnation, row::Column::Number])
            .to_owned();
        row::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.session.transaction)
            .await
            .map_err(Error::statement("write down the order of an agent's reports"))?;
        Ok(())
    }
}
