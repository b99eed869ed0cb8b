//! A server, or something before it, that answers nonsense: it is told, with an exit status, and nobody is told a secret.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use super::text;
use crate::proxy::{Fault, Proxy};
use crate::support::server::Server;

const TOKENS: &str = "POST /identity/v3/auth/tokens";
const LIST: &str = "GET /networking/v2.0/networks";

#[test]
fn nonsense_is_told_and_no_secret_goes_elsewhere() {
    let server = Server::start();
    let clouds = std::fs::read_to_string(server.clouds()).unwrap();
    let url = clouds.lines().find_map(|line| line.trim().strip_prefix("auth_url: http://")).unwrap();
    let host = url.split('/').next().unwrap();
    let proxy = Proxy::start(host.parse().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("clouds.yaml");
    std::fs::write(&file, clouds.replace(host, &proxy.address().to_string())).unwrap();
    for (at, octets, status, told) in [
        (TOKENS, "HTTP/1.1 200 OK\r\n\r\n<html>Welcome</html>", 4, "the answer is no JSON"),
        (TOKENS, "HTTP/1.1 201 Created\r\n\r\n{}", 4, "the answer has no token"),
        (
            TOKENS,
            "HTTP/1.1 503 Service Unavailable\r\n\r\n<h1>Sorry</h1>",
            5,
            "Service Unavailable (HTTP 503)",
        ),
        (
            TOKENS,
            "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\n\r\n",
            4,
            "to go to /elsewhere, which is not followed",
        ),
        (
            TOKENS,
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\n\r\n",
            4,
            "which is not followed",
        ),
        (TOKENS, "no HTTP at all\r\n\r\n", 4, "cannot reach http://"),
        (TOKENS, "", 4, "cannot reach http://"),
        (
            TOKENS,
            "HTTP/1.1 201 Created\r\nx-subject-token: t\r\n\r\n{\"token\": {\"catalog\": [7, {\"type\": \"network\"}]}}",
            2,
            "the catalog has no public endpoint of a network service",
        ),
        (
            TOKENS,
            "HTTP/1.1 201 Created\r\nx-subject-token: t\r\n\r\n{\"token\": {\"project\": {\"id\": \"p\"}}}",
            2,
            "the catalog has no public endpoint of a network service",
        ),
        (TOKENS, "HTTP/1.1 404 Not Found\r\n\r\n<h1>Nothing</h1>", 4, "there is no Identity API (HTTP 404)"),
        (
            TOKENS,
            "HTTP/1.1 403 Forbidden\r\n\r\n<h1>Proxy</h1>",
            3,
            "/auth/tokens refused without a reason: Forbidden (HTTP 403)",
        ),
        (
            LIST,
            "HTTP/1.1 403 Forbidden\r\n\r\n<h1>Proxy</h1>",
            3,
            "hint: a server of this API says why: was it something before it that answered, such as a proxy?",
        ),
        (LIST, "HTTP/1.1 200 OK\r\n\r\n<html>Welcome</html>", 4, "the answer is no JSON"),
        (LIST, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"networks\": [", 4, "cannot reach http://"),
        (LIST, "HTTP/1.1 200 OK\r\n\r\n[]", 5, "the answer has no `networks`: is it a server of this API?"),
        (LIST, "HTTP/1.1 200 OK\r\n\r\n{\"networks\": [null]}", 5, "the answer has no `networks`"),
        (LIST, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 5, "the answer has no `networks`"),
        (LIST, "HTTP/1.1 301 Moved Permanently\r\nlocation: /elsewhere\r\n\r\n", 4, "which is not followed"),
        (LIST, "HTTP/1.1 400 Bad Request\r\n\r\n\"no\"", 3, "without a reason: Bad Request (HTTP 400)"),
        (
            LIST,
            "HTTP/1.1 400 Bad Request\r\n\r\n{\"NeutronError\": {\"message\": \"\\u001b[2JNo.\"}}",
            3,
            "adit: \\x1b[2JNo. (HTTP 400)",
        ),
        (
            LIST,
            "HTTP/1.1 200 OK\r\n\r\n{\"networks\": [{\"id\": \"a\"}], \"networks_links\": [{\"rel\": \"next\", \"href\": \
             \"http://192.0.2.1/elsewhere?marker=a\"}]}",
            5,
            "the pages of `networks` lead back to one of them",
        ),
    ] {
        let seen = Arc::clone(&asked);
        proxy.decide(move |line| {
            seen.lock().unwrap().push(line.to_owned());
            if line.split('?').next() == Some(at) { Fault::Answer(octets) } else { Fault::None }
        });
        let mut adit = Command::new(env!("CARGO_BIN_EXE_adit"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
            adit.env_remove(name);
        }
        adit.args(["--os-cloud", "adit", "network", "list"])
            .env("OS_CLIENT_CONFIG_FILE", &file)
            .stdin(Stdio::null());
        let output = adit.output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{octets}: {said}");
        assert!(said.contains(told), "{octets}: {said}");
        assert_eq!(text(&output.stdout), "", "{octets}");
    }
    let asked = asked.lock().unwrap();
    assert!(!asked.iter().any(|line| line.contains("elsewhere")), "{asked:?}");
    assert!(
        asked.contains(&format!("{LIST}?marker=a")),
        "the next page is asked for where the first was: {asked:?}"
    );
}
