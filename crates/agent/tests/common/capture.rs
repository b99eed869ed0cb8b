//! What leaves or reaches a namespace by one of its interfaces, as the wire sees it: after the kernel or charon has
//! encrypted it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// How long to wait for a packet.
const LIMIT: Duration = Duration::from_secs(40);

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
    /// Looks at what leaves `namespace` by `interface`, from now on.
    pub(crate) fn start(namespace: &str, interface: &str) -> Self {
        Self::of(namespace, interface, "out")
    }

    /// Looks at what reaches `namespace` by `interface`, from now on.
    pub(crate) fn arriving(namespace: &str, interface: &str) -> Self {
        Self::of(namespace, interface, "in")
    }

    fn of(namespace: &str, interface: &str, direction: &str) -> Self {
        let mut tcpdump = Command::new("ip")
            .args(["netns", "exec", namespace, "tcpdump", "-i", interface, "-Q", direction])
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

    /// Waits until a packet that fits has left. Whatever left before it has been seen by then.
    pub(crate) fn until(&self, what: &str, fits: impl Fn(&str) -> bool) {
        let is_missing = |lines: &mut Vec<String>| !lines.iter().any(|line| fits(line));
        let lines = self.seen.lines.lock().unwrap();
        let (lines, waited) = self.seen.more.wait_timeout_while(lines, LIMIT, is_missing).unwrap();
        assert!(!waited.timed_out(), "not seen: {what}: {lines:#?}");
    }

    /// Everything that was seen and is neither IPsec nor the gateway's own IKE or search for a neighbour. All that is inside
    /// of tunnels has addresses in 10.0.0.0/8 and fd00::/8 in tests, and no gateway has.
    pub(crate) fn plain(&self) -> Vec<String> {
        const FINE: [&str; 9] = [
            "ESP(spi=",
            "AH(spi=",
            "isakmp",
            "ARP, ",
            "ICMP6, neighbor ",
            "ICMP6, router solicitation",
            "multicast listener report",
            "HBH ICMP6",
            "igmp ",
        ];
        let is_plain = |line: &&String| {
            let outermost = line.split(": ").next().unwrap_or_default();
            [" 10.", " fd"].iter().any(|inside| outermost.contains(inside))
                || !FINE.iter().any(|word| line.contains(word))
        };
        self.seen.lines.lock().unwrap().iter().filter(is_plain).cloned().collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // `ip netns exec` becomes the program that it is given.
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}
