//! A Keystone elsewhere in charge of identity: Adit is one more service of its cloud, and has tokens validated there.
//!
//! Enter at [`Keystone::authenticate`]. A user's token is looked up in [`cache`]; one that is not there is shown to
//! Keystone by [`connection`], once however many requests bring it at the same moment ([`flight`]). Keystone listens only
//! to services, so a token of Adit's own goes along, which [`own_token`] gets and renews. What an answer says is read
//! by [`subject`]; whether an application credential allows the request, by its access rules.
//!
//! Nothing that a client says about itself counts, only what Keystone says about its token.

mod cache;
pub(crate) mod config;
mod connection;
mod flight;
mod own_token;
mod subject;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use self::cache::Cache;
use self::config::{KeystoneConfig, KeystoneError, RoleNames};
use self::connection::{Connection, Failure, Verdict};
use self::flight::Flights;
use self::own_token::OwnToken;
use self::subject::Subject;
use super::{Presented, Rejection};
use crate::caller::Caller;

/// What a token is known by in memory: nobody can send it to anybody.
type TokenDigest = [u8; 32];

/// Tells the time. A parameter, so that tests need not wait.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The Keystone that is in charge.
pub(crate) struct Keystone {
    connection: Connection,
    own_token: OwnToken,
    cache: Cache,
    checks: Flights<(TokenDigest, Expired), Checked>,
    config: KeystoneConfig,
    roles: RoleNames,
    clock: Clock,
}

/// What Keystone said about a token, for all who wait for it; `None` when it is not valid.
type Checked = Result<Option<Arc<Subject>>, Failure>;

/// What becomes of a token that was valid once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Expired {
    /// It is refused, as usual.
    Refused,
    /// It is accepted: a service goes on with what a user began in time.
    Accepted,
}

impl fmt::Debug for Keystone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keystone({})", self.config.auth_url)
    }
}

impl Keystone {
    /// Checks the configuration; nobody is asked anything yet.
    ///
    /// # Errors
    /// [`KeystoneError`].
    pub(crate) fn new(config: KeystoneConfig, clock: Clock) -> Result<Self, KeystoneError> {
        let password = config.check()?;
        Ok(Self {
            connection: Connection::new(&config)?,
            own_token: OwnToken::new(password),
            cache: Cache::new(config.token_cache_time_secs),
            checks: Flights::default(),
            roles: config.role_names(),
            config,
            clock,
        })
    }

    /// Where a client without a valid token is sent to.
    pub(crate) fn public_url(&self) -> &str {
        match self.config.www_authenticate_uri.as_str() {
            "" => &self.config.auth_url,
            url => url,
        }
    }

    /// Whoever sent the request.
    ///
    /// # Errors
    /// [`Rejection::Unauthorized`] when nobody bears the token, it is not scoped to a project, or an application
    /// credential does not allow the request; [`Rejection::KeystoneUnavailable`].
    pub(crate) async fn authenticate(&self, presented: &Presented<'_>) -> Result<Caller, Rejection> {
        let token = presented.token.filter(|token| !token.is_empty()).ok_or(Rejection::Unauthorized)?;
        let expired = match presented.service_token {
            Some(service_token) => self.authenticate_service(service_token).await?,
            None => Expired::Refused,
        };
        let subject = self.subject(token, expired).await?.ok_or(Rejection::Unauthorized)?;
        // A service that asks on behalf of a user is not what the user's credential was limited to.
        let is_allowed = expired == Expired::Accepted || subject.allows(presented.method, presented.path);
        if !is_allowed {
            tracing::debug!("no access rule of the application credential allows the request");
            return Err(Rejection::Unauthorized);
        }
        subject.caller(&self.roles).ok_or(Rejection::Unauthorized)
    }

    /// Whether the bearer of a service's token may go on with a user's token that has expired meanwhile. One that is no
    /// service's at all spoils the request.
    async fn authenticate_service(&self, token: &str) -> Result<Expired, Rejection> {
        let service = self.subject(token, Expired::Refused).await?.ok_or(Rejection::Unauthorized)?;
        if self.config.service_token_roles.iter().any(|role| service.roles.contains(role)) {
            return Ok(Expired::Accepted);
        }
        if self.config.service_token_roles_required {
            tracing::info!("refused a service token without one of `service_token_roles`");
            return Err(Rejection::Unauthorized);
        }
        Ok(Expired::Refused)
    }

    /// What the token says; `None` when it is not valid.
    async fn subject(&self, token: &str, expired: Expired) -> Result<Option<Arc<Subject>>, Rejection> {
        let digest: TokenDigest = Sha256::digest(token).into();
        let known = self.cache.get(&digest, (self.clock)());
        let subject = match known {
            Some(subject) => Some(subject),
            None => {
                let checked =
                    self.checks.join((digest, expired), || self.check(token, digest, expired)).await;
                checked.map_err(|Failure { .. }| Rejection::KeystoneUnavailable)?
            }
        };
        let now = (self.clock)();
        Ok(subject.filter(|subject| expired == Expired::Accepted || subject.expires_at > now))
    }

    /// Asks Keystone about a token. A failure is logged here, once however many wait for the answer.
    async fn check(&self, token: &str, digest: TokenDigest, expired: Expired) -> Checked {
        let asked_at = (self.clock)();
        let verdict = self.ask(token, expired).await.inspect_err(|failure| {
            tracing::error!(keystone = self.config.auth_url, error = %failure, "cannot validate a token");
        })?;
        let Some(subject) = verdict.map(Arc::new) else { return Ok(None) };
        self.cache.remember(digest, &subject, asked_at);
        Ok(Some(subject))
    }

    async fn ask(&self, token: &str, expired: Expired) -> Result<Option<Subject>, Failure> {
        let mut own = self.own_token.get(&self.connection, (self.clock)()).await?;
        for is_last in [false, true] {
            match self.connection.validate(&own, token, expired).await? {
                Verdict::Valid(subject) => return Ok(Some(subject)),
                Verdict::NotValid => return Ok(None),
                Verdict::OwnTokenRefused if is_last => break,
                Verdict::OwnTokenRefused => {
                    self.own_token.forget(&own);
                    own = self.own_token.get(&self.connection, (self.clock)()).await?;
                }
            }
        }
        Err(Failure::new("Keystone refuses Adit's own token although it is new"))
    }
}
