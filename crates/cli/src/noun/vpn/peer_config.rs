//! `vpn ipsec site connection peer-config`: what the device at the other end has to be told, as the server wrote it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use adit_api::view::encode;
use adit_peer_config::Format;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error as Wrong;
use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};

use super::{SITE_CONNECTION, extension};
use crate::act::{Act, Doing};
use crate::error::{Error, Result};
use crate::grammar::arguments::flag;
use crate::names;
use crate::output::Report;
use crate::session::Session;

/// The command.
pub(crate) static PEER_CONFIG: Act = Act {
    words: &["vpn", "ipsec", "site", "connection", "peer-config"],
    about: "Print the configuration of the device at the other end of an IPsec site connection",
    shape: None,
    arguments,
    run,
};

/// The mode of a file with a key in it: its owner reads it, and nobody else.
const OWNER_ONLY: u32 = 0o600;

fn arguments(command: Command) -> Command {
    let format = Arg::new("format").long("format").required(true).value_name("FORMAT");
    let file = Arg::new("output-file").long("output-file").value_name("FILE").value_hint(ValueHint::FilePath);
    command
        .arg(format.value_parser(Known).help("Kind of device, and how it is configured"))
        .arg(flag("with-psk").help(
            "Write the pre-shared key too, rather than words that ask to be replaced; who may change the connection may",
        ))
        .arg(file.value_parser(value_parser!(PathBuf)).help(
            "Write it to this file, which only its owner can read where it has the key, rather than to standard output",
        ))
        .arg(
            Arg::new("object")
                .required(true)
                .value_name("CONNECTION")
                .help("IPsec site connection (name or ID)"),
        )
}

/// Any word: those that this version knows are offered, and a server of another version may know more.
#[derive(Clone)]
struct Known;

impl TypedValueParser for Known {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> std::result::Result<String, Wrong> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Format::WORDS.iter().map(|word| PossibleValue::new(*word))))
    }
}

fn run<'a>(session: &'a Session, matches: &'a ArgMatches) -> Doing<'a> {
    Box::pin(async move {
        let format = matches.get_one::<String>("format").map(String::as_str).unwrap_or_default();
        let with_psk = matches.get_flag("with-psk");
        let id = names::id(session, &SITE_CONNECTION, crate::verbs::object_of(matches)).await?;
        let with = if with_psk { "&with_psk=true" } else { "" };
        let path =
            format!("{}/{}/peer-config?format={}{with}", SITE_CONNECTION.path, encode(&id), encode(format));
        let body = extension::get(session, &path, "adit-vpn-peer-config").await?;
        let text = body["peer_config"]["content"].as_str();
        let text = text.ok_or_else(|| names::malformed("content"))?;
        match matches.get_one::<PathBuf>("output-file") {
            None => Ok(Report::Text(text.to_owned())),
            Some(file) => write(file, text, with_psk).map(|()| Report::Nothing),
        }
    })
}

/// Writes the text to a file, in the place of what is there. It is its owner's alone before a key is in it.
fn write(file: &Path, text: &str, with_psk: bool) -> Result<()> {
    let wrong = |error: std::io::Error| {
        Error::Usage(format!("--output-file: cannot write {}: {error}", file.display()))
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    if with_psk {
        options.mode(OWNER_ONLY);
    }
    let mut opened = options.open(file).map_err(wrong)?;
    let kind = opened.metadata().map_err(wrong)?;
    if kind.is_file() {
        if with_psk {
            opened.set_permissions(PermissionsExt::from_mode(OWNER_ONLY)).map_err(wrong)?;
        }
        opened.set_len(0).map_err(wrong)?;
    }
    opened.write_all(text.as_bytes()).map_err(wrong)
}
