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

/// How long charon may take for an answer, before it is asked once more by another connection. It answers in well under a
/// millisecond unless it is stuck.
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
    #[error("charon did not answer `{command}`, twice within {} s", LIMIT.as_secs())]
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

/// A connection for commands. Whoever gives charon up ends all of its tunnels, so a command that has no answer in time is
/// given once more by another connection: doing any of them twice does no harm.
pub struct Vici {
    path: PathBuf,
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
        Ok(Self { path: path.to_owned(), client, signals })
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

    /// Starts to replace a CHILD_SA by a new one, by charon's number for it; fine if there is none. Returns at once.
    ///
    /// # Errors
    /// Any [`ViciError`] but [`ViciError::Refused`].
    pub async fn rekey(&mut self, child: u32) -> Result<(), ViciError> {
        fine_if_refused(self.request("rekey", Section::new().with("child-id", child)).await)
    }

    /// All SAs that there are at this moment.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn sas(&mut self) -> Result<Vec<IkeSa>, ViciError> {
        self.list_sas(Section::new()).await
    }

    /// The SAs of one connection of charon's.
    ///
    /// # Errors
    /// Any [`ViciError`].
    pub async fn sas_of(&mut self, connection: &str) -> Result<Vec<IkeSa>, ViciError> {
        self.list_sas(Section::new().with("ike", connection)).await
    }

    async fn list_sas(&mut self, which: Section) -> Result<Vec<IkeSa>, ViciError> {
        let messages = match self.try_to_list(&which).await {
            Err(ViciError::Timeout { .. }) => {
                self.reconnect().await?;
                self.try_to_list(&which).await
            }
            answer => answer,
        };
        Ok(messages?.iter().flat_map(IkeSa::list).collect())
    }

    async fn try_to_list(&mut self, which: &Section) -> Result<Vec<Section>, ViciError> {
        let command = "list-sas";
        let signals = self.signals.clone();
        let stream = self.client.stream_request::<_, Section>(command, "list-sa", which);
        limited(command, signals, pin!(stream).try_collect::<Vec<_>>()).await
    }

    async fn reconnect(&mut self) -> Result<(), ViciError> {
        tracing::warn!(socket = %self.path.display(), "charon does not answer, and is asked once more");
        *self = Self::connect(&self.path).await?;
        Ok(())
    }

    async fn request(&mut self, command: &'static str, message: Section) -> Result<Section, ViciError> {
        let length = message.encoded_len();
        if length > LARGEST_MESSAGE {
            let message = format!("{length} octets are more than charon takes at once");
            return Err(ViciError::Refused { command, message });
        }
        let answer = match self.try_to_request(command, &message).await {
            Err(ViciError::Timeout { .. }) => {
                self.reconnect().await?;
                self.try_to_request(command, &message).await
            }
            answer => answer,
        }?;
        if answer.text("success") == Some("no") {
            let message = answer.text("errmsg").unwrap_or("no reason given").to_owned();
            return Err(ViciError::Refused { command, message });
        }
        Ok(answer)
    }

    async fn try_to_request(
        &mut self,
        command: &'static str,
        message: &Section,
    ) -> Result<Section, ViciError> {
        let signals = self.signals.clone();
        limited(command, signals, self.client.request(command, message)).await
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{UnixListener, UnixStream};

    use super::*;

    /// The packet types of a command and of its answer.
    const REQUEST: u8 = 0;
    const RESPONSE: u8 = 1;

    async fn hear(stream: &mut UnixStream) -> Vec<u8> {
        let length = stream.read_u32().await.unwrap();
        let mut packet = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut packet).await.unwrap();
        packet
    }

    #[tokio::test(start_paused = true)]
    async fn charon_is_asked_once_more_by_another_connection_before_it_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("charon.vici");
        let listener = UnixListener::bind(&path).unwrap();
        let charon = tokio::spawn(async move {
            let (mut deaf, _) = listener.accept().await.unwrap();
            let first = hear(&mut deaf).await;
            let (mut well, _) = listener.accept().await.unwrap();
            let second = hear(&mut well).await;
            well.write_all(&[0, 0, 0, 1, RESPONSE]).await.unwrap();
            // And is stuck for good.
            let _never_answered = hear(&mut well).await;
            let (mut third, _) = listener.accept().await.unwrap();
            let _never_answered = hear(&mut third).await;
            // The connections stay open.
            (first, second, deaf, well, third)
        });
        let mut vici = Vici::connect(&path).await.unwrap();
        vici.unload("one").await.unwrap();
        let answer = vici.unload("two").await;
        assert!(matches!(answer, Err(ViciError::Timeout { command: "unload-conn" })), "{answer:?}");
        let (first, second, ..) = charon.await.unwrap();
        assert_eq!((first[0], &first), (REQUEST, &second), "the same command");
    }
}
