//! A peer's daemon: the programs that it consists of, started in the peer's namespace with files that the test wrote.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use adit_agent::config::DataPlane;
use adit_model::algorithm::IkeVersion;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::remains::kill_all;
use crate::sites::{LIMIT, Site, data_plane};

/// What a peer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// strongSwan's old starter, which reads `ipsec.conf` and `ipsec.secrets`.
    Starter,
    /// strongSwan as it is run by `swanctl.conf`.
    Swanctl,
    /// Libreswan's pluto, which reads `ipsec.conf` and `ipsec.secrets` too, and means something else by some of it.
    Libreswan,
}

/// The daemon of the right-hand site. It ends with the value.
pub(crate) struct Peer {
    program: Program,
    /// Where the program is unpacked, unless it is installed.
    root: PathBuf,
    namespace: String,
    folder: TempDir,
    first: Option<Child>,
}

/// The variable in the environment of all processes of a peer, by which they are found.
const MARK: &str = "ADIT_TEST_PEER";

/// What is unpacked beside is laid over the folder that it is made for, for these processes alone, and so is a folder
/// for what they write below `/run`.
const STARTER: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs memory /run
mkdir /run/installed
mount --bind /usr/lib/ipsec /run/installed
mount -t tmpfs memory /usr/lib/ipsec
cp -rs /run/installed/. "$1/usr/lib/ipsec/." /usr/lib/ipsec/
PATH=$PATH:$1/usr/sbin
exec /usr/lib/ipsec/starter --nofork --conf "$2/ipsec.conf"
"#;

/// Its socket is where ours are, since AppArmor may allow no other place, and for these processes alone.
const SWANCTL: &str = r#"
set -e
mkdir -p /run/adit
mount --make-rprivate /
mount -t tmpfs memory /run/adit
exec charon-systemd
"#;

/// How to ask Libreswan, without the script around it: starting programs takes long in guests.
const STATUS: &str = "/usr/libexec/ipsec/whack --status";

/// The guest's root is its own, so a folder may be made there.
const LIBRESWAN: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs memory /run
mkdir -p /run/pluto /run/nss /usr/libexec/ipsec
mount --bind "$1/usr/libexec/ipsec" /usr/libexec/ipsec
PATH=$PATH:$1/usr/sbin:$1/usr/bin
export LD_LIBRARY_PATH="$1/usr/lib/$(uname -m)-linux-gnu"
certutil -N -d sql:/run/nss --empty-password
exec /usr/libexec/ipsec/pluto --config "$2/ipsec.conf" --nofork --stderrlog
"#;

impl Program {
    /// Where the programs are unpacked that cannot be installed beside what we run; the error says why it is not there.
    pub(crate) fn root(self) -> Result<PathBuf, &'static str> {
        let unpacked = |variable, missing| std::env::var_os(variable).map(PathBuf::from).ok_or(missing);
        match self {
            Self::Swanctl => Ok(PathBuf::from("/")),
            Self::Starter => unpacked(
                "XTASK_STARTER",
                "needs strongSwan's old starter, unpacked beside: `cargo xtask test` does that",
            ),
            Self::Libreswan => unpacked(
                "XTASK_LIBRESWAN",
                "Libreswan needs a machine of its own with IPsec in the kernel: `cargo xtask kernel-test` has one",
            ),
        }
    }
}

impl Peer {
    /// A peer that does not run yet.
    pub(crate) fn new(program: Program, site: &Site) -> Self {
        let namespace = site.namespace().to_owned();
        let folder = tempfile::tempdir().unwrap();
        Self { program, root: program.root().unwrap(), namespace, folder, first: None }
    }

