//! Mistakes that people make: each is told in their words, with the exit status of its kind.

use std::process::Output;

use super::{adit, command, ok, text};
use crate::support::server::Server;

/// Runs a line in which `""` stands for nothing, as of a variable that is not set.
fn run(server: &Server, line: &str) -> Output {
    let words = line.split_whitespace().map(|word| if word == "\"\"" { "" } else { word });
    command(server, "").args(words).output().unwrap()
}

#[track_caller]
fn is_told(server: &Server, line: &str, status: i32, told: &str) {
    let output = run(server, line);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "`{line}`: {said}");
    assert!(said.contains(told), "`{line}`: {said}");
    assert_eq!(text(&output.stdout), "", "`{line}`");
}

#[test]
fn nothing_names_no_object() {
    let server = Server::start();
    ok(&run(&server, "vpn ike policy create \"\""));
    ok(&run(&server, "network create office"));
    let none = "a value is required for '<";
    for (line, status, told) in [
        ("vpn ike policy delete \"\"", 1, none),
        ("vpn ike policy delete \"\" office", 1, none),
        ("vpn ike policy set --name x \"\"", 1, none),
        ("vpn-ikepolicy-show \"\"", 1, none),
        ("vpn why \"\"", 1, none),
        ("network show \"\"", 1, none),
        ("router add subnet \"\" office", 1, none),
        ("port create --network \"\" printer", 1, "the name or ID of the network is empty"),
        (
            "--os-cloud adit-admin role add --project \"\" --user demo member",
            1,
            "the name or ID of the project is empty",
        ),
        ("project show \"\"", 1, none),
        ("user show \"\"", 1, none),
        ("user delete \"\"", 1, none),
        ("role show \"\"", 1, none),
        ("domain show \"\"", 1, none),
        ("service show \"\"", 1, none),
        ("endpoint show \"\"", 1, none),
        ("region show \"\"", 1, none),
        ("application credential show \"\"", 1, none),
        ("access rule show \"\"", 1, none),
        ("security group rule show \"\"", 1, none),
        ("network agent show \"\"", 1, none),
        ("extension show \"\"", 1, none),
        ("quota show \"\"", 1, "a value is required for '[PROJECT]'"),
        // These are the collection, and what is above it, in a path.
        ("--os-cloud adit-admin user show ..", 2, "No User found for .."),
        ("network agent show .", 2, "No Network agent found for ."),
    ] {
        is_told(&server, line, status, told);
    }
    assert_eq!(ok(&adit(&server, "vpn ike policy list -f value -c Name", "")), "\n");
}

#[test]
fn a_wrong_word_is_a_mistake_and_the_right_one_is_proposed() {
    let server = Server::start();
    for (line, told) in [
        ("vnp list", "a similar subcommand exists: 'vpn'"),
        ("--os-cloud adit vnp list", "unrecognized subcommand 'vnp'"),
        ("ipsec-site-connection-lst", "a similar subcommand exists: 'ipsec-site-connection-list'"),
        ("net-list", "a similar subcommand exists: 'network'"),
        ("floatingip-list", "'floating'"),
        ("help vnp", "unrecognized subcommand 'vnp'"),
        ("--os-cloud adit", "'adit' requires a subcommand but one was not provided\n\nUsage:"),
        ("--os-cloud", "a value is required for '--os-cloud <CLOUD>'"),
        ("--os-nonsense adit network list", "unexpected argument '--os-nonsense'"),
        ("", "Usage: adit"),
        ("db nonsense", "unrecognized subcommand 'nonsense'"),
        ("completion tcsh", "invalid value 'tcsh'"),
        ("server --nonsense", "unexpected argument '--nonsense'"),
        ("server --os-cloud adit", "unexpected argument '--os-cloud'"),
        ("host", "Usage: adit host"),
    ] {
        is_told(&server, line, 1, told);
    }
    for line in ["--help", "help", "help server", "help network", "--version"] {
        let output = run(&server, line);
        assert!(ok(&output).contains("adit"), "{line}");
        assert_eq!(text(&output.stderr), "", "{line}");
    }
}

#[test]
fn who_asks_the_wrong_way_is_told_what_is_wrong() {
    let server = Server::start();
    let host = format!("http://{}", server.address());
    let token = ok(&adit(&server, "token issue -f value -c id", ""));
    let by_token = format!(
        "--os-cloud= --os-auth-url {host}/identity/v3 --os-auth-type token --os-token {} network list",
        token.trim()
    );
    let hint = "hint: is `auth_url` right? It is where the Identity API is";
    let no_url = "begins with `http://` or `https://`";
    let roles = "hint: the roles that you have there do not suffice";
    for (line, status, told) in [
        (
            format!("--os-auth-url {host} network list"),
            4,
            format!("{host}/v3/auth/tokens: there is no Identity API"),
        ),
        (format!("--os-auth-url {host} network list"), 4, hint.to_owned()),
        (
            format!("--os-auth-url {host}/identity/v2.0 network list"),
            4,
            "there is no Identity API".to_owned(),
        ),
        (format!("--os-auth-url {host}/identity/v2.0 network list"), 4, hint.to_owned()),
        ("--os-auth-url foo network list".to_owned(), 1, format!("`foo` is no URL: it {no_url}")),
        (format!("--os-auth-url {} network list", server.address()), 1, no_url.to_owned()),
        ("--os-auth-url \"\" network list".to_owned(), 1, "`auth_url` is empty".to_owned()),
        (by_token, 1, "the token is for no project".to_owned()),
        ("network create --share mine".to_owned(), 3, roles.to_owned()),
        ("user list".to_owned(), 3, roles.to_owned()),
    ] {
        is_told(&server, &line, status, &told);
    }
}
