//! Agents as the store keeps them.

use adit_model::AgentId;
use jiff::Timestamp;
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::{Reader, Record, Stored};
use crate::{Error, Result, Session, Table};

/// An agent on a gateway node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its identity.
    pub id: AgentId,
    /// Name of its node; unique.
    pub host: String,
    /// Zone for schedulers.
    pub availability_zone: String,
    /// Free text.
    pub description: Option<String>,
    /// An agent that is down gets no new routers.
    pub admin_state_up: bool,
    /// `kernel` or `userspace`.
    pub data_plane: String,
    /// Physical networks that the node is joined to.
    pub physical_networks: Vec<String>,
    /// When its process said hello.
    pub started_at: Timestamp,
    /// When it was last heard of.
    pub heartbeat_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "agents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub host: String,
    pub availability_zone: String,
    pub description: Option<String>,
    pub admin_state_up: bool,
    pub data_plane: String,
    pub physical_networks: String,
    pub started_at: i64,
    pub heartbeat_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Agent {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "agent";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let time = |what, micros| Timestamp::from_microsecond(micros).map_err(|_| read.corrupt(what));
        Ok(Self {
            id: read.parse("id", &row.id)?,
            physical_networks: read.json("physical network", &row.physical_networks)?,
            started_at: time("start", row.started_at)?,
            heartbeat_at: time("heartbeat", row.heartbeat_at)?,
            host: row.host,
            availability_zone: row.availability_zone,
            description: row.description,
            admin_state_up: row.admin_state_up,
            data_plane: row.data_plane,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            host,
            availability_zone,
            description,
            admin_state_up,
            data_plane,
            physical_networks,
            started_at,
            heartbeat_at,
        } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            host: Set(host.clone()),
            availability_zone: Set(availability_zone.clone()),
            description: Set(description.clone()),
            admin_state_up: Set(*admin_state_up),
            data_plane: Set(data_plane.clone()),
            physical_networks: Set(super::json(physical_networks)),
            started_at: Set(started_at.as_microsecond()),
            heartbeat_at: Set(heartbeat_at.as_microsecond()),
            ..Default::default()
        })
    }

    /// Agents belong to the operator: projects see none.
    fn visible_to(_: &adit_model::ProjectId) -> sea_orm::Condition {
        super::always(false)
    }
}

impl Table<'_, Agent> {
    /// The agent of a node.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn of_host(&self, host: &str) -> Result<Option<Stored<Agent>>> {
        let row = Entity::find()
            .filter(Column::Host.eq(host))
            .one(&self.session.transaction)
            .await
            .map_err(Error::statement("find the agent of a node"))?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    /// Notes a sign of life, without making a new revision of it. Returns whether there is such an agent.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn heard_of(&self, id: AgentId) -> Result<bool> {
        let result = Entity::update_many()
            .col_expr(Column::HeartbeatAt, Expr::value(self.session.now().as_microsecond()))
            .filter(Column::Id.eq(id.to_string()))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement("note an agent's sign of life"))?;
        Ok(result.rows_affected == 1)
    }
}
