//! `vpn connect`: both sides of a tunnel between two clouds in one command - policies, services, endpoint groups, site
//! connections and a key - in clouds that are Adit's or plain Neutron's.
//!
//! What is there is looked at ([`observe`]), the steps from there to what is wished are a pure function of both
//! ([`plan`]), and they are taken one after the other, and taken back when one of them fails ([`perform`]).
//!
//! What the command makes is known by its name, which says the tunnel and the side, in the project of that side; what has
//! such a name and is not what would be made is refused with the difference, and not touched. Only a site connection that
//! refers to nothing but what the command makes or would take for it follows the wish.

mod end;
mod observe;
mod perform;
mod plan;
mod report;
mod wish;

use adit_model::algorithm::{AuthAlgorithm, DhGroup, EncryptionAlgorithm, IkeVersion};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};
use tokio::signal::unix::{SignalKind, signal};

use crate::auth::Access;
use crate::auth::options::{Given, Setting, given};
use crate::error::{Error, Result};
use crate::grammar::Verb;
use crate::grammar::arguments::flag;
use crate::noun::vpn::SITE_CONNECTION;
use crate::output::options::{self, Options, Shape};
use crate::output::{self, Report};
use crate::say;
use crate::session::Session;
use crate::wait::{self, Waiting};
use end::End;
use observe::Observed;
use perform::Tunnel;
use plan::{Kind, Plan};
use wish::Wish;

/// The words of the command.
pub(crate) const WORDS: &[&str] = &["vpn", "connect"];
/// What it does, in a few words.
pub(crate) const ABOUT: &str = "Connect networks of two clouds: both sides of a tunnel in one command";

const MORE: &str = "The clouds are entries of clouds.yaml; one may stand on both sides. `%2F` stands for a slash in a name, \
                    `%2C` for a comma and `%25` for a percent sign. A second run finds what the first made, and changes \
                    nothing; one after a run that was cut off makes what is missing. When something fails, or at Ctrl-C, \
                    what this run made is deleted again, on both sides.";

