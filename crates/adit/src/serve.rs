//! `adit up`, `adit server` and `adit agent`: the halves, apart or in one process.

use std::io::ErrorKind;
use std::net::SocketAddr;

use adit_agent::{Agent, AgentConfig, AgentKey};
use adit_server::{App, Bootstrap, IdentityProvider};
use adit_store::{SealingKey, Store};
use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::credentials::{self, Passwords};
use crate::shutdown;
use crate::state::{self, StateDir};

/// Server and agent in one process.
pub(crate) async fn up(config: Config) -> Result<()> {
    let signals = Signals::listen()?;
    let state = StateDir::hold(&config.state_dir)?;
    let server = Server::start(&config, &state).await?;
    let mut config = config;
    config.agent.server_url = credentials::base_url(server.address);
    let key = state::key(&config.agent_key_file())?;
    let agent = match start_agent(&config, key).await {
        Ok(agent) => agent,
        Err(error) => {
            server.stop().await?;
            return Err(error);
        }
    };
    tracing::info!(address = %server.address, data_plane = %agent.data_plane(), "up");
    server.until_told(signals, Some(agent)).await
}

/// The server alone.
pub(crate) async fn server(config: Config) -> Result<()> {
    let signals = Signals::listen()?;
    let state = StateDir::hold(&config.state_dir)?;
    let server = Server::start(&config, &state).await?;
    tracing::info!(address = %server.address, "up");
    server.until_told(signals, None).await
}

/// The agent alone.
pub(crate) async fn agent(config: Config) -> Result<()> {
    let mut signals = Signals::listen()?;
    let key_file = config.agent_key_file();
    let Some(key) = state::read_key(&key_file)? else {
        bail!(
            "there is no key file {}: copy `agent.key` from the server's state directory",
            key_file.display()
        );
    };
    let _state = StateDir::hold(&config.state_dir)?;
    let agent = start_agent(&config, key).await?;
    tracing::info!(server = config.agent.server_url, data_plane = %agent.data_plane(), "up");
    signals.told_to_stop().await;
    end(agent).await;
    Ok(())
}

/// Opens the database that the configuration names.
pub(crate) async fn open_store(config: &Config, state: &StateDir) -> Result<Store> {
    let key = SealingKey::load_or_create(&state.file("secret.key"))?;
    let url = match config.server.database.as_str() {
        "" => Store::sqlite_url(&state.file("adit.db")),
        url => url.to_owned(),
    };
    Ok(Store::connect(&url, key).await?)
}

/// A running server.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(config: &Config, state: &StateDir) -> Result<Self> {
        let listener = listen(config.server.listen).await?;
        let address = listener.local_addr().context("cannot tell the address that is listened on")?;
        let store = open_store(config, state).await?;
        store.migrate().await?;
        let key = state::key(&config.agent_key_file())?;
        let app = App::with_identity(store, config.server.clone(), key, &config.identity)?;
        match config.identity.provider {
            IdentityProvider::Local => {
                bootstrap(&app, state, &credentials::base_url(address), &config.server.region).await?;
            }
            IdentityProvider::Keystone => {
                tracing::info!(keystone = config.identity.keystone.auth_url, "identity is Keystone's");
            }
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(adit_server::serve(app, listener, async {
            // A sender that is gone means the same.
            let _ = stopped.await;
        }));
        Ok(Self { address, stop, serving })
    }

    /// Runs until a signal, or until the server fails.
    async fn until_told(mut self, mut signals: Signals, agent: Option<Agent>) -> Result<()> {
        tokio::select! {
            () = signals.told_to_stop() => {}
            served = &mut self.serving => {
                served.context("the server ended")?.context("the server failed")?;
                bail!("the server ended by itself");
            }
        }
        // The routers first: the server hears that they have left their node.
        match agent {
            Some(agent) => end(agent).await,
            None => tracing::info!("stopping"),
        }
        self.stop().await
    }

    async fn stop(self) -> Result<()> {
        // A server that ended already has dropped its end.
        let _ = self.stop.send(());
        self.serving.await.context("the server ended")?.context("the server did not stop cleanly")
    }
}

/// Ends the agent, and its routers with it if it is the node that goes down.
async fn end(agent: Agent) {
    if shutdown::is_under_way().await {
        tracing::info!("stopping; the node is being shut down, and its routers leave it first");
        agent.leave().await;
    } else {
        tracing::info!("stopping; tunnels stay up");
        agent.shutdown().await;
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!(
                "port {} of {} is taken: stop what listens there, or choose another with --listen",
                address.port(),
                address.ip()
            )
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

/// Makes the first users, and keeps the files that let them in.
async fn bootstrap(app: &App, state: &StateDir, base_url: &str, region: &str) -> Result<()> {
    if app.is_bootstrapped().await? {
        return credentials::follow(state, base_url, region);
    }
    let passwords = Passwords { admin: state::random(), demo: state::random() };
    // The files first: a user whose password nobody knows would be worse than a file without a user.
    credentials::write(state, base_url, region, &passwords)?;
    app.bootstrap(Bootstrap { admin_password: passwords.admin, demo_password: passwords.demo }).await?;
    tracing::info!(clouds = %state.file("clouds.yaml").display(), "made the users `admin` and `demo`");
    Ok(())
}

async fn start_agent(config: &Config, key: String) -> Result<Agent> {
    let config = AgentConfig {
        server_url: config.agent.server_url.clone(),
        key: AgentKey::new(key),
        host: config.host()?,
        availability_zone: config.agent.availability_zone.clone(),
        state_dir: config.state_dir.clone(),
        data_plane: config.agent.data_plane.into(),
        physical_networks: config.agent.physical_networks.clone(),
    };
    Agent::start(config).await.context("cannot start the agent")
}

/// The wish that the program ends. It is listened for from the very start: a signal that comes earlier would end the
/// program in the middle of something.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot wait for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the first one.
    async fn told_to_stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
