//! What every device is asked in the same way: whether it has a word for an algorithm, whether a number is within its
//! limits, whether its syntax can carry a text.

use std::fmt::Display;
use std::ops::RangeInclusive;

use adit_model::algorithm::{
    AuthAlgorithm, DhGroup, EncapsulationMode, EncryptionAlgorithm, IkeVersion, NegotiationMode,
    TransformProtocol,
};
use adit_model::ike_identity::Identity;
use adit_model::site_connection::Dpd;

use crate::algorithm::{Mode, number, parts};
use crate::site::Site;
use crate::{Refused, Secret};

/// A kind of device, by the name that its makers gave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device(pub(crate) &'static str);

/// Of which policy an attribute is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy {
    Ike,
    Ipsec,
}

impl Policy {
    const fn noun(self) -> &'static str {
        match self {
            Self::Ike => "the IKE policy",
            Self::Ipsec => "the IPsec policy",
        }
    }
}

impl Device {
    /// The device's word for the cipher of one of the policies.
    pub(crate) fn cipher<T>(
        self,
        policy: Policy,
        cipher: EncryptionAlgorithm,
        known: impl Fn(Mode, u16) -> Option<T>,
    ) -> Result<T, Refused> {
        let known = |cipher| {
            let (mode, bits) = parts(cipher);
            known(mode, bits)
        };
        self.word("encryption_algorithm", policy, cipher, EncryptionAlgorithm::ALL, known)
    }

    /// The device's word for the auth algorithm of one of the policies.
    pub(crate) fn auth<T>(
        self,
        policy: Policy,
        auth: AuthAlgorithm,
        known: impl Fn(AuthAlgorithm) -> Option<T>,
    ) -> Result<T, Refused> {
        self.word("auth_algorithm", policy, auth, AuthAlgorithm::ALL, known)
    }

    /// The number of the group of one of the policies, if it is among those that the device has.
    pub(crate) fn group(self, policy: Policy, group: DhGroup, has: &[u8]) -> Result<u8, Refused> {
        let known = |group| Some(number(group)).filter(|number| has.contains(number));
        self.word("pfs", policy, group, DhGroup::ALL, known)
    }

    fn word<A: Copy + Display, T>(
        self,
        attribute: &str,
        policy: Policy,
        value: A,
        all: &[A],
        known: impl Fn(A) -> Option<T>,
    ) -> Result<T, Refused> {
        known(value).ok_or_else(|| {
            let known: Vec<String> =
                all.iter().filter(|one| known(**one).is_some()).map(A::to_string).collect();
            let (Self(device), policy, known) = (self, policy.noun(), known.join(", "));
            Refused::new(format!("{device} has no {value} as {attribute} of {policy}: use one of {known}"))
        })
    }

    /// A number within the limits of the device.
    pub(crate) fn within(
        self,
        attribute: &str,
        value: u32,
        limits: RangeInclusive<u32>,
    ) -> Result<u32, Refused> {
        if limits.contains(&value) {
            return Ok(value);
        }
        let (Self(device), least, most) = (self, limits.start(), limits.end());
        Err(Refused::new(format!("{device} takes {least} to {most} s as {attribute}, not {value} s")))
    }

    /// The lifetime of the IKE SA in seconds.
    pub(crate) fn ike_lifetime(self, site: &Site, limits: RangeInclusive<u32>) -> Result<u32, Refused> {
        self.within("lifetime of the IKE policy", site.ike.lifetime.get(), limits)
    }

    /// The lifetime of the CHILD_SAs in seconds.
    pub(crate) fn ipsec_lifetime(self, site: &Site, limits: RangeInclusive<u32>) -> Result<u32, Refused> {
        self.within("lifetime of the IPsec policy", site.ipsec.lifetime.get(), limits)
    }

