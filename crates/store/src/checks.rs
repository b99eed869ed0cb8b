//! Checks of site connections: what somebody asked a gateway to look at, and what it found.
//!
//! A check that nobody takes, or that whoever took it does not bring to its end, has ended when its time is over. Nothing
//! has to be written for that: [`Check::is_open`] says it.

use std::net::IpAddr;

use adit_model::check::{CheckState, ProbeResult};
use adit_model::{CheckId, Reason, SiteConnection, SiteConnectionId};
use jiff::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, Set};

use crate::record::{AT_ONCE, json};
use crate::{Error, Result, Table};

/// How many checks of a connection are kept.
pub const CHECKS_KEPT: usize = 5;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "checks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub site_connection_id: String,
        pub target: Option<String>,
        pub state: String,
        pub created_at: i64,
        pub expires_at: i64,
        pub finished_at: Option<i64>,
        pub reason: Option<String>,
        pub results: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use row::{ActiveModel, Column, Entity, Model};

/// A check of a site connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its identity.
    pub id: CheckId,
    /// Of which connection.
    pub site_connection_id: SiteConnectionId,
    /// Whom to ask through the tunnel; `None` for whom the gateway chooses.
    pub target: Option<IpAddr>,
    /// As it was written last.
    pub state: CheckState,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When whoever is to do the next step is not waited for any longer.
    pub expires_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why there are no results.
    pub reason: Option<Reason>,
    /// What was found.
    pub results: Vec<ProbeResult>,
}

impl Check {
    /// Whether it is still to be done, or being done, at this moment.
    pub fn is_open(&self, now: Timestamp) -> bool {
        match self.state {
            CheckState::Pending | CheckState::Running => now < self.expires_at,
            CheckState::Done | CheckState::Failed => false,
        }
    }

    fn row(&self) -> ActiveModel {
        let Self {
            id,
            site_connection_id,
            target,
            state,
            created_at,
            expires_at,
            finished_at,
            reason,
            results,
        } = self;
        ActiveModel {
            id: Set(id.to_string()),
            site_connection_id: Set(site_connection_id.to_string()),
            target: Set(target.map(|target| target.to_string())),
            state: Set(state.to_string()),
            created_at: Set(created_at.as_microsecond()),
            expires_at: Set(expires_at.as_microsecond()),
            finished_at: Set(finished_at.map(Timestamp::as_microsecond)),
            reason: Set(reason.as_ref().map(json)),
            results: Set(json(results)),
        }
    }

    fn read(row: Model) -> Result<Self> {
        let Model {
            id,
            site_connection_id,
            target,
            state,
            created_at,
            expires_at,
            finished_at,
            reason,
            results,
        } = row;
        let corrupt = |what| Error::Corrupt { noun: "check", id: id.clone(), what };
        let time = |micros, what| Timestamp::from_microsecond(micros).map_err(|_| corrupt(what));
        let reason = reason.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            id: id.parse().map_err(|_| corrupt("id"))?,
            site_connection_id: site_connection_id.parse().map_err(|_| corrupt("IPsec site connection"))?,
            target: target.map(|text| text.parse()).transpose().map_err(|_| corrupt("target"))?,
            state: state.parse().map_err(|_| corrupt("state"))?,
            created_at: time(created_at, "time")?,
            expires_at: time(expires_at, "time")?,
            finished_at: finished_at.map(|micros| time(micros, "time")).transpose()?,
            reason: reason.map_err(|_| corrupt("reason"))?,
            results: serde_json::from_str(&results).map_err(|_| corrupt("results"))?,
        })
    }
}

impl Table<'_, SiteConnection> {
    /// Writes a new check down, and forgets the oldest of its connection.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Referenced`].
    pub async fn begin_check(&self, check: &Check) -> Result<()> {
        let doing = || Error::statement("write a check of an IPsec site connection");
        let transaction = &self.session.transaction;
        let before = self.checks(check.site_connection_id).await?;
        let old = before.iter().skip(CHECKS_KEPT - 1).map(|check| check.id.to_string());
        let old: Vec<String> = old.collect();
        if !old.is_empty() {
            let gone = Entity::delete_many().filter(Column::Id.is_in(old));
            gone.exec(transaction).await.map_err(doing())?;
        }
        Entity::insert(check.row()).exec_without_returning(transaction).await.map_err(doing())?;
        Ok(())
    }

    /// Writes down how far an open check has come. Returns whether it was open still.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn go_on_with_check(&self, check: &Check) -> Result<bool> {
        let row = check.row();
        let open = [CheckState::Pending, CheckState::Running].map(CheckState::as_str);
        let written = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(check.id.to_string()))
            .filter(Column::State.is_in(open))
            .filter(Column::ExpiresAt.gt(self.session.now().as_microsecond()))
            .exec(&self.session.transaction)
            .await
            .map_err(Error::statement("write how far a check has come"))?;
        Ok(written.rows_affected > 0)
    }

    /// The check with this id.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn check(&self, id: CheckId) -> Result<Option<Check>> {
        let found = Entity::find_by_id(id.to_string()).one(&self.session.transaction).await;
        found.map_err(Error::statement("find a check"))?.map(Check::read).transpose()
    }

    /// The checks of a connection that are kept, newest first.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn checks(&self, id: SiteConnectionId) -> Result<Vec<Check>> {
        let rows = Entity::find()
            .filter(Column::SiteConnectionId.eq(id.to_string()))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .all(&self.session.transaction)
            .await
            .map_err(Error::statement("list the checks of an IPsec site connection"))?;
        rows.into_iter().map(Check::read).collect()
    }

    /// The checks of these connections that are still to be done, or being done, oldest first.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn open_checks(&self, ids: Vec<SiteConnectionId>) -> Result<Vec<Check>> {
        let open = [CheckState::Pending, CheckState::Running].map(CheckState::as_str);
        let mut checks = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            let rows = Entity::find()
                .filter(Column::SiteConnectionId.is_in(some.iter().map(ToString::to_string)))
                .filter(Column::State.is_in(open))
                .filter(Column::ExpiresAt.gt(self.session.now().as_microsecond()))
                .order_by_asc(Column::CreatedAt)
                .all(&self.session.transaction)
                .await
                .map_err(Error::statement("list the checks that are to be done"))?;
            for row in rows {
                checks.push(Check::read(row)?);
            }
        }
        Ok(checks)
    }
}
