//! A Neutron that has VPN and none of Adit's extensions: what it answers is written down here, as far as two commands ask.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use super::text;

const ID: &str = "5c561d9d-eaea-45f6-ae3e-08d1a7080828";

#[test]
fn what_only_adit_knows_is_said_to_be_missing_elsewhere() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let base = url.clone();
    // It ends with the test's process.
    thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap(), &base)));
    for (line, alias) in [
        ("vpn ipsec site connection peer-config --format vyos conn", "adit-vpn-peer-config"),
        ("vpn why conn", "adit-vpn-diagnostics"),
        ("vpn events --follow conn", "adit-vpn-diagnostics"),
    ] {
        let mut adit = Command::new(env!("CARGO_BIN_EXE_adit"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
            adit.env_remove(name);
        }
        let who =
            ["--os-auth-url", &url, "--os-auth-type", "token", "--os-token", "t", "--os-project-name", "p"];
        let output = adit.args(who).args(line.split_whitespace()).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{line}");
        let want = format!(
            "adit: this server cannot tell: it is no Adit, or an old one, and lacks the extension `{alias}`\n"
        );
        assert_eq!(text(&output.stderr), want, "{line}");
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, base: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut head = Vec::new();
        while let Some(Ok(line)) =
            reader.by_ref().lines().next().filter(|line| line.as_ref().is_ok_and(|l| !l.is_empty()))
        {
            head.push(line.to_lowercase());
        }
        let Some(request) = head.first() else { return };
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        std::io::copy(&mut reader.by_ref().take(length.unwrap_or(0)), &mut std::io::sink()).unwrap();
        let (status, body) = answer(request, base);
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status}\r\nx-subject-token: t\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(request: &str, base: &str) -> (&'static str, Value) {
    let endpoints = json!([{"interface": "public", "url": base, "region_id": "one"}]);
    let catalog = json!([{"type": "network", "endpoints": endpoints}]);
    let connections = json!({"ipsec_site_connections": [{"id": ID, "name": "conn"}]});
    if request.starts_with("post /v3/auth/tokens ") {
        ("201 Created", json!({"token": {"catalog": catalog, "user": {"id": "u"}}}))
    } else if request.starts_with("get /v2.0/vpn/ipsec-site-connections?name=conn ") {
        ("200 OK", connections)
    } else {
        let refusal =
            json!({"message": "The resource could not be found.", "type": "HTTPNotFound", "detail": ""});
        ("404 Not Found", json!({"NeutronError": refusal}))
    }
}
