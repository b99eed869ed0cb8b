//! What gateways said of VPN services and site connections over time, and of the SAs that they see.

use std::collections::BTreeMap;

use adit_model::security_association::{IkeSa, Observation};
use adit_model::{Reason, SiteConnection, SiteConnectionId, Status, VpnService, VpnServiceId};
use jiff::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{QueryOrder, QuerySelect, Set};

use crate::record::{AT_ONCE, json};
use crate::{Error, Result, Session, Table};

/// How many changes of an object are kept.
pub const KEPT: usize = 50;

mod change {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "status_changes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub vpn_service_id: Option<String>,
        pub site_connection_id: Option<String>,
        pub at: i64,
        pub since: i64,
        pub status: String,
        pub reason: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod observation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "observations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub site_connection_id: String,
        pub observed_at: i64,
        pub ike_sas: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a gateway said once, when it was something else than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// When it said so.
    pub at: Timestamp,
    /// Since when it has had this status, whatever the reasons were.
    pub since: Timestamp,
    /// What it said.
    pub status: Status,
    /// Why.
    pub reason: Option<Reason>,
}

/// Whose status it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    Service(VpnServiceId),
    Connection(SiteConnectionId),
}

impl Subject {
    fn column(self) -> (change::Column, String) {
        match self {
            Self::Service(id) => (change::Column::VpnServiceId, id.to_string()),
            Self::Connection(id) => (change::Column::SiteConnectionId, id.to_string()),
        }
    }
}

impl Session {
    /// Adds to the history of an object that is there, and forgets what is too old.
    pub(crate) async fn note_status(
        &self,
        subject: Subject,
        status: Status,
        reason: Option<&Reason>,
    ) -> Result<()> {
        let doing = || Error::statement("write down a change of status");
        let (column, id) = subject.column();
        let kept = change::Entity::find()
            .filter(column.eq(&id))
            .order_by_desc(change::Column::Id)
            .limit(KEPT as u64)
            .all(&self.transaction)
            .await
            .map_err(doing())?;
        let now = self.now().as_microsecond();
        let before = kept.first().filter(|before| before.status == status.as_str());
        let since = before.map_or(now, |before| before.since);
        let mut row = change::ActiveModel {
            at: Set(now),
            since: Set(since),
            status: Set(status.to_string()),
            reason: Set(reason.map(json)),
            ..Default::default()
        };
        row.set(column, id.as_str().into());
        change::Entity::insert(row).exec_without_returning(&self.transaction).await.map_err(doing())?;
        let Some(oldest) = kept.get(KEPT - 1) else { return Ok(()) };
        change::Entity::delete_many()
            .filter(column.eq(&id))
            .filter(change::Column::Id.lte(oldest.id))
            .exec(&self.transaction)
            .await
            .map_err(doing())?;
        Ok(())
    }

    async fn history(&self, subject: Subject) -> Result<Vec<StatusChange>> {
        let (column, id) = subject.column();
        let rows = change::Entity::find()
            .filter(column.eq(&id))
            .order_by_desc(change::Column::Id)
            .all(&self.transaction)
            .await
            .map_err(Error::statement("list the changes of a status"))?;
        rows.into_iter().map(|row| StatusChange::read(&row, &id)).collect()
    }
}

impl StatusChange {
    fn read(row: &change::Model, id: &str) -> Result<Self> {
        let corrupt = |what| Error::Corrupt { noun: "change of status", id: id.to_owned(), what };
        let time = |micros, what| Timestamp::from_microsecond(micros).map_err(|_| corrupt(what));
        let reason = row.reason.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            at: time(row.at, "time")?,
            since: time(row.since, "time")?,
            status: row.status.parse().map_err(|_| corrupt("status"))?,
            reason: reason.map_err(|_| corrupt("reason"))?,
        })
    }
}

impl Table<'_, VpnService> {
    /// The last 50 changes of a service's status, newest first.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn history(&self, id: VpnServiceId) -> Result<Vec<StatusChange>> {
        self.session.history(Subject::Service(id)).await
    }
}

impl Table<'_, SiteConnection> {
    /// The last 50 changes of a connection's status, newest first.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn history(&self, id: SiteConnectionId) -> Result<Vec<StatusChange>> {
        self.session.history(Subject::Connection(id)).await
    }

    /// Keeps what was observed of a connection that is there, in place of what was observed before.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Referenced`].
    pub async fn observe(&self, id: SiteConnectionId, observation: &Observation) -> Result<()> {
        let row = observation::ActiveModel {
            site_connection_id: Set(id.to_string()),
            observed_at: Set(observation.observed_at.as_microsecond()),
            ike_sas: Set(json(&observation.ike_sas)),
        };
        let replace = OnConflict::column(observation::Column::SiteConnectionId)
            .update_columns([observation::Column::ObservedAt, observation::Column::IkeSas])
            .to_owned();
        observation::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&self.session.transaction)
            .await
            .map_err(Error::statement("write what was observed of an IPsec site connection"))?;
        Ok(())
    }

    /// When those of these connections were observed last that ever were.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn observed_at(
        &self,
        ids: Vec<SiteConnectionId>,
    ) -> Result<BTreeMap<SiteConnectionId, Timestamp>> {
        let mut observed = BTreeMap::new();
        for some in ids.chunks(AT_ONCE) {
            let rows: Vec<(String, i64)> = observation::Entity::find()
                .select_only()
                .columns([observation::Column::SiteConnectionId, observation::Column::ObservedAt])
                .filter(observation::Column::SiteConnectionId.is_in(some.iter().map(ToString::to_string)))
                .into_tuple()
                .all(&self.session.transaction)
                .await
                .map_err(Error::statement("find when IPsec site connections were observed"))?;
            for (id, micros) in rows {
                let corrupt = |what| Error::Corrupt { noun: "observation", id: id.clone(), what };
                let time = Timestamp::from_microsecond(micros).map_err(|_| corrupt("time"))?;
                observed.insert(id.parse().map_err(|_| corrupt("IPsec site connection"))?, time);
            }
        }
        Ok(observed)
    }

    /// What was observed last of a connection; `None` while nothing was.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn observation(&self, id: SiteConnectionId) -> Result<Option<Observation>> {
        let row = observation::Entity::find_by_id(id.to_string())
            .one(&self.session.transaction)
            .await
            .map_err(Error::statement("find what was observed of an IPsec site connection"))?;
        let Some(row) = row else { return Ok(None) };
        let corrupt = |what| Error::Corrupt { noun: "observation", id: id.to_string(), what };
        let ike_sas: Vec<IkeSa> = serde_json::from_str(&row.ike_sas).map_err(|_| corrupt("IKE SA"))?;
        let observed_at = Timestamp::from_microsecond(row.observed_at).map_err(|_| corrupt("time"))?;
        Ok(Some(Observation { observed_at, ike_sas }))
    }
}
