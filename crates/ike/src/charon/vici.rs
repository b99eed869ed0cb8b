//! Commands to charon. One connection carries one command at a time, and each command has a time limit.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::sync::watch;
use tokio::time::timeout;

use super::sa::IkeSa;
use super::socket::{Signals, Socket};
use crate::connection::Connection;
use crate::message::Section;
use crate::peering::{LARGEST_MESSAGE, Peering};

/// How long charon may take for an answer. It answers in well under a millisecond unless it is stuck.
const LIMIT: Duration = Duration::from_secs(10);

/// Why a command brought nothing. After anything but [`ViciError::Refused`] the connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum ViciError {
    /// There is no socket, or nobody listens.
    #[error("the control socket {} of charon cannot be reached", .path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// charon has gone.
    #[error("charon closed its control socket")]
    Closed,
    /// charon is stuck.
    #[error("charon did not answer `{command}` within {} s", LIMIT.as_secs())]
    Timeout {
        /// What was asked.
        command: &'static str,
    },
    /// charon said no.
    #[error("charon refused `{command}`: {message}")]
    Refused {
        /// What was asked.
        command: &'static str,
        /// charon's words.
        message: String,
    },
    /// The answer makes no sense.
    #[error("charon's answer to `{command}` cannot be read")]
    Protocol {
        /// What was asked.
        command: &'static str,
        /// Why.
        source: rsvici::Error,
    },
}

/// What to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Terminate {
    /// An IKE SA with everything in it; the peer is told, and told again until it confirms.
    Ike(u32),
    /// An IKE SA whose peer has not answered yet, or does not any more. Nobody's answer is waited for.
    HalfOpen(u32),
    /// One CHILD_SA.
    Child(u32),
}

/// The algorithms that a daemon has loaded, by charon's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    ciphers: BTreeSet<String>,
    integrity: BTreeSet<String>,
    prfs: BTreeSet<String>,
    groups: BTreeSet<String>,
}

/// A connection for commands.
pub struct Vici {
    client: rsvici::Client,
    signals: watch::Receiver<Signals>,
}

impl Vici {
    /// Connects to a daemon.
    ///
    /// # Errors
    /// [`ViciError::Connect`].
    pub async fn connect(path: &Path) -> Result<Self, ViciError> {
        let (client, signals) = connect(path).await?;
        Ok(Self { client, signals })
    }

