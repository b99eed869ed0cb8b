//! What charon tells unasked. Events have a connection of their own, because a connection with commands can lose them.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use futures_util::stream::{BoxStream, SelectAll, StreamExt};
use tokio::sync::watch;
use tokio::time::timeout;

use super::socket::Signals;
use super::vici::{ViciError, connect};
use crate::message::Section;

/// Events after which the list of SAs may be another one.
const CHANGES: [&str; 5] = ["ike-updown", "child-updown", "ike-rekey", "child-rekey", "ike-update"];
const LOG: &str = "log";
/// What charon calls an IKE SA whose connection is not known yet.
pub(super) const UNNAMED: &str = "(unnamed)";
/// How long charon may take to confirm a subscription.
const LIMIT: Duration = Duration::from_secs(5);

/// Something happened in a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// SAs came, went or were replaced: ask for the list.
    SasChanged {
        /// The connection that they are of; `None` where charon does not say.
        connection: Option<String>,
    },
    /// charon logged a line.
    Log(LogLine),
    /// charon has gone. Nothing comes after this.
    Gone,
}

/// A line of charon's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The connection, once the IKE SA has one.
    pub connection: Option<String>,
    /// The IKE SA that it is about.
    pub ike_id: Option<u32>,
    /// The text.
    pub text: String,
}

/// A connection for events.
pub struct Events {
    // Dropping the client ends the subscriptions.
    _client: rsvici::Client,
    streams: SelectAll<BoxStream<'static, Option<Event>>>,
    signals: watch::Receiver<Signals>,
    early: VecDeque<Event>,
    gone: bool,
}

impl Events {
    /// Connects to a daemon and subscribes. What happens after this returned is not missed.
    ///
    /// # Errors
    /// Any [`ViciError`] but [`ViciError::Refused`].
    pub async fn subscribe(path: &Path) -> Result<Self, ViciError> {
        match Self::try_to_subscribe(path).await {
            // Whoever gives charon up ends all of its tunnels, so it is asked twice.
            Err(ViciError::Timeout { .. }) => Self::try_to_subscribe(path).await,
            answer => answer,
        }
    }

    async fn try_to_subscribe(path: &Path) -> Result<Self, ViciError> {
        let (mut client, signals) = connect(path).await?;
        let mut streams = SelectAll::new();
        for name in CHANGES.into_iter().chain([LOG]) {
            let stream = client.subscribe::<Section>(name);
            streams.push(
                stream.map(move |message| message.ok().and_then(|message| read(name, &message))).boxed(),
            );
        }
        let mut events = Self { _client: client, streams, signals, early: VecDeque::new(), gone: false };
        events.confirm().await?;
        Ok(events)
    }

    /// The next event. Cancel-safe.
    pub async fn next(&mut self) -> Event {
        if self.gone {
            return std::future::pending().await;
        }
        if let Some(event) = self.early.pop_front() {
            return event;
        }
        loop {
            tokio::select! {
                biased;
                event = self.streams.next() => match event {
                    Some(Some(event)) => return event,
                    Some(None) => {}
                    None => break,
                },
                _ = self.signals.wait_for(|signals| signals.closed) => break,
            }
        }
        self.gone = true;
        Event::Gone
    }

    /// Waits until charon has confirmed every subscription. The streams must be polled meanwhile: polling is what
    /// subscribes.
    async fn confirm(&mut self) -> Result<(), ViciError> {
        let wanted = CHANGES.len() + 1;
        let confirming = async {
            loop {
                tokio::select! {
                    biased;
                    event = self.streams.next() => match event {
                        Some(event) => self.early.extend(event),
                        None => return Err(ViciError::Closed),
                    },
                    signals = self.signals.wait_for(|signals| signals.closed || signals.confirmed == wanted) => {
                        let open = signals.is_ok_and(|signals| !signals.closed);
                        return if open { Ok(()) } else { Err(ViciError::Closed) };
                    }
                }
            }
        };
        timeout(LIMIT, confirming).await.map_err(|_| ViciError::Timeout { command: "subscribe" })?
    }
}

fn read(name: &str, message: &Section) -> Option<Event> {
    if name != LOG {
        // A section by the name of the connection, beside values.
        let connection = message.sections().next().map(|(name, _)| name.to_owned());
        return Some(Event::SasChanged { connection: connection.filter(|name| name != UNNAMED) });
    }
    Some(Event::Log(LogLine {
        connection: message.text("ikesa-name").filter(|name| *name != UNNAMED).map(str::to_owned),
        ike_id: message.number("ikesa-uniqueid"),
        text: message.text("msg")?.to_owned(),
    }))
}
