//! What the demo says: step by step, and at the end as a table or as JSON.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use comfy_table::Table;
use comfy_table::presets::ASCII_FULL_CONDENSED;
use serde::{Serialize, Serializer};
use tokio::process::Command;

use super::capture::Counts;
use super::journey::Standing;
use super::traffic::{PAGE_LENGTH, Page, Ping};
use crate::cli;

/// Where the person reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Screen {
    Stdout,
    /// Standard output is for the result alone.
    Stderr,
}

impl Screen {
    pub(crate) fn line(self, text: &str) {
        match self {
            // A result that cannot be printed is noticed with the table; a demo goes on without its story.
            Self::Stdout => drop(cli::print(text)),
            Self::Stderr => cli::say(text),
        }
    }

    /// A command as a person would type it, in as many lines as it needs.
    pub(crate) fn command(self, prompt: &str, lines: &[impl AsRef<str>]) {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        self.line(&format!("  {prompt} {}", lines.join(" \\\n              ")));
    }

    /// What came of it.
    pub(crate) fn result(self, result: &str, took: Duration) {
        self.line(&format!("            {result} ({})", short(took)));
    }
}

/// How a person would type a command: the program with its first words, then a line for each option.
pub(crate) fn command_lines(command: &Command) -> Vec<String> {
    let command = command.as_std();
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut lines = vec![program.to_string_lossy().into_owned()];
    for word in command.get_args().map(|word| word.to_string_lossy()) {
        match lines.last_mut() {
            Some(line) if !word.starts_with("--") => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word.into_owned()),
        }
    }
    lines
}

/// A time with as many digits as matter.
pub(crate) fn short(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// Everything that the demo found out, as far as it came.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Outcome {
    pub(crate) ok: bool,
    pub(crate) connections: Vec<Connection>,
    pub(crate) ping: Pings,
    #[serde(rename = "http_status", serialize_with = "status")]
    pub(crate) page: Option<Page>,
    pub(crate) packets: Counts,
    pub(crate) seconds: Seconds,
    /// `userspace` or `kernel`.
    pub(crate) data_plane: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Connection {
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) status: String,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Pings {
    pub(crate) left_to_right: Ping,
    pub(crate) right_to_left: Ping,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Seconds {
    /// From the request for the second side's connection to both being `ACTIVE`.
    pub(crate) post_to_active: Option<f64>,
    /// From the start to the last packet.
    pub(crate) total: Option<f64>,
}

fn status<S: Serializer>(page: &Option<Page>, serializer: S) -> Result<S::Ok, S::Error> {
    page.map(|page| page.status).serialize(serializer)
}

/// Seconds with milliseconds, for programs.
pub(crate) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

impl Outcome {
    pub(crate) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).context("cannot print the result")
    }

    /// # Errors
    /// All that is not as it should be.
    pub(crate) fn check(&self) -> Result<()> {
        let Self { ok: _, connections, ping, page, packets, seconds: _, data_plane: _ } = self;
        let mut faults = Vec::new();
        for Connection { region, name, status } in connections {
            if status != "ACTIVE" {
                faults.push(format!("`{name}` in the region {region} is {status}"));
            }
        }
        if connections.len() != 2 {
            faults.push("there are no two connections".to_owned());
        }
        for (way, ping) in [("left to right", ping.left_to_right), ("right to left", ping.right_to_left)] {
            if ping.sent == 0 || ping.received != ping.sent {
                faults.push(format!("{} of {} pings {way} were answered", ping.received, ping.sent));
            }
        }
        if !page.is_some_and(|page| page.status == 200 && page.length == PAGE_LENGTH) {
            faults.push("the page did not arrive".to_owned());
        }
        if packets.esp == 0 {
            faults.push("no ESP packet crossed the internet".to_owned());
        }
        if packets.plain > 0 {
            faults.push(format!("{} plain packets crossed the internet", packets.plain));
        }
        if !faults.is_empty() {
            bail!("the demo did not show what it should: {}", faults.join("; "));
        }
        Ok(())
    }
}

