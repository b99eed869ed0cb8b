//! `adit db`.

use anyhow::{Context, Result};

use crate::cli;
use crate::config::Config;
use crate::serve;
use crate::state::StateDir;

/// `adit db upgrade`.
pub(crate) async fn upgrade(config: Config) -> Result<()> {
    let state = StateDir::hold(&config.state_dir)?;
    let store = serve::open_store(&config, &state).await?;
    let pending = store.pending_migrations().await.context("cannot upgrade")?;
    store.migrate().await.context("cannot upgrade")?;
    store.close().await?;
    match pending.as_slice() {
        [] => cli::print("The database is up to date."),
        applied => cli::print(&format!("Applied {}.", applied.join(", "))),
    }
}
