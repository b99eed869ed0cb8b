//! `vpn check`, as far as no gateway is needed.

use super::{a_connection, adit, ok, text};
use crate::support::server::Server;

/// With one, `faults` shows it.
#[test]
fn a_check_without_a_gateway_fails_with_the_reason() {
    let server = Server::start();
    a_connection(&server, "conn");
    for (rest, status, told) in [
        ("conn", 6, "IPsec site connection conn could not be checked: no agent serves the router"),
        ("--target 10.2.0.9 --timeout 5 -f json conn", 6, "no agent serves the router"),
        ("", 1, "<CONNECTION>"),
        ("--target office conn", 1, "invalid value 'office' for '--target <ADDRESS>'"),
        ("--timeout never conn", 1, "invalid value 'never' for '--timeout <SECONDS>'"),
        ("nothing", 2, "No IPsec site connection found for nothing"),
        ("--target 192.0.2.1 conn", 3, "192.0.2.1 is no host of the peer's networks: 10.2.0.0/24"),
    ] {
        let output = adit(&server, &format!("vpn check {rest}"), "");
        assert_eq!(output.status.code(), Some(status), "`{rest}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{rest}`: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "`{rest}`");
    }
    let help = ok(&adit(&server, "vpn check --help", ""));
    assert!(help.contains("--target <ADDRESS>"), "{help}");
}
