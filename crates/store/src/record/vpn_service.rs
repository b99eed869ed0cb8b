use std::net::{Ipv4Addr, Ipv6Addr};

use adit_model::{ProjectId, Reason, Status, VpnService, VpnServiceId};
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait, Set};

use super::{Reader, Record};
use crate::history::Subject;
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "vpn_services")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub router_id: String,
    pub subnet_id: Option<String>,
    pub flavor_id: Option<String>,
    pub admin_state_up: bool,
    pub external_v4_ip: Option<String>,
    pub external_v6_ip: Option<String>,
    pub status: String,
    pub reason: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for VpnService {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "VPN service";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            router_id: read.parse("router", &row.router_id)?,
            subnet_id: read.parse_option("subnet", row.subnet_id.as_deref())?,
            flavor_id: read.parse_option("flavor", row.flavor_id.as_deref())?,
            admin_state_up: row.admin_state_up,
            external_v4_ip: read.parse_option("address", row.external_v4_ip.as_deref())?,
            external_v6_ip: read.parse_option("address", row.external_v6_ip.as_deref())?,
            status: read.parse("status", &row.status)?,
            reason: row.reason.as_deref().map(|text| read.json("reason", text)).transpose()?,
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            project_id,
            name,
            description,
            router_id,
            subnet_id,
            flavor_id,
            admin_state_up,
            external_v4_ip,
            external_v6_ip,
            status,
            reason,
        } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            router_id: Set(router_id.to_string()),
            subnet_id: Set(subnet_id.map(|id| id.to_string())),
            flavor_id: Set(flavor_id.map(|id| id.to_string())),
            admin_state_up: Set(*admin_state_up),
            external_v4_ip: Set(external_v4_ip.map(|address| address.to_string())),
            external_v6_ip: Set(external_v6_ip.map(|address| address.to_string())),
            status: Set(status.to_string()),
            reason: Set(reason.as_ref().map(super::json)),
            ..Default::default()
        })
    }
}

impl Table<'_, VpnService> {
    /// Writes what a gateway said, and adds it to the history, without making a new revision of it. A service that is gone is left alone.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn set_status(&self, id: VpnServiceId, status: Status, reason: Option<&Reason>) -> Result<()> {
        let written = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status.as_str()))
            .col_expr(Column::Reason, Expr::value(reason.map(super::json)))
            .filter(Column::Id.eq(id.to_string()))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement("write the status of a VPN service"))?;
        if written.rows_affected == 0 {
            return Ok(());
        }
        self.session.note_status(Subject::Service(id), status, reason).await
    }

    /// Writes which addresses the gateway of these services has now, as a new revision of each, and nothing else of them.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn set_external_addresses(
        &self,
        services: &[VpnServiceId],
        v4: Option<Ipv4Addr>,
        v6: Option<Ipv6Addr>,
    ) -> Result<()> {
        for id in services {
            Entity::update_many()
                .col_expr(Column::ExternalV4Ip, Expr::value(v4.map(|address| address.to_string())))
                .col_expr(Column::ExternalV6Ip, Expr::value(v6.map(|address| address.to_string())))
                .col_expr(Column::UpdatedAt, Expr::value(self.session.now().as_microsecond()))
                .col_expr(Column::RevisionNumber, Expr::col(Column::RevisionNumber).add(1_i64))
                .filter(Column::Id.eq(id.to_string()))
                .exec(&self.session.transaction)
                .await
                .map_err(Error::statement("write the addresses of a VPN service"))?;
        }
        Ok(())
    }
}
