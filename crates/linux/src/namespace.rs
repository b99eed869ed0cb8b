//! Named network namespaces, as `ip netns` has them: files below [`DIRECTORY`] that a namespace is mounted on.
//!
//! A namespace belongs to a thread, so whatever happens inside one happens on a thread made for it.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::statfs::{NSFS_MAGIC, statfs};

use crate::{Error, Result};

/// Where named namespaces live.
pub const DIRECTORY: &str = "/run/netns";

/// An open network namespace. It stays usable, though nameless, after somebody deletes its name.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: String,
    file: Arc<File>,
}

impl Namespace {
    /// The file of the namespace called `name`, whether or not it exists.
    pub fn path_of(name: &str) -> PathBuf {
        Path::new(DIRECTORY).join(name)
    }

    /// Opens the namespace called `name`, making it if it does not exist.
    ///
    /// # Errors
    /// When `name` cannot be a file name, or the kernel refuses.
    pub fn create(name: &str) -> Result<Self> {
        let path = checked_path(name)?;
        // Without the lock, and without a look at all the mounts below the directory.
        if let Some(existing) = Self::open(name)? {
            return Ok(existing);
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(DIRECTORY)
            .map_err(|source| Error::system(format!("make {DIRECTORY}"), source))?;
        let _lock = lock_directory()?;
        share_directory()
            .map_err(|errno| Error::system(format!("make {DIRECTORY} a shared mount"), errno))?;
        if let Some(existing) = Self::open(name)? {
            return Ok(existing);
        }
        // A plain file of that name is what a crash leaves between the next two steps.
        let doing = || format!("make the network namespace {name}");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o444)
            .open(&path)
            .map_err(|source| Error::system(doing(), source))?;
        on_a_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            mount(Some("/proc/thread-self/ns/net"), &path, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        })
        .map_err(|errno| Error::system(doing(), errno))?;
        Self::open(name)?.ok_or_else(|| Error::system(doing(), io::Error::from(io::ErrorKind::NotFound)))
    }

    /// Opens the namespace called `name`; `None` if there is none.
    ///
    /// # Errors
    /// When `name` cannot be a file name, or the file cannot be opened.
    pub fn open(name: &str) -> Result<Option<Self>> {
        let path = checked_path(name)?;
        let doing = || format!("open the network namespace {name}");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::system(doing(), source)),
        };
        let kind = nix::sys::statfs::fstatfs(&file).map_err(|errno| Error::system(doing(), errno))?;
        if kind.filesystem_type() != NSFS_MAGIC {
            return Ok(None);
        }
        Ok(Some(Self { name: name.to_owned(), file: Arc::new(file) }))
    }

    /// The namespace of the calling thread.
    ///
    /// # Errors
    /// When `/proc` is not mounted.
    pub fn current() -> Result<Self> {
        let file = File::open("/proc/thread-self/ns/net")
            .map_err(|source| Error::system("open the current network namespace", source))?;
        Ok(Self { name: String::from("(current)"), file: Arc::new(file) })
    }

    /// Takes the name away. The namespace itself goes with its last process and socket. One that does not exist is
    /// fine.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn delete(name: &str) -> Result<()> {
        let path = checked_path(name)?;
        if !path.exists() {
            return Ok(());
        }
        let doing = || format!("delete the network namespace {name}");
        let _lock = lock_directory()?;
        match umount2(&path, MntFlags::MNT_DETACH) {
            Ok(()) | Err(Errno::EINVAL | Errno::ENOENT) => {}
            Err(errno) => return Err(Error::system(doing(), errno)),
        }
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::system(doing(), source)),
            _ => Ok(()),
        }
    }

    /// The names of all namespaces.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list() -> Result<BTreeSet<String>> {
        let doing = || format!("read {DIRECTORY}");
        let entries = match std::fs::read_dir(DIRECTORY) {
            Ok(entries) => entries,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(source) => return Err(Error::system(doing(), source)),
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            let entry = entry.map_err(|source| Error::system(doing(), source))?;
            let mounted = statfs(&entry.path()).is_ok_and(|kind| kind.filesystem_type() == NSFS_MAGIC);
            if let (true, Ok(name)) = (mounted, entry.file_name().into_string()) {
                names.insert(name);
            }
        }
        Ok(names)
    }

    /// Whether both are the same namespace, whatever their names are. As long as one is open no other one is taken for
    /// it.
    pub fn is(&self, other: &Self) -> bool {
        let identity = |namespace: &Self| namespace.file.metadata().map(|it| (it.dev(), it.ino()));
        identity(self).ok().zip(identity(other).ok()).is_some_and(|(this, other)| this == other)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `work` on a thread of its own inside the namespace, and waits for it.
    ///
    /// # Errors
    /// When the namespace cannot be entered.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        on_a_thread(|| {
            setns(&self.file, CloneFlags::CLONE_NEWNET)?;
            nix::Result::Ok(work())
        })
        .map_err(|errno| Error::system(format!("enter the network namespace {}", self.name), errno))
    }

    /// Starts a process inside the namespace: a child is born where the thread is that makes it. Needs a tokio
    /// runtime.
    ///
    /// # Errors
    /// When the namespace cannot be entered, or the program not be started.
    pub fn spawn(&self, command: &mut tokio::process::Command) -> Result<tokio::process::Child> {
        let runtime = tokio::runtime::Handle::current();
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        self.run(|| {
            let _context = runtime.enter();
            command.spawn()
        })?
        .map_err(|source| Error::system(format!("start `{program}`"), source))
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.file.as_fd().as_raw_fd()
    }
}

fn checked_path(name: &str) -> Result<PathBuf> {
    if name.is_empty() || name == "." || name == ".." || name.len() > 255 || name.contains(['/', '\0']) {
        return Err(Error::NamespaceName(name.to_owned()));
    }
    Ok(Namespace::path_of(name))
}

/// `ip netns` takes the same lock, so that two makers do not mount the directory over itself twice.
fn lock_directory() -> Result<Flock<File>> {
    let doing = || format!("lock {DIRECTORY}");
    let directory = File::open(DIRECTORY).map_err(|source| Error::system(doing(), source))?;
    Flock::lock(directory, FlockArg::LockExclusive).map_err(|(_, errno)| Error::system(doing(), errno))
}

/// Makes mounts below the directory appear, and disappear, in all mount namespaces that share it: without that a name
/// could not be deleted as long as any of them holds a copy.
fn share_directory() -> nix::Result<()> {
    let share = || {
        let flags = MsFlags::MS_SHARED | MsFlags::MS_REC;
        mount(None::<&str>, DIRECTORY, None::<&str>, flags, None::<&str>)
    };
    match share() {
        Err(Errno::EINVAL) => {
            let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
            mount(Some(DIRECTORY), DIRECTORY, None::<&str>, flags, None::<&str>)?;
            share()
        }
        answer => answer,
    }
}

fn on_a_thread<T: Send, E: Send>(work: impl FnOnce() -> Result<T, E> + Send) -> Result<T, E> {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(answer) => answer,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
