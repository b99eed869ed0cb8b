//! The cloud of a test: a Keystone, Adit behind it, and the `openstack` command of everybody in it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::document;

/// How long anything may take to start, and one command to end.
const LIMIT: Duration = Duration::from_secs(300);

/// Everything.
pub(crate) struct Cloud {
    keystone: Keystone,
    adit: Adit,
    client: Client,
    folder: TempDir,
    /// What must stand in no log.
    pub(crate) secrets: Vec<String>,
}

/// What a command printed.
#[derive(Debug)]
pub(crate) struct Answer {
    command: String,
    pub(crate) succeeded: bool,
    stdout: String,
    pub(crate) stderr: String,
}

/// A Keystone from PyPI. It ends with its standard input.
struct Keystone {
    process: Child,
    url: String,
}

/// A running `adit server`, and what it said.
struct Adit {
    process: Child,
    url: String,
    log: Arc<Mutex<String>>,
}

/// The client's Python, which runs each command in a process of its own.
struct Client {
    process: Child,
    commands: ChildStdin,
    answers: Receiver<String>,
    clouds: PathBuf,
}

impl Cloud {
    /// Keystone with an administrator, and Adit with the configuration of the document, of whom Keystone does not know
    /// yet. `None`, said aloud, where there is no Keystone or no client.
    pub(crate) fn start() -> Option<Self> {
        let python = |variable: &str| {
            let program = std::env::var_os(variable).map(PathBuf::from);
            if program.is_none() {
                eprintln!("SKIPPED: Adit behind a real Keystone: {variable} names none");
            }
            program
        };
        let (keystone, client) = (python("XTASK_KEYSTONE")?, python("XTASK_OPENSTACK_10")?);
        let folder = tempfile::tempdir().unwrap();
        let keystone = Keystone::start(&keystone, folder.path());
        let adit = Adit::start(&keystone.url, folder.path());
        let client = Client::start(&client, folder.path());
        let mut cloud = Self { keystone, adit, client, folder, secrets: Vec::new() };
        cloud.secrets.extend([password("admin"), "a-long-random-password".to_owned()]);
        cloud.let_in("admin", "admin");
        Some(cloud)
    }

    /// What the operator of the cloud does for Adit.
    pub(crate) fn follow_the_document(&mut self) {
        let commands = document::commands();
        assert!(commands.len() >= 7, "the document is read: {commands:?}");
        for command in commands {
            let words: Vec<String> = command
                .iter()
                .map(|word| word.replace("http://vpn.example.org:9696", &self.adit.url))
                .collect();
            self.run_words("admin", &words.iter().map(String::as_str).collect::<Vec<_>>()).ok();
        }
    }

    pub(crate) fn adit_url(&self) -> &str {
        &self.adit.url
    }

    pub(crate) fn adit_log(&self) -> String {
        self.adit.log.lock().unwrap().clone()
    }

    pub(crate) fn stop_keystone(&mut self) {
        self.keystone.stop();
    }

    /// The password that this user is to have.
    pub(crate) fn password(&mut self, user: &str) -> String {
        let password = password(user);
        self.secrets.push(password.clone());
        password
    }

    /// Gives a user an entry in `clouds.yaml`.
    pub(crate) fn let_in(&mut self, user: &str, project: &str) {
        let auth = format!(
            "username: {user}, password: {}, project_name: {project}, user_domain_name: Default, \
             project_domain_name: Default",
            password(user)
        );
        self.add_cloud(user, "password", &auth);
    }

    /// Gives an application credential an entry in `clouds.yaml`.
    pub(crate) fn let_in_by_credential(&mut self, name: &str, id: &str) {
        let auth =
            format!("application_credential_id: {id}, application_credential_secret: {}", password(name));
        self.add_cloud(name, "v3applicationcredential", &auth);
    }

    fn add_cloud(&mut self, name: &str, auth_type: &str, auth: &str) {
        let file = self.folder.path().join("clouds.yaml");
        let mut clouds = std::fs::read_to_string(&file).unwrap_or_else(|_| "clouds:\n".to_owned());
        let url = &self.keystone.url;
        writeln!(clouds, "  {name}: {{region_name: RegionOne, identity_api_version: 3, auth_type: {auth_type}, auth: {{auth_url: {url}, {auth}}}}}").unwrap();
        std::fs::write(&file, clouds).unwrap();
    }

    /// Runs a command as the cloud's administrator.
    pub(crate) fn admin(&mut self, command: &str) -> Answer {
        self.run("admin", command)
    }

