//! HTTP clients: the TLS that they speak, whom they trust, and when they ask without a proxy.
//!
//! TLS is rustls with the cryptography of ring, chosen here for the whole program.

mod known;
mod silence;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use reqwest::{Certificate, ClientBuilder};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

pub use silence::{Silence, Trouble};

/// Whom to trust where a URL begins with `https`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Certificates, in PEM, of those who vouch for servers, or of servers themselves; the system's when `None`.
    pub cafile: Option<PathBuf>,
    /// Trust everybody. Whoever sits between can read and change everything then.
    pub insecure: bool,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The file of certificates cannot be read.
    #[error("cannot read the certificates in {path}")]
    Read {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file has no certificates.
    #[error("{path} has no certificates in PEM form")]
    NoCertificates {
        /// The file.
        path: String,
    },
    /// A certificate of the file cannot be used.
    #[error("a certificate in {path} cannot be used")]
    Certificate {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// The client cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
}

/// The beginning of a client that asks the server of this URL. The files of certificates are read only for `https`.
///
/// # Errors
/// [`TransportError::Read`], [`TransportError::NoCertificates`], [`TransportError::Certificate`].
pub fn builder(url: &str, trust: &Trust) -> Result<ClientBuilder, TransportError> {
    if CryptoProvider::get_default().is_none() {
        // Whoever came first at the same moment chose the same.
        let _ = ring::default_provider().install_default();
    }
    let builder = reqwest::Client::builder();
    let builder = match &trust.cafile {
        _ if trust.insecure => builder.tls_certs_only([]).tls_danger_accept_invalid_certs(true),
        Some(file) if url.starts_with("https:") => builder.tls_backend_preconfigured(of_file(file)?),
        None if url.starts_with("https:") => builder.tls_certs_only(of_system()),
        _ => builder.tls_certs_only([]),
    };
    Ok(if is_near(url) { builder.no_proxy() } else { builder })
}

/// The base of the Identity API v3, from a URL with or without the version.
pub fn identity_v3(url: &str) -> String {
    let url = url.trim_end_matches('/');
    if url.ends_with("/v3") { url.to_owned() } else { format!("{url}/v3") }
}

/// Those who vouch for servers as the system has it. A system without them trusts nobody, which the first request tells.
fn of_system() -> Vec<Certificate> {
    let system = rustls_native_certs::load_native_certs().certs;
    // Some systems have one that cannot be used; the others count.
    system.iter().filter_map(|der| Certificate::from_der(der).ok()).collect()
}

/// TLS with those whom a file of certificates vouches for.
fn of_file(file: &Path) -> Result<rustls::ClientConfig, TransportError> {
    let path = file.display().to_string();
    let unreadable = |source| TransportError::Read { path: path.clone(), source };
    let pem = std::fs::read(file).map_err(unreadable)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates =
        certificates.map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    if certificates.is_empty() {
        return Err(TransportError::NoCertificates { path });
    }
    known::config(certificates).map_err(|source| TransportError::Certificate { path, source })
}

/// Whether a server is on this machine or on a link of it, where no proxy gets.
fn is_near(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unicast_link_local(),
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::{Trust, builder, identity_v3, is_near};

    #[test]
    fn the_version_is_appended_once() {
        for url in ["http://h:5000", "http://h:5000/", "http://h:5000/v3", "http://h:5000/v3/"] {
            assert_eq!(identity_v3(url), "http://h:5000/v3", "{url}");
        }
        assert_eq!(identity_v3("http://h/identity"), "http://h/identity/v3");
    }

    #[test]
    fn what_is_near_is_not_asked_for_through_a_proxy() {
        for (url, want) in [
            ("http://127.0.0.1:9696/identity/v3", true),
            ("http://[::1]:9696/identity/v3", true),
            ("http://localhost/identity/v3", true),
            ("http://169.254.7.2:9696/identity/v3", true),
            ("https://192.0.2.1/identity/v3", false),
            ("https://localhost.example.org/v3", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_near(url), want, "{url}");
        }
    }

    #[test]
    fn a_client_is_made_for_either_scheme_and_certificates_are_read_only_where_they_count() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty.pem");
        std::fs::write(&empty, "no certificate\n").unwrap();
        let missing = dir.path().join("missing.pem");
        let trust = |cafile: Option<&std::path::PathBuf>| Trust { cafile: cafile.cloned(), insecure: false };
        for (url, trust, want) in [
            ("http://192.0.2.1", Trust::default(), "made"),
            ("https://192.0.2.1", Trust::default(), "made"),
            ("http://192.0.2.1", trust(Some(&missing)), "made"),
            ("https://192.0.2.1", Trust { cafile: Some(missing.clone()), insecure: true }, "made"),
            ("https://192.0.2.1", trust(Some(&missing)), "cannot read the certificates in DIR/missing.pem"),
            ("https://192.0.2.1", trust(Some(&empty)), "DIR/empty.pem has no certificates in PEM form"),
        ] {
            let got = match builder(url, &trust) {
                Ok(builder) => builder.build().map_or_else(|error| error.to_string(), |_| "made".to_owned()),
                Err(error) => error.to_string().replace(dir.path().to_str().unwrap(), "DIR"),
            };
            assert_eq!(got, want, "{url} {trust:?}");
        }
    }
}
