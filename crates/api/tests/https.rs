//! Clients of servers behind TLS: whom they trust, and why not.

#![cfg(feature = "client")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;

use adit_api::transport::{self, Silence, Trust};
use rustls::SupportedProtocolVersion;
use rustls::version::TLS12;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_server_is_trusted_when_somebody_known_vouches_for_its_name() {
    let server = serve("server", "server", rustls::ALL_VERSIONS).await;
    let itself = serve("self-signed", "self-signed", rustls::ALL_VERSIONS).await;
    let itself_of_old = serve("self-signed", "self-signed", &[&TLS12]).await;
    let impostor = serve("impostor", "impostor", rustls::ALL_VERSIONS).await;
    let without_the_key = serve("self-signed", "impostor", rustls::ALL_VERSIONS).await;
    let without_the_key_of_old = serve("self-signed", "impostor", &[&TLS12]).await;
    let expired = serve("expired", "self-signed", rustls::ALL_VERSIONS).await;
    let too_early = serve("later", "self-signed", rustls::ALL_VERSIONS).await;
    let plain = serve_plain().await;
    let distrusted = "Distrusted: nobody trusted here vouches for its certificate";
    let is_authority =
        "Distrusted: its certificate is an authority's (CA:TRUE), and not itself among those trusted here";
    let forged = "Distrusted: a signature on its certificate, or one made with it, is wrong";
    for (host, port, cafile, insecure, want) in [
        ("127.0.0.1", server, Some("authority"), false, "200"),
        ("127.0.0.1", server, None, false, distrusted),
        (
            "localhost",
            server,
            Some("authority"),
            false,
            "Name: its certificate is for 127.0.0.1, not for localhost",
        ),
        ("127.0.0.1", server, None, true, "200"),
        ("localhost", server, None, true, "200"),
        // One that vouches for itself, and is marked as an authority's.
        ("127.0.0.1", itself, Some("self-signed"), false, "200"),
        ("127.0.0.1", itself_of_old, Some("self-signed"), false, "200"),
        (
            "localhost",
            itself,
            Some("self-signed"),
            false,
            "Name: its certificate is for 127.0.0.1, not for localhost",
        ),
        ("127.0.0.1", itself, Some("authority"), false, is_authority),
        ("127.0.0.1", itself, None, false, is_authority),
        ("127.0.0.1", impostor, Some("self-signed"), false, is_authority),
        ("127.0.0.1", without_the_key, Some("self-signed"), false, forged),
        ("127.0.0.1", without_the_key_of_old, Some("self-signed"), false, forged),
        (
            "127.0.0.1",
            expired,
            Some("expired"),
            false,
            "Date: its certificate was good until 2021-01-01T00:00:00Z",
        ),
        (
            "127.0.0.1",
            expired,
            Some("self-signed"),
            false,
            "Date: its certificate was good until 2021-01-01T00:00:00Z",
        ),
        (
            "127.0.0.1",
            too_early,
            Some("later"),
            false,
            "Date: its certificate is not good before 2125-01-01T00:00:00Z",
        ),
        // One that somebody else signed, and nobody else vouches for.
        ("127.0.0.1", server, Some("server"), false, "200"),
        (
            "localhost",
            server,
            Some("server"),
            false,
            "Name: its certificate is for 127.0.0.1, not for localhost",
        ),
        ("127.0.0.1", server, Some("self-signed"), false, distrusted),
        ("127.0.0.1", plain, Some("self-signed"), false, "NoTls: it speaks no TLS there"),
    ] {
        let cafile = cafile.map(certificates::file);
        let (url, trust) = (format!("https://{host}:{port}/"), Trust { cafile, insecure });
        let client = transport::builder(&url, &trust).unwrap().build().unwrap();
        let got = match client.get(&url).send().await {
            Ok(answer) => answer.status().as_u16().to_string(),
            Err(error) => {
                let Silence { trouble, why } = Silence::of(&error);
                format!("{trouble:?}: {why}")
            }
        };
        assert_eq!(got, want, "{url} {trust:?}");
    }
}

/// Answers whoever trusts it. Returns its port.
async fn serve(certificate: &str, key: &str, versions: &[&'static SupportedProtocolVersion]) -> u16 {
    let acceptor = certificates::acceptor(certificate, key, versions);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            // A client without trust ends here.
            let Ok(stream) = acceptor.accept(connection).await else { continue };
            answer(stream).await;
        }
    });
    port
}

/// Answers without TLS whatever is said. Returns its port.
async fn serve_plain() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            answer(listener.accept().await.unwrap().0).await;
        }
    });
    port
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.read(&mut [0; 4096]).await;
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}
