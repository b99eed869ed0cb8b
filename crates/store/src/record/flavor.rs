use adit_model::{Flavor, FlavorId, ProjectId, ServiceProfileId};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Set};

use super::parts::{self, Parts};
use super::{Reader, Record, Stored, always};
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "flavors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub description: String,
    pub service_type: String,
    pub enabled: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

mod binding {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "flavor_service_profiles")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub flavor_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i64,
        pub service_profile_id: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Parts for binding::Entity {
    const NOUN: &'static str = "service profiles of flavors";
    const OWNER: binding::Column = binding::Column::FlavorId;
    const POSITION: binding::Column = binding::Column::Position;
}

impl Record for Flavor {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "flavor";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        Ok(Self {
            id: read.parse("id", &row.id)?,
            name: row.name,
            description: row.description,
            service_type: read.parse("service type", &row.service_type)?,
            enabled: row.enabled,
            service_profiles: Vec::new(),
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, name, description, service_type, enabled, service_profiles: _ } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            service_type: Set(service_type.to_string()),
            enabled: Set(*enabled),
            ..Default::default()
        })
    }

    /// There to be chosen.
    fn visible_to(_: &ProjectId) -> Condition {
        always(true)
    }

    async fn load_parts(flavors: &mut [Stored<Self>], session: &Session) -> Result<()> {
        let mut profiles = parts::load::<binding::Entity, _>(flavors, session).await?;
        for flavor in flavors {
            let id = flavor.id.to_string();
            let read = Reader { noun: Self::NOUN, id: &id };
            let rows = profiles.remove(&id).unwrap_or_default().into_iter();
            flavor.service_profiles = rows
                .map(|row| read.parse("service profile", &row.service_profile_id))
                .collect::<Result<_>>()?;
        }
        Ok(())
    }

    async fn save_parts(&self, session: &Session) -> Result<()> {
        let rows = self.service_profiles.iter().map(|profile| binding::ActiveModel {
            service_profile_id: Set(profile.to_string()),
            ..Default::default()
        });
        parts::replace::<binding::Entity>(&self.id.to_string(), rows, session).await
    }
}

impl Table<'_, Flavor> {
    /// A flavor that has this service profile.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn with_profile(&self, profile: ServiceProfileId) -> Result<Option<FlavorId>> {
        let row = binding::Entity::find()
            .filter(binding::Column::ServiceProfileId.eq(profile.to_string()))
            .one(&self.session.transaction)
            .await
            .map_err(Error::statement("find the flavor of a service profile"))?;
        let Some(row) = row else { return Ok(None) };
        let read = Reader { noun: Flavor::NOUN, id: &row.flavor_id };
        Ok(Some(read.parse("id", &row.flavor_id)?))
    }
}
