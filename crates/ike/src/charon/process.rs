//! One daemon process: started, found again, stopped.
//!
//! A daemon outlives whoever started it. It runs in a session of its own, reads nothing but the one file written here,
//! and is known again by that file's path in its environment: a process that lacks it is not ours, whatever its number.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sha2::{Digest, Sha256};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

use crate::connection::Backend;

/// The program: charon without the old starter and its files.
const PROGRAM: &str = "charon-systemd";
/// Sockets are here and not in the run directory, whose path may be longer than a socket's may be (108 octets).
const SOCKETS: &str = "/run/adit";
/// How long a daemon may take until it answers; usually 20 ms.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a daemon may take to end, before it is killed; usually 20 ms.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How often to look whether a daemon is up, or gone.
const PAUSE: Duration = Duration::from_millis(5);

/// What a daemon is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// A folder that nobody else uses, which also identifies the daemon.
    pub run_dir: PathBuf,
    /// What carries its packets.
    pub backend: Backend,
}

/// Why a daemon is not running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its folders or files cannot be made.
    #[error("cannot write {}", .path.display())]
    Files {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no such program, or it may not be run.
    #[error("cannot start {PROGRAM}: is the package charon-systemd installed?")]
    Spawn(#[source] io::Error),
    /// It ended at once.
    #[error("{PROGRAM} ended right after its start ({0}): is the package libcharon-extra-plugins installed?")]
    Ended(std::process::ExitStatus),
    /// It is there and does not answer.
    #[error("{PROGRAM} does not answer {} s after its start", START_LIMIT.as_secs())]
    Silent,
}

/// The program is not on this machine.
#[derive(Debug, thiserror::Error)]
#[error("`{PROGRAM}` is not on the path: install the package charon-systemd")]
pub struct NotInstalled;

/// Looks for the program, so that whoever lacks it learns so before the first tunnel.
///
/// # Errors
/// [`NotInstalled`].
pub fn installed() -> Result<(), NotInstalled> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    if folders.any(|folder| folder.join(PROGRAM).is_file()) { Ok(()) } else { Err(NotInstalled) }
}

/// Why a daemon may still be running, or its files be there.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// It survives a kill.
    #[error("{PROGRAM} with process id {0} does not end")]
    Survives(i32),
    /// Its files cannot be removed.
    #[error("cannot remove {}", .path.display())]
    Files {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A running daemon. Dropping it leaves it running.
#[derive(Debug)]
pub struct Process {
    files: Files,
    pid: Pid,
    /// Whoever has started it must also fetch its exit status.
    child: Option<Child>,
}

impl Process {
    /// Starts a daemon and waits until it answers. `spawn` decides where the command runs, in which namespaces above all.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then.
    pub async fn start<S>(config: &Config, spawn: S) -> Result<Self, StartError>
    where
        S: FnOnce(Command) -> io::Result<Child> + Send + 'static,
    {
        let files = Files::of(&config.run_dir);
        files.write(config.backend)?;
        let command = command(&files.conf);
        let mut child = tokio::task::spawn_blocking(move || spawn(command))
            .await
            .map_err(|panic| StartError::Spawn(io::Error::other(panic)))?
            .map_err(StartError::Spawn)?;
        if let Err(error) = files.await_answer(&mut child).await {
            // It is our own child: the number is not another's before we wait for it.
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        let number = child.id();
        fs::write(&files.pid, format!("{number}\n"))
            .map_err(|source| StartError::Files { path: files.pid.clone(), source })?;
        tracing::info!(pid = number, run_dir = %config.run_dir.display(), "charon started");
        Ok(Self { files, pid: Pid::from_raw(number.cast_signed()), child: Some(child) })
    }

    /// Finds the daemon that an earlier agent has started with the same folder: by its socket, else by its number.
    pub async fn adopt(config: &Config) -> Option<Self> {
        let files = Files::of(&config.run_dir);
        let pid = match files.listener().await {
            Some(pid) => pid,
            None => files.noted_pid()?,
        };
        files.is_ours(pid).then_some(Self { files, pid, child: None })
    }

    /// Removes the files of a daemon that is not running; fine if there are none.
    ///
    /// # Errors
    /// [`StopError::Files`].
    pub fn remove_files(config: &Config) -> Result<(), StopError> {
        Files::of(&config.run_dir).remove()
    }

    /// Its control socket.
    pub fn socket(&self) -> &Path {
        &self.files.socket
    }

    /// Its number.
    pub const fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.files.is_ours(self.pid),
        }
    }

    /// Ends it, by force after a while, and removes its files. charon tells its peers on the way out.
    ///
    /// # Errors
    /// [`StopError`].
    pub async fn stop(mut self) -> Result<(), StopError> {
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            if self.is_running() {
                // Gone since the last look is fine.
                let _ = kill(self.pid, signal);
            }
            if self.await_end().await {
                tracing::info!(pid = self.pid(), %signal, "charon stopped");
                return self.files.remove();
            }
        }
        Err(StopError::Survives(self.pid()))
    }

    async fn await_end(&mut self) -> bool {
        let deadline = Instant::now() + STOP_LIMIT;
        while self.is_running() {
            if Instant::now() > deadline {
                return false;
            }
            sleep(PAUSE).await;
        }
        true
    }
}

