use std::io;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::{Error, Namespace, Result};

/// A netlink socket inside one network namespace. It goes on to act there wherever it is used from. Needs a tokio
/// runtime.
#[derive(Debug)]
pub struct Netlink {
    pub(crate) handle: rtnetlink::Handle,
    /// Whoever asks for a whole list holds this until the list is there: the kernel refuses to begin another one on the
    /// same socket meanwhile (EBUSY).
    pub(crate) listing: Mutex<()>,
    driver: JoinHandle<()>,
}

impl Netlink {
    /// A socket in the namespace of the calling thread.
    ///
    /// # Errors
    /// When the kernel has no netlink.
    pub fn here() -> Result<Self> {
        open().map_err(|source| Error::system("open a netlink socket", source))
    }

    /// A socket in `namespace`.
    ///
    /// # Errors
    /// When the namespace cannot be entered, or the kernel has no netlink.
    pub fn inside(namespace: &Namespace) -> Result<Self> {
        let runtime = tokio::runtime::Handle::current();
        namespace
            .run(|| {
                let _context = runtime.enter();
                open()
            })?
            .map_err(|source| Error::system(format!("open a netlink socket in {}", namespace.name()), source))
    }
}

impl Drop for Netlink {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn open() -> io::Result<Netlink> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    Ok(Netlink { handle, listing: Mutex::new(()), driver: tokio::spawn(connection) })
}
