//! What the options of `vpn connect` ask for.

use adit_model::algorithm::{EncapsulationMode, LifetimeSecs, NegotiationMode, TransformProtocol};
use adit_model::ike_policy::IkeParameters;
use adit_model::ipsec_policy::IpsecParameters;
use adit_model::proposal::beyond_ikev1;
use adit_model::site_connection::{Dpd, Initiator};
use clap::ArgMatches;
use serde_json::{Value, json};

use super::Side;
use crate::error::{Error, Result};
use crate::grammar::draft::pairs;
use crate::noun::vpn::DPD;
use crate::psk::{self, Otherwise, Psk};
use crate::session::{Object, Session};

/// The longest end of a name that is made of the tunnel's.
const SUFFIX: usize = "-right-local".len();
/// The longest name that the API takes.
const LONGEST: usize = 255;

/// What a tunnel is to be. What is not given is what the server does by itself, and is not compared with what is there.
#[derive(Default)]
pub(super) struct Wish {
    pub(super) name: Option<String>,
    pub(super) description: String,
    pub(super) ike_version: String,
    pub(super) encryption: String,
    pub(super) auth: String,
    pub(super) pfs: String,
    /// Which sides may begin.
    pub(super) initiator: Option<Vec<Side>>,
    pub(super) mtu: Option<u32>,
    pub(super) dpd: Object,
    /// 4 or 6: the version of the gateways' addresses.
    pub(super) ip_version: Option<u8>,
    pub(super) psk: Option<Psk>,
}

impl Wish {
    /// Reads all options but `--dpd`, and the key.
    pub(super) fn read(matches: &ArgMatches) -> Result<Self> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let word = |name: &str| text(name).unwrap_or_default().to_lowercase();
        let initiator = text("initiator").map(|sides| match sides.to_lowercase().as_str() {
            "left" => vec![Side::Left],
            "right" => vec![Side::Right],
            _ => Side::BOTH.to_vec(),
        });
        let wish = Self {
            name: text("name"),
            description: text("description").unwrap_or_default(),
            ike_version: word("ike-version"),
            encryption: word("encryption-algorithm"),
            auth: word("auth-algorithm"),
            pfs: word("pfs"),
            initiator,
            mtu: matches.get_one::<u32>("mtu").copied(),
            dpd: Object::new(),
            ip_version: text("ip-version").and_then(|version| version.parse().ok()),
            psk: match (text("psk"), text("psk-file")) {
                (Some(psk), _) => Some(psk::given(&psk, Otherwise::FileOrNone)?),
                (None, Some(path)) => Some(psk::from_file(&path)?),
                (None, None) => None,
            },
        };
        wish.name.iter().try_for_each(|name| check_name(name))?;
        wish.check_algorithms()?;
        if wish.description.chars().count() > LONGEST {
            return Err(Error::Usage(format!("--description: at most {LONGEST} characters")));
        }
        Ok(wish)
    }

    /// Refuses a pair of policies that no gateway could offer, before anything is made.
    fn check_algorithms(&self) -> Result<()> {
        let Some((ike, ipsec)) = self.policies() else { return Ok(()) };
        beyond_ikev1(&ike, &ipsec).map_or(Ok(()), |why| Err(Error::Usage(format!("--ike-version: {why}"))))
    }

    /// What the two policies will say, if all the words are known here.
    fn policies(&self) -> Option<(IkeParameters, IpsecParameters)> {
        let (encryption, auth) = (self.encryption.parse().ok()?, self.auth.parse().ok()?);
        let group = self.pfs.parse().ok()?;
        let ike = IkeParameters {
            version: self.ike_version.parse().ok()?,
            negotiation_mode: NegotiationMode::Main,
            encryption,
            auth,
            dh_group: group,
            lifetime: LifetimeSecs::DEFAULT,
        };
        let ipsec = IpsecParameters {
            transform_protocol: TransformProtocol::Esp,
            encapsulation_mode: EncapsulationMode::Tunnel,
            encryption,
            auth,
            pfs_group: group,
            lifetime: LifetimeSecs::DEFAULT,
        };
        Some((ike, ipsec))
    }

    /// Reads `--dpd`.
    pub(super) async fn read_dpd(&mut self, matches: &ArgMatches, session: &Session) -> Result<()> {
        let Some(text) = matches.get_one::<String>("dpd") else { return Ok(()) };
        self.dpd = pairs("dpd", text, DPD, session).await?;
        let default = Dpd::default();
        let number =
            |key: &str, default: u32| self.dpd.get(key).and_then(Value::as_u64).unwrap_or(default.into());
        let (interval, timeout) = (number("interval", default.interval), number("timeout", default.timeout));
        if timeout <= interval {
            return Err(Error::Usage(format!(
                "--dpd: the timeout, {timeout} s, must be longer than the interval, {interval} s"
            )));
        }
        Ok(())
    }

    /// What a side's connection is to be, as far as that was given.
    pub(super) fn of_connection(&self, side: Side) -> Object {
        let mut attributes = Object::new();
        if let Some(mtu) = self.mtu {
            attributes.insert("mtu".to_owned(), mtu.into());
        }
        if let Some(sides) = &self.initiator {
            let initiator =
                if sides.contains(&side) { Initiator::BiDirectional } else { Initiator::ResponseOnly };
            attributes.insert("initiator".to_owned(), initiator.as_str().into());
        }
        if !self.dpd.is_empty() {
            attributes.insert("dpd".to_owned(), json!(self.dpd));
        }
        attributes
    }
}

/// Refuses a name that the API would refuse, or that could not be told from another.
pub(super) fn check_name(name: &str) -> Result<()> {
    let wrong = |why: &str| Err(Error::Usage(format!("--name: {why}")));
    if name.trim() != name || name.is_empty() {
        return wrong("a name is not empty, and has no spaces around it");
    }
    if name.chars().any(char::is_control) {
        return wrong("a name has no control characters");
    }
    if name.chars().count() + SUFFIX > LONGEST {
        return wrong(&format!("at most {} characters: names are made of it", LONGEST - SUFFIX));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn a_name_is_one_that_names_can_be_made_of() {
        for (name, is_good) in [
            ("office".to_owned(), true),
            ("a b/ü".to_owned(), true),
            ("x".repeat(243), true),
            ("x".repeat(244), false),
            (String::new(), false),
            (" x".to_owned(), false),
            ("x\n".to_owned(), false),
            ("a\tb".to_owned(), false),
        ] {
            assert_eq!(check_name(&name).is_ok(), is_good, "{name:?}");
        }
    }
}
