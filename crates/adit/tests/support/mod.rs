//! Running programs, as several tests hold them.

#![allow(dead_code, reason = "shared by test programs that each use another part of it")]

pub(crate) mod demo;
pub(crate) mod server;
