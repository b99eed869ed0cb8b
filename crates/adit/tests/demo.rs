//! `adit demo` as a script runs it: what it says, how it ends, and that nothing is left of it.
//!
//! The tests run at the same time, so each also shows that one demo is not in another's way.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and skips aloud")]

mod support;

use std::fs;
use std::process::{Command, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use support::demo::Demo;

#[test]
fn the_demo_shows_a_tunnel_and_leaves_nothing() {
    let Some(ended) = end(start()) else { return };
    assert!(ended.status.success(), "{}", ended.story);
    let result = ended.result();
    assert_eq!(result["ok"], true, "{result}");
    for (at, region, name) in [(0, "left", "conn"), (1, "right", "conn2")] {
        let connection = &result["connections"][at];
        let found = ["region", "name", "status"].map(|key| connection[key].as_str().unwrap());
        assert_eq!(found, [region, name, "ACTIVE"]);
    }
    for way in ["left_to_right", "right_to_left"] {
        let ping = &result["ping"][way];
        assert!(ping["sent"].as_u64().unwrap() > 0 && ping["received"] == ping["sent"], "{result}");
        assert!(ping["rtt_ms"].is_f64(), "{result}");
    }
    assert_eq!(result["http_status"], 200);
    assert_eq!(result["packets"]["plain"], 0);
    assert!(
        result["packets"]["esp"].as_u64() > Some(10) && result["packets"]["ike"].as_u64() > Some(5),
        "{result}"
    );
    assert!(result["seconds"]["post_to_active"].is_f64() && result["seconds"]["total"].is_f64(), "{result}");
    assert!(["userspace", "kernel"].contains(&result["data_plane"].as_str().unwrap()), "{result}");
    ended.assert_gone();
}

#[test]
fn a_signal_in_the_middle_leaves_nothing() {
    let mut demo = start();
    if demo.wait_for("Step six") {
        demo.signal(Signal::SIGINT);
    }
    let Some(ended) = end(demo) else { return };
    assert!(!ended.status.success(), "{}", ended.story);
    assert!(ended.story.contains("adit: stopped by a signal before everything was shown"), "{}", ended.story);
    assert_eq!(ended.result()["ok"], false);
    ended.assert_gone();
}

#[test]
fn a_region_that_is_killed_fails_the_demo_and_leaves_nothing() {
    let mut demo = start();
    if demo.wait_for("Step six") {
        let right = format!("/run/adit-demo/{}/right.toml", demo.id());
        let regions = processes("cmdline", |word| word == right.as_bytes());
        assert_eq!(regions.len(), 1, "{}", demo.story);
        kill(regions[0], Signal::SIGKILL).unwrap();
    }
    let Some(ended) = end(demo) else { return };
    assert!(!ended.status.success(), "{}", ended.story);
    assert!(ended.story.contains("no answer from"), "{}", ended.story);
    assert_eq!(ended.result()["ok"], false);
    ended.assert_gone();
}

#[test]
fn json_goes_with_once_only() {
    let output = Command::new(env!("CARGO_BIN_EXE_adit")).args(["demo", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--once"));
}

/// A demo that has ended.
struct Ended {
    id: u32,
    status: ExitStatus,
    story: String,
    stdout: String,
}

fn start() -> Demo {
    Demo::start(&["--once", "--json"])
}

/// Waits for the end of a demo; `None` where it cannot be shown.
fn end(mut demo: Demo) -> Option<Ended> {
    let (status, stdout) = demo.end();
    if demo.is_impossible_here() {
        return None;
    }
    Some(Ended { id: demo.id(), status, story: std::mem::take(&mut demo.story), stdout })
}

impl Ended {
    fn result(&self) -> Value {
        let mut lines = self.stdout.lines();
        let result = lines.next().unwrap_or_else(|| panic!("nothing on stdout:\n{}", self.story));
        assert_eq!(lines.next(), None, "more than one line");
        serde_json::from_str(result).unwrap()
    }

    fn assert_gone(&self) {
        let Self { id, status: _, story, stdout: _ } = self;
        let routers = story.lines().skip_while(|line| !line.contains("openstack router create")).nth(1);
        let router = routers.and_then(|line| line.trim().strip_prefix("id ")?.split(',').next());
        let router = router.expect("the story names the left router");
        let left: Vec<String> = names("/run/netns")
            .into_iter()
            .filter(|name| {
                let ours = [format!("adit-demo-{id}-"), format!("-host-{id}"), format!("qrouter-{router}")];
                ours.iter().any(|part| name.contains(part.as_str()))
            })
            .collect();
        assert!(left.is_empty(), "namespaces: {left:?}");
        let root = format!("/run/adit-demo/{id}");
        assert!(!fs::exists(&root).unwrap(), "{root}");
        let of_it = |entry: &[u8]| String::from_utf8_lossy(entry).contains(&format!("{root}/"));
        assert_eq!(processes("environ", of_it), []);
        assert_eq!(processes("cmdline", of_it), []);
        for link in names("/sys/class/net") {
            let alias = fs::read_to_string(format!("/sys/class/net/{link}/ifalias")).unwrap_or_default();
            assert_ne!(alias.trim(), format!("adit-demo-{id}"), "{link}");
        }
    }
}

/// The processes with such a word in their command line, or such an entry in their environment.
fn processes(file: &str, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<Pid> {
    let pids = names("/proc").into_iter().filter_map(|name| name.parse().ok());
    let of = |pid: &i32| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    pids.filter(|pid| of(pid).split(|octet| *octet == 0).any(&is_wanted)).map(Pid::from_raw).collect()
}

fn names(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
