//! The `openstack` and `neutron` commands.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// python-openstackclient 10.5.0, which has the VPN commands itself.
    Ten,
    /// python-openstackclient 7.4.0, with python-neutronclient 11.6.0 for the VPN commands.
    Seven,
    /// The pair of 2018, when most guides were written: python-openstackclient 3.17.0 with python-neutronclient 6.11.0.
    Three,
    /// The `neutron` command of python-neutronclient 9.0.0, among the last that have it.
    Neutron9,
    /// The `neutron` command of the pair of 2018.
    Neutron6,
    /// `adit` itself, which speaks the same grammar.
    Adit,
}

/// A client, as the demo user unless a command says otherwise.
pub(crate) struct Client {
    pub(crate) generation: Generation,
    /// Adit's own commands need none.
    driver: Option<BufReader<UnixStream>>,
    clouds: PathBuf,
}

/// The Python that has imported a client, for all tests with it.
struct Driver {
    address: SocketAddr,
    /// It ends when its standard input does, which is at the end of this process.
    _process: Child,
}

/// What a command printed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) command: String,
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Generation {
    /// The variable that names the Python with the client.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Ten => "XTASK_OPENSTACK_10",
            Self::Seven => "XTASK_OPENSTACK_7",
            Self::Three | Self::Neutron6 => "XTASK_OPENSTACK_3",
            Self::Neutron9 => "XTASK_NEUTRON_9",
            Self::Adit => "CARGO_BIN_EXE_adit",
        }
    }

    /// The program that runs it.
    pub(crate) fn program(self) -> Option<PathBuf> {
        if self == Self::Adit {
            return Some(env!("CARGO_BIN_EXE_adit").into());
        }
        std::env::var_os(self.variable()).map(PathBuf::from)
    }

    /// The command that a person types.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::Ten | Self::Seven | Self::Three => "openstack",
            Self::Neutron9 | Self::Neutron6 => "neutron",
            Self::Adit => "adit",
        }
    }
}

impl Driver {
    /// The driver of a client, which is started when the first test asks for it.
    fn of(generation: Generation, python: &Path) -> &'static Self {
        static DRIVERS: [OnceLock<Driver>; 5] = [const { OnceLock::new() }; 5];
        DRIVERS[generation as usize].get_or_init(|| Self::start(generation, python))
    }

    fn start(generation: Generation, python: &Path) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/driver.py");
        let name = format!("adit-tests-{}-{generation:?}", std::process::id());
        let mut python = Command::new(python);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
            python.env_remove(name);
        }
        let mut process = python
            .args([program.as_os_str(), generation.command().as_ref(), name.as_ref()])
            // Compiling the client takes longer than all else.
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n", "{generation:?} starts");
        Self { address: SocketAddr::from_abstract_name(name).unwrap(), _process: process }
    }
}

impl Client {
    pub(crate) fn start(generation: Generation, python: &Path, clouds: PathBuf) -> Self {
        let driver = (generation != Generation::Adit).then(|| {
            let driver = UnixStream::connect_addr(&Driver::of(generation, python).address).unwrap();
            driver.set_read_timeout(Some(LIMIT)).unwrap();
            BufReader::new(driver)
        });
        Self { generation, driver, clouds }
    }

    /// Runs a command as the demo user.
    pub(crate) fn run(&mut self, command: &str) -> Answer {
        self.run_as("adit", command)
    }

    /// Runs a command as the administrator.
    pub(crate) fn run_as_admin(&mut self, command: &str) -> Answer {
        self.run_as("adit-admin", command)
    }

    /// Runs a command as the user with this name and password, in the project of this name.
    pub(crate) fn run_by(&mut self, [user, password, project]: [&str; 3], command: &str) -> Answer {
        let url = self.auth_url();
        // Without a cloud: the client of 2018 takes the cloud's project even if told another.
        self.run_with(
            &format!(
                "--os-auth-url {url} --os-identity-api-version 3 --os-username {user} --os-password {password} \
                 --os-user-domain-name Default --os-project-name {project} --os-project-domain-name Default"
            ),
            command,
        )
    }

    /// Where tokens are to be had.
    pub(crate) fn auth_url(&self) -> String {
        let clouds = std::fs::read_to_string(&self.clouds).unwrap();
        clouds.lines().find_map(|line| line.trim().strip_prefix("auth_url: ")).unwrap().to_owned()
    }

    /// Runs a command as who is at a cloud.
    pub(crate) fn run_as(&mut self, cloud: &str, command: &str) -> Answer {
        self.run_with(&format!("--os-cloud {cloud}"), command)
    }

    fn run_with(&mut self, options: &str, command: &str) -> Answer {
        let words: Vec<&str> = options.split_whitespace().chain(command.split_whitespace()).collect();
        let Some(driver) = &mut self.driver else { return adit(&self.clouds, &words, command) };
        writeln!(driver.get_mut(), "{}", json!({ "clouds": self.clouds, "words": words })).unwrap();
        let mut line = String::new();
        driver.read_line(&mut line).unwrap_or_else(|error| panic!("no end of `{command}`: {error}"));
        let answer: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        Answer {
            command: command.to_owned(),
            succeeded: answer["status"] == 0,
            stdout: text("stdout"),
            stderr: text("stderr"),
        }
    }
}

/// Runs a command of `adit`, without anything in its environment that says who it is.
fn adit(clouds: &Path, words: &[&str], command: &str) -> Answer {
    let mut adit = Command::new(env!("CARGO_BIN_EXE_adit"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
        adit.env_remove(name);
    }
    let output = adit.args(words).env("OS_CLIENT_CONFIG_FILE", clouds).stdin(Stdio::null()).output().unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Answer {
        command: command.to_owned(),
        succeeded: output.status.success(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

impl Answer {
    /// What it printed; panics when it failed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.succeeded, "`{}` failed: {}{}", self.command, self.stderr, self.stdout);
        self.stdout
    }

    /// The rows of a table with the columns `Field` and `Value`.
    #[track_caller]
    pub(crate) fn fields(self) -> BTreeMap<String, String> {
        rows(&self.ok())
            .into_iter()
            .skip(1)
            .map(|row| <[String; 2]>::try_from(row).expect("two columns").into())
            .collect()
    }

    /// The rows of a list, without its head.
    #[track_caller]
    pub(crate) fn rows(self) -> Vec<Vec<String>> {
        rows(&self.ok()).into_iter().skip(1).collect()
    }

    /// The head of a list.
    #[track_caller]
    pub(crate) fn columns(self) -> String {
        rows(&self.ok()).swap_remove(0).join(", ")
    }

    /// Why it failed, of which some clients print a part on standard output; panics when it did not.
    #[track_caller]
    pub(crate) fn refusal(self) -> String {
        assert!(!self.succeeded, "`{}` succeeded: {}", self.command, self.stdout);
        format!("{}{}", self.stdout, self.stderr).trim().to_owned()
    }
}

/// The cells of a table as the client draws it, head first.
pub(crate) fn rows(table: &str) -> Vec<Vec<String>> {
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}
