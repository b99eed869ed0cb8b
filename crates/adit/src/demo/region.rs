//! A region: one `adit up` on a machine.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_api::client::{Client, Object};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::footprint::Footprint;
use super::internet::{self, Machine};
use super::report::{Screen, command_lines};
use super::side::Side;
use super::until;
use crate::credentials;

/// The physical network that the external network is on.
pub(crate) const PHYSICAL_NETWORK: &str = "public";
const PORT: u16 = 9696;
/// How long a region may take until its API answers and its agent is known; usually less than a second.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long plugging in a host may take.
const HOST_LIMIT: Duration = Duration::from_secs(30);
/// How many lines of a log are shown when something went wrong.
const LOG_LINES: usize = 15;

/// A running region, and who uses it.
pub(crate) struct Region {
    pub(crate) side: Side,
    pub(crate) address: SocketAddr,
    pub(crate) state_dir: PathBuf,
    /// `userspace` or `kernel`.
    pub(crate) data_plane: String,
    /// The operator.
    pub(crate) admin: Client,
    /// The tenant.
    pub(crate) demo: Client,
    /// Name of the host's namespace.
    pub(crate) host: String,
    machine: adit_linux::Namespace,
    program: PathBuf,
    config: PathBuf,
    /// Not killed on drop: a region is told to end, and given time.
    _process: Child,
}

impl Region {
    /// Starts `adit up` on a machine, and waits until it can be used.
    ///
    /// # Errors
    /// When it ends or takes too long; then with the end of its log.
    pub(crate) async fn start(footprint: &Footprint, machine: &Machine, screen: Screen) -> Result<Self> {
        let side = machine.side;
        let (state_dir, log) = (footprint.state_dir(side), log_file(footprint, side));
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        let config = footprint.file(&format!("{side}.toml"));
        // What has no flag. It also keeps a configuration file of the machine out.
        let text = format!("[server]\nregion = \"{side}\"\n\n[agent]\nhost = \"{side}\"\n");
        fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
        let address = SocketAddr::from((machine.address, PORT));
        let mut command = footprint.command(&program);
        command.arg("up").arg("--config").arg(&config).arg("--state-dir").arg(&state_dir);
        command.arg("--listen").arg(address.to_string());
        command.arg("--physical-network").arg(format!("{PHYSICAL_NETWORK}={}", internet::BRIDGE));
        let output = fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdout(output.try_clone().context("cannot write a log")?).stderr(output);
        screen.command(&format!("{side:>5} #"), &command_lines(&command));
        let mut process = machine.namespace.spawn(&mut command)?;
        let usable = wait_until_usable(&mut process, &state_dir, side);
        let (admin, demo, data_plane) =
            usable.await.with_context(|| format!("the region {side} did not start"))?;
        Ok(Self {
            side,
            address,
            state_dir,
            data_plane,
            admin,
            demo,
            host: footprint.host(side),
            machine: machine.namespace.clone(),
            program,
            config,
            _process: process,
        })
    }

    /// The command that plugs the host into a network.
    pub(crate) fn host_add(&self, footprint: &Footprint, network: &str) -> Command {
        let mut command = footprint.command(&self.program);
        command
            .arg("host")
            .arg("add")
            .arg("--config")
            .arg(&self.config)
            .arg("--state-dir")
            .arg(&self.state_dir);
        command.arg("--network").arg(network).arg(&self.host);
        command
    }

    /// Runs a command on the region's machine, and returns what it says.
    ///
    /// # Errors
    /// When it fails, with its own words.
    pub(crate) async fn run(&self, mut command: Command) -> Result<String> {
        let piped = std::process::Stdio::piped;
        command.stdout(piped()).stderr(piped()).kill_on_drop(true);
        let shown = command_lines(&command).join(" ");
        let running = self.machine.spawn(&mut command)?.wait_with_output();
        let output = timeout(HOST_LIMIT, running)
            .await
            .with_context(|| format!("`{shown}` did not end within {} s", HOST_LIMIT.as_secs()))?
            .with_context(|| format!("`{shown}` cannot be waited for"))?;
        if !output.status.success() {
            bail!("`{shown}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The last lines of a region's log.
pub(crate) fn log_tail(footprint: &Footprint, side: Side) -> String {
    let log = log_file(footprint, side);
    let text = fs::read_to_string(&log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let end: Vec<String> =
        lines[lines.len().saturating_sub(LOG_LINES)..].iter().map(|line| format!("    {line}")).collect();
    format!("The log of the region {side} ends with:\n{}", end.join("\n"))
}

fn log_file(footprint: &Footprint, side: Side) -> PathBuf {
    footprint.file(&format!("{side}.log"))
}

async fn wait_until_usable(
    process: &mut Child,
    state_dir: &Path,
    side: Side,
) -> Result<(Client, Client, String)> {
    let mut last = None;
    let users = until("the first answer of the API", START_LIMIT, async || {
        if let Some(status) = process.try_wait().context("cannot see how `adit up` is")? {
            last = None;
            bail!("`adit up` in the region {side} ended ({status})");
        }
        // It listens before it has made its users.
        match users(state_dir).await {
            Ok(users) => Ok(Some(users)),
            Err(error) => {
                last = Some(error);
                Ok(None)
            }
        }
    });
    let (admin, demo) = match (users.await, last) {
        (Err(error), Some(last)) => return Err(last.context(error)),
        (users, _) => users?,
    };
    let data_plane = until("the agent's first sign of life", START_LIMIT, async || {
        let agents = admin.list("agents", &[("host", side.as_str())]).await?;
        Ok(agents.first().and_then(data_plane))
    })
    .await?;
    Ok((admin, demo, data_plane))
}

/// The operator and the tenant, with tokens.
async fn users(state_dir: &Path) -> Result<(Client, Client)> {
    let admin = Client::connect(&credentials::read(&state_dir.join("openrc-admin"))?).await?;
    let demo = Client::connect(&credentials::read(&state_dir.join("openrc"))?).await?;
    Ok((admin, demo))
}

fn data_plane(agent: &Object) -> Option<String> {
    let data_plane = agent.get("configurations")?.get("data_plane");
    data_plane.and_then(Value::as_str).map(str::to_owned)
}
