use adit_model::endpoint_group::{EndpointGroup, EndpointType, Endpoints};
use adit_model::{EndpointGroupId, ProjectId, SubnetId};
use sea_orm::Set;
use sea_orm::entity::prelude::*;

use super::parts::{self, Parts};
use super::{Reader, Record, Stored};
use crate::{Error, Result, Session, Table};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoint_groups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub project_id: String,
    pub name: String,
    pub description: String,
    pub endpoint_type: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub revision_number: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

mod member {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "endpoint_group_members")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub endpoint_group_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i64,
        pub endpoint: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Parts for member::Entity {
    const NOUN: &'static str = "members of endpoint groups";
    const OWNER: member::Column = member::Column::EndpointGroupId;
    const POSITION: member::Column = member::Column::Position;
}

impl Record for EndpointGroup {
    type Entity = Entity;
    type Model = Model;
    type ActiveModel = ActiveModel;
    const NOUN: &'static str = "endpoint group";

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn from_row(row: Model, _: &Session) -> Result<Self> {
        let read = Reader { noun: Self::NOUN, id: &row.id };
        let endpoint_type: EndpointType = read.parse("type", &row.endpoint_type)?;
        Ok(Self {
            id: read.parse("id", &row.id)?,
            project_id: ProjectId::new(row.project_id),
            name: row.name,
            description: row.description,
            // Its type until the members are read.
            endpoints: Endpoints::Unused(endpoint_type, Vec::new()),
        })
    }

    fn to_row(&self, _: &Session) -> Result<ActiveModel> {
        let Self { id, project_id, name, description, endpoints } = self;
        Ok(ActiveModel {
            id: Set(id.to_string()),
            project_id: Set(project_id.to_string()),
            name: Set(name.clone()),
            description: Set(description.clone()),
            endpoint_type: Set(endpoints.endpoint_type().to_string()),
            ..Default::default()
        })
    }

    async fn load_parts(groups: &mut [Stored<Self>], session: &Session) -> Result<()> {
        let mut members = parts::load::<member::Entity, _>(groups, session).await?;
        for group in groups {
            let rows = members.remove(&group.id.to_string()).unwrap_or_default().into_iter();
            let texts: Vec<String> = rows.map(|row| row.endpoint).collect();
            let corrupt = |_| Error::Corrupt { noun: Self::NOUN, id: group.id.to_string(), what: "member" };
            group.record.endpoints =
                Endpoints::parse(group.endpoints.endpoint_type(), &texts).map_err(corrupt)?;
        }
        Ok(())
    }

    async fn save_parts(&self, session: &Session) -> Result<()> {
        let texts = self.endpoints.texts().into_iter();
        let rows =
            texts.map(|endpoint| member::ActiveModel { endpoint: Set(endpoint), ..Default::default() });
        parts::replace::<member::Entity>(&self.id.to_string(), rows, session).await
    }
}

impl Table<'_, EndpointGroup> {
    /// A group that has this subnet as a member, whoever owns it.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn with_subnet(&self, subnet: SubnetId) -> Result<Option<EndpointGroupId>> {
        let row = member::Entity::find()
            .filter(member::Column::Endpoint.eq(subnet.to_string()))
            .one(&self.session.transaction)
            .await
            .map_err(Error::statement("find the endpoint group of a subnet"))?;
        let Some(row) = row else { return Ok(None) };
        let read = Reader { noun: EndpointGroup::NOUN, id: &row.endpoint_group_id };
        Ok(Some(read.parse("id", &row.endpoint_group_id)?))
    }
}