    /// Writes a file into the peer's folder. `{folder}` in it is that folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let folder = self.folder.path().to_string_lossy();
        fs::write(self.folder.path().join(name), text.replace("{folder}", &folder)).unwrap();
    }

    /// Starts the daemon with what was written, and waits until it has read it.
    pub(crate) async fn start(&mut self) {
        self.write("strongswan.conf", &strongswan_conf(self.program));
        let script = match self.program {
            Program::Starter => STARTER,
            Program::Swanctl => SWANCTL,
            Program::Libreswan => LIBRESWAN,
        };
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", &self.namespace, "unshare", "--mount", "sh", "-c", script, "sh"])
            .args([&self.root, self.folder.path()])
            .env(MARK, self.folder.path())
            .env("STRONGSWAN_CONF", self.folder.path().join("strongswan.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.first = Some(child);
        self.wait().await;
    }

    /// What a command prints that is run where the daemon is, in its namespaces and with its files.
    fn run(&self, command: &str) -> String {
        let pid = self.first.as_ref().unwrap().id().to_string();
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("nsenter")
            .args(["--target", &pid, "--net", "--mount", "sh", "-c", &format!("{command} 2>&1")])
            .env("PATH", format!("{path}:{}", self.root.join("usr/sbin").display()))
            .env("LD_LIBRARY_PATH", self.root.join("usr/lib/x86_64-linux-gnu"))
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a command until it prints what is waited for.
    async fn until(&self, command: &str, is_reached: impl Fn(&str) -> bool) {
        let start = Instant::now();
        loop {
            let said = self.run(command);
            if is_reached(&said) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "`{command}` still says: {said}");
            // It has no events that could be waited for.
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends the daemon at once, so that it tells nobody.
    pub(crate) fn kill(&mut self) {
        let mark = format!("{MARK}={}", self.folder.path().display());
        // Until none is left: who watches over another may have started it anew.
        while kill_all(|variable| variable == mark) {
            thread::yield_now();
        }
        if let Some(mut child) = self.first.take() {
            let _ = child.wait();
        }
    }

    /// Whether it has one IKE SA, with so many CHILD_SAs, and nothing else.
    pub(crate) fn holds(&self, children: usize) -> bool {
        match self.program {
            Program::Starter => {
                let said = self.run("ipsec status");
                said.contains("Security Associations (1 up, 0 connecting)")
                    && said.matches("INSTALLED, TUNNEL").count() == children
            }
            Program::Swanctl => {
                let said = self.run(&Self::swanctl("--list-sas"));
                said.matches("ESTABLISHED").count() == 1 && said.matches("INSTALLED").count() == children
            }
            Program::Libreswan => {
                let said = self.run(STATUS);
                said.contains("IKE SAs: total(1)") && said.contains(&format!("IPsec SAs: total({children})"))
            }
        }
    }

    /// How many packets in a row a stream may lose, a second's worth at most, when a CHILD_SA is replaced.
    pub(crate) const fn may_lose(&self, version: IkeVersion) -> usize {
        match (self.program, version) {
            // Whoever begins a quick mode sends by the new SA with its third message, and the other end has the new SA when it
            // has read that (RFC 2409, 5.5; nobody sets the commit bit).
            (_, IkeVersion::V1) => 10,
            // It sends by the new SA with its answer, and the other end has the new SA when it has read that, which is
            // allowed (RFC 7296, 2.8).
            (Program::Libreswan, IkeVersion::V2) => 10,
            (Program::Starter | Program::Swanctl, IkeVersion::V2) => 0,
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// A command of strongSwan's for this peer.
    fn swanctl(arguments: &str) -> String {
        format!("swanctl {arguments} --uri unix:///run/adit/peer.vici")
    }

    async fn wait(&self) {
        match self.program {
            Program::Starter => self.until("ipsec status", |said| said.contains("{1}:  ROUTED")).await,
            Program::Swanctl => {
                let file = self.folder.path().join("swanctl.conf");
                let load = Self::swanctl(&format!("--load-all --file {}", file.display()));
                self.until(&load, |said| said.contains("successfully loaded 1 connections")).await;
            }
            Program::Libreswan => {
                let words = "Total IPsec connections: loaded ";
                let is_loaded = |said: &str| said.contains(words) && !said.contains(&format!("{words}0,"));
                self.until(STATUS, is_loaded).await;
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the peer says:\n{}", fs::read_to_string(self.log()).unwrap_or_default());
        }
        self.kill();
    }
}

/// strongSwan's own settings, which say nothing of connections. Where the kernel has no ESP the peer needs what we need.
fn strongswan_conf(program: Program) -> String {
    let (daemon, reader) = match program {
        Program::Starter => ("charon", "stroke updown"),
        Program::Swanctl | Program::Libreswan => ("charon-systemd", "vici"),
    };
    let data_plane = match data_plane() {
        DataPlane::Kernel => "kernel-netlink",
        DataPlane::Userspace => "kernel-libipsec kernel-netlink",
    };
    format!(
        "\
{daemon} {{
  load = random nonce openssl kdf {data_plane} socket-default {reader}
  install_virtual_ip = no
  plugins {{
    stroke {{
      secrets_file = {{folder}}/ipsec.secrets
    }}
    vici {{
      socket = unix:///run/adit/peer.vici
    }}
  }}
  filelog {{
    stderr {{
      default = 1
    }}
  }}
}}
"
    )
}
