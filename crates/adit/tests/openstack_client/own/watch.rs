//! `--watch` and `--follow`, at a pipe and at a terminal, over a restart of the server.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sea_orm::{ConnectionTrait, Database};

use super::terminal::Terminal;
use super::{a_connection, adit, command, ok, text};
use crate::support::server::Server;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A command that goes on, and the lines that it prints.
struct Watching {
    process: Child,
    lines: Receiver<String>,
    notes: Receiver<String>,
}

impl Watching {
    fn start(server: &Server, line: &str) -> Self {
        let mut process = command(server, line).spawn().unwrap();
        let lines = lines_of(process.stdout.take().unwrap());
        let notes = lines_of(process.stderr.take().unwrap());
        Self { process, lines, notes }
    }

    #[track_caller]
    fn line(&self) -> String {
        loop {
            let line = self.lines.recv_timeout(LIMIT).expect("another line");
            if !is_servers(&line) {
                return line;
            }
        }
    }

    #[track_caller]
    fn note(&self) -> String {
        self.notes.recv_timeout(LIMIT).expect("another note")
    }

    /// Ends it by Ctrl-C; there is nothing more that it has printed.
    #[track_caller]
    fn end(mut self) {
        kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGINT).unwrap();
        assert_eq!(self.process.wait().unwrap().code(), Some(130));
        let lines = self.lines.iter().filter(|line| !is_servers(line));
        assert_eq!(lines.collect::<Vec<_>>(), Vec::<String>::new());
        assert_eq!(self.notes.iter().collect::<Vec<_>>(), Vec::<String>::new());
    }
}

/// Whether it is what the server says by itself, at some time, since no agent is here.
fn is_servers(line: &str) -> bool {
    line.contains("agent-offline") || line.contains("no agent serves the router")
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    let output = BufReader::new(output).lines();
    thread::spawn(move || output.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}

#[test]
fn what_changes_is_printed_again_over_a_restart_of_the_server() {
    let mut server = Server::start();
    ok(&adit(&server, "network create one", ""));
    let listed = Watching::start(&server, "network list --watch --interval 1 -f csv -c Name --quote none");
    assert_eq!([listed.line(), listed.line()], ["Name", "one"]);
    let shown = Watching::start(&server, "network show one --watch --interval 1 -f value -c name -c mtu");
    assert_eq!([shown.line(), shown.line()], ["1500", "one"]);

    ok(&adit(&server, "network create two", ""));
    assert_eq!(listed.line(), "two");
    // What is not printed is no change.
    ok(&adit(&server, "network set --description d one", ""));
    ok(&adit(&server, "network set --name second two", ""));
    assert_eq!(listed.line(), "second");
    let id = ok(&adit(&server, "network show second -f value -c id", ""));
    ok(&adit(&server, "network delete second", ""));
    assert_eq!(listed.note(), format!("adit: no longer there: {}", id.trim()));

    server.stop();
    for watching in [&listed, &shown] {
        let gone = watching.note();
        assert!(gone.starts_with("adit: cannot reach http://127.0.0.1:"), "{gone}");
        assert!(gone.ends_with("; asking again every 1 s"), "{gone}");
    }
    server.restart();
    for watching in [&listed, &shown] {
        assert_eq!(watching.note(), "adit: the server answers again");
    }
    ok(&adit(&server, "network create three", ""));
    assert_eq!(listed.line(), "three");
    listed.end();

    ok(&adit(&server, "network set --mtu 1400 one", ""));
    assert_eq!([shown.line(), shown.line()], ["1400", "one"]);
    ok(&adit(&server, "network delete one", ""));
    assert_eq!(shown.note(), "adit: No Network found for one");
    let mut process = shown.process;
    assert_eq!(process.wait().unwrap().code(), Some(2));

    for (line, status, told) in [
        ("network list --interval 1", 1, "--watch"),
        ("network list --watch --interval 0", 1, "0 is not in 1..=86400"),
        ("network list --watch -c Nothing", 1, "there is no column Nothing"),
        ("network create --watch other", 1, "unexpected argument '--watch'"),
        ("catalog list --watch", 1, "unexpected argument '--watch'"),
        ("network show --watch nothing", 2, "No Network found for nothing"),
        ("vpn events --follow nothing", 2, "No IPsec site connection found for nothing"),
        ("--os-auth-url http://127.0.0.1:1/identity/v3 network list --watch", 4, "cannot reach"),
    ] {
        let output = adit(&server, line, "");
        assert_eq!(output.status.code(), Some(status), "`{line}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{line}`: {}", text(&output.stderr));
    }
}

#[test]
fn a_terminal_shows_one_picture() {
    let server = Server::start();
    ok(&adit(&server, "network create one", ""));
    let line = "network list --watch --interval 1 -c Name";
    let Some(mut terminal) = Terminal::start(&server, line) else { return };
    let head = "+------+\r\n| Name |\r\n+------+\r\n| one  |\r\n";
    terminal.until(&format!("{head}+------+\r\n"));
    ok(&adit(&server, "network create two", ""));
    // Five lines up, and clear from there on.
    terminal.until(&format!("\x1b[5F\x1b[J{head}| two  |\r\n+------+\r\n"));
    terminal.interrupt();
    terminal.until("^C\r\n");
    assert_eq!(terminal.ended(), Some(130));
}

/// Has the server's database say that a gateway told of a connection.
fn happen(server: &Server, id: &str, at: i64, reason: &str) {
    let url = format!("sqlite://{}", server.file("adit.db").display());
    let insert = format!(
        "INSERT INTO status_changes (site_connection_id, at, since, status, reason) VALUES \
         ('{id}', {at}, {at}, 'DOWN', '{{\"code\": \"peer-unreachable\", \"text\": \"{reason}\"}}')"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = Database::connect(url).await.unwrap();
        database.execute_unprepared(&insert).await.unwrap();
        database.close().await.unwrap();
    });
}

#[test]
fn each_event_is_told_once_as_it_comes() {
    let mut server = Server::start();
    let id = a_connection(&server, "conn");
    for (at, reason) in [(1, "first"), (2, "second")] {
        happen(&server, &id, at, reason);
    }
    let table = Watching::start(&server, "vpn events conn --follow --interval 1");
    assert_eq!(table.line().split_whitespace().collect::<Vec<_>>(), ["Time", "Status", "Code", "Reason"]);
    let json = Watching::start(&server, "vpn events conn --follow --interval 1 -f json -c Reason -c Code");
    let told = |reason: &str| {
        let line = table.line();
        assert!(line.ends_with(&format!("  DOWN    peer-unreachable  {reason}")), "{line}");
        assert_eq!(json.line(), format!("{{\"Code\": \"peer-unreachable\", \"Reason\": \"{reason}\"}}"));
    };
    told("first");
    told("second");
    happen(&server, &id, 3, "third");
    told("third");
    // Also what happened while nobody could ask.
    server.stop();
    for watching in [&table, &json] {
        assert!(watching.note().contains("asking again"));
    }
    happen(&server, &id, 4, "fourth");
    happen(&server, &id, 5, "fifth");
    server.restart();
    for watching in [&table, &json] {
        assert_eq!(watching.note(), "adit: the server answers again");
    }
    told("fourth");
    told("fifth");
    table.end();
    json.end();
}
