//! `vpn ipsec site connection peer-config`.

use std::os::unix::fs::PermissionsExt;

use super::{a_connection, adit, ok, text};
use crate::support::server::Server;

#[test]
fn the_other_end_is_written_down() {
    let server = Server::start();
    a_connection(&server, "conn");
    let peer_config = "vpn ipsec site connection peer-config";
    let run = |rest: &str| adit(&server, &format!("{peer_config} {rest}"), "");
    let printed = ok(&run("conn --format strongswan-swanctl"));
    assert!(
        printed.contains("REPLACE-WITH-THE-PRE-SHARED-KEY") && printed.contains("192.0.2.9"),
        "{printed}"
    );
    let with_key = ok(&run("--with-psk --format strongswan-swanctl conn"));
    assert!(with_key.contains("a secret of two"), "{with_key}");

    let file = server.file("peer.conf");
    std::fs::write(&file, "what was there before, which is longer than anything\n".repeat(1000)).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let mode = || file.metadata().unwrap().permissions().mode() & 0o777;
    let to_file = format!("conn --format strongswan-swanctl --output-file {}", file.display());
    for (with, want, allowed) in [("", &printed, 0o644), ("--with-psk", &with_key, 0o600)] {
        assert_eq!(ok(&run(&format!("{to_file} {with}"))), "");
        assert_eq!((&std::fs::read_to_string(&file).unwrap(), mode()), (want, allowed), "{with}");
    }

    ok(&adit(&server, "vpn ike policy create --encryption-algorithm aes-256-ctr strong", ""));
    ok(&adit(
        &server,
        "vpn ipsec site connection create --vpnservice vpn --ikepolicy strong --ipsecpolicy ipsec --peer-address \
         192.0.2.10 --peer-id 192.0.2.10 --peer-cidr 10.4.0.0/24 --generate-psk strong",
        "",
    ));
    for (rest, status, told) in [
        ("conn", 1, "--format <FORMAT>"),
        ("--format adit", 1, "<CONNECTION>"),
        ("--format adit nothing", 2, "No IPsec site connection found for nothing"),
        (
            "--format adit --output-file /nowhere/at/all conn",
            1,
            "--output-file: cannot write /nowhere/at/all",
        ),
        // What a newer server may know is the server's to refuse.
        ("--format teapot conn", 3, "`teapot` is not one of strongswan-swanctl, "),
        // The device cannot do what the policy says.
        ("--format aws strong", 3, "There is no aws configuration for the peer: "),
        ("--format pfsense --with-psk=yes conn", 1, "unexpected value 'yes'"),
    ] {
        let output = run(rest);
        assert_eq!(output.status.code(), Some(status), "`{rest}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{rest}`: {}", text(&output.stderr));
    }
    let help = ok(&run("--help"));
    for format in ["strongswan-swanctl", "fortigate", "adit"] {
        assert!(help.contains(format), "{help}");
    }
}
