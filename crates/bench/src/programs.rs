//! Server and agent, as an operator runs them.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use adit_api::client::{Client, Credentials};
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::time::timeout;

use crate::footprint::{Footprint, UPLINK};
use crate::until;

/// The physical network that the external network is on.
pub(crate) const PHYSICAL_NETWORK: &str = "public";
/// What the agent is known by.
const HOST: &str = "bench";
/// How long a program may take until it can be used, or until it has ended.
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// A running program. It is killed when this is dropped.
pub(crate) struct Program {
    process: Child,
    name: &'static str,
    log: PathBuf,
    /// How long the log was when it began.
    log_start: usize,
    begun: Instant,
}

/// Who asks.
pub(crate) struct Users {
    /// The operator.
    pub(crate) admin: Client,
    /// The tenant.
    pub(crate) demo: Client,
}

/// Starts the server, and waits until it can be asked.
///
/// # Errors
/// When it ends or takes too long.
pub(crate) async fn start_server(footprint: &Footprint) -> Result<(Program, Users)> {
    let config = footprint.file("adit.toml");
    let text = format!(
        "[agent]\nhost = \"{HOST}\"\nkey_file = {:?}\nphysical_networks = {{ {PHYSICAL_NETWORK} = \"{UPLINK}\" }}\n",
        footprint.file("server").join("agent.key"),
    );
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    let mut server = Program::start(footprint, "server")?;
    let state = footprint.file("server");
    let users = until("the first answer of the API", PAUSE, LIMIT, async || {
        server.must_run()?;
        // It listens before it has made its users.
        let user = async |file: &str| {
            let credentials = credentials(&state.join(file))?;
            Client::connect(&credentials).await.ok()
        };
        let (admin, demo) = (user("openrc-admin").await, user("openrc").await);
        Ok(admin.zip(demo).map(|(admin, demo)| Users { admin, demo }))
    })
    .await?;
    Ok((server, users))
}

/// Starts the agent, and waits until the server knows it.
///
/// # Errors
/// When it ends or takes too long.
pub(crate) async fn start_agent(footprint: &Footprint, admin: &Client) -> Result<Program> {
    let mut agent = Program::start(footprint, "agent")?;
    until("the agent's first sign of life", PAUSE, LIMIT, async || {
        agent.must_run()?;
        Ok((!admin.list("agents", &[("host", HOST)]).await?.is_empty()).then_some(()))
    })
    .await?;
    Ok(agent)
}

impl Program {
    /// Starts `adit NAME`, with a state directory and a log of that name.
    ///
    /// # Errors
    /// When it is not beside this program.
    pub(crate) fn start(footprint: &Footprint, name: &'static str) -> Result<Self> {
        let adit =
            std::env::current_exe().context("cannot tell where this program is")?.with_file_name("adit");
        let mut command = footprint.command(&adit, name)?;
        command.arg(name).arg("--config").arg(footprint.file("adit.toml"));
        command.arg("--state-dir").arg(footprint.file(name)).kill_on_drop(true);
        let log = footprint.file(&format!("{name}.log"));
        let log_start = fs::read(&log).unwrap_or_default().len();
        let begun = Instant::now();
        let process = command.spawn().with_context(|| format!("cannot run {}", adit.display()))?;
        Ok(Self { process, name, log, log_start, begun })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.process.id().with_context(|| format!("the {} has ended", self.name))
    }

    /// When it was started.
    pub(crate) const fn begun(&self) -> Instant {
        self.begun
    }

    /// How many lines of its log contain a text, since it was started.
    pub(crate) fn lines_with(&self, text: &str) -> usize {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(log.get(self.log_start..).unwrap_or_default()).into_owned();
        log.lines().filter(|line| line.contains(text)).count()
    }

    /// # Errors
    /// When it has ended.
    pub(crate) fn must_run(&mut self) -> Result<()> {
        if let Some(status) = self.process.try_wait().context("cannot see how a program is")? {
            bail!("the {} ended ({status})", self.name);
        }
        Ok(())
    }

    /// Ends it as an operator would, and starts it again.
    ///
    /// # Errors
    /// When it ends badly, or takes too long.
    pub(crate) async fn restart(&mut self, footprint: &Footprint) -> Result<()> {
        let pid = i32::try_from(self.pid()?).context("a process has an odd number")?;
        kill(Pid::from_raw(pid), Signal::SIGTERM).context("cannot end a program")?;
        let status = timeout(LIMIT, self.process.wait()).await;
        let status = status.with_context(|| format!("the {} does not end", self.name))??;
        if !status.success() {
            bail!("the {} ended badly ({status})", self.name);
        }
        *self = Self::start(footprint, self.name)?;
        Ok(())
    }
}

fn credentials(openrc: &std::path::Path) -> Option<Credentials> {
    let text = fs::read_to_string(openrc).ok()?;
    let variable = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(&format!("export {name}="))).map(str::to_owned)
    };
    Credentials::from_variables(variable).ok()
}
