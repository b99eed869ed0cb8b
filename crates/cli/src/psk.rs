//! Pre-shared keys: read from where others do not see them, or made up.

use std::io::Read;

use rand::distr::{Alphanumeric, SampleString};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::say;

/// A pre-shared key. It is wiped when it is no longer needed, and cannot be printed by accident.
pub(crate) struct Psk(Zeroizing<String>);

impl Psk {
    /// The key itself, for the body of a request or the eyes of who asked for it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// The key of `--psk`: `-` is for one on standard input. One that stands on the command line is in the shell's history and
/// in the list of processes, which is told.
pub(crate) fn given(text: &str) -> Result<Psk> {
    if text == "-" {
        return from_input();
    }
    say(
        "adit: warning: a key on the command line is seen by other users of this machine, and kept in the shell's history: \
         `--psk -` reads it from standard input, `--psk-file FILE` from a file, and `--generate-psk` makes one up",
    );
    checked(text, "--psk")
}

/// The password of an option, with the same ways and the same warning.
pub(crate) fn password(option: &str, text: &str) -> Result<Psk> {
    if text == "-" {
        return from_input();
    }
    say(&format!(
        "adit: warning: a {option} on the command line is seen by other users of this machine, and kept in the shell's \
         history: `--{option} -` reads it from standard input",
    ));
    checked(text, &format!("--{option}"))
}

fn from_input() -> Result<Psk> {
    let mut key = Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .read_to_string(&mut key)
        .map_err(|error| Error::Usage(format!("cannot read standard input: {error}")))?;
    checked(&key, "standard input")
}

/// The key in a file.
pub(crate) fn from_file(path: &str) -> Result<Psk> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Usage(format!("--psk-file: cannot read {path}: {error}")))?;
    checked(&Zeroizing::new(text), path)
}

/// A key that a server knows.
pub(crate) fn known(key: &str) -> Psk {
    Psk(Zeroizing::new(key.to_owned()))
}

/// A key of more than 255 random bits, in letters and digits, which every peer takes and nobody guesses. It begins with a
/// letter: some devices decode what begins with `0x` or `0s`, and some take no key that begins with a zero.
pub(crate) fn generated() -> Psk {
    loop {
        let key = Zeroizing::new(Alphanumeric.sample_string(&mut rand::rng(), 43));
        if key.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Psk(key);
        }
    }
}

/// One line, which is not empty. The end of the line is not part of it.
fn checked(text: &str, place: &str) -> Result<Psk> {
    let key = text.strip_suffix('\n').unwrap_or(text);
    let key = key.strip_suffix('\r').unwrap_or(key);
    if key.is_empty() {
        return Err(Error::Usage(format!("{place} has no key")));
    }
    if key.contains('\n') {
        return Err(Error::Usage(format!("{place} has several lines: a key is one")));
    }
    Ok(Psk(Zeroizing::new(key.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{checked, from_file, generated};

    #[test]
    fn a_key_is_one_line() {
        for (text, want) in [
            ("secret\n", Some("secret")),
            ("a b\r\n", Some("a b")),
            ("", None),
            ("\n", None),
            ("a\nb\n", None),
        ] {
            assert_eq!(checked(text, "it").ok().as_ref().map(super::Psk::reveal), want, "{text:?}");
        }
        assert!(from_file("/nowhere/at/all").is_err());
    }

    #[test]
    fn made_up_keys_are_long_and_differ() {
        let [one, two] = [generated(), generated()];
        assert_eq!(one.reveal().len(), 43);
        assert_ne!(one.reveal(), two.reveal());
        for key in std::iter::repeat_with(generated).take(1000) {
            assert!(key.reveal().starts_with(|first: char| first.is_ascii_alphabetic()), "{}", key.reveal());
        }
    }
}
