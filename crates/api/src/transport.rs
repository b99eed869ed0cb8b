//! HTTP clients: the TLS that they speak, whom they trust, and when they ask without a proxy.
//!
//! TLS is rustls with the cryptography of ring, chosen here for the whole program.

use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::{Certificate, ClientBuilder};
use rustls::crypto::{CryptoProvider, ring};

/// Whom to trust where a URL begins with `https`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Certificates, in PEM, of those who vouch for servers; the system's when `None`.
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
        source: std::io::Error,
    },
    /// The file has no certificates.
    #[error("{path} has no certificates in PEM form")]
    NoCertificates {
        /// The file.
        path: String,
    },
    /// A certificate cannot be used.
    #[error("a certificate cannot be used")]
    Certificate(#[source] reqwest::Error),
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
    let roots = if url.starts_with("https:") && !trust.insecure { roots(trust)? } else { Vec::new() };
    let builder = reqwest::Client::builder().tls_certs_only(roots);
    let builder = if trust.insecure { builder.tls_danger_accept_invalid_certs(true) } else { builder };
    Ok(if is_near(url) { builder.no_proxy() } else { builder })
}

/// The base of the Identity API v3, from a URL with or without the version.
pub fn identity_v3(url: &str) -> String {
    let url = url.trim_end_matches('/');
    if url.ends_with("/v3") { url.to_owned() } else { format!("{url}/v3") }
}

fn roots(trust: &Trust) -> Result<Vec<Certificate>, TransportError> {
    let Some(file) = &trust.cafile else {
        // A system without certificates trusts nobody, which the first request tells.
        let system = rustls_native_certs::load_native_certs().certs;
        // Some systems have one that cannot be used; the others count.
        return Ok(system.iter().filter_map(|der| Certificate::from_der(der).ok()).collect());
    };
    let path = file.display().to_string();
    let pem = std::fs::read(file).map_err(|source| TransportError::Read { path: path.clone(), source })?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(TransportError::Certificate)?;
    if certificates.is_empty() { Err(TransportError::NoCertificates { path }) } else { Ok(certificates) }
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
