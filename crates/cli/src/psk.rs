//! Pre-shared keys and passwords: read from where others do not see them, or made up.

mod terminal;

use std::fs::File;
use std::io::{IsTerminal, Read};

use rand::distr::{Alphanumeric, SampleString};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::say;

/// A pre-shared key, or a password. It is wiped when it is no longer needed, and cannot be printed by accident.
pub(crate) struct Psk(Zeroizing<String>);

impl Psk {
    /// The key itself, for the body of a request or the eyes of who asked for it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Which of the two a secret is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secret {
    Key,
    Password,
}

impl Secret {
    const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Password => "password",
        }
    }

    /// How many octets of it are read. More are not one, and would be refused for another reason.
    const fn room(self) -> u64 {
        match self {
            Self::Key => 4 * LONGEST_KEY as u64,
            Self::Password => 16 << 10,
        }
    }

    /// What is said of one that is too long.
    fn too_long(self, place: &str) -> Error {
        match self {
            Self::Key => Error::Usage(format!("{place}: a key has at most {LONGEST_KEY} characters")),
            Self::Password => Error::Usage(format!("{place} is too long for a password")),
        }
    }
}

/// The longest key that the API takes, in characters.
const LONGEST_KEY: usize = 255;

/// How else than on the command line a command takes a key.
#[derive(Clone, Copy)]
pub(crate) enum Otherwise {
    /// On standard input alone.
    Input,
    /// By `--psk-file` and `--generate-psk` too.
    FileOrGenerated,
    /// By `--psk-file` too, and one is made up where none is given.
    FileOrNone,
}

/// The key of `--psk`: `-` is for one on standard input. One that stands on the command line is in the shell's history and
/// in the list of processes, which is told.
pub(crate) fn given(text: &str, otherwise: Otherwise) -> Result<Psk> {
    if text == "-" {
        return from_input(Secret::Key, "Pre-shared key");
    }
    let more = match otherwise {
        Otherwise::Input => "",
        Otherwise::FileOrGenerated => ", `--psk-file FILE` from a file, and `--generate-psk` makes one up",
        Otherwise::FileOrNone => ", `--psk-file FILE` from a file, and without these one is made up",
    };
    warn("key", "psk", more);
    checked(text, Secret::Key, "--psk")
}

/// The password of an option, with the same ways and the same warning.
pub(crate) fn password(option: &str, text: &str) -> Result<Psk> {
    if text == "-" {
        return from_input(Secret::Password, "Password");
    }
    warn(option, option, "");
    checked(text, Secret::Password, &format!("--{option}"))
}

/// A new password, typed twice.
pub(crate) fn asked_password() -> Result<Psk> {
    ask("--password-prompt", "Password", true)
}

/// One's password until now and the new one, as two options have them: `-` is for standard input, which has the old one in
/// its first line when it has both; what is not given is asked for at the terminal.
pub(crate) fn change_of_password(old: Option<&str>, new: Option<&str>) -> Result<[Psk; 2]> {
    const OLD: &str = "--original-password";
    const NEW: &str = "--password";
    let is_typed = std::io::stdin().is_terminal();
    if let (Some("-"), Some("-"), false) = (old, new, is_typed) {
        let text = all_of(std::io::stdin().lock(), Secret::Password, "standard input")?;
        let (old, new) = text.split_once('\n').ok_or_else(|| {
            Error::Usage("standard input has one line: the old password, and not the new one".into())
        })?;
        let checked = |text: &str| checked(text, Secret::Password, "standard input");
        return Ok([checked(old)?, checked(new)?]);
    }
    let one = |text: Option<&str>, option: &str, prompt: &str, is_new: bool| match text {
        Some("-") if !is_typed => from_input(Secret::Password, prompt),
        Some("-") | None => ask(option, prompt, is_new),
        Some(text) => password(option.trim_start_matches('-'), text),
    };
    Ok([one(old, OLD, "Current password", false)?, one(new, NEW, "New password", true)?])
}

fn warn(what: &str, option: &str, more: &str) {
    say(&format!(
        "adit: warning: a {what} on the command line is seen by other users of this machine, and kept in the shell's \
         history: `--{option} -` reads it from standard input{more}",
    ));
}

