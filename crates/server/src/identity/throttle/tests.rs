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
    throttle.admit((&who, who), address).await.ok()?.end(verdict);
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
    // Neither are they by one another.
    for user in ["carl", "dora", "emil", "fred"] {
        waits(&throttle, user, HERE, Verdict::Right).await;
    }
    for user in ["carl", "dora", "emil", "fred"] {
        assert_eq!(fails(&throttle, user, HERE, 6).await, [0, 0, 0, 0, 0, 1000].map(Some));
    }
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Right).await, Some(0));
    tokio::time::advance(known::KNOWN_FOR).await;
    assert!(!throttle.admit((&"anna", "anna"), HERE).await.unwrap().is_known(), "it was too long ago");
}

/// However many application credentials a user has, they have one budget at an address, which is nobody else's.
#[tokio::test(start_paused = true)]
async fn a_user_that_is_known_is_counted_with_all_of_its_credentials() {
    let throttle = Throttle::default();
    for user in ["anna", "bert"] {
        waits(&throttle, user, HERE, Verdict::Right).await;
    }
    let waits_of = async |credential: u32, verdict: Verdict| {
        let start = Instant::now();
        throttle.admit((&credential, "anna"), HERE).await.unwrap().end(verdict);
        start.elapsed().as_millis()
    };
    for credential in 0..20 {
        assert_eq!(waits_of(credential, Verdict::Wrong).await, 0);
    }
    for (credential, wait) in (20..).zip([50, 100, 200, 250, 250]) {
        assert_eq!(waits_of(credential, Verdict::Wrong).await, wait, "credential {credential}");
    }
    assert_eq!(waits(&throttle, "bert", HERE, Verdict::Right).await, Some(0));
    assert_eq!(waits(&throttle, "stranger", HERE, Verdict::Wrong).await, Some(0));
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Right).await, Some(250));
}

/// One who has a whole /48 has 65,536 addresses.
#[tokio::test(start_paused = true)]
async fn an_ipv6_network_counts_as_four_addresses() {
    let throttle = Throttle::default();
    let at =
        |network: u16, number: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, network, number, 0, 0, 0, 1));
    waits(&throttle, "carl", at(1, 1), Verdict::Right).await;
    for number in 0..20 {
        assert_eq!(waits(&throttle, "anna", at(1, number), Verdict::Wrong).await, Some(0), "{number}");
    }
    for (number, wait) in (20..).zip([250, 500, 1000, 2000, 2000]) {
        assert_eq!(waits(&throttle, "anna", at(1, number), Verdict::Wrong).await, Some(wait), "{number}");
    }
    assert_eq!(waits(&throttle, "anna", at(2, 0), Verdict::Wrong).await, Some(0), "elsewhere");
    assert_eq!(
        waits(&throttle, "anna", at(1, 100), Verdict::Right).await,
        Some(2000),
        "nobody is locked out"
    );
    assert_eq!(waits(&throttle, "anna", at(1, 101), Verdict::Wrong).await, Some(0), "all is good again");
    for number in 0..100 {
        waits(&throttle, &format!("user{number}"), at(1, 1000 + number), Verdict::Wrong).await;
    }
    let start = Instant::now();
    for number in 0..16 {
        waits(&throttle, &format!("more{number}"), at(1, 2000 + number), Verdict::Wrong).await;
    }
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(950) && took <= Duration::from_millis(1100),
        "16 a second: {took:?}"
    );
    assert_eq!(waits(&throttle, "user", at(2, 1), Verdict::Wrong).await, Some(0), "elsewhere");
    assert_eq!(waits(&throttle, "carl", at(1, 1), Verdict::Wrong).await, Some(0), "who is known there");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_decided_costs_nothing() {
    let throttle = Throttle::default();
    for _ in 0..30 {
        assert_eq!(waits(&throttle, "anna", HERE, Verdict::Unknown).await, Some(0));
    }
    for _ in 0..5 {
        drop(throttle.admit((&"anna", "anna"), HERE).await.unwrap());
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
            let Ok(attempt) = throttle.admit((&"anna", "anna"), HERE).await else { return };
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
            let attempt = throttle.admit((&"anna", "anna"), HERE).await.unwrap();
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
    let (at_address, address) = {
        let counted = throttle.lock();
        (counted.at_address.len(), counted.address.len())
    };
    assert!(at_address <= MOST && address <= MOST, "{at_address} {address}");
    assert_eq!(waits(&throttle, "anna", HERE, Verdict::Wrong).await, Some(1000));
}

#[test]
fn a_network_is_one_address() {
    for (input, here, near) in [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", "2001:db8:1::"),
    ] {
        let address = input.parse().unwrap();
        assert_eq!((block(address).to_string(), around(address).to_string()), (here.into(), near.into()));
    }
}
