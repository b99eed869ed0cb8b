//! A PostgreSQL that lives as long as the tests: in a folder of its own, on a Unix socket, as an unprivileged user.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::tool;

/// A running cluster. Dropping it ends the server and removes its files.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    dir: PathBuf,
    server: Child,
}

/// Folders of clusters, and then the id of the process that made them.
const PREFIX: &str = "adit-test-postgres-";
/// Owns the cluster when root runs the tests: PostgreSQL refuses to run as root.
const USER: &str = "postgres";

impl Cluster {
    /// Starts one. The error says what is missing.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs()?;
        sweep();
        let dir = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        tool::run(unprivileged(Path::new("mkdir"))?.arg("--mode=700").arg(&dir))?;
        match initialise(&programs, &dir).and_then(|()| serve(&programs, &dir)) {
            Ok(server) => Ok(Self { programs, dir, server }),
            Err(error) => {
                remove(&dir);
                Err(error)
            }
        }
    }

    /// How to connect to its first database; the others differ in the name.
    pub(crate) fn url(&self) -> String {
        format!("postgres://adit@localhost/postgres?host={}", self.dir.display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = unprivileged(&self.programs.join("pg_ctl")).and_then(|mut stop| {
            tool::run(stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(data(&self.dir)))
        });
        match stopped.and_then(|()| self.server.wait().context("cannot wait for it")) {
            Ok(_) => remove(&self.dir),
            Err(error) => eprintln!("xtask: PostgreSQL in {} does not end: {error:#}", self.dir.display()),
        }
    }
}

/// The newest PostgreSQL that is installed.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|version| {
            Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path().join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .max();
    newest.map(|(_, programs)| programs).context("the package postgresql is not installed")
}

/// A command as a user who may run a PostgreSQL, which ends with this process, however that ends.
fn unprivileged(program: &Path) -> Result<Command> {
    let mut command = Command::new("setpriv");
    // To PostgreSQL it means: at once, but leave nothing behind.
    command.arg("--pdeathsig=QUIT");
    if tool::is_root() {
        if tool::output(Command::new("id").arg(USER)).is_none() {
            bail!("there is no user `{USER}` to run it");
        }
        command.args([format!("--reuid={USER}"), format!("--regid={USER}")]).arg("--init-groups");
    }
    // The checkout may be where that user cannot go.
    command.arg(program).current_dir("/");
    Ok(command)
}

fn data(dir: &Path) -> PathBuf {
    dir.join("data")
}

fn initialise(programs: &Path, dir: &Path) -> Result<()> {
    let mut initialise = unprivileged(&programs.join("initdb"))?;
    initialise.args(["--auth=trust", "--username=adit", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
    let Some(_) = tool::output(initialise.arg("--pgdata").arg(data(dir))) else {
        bail!("initdb does not make a cluster in {}", dir.display());
    };
    Ok(())
}

/// Runs the server until it says that it is ready.
fn serve(programs: &Path, dir: &Path) -> Result<Child> {
    let mut server = unprivileged(&programs.join("postgres"))?;
    server.arg("-D").arg(data(dir)).arg("-k").arg(dir);
    // Nothing of it outlives the tests, so it need not reach the disk.
    for setting in ["listen_addresses=", "fsync=off", "max_connections=200", "lc_messages=C"] {
        server.args(["-c", setting]);
    }
    server.stdin(Stdio::null()).stdout(std::io::stderr()).stderr(Stdio::piped());
    let mut server = server.spawn().context("cannot start PostgreSQL")?;
    let log = BufReader::new(server.stderr.take().expect("it was piped above"));
    let mut log = log.lines().map_while(Result::ok);
    let mut said = Vec::new();
    for line in log.by_ref() {
        if line.contains("ready to accept connections") {
            // Somebody must go on reading, or it would wait for that.
            thread::spawn(move || log.for_each(drop));
            return Ok(server);
        }
        said.push(line);
    }
    let status = server.wait().context("cannot wait for PostgreSQL")?;
    bail!("PostgreSQL ended at once ({status}): {}", said.join("; "))
}

/// Removes what earlier runs left that were killed.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|id| id.parse::<u32>().ok());
        if owner.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
            remove(&entry.path());
        }
    }
}

fn remove(dir: &Path) {
    if let Err(error) = fs::remove_dir_all(dir) {
        eprintln!("xtask: cannot remove {}: {error}", dir.display());
    }
}
