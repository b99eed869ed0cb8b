//! What an operator can set of the Keystone that is in charge.

use std::fmt;
use std::path::PathBuf;

use adit_api::transport::{TransportError, Trust};
use serde::{Deserialize, Serialize};

/// Section `[identity.keystone]` of the configuration file. Names and meanings follow `[keystone_authtoken]` of
/// OpenStack's own services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeystoneConfig {
    /// Where Adit gets its own token, with or without `/v3`.
    pub auth_url: String,
    /// Name of Adit's own user.
    pub username: String,
    /// Its password.
    pub password: ServicePassword,
    /// File with its password, instead.
    pub password_file: PathBuf,
    /// Project in which that user has the role `service`, or `admin`.
    pub project_name: String,
    /// Name of the user's domain.
    pub user_domain_name: String,
    /// Name of the project's domain.
    pub project_domain_name: String,
    /// Region of the catalog whose Identity API is asked; any when empty.
    pub region_name: String,
    /// Which of the catalog's URLs of the Identity API is asked.
    pub interface: Interface,
    /// Certificates, in PEM, of those who vouch for an `https` URL; the system's when empty.
    pub cafile: PathBuf,
    /// Trust whoever answers.
    pub insecure: bool,
    /// Where clients without a valid token are sent to; `auth_url` when empty.
    pub www_authenticate_uri: String,
    /// How long an answer about a valid token is believed without asking again, in seconds.
    pub token_cache_time_secs: u32,
    /// Roles one of which makes a service of whoever bears an `X-Service-Token`.
    pub service_token_roles: Vec<String>,
    /// Whether a request with an `X-Service-Token` without such a role is refused.
    pub service_token_roles_required: bool,
    /// How long a question to Keystone may take, all its tries together, in seconds.
    pub timeout_secs: u32,
    /// How often Keystone is asked again when no connection comes about.
    pub retries: u32,
    /// Keystone's names of the role that may do everything.
    pub admin_roles: Vec<String>,
    /// Keystone's names of the role that may change what the project owns.
    pub member_roles: Vec<String>,
    /// Keystone's names of the role that may see what the project owns.
    pub reader_roles: Vec<String>,
}

/// The password of Adit's own user. No `Display`, so that it gets into no message by accident.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServicePassword(String);

/// Which of the three URLs that a catalog has for each service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// For everybody.
    Public,
    /// For services.
    Internal,
    /// For administrators.
    Admin,
}

/// Why a configuration for Keystone cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeystoneError {
    /// Something must be set, and is not.
    #[error("`{0}` of `[identity.keystone]` is not set")]
    Missing(&'static str),
    /// The URL is none.
    #[error("`{key}` of `[identity.keystone]` is `{value}`, which is no URL with http or https")]
    Url {
        /// Which setting.
        key: &'static str,
        /// What it is.
        value: String,
    },
    /// A password and a file with one.
    #[error("`password` and `password_file` of `[identity.keystone]` are both set: one of them is enough")]
    TwoPasswords,
    /// The file with the password cannot be read.
    #[error("cannot read `password_file` {path} of `[identity.keystone]`")]
    PasswordFile {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// No client can be made.
    #[error("cannot ask Keystone")]
    Transport(#[from] TransportError),
}

impl Default for KeystoneConfig {
    fn default() -> Self {
        let names = |name: &str| vec![name.to_owned()];
        Self {
            auth_url: String::new(),
            username: "adit".to_owned(),
            password: ServicePassword::default(),
            password_file: PathBuf::new(),
            project_name: "service".to_owned(),
            user_domain_name: "Default".to_owned(),
            project_domain_name: "Default".to_owned(),
            region_name: String::new(),
            interface: Interface::Internal,
            cafile: PathBuf::new(),
            insecure: false,
            www_authenticate_uri: String::new(),
            token_cache_time_secs: 300,
            service_token_roles: names("service"),
            service_token_roles_required: true,
            timeout_secs: 10,
            retries: 3,
            admin_roles: names("admin"),
            member_roles: names("member"),
            reader_roles: names("reader"),
        }
    }
}

impl KeystoneConfig {
    /// Checks what can be checked without asking anybody, and returns the password.
    pub(super) fn check(&self) -> Result<ServicePassword, KeystoneError> {
        for (key, value) in [
            ("auth_url", &self.auth_url),
            ("username", &self.username),
            ("project_name", &self.project_name),
            ("user_domain_name", &self.user_domain_name),
            ("project_domain_name", &self.project_domain_name),
        ] {
            if value.is_empty() {
                return Err(KeystoneError::Missing(key));
            }
        }
        for (key, value) in
            [("auth_url", &self.auth_url), ("www_authenticate_uri", &self.www_authenticate_uri)]
        {
            if !value.is_empty() && !is_url(value) {
                return Err(KeystoneError::Url { key, value: value.clone() });
            }
        }
        self.read_password()
    }

    fn read_password(&self) -> Result<ServicePassword, KeystoneError> {
        let file = Some(&self.password_file).filter(|file| !file.as_os_str().is_empty());
        match (self.password.is_empty(), file) {
            (true, None) => Err(KeystoneError::Missing("password")),
            (false, None) => Ok(self.password.clone()),
            (false, Some(_)) => Err(KeystoneError::TwoPasswords),
            (true, Some(file)) => {
                let path = || file.display().to_string();
                let text = std::fs::read_to_string(file)
                    .map_err(|source| KeystoneError::PasswordFile { path: path(), source })?;
                Ok(ServicePassword::new(text.trim_end_matches(['\r', '\n'])))
            }
        }
    }

    pub(super) fn trust(&self) -> Trust {
        let cafile = Some(self.cafile.clone()).filter(|file| !file.as_os_str().is_empty());
        Trust { cafile, insecure: self.insecure }
    }

    pub(super) fn role_names(&self) -> RoleNames {
        RoleNames([
            ("admin", self.admin_roles.clone()),
            ("member", self.member_roles.clone()),
            ("reader", self.reader_roles.clone()),
        ])
    }
}

fn is_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
}

impl ServicePassword {
    /// Whatever it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServicePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServicePassword(redacted)")
    }
}