/// Where a daemon's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Files {
    conf: PathBuf,
    pid: PathBuf,
    socket: PathBuf,
}

impl Files {
    fn of(run_dir: &Path) -> Self {
        let run_dir = std::path::absolute(run_dir).unwrap_or_else(|_| run_dir.to_owned());
        let hash = Sha256::digest(run_dir.as_os_str().as_encoded_bytes());
        let short: String = hash.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        Self {
            conf: run_dir.join("strongswan.conf"),
            pid: run_dir.join("charon.pid"),
            socket: Path::new(SOCKETS).join(short).join("charon.vici"),
        }
    }

    fn write(&self, backend: Backend) -> Result<(), StartError> {
        let error = |path: &Path, source| StartError::Files { path: path.to_owned(), source };
        for folder in [&self.conf, &self.socket].into_iter().filter_map(|path| path.parent()) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|source| error(folder, source))?;
        }
        remove(&self.socket).map_err(|source| error(&self.socket, source))?;
        remove(&self.conf).map_err(|source| error(&self.conf, source))?;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.conf)
            .and_then(|mut file| file.write_all(configuration(&self.socket, backend).as_bytes()))
            .map_err(|source| error(&self.conf, source))
    }

    async fn await_answer(&self, child: &mut Child) -> Result<(), StartError> {
        let deadline = Instant::now() + START_LIMIT;
        while self.listener().await.is_none() {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(StartError::Ended(status));
            }
            if Instant::now() > deadline {
                return Err(StartError::Silent);
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Who listens at the socket.
    async fn listener(&self) -> Option<Pid> {
        let stream = timeout(STOP_LIMIT, UnixStream::connect(&self.socket)).await.ok()?.ok()?;
        stream.peer_cred().ok()?.pid().map(Pid::from_raw)
    }

    fn noted_pid(&self) -> Option<Pid> {
        fs::read_to_string(&self.pid).ok()?.trim().parse().ok().map(Pid::from_raw)
    }

    fn is_ours(&self, pid: Pid) -> bool {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let variable = [b"STRONGSWAN_CONF=", self.conf.as_os_str().as_encoded_bytes()].concat();
        // A package upgrade leaves `/usr/sbin/charon-systemd (deleted)`.
        let is_charon = fs::read_link(proc.join("exe"))
            .ok()
            .and_then(|exe| exe.file_name().map(|name| name.to_string_lossy().starts_with(PROGRAM)));
        let environment = fs::read(proc.join("environ")).unwrap_or_default();
        is_charon == Some(true) && environment.split(|octet| *octet == 0).any(|entry| entry == variable)
    }

    fn remove(&self) -> Result<(), StopError> {
        for path in [&self.socket, &self.conf, &self.pid] {
            remove(path).map_err(|source| StopError::Files { path: path.clone(), source })?;
        }
        // The run directory belongs to the caller; the socket's is ours.
        if let Some(folder) = self.socket.parent() {
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    }
}

/// `setsid` runs charon in its own place (it forks only where it leads a process group already, which a child does not),
/// so that no signal for the agent's session or terminal reaches it.
fn command(conf: &Path) -> Command {
    let mut command = Command::new("setsid");
    command
        .arg(PROGRAM)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("STRONGSWAN_CONF", conf)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The whole configuration of a daemon: no other file is read, and connections come over the socket.
fn configuration(socket: &Path, backend: Backend) -> String {
    let data_plane = match backend {
        Backend::Kernel => "kernel-netlink",
        // libipsec takes ESP, kernel-netlink remains for addresses and routes: the first that is loaded wins.
        Backend::Userspace => "kernel-libipsec kernel-netlink",
    };
    format!(
        "\
charon-systemd {{
  # With fewer, long-running jobs of libipsec take every thread and the control socket never answers.
  threads = 16
  load = random nonce openssl ctr ccm gcm cmac xcbc kdf {data_plane} socket-default vici
  install_virtual_ip = no

  # A silent peer is known after 1 s, and given up after 21 s: 1 + 1.5 + 2.3 + 3.4 + 5.1 + 7.6.
  retransmit_timeout = 1.0
  retransmit_base = 1.5
  retransmit_tries = 5
  # Whoever translates addresses on the way forgets UDP that is silent for longer, many of them after 30 s.
  keep_alive = 20
  # Of so many IKEv1 exchanges at once in an IKE SA it keeps what the next message is decrypted with. Of the usual three, the
  # ends of two SAs that both ends tell each other of take the place of one that is being negotiated: half of it comes about.
  max_ikev1_exchanges = 1000
  # Several connections to one peer start at the same moment.
  block_threshold = 1000
  # Accepted only where an IKE policy asks for aggressive mode.
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes

  plugins {{
    vici {{
      socket = unix://{}
    }}
  }}
}}
",
        socket.display()
    )
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_has_a_short_path_of_its_own_and_the_same_one_each_time() {
        let long = PathBuf::from("/var/lib/adit").join("x".repeat(200));
        let files = Files::of(&long);
        assert!(files.socket.as_os_str().len() < 60, "{}", files.socket.display());
        assert_eq!(files, Files::of(&long));
        assert_ne!(files.socket, Files::of(Path::new("/var/lib/adit/routers/other")).socket);
    }

    #[test]
    fn a_process_that_is_not_charon_is_never_ours() {
        assert!(!Files::of(Path::new("/var/lib/adit/routers/none")).is_ours(Pid::this()));
        assert!(!Files::of(Path::new("/var/lib/adit/routers/none")).is_ours(Pid::from_raw(1)));
    }

    #[test]
    fn userspace_esp_is_taken_before_the_kernels() {
        insta::assert_snapshot!(configuration(
            Path::new("/run/adit/0123456789abcdef/charon.vici"),
            Backend::Userspace
        ));
        assert!(
            !configuration(Path::new("/run/adit/x/charon.vici"), Backend::Kernel).contains("kernel-libipsec")
        );
    }

    #[tokio::test]
    async fn nothing_is_adopted_where_nothing_runs_and_removal_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { run_dir: folder.path().to_owned(), backend: Backend::Kernel };
        assert!(Process::adopt(&config).await.is_none());
        std::fs::write(folder.path().join("charon.pid"), "1\n").unwrap();
        assert!(Process::adopt(&config).await.is_none());
        Process::remove_files(&config).unwrap();
        assert!(!folder.path().join("charon.pid").exists());
    }
}