    /// A text that a user chose, if all its characters are such that the syntax can carry.
    pub(crate) fn carried<'t>(
        self,
        attribute: &str,
        text: &'t str,
        can_carry: impl Fn(char) -> bool,
    ) -> Result<&'t str, Refused> {
        match text.chars().find(|one| !can_carry(*one)) {
            None => Ok(text),
            Some(one) => {
                let Self(device) = self;
                // Only what could not be seen is written otherwise.
                let one = match one {
                    '"' | '\'' | '\\' => one.to_string(),
                    one => one.escape_debug().to_string(),
                };
                Err(Refused::new(format!(
                    "the configuration of {device} cannot carry the character `{one}` in {attribute}: use another one"
                )))
            }
        }
    }

    /// An identity without its type. A key id has to be a text.
    pub(crate) fn identity(
        self,
        attribute: &str,
        identity: &Identity,
        can_carry: impl Fn(char) -> bool,
    ) -> Result<String, Refused> {
        if let Identity::KeyId(octets) = identity
            && str::from_utf8(octets).is_err()
        {
            return Err(self.cannot(format!("{attribute} `{identity}`, which is no text"), "a text"));
        }
        let text = identity.to_string();
        self.carried(attribute, &text, can_carry)?;
        Ok(text)
    }

    /// As [`Self::carried`], for the key, of which nothing is repeated.
    pub(crate) fn key<'t>(
        self,
        secret: &'t Secret<'_>,
        can_carry: impl Fn(char) -> bool,
    ) -> Result<&'t str, Refused> {
        let text = secret.text();
        if text.chars().all(can_carry) {
            return Ok(text);
        }
        let Self(device) = self;
        Err(Refused::new(format!(
            "the configuration of {device} cannot carry a character of the psk: letters and digits always do"
        )))
    }

    /// Packets are protected by ESP.
    pub(crate) fn wants_esp(self, site: &Site) -> Result<(), Refused> {
        match site.ipsec.transform_protocol {
            TransformProtocol::Esp => Ok(()),
            protocol @ (TransformProtocol::Ah | TransformProtocol::AhEsp) => {
                Err(self.cannot(format!("{protocol} as transform_protocol of the IPsec policy"), "esp"))
            }
        }
    }

    /// Whole packets are wrapped.
    pub(crate) fn wants_tunnel(self, site: &Site) -> Result<(), Refused> {
        match site.ipsec.encapsulation_mode {
            EncapsulationMode::Tunnel => Ok(()),
            mode @ EncapsulationMode::Transport => {
                Err(self.cannot(format!("{mode} as encapsulation_mode of the IPsec policy"), "tunnel"))
            }
        }
    }

    /// IKEv1, if it is spoken, is spoken in main mode.
    pub(crate) fn wants_main_mode(self, site: &Site) -> Result<(), Refused> {
        match (site.ike.version, site.ike.negotiation_mode) {
            (IkeVersion::V2, _) | (IkeVersion::V1, NegotiationMode::Main) => Ok(()),
            (IkeVersion::V1, mode @ NegotiationMode::Aggressive) => {
                Err(self.cannot(format!("{mode} as phase1_negotiation_mode of the IKE policy"), "main"))
            }
        }
    }

    /// A sentence for what is not offered here, and what is.
    pub(crate) fn cannot(self, what: impl Display, instead: impl Display) -> Refused {
        let Self(device) = self;
        Refused::new(format!("{device} cannot be configured here with {what}: use {instead}"))
    }

    /// After how many questions without an answer, `interval` seconds apart, the peer is dead; the device takes so many.
    pub(crate) fn failures(self, dpd: Dpd, limits: RangeInclusive<u32>) -> Result<u32, Refused> {
        let failures = dpd.timeout.saturating_sub(dpd.interval).div_ceil(dpd.interval.max(1)).max(1);
        if limits.contains(&failures) {
            return Ok(failures);
        }
        let (Self(device), least, most) = (self, limits.start(), limits.end());
        let (timeout, interval) = (dpd.timeout, dpd.interval);
        Err(Refused::new(format!(
            "{device} gives a peer up after {least} to {most} questions without an answer, and a dpd timeout of \
             {timeout} s with an interval of {interval} s needs {failures}: change one of the two"
        )))
    }
}

/// What most of the words have in common that a command line can carry between double quotes.
pub(crate) fn is_plain(one: char) -> bool {
    matches!(one, ' '..='~') && !matches!(one, '"' | '\\' | '?')
}