impl Interface {
    /// As the catalog writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// Adit's roles, the mightiest first, each with the names that it has in Keystone.
#[derive(Debug)]
pub(super) struct RoleNames([(&'static str, Vec<String>); 3]);

impl RoleNames {
    /// The roles under the names that they have here. Each includes those below it, which old Keystones do not spell
    /// out. A role that is called like one of ours counts only when the operator says so.
    pub(super) fn as_known_here(&self, roles: &[String]) -> Vec<String> {
        let Self(known) = self;
        let mightiest = known.iter().position(|(_, names)| roles.iter().any(|role| names.contains(role)));
        let ours = known.iter().skip(mightiest.unwrap_or(known.len())).map(|(ours, _)| (*ours).to_owned());
        let others = roles.iter().filter(|role| known.iter().all(|(ours, _)| role != ours)).cloned();
        ours.chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut KeystoneConfig)) -> KeystoneConfig {
        let mut config = KeystoneConfig {
            auth_url: "https://cloud.example.org:5000".to_owned(),
            password: ServicePassword::new("secret"),
            ..KeystoneConfig::default()
        };
        change(&mut config);
        config
    }

    #[test]
    fn a_configuration_is_checked_before_anybody_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, "of a file \n").unwrap();
        for (change, want) in [
            (Box::new(|_: &mut KeystoneConfig| {}) as Box<dyn FnOnce(&mut KeystoneConfig)>, "secret"),
            (Box::new(|c| c.auth_url.clear()), "`auth_url` of `[identity.keystone]` is not set"),
            (
                Box::new(|c| c.auth_url = "keystone:5000/v3".to_owned()),
                "`auth_url` of `[identity.keystone]` is `keystone:5000/v3`, which is no URL with http or https",
            ),
            (
                Box::new(|c| c.www_authenticate_uri = "nowhere".to_owned()),
                "`www_authenticate_uri` of `[identity.keystone]` is `nowhere`, which is no URL with http or https",
            ),
            (Box::new(|c| c.username.clear()), "`username` of `[identity.keystone]` is not set"),
            (
                Box::new(|c| c.password = ServicePassword::default()),
                "`password` of `[identity.keystone]` is not set",
            ),
            (
                Box::new({
                    let file = file.clone();
                    move |c| c.password_file = file
                }),
                "`password` and `password_file` of `[identity.keystone]` are both set: one of them is enough",
            ),
            (
                Box::new({
                    let file = file.clone();
                    move |c| (c.password, c.password_file) = (ServicePassword::default(), file)
                }),
                "of a file ",
            ),
            (
                Box::new(|c| {
                    (c.password, c.password_file) = (ServicePassword::default(), PathBuf::from("/nowhere"));
                }),
                "cannot read `password_file` /nowhere of `[identity.keystone]`",
            ),
        ] {
            let got = with(change).check();
            let got = got.map_or_else(|error| error.to_string(), |password| password.expose().to_owned());
            assert_eq!(got, want);
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        assert!(!format!("{:?}", with(|_| {})).contains("secret"));
    }

    #[test]
    fn roles_get_the_names_that_they_have_here() {
        let old = |c: &mut KeystoneConfig| c.member_roles = vec!["_member_".to_owned(), "Member".to_owned()];
        let other_admin = |c: &mut KeystoneConfig| c.admin_roles = vec!["cloud_admin".to_owned()];
        let usual = |_: &mut KeystoneConfig| {};
        for (change, roles, want) in [
            (&usual as &dyn Fn(&mut KeystoneConfig), "reader", "reader"),
            (&usual, "member reader", "member reader"),
            (&usual, "member", "member reader"),
            (&usual, "admin", "admin member reader"),
            (&usual, "reader manager member admin", "admin member reader manager"),
            (&usual, "Admin", "Admin"),
            (&usual, "_member_", "_member_"),
            (&usual, "", ""),
            (&old, "_member_", "member reader _member_"),
            (&old, "Member", "member reader Member"),
            (&old, "member", ""),
            (&old, "reader", "reader"),
            (&other_admin, "admin", ""),
            (&other_admin, "admin member", "member reader"),
            (&other_admin, "cloud_admin", "admin member reader cloud_admin"),
        ] {
            let roles: Vec<String> = roles.split_whitespace().map(str::to_owned).collect();
            let got = with(change).role_names().as_known_here(&roles).join(" ");
            assert_eq!(got, want, "{roles:?}");
        }
    }
}
