//! The configuration: defaults, one TOML file, the environment, the command line; each overrides the one before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use adit_agent::DataPlaneChoice;
use adit_server::{IdentityConfig, ServerConfig, ServicePassword};
use anyhow::{Context, Result, anyhow};
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

/// Where the file is when nobody says otherwise. It need not exist.
const DEFAULT_FILE: &str = "/etc/adit/adit.toml";

/// Everything that an operator can set. `ADIT_SERVER__REGION` in the environment is `region` of `[server]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where database, keys and credentials are kept.
    pub(crate) state_dir: PathBuf,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,adit_agent=debug`.
    pub(crate) log: String,
    /// The server.
    pub(crate) server: ServerConfig,
    /// Who knows the users.
    pub(crate) identity: IdentityConfig,
    /// The agent.
    pub(crate) agent: AgentSection,
}

/// Section `[agent]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AgentSection {
    /// Base URL of the server; `adit up` uses its own.
    pub(crate) server_url: String,
    /// File with the key that the server knows agents by; `agent.key` in the state directory when empty.
    pub(crate) key_file: PathBuf,
    /// Name of this node; its host name when empty.
    pub(crate) host: String,
    /// Zone for schedulers.
    pub(crate) availability_zone: String,
    /// Who carries the packets.
    pub(crate) data_plane: DataPlane,
    /// Physical networks, each with the interface or bridge of this node that joins it.
    pub(crate) physical_networks: BTreeMap<String, String>,
}

/// Who carries the packets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DataPlane {
    /// The kernel where it has ESP, else charon itself.
    Auto,
    /// The kernel's XFRM.
    Kernel,
    /// charon itself, over a TUN device.
    Userspace,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("/var/lib/adit"),
            log: "info".to_owned(),
            server: ServerConfig::default(),
            identity: IdentityConfig::default(),
            agent: AgentSection::default(),
        }
    }
}

impl Default for AgentSection {
    fn default() -> Self {
        Self {
            server_url: "http://127.0.0.1:9696".to_owned(),
            key_file: PathBuf::new(),
            host: String::new(),
            availability_zone: "nova".to_owned(),
            data_plane: DataPlane::Auto,
            physical_networks: BTreeMap::new(),
        }
    }
}

impl From<DataPlane> for DataPlaneChoice {
    fn from(data_plane: DataPlane) -> Self {
        match data_plane {
            DataPlane::Auto => Self::Auto,
            DataPlane::Kernel => Self::Kernel,
            DataPlane::Userspace => Self::Userspace,
        }
    }
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A file that was asked for and is not there, a key that nobody knows, a value of the wrong kind.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        if let Some(file) = file.filter(|file| !file.is_file()) {
            return Err(anyhow!("there is no configuration file {}", file.display()));
        }
        let file = file.or_else(|| Some(Path::new(DEFAULT_FILE)).filter(|file| file.is_file()));
        let defaults = Figment::from(Serialized::defaults(Self::default()));
        let figment = file.into_iter().fold(defaults, |figment, file| figment.merge(Toml::file_exact(file)));
        let figment = figment.merge(Env::prefixed("ADIT_").ignore(&["config"]).split("__"));
        figment.extract().map_err(|error| explain(&error))
    }

    /// The configuration as a file would have it, without passwords.
    pub(crate) fn to_toml(&self) -> Result<String> {
        let mut shown = self.clone();
        if let Some((scheme, rest)) = shown.server.database.split_once("://")
            && let Some((credentials, place)) = rest.rsplit_once('@')
        {
            let user = credentials.split(':').next().unwrap_or_default();
            shown.server.database = format!("{scheme}://{user}:***@{place}");
        }
        let password = &mut shown.identity.keystone.password;
        if !password.is_empty() {
            *password = ServicePassword::new("***");
        }
        toml::to_string(&shown).context("cannot print the configuration")
    }

    /// The file with the agent key.
    pub(crate) fn agent_key_file(&self) -> PathBuf {
        if self.agent.key_file.as_os_str().is_empty() {
            return self.state_dir.join("agent.key");
        }
        self.agent.key_file.clone()
    }

    /// The name of this node.
    pub(crate) fn host(&self) -> Result<String> {
        if !self.agent.host.is_empty() {
            return Ok(self.agent.host.clone());
        }
        let name =
            nix::unistd::gethostname().context("cannot tell the host name; set `host` of `[agent]`")?;
        Ok(name.to_string_lossy().into_owned())
    }
}

