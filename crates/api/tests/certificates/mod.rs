//! An authority that nobody knows, the certificate of a server at 127.0.0.1 that it vouches for, and some that nobody but
//! themselves vouches for, marked as an authority's, as `openssl req -x509` makes them: `self-signed` and `impostor`, of one
//! name, and with the key of the former `expired` and `later`, which are not good now. All others are good until 2126. They
//! guard nothing. Also for tests of other crates, which name this file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;

/// The file of a certificate.
pub(crate) fn file(name: &str) -> PathBuf {
    // From the folder of any crate of the workspace.
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../api/tests/certificates/{name}.pem"))
}

/// Speaks TLS with a certificate and a key, which need not be the certificate's.
pub(crate) fn acceptor(
    certificate: &str,
    key: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(file(certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_file(file(&format!("{key}-key"))).unwrap();
    let key = ring::sign::any_supported_type(&key).unwrap();
    // Nobody looks here whether the key is the certificate's.
    let both = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(both));
    TlsAcceptor::from(Arc::new(config))
}
