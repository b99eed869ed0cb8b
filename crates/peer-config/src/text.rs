//! Texts: lines, headings, and what a user wrote in the place where it belongs.

use std::fmt::Display;

use crate::network::joined;
use crate::site::Site;

/// A text that grows by lines.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    /// Begins with what a person has to know: for which connection it is, and what to do with it.
    pub(crate) fn headed(site: &Site, mark: &str, device: &str, remarks: &[&str]) -> Self {
        let mut text = Self::default();
        let (name, id) = (comment(&site.name), site.id);
        text.line(format_args!("{mark} The other end of the IPsec site connection {name} ({id}): {device}."));
        for (end, place) in [(&site.here, "Here"), (&site.cloud, "At the cloud")] {
            let (address, networks) = (end.address, joined(&end.networks, ", "));
            text.line(format_args!("{mark} {place}: {address}, with {networks} behind it."));
        }
        if site.mtu != 0 {
            let mtu = site.mtu;
            text.line(format_args!("{mark} The cloud sends packets of up to {mtu} octets into the tunnel."));
        }
        for remark in remarks {
            text.line(format_args!("{mark} {remark}"));
        }
        text
    }

    /// One more line.
    pub(crate) fn line(&mut self, line: impl Display) {
        self.0 += &line.to_string();
        self.0.push('\n');
    }

    /// A line for each.
    pub(crate) fn lines<L: Display>(&mut self, lines: impl IntoIterator<Item = L>) {
        for line in lines {
            self.line(line);
        }
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// A text of a user's as it may stand in a comment of any device: on one line, and without what a command line acts on.
fn comment(text: &str) -> String {
    let is_harmless = |one: char| one.is_alphanumeric() || " -_.,:/+=@".contains(one);
    let kept: String = text.chars().take(64).map(|one| if is_harmless(one) { one } else { '_' }).collect();
    if kept.trim().is_empty() { "without a name".to_owned() } else { kept }
}

/// Octets as hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A key as strongSwan and Libreswan read it from a file of secrets: between quotes, of which there is no way out, or
/// as hexadecimal digits.
pub(crate) fn secrets_file_key(key: &str) -> String {
    if key.contains('"') || key.chars().any(char::is_control) {
        format!("0x{}", hex(key.as_bytes()))
    } else {
        format!("\"{key}\"")
    }
}

/// Between single quotes, as every shell of a Unix reads it.
pub(crate) fn shell(text: &str) -> String {
    let is_word = |one: char| one.is_ascii_alphanumeric() || "-_.,:/+=@".contains(one);
    if !text.is_empty() && text.chars().all(is_word) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_comment() {
        for (name, want) in [
            ("conn", "conn"),
            ("Văn phòng #2", "Văn phòng _2"),
            ("a\nconn b", "a_conn b"),
            ("*/ } ; `id` $(id) ?", "_/ _ _ _id_ __id_ _"),
            ("\u{2028}", "_"),
            (" ", "without a name"),
        ] {
            assert_eq!(comment(name), want, "{name:?}");
        }
    }

    #[test]
    fn texts_keep_within_their_quotes() {
        for (text, file, in_shell) in [
            ("secret", "\"secret\"", "secret"),
            ("a b#c", "\"a b#c\"", "'a b#c'"),
            ("0xff", "\"0xff\"", "0xff"),
            ("it's", "\"it's\"", r"'it'\''s'"),
            ("a\"b", "0x612262", "'a\"b'"),
            ("$(id)", "\"$(id)\"", "'$(id)'"),
        ] {
            assert_eq!((secrets_file_key(text), shell(text)), (file.to_owned(), in_shell.to_owned()));
        }
        assert_eq!(shell(""), "''");
    }
}
