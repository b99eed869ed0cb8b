//! Nothing that a user wrote gets out of its place: the files are read as their daemons read them.

use std::collections::BTreeMap;

use adit_model::Psk;
use adit_model::router_document::ConnectionSpec;
use adit_peer_config::{Format, PeerConfig, Secret, Site, render};
use proptest::prelude::*;

use crate::plain;

/// Letters that mean something to one of the daemons, and others.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"'\\\\#{}=:;$ @a0xs\n\r\t%!,.-]{0,24}",
        "(0x|0s|0S|include |fqdn:|@#|@@)[\"'\\\\#{}=a0 \n]{0,12}",
    ]
}

proptest! {
    #[test]
    fn nothing_gets_out_of_its_place(name in text(), psk in text(), local_id in text(), peer_id in text()) {
        let spec = ConnectionSpec { psk: Psk::new(psk.clone()), local_id, peer_id, ..plain() };
        let Ok(site) = Site::mirror(&name, &spec) else { return Ok(()) };
        let secret = Secret::Shown(&spec.psk);
        let reference = Site::mirror("conn", &plain()).unwrap();
        let rendered = |format, site, secret| -> PeerConfig { render(format, site, secret).unwrap() };

        let text = rendered(Format::StrongswanSwanctl, &site, secret).text();
        let settings = swanctl(&text);
        let of_reference = swanctl(&rendered(Format::StrongswanSwanctl, &reference, secret).text());
        prop_assert!(settings.keys().eq(of_reference.keys()), "{text}");
        let read = settings.iter().find(|(key, _)| key.ends_with(".secret")).unwrap().1;
        let decoded = unhex(read).unwrap_or_else(|| read.clone().into_bytes());
        prop_assert_eq!(decoded, psk.as_bytes());

        for format in [Format::StrongswanIpsecConf, Format::Libreswan] {
            // Some e-mail addresses are refused.
            let Ok(config) = render(format, &site, secret) else { continue };
            let of_reference = rendered(format, &reference, secret);
            let [conf, secrets] = config.files.as_slice() else { panic!("{format}: not two files") };
            let keys = |text: &str| conf_keys(text);
            prop_assert_eq!(keys(&conf.content), keys(&of_reference.files[0].content));
            let (ids, key) = secrets_line(&secrets.content);
            prop_assert_eq!(ids, 2, "{}", secrets.content);
            prop_assert_eq!(key, psk.as_bytes());
        }
    }
}

/// strongSwan's settings: sections, keys, values between quotes in which a backslash takes the meaning of what follows.
fn swanctl(text: &str) -> BTreeMap<String, String> {
    let (mut settings, mut path) = (BTreeMap::new(), Vec::<String>::new());
    let mut letters = text.chars().peekable();
    let mut word = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '#' => while letters.next_if(|one| *one != '\n').is_some() {},
            '{' => path.push(std::mem::take(&mut word).trim().to_owned()),
            '}' => drop(path.pop().unwrap()),
            '=' => {
                let key = format!("{}.{}", path.join("."), std::mem::take(&mut word).trim());
                assert!(settings.insert(key, value(&mut letters)).is_none());
            }
            '\n' => {
                assert_eq!(word.trim(), "", "a word without a value");
                word.clear();
            }
            _ => word.push(letter),
        }
    }
    assert_eq!(path, Vec::<String>::new());
    settings
}

fn value(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    while letters.next_if(|one| *one == ' ').is_some() {}
    let mut value = String::new();
    if letters.next_if_eq(&'"').is_none() {
        while let Some(one) = letters.next_if(|one| !"\n#{}\"".contains(*one)) {
            value.push(one);
        }
        return value;
    }
    loop {
        match letters.next().unwrap() {
            '"' => return value,
            '\\' => value.push(match letters.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                one => one,
            }),
            one => value.push(one),
        }
    }
}

/// The sections and keys of an `ipsec.conf`, and that a value is one word or between quotes.
fn conf_keys(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for line in text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((key, value)) = line.split_once('=') else {
            keys.push(line.to_owned());
            continue;
        };
        let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match inner {
            Some(inner) => assert!(!inner.contains(['"', '\\', '\r']), "{line}"),
            None => assert!(!value.contains(['"', '#', ' ', '\t', '\r']), "{line}"),
        }
        keys.push(key.trim().to_owned());
    }
    keys
}

/// How many identities the one line of a file of secrets names, and the key.
fn secrets_line(text: &str) -> (usize, Vec<u8>) {
    let mut lines = text.split(['\n', '\r']).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (line, rest) = (lines.next().unwrap(), lines.next());
    assert_eq!(rest, None, "{text}");
    let (ids, key) = line.split_once(" : PSK ").unwrap();
    let key = match key.strip_prefix('"') {
        // What is between is taken as it is.
        Some(quoted) => {
            let inner = quoted.strip_suffix('"').unwrap();
            assert!(!inner.contains('"'), "{line}");
            inner.as_bytes().to_vec()
        }
        None => unhex(key).unwrap(),
    };
    (ids.split_ascii_whitespace().filter(|id| !id.starts_with('#')).count(), key)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    let octet = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(octet).collect()
}
