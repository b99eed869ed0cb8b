//! What `adit` does besides what the `openstack` command does: exit statuses, keys that nobody sees, the old spellings,
//! what is generated; and that it draws what that command draws.

mod check;
mod drawing;
mod elsewhere;
mod install;
mod mistakes;
mod nonsense;
mod nouns;
mod peer_config;
mod terminal;
mod tls;
mod watch;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::server::Server;
use terminal::Terminal;

/// A command of `adit`, as the demo user.
fn command(server: &Server, line: &str) -> Command {
    let mut adit = Command::new(env!("CARGO_BIN_EXE_adit"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OS_")) {
        adit.env_remove(name);
    }
    adit.args(line.split_whitespace())
        .env("OS_CLIENT_CONFIG_FILE", server.clouds())
        .env("OS_CLOUD", "adit")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    adit
}

/// Runs `adit` as the demo user, with this on its standard input.
fn adit(server: &Server, line: &str, input: &str) -> Output {
    let mut adit = command(server, line).spawn().unwrap();
    // One that needs no input may have ended.
    let _ = adit.stdin.take().unwrap().write_all(input.as_bytes());
    adit.wait_with_output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[track_caller]
fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_exit_status_tells_what_went_wrong() {
    let server = Server::start();
    for _ in 0..2 {
        ok(&adit(&server, "network create twin", ""));
    }
    for (line, status, told) in [
        ("network list", 0, ""),
        ("network list --nonsense", 1, "unexpected argument '--nonsense'"),
        ("network create", 1, "required arguments were not provided"),
        ("vpn nonsense", 1, "unrecognized subcommand 'nonsense'"),
        ("network list -c Nothing", 1, "there is no column Nothing: the columns are ID, Name, Subnets"),
        ("--os-cloud nothing network list", 1, "has no cloud `nothing`, but `adit-admin`, `adit`"),
        ("--os-auth-type kerberos network list", 1, "`kerberos` is not known here"),
        ("vpn ike policy create --lifetime value=59 short", 1, "at least 60"),
        ("vpn ike policy create --lifetime 3600 short", 1, "`3600` has no `=`"),
        ("router set --disable-snat nothing", 1, "name its network with `--external-gateway`"),
        ("network show nothing", 2, "No Network found for nothing"),
        ("network show 00000000-0000-4000-8000-000000000000", 2, "No Network found for 00000000-"),
        ("network show twin", 2, "More than one Network exists with the name 'twin'"),
        ("network delete nothing", 2, "1 of 1 networks failed to delete."),
        ("network agent show nothing", 2, "No Network agent found for nothing"),
        ("subnet unset --dns-nameserver 1.2.3.4 nothing", 2, "No Subnet found for nothing"),
        ("network create --share mine", 3, "is disallowed by policy (HTTP 403, req-"),
        ("--os-password wrong network list", 3, "hint: the server knows no such user"),
        (
            "--os-auth-url http://127.0.0.1:1/identity/v3 network list",
            4,
            "cannot reach http://127.0.0.1:1/identity/v3",
        ),
        ("--os-auth-url http://127.0.0.1:1/identity/v3 network list", 4, "hint: is `auth_url` right"),
    ] {
        let output = adit(&server, line, "");
        assert_eq!(output.status.code(), Some(status), "`{line}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{line}`: {}", text(&output.stderr));
        assert!(status == 0 || output.stdout.is_empty(), "`{line}`: {}", text(&output.stdout));
    }
    // What can be deleted is deleted, though another cannot.
    ok(&adit(&server, "network create lab", ""));
    let output = adit(&server, "network delete nothing lab twin", "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("2 of 3 networks failed to delete."), "{}", text(&output.stderr));
    assert_eq!(adit(&server, "network show lab", "").status.code(), Some(2));
}

/// What site connections need.
fn a_service(server: &Server) {
    let admin = "--os-cloud adit-admin";
    for line in [
        &format!("{admin} network create --external ext-net"),
        &format!("{admin} subnet create --network ext-net --subnet-range 203.0.113.0/24 ext-subnet"),
        "network create office",
        "subnet create --network office --subnet-range 10.1.0.0/24 desks",
        "router create gateway",
        "router add subnet gateway desks",
        "router set --external-gateway ext-net gateway",
    ] {
        ok(&adit(server, line, ""));
    }
}

/// A site connection, and what it needs; its id.
fn a_connection(server: &Server, name: &str) -> String {
    a_service(server);
    for line in [
        "vpn service create --router gateway --subnet desks vpn",
        "vpn ike policy create ike",
        "vpn ipsec policy create ipsec",
    ] {
        ok(&adit(server, line, ""));
    }
    let create = "vpn ipsec site connection create --vpnservice vpn --ikepolicy ike --ipsecpolicy ipsec --peer-address \
                  192.0.2.9 --peer-id 192.0.2.9 --peer-cidr 10.2.0.0/24 --psk - -f value -c ID";
    ok(&adit(server, &format!("{create} {name}"), "a secret of two")).trim().to_owned()
}

#[test]
fn keys_need_not_be_seen_and_can_be_changed() {
    let server = Server::start();
    a_service(&server);
    for line in [
        "vpn service create --router gateway --subnet desks vpn",
        "vpn ike policy create ike",
        "vpn ipsec policy create ipsec",
    ] {
        ok(&adit(&server, line, ""));
    }
    let create = "vpn ipsec site connection create --vpnservice vpn --ikepolicy ike --ipsecpolicy ipsec --peer-address \
                  192.0.2.9 --peer-id 192.0.2.9 --peer-cidr 10.2.0.0/24 --peer-cidr 10.3.0.0/24 \
                  --dpd action=restart,interval=5,timeout=20";
    let key = |name: &str| {
        let line = format!("vpn ipsec site connection show -f json {name}");
        let shown: serde_json::Value = serde_json::from_str(&ok(&adit(&server, &line, ""))).unwrap();
        assert_eq!(shown["Peer CIDRs"], serde_json::json!(["10.2.0.0/24", "10.3.0.0/24"]));
        assert_eq!(shown["DPD"], serde_json::json!({"action": "restart", "interval": 5, "timeout": 20}));
        shown["Pre-shared Key"].as_str().unwrap().to_owned()
    };
    let output = adit(&server, &format!("{create} --psk - one"), "from input\n");
    ok(&output);
    assert_eq!(text(&output.stderr), "", "nobody need be warned");
    assert_eq!(key("one"), "from input");

    let file = server.clouds().with_file_name("key");
    std::fs::write(&file, "from a file\n").unwrap();
    ok(&adit(&server, &format!("vpn ipsec site connection set --psk-file {} one", file.display()), ""));
    assert_eq!(key("one"), "from a file");

    let made_up = ok(&adit(&server, "vpn ipsec site connection set --generate-psk one", ""));
    assert_eq!((made_up.trim(), made_up.trim().len()), (key("one").as_str(), 43));

    let output = adit(&server, &format!("{create} --psk secret two"), "");
    ok(&output);
    let warned = text(&output.stderr);
    assert!(
        warned.contains("warning: a key on the command line")
            && warned.contains("`--generate-psk` makes one up"),
        "{warned}"
    );
    assert_eq!(key("two"), "secret");
    std::fs::write(&file, "x".repeat(3_000_000)).unwrap();
    let too_long = format!("--psk-file {} three", file.display());

    for (rest, told) in [
        ("three", "a pre-shared key is required"),
        ("--psk - three", "standard input has no key"),
        ("--psk= three", "--psk is empty"),
        (&too_long, "key: a key has at most 255 characters"),
        ("--psk-file /nowhere three", "cannot read /nowhere"),
        ("--psk - --generate-psk three", "cannot be used with"),
    ] {
        let output = adit(&server, &format!("{create} {rest}"), "");
        assert_eq!(output.status.code(), Some(1), "{rest}");
        assert!(text(&output.stderr).contains(told), "{rest}: {}", text(&output.stderr));
    }
    // No agent is there that could have told anything.
    let output = adit(&server, "vpn why one", "");
    assert_eq!(output.status.code(), Some(6));
    let told = text(&output.stdout);
    assert!(told.starts_with("IPsec site connection one is ") && told.contains(" since 20"), "{told}");
    let events = crate::client::rows(&ok(&adit(&server, "vpn events one --print-empty", "")));
    assert_eq!(events[0], ["Time", "Status", "Code", "Reason"]);
    assert_eq!(adit(&server, "vpn why nothing", "").status.code(), Some(2));
    // What was said can be taken back.
    ok(&adit(&server, "vpn ipsec site connection set --description d --local-id me@example.org one", ""));
    ok(&adit(&server, "vpn ipsec site connection unset --description --local-id one", ""));
    let shown = ok(&adit(&server, "vpn ipsec site connection show -f value -c Description one", ""));
    assert_eq!(shown, "\n");
}

#[test]
fn a_password_need_not_be_seen() {
    let server = Server::start();
    let admin = |line: &str, input: &str| adit(&server, &format!("--os-cloud adit-admin {line}"), input);
    ok(&admin("user create --password - anna", "one\n"));
    ok(&admin("role add --user anna --project demo member", ""));
    let set = |password: &str, rest: &str| {
        format!("--os-username anna --os-password {password} user password set {rest}")
    };
    let changed = adit(&server, &set("one", "--original-password - --password -"), "one\ntwo\n");
    ok(&changed);
    assert_eq!(text(&changed.stderr), "", "nobody need be warned");
    for (line, input, told) in [
        (
            set("two", ""),
            "two\nx\n",
            "--original-password: there is no terminal to ask at: `--original-password -`",
        ),
        (
            set("two", "--original-password -"),
            "two\n",
            "--password: there is no terminal to ask at: `--password -`",
        ),
        (set("two", "--original-password - --password -"), "two", "the old password, and not the new one"),
        (set("two", "--original-password two --password="), "", "--password is empty"),
        (
            "--os-cloud adit-admin user set --password - anna".to_owned(),
            "a\nb\n",
            "standard input has several lines: a password is one",
        ),
        (
            "--os-cloud adit-admin user create --password-prompt x".to_owned(),
            "",
            "--password-prompt: there is no terminal to ask at",
        ),
        (
            "--os-cloud adit-admin user create --password-prompt --password x x".to_owned(),
            "",
            "cannot be used with",
        ),
    ] {
        let output = adit(&server, &line, input);
        assert_eq!(output.status.code(), Some(1), "`{line}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{line}`: {}", text(&output.stderr));
    }
    let Some(mut terminal) = Terminal::start(&server, &set("two", "")) else { return };
    terminal.answer_unseen(&[
        ("Current password: ", "two\r"),
        ("New password: ", "wrong\x15threé\x7fe\r"),
        ("Repeat new password: ", "three\r"),
    ]);
    assert_eq!(terminal.ended(), Some(0));
    ok(&adit(&server, "--os-username anna --os-password three token issue", ""));
    let prompts = "--os-cloud adit-admin user set --password-prompt anna";
    for (keys, told, status) in [
        ("four\r", "adit: the two are not the same: nothing was changed", 1),
        ("\x03", "adit: nothing was changed", 130),
    ] {
        let mut terminal = Terminal::start(&server, prompts).unwrap();
        terminal.answer_unseen(&[("Password: ", "five\r"), ("Repeat password: ", keys)]);
        terminal.until(told);
        assert_eq!(terminal.ended(), Some(status), "{keys:?}");
    }
    ok(&adit(&server, "--os-username anna --os-password three token issue", ""));
}

/// No agent is there, so nothing is in force, whatever its status is. What no node has to do with is what it should be.
#[test]
fn waiting_ends_when_it_is_so_or_cannot_be_or_nobody_wants_to() {
    let server = Server::start();
    a_service(&server);
    for line in [
        "vpn service create --router gateway --subnet desks vpn",
        "vpn ike policy create ike",
        "vpn ipsec policy create ipsec",
    ] {
        ok(&adit(&server, line, ""));
    }
    let create = "vpn ipsec site connection create --vpnservice vpn --ikepolicy ike --ipsecpolicy ipsec --peer-address \
                  192.0.2.9 --peer-id 192.0.2.9 --peer-cidr 10.2.0.0/24 --generate-psk";
    let output = adit(&server, &format!("{create} --wait --wait-timeout 1 -f value -c ID -c Name on"), "");
    let id = ok(&adit(&server, "vpn ipsec site connection show -f value -c ID on", ""));
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(6), format!("{id}on\n")),
        "what was made is told, whatever became of it"
    );
    let told = text(&output.stderr);
    assert!(
        told.starts_with("adit: IPsec site connection on is still "),
        "no progress where nobody sits: {told}"
    );
    assert!(told.contains(" s: no agent serves the router; the server goes on"), "{told}");
    ok(&adit(&server, "vpn ipsec site connection show on", ""));

    let mut waiting = command(&server, &format!("{create} --wait --wait-timeout 600 third")).spawn().unwrap();
    // Once it is there, its maker listens for signals.
    while !adit(&server, "vpn ipsec site connection show third", "").status.success() {
        assert!(waiting.try_wait().unwrap().is_none(), "it ended by itself");
    }
    kill(Pid::from_raw(waiting.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let shown: serde_json::Value =
        serde_json::from_str(&ok(&adit(&server, "vpn ipsec site connection show -f json third", "")))
            .unwrap();
    let key = shown["Pre-shared Key"].as_str().unwrap();
    assert!(text(&output.stdout).contains(key), "the key that was made up: {}", text(&output.stdout));
    assert!(
        text(&output.stderr).contains("no longer waiting for IPsec site connection third"),
        "{}",
        text(&output.stderr)
    );
    ok(&adit(&server, "vpn ipsec site connection show third", ""));
    // What has a status and is what was asked for at once.
    for line in [
        "router create second",
        "port create --wait --network office printer",
        "--os-cloud adit-admin floating ip create --wait ext-net",
        "router delete --wait second",
    ] {
        assert_eq!(text(&adit(&server, line, "").stderr), "", "{line}");
    }
    for (line, status, told) in [
        ("vpn ike policy create --wait x", 1, "unexpected argument '--wait'"),
        ("router set --wait-timeout 5 gateway", 1, "--wait"),
        ("router set --wait --wait-timeout soon gateway", 1, "invalid value 'soon'"),
        ("router delete --wait nothing", 2, "1 of 1 routers failed to delete."),
        // Nobody wires it.
        ("port set --wait --wait-timeout 0 --device x printer", 6, "port printer is still DOWN after 0 s"),
        ("vpn service set --wait --wait-timeout 0 --description d vpn", 6, "VPN service vpn is still "),
        (
            "router set --wait --wait-timeout 0 --disable gateway",
            6,
            "router gateway is still ACTIVE (not applied yet) after 0 s: no agent serves the router; the server goes on",
        ),
        (&format!("{create} --disable --wait --wait-timeout 0 off"), 6, "off is still "),
        // It is gone from the API, and nobody says that it is gone from its gateway.
        (
            "vpn ipsec site connection delete --wait --wait-timeout 0 third",
            6,
            "the end of IPsec site connection third is still to come at its gateway after 0 s: no agent serves the \
             router; the server goes on",
        ),
        ("vpn ipsec site connection show third", 2, "No IPsec site connection found for third"),
    ] {
        let output = adit(&server, line, "");
        assert_eq!(output.status.code(), Some(status), "`{line}`: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(told), "`{line}`: {}", text(&output.stderr));
    }
}

/// Who sits at a terminal sees what is being waited for, on one line that goes at the end.
#[test]
fn a_terminal_shows_how_waiting_goes_on() {
    let mut server = Server::start();
    a_connection(&server, "conn");
    let line = "vpn ipsec site connection set --wait --wait-timeout 600 --description d conn";
    let Some(mut terminal) = Terminal::start(&server, line) else { return };
    terminal.until("\r\x1b[Kwaiting for IPsec site connection conn for 0 s: ");
    terminal.until("waiting for IPsec site connection conn for 1 s: ");
    // The server says why as soon as it knows, which is that nobody serves the router.
    terminal.until(" s: DOWN: no agent serves the router");
    // A server that is away for a moment goes on with it when it is back.
    server.stop();
    terminal.until(" s: in no known state: cannot reach http://127.0.0.1:");
    server.restart();
    terminal.forget();
    terminal.until(" s: DOWN: no agent serves the router");
    terminal.interrupt();
    terminal.until(
        "\r\x1b[Kadit: no longer waiting for IPsec site connection conn, which is DOWN; the server goes on",
    );
    assert_eq!(terminal.ended(), Some(130));
}

/// The guide of 2013, whose commands are those of `neutron`, and what one does afterwards.
#[test]
fn the_old_spellings_work() {
    let server = Server::start();
    a_service(&server);
    let guide = crate::documents::commands("003");
    let [ike, ipsec, service, connection] = guide.as_slice() else { panic!("the guide has four commands") };
    let run = |line: &str| adit(&server, line.strip_prefix("neutron ").unwrap_or(line), "");
    let made = |line: &str, what: &str| {
        let printed = ok(&run(line));
        assert!(printed.starts_with(&format!("Created a new {what}:\n+--")), "{printed}");
        crate::client::rows(&printed)
    };
    assert_eq!(
        made(ike, "ikepolicy").iter().map(|row| row[0].as_str()).collect::<Vec<_>>().join(" "),
        "Field auth_algorithm description encryption_algorithm id ike_version lifetime name pfs \
         phase1_negotiation_mode project_id tenant_id"
    );
    made(ipsec, "ipsecpolicy");
    let rows = made(&service.replace("ROUTER SUBNET", "gateway desks"), "vpnservice");
    let id = rows.iter().find(|row| row[0] == "id").unwrap()[1].clone();
    made(&connection.replace("1906af89-2059-4388-a91f-a6186086c558", &id), "ipsec_site_connection");
    made(
        "vpn-endpoint-group-create --name there --type cidr --value 10.2.0.0/24 --value 10.3.0.0/24",
        "endpoint_group",
    );
    for (line, columns) in [
        ("vpn-ikepolicy-list", "id name auth_algorithm encryption_algorithm ike_version pfs"),
        ("vpn-ipsecpolicy-list", "id name auth_algorithm encryption_algorithm pfs"),
        ("vpn-service-list --sort-key name --sort-dir desc", "id name router_id status"),
        ("vpn-endpoint-group-list", "id name type endpoints"),
        ("ipsec-site-connection-list -P 1", "id name peer_address auth_mode status"),
    ] {
        assert_eq!(crate::client::rows(&ok(&run(line)))[0].join(" "), columns, "{line}");
    }
    for (line, told) in [
        ("vpn-ikepolicy-update ikepolicy1 --ike-version v2", "Updated ikepolicy: ikepolicy1"),
        ("vpn-ipsecpolicy-update ipsecpolicy1 --pfs group14", "Updated ipsecpolicy: ipsecpolicy1"),
        ("vpn-endpoint-group-update there --description d", "Updated endpoint_group: there"),
        (
            "ipsec-site-connection-update vpnconnection1 --psk other",
            "Updated ipsec_site_connection: vpnconnection1",
        ),
        ("ipsec-site-connection-delete vpnconnection1", "Deleted ipsec_site_connection(s): vpnconnection1"),
        ("vpn-endpoint-group-delete there", "Deleted endpoint_group(s): there"),
        ("vpn-ikepolicy-delete ikepolicy1", "Deleted ikepolicy(s): ikepolicy1"),
        ("vpn-ipsecpolicy-delete ipsecpolicy1", "Deleted ipsecpolicy(s): ipsecpolicy1"),
    ] {
        assert_eq!(ok(&run(line)).trim(), told, "{line}");
    }
    let warned = text(&run("ipsec-site-connection-update nothing --psk other").stderr);
    let only_way = "kept in the shell's history: `--psk -` reads it from standard input\n";
    assert!(warned.contains(only_way), "{warned}");
    for _ in 0..2 {
        ok(&run("vpn-ikepolicy-create twin"));
    }
    ok(&run(&format!("vpn-service-update {id} --admin-state-up False")));
    let shown = crate::client::rows(&ok(&run(&format!("vpn-service-show {id}"))));
    assert!(shown.contains(&vec!["admin_state_up".to_owned(), "False".to_owned()]), "{shown:?}");
    for (line, told) in [
        ("vpn-service-show nothing", "Unable to find vpnservice with name or id 'nothing'"),
        ("vpn-service-delete nothing", "Unable to find vpnservice(s) with id(s) 'nothing'."),
        (
            "vpn-ikepolicy-show twin",
            "Multiple ikepolicy matches found for name 'twin', use an ID to be more specific.",
        ),
        (
            "vpn-ikepolicy-delete nothing twin none",
            "Unable to find ikepolicy(s) with id(s) 'nothing, none'.\nMultiple ikepolicy(s) matches found for name(s) \
             'twin'. Please use an ID to be more specific.",
        ),
    ] {
        let output = run(line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(text(&output.stderr).contains(told), "{line}: {}", text(&output.stderr));
    }
    let help = ok(&run("--help"));
    assert!(help.contains("\n  vpn ") && !help.contains("vpn-ikepolicy"), "{help}");
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let run = |words: &[&str]| Command::new(env!("CARGO_BIN_EXE_adit")).args(words).output().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let printed = ok(&run(&["completion", shell]));
        for word in ["floating", "connection", "generate-psk", "physical-network"] {
            assert!(printed.contains(word), "{shell} does not know {word}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    ok(&run(&["manual", folder.path().to_str().unwrap()]));
    for page in ["adit.1", "adit-up.1", "adit-vpn-ipsec-site-connection-create.1", "adit-router-add-subnet.1"]
    {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        for section in ["EXIT STATUS", "ENVIRONMENT", "FILES"] {
            assert!(text.contains(&format!("\n.SH \"{section}\"\n.TP\n")), "{page} lacks {section}");
        }
    }
}
