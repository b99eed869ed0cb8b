//! A server behind TLS: whom the client trusts, and what it says when it does not.

#[path = "../../../../api/tests/certificates/mod.rs"]
mod certificates;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

use super::{adit, command, ok, text};
use crate::support::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_behind_tls_is_trusted_when_somebody_known_vouches_for_it() {
    let server = Server::start();
    let port = proxy(server.address(), "server", "server").await;
    let itself = proxy(server.address(), "self-signed", "self-signed").await;
    let expired = proxy(server.address(), "expired", "self-signed").await;
    let file = |name| certificates::file(name).display().to_string();
    let by_itself = format!("--os-auth-url https://127.0.0.1:{itself}/identity/v3");
    let authority = file("authority");
    let url = format!("--os-auth-url https://127.0.0.1:{port}/identity/v3");
    for (line, status, told) in [
        (format!("{url} --os-cacert {authority} network create one"), 0, ""),
        (format!("{url} --os-cacert {authority} network list"), 0, ""),
        (format!("{url} --insecure network list"), 0, "adit: warning: certificates are not checked"),
        (
            format!("{url} network list"),
            4,
            ": nobody trusted here vouches for its certificate\nhint: `--os-cacert FILE`",
        ),
        // One that `openssl req -x509` made, and nobody else vouches for.
        (format!("{by_itself} --os-cacert {} network list", file("self-signed")), 0, ""),
        (
            format!("{by_itself} --os-cacert {authority} network list"),
            4,
            "is an authority's (CA:TRUE), and not itself among those trusted here\nhint: `--os-cacert FILE`",
        ),
        (format!("{by_itself} network list"), 4, "is an authority's (CA:TRUE)"),
        (
            format!(
                "--os-auth-url https://127.0.0.1:{expired}/identity/v3 --os-cacert {} network list",
                file("expired")
            ),
            4,
            ": its certificate was good until 2021-01-01T00:00:00Z\nhint: the server needs a new certificate",
        ),
        (format!("{url} --os-cacert /nowhere network list"), 1, "cannot read the certificates in /nowhere"),
        (
            format!(
                "--os-auth-url https://localhost:{port}/identity/v3 --os-cacert {authority} network list"
            ),
            4,
            ": its certificate is for 127.0.0.1, not for localhost\nhint: `auth_url` must call the server by a",
        ),
        // One that speaks no TLS.
        (
            format!("--os-auth-url https://{}/identity/v3 --insecure network list", server.address()),
            4,
            ": it speaks no TLS there\nhint: does the server want a URL that begins with `http:`",
        ),
    ] {
        let output = adit(&server, &line, "");
        assert_eq!(output.status.code(), Some(status), "`{line}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{line}`: {}", text(&output.stderr));
        assert_eq!(told.is_empty(), output.stderr.is_empty(), "`{line}`: {}", text(&output.stderr));
    }
    // The variable says it too, and the whole catalog is behind TLS.
    let mut by_variable = command(&server, &format!("{url} network list -f value -c Name"));
    let output = by_variable.env("OS_CACERT", certificates::file("authority")).output().unwrap();
    assert_eq!(ok(&output), "one\n");
    let mut by_variable = command(&server, &format!("{url} catalog show network -f json"));
    let output = by_variable.env("OS_CACERT", certificates::file("authority")).output().unwrap();
    assert!(
        ok(&output).contains(&format!("\"https://127.0.0.1:{port}/networking\"")),
        "{}",
        text(&output.stdout)
    );
}

/// A proxy as it stands in front of a server: it speaks TLS, and says so to the server. Returns its port.
async fn proxy(server: &str, certificate: &str, key: &str) -> u16 {
    let acceptor = certificates::acceptor(certificate, key, rustls::ALL_VERSIONS);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = server.to_owned();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                // A client without trust ends here.
                let Ok(stream) = acceptor.accept(connection).await else { return };
                let (mut from, mut to) = tokio::io::split(stream);
                let (mut back, mut on) = TcpStream::connect(server).await.unwrap().into_split();
                tokio::spawn(async move {
                    let _ = copy(&mut back, &mut to).await;
                    let _ = to.shutdown().await;
                });
                let mut octets = [0; 16384];
                while let Ok(count @ 1..) = from.read(&mut octets).await {
                    let sent = with_scheme(&octets[..count]);
                    if on.write_all(&sent).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// What a client sent at once, in which the head of a request says how it came.
fn with_scheme(octets: &[u8]) -> Vec<u8> {
    let sent = String::from_utf8_lossy(octets);
    match sent.split_once(" HTTP/1.1\r\n") {
        Some((line, rest)) => format!("{line} HTTP/1.1\r\nx-forwarded-proto: https\r\n{rest}").into_bytes(),
        None => octets.to_vec(),
    }
}