/// Asks at the terminal.
fn ask(option: &str, prompt: &str, is_new: bool) -> Result<Psk> {
    if !std::io::stdin().is_terminal() {
        let way =
            if option == "--password-prompt" { "--password -".to_owned() } else { format!("{option} -") };
        return Err(Error::Usage(format!(
            "{option}: there is no terminal to ask at: `{way}` reads it from standard input"
        )));
    }
    checked(&terminal::ask(prompt, is_new)?, Secret::Password, "what was typed")
}

fn from_input(secret: Secret, prompt: &str) -> Result<Psk> {
    if std::io::stdin().is_terminal() {
        return checked(&terminal::ask(prompt, true)?, secret, "what was typed");
    }
    checked(&all_of(std::io::stdin().lock(), secret, "standard input")?, secret, "standard input")
}

/// The key in a file.
pub(crate) fn from_file(path: &str) -> Result<Psk> {
    let file =
        File::open(path).map_err(|error| Error::Usage(format!("--psk-file: cannot read {path}: {error}")))?;
    checked(&all_of(file, Secret::Key, path)?, Secret::Key, path)
}

/// All the text of a place, unless it is longer than such a secret can be.
fn all_of(from: impl Read, secret: Secret, place: &str) -> Result<Zeroizing<String>> {
    // The end of a line has one character or two.
    let room = secret.room() + 2;
    let mut text = Zeroizing::new(String::new());
    from.take(room + 1)
        .read_to_string(&mut text)
        .map_err(|error| Error::Usage(format!("cannot read {place}: {error}")))?;
    if text.len() as u64 > room { Err(secret.too_long(place)) } else { Ok(text) }
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
fn checked(text: &str, secret: Secret, place: &str) -> Result<Psk> {
    let (word, line) = (secret.word(), text.strip_suffix('\n').unwrap_or(text));
    let line = line.strip_suffix('\r').unwrap_or(line);
    let wrong = |why: String| Err(Error::Usage(format!("{place} {why}")));
    if line.is_empty() {
        return wrong(if place.starts_with("--") { "is empty".to_owned() } else { format!("has no {word}") });
    }
    if line.contains('\n') {
        return wrong(format!("has several lines: a {word} is one"));
    }
    if secret == Secret::Key && line.chars().count() > LONGEST_KEY {
        return Err(secret.too_long(place));
    }
    Ok(Psk(Zeroizing::new(line.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::Secret::{Key, Password};
    use super::{Psk, all_of, checked, from_file, generated};

    #[test]
    fn a_secret_is_one_line() {
        let [long, longer] = [255, 256].map(|count| "é".repeat(count));
        for (secret, text, place, want) in [
            (Key, "secret\n", "it", Ok("secret")),
            (Key, "a b\r\n", "it", Ok("a b")),
            (Key, "", "--psk", Err("--psk is empty")),
            (Key, "\n", "key.txt", Err("key.txt has no key")),
            (Key, "a\nb\n", "key.txt", Err("key.txt has several lines: a key is one")),
            (Key, &long, "it", Ok(&long)),
            (Key, &longer, "key.txt", Err("key.txt: a key has at most 255 characters")),
            (Password, &longer, "it", Ok(&longer)),
            (Password, "", "--password", Err("--password is empty")),
            (Password, "\n", "standard input", Err("standard input has no password")),
            (Password, "a\nb", "standard input", Err("standard input has several lines: a password is one")),
        ] {
            let got = checked(text, secret, place).map_err(|error| error.to_string());
            assert_eq!(got.as_ref().map(Psk::reveal).map_err(String::as_str), want, "{place} {text:?}");
        }
        assert!(from_file("/nowhere/at/all").is_err());
    }

    #[test]
    fn no_more_is_read_than_a_secret_can_have() {
        for (secret, count, want) in [
            (Key, 1020, None),
            (Key, 3_000_000, Some("a.txt: a key has at most 255 characters")),
            (Password, 16 << 10, None),
            (Password, 3_000_000, Some("a.txt is too long for a password")),
        ] {
            let refused = all_of(std::io::repeat(b'x').take(count), secret, "a.txt").err();
            assert_eq!(refused.map(|error| error.to_string()).as_deref(), want, "{count}");
        }
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
