//! What the nouns beside the VPN's can do, as far as other tests do not show it, and what is refused.

use super::{adit, ok, text};
use crate::support::server::Server;

const ADMIN: &str = "--os-cloud adit-admin";

#[test]
fn groups_flavors_and_what_the_catalog_is_made_of_can_be_changed() {
    let server = Server::start();
    let run = |line: &str| ok(&adit(&server, line, "")).trim().to_owned();
    for line in [
        "security group create --stateless --tag a --tag b web",
        "security group set --name net --description d --tag c web",
        "security group unset --tag a net",
        "security group create peers",
        "security group rule create --protocol TCP --dst-port 443 --remote-group peers net",
        "security group rule create --protocol ipv6-icmp --icmp-type 128 net",
        &format!("{ADMIN} network flavor create --service-type VPN gold"),
        &format!("{ADMIN} network flavor set --disable --name bronze gold"),
        &format!("{ADMIN} service create --name glance image"),
        &format!("{ADMIN} service set --type picture --disable image"),
    ] {
        run(line);
    }
    let profile = run(&format!("{ADMIN} network flavor profile create --driver strongswan -f value -c id"));
    run(&format!("{ADMIN} network flavor profile set --metainfo m --disable {profile}"));
    run(&format!("{ADMIN} network flavor add profile bronze {profile}"));
    for (line, want) in [
        ("security group show net -f value -c description -c stateful -c tags", "d\nFalse\n['b', 'c']"),
        ("security group rule list net --protocol tcp -f value -c port_range", "443:443"),
        (
            "security group rule list net --protocol ipv6-icmp -f value -c Ethertype -c ip_range -c port_range",
            "IPv6 ::/0 type=128",
        ),
        (
            &format!("{ADMIN} network flavor show bronze -f value -c enabled -c service_profile_ids"),
            &format!("False\n['{profile}']"),
        ),
        (
            &format!("{ADMIN} network flavor profile show {profile} -f value -c enabled -c meta_info"),
            "False\nm",
        ),
        (&format!("{ADMIN} service show picture -f value -c name -c enabled"), "glance\nFalse"),
    ] {
        assert_eq!(run(line), want, "{line}");
    }
    let rule = run("security group rule list net --protocol tcp -f value -c ID");
    for line in [
        &format!("security group rule delete {rule}"),
        "security group delete net peers",
        &format!("{ADMIN} network flavor remove profile bronze {profile}"),
        &format!("{ADMIN} network flavor profile delete {profile}"),
        &format!("{ADMIN} network flavor delete bronze"),
        &format!("{ADMIN} service delete glance"),
    ] {
        assert_eq!(run(line), "", "{line}");
    }
    // A secret that nobody sees.
    let input =
        adit(&server, "application credential create --secret - robot -f value -c Secret", "from input\n");
    assert_eq!((ok(&input).trim(), text(&input.stderr).as_str()), ("from input", ""));
}

#[test]
fn mistakes_of_theirs_are_told() {
    let server = Server::start();
    for (line, status, told) in [
        ("security group rule create --dst-port 9:1 default", 1, "`9:1` is no port"),
        (
            "security group rule create --icmp-code 1 --protocol icmp default",
            1,
            "`--icmp-type`, which is missing",
        ),
        ("security group rule create --icmp-type 1 --protocol tcp default", 1, "with the protocol ICMP"),
        ("security group rule create --icmp-type 1 --dst-port 1 default", 1, "goes with neither"),
        ("security group rule create --icmp-type x --protocol icmp default", 1, "`x` is not a whole number"),
        ("security group rule create --ethertype IPX default", 1, "invalid value 'IPX'"),
        ("security group rule create --remote-ip 300.0.0.0/8 default", 3, "HTTP 400"),
        ("security group rule create nothing", 2, "No Security group found for nothing"),
        ("security group rule list nothing", 2, "No Security group found for nothing"),
        ("security group delete default", 3, "1 of 1 groups failed to delete."),
        ("network flavor create gold", 1, "--service-type"),
        ("--os-cloud adit-admin network flavor profile create", 1, "Either --driver or --metainfo"),
        ("--os-cloud adit-admin network flavor profile create --driver x", 2, "driver x could not be found"),
        ("network flavor add profile nothing x", 2, "No Flavor found for nothing"),
        ("network flavor profile show nothing", 2, "No Flavor profile found for nothing"),
        ("application credential create --access-rules /nowhere x", 1, "neither JSON nor a file"),
        ("application credential create --expiration tomorrow x", 3, "HTTP 400"),
        ("application credential show nothing", 2, "No Application credential found for nothing"),
        ("access rule delete nothing", 2, "1 of 1 access rules failed to delete."),
        ("endpoint create network outer http://192.0.2.1", 1, "invalid value 'outer'"),
        (
            "--os-cloud adit-admin endpoint create --region nowhere network public http://192.0.2.1",
            2,
            "nowhere",
        ),
        ("--os-cloud adit-admin service show nothing", 2, "No Service found for nothing"),
        ("--os-cloud adit-admin region create RegionOne", 3, "HTTP 409"),
        ("service list", 3, "identity:list_services"),
        ("implied role create member", 1, "--implied-role"),
        (
            "--os-cloud adit-admin implied role create member --implied-role nothing",
            2,
            "No Role found for nothing",
        ),
    ] {
        let output = adit(&server, line, "");
        assert_eq!(output.status.code(), Some(status), "`{line}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{line}`: {}", text(&output.stderr));
    }
}
