//! Sending questions and waiting for answers. One question is under way at a time, so no probe is a flood.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use adit_linux::probe::is_too_large;
use adit_model::algorithm::IkeVersion;
use adit_model::check::RoundTrip;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::echo::{self, Mark};
use super::ike::{self, Question, Spi};
use super::size::Search;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(600);
/// The same for a packet of which others have been answered already.
const SHORT_PATIENCE: Duration = Duration::from_millis(300);
/// Room for any packet.
const LARGEST_PACKET: usize = 65_536;
/// How many pings are sent, and how often.
pub(super) const PINGS: u16 = 5;
const PING_EVERY: Duration = Duration::from_millis(200);

/// What became of a question.
#[derive(Debug)]
pub(super) enum Reply {
    /// It was answered.
    Heard,
    /// Somebody, or the kernel, says that it cannot arrive.
    Error(io::Error),
    /// Nothing came.
    Silence,
}

/// Asks, and waits. What was said about questions of before is left aside.
async fn ask(
    socket: &UdpSocket,
    question: &[u8],
    patience: Duration,
    mut is_answer: impl FnMut(&[u8]) -> bool,
) -> Reply {
    // Reading it takes it away.
    let _ = socket.take_error();
    if let Err(error) = socket.send(question).await {
        return Reply::Error(error);
    }
    let deadline = Instant::now() + patience;
    let mut packet = vec![0; LARGEST_PACKET];
    loop {
        match timeout_at(deadline, socket.recv(&mut packet)).await {
            Err(_) => return Reply::Silence,
            Ok(Err(error)) => return Reply::Error(error),
            Ok(Ok(length)) if packet.get(..length).is_some_and(&mut is_answer) => return Reply::Heard,
            Ok(Ok(_)) => {}
        }
    }
}

/// Somebody who may answer to questions of any size.
pub(super) enum Partner<'a> {
    /// Who answers echo requests.
    Echo { socket: &'a UdpSocket, is_ipv4: bool, mark: Mark },
    /// Who answers IKE.
    Ike { socket: &'a UdpSocket, is_ipv4: bool, spi: Spi, port: u16 },
}

impl Partner<'_> {
    /// Asks with a packet of so many octets.
    async fn ask(&self, size: u32, patience: Duration) -> Reply {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        match self {
            Self::Echo { socket, is_ipv4, mark } => {
                let request = echo::request(*is_ipv4, *mark, 1, size);
                ask(socket, &request, patience, |packet| echo::answered(packet, *is_ipv4, *mark).is_some())
                    .await
            }
            Self::Ike { socket, is_ipv4, spi, port } => {
                let around = if *is_ipv4 { 20 } else { 40 } + 8 + if *port == 4500 { 4 } else { 0 };
                let request = ike::question(Question::Version(size.saturating_sub(around)), *spi, *port);
                ask(socket, &request, patience, |packet| ike::is_answer(packet, *spi, *port)).await
            }
        }
    }

    /// Whether there is an answer to a small packet.
    pub(super) async fn answers(&self) -> bool {
        for _ in 0..2 {
            if let Reply::Heard = self.ask(SMALL, PATIENCE).await {
                return true;
            }
        }
        false
    }

    /// The largest packet that is answered, of at most `largest` octets. One that got lost is no reason to think that it
    /// was too large, unless it gets lost again.
    pub(super) async fn largest(&self, largest: u32) -> u32 {
        let mut search = Search::new(SMALL, largest);
        while let Some(size) = search.next() {
            let mut passes = false;
            for _ in 0..2 {
                match self.ask(size, SHORT_PATIENCE).await {
                    Reply::Heard => passes = true,
                    Reply::Silence => continue,
                    Reply::Error(error) if is_too_large(&error) => {}
                    Reply::Error(_) => continue,
                }
                break;
            }
            search.tried(size, passes);
        }
        search.found()
    }
}

/// A packet that passes everywhere.
const SMALL: u32 = 84;

