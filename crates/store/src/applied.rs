//! What the agent of a router has last said of how far the router's document is in force on its node.

use std::collections::BTreeSet;

use adit_model::{AgentId, Reason, Router, RouterId, SiteConnectionId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use crate::record::json;
use crate::{Error, Result, Session, Table};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "applied_documents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub router_id: String,
        pub agent_id: String,
        pub generation: i64,
        pub error: Option<String>,
        pub failure: Option<String>,
        pub outdated: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use row::{ActiveModel, Column, Entity, Model};

/// What an agent has made of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The agent that says so.
    pub agent_id: AgentId,
    /// Which document.
    pub generation: u64,
    /// Why the router is not, or not wholly, as the document has it.
    pub error: Option<Reason>,
    /// Why its tunnels are not what the document asks for.
    pub failure: Option<Reason>,
    /// Site connections that have SAs of what they were before; some of them may have been deleted.
    pub outdated: BTreeSet<SiteConnectionId>,
}

impl Applied {
    fn read(row: Model) -> Result<Self> {
        let Model { router_id, agent_id, generation, error, failure, outdated } = row;
        let corrupt = |what| Error::Corrupt { noun: "applied document", id: router_id.clone(), what };
        let reason = |text: Option<String>| text.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            agent_id: agent_id.parse().map_err(|_| corrupt("agent"))?,
            generation: generation.try_into().map_err(|_| corrupt("generation"))?,
            error: reason(error).map_err(|_| corrupt("error"))?,
            failure: reason(failure).map_err(|_| corrupt("failure"))?,
            outdated: serde_json::from_str(&outdated).map_err(|_| corrupt("outdated"))?,
        })
    }
}

impl Table<'_, Router> {
    /// What was last said of a router's document, if anything was since its agent has started.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn applied(&self, router: RouterId) -> Result<Option<Applied>> {
        let found = Entity::find_by_id(router.to_string()).one(&self.session.transaction).await;
        found.map_err(Error::statement("find what was made of a document"))?.map(Applied::read).transpose()
    }

    /// Writes down what is said of a router's document.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Referenced`].
    pub async fn put_applied(&self, router: RouterId, applied: &Applied) -> Result<()> {
        let Applied { agent_id, generation, error, failure, outdated } = applied;
        let row = ActiveModel {
            router_id: Set(router.to_string()),
            agent_id: Set(agent_id.to_string()),
            generation: Set(i64::try_from(*generation).unwrap_or(i64::MAX)),
            error: Set(error.as_ref().map(json)),
            failure: Set(failure.as_ref().map(json)),
            outdated: Set(json(outdated)),
        };
        let replace = OnConflict::column(Column::RouterId)
            .update_columns([
                Column::AgentId,
                Column::Generation,
                Column::Error,
                Column::Failure,
                Column::Outdated,
            ])
            .to_owned();
        Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.session.transaction)
            .await
            .map_err(Error::statement("write down what was made of a document"))?;
        Ok(())
    }
}

impl Session {
    /// What processes of an agent have said before is not known to be so any more.
    pub(crate) async fn forget_applied(&self, agent: AgentId) -> Result<()> {
        Entity::delete_many()
            .filter(Column::AgentId.eq(agent.to_string()))
            .exec(&self.transaction)
            .await
            .map_err(Error::statement("forget what was made of documents"))?;
        Ok(())
    }
}
