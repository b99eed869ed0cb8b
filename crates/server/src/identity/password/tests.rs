use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::task::{JoinHandle, JoinSet};

use super::*;

fn user(name: &str) -> Asker {
    Asker::User(name.to_owned())
}

#[tokio::test]
async fn a_password_is_known_again_and_another_is_not() {
    let passwords = Passwords::default();
    let hash = passwords.hash("anna", Password::new("hunter2")).await.unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
    for (password, known) in [("hunter2", true), ("hunter3", false), ("", false)] {
        let got = passwords.verify(user("anna"), Password::new(password), Some(hash.clone())).await.unwrap();
        assert_eq!(got, known, "{password}");
    }
    assert!(!passwords.verify(user("anna"), Password::new("hunter2"), None).await.unwrap());
}

/// A hundred hashes that are wanted at once, of which none ends before it is told to.
struct Flood {
    passwords: Passwords,
    done: Arc<AtomicUsize>,
    gate: Sender<()>,
    all: JoinSet<Result<(), HashError>>,
}

impl Flood {
    const SIZE: usize = 100;

    /// Returns when all of them stand in their queues.
    async fn begin(passwords: &Passwords, asker: impl Fn(usize) -> Asker) -> Self {
        let (gate, closed) = channel::<()>();
        let closed: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(closed));
        let (mut all, done) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
        for number in 0..Self::SIZE {
            let (passwords, done, closed) = (passwords.clone(), Arc::clone(&done), Arc::clone(&closed));
            let asker = asker(number);
            all.spawn(async move {
                let work = move || {
                    closed.lock().unwrap().recv().unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                };
                passwords.in_turn(asker, work).await
            });
        }
        let standing = || {
            let askers = passwords.askers.lock().unwrap();
            askers.values().map(Weak::strong_count).sum::<usize>()
        };
        while standing() < Self::SIZE {
            tokio::task::yield_now().await;
        }
        // Those that got a turn of their own have asked for the next one by now.
        for _ in 0..Self::SIZE {
            tokio::task::yield_now().await;
        }
        Self { passwords: passwords.clone(), done, gate, all }
    }

    /// Somebody else wants a hash, and learns how many of the flood came before.
    fn beside(&self, asker: Asker) -> JoinHandle<usize> {
        let (passwords, done) = (self.passwords.clone(), Arc::clone(&self.done));
        tokio::spawn(async move {
            passwords.in_turn(asker, move || Ok(done.load(Ordering::Relaxed))).await.unwrap()
        })
    }

    async fn end(self) {
        for _ in 0..Self::SIZE {
            self.gate.send(()).unwrap();
        }
        self.all.join_all().await;
        assert_eq!(self.done.load(Ordering::Relaxed), Self::SIZE);
    }
}

/// One who asks for a hundred hashes keeps nobody else waiting for more than the few that are under way, and neither do a
/// hundred strangers, whatever names they try, keep a user waiting.
#[tokio::test]
async fn a_flood_is_its_own_wait() {
    let stranger =
        |number: usize| Asker::stranger(Ipv4Addr::from_bits(u32::try_from(number).unwrap()).into());
    few_come_before("a user", |_| user("mallory"), &[user("anna"), user("bert"), stranger(1)]).await;
    few_come_before("an address", |_| stranger(1), &[user("anna"), user("bert"), stranger(2)]).await;
    few_come_before("strangers", stranger, &[user("anna"), user("bert")]).await;
}

async fn few_come_before(who: &str, flood: impl Fn(usize) -> Asker, others: &[Asker]) {
    let passwords = Passwords::default();
    let flood = Flood::begin(&passwords, flood).await;
    let others: Vec<_> = others.iter().map(|other| flood.beside(other.clone())).collect();
    tokio::task::yield_now().await;
    flood.end().await;
    for before in others {
        let before = before.await.unwrap();
        assert!(before <= 2 * AT_A_TIME, "{who}: {before} of the flood came before");
    }
    passwords.turns_of(&user("anna"));
    assert_eq!(passwords.askers.lock().unwrap().len(), 1, "who wants nothing is forgotten");
}

#[test]
fn strangers_are_told_apart_by_their_networks() {
    let stranger = |address: &str| Asker::stranger(address.parse().unwrap());
    assert_eq!(stranger("2001:db8:1:2::3"), stranger("2001:db8:1:ffff::1"));
    assert_ne!(stranger("2001:db8:1::1"), stranger("2001:db8:2::1"));
    assert_eq!(stranger("::ffff:192.0.2.1"), stranger("192.0.2.1"));
    assert_ne!(stranger("192.0.2.1"), stranger("192.0.2.2"));
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let passwords = Passwords::default();
    let _turns = Arc::clone(&passwords.turns).acquire_many_owned(2).await.unwrap();
    let busy = passwords.in_turn(user("anna"), || Ok(())).await;
    assert!(matches!(busy, Err(HashError::Busy)), "{busy:?}");
}

#[test]
fn the_decoy_takes_as_long_as_a_real_hash() {
    let decoy = Phc::new(DECOY).unwrap();
    assert_eq!(Params::try_from(&decoy).unwrap(), PARAMS);
    assert_eq!(decoy.salt.unwrap().len(), Salt::RECOMMENDED_LENGTH);
}