    /// The algorithms that it has loaded.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn algorithms(&mut self) -> Result<Algorithms, ViciError> {
        let answer = self.request("get-algorithms", Section::new()).await?;
        let names = |key| {
            let section = answer.section(key);
            section
                .into_iter()
                .flat_map(Section::iter)
                .map(|(name, _)| name.to_owned())
                .collect::<BTreeSet<_>>()
        };
        let mut ciphers = names("encryption");
        ciphers.extend(names("aead"));
        // Renamed in strongSwan 6.
        let mut groups = names("dh");
        groups.extend(names("ke"));
        Ok(Algorithms { ciphers, integrity: names("integrity"), prfs: names("prf"), groups })
    }

    /// Names of the connections that are loaded. Their content cannot be read back.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn connections(&mut self) -> Result<BTreeSet<String>, ViciError> {
        let answer = self.request("get-conns", Section::new()).await?;
        Ok(answer.list("conns").iter().cloned().collect())
    }

    /// Ids of the keys that are loaded. The keys themselves are not given back.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn keys(&mut self) -> Result<BTreeSet<String>, ViciError> {
        let answer = self.request("get-shared", Section::new()).await?;
        Ok(answer.list("keys").iter().cloned().collect())
    }

    /// Loads a peering in place of the one of the same name. Live SAs stay as they are.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn load(&mut self, peering: &Peering) -> Result<(), ViciError> {
        self.request("load-conn", peering.load_conn()).await?;
        Ok(())
    }

    /// Loads the key of a site connection in place of the one that it has. Live SAs stay as they are.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn load_key(&mut self, connection: &Connection) -> Result<(), ViciError> {
        self.request("load-shared", connection.load_shared()).await?;
        Ok(())
    }

    /// Forgets a connection of charon's; fine if there is none. Live SAs stay: see [`Vici::terminate`].
    ///
    /// # Errors
    /// Any [`ViciError`] but [`ViciError::Refused`].
    pub async fn unload(&mut self, name: &str) -> Result<(), ViciError> {
        fine_if_refused(self.request("unload-conn", Section::new().with("name", name)).await)
    }

    /// Forgets a key; fine if there is none.
    ///
    /// # Errors
    /// Any [`ViciError`] but [`ViciError::Refused`].
    pub async fn unload_key(&mut self, id: &str) -> Result<(), ViciError> {
        fine_if_refused(self.request("unload-shared", Section::new().with("id", id)).await)
    }

    /// Starts to set up a CHILD_SA, and its IKE SA if there is none. Returns at once; events tell what became of it.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn initiate(&mut self, connection: &str, child: &str) -> Result<(), ViciError> {
        let message = Section::new().with("ike", connection).with("child", child).with("timeout", -1);
        self.request("initiate", message).await?;
        Ok(())
    }

    /// Starts to close an SA; fine if there is none. Returns at once.
    ///
    /// # Errors
    /// Any [`ViciError`] but [`ViciError::Refused`].
    pub async fn terminate(&mut self, what: Terminate) -> Result<(), ViciError> {
        let message = match what {
            Terminate::Ike(id) => Section::new().with("ike-id", id),
            Terminate::HalfOpen(id) => Section::new().with("ike-id", id).with("force", true),
            Terminate::Child(id) => Section::new().with("child-id", id),
        };
        fine_if_refused(self.request("terminate", message.with("timeout", -1)).await)
    }

    /// All SAs that there are at this moment.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn sas(&mut self) -> Result<Vec<IkeSa>, ViciError> {
        let command = "list-sas";
        let signals = self.signals.clone();
        let stream = self.client.stream_request::<_, Section>(command, "list-sa", Section::new());
        let messages = limited(command, signals, pin!(stream).try_collect::<Vec<_>>()).await?;
        Ok(messages.iter().flat_map(IkeSa::list).collect())
    }

    async fn request(&mut self, command: &'static str, message: Section) -> Result<Section, ViciError> {
        let length = message.encoded_len();
        if length > LARGEST_MESSAGE {
            let message = format!("{length} octets are more than charon takes at once");
            return Err(ViciError::Refused { command, message });
        }
        let signals = self.signals.clone();
        let answer: Section = limited(command, signals, self.client.request(command, message)).await?;
        if answer.text("success") == Some("no") {
            let message = answer.text("errmsg").unwrap_or("no reason given").to_owned();
            return Err(ViciError::Refused { command, message });
        }
        Ok(answer)
    }
}

impl Algorithms {
    #[cfg(test)]
    pub(crate) fn of(ciphers: &[&str], integrity: &[&str], prfs: &[&str], groups: &[&str]) -> Self {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { ciphers: set(ciphers), integrity: set(integrity), prfs: set(prfs), groups: set(groups) }
    }

    pub(crate) fn has_cipher(&self, name: &str) -> bool {
        self.ciphers.contains(name)
    }

    pub(crate) fn has_integrity(&self, name: &str) -> bool {
        self.integrity.contains(name)
    }

    pub(crate) fn has_prf(&self, name: &str) -> bool {
        self.prfs.contains(name)
    }

    pub(crate) fn has_group(&self, name: &str) -> bool {
        self.groups.contains(name)
    }
}

pub(super) async fn connect(path: &Path) -> Result<(rsvici::Client, watch::Receiver<Signals>), ViciError> {
    let error = |source| ViciError::Connect { path: path.to_owned(), source };
    let connecting = timeout(LIMIT, Socket::connect(path));
    let (socket, signals) =
        connecting.await.map_err(|elapsed| error(elapsed.into())).and_then(|done| done.map_err(error))?;
    Ok((rsvici::Client::new(socket), signals))
}

/// Runs a request to its end, or until charon has gone or the time is over.
pub(super) async fn limited<T>(
    command: &'static str,
    mut signals: watch::Receiver<Signals>,
    request: impl Future<Output = Result<T, rsvici::Error>>,
) -> Result<T, ViciError> {
    tokio::select! {
        biased;
        answer = timeout(LIMIT, request) => match answer {
            Ok(answer) => answer.map_err(|source| {
                if source.is_closed() || source.is_io() {
                    ViciError::Closed
                } else {
                    ViciError::Protocol { command, source }
                }
            }),
            Err(_) => Err(ViciError::Timeout { command }),
        },
        _ = signals.wait_for(|signals| signals.closed) => Err(ViciError::Closed),
    }
}

fn fine_if_refused(result: Result<Section, ViciError>) -> Result<(), ViciError> {
    match result {
        Ok(_) | Err(ViciError::Refused { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
