//! Traffic between hosts: echo requests, and a page.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use adit_linux::Namespace;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::footprint::Footprint;

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);
/// Length of the page, in octets: enough for dozens of full packets, so that one that does not fit is noticed.
pub(crate) const PAGE_LENGTH: usize = 64 * 1024;

/// What became of some echo requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Ping {
    pub(crate) sent: u32,
    pub(crate) received: u32,
    /// Mean time to an answer.
    pub(crate) rtt_ms: Option<f64>,
}

/// Sends echo requests from a host.
///
/// # Errors
/// When `ping` does not do its work; requests without an answer are none.
pub(crate) async fn ping(footprint: &Footprint, from: &Namespace, to: IpAddr, count: u32) -> Result<Ping> {
    let mut command = footprint.command("ping");
    command.args(["-n", "-i", "0.1", "-W", "1", "-c", &count.to_string(), &to.to_string()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let running = from.spawn(&mut command)?.wait_with_output();
    let output = timeout(LIMIT, running)
        .await
        .with_context(|| format!("`ping` did not end within {} s", LIMIT.as_secs()))?
        .context("`ping` cannot be waited for")?;
    match read_ping(&String::from_utf8_lossy(&output.stdout)) {
        Some(ping) => Ok(ping),
        None => bail!("`ping` said: {}", String::from_utf8_lossy(&output.stderr).trim()),
    }
}

/// Reads what `ping` writes at its end.
fn read_ping(text: &str) -> Option<Ping> {
    let counts = text.lines().find(|line| line.contains(" packets transmitted, "))?;
    let number = |part: Option<&str>| part?.split_whitespace().next()?.parse().ok();
    let mut parts = counts.split(", ");
    let (sent, received) = (number(parts.next())?, number(parts.next())?);
    let times = text.lines().find_map(|line| line.strip_prefix("rtt ")?.split(" = ").nth(1));
    let rtt_ms = times.and_then(|times| times.split('/').nth(1)?.parse().ok());
    Some(Ping { sent, received, rtt_ms })
}

/// A web server with one page. It goes when this is dropped.
pub(crate) struct WebServer {
    serving: JoinHandle<()>,
}

impl WebServer {
    /// Listens inside a host.
    ///
    /// # Errors
    /// When it cannot.
    pub(crate) fn start(host: &Namespace, address: SocketAddr) -> Result<Self> {
        let listen = || {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok::<_, io::Error>(listener)
        };
        let listener = host.run(listen)?.with_context(|| format!("cannot listen on {address}"))?;
        let listener = TcpListener::from_std(listener).context("cannot listen")?;
        Ok(Self { serving: tokio::spawn(serve(listener)) })
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that goes away early, or stays too long, has had its chance.
        tokio::spawn(timeout(LIMIT, answer(stream)));
    }
}

async fn answer(mut stream: tokio::net::TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if request.len() > 8192 || stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {PAGE_LENGTH}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let line =
        b"Carried by IPsec from the right host to the left one, through the tunnel of conn and conn2.\n";
    let page: Vec<u8> = line.iter().copied().cycle().take(PAGE_LENGTH).collect();
    stream.write_all(&page).await?;
    stream.shutdown().await
}

/// A page that was fetched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Length of the body, in octets.
    pub(crate) length: usize,
    pub(crate) took: Duration,
}

/// Fetches a page from inside a host.
///
/// # Errors
/// When the connection fails, or what comes is no answer.
pub(crate) async fn fetch(host: &Namespace, address: SocketAddr) -> Result<Page> {
    let begun = Instant::now();
    let host = host.clone();
    let fetching = tokio::task::spawn_blocking(move || host.run(|| request(address)));
    let answer = fetching.await.context("the fetching ended early")??;
    let answer = answer.with_context(|| format!("cannot fetch http://{address}/"))?;
    let Some((status, length)) = read_answer(&answer) else { bail!("http://{address}/ is no web server") };
    Ok(Page { status, length, took: begun.elapsed() })
}

fn request(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(stream, "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", address.ip())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn read_answer(answer: &[u8]) -> Option<(u16, usize)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, answer.len() - end - 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_ping_is_read() {
        for (text, want) in [
            (
                "--- 10.2.0.9 ping statistics ---\n5 packets transmitted, 5 received, 0% packet loss, time 402ms\n\
                 rtt min/avg/max/mdev = 0.311/0.408/0.598/0.099 ms\n",
                Some((5, 5, Some(0.408))),
            ),
            ("2 packets transmitted, 0 received, 100% packet loss, time 1008ms\n\n", Some((2, 0, None))),
            (
                "3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2041ms\npipe 3\n",
                Some((3, 0, None)),
            ),
            ("ping: connect: Network is unreachable\n", None),
        ] {
            let want = want.map(|(sent, received, rtt_ms)| Ping { sent, received, rtt_ms });
            assert_eq!(read_ping(text), want, "{text}");
        }
    }

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        for (answer, want) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", Some((200, 3))),
            ("HTTP/1.1 404 Not Found\r\n\r\n", Some((404, 0))),
            ("SSH-2.0\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\n", None),
        ] {
            assert_eq!(read_answer(answer.as_bytes()), want, "{answer}");
        }
    }
}
