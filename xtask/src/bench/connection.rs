//! One connection to the server, kept alive. It does as little as possible, for it shares the processor with what it
//! measures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// More headers than the server ever sends.
const MOST_HEADERS: usize = 32;

/// A question.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// Empty for none.
    pub(super) body: String,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// What every request has: host, credentials.
    headers: String,
    sent: Vec<u8>,
    received: Vec<u8>,
}

/// A granted request's answer.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    head: &'a [u8],
    pub(super) body: &'a [u8],
}

impl Request {
    /// Without a body.
    pub(super) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: String::new() }
    }
}

impl Connection {
    /// Connects. `credentials` is a header that every request carries, as `X-Auth-Token: TOKEN`; it may be empty.
    pub(super) fn open(address: SocketAddr, credentials: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).context("cannot connect to the server")?;
        stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(PATIENCE)))?;
        let mut headers = format!("Host: {address}\r\nContent-Type: application/json\r\n");
        if !credentials.is_empty() {
            headers.push_str(credentials);
            headers.push_str("\r\n");
        }
        Ok(Self { stream, headers, sent: Vec::new(), received: Vec::new() })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// Also when the server refuses.
    pub(super) fn ask(&mut self, request: &Request) -> Result<Answer<'_>> {
        let Request { method, path, body } = request;
        self.sent.clear();
        let Self { stream, headers, sent, received } = self;
        write!(sent, "{method} {path} HTTP/1.1\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())?;
        stream.write_all(sent).context("cannot ask the server")?;
        let (status, head_len, body_len) = receive(stream, received)?;
        let (head, rest) = received.split_at(head_len);
        let body = &rest[..body_len];
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(body));
        }
        Ok(Answer { head, body })
    }
}

/// Reads one answer; returns its status and the lengths of head and body.
fn receive(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<(u16, usize, usize)> {
    let mut filled = 0;
    loop {
        if received.len() < filled + 4096 {
            received.resize(filled + 16384, 0);
        }
        match stream.read(&mut received[filled..]).context("the server does not answer")? {
            0 => bail!("the server has closed the connection"),
            count => filled += count,
        }
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(&received[..filled]).context("this is no HTTP")?;
        let httparse::Status::Complete(head_len) = parsed else { continue };
        let status = response.code.unwrap_or_default();
        let length =
            response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let body_len = match length {
            Some(header) => std::str::from_utf8(header.value)?.parse().context("a length is no number")?,
            None if status == 204 => 0,
            None => bail!("an answer has no length"),
        };
        let whole = head_len + body_len;
        if received.len() < whole {
            received.resize(whole, 0);
        }
        if filled < whole {
            stream.read_exact(&mut received[filled..whole]).context("the server stops in an answer")?;
        }
        return Ok((status, head_len, body_len));
    }
}

impl Answer<'_> {
    /// A header of the answer.
    pub(super) fn header(&self, name: &str) -> Result<String> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(self.head)?;
        let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        let header = found.with_context(|| format!("an answer has no header `{name}`"))?;
        Ok(String::from_utf8_lossy(header.value).into_owned())
    }

    /// The body.
    pub(super) fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(self.body).context("an answer is no JSON")
    }
}
