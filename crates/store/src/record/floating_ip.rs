use adit_model::floating_ip::{Association, FloatingIp, FloatingIpStatus};
use adit_model::{FloatingIpId, ProjectId};
use sea_orm::entity::prelude::*;
use sea_orm::{QuerySelect, QueryTrait, Set};

use super::{Reader, Record, router};
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "floating_ips")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub description: String,
    pub network_id: String,
    pub address: String,
    pub own_port_id: String,
    pub port_id: Option<String>,
    pub fixed_ip: Option<String>,
    pub router_id: Option<String>,
    pub status: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for FloatingIp {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "floating IP";
    const TAGGED: bool = true;

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let association = match (&row.port_id, &row.fixed_ip, &row.router_id) {
            (Some(port), Some(fixed_ip), Some(router)) => Some(Association {
                port_id: read.parse("port", port)?,
                fixed_ip: read.parse("fixed address", fixed_ip)?,
                router_id: read.parse("router", router)?,
            }),
            (None, None, None) => None,
            _ => return Err(read.corrupt("association")),
        };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            description: row.description,
            network_id: read.parse("network", &row.network_id)?,
            address: read.parse("address", &row.address)?,
            own_port_id: read.parse("port of its own", &row.own_port_id)?,
            association,
            status: read.parse("status", &row.status)?,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, project_id, description, network_id, address, own_port_id, association, status } =
            self;
        let association = association.as_ref();
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            description: Set(description.clone()),
            network_id: Set(network_id.to_string()),
            address: Set(address.to_string()),
            own_port_id: Set(own_port_id.to_string()),
            port_id: Set(association.map(|association| association.port_id.to_string())),
            fixed_ip: Set(association.map(|association| association.fixed_ip.to_string())),
            router_id: Set(association.map(|association| association.router_id.to_string())),
            status: Set(status.to_string()),
            ..Default::default()
        })
    }
}

impl Table<'_, FloatingIp> {
    /// Writes what an agent said of a floating IP, without making a new revision of it: if it stands for the same still,
    /// and its router is of this generation. Returns whether that was so.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn set_status(
        &self,
        id: FloatingIpId,
        association: &Association,
        generation: u64,
        status: FloatingIpStatus,
    ) -> Result<bool> {
        let Association { port_id, fixed_ip, router_id } = association;
        let Ok(generation) = i64::try_from(generation) else { return Ok(false) };
        let router = router::Entity::find()
            .select_only()
            .column(router::Column::Id)
            .filter(router::Column::Id.eq(router_id.to_string()))
            .filter(router::Column::Generation.eq(generation))
            .into_query();
        let result = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status.as_str()))
            .filter(Column::Id.eq(id.to_string()))
            .filter(Column::PortId.eq(port_id.to_string()))
            .filter(Column::FixedIp.eq(fixed_ip.to_string()))
            .filter(Column::RouterId.in_subquery(router))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement("write the status of a floating IP"))?;
        Ok(result.rows_affected == 1)
    }
}
