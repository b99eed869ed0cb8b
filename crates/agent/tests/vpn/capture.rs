//! What leaves a site, as the wire sees it: after the kernel or charon has encrypted it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::sites::LIMIT;

/// A capture that runs. It ends with the value.
pub(crate) struct Capture {
    tcpdump: Child,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Capture {
    /// Looks at what leaves `namespace` by its interface `outside`, from now on.
    pub(crate) fn start(namespace: &str) -> Self {
        let mut tcpdump = Command::new("ip")
            .args(["netns", "exec", namespace, "tcpdump", "-i", "outside", "-Q", "out"])
            .args(["-n", "-t", "-l", "--immediate-mode"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(tcpdump.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(said.any(|line| line.contains("listening on")), "tcpdump does not listen");
        // It must be able to say more.
        thread::spawn(move || said.for_each(drop));
        let seen = Arc::<Seen>::default();
        let (packets, noted) = (BufReader::new(tcpdump.stdout.take().unwrap()), Arc::clone(&seen));
        thread::spawn(move || {
            for line in packets.lines().map_while(Result::ok) {
                noted.lines.lock().unwrap().push(line);
                noted.more.notify_all();
            }
        });
        Self { tcpdump, seen }
    }

    /// Waits until a packet of this SA has left, by `AH` or `ESP`. Whatever left before it has been seen by then.
    pub(crate) fn has_seen(&self, protocol: &str, spis: (u32, u32)) {
        let of = |spi: u32| format!("{protocol}(spi=0x{spi:08x}");
        let (one, other) = (of(spis.0), of(spis.1));
        let is_missing =
            |lines: &mut Vec<String>| !lines.iter().any(|line| line.contains(&one) || line.contains(&other));
        let lines = self.seen.lines.lock().unwrap();
        let (lines, waited) = self.seen.more.wait_timeout_while(lines, LIMIT, is_missing).unwrap();
        assert!(!waited.timed_out(), "neither {one} nor {other}: {lines:#?}");
    }

    /// Everything that left and is neither IKE nor IPsec nor the search for a neighbour.
    pub(crate) fn plain(&self) -> Vec<String> {
        const FINE: [&str; 8] = [
            "ESP(spi=",
            "AH(spi=",
            "isakmp",
            "ARP, ",
            "ICMP6, neighbor ",
            "ICMP6, router solicitation",
            "multicast listener report",
            "IGMP",
        ];
        let lines = self.seen.lines.lock().unwrap();
        lines.iter().filter(|line| !FINE.iter().any(|word| line.contains(word))).cloned().collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // `ip netns exec` becomes the program that it is given.
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}
