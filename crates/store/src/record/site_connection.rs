use adit_model::site_connection::{Dpd, Selectors, SiteConnection};
use adit_model::{ProjectId, Psk, Reason, SiteConnectionId, Status};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Set};

use super::{Reader, Record, always};
use crate::history::Subject;
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "site_connections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub vpn_service_id: String,
    pub ike_policy_id: String,
    pub ipsec_policy_id: String,
    pub local_id: String,
    pub peer_address: String,
    pub peer_id: String,
    pub peer_cidrs: String,
    pub local_ep_group_id: Option<String>,
    pub peer_ep_group_id: Option<String>,
    pub mtu: i64,
    pub initiator: String,
    pub dpd_action: String,
    pub dpd_interval_secs: i64,
    pub dpd_timeout_secs: i64,
    pub sealed_psk: String,
    pub admin_state_up: bool,
    pub status: String,
    pub reason: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Record for SiteConnection {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "IPsec site connection";

    fn id(&self) -> String {
        self.id.to_string()
    }

    /// What all connections have in common is in no column.
    fn filter(name: &str, values: &[serde_json::Value]) -> Option<Condition> {
        let constant = match name {
            "route_mode" => "static",
            "auth_mode" => "psk",
            _ => return None,
        };
        Some(always(values.iter().any(|value| value == constant)))
    }

    fn from_row(row: Model, session: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let selectors = match (row.local_ep_group_id.as_deref(), row.peer_ep_group_id.as_deref()) {
            (Some(local), Some(peer)) => Selectors::EndpointGroups {
                local: read.parse("local endpoint group", local)?,
                peer: read.parse("peer endpoint group", peer)?,
            },
            _ => Selectors::ServiceSubnet { peer_cidrs: read.json("peer CIDR", &row.peer_cidrs)? },
        };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            vpn_service_id: read.parse("VPN service", &row.vpn_service_id)?,
            ike_policy_id: read.parse("IKE policy", &row.ike_policy_id)?,
            ipsec_policy_id: read.parse("IPsec policy", &row.ipsec_policy_id)?,
            local_id: row.local_id,
            peer_address: row.peer_address,
            peer_id: row.peer_id,
            selectors,
            mtu: read.number("MTU", row.mtu)?,
            initiator: read.parse("initiator", &row.initiator)?,
            dpd: Dpd {
                action: read.parse("DPD action", &row.dpd_action)?,
                interval: read.number("DPD interval", row.dpd_interval_secs)?,
                timeout: read.number("DPD timeout", row.dpd_timeout_secs)?,
            },
            psk: Psk::new(session.key.open(&row.id, &row.sealed_psk)?),
            admin_state_up: row.admin_state_up,
            status: read.parse("status", &row.status)?,
            reason: row.reason.as_deref().map(|text| read.json("reason", text)).transpose()?,
        })
    }

    fn to_row(&self, session: &Session) -> Result<ActiveModel> {
        let Self {
            id,
            project_id,
            name,
            description,
            vpn_service_id,
            ike_policy_id,
            ipsec_policy_id,
            local_id,
            peer_address,
            peer_id,
            selectors,
            mtu,
            initiator,
            dpd: Dpd { action, interval, timeout },
            psk,
            admin_state_up,
            status,
            reason,
        } = self;
        let (peer_cidrs, local_group, peer_group) = match selectors {
            Selectors::ServiceSubnet { peer_cidrs } => (peer_cidrs.as_slice(), None, None),
            Selectors::EndpointGroups { local, peer } => {
                (&[][..], Some(local.to_string()), Some(peer.to_string()))
            }
        };
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            vpn_service_id: Set(vpn_service_id.to_string()),
            ike_policy_id: Set(ike_policy_id.to_string()),
            ipsec_policy_id: Set(ipsec_policy_id.to_string()),
            local_id: Set(local_id.clone()),
            peer_address: Set(peer_address.clone()),
            peer_id: Set(peer_id.clone()),
            peer_cidrs: Set(super::json(&peer_cidrs)),
            local_ep_group_id: Set(local_group),
            peer_ep_group_id: Set(peer_group),
            mtu: Set((*mtu).into()),
            initiator: Set(initiator.to_string()),
            dpd_action: Set(action.to_string()),
            dpd_interval_secs: Set((*interval).into()),
            dpd_timeout_secs: Set((*timeout).into()),
            sealed_psk: Set(session.key.seal(&id.to_string(), psk.expose())?),
            admin_state_up: Set(*admin_state_up),
            status: Set(status.to_string()),
            reason: Set(reason.as_ref().map(super::json)),
            ..Default::default()
        })
    }
}

impl Table<'_, SiteConnection> {
    /// Writes what a gateway said, and adds it to the history, without making a new revision of it. A connection that is gone is left alone.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn set_status(
        &self,
        id: SiteConnectionId,
        status: Status,
        reason: Option<&Reason>,
    ) -> Result<()> {
        let written = Entity::update_many()
            .col_expr(Column::Status, Expr::value(status.as_str()))
            .col_expr(Column::Reason, Expr::value(reason.map(super::json)))
            .filter(Column::Id.eq(id.to_string()))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement("write the status of an IPsec site connection"))?;
        if written.rows_affected == 0 {
            return Ok(());
        }
        self.session.note_status(Subject::Connection(id), status, reason).await
    }
}
