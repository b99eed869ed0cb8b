//! Secrets that are typed at a terminal, which does not show them.

use std::io::{Stdin, Write};

use rustix::io::{Errno, read};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::say;

const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const CLEAR: u8 = 0x15;
const BACKSPACES: [u8; 2] = [0x08, 0x7f];

/// Asks for a secret at the terminal that is the standard input; for a new one twice, since nobody sees what is typed.
pub(super) fn ask(prompt: &str, is_new: bool) -> Result<Zeroizing<String>> {
    let quiet = Quiet::new().map_err(unreadable)?;
    let typed = quiet.line(&format!("{prompt}: "))?;
    if is_new && quiet.line(&format!("Repeat {}: ", lowercase(prompt)))? != typed {
        return Err(Error::Usage("the two are not the same: nothing was changed".to_owned()));
    }
    let text =
        str::from_utf8(&typed).map_err(|_| Error::Usage("what was typed is no UTF-8 text".to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A terminal that shows nothing of what is typed, until this is dropped. Keys that would end or stop the program are read
/// here, so that none leaves the terminal as it is now.
struct Quiet {
    input: Stdin,
    before: Termios,
}

impl Quiet {
    fn new() -> rustix::io::Result<Self> {
        let input = std::io::stdin();
        let before = tcgetattr(&input)?;
        let mut modes = before.clone();
        modes
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed ahead was shown.
        tcsetattr(&input, OptionalActions::Flush, &modes)?;
        Ok(Self { input, before })
    }

    /// Reads a line.
    fn line(&self, prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
        let show = |text: &str| {
            let mut shown = std::io::stderr();
            let _ = shown.write_all(text.as_bytes()).and_then(|()| shown.flush());
        };
        show(prompt);
        let mut line = Zeroizing::new(Vec::new());
        let ended = loop {
            let mut octet = [0];
            match read(&self.input, &mut octet) {
                Err(Errno::INTR) => continue,
                Err(error) => break Err(unreadable(error)),
                Ok(0) => break Ok(()),
                Ok(_) => {}
            }
            match octet[0] {
                INTERRUPT => break Err(Error::Interrupted("nothing was changed".to_owned())),
                b'\n' | b'\r' | END => break Ok(()),
                CLEAR => line.clear(),
                typed if BACKSPACES.contains(&typed) => take_back(&mut line),
                typed => line.push(typed),
            }
        };
        show("\n");
        ended.map(|()| line)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(&self.input, OptionalActions::Flush, &self.before) {
            say(&format!(
                "adit: warning: cannot let the terminal show again what is typed: {error}: `stty sane` may"
            ));
        }
    }
}

/// Takes the last character away, which may have several octets.
fn take_back(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|octet| octet & 0xc0 == 0x80) {}
}

fn lowercase(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn unreadable(error: Errno) -> Error {
    Error::Usage(format!("cannot ask at the terminal: {error}"))
}

#[cfg(test)]
mod tests {
    use super::take_back;

    #[test]
    fn what_is_taken_back_is_a_character() {
        for (typed, want) in [("aé", "a"), ("日本", "日"), ("a", ""), ("", "")] {
            let mut line = typed.as_bytes().to_vec();
            take_back(&mut line);
            assert_eq!(line, want.as_bytes(), "{typed}");
        }
    }
}