/// The table at the end.
pub(crate) fn table(outcome: &Outcome, standing: &Standing) -> String {
    let mut rows = result_rows(outcome);
    for region in standing.regions() {
        rows.push((format!("API of the region {}", region.side), format!("http://{}", region.address)));
    }
    render(rows)
}

fn result_rows(outcome: &Outcome) -> Vec<(String, String)> {
    let Outcome { ok: _, connections, ping, page, packets, seconds, data_plane } = outcome;
    let states: Vec<String> = connections
        .iter()
        .map(|Connection { region, name, status }| format!("{name} ({region}) {status}"))
        .collect();
    let time = |secs: Option<f64>| secs.map_or_else(|| "-".to_owned(), |secs| format!("{secs:.3} s"));
    let pings = |Ping { sent, received, rtt_ms }: Ping| {
        let mean = rtt_ms.map(|ms| format!(", mean {ms:.2} ms")).unwrap_or_default();
        format!("{received} of {sent} answered{mean}")
    };
    let page = page.map_or_else(
        || "-".to_owned(),
        |page| format!("HTTP {}, {} octets in {}", page.status, page.length, short(page.took)),
    );
    let crossed = format!("ESP {}, IKE {}, plain {}", packets.esp, packets.ike, packets.plain);
    let other: Vec<&str> = packets.other.iter().map(String::as_str).collect();
    let data_plane = match data_plane.as_deref() {
        Some("userspace") => "userspace: charon carries ESP, in UDP",
        Some("kernel") => "kernel: XFRM carries ESP",
        Some(other) => other,
        None => "-",
    };
    [
        ("Connections", states.join(", ")),
        ("Second POST to ACTIVE on both", time(seconds.post_to_active)),
        ("Ping left to right", pings(ping.left_to_right)),
        ("Ping right to left", pings(ping.right_to_left)),
        ("Page through the tunnel", page),
        ("Packets on the internet", crossed),
        ("Others there", if other.is_empty() { "none".to_owned() } else { other.join("\n") }),
        ("Data plane", data_plane.to_owned()),
        ("Everything", time(seconds.total)),
    ]
    .map(|(what, value)| (what.to_owned(), value))
    .into()
}

fn render(rows: Vec<(String, String)>) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_FULL_CONDENSED);
    for (what, value) in rows {
        table.add_row([what, value]);
    }
    table.to_string()
}

