//! A running charon with the connections to it.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command};

use adit_ike::Backend;
use adit_ike::charon::{Algorithms, Config, Events, Process, StartError, StopError, Vici, ViciError};
use adit_linux::namespace::Namespace;
use tokio::time::Instant;

use super::VpnSetup;
use crate::config::DataPlane;

/// Why there is no charon to talk to.
#[derive(Debug, thiserror::Error)]
pub(super) enum DaemonError {
    #[error("the IKE daemon could not be started")]
    Start(#[from] StartError),
    #[error("the IKE daemon cannot be talked to")]
    Vici(#[from] ViciError),
}

pub(super) struct Daemon {
    process: Process,
    pub(super) vici: Vici,
    pub(super) events: Events,
    pub(super) algorithms: Algorithms,
    pub(super) since: Instant,
}

impl Daemon {
    /// Starts a daemon, in place of any that may still be there and was given up.
    pub(super) async fn start(setup: &VpnSetup) -> Result<Self, DaemonError> {
        if let Some(remainder) = Process::adopt(&config(setup)).await {
            end(remainder).await;
        }
        let namespace = setup.namespace.clone();
        let process = Process::start(&config(setup), |command| spawn_in(namespace, command)).await?;
        Self::connect(process).await
    }

    /// The daemon that an earlier agent has left. One that does not answer is of no use and is ended.
    pub(super) async fn adopt(setup: &VpnSetup) -> Option<Self> {
        let process = Process::adopt(&config(setup)).await?;
        match Self::connect(process).await {
            Ok(daemon) => Some(daemon),
            Err(error) => {
                tracing::warn!(router_id = %setup.router_id, error = &error as &dyn std::error::Error, "running charon is unusable");
                None
            }
        }
    }

    async fn connect(process: Process) -> Result<Self, DaemonError> {
        let connecting = async {
            // Events first: what a command sets off must not be missed.
            let events = Events::subscribe(process.socket()).await?;
            let mut vici = Vici::connect(process.socket()).await?;
            let algorithms = vici.algorithms().await?;
            Ok((events, vici, algorithms))
        };
        match connecting.await {
            Ok((events, vici, algorithms)) => {
                Ok(Self { process, vici, events, algorithms, since: Instant::now() })
            }
            Err(error) => {
                end(process).await;
                Err(DaemonError::Vici(error))
            }
        }
    }

    /// Ends it, whatever state it is in.
    pub(super) async fn stop(self) {
        let Self { process, vici, events, algorithms: _, since: _ } = self;
        drop((vici, events));
        end(process).await;
    }
}

/// Removes what a daemon leaves behind that ended by itself.
pub(super) fn remove_files(setup: &VpnSetup) {
    log_failure(Process::remove_files(&config(setup)));
}

pub(super) const fn backend(data_plane: DataPlane) -> Backend {
    match data_plane {
        DataPlane::Kernel => Backend::Kernel,
        DataPlane::Userspace => Backend::Userspace,
    }
}

fn config(setup: &VpnSetup) -> Config {
    Config { run_dir: setup.run_dir.clone(), backend: backend(setup.data_plane) }
}

fn spawn_in(path: PathBuf, mut command: Command) -> io::Result<Child> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no network namespace {name}"));
    let namespace = Namespace::open(&name).map_err(io::Error::other)?.ok_or_else(missing)?;
    namespace.run(|| command.spawn()).map_err(io::Error::other)?
}

async fn end(process: Process) {
    log_failure(process.stop().await);
}

fn log_failure(result: Result<(), StopError>) {
    if let Err(error) = result {
        tracing::error!(error = &error as &dyn std::error::Error, "charon left something behind");
    }
}