    pub(crate) fn run(&mut self, who: &str, command: &str) -> Answer {
        self.run_words(who, &command.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&mut self, who: &str, words: &[&str]) -> Answer {
        self.client.run(&[&["--os-cloud", who], words].concat())
    }

    /// Runs a command of Adit's own client.
    pub(crate) fn run_adit(&mut self, who: &str, command: &str) -> Answer {
        let mut adit = Command::new(env!("CARGO_BIN_EXE_adit"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
            adit.env_remove(name);
        }
        adit.args(["--os-cloud", who]).args(command.split_whitespace());
        let output = adit.env("OS_CLIENT_CONFIG_FILE", &self.client.clouds).output().unwrap();
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Answer {
            command: format!("adit {command}"),
            succeeded: output.status.success(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs a command straight at Adit, with nothing but a token.
    pub(crate) fn run_with_token(&mut self, token: &str, command: &str) -> Answer {
        let endpoint = format!("{}/networking", self.adit.url);
        let mut words =
            vec!["--os-auth-type", "admin_token", "--os-endpoint", &endpoint, "--os-token", token];
        words.extend(command.split_whitespace());
        self.client.run(&words)
    }

    /// Uses a token that is not valid any more until Adit has forgotten that it was, which is a second later.
    pub(crate) fn until_refused(&mut self, token: &str, command: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            let answer = self.run_with_token(token, command);
            if !answer.succeeded {
                assert!(answer.stderr.contains("requires authentication"), "{answer:?}");
                break;
            }
            assert!(Instant::now() < end, "a token that is not valid is still accepted");
        }
        self.secrets.push(token.to_owned());
    }
}

fn password(user: &str) -> String {
    format!("secret-of-{user}")
}

impl Answer {
    /// What it printed; panics when it failed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.succeeded, "`{}` failed: {}{}", self.command, self.stderr, self.stdout);
        self.stdout.trim().to_owned()
    }

    /// Why it failed; panics when it did not.
    #[track_caller]
    pub(crate) fn refusal(self) -> String {
        assert!(!self.succeeded, "`{}` succeeded: {}", self.command, self.stdout);
        self.stderr.trim().to_owned()
    }
}

impl Keystone {
    fn start(python: &Path, folder: &Path) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/keystone_server.py");
        let files = folder.join("keystone");
        std::fs::create_dir(&files).unwrap();
        let mut process = Command::new(python)
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .arg(program)
            .args([&files, &PathBuf::from(password("admin"))])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut complaints = process.stderr.take().unwrap();
        let complaints = thread::spawn(move || {
            let mut text = String::new();
            let _ = complaints.read_to_string(&mut text);
            text
        });
        let lines = lines_of(process.stdout.take().unwrap());
        let Some(url) =
            lines.recv_timeout(LIMIT).ok().and_then(|line| Some(line.strip_prefix("up ")?.to_owned()))
        else {
            let _ = process.kill();
            panic!("Keystone does not start: {}", complaints.join().unwrap());
        };
        Self { process, url }
    }

    fn stop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Keystone {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Adit {
    /// With the configuration of the document, but for where Keystone is, and an answer believed for a second only.
    fn start(keystone: &str, folder: &Path) -> Self {
        let configuration = document::configuration();
        assert!(configuration.contains("\"https://cloud.example.org:5000\""), "the document is read");
        let configuration = configuration
            .replace("https://cloud.example.org:5000/v3", keystone)
            .replace("https://cloud.example.org:5000", keystone);
        let file = folder.join("adit.toml");
        std::fs::write(&file, format!("{configuration}token_cache_time_secs = 1\n")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_adit"))
            .args(["server", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file)
            .arg("--state-dir")
            .arg(folder.join("adit"))
            .env("ADIT_IDENTITY__KEYSTONE__PASSWORD", "a-long-random-password")
            .env("ADIT_LOG", "trace")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, started) = channel();
        let said = BufReader::new(process.stderr.take().unwrap());
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let address = line.split_once("up address=").map(|(_, address)| address.trim().to_owned());
                writeln!(kept.lock().unwrap(), "{line}").unwrap();
                // Nobody listens after the first.
                address.and_then(|address| sender.send(address).ok());
            }
        });
        match started.recv_timeout(LIMIT) {
            Ok(address) => Self { process, url: format!("http://{address}"), log },
            Err(_) => {
                let _ = process.kill();
                panic!("Adit does not start: {}", log.lock().unwrap());
            }
        }
    }
}

impl Drop for Adit {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Client {
    fn start(python: &Path, folder: &Path) -> Self {
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/driver.py");
        let mut command = Command::new(python);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
            command.env_remove(name);
        }
        let mut process = command
            .arg(driver)
            .arg("openstack")
            // Compiling the client takes longer than all else.
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let answers = lines_of(process.stdout.take().unwrap());
        assert_eq!(answers.recv_timeout(LIMIT).unwrap(), "ready", "the client starts");
        Self { process, commands, answers, clouds: folder.join("clouds.yaml") }
    }

    fn run(&mut self, words: &[&str]) -> Answer {
        let command = words.join(" ");
        writeln!(self.commands, "{}", json!({ "clouds": self.clouds, "words": words })).unwrap();
        let line = self.answers.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no end of `{command}`"));
        let answer: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        Answer { command, succeeded: answer["status"] == 0, stdout: text("stdout"), stderr: text("stderr") }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    let output = BufReader::new(output).lines();
    thread::spawn(move || output.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}
