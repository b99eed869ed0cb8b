use std::io;

use nix::libc::EPERM;

/// What could not be done, and why.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call failed.
    #[error("cannot {doing}")]
    System {
        /// What was being done, and to what.
        doing: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A netlink request failed.
    #[error("cannot {doing}")]
    Netlink {
        /// What was being done, and to what.
        doing: String,
        /// The kernel's answer.
        source: rtnetlink::Error,
    },
    /// A program that we start said no.
    #[error("cannot {doing}: `{program}` said: {message}")]
    Program {
        /// What was being done, and to what.
        doing: String,
        /// Which program.
        program: &'static str,
        /// What it wrote to its standard error, or how it ended.
        message: String,
    },
    /// A program that we start is not installed.
    #[error("the program `{program}` is missing: install the package `{package}`")]
    ProgramMissing {
        /// Which program.
        program: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// Not enough rights.
    #[error("the capability CAP_NET_ADMIN is missing: run this as root")]
    NotPrivileged,
    /// A name that is not there.
    #[error("there is no interface `{0}`")]
    NoLink(String),
    /// A name that the kernel or the file system cannot take.
    #[error("`{0}` cannot be the name of a network namespace")]
    NamespaceName(String),
    /// Other kinds of interface bear a name that we wanted for ours.
    #[error("the interface `{name}` exists and is not a {wanted}")]
    OtherKind {
        /// The interface.
        name: String,
        /// What it should have been.
        wanted: &'static str,
    },
}

impl Error {
    pub(crate) fn system(doing: impl Into<String>, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        if source.raw_os_error() == Some(EPERM) {
            return Self::NotPrivileged;
        }
        Self::System { doing: doing.into(), source }
    }

    pub(crate) fn netlink(doing: impl Into<String>, source: rtnetlink::Error) -> Self {
        if errno(&source) == Some(EPERM) {
            return Self::NotPrivileged;
        }
        Self::Netlink { doing: doing.into(), source }
    }

    /// The sentence with all its causes, for places that keep one line of text.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

/// The errno inside a refused netlink request.
pub(crate) fn errno(error: &rtnetlink::Error) -> Option<i32> {
    if let rtnetlink::Error::NetlinkError(message) = error { Some(-message.raw_code()) } else { None }
}