/// How to go on by hand.
pub(crate) fn invitation(standing: &Standing) -> String {
    let mut text = "\nBoth regions stay until Ctrl-C. In another terminal, as root:\n".to_owned();
    for region in standing.regions() {
        let file = region.state_dir.join("clouds.yaml");
        text.push_str(&format!("\n  # the region {}\n", region.side));
        text.push_str(&format!("  export OS_CLIENT_CONFIG_FILE={}\n", file.display()));
        text.push_str("  openstack --os-cloud adit network list\n");
        text.push_str("  openstack --os-cloud adit vpn ipsec site connection list\n");
    }
    let [left, right] = standing.regions();
    let [left_address, right_address] = standing.addresses();
    text.push_str("\n  # the hosts\n");
    text.push_str(&format!("  ip netns exec {} ping {right_address}\n", left.host));
    text.push_str(&format!("  ip netns exec {} curl http://{right_address}/\n", left.host));
    text.push_str(&format!("  ip netns exec {} ping {left_address}\n", right.host));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        let connection = |region: &str, name: &str| Connection {
            region: region.to_owned(),
            name: name.to_owned(),
            status: "ACTIVE".to_owned(),
        };
        let ping = Ping { sent: 5, received: 5, rtt_ms: Some(0.408) };
        Outcome {
            ok: true,
            connections: vec![connection("left", "conn"), connection("right", "conn2")],
            ping: Pings { left_to_right: ping, right_to_left: ping },
            page: Some(Page { status: 200, length: PAGE_LENGTH, took: Duration::from_millis(12) }),
            packets: Counts {
                esp: 120,
                ike: 18,
                plain: 0,
                other: ["ICMP from 203.0.113.9 to 198.51.100.7".to_owned()].into(),
            },
            seconds: Seconds { post_to_active: Some(0.143), total: Some(4.2) },
            data_plane: Some("userspace".to_owned()),
        }
    }

    #[test]
    fn the_json_has_the_shape_that_scripts_rely_on() {
        insta::assert_snapshot!(outcome().to_json().unwrap(), @r#"{"ok":true,"connections":[{"region":"left","name":"conn","status":"ACTIVE"},{"region":"right","name":"conn2","status":"ACTIVE"}],"ping":{"left_to_right":{"sent":5,"received":5,"rtt_ms":0.408},"right_to_left":{"sent":5,"received":5,"rtt_ms":0.408}},"http_status":200,"packets":{"esp":120,"ike":18,"plain":0},"seconds":{"post_to_active":0.143,"total":4.2},"data_plane":"userspace"}"#);
        insta::assert_snapshot!(Outcome::default().to_json().unwrap(), @r#"{"ok":false,"connections":[],"ping":{"left_to_right":{"sent":0,"received":0,"rtt_ms":null},"right_to_left":{"sent":0,"received":0,"rtt_ms":null}},"http_status":null,"packets":{"esp":0,"ike":0,"plain":0},"seconds":{"post_to_active":null,"total":null},"data_plane":null}"#);
    }

    #[test]
    fn the_table_says_what_was_found() {
        insta::assert_snapshot!(render(result_rows(&outcome())), @"
        +-------------------------------+------------------------------------------+
        | Connections                   | conn (left) ACTIVE, conn2 (right) ACTIVE |
        | Second POST to ACTIVE on both | 0.143 s                                  |
        | Ping left to right            | 5 of 5 answered, mean 0.41 ms            |
        | Ping right to left            | 5 of 5 answered, mean 0.41 ms            |
        | Page through the tunnel       | HTTP 200, 65536 octets in 12 ms          |
        | Packets on the internet       | ESP 120, IKE 18, plain 0                 |
        | Others there                  | ICMP from 203.0.113.9 to 198.51.100.7    |
        | Data plane                    | userspace: charon carries ESP, in UDP    |
        | Everything                    | 4.200 s                                  |
        +-------------------------------+------------------------------------------+
        ");
    }

    #[test]
    fn only_what_is_wholly_right_holds() {
        type Damage = fn(&mut Outcome);
        for (damage, want) in [
            ((|_| {}) as Damage, None),
            (|o| o.connections[1].status = "DOWN".to_owned(), Some("`conn2` in the region right is DOWN")),
            (|o| drop(o.connections.pop()), Some("there are no two connections")),
            (|o| o.ping.left_to_right.received = 4, Some("4 of 5 pings left to right were answered")),
            (|o| o.ping.right_to_left = Ping::default(), Some("0 of 0 pings right to left were answered")),
            (|o| o.page = None, Some("the page did not arrive")),
            (|o| o.page.as_mut().unwrap().status = 500, Some("the page did not arrive")),
            (|o| o.page.as_mut().unwrap().length -= 1, Some("the page did not arrive")),
            (|o| o.packets.esp = 0, Some("no ESP packet crossed the internet")),
            (|o| o.packets.plain = 1, Some("1 plain packets crossed the internet")),
        ] {
            let mut outcome = outcome();
            damage(&mut outcome);
            let got = outcome.check().err().map(|error| error.to_string());
            let want = want.map(|fault| format!("the demo did not show what it should: {fault}"));
            assert_eq!(got, want);
        }
    }

    #[test]
    fn times_are_short() {
        for (us, want) in [(900, "0.9 ms"), (12_345, "12 ms"), (999_000, "999 ms"), (1_234_567, "1.2 s")] {
            assert_eq!(short(Duration::from_micros(us)), want);
        }
    }
}
