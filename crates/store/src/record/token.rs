//! Tokens as the store keeps them: never the text that lets its bearer in, only a digest of it.

use std::fmt;

use std::time::Duration;

use adit_model::identity::{ApplicationCredentialId, Scope};
use adit_model::{DomainId, ProjectId, UserId};
use jiff::Timestamp;
use sea_orm::entity::prelude::*;
use sea_orm::{ExprTrait, QueryOrder, QuerySelect, Set};

use super::Reader;
use crate::{Error, Result, Session};

/// The SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

/// A token that was issued, and neither revoked nor purged since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// By which it is found.
    pub digest: TokenDigest,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is valid for; `None` for an unscoped one.
    pub scope: Option<Scope>,
    /// By which it was got, if it was.
    pub application_credential_id: Option<ApplicationCredentialId>,
    /// How its bearer proved who it is, on the whole way to this token.
    pub methods: Vec<String>,
    /// Its own name in audits, then that of the token at the beginning of the way.
    pub audit_ids: Vec<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when on it is not valid.
    pub expires_at: Timestamp,
}

impl TokenDigest {
    /// Wraps a digest.
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    pub user_id: String,
    pub project_id: Option<String>,
    pub domain_id: Option<String>,
    pub of_system: bool,
    pub application_credential_id: Option<String>,
    pub methods: String,
    pub audit_ids: String,
    pub issued_at: i64,
    pub expires_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Session {
    /// Keeps a token that is being issued.
    ///
    /// # Errors
    /// [`Error::Referenced`], [`Error::Statement`].
    pub async fn insert_token(&self, token: &Token) -> Result<()> {
        let Token {
            digest,
            user_id,
            scope,
            application_credential_id,
            methods,
            audit_ids,
            issued_at,
            expires_at,
        } = token;
        let (project_id, domain_id, of_system) = match scope {
            None => (None, None, false),
            Some(Scope::Project(id)) => (Some(id.to_string()), None, false),
            Some(Scope::Domain(id)) => (None, Some(id.to_string()), false),
            Some(Scope::System) => (None, None, true),
        };
        let row = ActiveModel {
            digest: Set(digest.to_string()),
            user_id: Set(user_id.to_string()),
            project_id: Set(project_id),
            domain_id: Set(domain_id),
            of_system: Set(of_system),
            application_credential_id: Set(application_credential_id.as_ref().map(ToString::to_string)),
            methods: Set(super::json(methods)),
            audit_ids: Set(super::json(audit_ids)),
            issued_at: Set(issued_at.as_microsecond()),
            expires_at: Set(expires_at.as_microsecond()),
        };
        Entity::insert(row)
            .exec_without_returning(&self.transaction)
            .await
            .map_err(Error::statement("insert a token"))?;
        Ok(())
    }

    /// The token with this digest, unless it has expired.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::Corrupt`].
    pub async fn find_token(&self, digest: TokenDigest) -> Result<Option<Token>> {
        self.find_token_expired_within(Duration::ZERO, digest).await
    }

    /// The token with this digest, unless it has expired longer ago than `grace`.
    ///
    /// # Errors
    /// As [`Self::find_token`].
    pub async fn find_token_expired_within(
        &self,
        grace: Duration,
        digest: TokenDigest,
    ) -> Result<Option<Token>> {
        let row = Entity::find_by_id(digest.to_string())
            .filter(Column::ExpiresAt.gt(self.ago(grace)))
            .one(&self.transaction)
            .await
            .map_err(Error::statement("find a token"))?;
        let Some(row) = row else { return Ok(None) };
        let read = Reader { noun: "token", id: &row.digest };
        let time = |what, micros| Timestamp::from_microsecond(micros).map_err(|_| read.corrupt(what));
        Ok(Some(Token {
            digest,
            methods: read.json("method", &row.methods)?,
            audit_ids: read.json("audit id", &row.audit_ids)?,
            issued_at: time("time of issue", row.issued_at)?,
            expires_at: time("time of expiry", row.expires_at)?,
            user_id: UserId::new(row.user_id),
            scope: match (row.project_id, row.domain_id, row.of_system) {
                (Some(id), _, _) => Some(Scope::Project(ProjectId::new(id))),
                (None, Some(id), _) => Some(Scope::Domain(DomainId::new(id))),
                (None, None, true) => Some(Scope::System),
                (None, None, false) => None,
            },
            application_credential_id: row.application_credential_id.map(ApplicationCredentialId::new),
        }))
    }

    /// Ends a token. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn revoke_token(&self, digest: TokenDigest) -> Result<bool> {
        let result = Entity::delete_by_id(digest.to_string())
            .exec(&self.transaction)
            .await
            .map_err(Error::statement("revoke a token"))?;
        Ok(result.rows_affected == 1)
    }

    /// Ends all tokens of a user.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn revoke_tokens_of_user(&self, user: &UserId) -> Result<()> {
        self.delete_tokens(Column::UserId.eq(user.as_str()), "revoke the tokens of a user").await
    }

    /// Ends all tokens that are scoped to a project.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn revoke_tokens_of_project(&self, project: &ProjectId) -> Result<()> {
        self.delete_tokens(Column::ProjectId.eq(project.as_str()), "revoke the tokens of a project").await
    }

    /// Forgets the tokens that have expired longer ago than `grace`.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn purge_tokens(&self, grace: Duration) -> Result<()> {
        self.delete_tokens(Column::ExpiresAt.lte(self.ago(grace)), "purge expired tokens").await
    }

    /// Keeps that many tokens of a user, of which the others would have expired first or have so.
    ///
    /// # Errors
    /// [`Error::Statement`].
    pub async fn keep_tokens_of_user(&self, user: &UserId, most: u64) -> Result<()> {
        let doing = || Error::statement("limit the tokens of a user");
        let of_user = Column::UserId.eq(user.as_str());
        let first_beyond = Entity::find()
            .filter(of_user.clone())
            .order_by_desc(Column::ExpiresAt)
            .order_by_desc(Column::Digest)
            .offset(most)
            .one(&self.transaction)
            .await
            .map_err(doing())?;
        let Some(Model { digest, expires_at, .. }) = first_beyond else { return Ok(()) };
        let of_that_moment = Column::ExpiresAt.eq(expires_at).and(Column::Digest.lte(digest));
        let beyond = of_user.and(Column::ExpiresAt.lt(expires_at).or(of_that_moment));
        Entity::delete_many().filter(beyond).exec(&self.transaction).await.map_err(doing())?;
        Ok(())
    }

    /// A moment of the past, as columns hold it.
    fn ago(&self, time: Duration) -> i64 {
        let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        self.now.as_microsecond().saturating_sub(micros)
    }

    async fn delete_tokens(&self, which: Expr, doing: &str) -> Result<()> {
        Entity::delete_many().filter(which).exec(&self.transaction).await.map_err(Error::statement(doing))?;
        Ok(())
    }
}
