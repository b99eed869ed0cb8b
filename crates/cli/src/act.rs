//! Commands that are not a verb of a noun.

use std::pin::Pin;

use clap::{ArgMatches, Command};

use crate::error::Result;
use crate::noun::identity::{ASSIGNMENTS, IMPLIED_ROLES, PASSWORD, TOKENS};
use crate::noun::network::{FLAVOR_ACTS, QUOTAS, ROUTER_ACTS};
use crate::noun::vpn::{CHECK, DIAGNOSTICS, PEER_CONFIG};
use crate::output::Report;
use crate::output::options::Shape;
use crate::session::Session;

/// What a command comes to, some time.
pub(crate) type Doing<'a> = Pin<Box<dyn Future<Output = Result<Report>> + 'a>>;

/// A command of its own.
pub(crate) struct Act {
    /// Its words.
    pub(crate) words: &'static [&'static str],
    /// What it does, in a few words.
    pub(crate) about: &'static str,
    /// What it prints, if anything.
    pub(crate) shape: Option<Shape>,
    /// Adds its arguments.
    pub(crate) arguments: fn(Command) -> Command,
    /// Does it.
    pub(crate) run: for<'a> fn(&'a Session, &'a ArgMatches) -> Doing<'a>,
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Act> {
    DIAGNOSTICS
        .iter()
        .chain([&CHECK, &PEER_CONFIG])
        .chain(&ROUTER_ACTS)
        .chain(&FLAVOR_ACTS)
        .chain(&ASSIGNMENTS)
        .chain(&IMPLIED_ROLES)
        .chain([&PASSWORD])
        .chain(&QUOTAS)
        .chain(&TOKENS)
}
