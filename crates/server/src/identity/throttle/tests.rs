use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

/// How long an attempt waits, in milliseconds, before it gets that verdict; `None` when it is refused.
async fn waits(throttle: &Throttle, who: &str, address: IpAddr, verdict: Verdict) -> Option<u128> {
    let start = Instant::now();
    throttle.admit(&who, address).await.ok()?.end(verdict);
    Some(start.elapsed().as_millis())
}

async fn fails(throttle: &Throttle, who: &str, address: IpAddr, times: usize) -> Vec<Option<u128>> {
    let mut waited = Vec::new();
    for _ in 0..times {
        waited.push(waits(throttle, who, address, Verdict::Wrong).await);
    }
    waited
}

#[tokio::test(start_paused = true)]
async fn a_user_at_an_address_waits_longer_after_each_failure() {
    let throttle = Throttle::default();
    let waited = fails(&throttle, "anna", HERE, 11).await;
    assert_eq!(waited, [0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 8000, 8000].map(Some));
    assert_eq!(waits(&throttle, "anna", THERE, Verdict::Wrong).await, Some(0), "elsewhere");
    assert_eq!(waits(&throttle, "bert", HERE, Verdict::Wrong).await, Some(0), "somebody else");
}

#[tokio::test(start_paused = true)]
async fn the_right_secret_makes_all_good() {
    let throttle = Throttle::default();
    fails(&throttle, "anna", HERE, 7).await;
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Right).await, Some(4000));
    assert_eq!(fails(&throttle, "anna", HERE, 6).await, [0, 0, 0, 0, 0, 1000].map(Some));
}

#[tokio::test(start_paused = true)]
async fn failures_are_forgotten_one_by_one() {
    let throttle = Throttle::default();
    fails(&throttle, "anna", HERE, 5).await;
    tokio::time::advance(Duration::from_secs(120)).await;
    assert_eq!(fails(&throttle, "anna", HERE, 3).await, [0, 0, 1000].map(Some));
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(fails(&throttle, "anna", HERE, 6).await, [0, 0, 0, 0, 0, 1000].map(Some));
}

#[tokio::test(start_paused = true)]
async fn an_address_that_tries_many_users_is_slowed() {
    let throttle = Throttle::default();
    for number in 0..20 {
        assert_eq!(waits(&throttle, &format!("user{number}"), HERE, Verdict::Wrong).await, Some(0));
    }
    for (number, wait) in [50, 100, 200, 250, 250].into_iter().enumerate() {
        let who = format!("another{number}");
        assert_eq!(waits(&throttle, &who, HERE, Verdict::Wrong).await, Some(wait), "{who}");
    }
    let by_its_own_password = waits(&throttle, "mallory", HERE, Verdict::Right).await;
    assert_eq!(by_its_own_password, Some(250));
    assert_eq!(waits(&throttle, "another", HERE, Verdict::Wrong).await, Some(0), "the gate was open again");
    assert_eq!(waits(&throttle, "and another", HERE, Verdict::Wrong).await, Some(250), "nothing is forgiven");
    assert_eq!(waits(&throttle, "user0", THERE, Verdict::Wrong).await, Some(0));
}

#[tokio::test(start_paused = true)]
async fn those_who_work_at_an_address_are_not_slowed_by_others_who_guess_there() {
    let throttle = Throttle::default();
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Right).await, Some(0));
    for number in 0..30 {
        waits(&throttle, &format!("user{number}"), HERE, Verdict::Wrong).await;
    }
    assert_eq!(waits(&throttle, "user", HERE, Verdict::Wrong).await, Some(250));
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Right).await, Some(0));
    assert_eq!(waits(&throttle, "user", THERE, Verdict::Wrong).await, Some(0));
    // Who knows one user's password guesses no faster at others.
    assert_eq!(waits(&throttle, "bert", HERE, Verdict::Wrong).await, Some(250));
    // Guessing at those who are known there is counted as well.
    for number in 0..20 {
        waits(&throttle, &format!("known{number}"), HERE, Verdict::Right).await;
    }
    for number in 0..20 {
        assert_eq!(waits(&throttle, &format!("known{number}"), HERE, Verdict::Wrong).await, Some(0));
    }
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Right).await, Some(50));
    tokio::time::advance(KNOWN_FOR).await;
    let gates = throttle.lock();
    let hash = throttle.hasher.hash_one((&"anna", block(HERE)));
    assert!(gates.known.contains_key(&hash) && !gates.is_known(hash, Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_decided_costs_nothing() {
    let throttle = Throttle::default();
    for _ in 0..30 {
        assert_eq!(waits(&throttle, "anna", HERE, Verdict::Unknown).await, Some(0));
    }
    for _ in 0..5 {
        drop(throttle.admit(&"anna", HERE).await.unwrap());
    }
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Wrong).await, Some(1000), "who hangs up has failed");
}

#[tokio::test(start_paused = true)]
async fn trying_at_the_same_time_wins_nothing() {
    let throttle = Arc::new(Throttle::default());
    let tried = Arc::new(AtomicU32::new(0));
    let mut attempts = JoinSet::new();
    for _ in 0..100 {
        let (throttle, tried) = (Arc::clone(&throttle), Arc::clone(&tried));
        attempts.spawn(async move {
            let Ok(attempt) = throttle.admit(&"anna", HERE).await else { return };
            tried.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            attempt.end(Verdict::Wrong);
        });
    }
    attempts.join_all().await;
    // Five at once, and one each after 1, 2 and 4 seconds, within the patience of the others.
    assert_eq!(tried.load(Ordering::Relaxed), 8);
}

#[tokio::test(start_paused = true)]
async fn many_who_are_right_at_the_same_time_are_all_served() {
    let throttle = Arc::new(Throttle::default());
    let mut attempts = JoinSet::new();
    for _ in 0..100 {
        let throttle = Arc::clone(&throttle);
        attempts.spawn(async move {
            let attempt = throttle.admit(&"anna", HERE).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            attempt.end(Verdict::Right);
        });
    }
    attempts.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn the_memory_is_bounded_and_keeps_the_worst() {
    let throttle = Throttle::default();
    let address = |number: u32| IpAddr::V4(Ipv4Addr::from_bits(number));
    fails(&throttle, "anna", HERE, 5).await;
    for number in 0..10_000 {
        fails(&throttle, "anna", address(number), 1).await;
    }
    let (at_address, addresses) = {
        let gates = throttle.lock();
        (gates.at_address.len(), gates.addresses.len())
    };
    assert!(at_address <= MOST && addresses <= MOST, "{at_address} {addresses}");
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Wrong).await, Some(1000));
    let mut gates = throttle.lock();
    let start = Instant::now();
    for number in 0..10_000 {
        gates.know(number, start + Duration::from_millis(number));
    }
    assert_eq!(gates.known.len(), MOST);
    assert!(gates.known.contains_key(&9_999) && !gates.known.contains_key(&0), "the oldest goes");
}

#[test]
fn an_ipv6_network_is_one_address() {
    for (input, want) in [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
    ] {
        assert_eq!(block(input.parse().unwrap()).to_string(), want, "{input}");
    }
}
