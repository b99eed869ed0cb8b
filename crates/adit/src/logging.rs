//! Logs go to standard error.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

/// Starts logging what `filter` lets through.
pub(crate) fn start(filter: &str) -> Result<()> {
    // What a library says of each statement and migration is not for operators; whoever wants it can name it.
    let filter =
        EnvFilter::try_new(format!("sea_orm_migration=warn,sqlx=warn,{filter}")).with_context(|| {
            format!("`log = \"{filter}\"` is not a filter; try `info` or `info,adit_agent=debug`")
        })?;
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    Ok(())
}