/// Asks an IKE responder, politely first. Returns with how many questions.
pub(super) async fn ike_responder(
    socket: &UdpSocket,
    spi: Spi,
    port: u16,
    version: IkeVersion,
) -> (Reply, u32) {
    let questions = [
        Question::Version(0),
        Question::Version(0),
        Question::Impossible(version),
        Question::Impossible(version),
    ];
    let mut asked = 0;
    for question in questions {
        let message = ike::question(question, spi, port);
        asked += 1;
        match ask(socket, &message, PATIENCE, |packet| ike::is_answer(packet, spi, port)).await {
            Reply::Silence => {}
            reply @ (Reply::Heard | Reply::Error(_)) => return (reply, asked),
        }
    }
    (Reply::Silence, asked)
}

/// What became of some pings.
#[derive(Debug, Default)]
pub(super) struct Pings {
    pub(super) sent: u32,
    pub(super) received: u32,
    pub(super) round_trip: Option<RoundTrip>,
    /// What was said about those without an answer, last.
    pub(super) error: Option<io::Error>,
}

/// Sends pings at a steady pace, and counts the answers until a while after the last one.
pub(super) async fn pings(socket: &UdpSocket, is_ipv4: bool, mark: Mark) -> Pings {
    let mut sent_at = Vec::new();
    let mut times: Vec<Option<Duration>> = Vec::new();
    let mut error = None;
    let mut packet = vec![0; LARGEST_PACKET];
    for number in 0..PINGS {
        sent_at.push(Instant::now());
        times.push(None);
        let is_last = number + 1 == PINGS;
        if let Err(refused) = socket.send(&echo::request(is_ipv4, mark, number, 84)).await {
            error = Some(refused);
        }
        let until = Instant::now() + if is_last { PATIENCE + SHORT_PATIENCE } else { PING_EVERY };
        while !(is_last && times.iter().all(Option::is_some)) {
            match timeout_at(until, socket.recv(&mut packet)).await {
                Err(_) => break,
                Ok(Err(said)) => error = Some(said),
                Ok(Ok(length)) => {
                    let answered =
                        packet.get(..length).and_then(|packet| echo::answered(packet, is_ipv4, mark));
                    let answered = answered.map(usize::from);
                    if let Some(number) = answered
                        && let (Some(time), Some(sent)) = (times.get_mut(number), sent_at.get(number))
                    {
                        // One that comes twice has come.
                        time.get_or_insert(sent.elapsed());
                    }
                }
            }
        }
        if !is_last {
            sleep_until(until).await;
        }
    }
    let times: Vec<Duration> = times.into_iter().flatten().collect();
    let received = u32::try_from(times.len()).unwrap_or(u32::MAX);
    Pings { sent: PINGS.into(), received, round_trip: round_trip(&times), error }
}

fn round_trip(times: &[Duration]) -> Option<RoundTrip> {
    let micros = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    let count = u32::try_from(times.len()).ok().filter(|count| *count > 0)?;
    let (min, max) = (times.iter().min()?, times.iter().max()?);
    let avg = times.iter().sum::<Duration>() / count;
    Some(RoundTrip { min: micros(*min), avg: micros(avg), max: micros(*max) })
}

/// The addresses of a name, in their order.
pub(super) async fn resolve(name: &str) -> Vec<IpAddr> {
    const LIMIT: Duration = Duration::from_secs(5);
    let found = timeout(LIMIT, tokio::net::lookup_host((name, 0))).await;
    found.ok().and_then(Result::ok).into_iter().flatten().map(|address| address.ip()).collect()
}

/// A socket for pings that no other probe has.
pub(super) fn mark() -> Mark {
    Mark { identifier: rand::random(), nonce: rand::random() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_summed_up() {
        let times: Vec<Duration> = [300, 100, 500].map(Duration::from_micros).into();
        assert_eq!(round_trip(&times), Some(RoundTrip { min: 100, avg: 300, max: 500 }));
        assert_eq!(round_trip(&[]), None);
    }
}
