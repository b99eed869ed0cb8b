use adit_model::router::{Gateway, Router};
use adit_model::{AgentId, ProjectId, RouterId};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ExprTrait, QueryOrder, Set};

use super::{Reader, Record};
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "routers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub admin_state_up: bool,
    pub gateway_network_id: Option<String>,
    pub gateway_port_id: Option<String>,
    pub enable_snat: bool,
    pub routes: String,
    pub availability_zone_hints: String,
    pub flavor_id: Option<String>,
    pub agent_id: Option<String>,
    pub generation: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for Router {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "router";
    const TAGGED: bool = true;
    const ALIKE: &[&str] = &["status"];
    /// Whatever makes a new generation of a router writes to its row, last of all, whether it has the router locked or
    /// not.
    const LOCKED_BY_NAME: bool = true;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let gateway = match (row.gateway_network_id.as_deref(), row.gateway_port_id.as_deref()) {
            (Some(network), Some(port)) => Some(Gateway {
                network_id: read.parse("gateway network", network)?,
                port_id: read.parse("gateway port", port)?,
                enable_snat: row.enable_snat,
            }),
            _ => None,
        };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            admin_state_up: row.admin_state_up,
            gateway,
            routes: read.json("route", &row.routes)?,
            availability_zone_hints: read.json("availability zone hint", &row.availability_zone_hints)?,
            flavor_id: read.parse_option("flavor", row.flavor_id.as_deref())?,
            agent_id: read.parse_option("agent", row.agent_id.as_deref())?,
            generation: read.number("generation", row.generation)?,
        })
    }

    /// Every router is `ACTIVE`.
    fn filter(name: &str, values: &[serde_json::Value]) -> Option<Condition> {
        (name == "status").then(|| super::always(values.iter().any(|value| value == "ACTIVE")))
    }

    /// Without agent and generation, which have statements of their own: an update of a router that was read before
    /// must not put them back.
    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            project_id,
            name,
            description,
            admin_state_up,
            gateway,
            routes,
            availability_zone_hints,
            flavor_id,
            agent_id: _,
            generation: _,
        } = self;
        let gateway = gateway.as_ref();
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            admin_state_up: Set(*admin_state_up),
            gateway_network_id: Set(gateway.map(|gateway| gateway.network_id.to_string())),
            gateway_port_id: Set(gateway.map(|gateway| gateway.port_id.to_string())),
            enable_snat: Set(gateway.is_none_or(|gateway| gateway.enable_snat)),
            routes: Set(super::json(routes)),
            availability_zone_hints: Set(super::json(availability_zone_hints)),
            flavor_id: Set(flavor_id.map(|id| id.to_string())),
            ..Default::default()
        })
    }
}

impl Table<'_, Router> {
    /// Gives a router to an agent, or to none, if `from` has it now. Returns whether it had.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn assign(&self, router: RouterId, from: Option<AgentId>, to: Option<AgentId>) -> Result<bool> {
        let text = |agent: Option<AgentId>| agent.map(|id| id.to_string());
        let is_hosted = match text(from) {
            Some(from) => Column::AgentId.eq(from),
            None => Column::AgentId.is_null(),
        };
        let result = Entity::update_many()
            .col_expr(Column::AgentId, Expr::value(text(to)))
            .filter(Column::Id.eq(router.to_string()))
            .filter(is_hosted)
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement("assign a router to an agent"))?;
        Ok(result.rows_affected == 1)
    }

    /// Removes a router, and what belongs to it alone; returns the agent that has it at that moment.
    ///
    /// # Errors
    /// As [`Self::delete`], [`Error::Corrupt`].
    pub async fn remove(&self, router: RouterId) -> Result<Option<AgentId>> {
        let doing = "delete a router";
        let id = router.to_string();
        let rows = Entity::delete_many()
            .filter(Column::Id.eq(id.as_str()))
            .exec_with_returning(&self.session.transaction)
            .await
            .map_err(Error::statement(doing))?;
        let [row] = rows.as_slice() else { return Err(Error::Vanished { doing: doing.to_owned() }) };
        self.forget_tags(&id).await?;
        Reader { noun: Router::NOUN, id: &id }.parse_option("agent", row.agent_id.as_deref())
    }

    /// Routers that no agent has, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn unassigned(&self) -> Result<Vec<RouterId>> {
        let rows = Entity::find()
            .filter(Column::AgentId.is_null())
            .order_by_asc(Column::Id)
            .all(&self.session.transaction)
            .await
            .map_err(Error::statement("list routers without an agent"))?;
        rows.iter().map(|row| Reader { noun: Router::NOUN, id: &row.id }.parse("id", &row.id)).collect()
    }

    /// A new generation of what the router's agent must do; returns the agent.
    pub(crate) async fn bump(&self, router: RouterId) -> Result<Option<AgentId>> {
        let rows = Entity::update_many()
            .col_expr(Column::Generation, Expr::col(Column::Generation).add(1_i64))
            .filter(Column::Id.eq(router.to_string()))
            .exec_with_returning(&self.session.transaction)
            .await
            .map_err(Error::statement("bump the generation of a router"))?;
        let agent = rows.first().and_then(|row| row.agent_id.as_deref());
        Reader { noun: Router::NOUN, id: &router.to_string() }.parse_option("agent", agent)
    }
}
