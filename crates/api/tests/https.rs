//! Clients of servers behind TLS: whom they trust. The certificates are good until 2126, and guard nothing.

#![cfg(feature = "client")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adit_api::transport::{self, Trust};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

#[tokio::test]
async fn a_server_is_trusted_when_somebody_known_vouches_for_its_name() {
    let port = serve().await;
    let cafile = |name| Some(certificates().join(name));
    for (host, cafile, insecure, want) in [
        ("127.0.0.1", cafile("authority.pem"), false, true),
        ("127.0.0.1", None, false, false),
        ("localhost", cafile("authority.pem"), false, false),
        ("127.0.0.1", None, true, true),
        ("localhost", None, true, true),
    ] {
        let (url, trust) = (format!("https://{host}:{port}/"), Trust { cafile, insecure });
        let client = transport::builder(&url, &trust).unwrap().build().unwrap();
        let answer = client.get(&url).send().await;
        assert_eq!(answer.is_ok_and(|answer| answer.status() == 200), want, "{url} {trust:?}");
    }
}

fn certificates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates")
}

/// Answers whoever trusts it. Returns its port.
async fn serve() -> u16 {
    let certificate = CertificateDer::from_pem_file(certificates().join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificates().join("server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            // A client without trust ends here.
            let Ok(mut stream) = acceptor.accept(connection).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}
