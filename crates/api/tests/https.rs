//! Clients of servers behind TLS: whom they trust.

#![cfg(feature = "client")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;

use adit_api::transport::{self, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_server_is_trusted_when_somebody_known_vouches_for_its_name() {
    let port = serve().await;
    let known = || Some(certificates::authority());
    for (host, cafile, insecure, want) in [
        ("127.0.0.1", known(), false, true),
        ("127.0.0.1", None, false, false),
        ("localhost", known(), false, false),
        ("127.0.0.1", None, true, true),
        ("localhost", None, true, true),
    ] {
        let (url, trust) = (format!("https://{host}:{port}/"), Trust { cafile, insecure });
        let client = transport::builder(&url, &trust).unwrap().build().unwrap();
        let answer = client.get(&url).send().await;
        assert_eq!(answer.is_ok_and(|answer| answer.status() == 200), want, "{url} {trust:?}");
    }
}

/// Answers whoever trusts it. Returns its port.
async fn serve() -> u16 {
    let acceptor = certificates::acceptor();
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
