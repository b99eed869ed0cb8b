//! The ids and addresses of a guide, and ours.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// The guide's ids and addresses, and ours.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Something of the guide that was there before.
    pub(super) fn know(&mut self, guides: &str, ours: String) {
        self.0.insert(guides.to_owned(), ours);
    }

    /// The command with our names in it.
    pub(super) fn in_command(&self, command: &str) -> String {
        let ours = |word| self.0.get(word).map_or(word, String::as_str);
        command.split_whitespace().map(ours).collect::<Vec<_>>().join(" ")
    }

    /// Whether our value is what the guide's means.
    pub(super) fn agree(&mut self, label: &str, shown: &str, ours: &str) -> bool {
        match (label, shown) {
            ("created_at" | "updated_at", _) => {
                ours.len() == 20 && ours.starts_with("20") && ours.ends_with('Z')
            }
            ("revision_number", _) => ours.parse::<u32>().is_ok_and(|revision| revision >= 1),
            ("mac_address", _) => ours.len() == shown.len() && ours.starts_with("fa:16:3e:"),
            // No agent is there that could wire it.
            ("status", "ACTIVE") if ours == "DOWN" => true,
            // Nor one that could say that a service works: the cloud of this guide was fast.
            ("Status", "ACTIVE") if ours == "PENDING_CREATE" => true,
            // What the guides' cloud did not say of itself.
            (
                "availability_zone_hints"
                | "availability_zones"
                | "service_types"
                | "binding_profile"
                | "binding_vif_details"
                | "dns_assignment"
                | "dns_domain",
                "None",
            ) => ours.is_empty() || ours == "None",
            ("is_default", "None") => ours == "False",
            ("mtu", "None") => ours == "1500",
            ("external_gateway_info", "None") => matches!(ours, "null" | "None"),
            _ => {
                let may_be_given = matches!(label, "external_v4_ip" | "external_v6_ip" | "fixed_ips");
                let (shown, ours) = (words(shown), words(ours));
                shown.len() == ours.len()
                    && shown
                        .iter()
                        .zip(ours)
                        .all(|(shown, ours)| self.agree_on_word(shown, ours, may_be_given))
            }
        }
    }

    /// Whether a word of ours is the guide's, or takes the place of an id or of an address that the cloud gave.
    fn agree_on_word(&mut self, shown: &str, ours: &str, may_be_given: bool) -> bool {
        if let Some(known) = self.0.get(shown) {
            return known == ours;
        }
        let both = |is: fn(&str) -> bool| is(shown) && is(ours);
        let takes_its_place = both(is_id) || (may_be_given && both(is_address));
        if !takes_its_place {
            return shown == ours;
        }
        let is_new = self.0.values().all(|known| known != ours);
        self.0.insert(shown.to_owned(), ours.to_owned());
        is_new
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| " '=,[]{}\"".contains(c)).filter(|word| !word.is_empty()).collect()
}

/// A UUID, or the 32 digits of one.
fn is_id(word: &str) -> bool {
    matches!(word.len(), 32 | 36) && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn is_address(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok()
}