/// One sentence per mistake: where it stands, what it is, what was probably meant.
fn explain(error: &figment::Error) -> anyhow::Error {
    let mistakes: Vec<String> = error
        .clone()
        .into_iter()
        .map(|error| {
            let place = error.metadata.as_ref().map(|metadata| match &metadata.source {
                Some(source) => format!("{source}: "),
                None => format!("{}: ", metadata.name),
            });
            let place = place.unwrap_or_default();
            let path = error.path.join(".");
            if let Kind::UnknownField(key, known) = &error.kind {
                return format!("{place}unknown key `{path}`{}", suggestion(key, known));
            }
            format!("{place}`{path}`: {}", error.kind)
        })
        .collect();
    anyhow!("{}", mistakes.join("; "))
}

fn suggestion(key: &str, known: &[&str]) -> String {
    let closest = known.iter().max_by(|a, b| strsim::jaro(key, a).total_cmp(&strsim::jaro(key, b)));
    match closest.filter(|closest| strsim::jaro(key, closest) > 0.7) {
        Some(closest) => format!("; did you mean `{closest}`?"),
        None => format!("; known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("adit.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file))
            .map_err(|error| anyhow!(error.to_string().replace(dir.path().to_str().unwrap(), "DIR")))
    }

    #[test]
    fn a_file_overrides_the_defaults_and_what_is_shown_can_be_read_again() {
        let config =
            load("[agent]\ndata_plane = \"userspace\"\nphysical_networks = { public = \"br-ext\" }\n")
                .unwrap();
        assert_eq!(config.agent.data_plane, DataPlane::Userspace);
        assert_eq!(config.server, ServerConfig::default());
        assert_eq!(load(&config.to_toml().unwrap()).unwrap(), config);
    }

    #[test]
    fn mistakes_name_file_key_and_remedy() {
        for (text, want) in [
            (
                "[server]\nregoin = \"x\"\n",
                "DIR/adit.toml: unknown key `server.regoin`; did you mean `region`?",
            ),
            ("stat_dir = \"x\"\n", "DIR/adit.toml: unknown key `stat_dir`; did you mean `state_dir`?"),
            (
                "zzz = 1\n",
                "DIR/adit.toml: unknown key `zzz`; known are state_dir, log, server, identity, agent",
            ),
            (
                "[server.vpn]\nproviderr = \"x\"\n",
                "DIR/adit.toml: unknown key `server.vpn.providerr`; did you mean `provider`?",
            ),
            (
                "[server.vpn]\ncrypto_refuse = [\"sha1\"]\n",
                "DIR/adit.toml: `server.vpn`: `crypto_refuse` has `sha1`, which is the default of `auth_algorithm` in the crypto_profile `classic`: choose the other profile, or do not refuse it",
            ),
            (
                "[server]\ntoken_lifetime_secs = \"x\"\n",
                "DIR/adit.toml: `server.token_lifetime_secs`: invalid type: found string \"x\", expected u32",
            ),
        ] {
            assert_eq!(load(text).unwrap_err().to_string(), want, "{text}");
        }
    }

    #[test]
    fn the_password_for_keystone_is_not_shown() {
        let config = load("[identity.keystone]\npassword = \"secret\"\n").unwrap();
        assert_eq!(config.identity.keystone.password, ServicePassword::new("secret"));
        let shown = config.to_toml().unwrap();
        assert!(shown.contains("password = \"***\"") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn the_password_of_a_database_is_not_shown() {
        let config = load("[server]\ndatabase = \"postgres://adit:secret@db/adit\"\n").unwrap();
        assert!(config.to_toml().unwrap().contains("postgres://adit:***@db/adit"));
    }
}
