//! Something between a client and its server that can be told to misbehave.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of a request.
pub(crate) enum Fault {
    /// The server gets it, and its answer comes back.
    None,
    /// The server never sees it, and the connection ends.
    Drop,
    /// The server does it, but its answer is lost.
    Lose,
    /// Somebody else answers, with these octets.
    Answer(&'static str),
}

type Rule = Box<dyn FnMut(&str) -> Fault + Send>;

/// A proxy in front of a server. The server speaks of itself as its clients reached it, so all they ask goes by the proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    rule: Arc<Mutex<Rule>>,
}

impl Proxy {
    /// Listens in front of this server.
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_| Fault::None)));
        let shared = Arc::clone(&rule);
        // It goes with the process of the tests.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let rule = Arc::clone(&shared);
                thread::spawn(move || serve(client, server, &rule));
            }
        });
        Self { address, rule }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Decides from now on what becomes of requests, of each of which it is given the method and the path.
    pub(crate) fn decide(&self, rule: impl FnMut(&str) -> Fault + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }
}

/// One request of a connection, which ends then.
fn serve(mut client: TcpStream, server: SocketAddr, rule: &Mutex<Rule>) {
    let Some(request) = message(&mut client) else { return };
    let line = request.lines().next().unwrap_or_default();
    let fault = (rule.lock().unwrap())(line.rsplit_once(' ').map_or(line, |(asked, _)| asked));
    // A client that is gone has no use for an answer.
    match fault {
        Fault::Drop => {}
        Fault::Answer(octets) => drop(client.write_all(octets.as_bytes())),
        Fault::None => {
            let answer = forward(&request, server);
            drop(client.write_all(&answer));
        }
        Fault::Lose => {
            forward(&request, server);
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

fn forward(request: &str, server: SocketAddr) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut server) = TcpStream::connect(server) else { return answer };
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    if server.write_all(request.as_bytes()).is_ok() {
        let _ = server.read_to_end(&mut answer);
    }
    answer
}

/// A whole request: its head, and as much of a body as that announces.
fn message(stream: &mut TcpStream) -> Option<String> {
    let mut octets = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        octets.extend_from_slice(&piece[..count]);
    }
}
