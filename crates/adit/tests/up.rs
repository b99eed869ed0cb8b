//! The program's start and end: what it leaves, what it finds again, and what it says when it cannot go on. The server
//! alone needs no root, so most of it is shown on `adit server`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use adit_api::client::{Client, Credentials};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tempfile::TempDir;

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A running `adit server`; killed when it is dropped.
struct Server(Child);

impl Server {
    /// Starts it, and waits until it says where it listens.
    fn start(state: &Path) -> Self {
        let mut child =
            adit(&["server", "--listen", "127.0.0.1:0"], state).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("up address=") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server ended before it was up");
        }
        // Somebody has to read on, or the server stops at a full pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }

    fn ended(mut self) -> ExitStatus {
        wait(&mut self.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn adit(arguments: &[&str], state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adit"));
    command.args(arguments).arg("--state-dir").arg(state).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Waits for the end of a program; one that does not end is killed, and fails the test by its status.
fn wait(child: &mut Child) -> ExitStatus {
    let pid = Pid::from_raw(child.id().cast_signed());
    let (ended, watched) = mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        if watched.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            let _ = kill(pid, Signal::SIGKILL);
        }
    });
    let status = child.wait().unwrap();
    drop(ended);
    watchdog.join().unwrap();
    status
}

/// Runs a command that must fail, and returns the last line that it says.
fn complaint(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let status = wait(&mut child);
    stderr.read_to_string(&mut said).unwrap();
    assert!(!status.success(), "{said}");
    said.lines().last().unwrap_or_default().to_owned()
}

fn credentials(state: &Path, file: &str) -> Credentials {
    let text = fs::read_to_string(state.join(file)).unwrap();
    let variable = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(&format!("export {name}="))).map(str::to_owned)
    };
    Credentials::from_variables(variable).unwrap()
}

#[tokio::test]
async fn the_first_start_makes_what_the_next_ones_use() {
    let state = TempDir::new().unwrap();
    let server = Server::start(state.path());
    for file in ["clouds.yaml", "openrc", "openrc-admin", "agent.key", "secret.key", "adit.db"] {
        let mode = fs::metadata(state.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let first = credentials(state.path(), "openrc");
    let client = Client::connect(&first).await.unwrap();
    client.create("networks", "network", json!({"name": "kept"})).await.unwrap();
    server.signal(Signal::SIGTERM);
    assert!(server.ended().success());

    let _again = Server::start(state.path());
    let second = credentials(state.path(), "openrc");
    assert_eq!(second.password, first.password);
    let client = Client::connect(&second).await.unwrap();
    client.find("networks", "kept").await.unwrap();
    Client::connect(&credentials(state.path(), "openrc-admin")).await.unwrap();
}

#[tokio::test]
async fn an_acknowledged_write_survives_a_kill() {
    let state = TempDir::new().unwrap();
    let server = Server::start(state.path());
    let client = Client::connect(&credentials(state.path(), "openrc")).await.unwrap();
    for number in 0..20 {
        client.create("networks", "network", json!({"name": format!("net-{number}")})).await.unwrap();
    }
    server.signal(Signal::SIGKILL);
    assert!(!server.ended().success());
    let _again = Server::start(state.path());
    let client = Client::connect(&credentials(state.path(), "openrc")).await.unwrap();
    assert_eq!(client.list("networks", &[]).await.unwrap().len(), 20);
}

#[test]
fn a_state_directory_in_use_is_refused() {
    let state = TempDir::new().unwrap();
    let server = Server::start(state.path());
    let said = complaint(adit(&["server", "--listen", "127.0.0.1:0"], state.path()));
    assert_eq!(
        said,
        format!(
            "adit: another adit (process {}) uses the state directory {}: stop it, or choose another with --state-dir",
            server.0.id(),
            state.path().display()
        )
    );
}

#[test]
fn a_busy_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let state = TempDir::new().unwrap();
    let said = complaint(adit(&["server", "--listen", &format!("127.0.0.1:{port}")], state.path()));
    assert_eq!(
        said,
        format!(
            "adit: port {port} of 127.0.0.1 is taken: stop what listens there, or choose another with --listen"
        )
    );
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    use sea_orm::{ConnectionTrait, Database};

    let state = TempDir::new().unwrap();
    let server = Server::start(state.path());
    server.signal(Signal::SIGTERM);
    assert!(server.ended().success());
    let url = format!("sqlite://{}", state.path().join("adit.db").display());
    let database = Database::connect(url).await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)";
    database.execute_unprepared(newer).await.unwrap();
    database.close().await.unwrap();
    for arguments in [&["server", "--listen", "127.0.0.1:0"][..], &["db", "upgrade"]] {
        let said = complaint(adit(arguments, state.path()));
        assert!(
            said.contains("the database was made by a newer Adit (it has the migration `m9999_future`)"),
            "{said}"
        );
    }
}

#[test]
fn mistakes_in_the_configuration_are_explained() {
    let state = TempDir::new().unwrap();
    let file = state.path().join("adit.toml");
    fs::write(&file, "[server]\nlissten = \"127.0.0.1:1\"\n").unwrap();
    let mut command = adit(&["server"], state.path());
    command.arg("--config").arg(&file);
    assert_eq!(
        complaint(command),
        format!("adit: {}: unknown key `server.lissten`; did you mean `listen`?", file.display())
    );
    let mut command = adit(&["server"], state.path());
    command.env("ADIT_SERVER__REGOIN", "x");
    let said = complaint(command);
    assert!(said.ends_with("unknown key `server.regoin`; did you mean `region`?"), "{said}");
    let said = complaint(adit(&["agent"], state.path()));
    assert!(said.contains("there is no key file") && said.contains("copy `agent.key`"), "{said}");
}

#[test]
fn a_gateway_needs_its_programs_and_says_so() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("SKIPPED: a_gateway_needs_its_programs_and_says_so starts an agent, which needs root");
        return;
    }
    let state = TempDir::new().unwrap();
    let programs = state.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let said = || {
        let mut command = adit(&["up", "--listen", "127.0.0.1:0"], &state.path().join("state"));
        command.env("PATH", &programs);
        complaint(command)
    };
    let lacks_nft = said();
    assert!(lacks_nft.contains("nft") && lacks_nft.contains("nftables"), "{lacks_nft}");
    fs::write(programs.join("nft"), "").unwrap();
    assert_eq!(
        said(),
        "adit: cannot start the agent: this node cannot carry tunnels: `charon-systemd` is not on the path: install the package charon-systemd"
    );
}

#[test]
fn a_gateway_needs_root_and_says_so() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!(
            "SKIPPED: a_gateway_needs_root_and_says_so starts a program as another user, which needs root"
        );
        return;
    }
    const NOBODY: u32 = 65534;
    let state = TempDir::new().unwrap();
    chown(state.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    // A folder that the other user can reach the program in, wherever the program was built.
    let program = state.path().join("adit");
    fs::copy(env!("CARGO_BIN_EXE_adit"), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command.args(["up", "--listen", "127.0.0.1:0", "--state-dir"]).arg(state.path().join("state"));
    command.uid(NOBODY).gid(NOBODY).stdin(Stdio::null());
    let said = complaint(command);
    assert!(said.starts_with("adit: cannot start the agent: ") && said.contains("root"), "{said}");
}
