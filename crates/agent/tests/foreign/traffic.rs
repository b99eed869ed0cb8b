//! A stream of packets through a tunnel, of which none may be lost.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::sites::LIMIT;

/// A ping that runs, ten times a second. It ends with the value.
pub(crate) struct Traffic {
    ping: Child,
    answered: Arc<Answered>,
}

#[derive(Default)]
struct Answered {
    numbers: Mutex<BTreeSet<u32>>,
    more: Condvar,
}

impl Traffic {
    /// Starts it, and waits for its first answer.
    pub(crate) fn start(namespace: &str, from: &str, to: &str) -> Self {
        let mut ping = Command::new("ip")
            .args(["netns", "exec", namespace, "ping", "-n", "-i", "0.1", "-I", from, to])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answered = Arc::<Answered>::default();
        let (lines, noted) = (BufReader::new(ping.stdout.take().unwrap()), Arc::clone(&answered));
        thread::spawn(move || {
            for number in lines.lines().map_while(Result::ok).filter_map(|line| number(&line)) {
                noted.numbers.lock().unwrap().insert(number);
                noted.more.notify_all();
            }
        });
        let traffic = Self { ping, answered };
        traffic.until_another();
        traffic
    }

    /// Waits for another answer, and says which before it never came. What was sent later may be on its way.
    pub(crate) fn lost(&self) -> Vec<u32> {
        let last = self.until_another();
        let numbers = self.answered.numbers.lock().unwrap();
        (1..last).filter(|number| !numbers.contains(number)).collect()
    }

    fn until_another(&self) -> u32 {
        let numbers = self.answered.numbers.lock().unwrap();
        let before = numbers.last().copied();
        let is_same = |numbers: &mut BTreeSet<u32>| numbers.last().copied() == before;
        let (numbers, waited) = self.answered.more.wait_timeout_while(numbers, LIMIT, is_same).unwrap();
        assert!(!waited.timed_out(), "no answer since number {before:?}");
        numbers.last().copied().unwrap()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        // `ip netns exec` becomes the program that it is given.
        let _ = self.ping.kill();
        let _ = self.ping.wait();
    }
}

/// N of `64 bytes from 10.2.1.1: icmp_seq=N ttl=64 time=0.3 ms`.
fn number(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once(" icmp_seq=")?;
    rest.split_once(" ttl=")?.0.parse().ok()
}