/// A side of the tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Left,
    Right,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Left, Self::Right];

    const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    const fn option(self) -> &'static str {
        match self {
            Self::Left => "--left",
            Self::Right => "--right",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// The command with its arguments.
pub(crate) fn command(command: Command) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let word = |name: &'static str, words: &'static [&'static str], default: &'static str, help| {
        text(name, "WORD", help)
            .ignore_case(true)
            .default_value(default)
            .value_parser(PossibleValuesParser::new(words.iter().copied()))
    };
    let end = "CLOUD/ROUTER/SUBNET[,SUBNET...]";
    let command = command
        .about(ABOUT)
        .after_help(MORE)
        .arg(text("left", end, "One end: a cloud, a router and subnets on it (names or IDs)").required(true))
        .arg(text("right", end, "The other end").required(true))
        .arg(text("name", "NAME", "Name of the tunnel [default: made of clouds and routers]"))
        .arg(text("description", "DESCRIPTION", "Description of what is made"))
        .arg(word("ike-version", IkeVersion::WORDS, "v2", "Version of IKE"))
        .arg(word(
            "encryption-algorithm",
            EncryptionAlgorithm::WORDS,
            "aes-256",
            "Encryption, of both policies",
        ))
        .arg(word("auth-algorithm", AuthAlgorithm::WORDS, "sha256", "Authentication, of both policies"))
        .arg(word("pfs", DhGroup::WORDS, "group14", "Diffie-Hellman group, of both policies"))
        .arg(
            text("initiator", "SIDE", "Who may begin [default: both]")
                .ignore_case(true)
                .value_parser(PossibleValuesParser::new(["both", "left", "right"])),
        )
        .arg(text("mtu", "MTU", "MTU of the tunnel").value_parser(value_parser!(u32)))
        .arg(text("dpd", "action=ACTION,interval=INTERVAL,timeout=TIMEOUT", "Dead peer detection"))
        .arg(
            text(
                "ip-version",
                "4|6",
                "IP version of the gateways' addresses [default: 4 where both have one]",
            )
            .value_parser(PossibleValuesParser::new(["4", "6"])),
        );
    let command = command
        .arg(
            text("psk", "PSK", "Pre-shared key, which others may see here; `-` reads it from standard input")
                .conflicts_with("psk-file"),
        )
        .arg(
            text("psk-file", "FILE", "File with the pre-shared key [default: one is made up]")
                .value_hint(clap::ValueHint::FilePath),
        )
        .arg(
            flag("show-psk")
                .help("Print the pre-shared key; with `--dry-run` no key that is still to be made up"),
        )
        .arg(flag("dry-run").help("Print what would be made, kept and changed, and change nothing"));
    options::add(wait::add(command, Verb::Create), Shape::List)
}

/// Does it. Who somebody is comes from the clouds that the ends name.
pub(crate) async fn run(matches: &ArgMatches) -> Result<Report> {
    let given = given(matches);
    let stray = given
        .settings
        .iter()
        .find(|(setting, _)| !matches!(setting, Setting::CaCert | Setting::Insecure | Setting::Interface));
    if let Some((setting, _)) = stray {
        return Err(Error::Usage(format!(
            "--{}: there are two clouds here, which `--left` and `--right` name, and `clouds.yaml` says who you are in \
             them",
            setting.option()
        )));
    }
    let text = |side: Side| matches.get_one::<String>(side.word()).map(String::as_str).unwrap_or_default();
    let ends = [End::parse(Side::Left, text(Side::Left))?, End::parse(Side::Right, text(Side::Right))?];
    let mut wish = Wish::read(matches)?;
    let sessions = [open(Side::Left, &ends[0], &given).await?, open(Side::Right, &ends[1], &given).await?];
    wish.read_dpd(matches, &sessions[0]).await?;
    let mut observed = [
        Observed::end(Side::Left, &ends[0], &sessions[0]).await?,
        Observed::end(Side::Right, &ends[1], &sessions[1]).await?,
    ];
    plan::check_ends(&observed, &wish)?;
    let name = plan::name(&observed, &wish)?;
    for side in Side::BOTH {
        let session = &sessions[side as usize];
        observed[side as usize]
            .vpn(&name, side, session)
            .await
            .map_err(|error| error.during(side.option()))?;
    }
    let plan = Plan::new(name, &observed, &wish)?;
    let is_shown = matches.get_flag("show-psk");
    if matches.get_flag("dry-run") {
        let objects = plan.foreseen(&observed);
        let connections =
            [plan.connection(Side::Left, &objects, &wish)?, plan.connection(Side::Right, &objects, &wish)?];
        return Ok(report::planned(&plan, &observed, &connections, is_shown));
    }
    let tunnel = perform::run(&plan, &observed, &wish, &sessions).await?;
    if tunnel.is_untouched() {
        say("adit: nothing was changed: all of it is there");
    }
    finish(matches, tunnel, &plan, &observed, &sessions, is_shown).await
}

/// Waits where that is wished, and reports.
async fn finish(
    matches: &ArgMatches,
    mut tunnel: Tunnel,
    plan: &Plan,
    observed: &[Observed; 2],
    sessions: &[Session; 2],
    is_shown: bool,
) -> Result<Report> {
    let (Some(left), Some(right)) = (Waiting::wished(matches)?, Waiting::wished(matches)?) else {
        return Ok(report::made(&tunnel, plan, observed, is_shown));
    };
    let [left_id, right_id] = Side::BOTH.map(|side| tunnel.id(side, Kind::Connection));
    let both = async {
        tokio::try_join!(
            left.until_settled(&SITE_CONNECTION, &sessions[0], &left_id),
            right.until_settled(&SITE_CONNECTION, &sessions[1], &right_id),
        )
    };
    // While the tunnel was made this signal was listened for, so it does not end the program by itself any more.
    let mut ended = signal(SignalKind::terminate())?;
    let both = tokio::select! {
        both = both => both,
        _ = ended.recv() => Err(Error::Interrupted("no longer waiting; the servers go on with it".to_owned())),
    };
    match both {
        Ok((left, right)) => {
            tunnel.became(Side::Left, left);
            tunnel.became(Side::Right, right);
            Ok(report::made(&tunnel, plan, observed, is_shown))
        }
        Err(error) => {
            // What was made is there, though what was waited for is not so.
            output::print(report::made(&tunnel, plan, observed, is_shown), &Options::of(matches))?;
            Err(error)
        }
    }
}

async fn open(side: Side, end: &End, given: &Given) -> Result<Session> {
    let mut settings = given.settings.clone();
    settings.push((Setting::Cloud, end.cloud.clone()));
    let access = Access::find(&Given { settings }, &|name| std::env::var(name).ok());
    let access = access.map_err(|error| error.during(side.option()))?;
    Session::open(access).await.map_err(|error| error.during(side.option()))
}
