//! Windows and their edges, many callers at once, and floods of keys.

use super::*;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

const RULE: Rule = Rule { window: 1000, max: 3 };

fn user<'a>(name: &'a str) -> Who<'a> {
    Who::User(name)
}

fn take(counters: &Counters, who: &Who<'_>, now: i64) -> (bool, u32, i64) {
    take_by(counters, RULE, who, now)
}

fn take_by(counters: &Counters, rule: Rule, who: &Who<'_>, now: i64) -> (bool, u32, i64) {
    let key = counters.key(&Counter::Project, rule, who);
    let Count { admitted, left, end } = counters.take(key, rule, || now);
    (admitted, left, end)
}

#[test]
fn a_window_takes_so_many_and_ends_at_its_instant() {
    let counters = Counters::default();
    let ada = user("ada");
    assert_eq!(take(&counters, &ada, 500), (true, 2, 1500));
    assert_eq!(take(&counters, &ada, 700), (true, 1, 1500));
    assert_eq!(take(&counters, &ada, 1499), (true, 0, 1500));
    assert_eq!(take(&counters, &ada, 1499), (false, 0, 1500));
    // The end belongs to the next window, which begins with its first request.
    assert_eq!(take(&counters, &ada, 1500), (true, 2, 2500));
    assert_eq!(take(&counters, &ada, 9000), (true, 2, 10_000));
}

#[test]
fn refused_requests_do_not_prolong_a_window() {
    let counters = Counters::default();
    for now in 0..900 {
        take(&counters, &user("ada"), now);
    }
    assert!(take(&counters, &user("ada"), 1000).0);
}

#[test]
fn callers_counters_and_limits_are_apart() {
    let counters = Counters::default();
    let one = Rule { window: 1000, max: 1 };
    let address = |text: &str| Who::Address(text.parse().unwrap());
    for who in [
        user("a"),
        user("b"),
        Who::Tenant("a"),
        address("192.0.2.1"),
        address("192.0.2.2"),
    ] {
        assert!(take_by(&counters, one, &who, 0).0, "{who:?}");
        assert!(!take_by(&counters, one, &who, 0).0, "{who:?}");
    }
    let of = |counter: Counter, rule| counters.key(&counter, rule, &user("a"));
    let path = || Counter::Endpoint("/a".to_owned());
    assert_ne!(of(path(), one), of(Counter::Route("/a".to_owned()), one));
    assert_ne!(of(path(), one), of(Counter::Project, one));
    assert_ne!(of(path(), one), of(path(), RULE));
    assert_eq!(of(path(), one), of(path(), one));
}

#[test]
fn a_network_of_64_bits_is_one_caller() {
    let counters = Counters::default();
    let key = |text: &str| counters.key(&Counter::Project, RULE, &Who::Address(text.parse().unwrap()));
    assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
    assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
}

#[test]
fn what_is_given_back_can_be_taken_in_its_window_only() {
    let counters = Counters::default();
    let key = counters.key(&Counter::Project, RULE, &user("ada"));
    let first = counters.take(key, RULE, || 0);
    counters.give_back(key, first);
    assert_eq!(take(&counters, &user("ada"), 10), (true, 2, 1000));
    take(&counters, &user("ada"), 10);
    take(&counters, &user("ada"), 10);
    let refused = counters.take(key, RULE, || 20);
    counters.give_back(key, refused);
    assert!(
        !take(&counters, &user("ada"), 20).0,
        "a refusal was never counted"
    );
    let next = counters.take(key, RULE, || 1000);
    counters.give_back(key, first);
    assert_eq!(
        (next.left, take(&counters, &user("ada"), 1001).1),
        (2, 1),
        "another window's"
    );
}

#[test]
fn a_clock_that_is_set_back_does_not_lock_callers_out() {
    let counters = Counters::default();
    let rule = Rule {
        window: 5_000_000,
        max: 1,
    };
    let hour = 3_600_000_000;
    assert!(take_by(&counters, rule, &user("ada"), hour).0);
    assert_eq!(take_by(&counters, rule, &user("ada"), 0), (false, 0, 5_000_000));
    assert!(take_by(&counters, rule, &user("ada"), 5_000_000).0);
    // A step that is small changes nothing.
    assert!(take_by(&counters, rule, &user("bob"), hour).0);
    let (_, _, end) = take_by(&counters, rule, &user("bob"), hour - SLACK);
    assert_eq!(end, hour + 5_000_000);
}

#[test]
fn of_many_at_once_exactly_so_many_are_admitted() {
    for round in 0..20 {
        let (counters, gate, admitted) = (Counters::default(), Barrier::new(64), AtomicUsize::new(0));
        let rule = Rule {
            window: 1000,
            max: 17,
        };
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    gate.wait();
                    let ok = take_by(&counters, rule, &user("ada"), round).0;
                    admitted.fetch_add(usize::from(ok), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(admitted.load(Ordering::Relaxed), 17);
    }
}

/// Fills every place of the table of addresses, each with so many requests.
fn flood(counters: &Counters, rule: Rule, times: u32) {
    for n in 0..u32::try_from(SHELVES * PLACES * 2).unwrap() {
        for _ in 0..times {
            take_by(counters, rule, &Who::Address(IpAddr::V4(n.into())), 0);
        }
    }
}

#[test]
fn a_flood_of_keys_takes_bounded_memory_and_resets_nobody() {
    let counters = Counters::default();
    let (used, some) = (
        Who::Address("255.0.0.1".parse().unwrap()),
        Who::Address("255.0.0.2".parse().unwrap()),
    );
    for _ in 0..4 {
        take(&counters, &used, 0);
    }
    take(&counters, &some, 0);
    take(&counters, &some, 0);
    flood(&counters, RULE, 1);
    assert!(
        !take(&counters, &used, 999).0,
        "the flood has reset who was refused"
    );
    assert_eq!(
        take(&counters, &some, 999).1,
        0,
        "the flood has reset who had the most requests"
    );
    let shelves = counters.addresses.0.get().unwrap();
    let places: usize = shelves.iter().map(|shelf| shelf.lock().unwrap().capacity()).sum();
    assert!(places <= SHELVES * PLACES, "{places}");
    assert_eq!(size_of::<Window>(), 32);
    // What is over makes room.
    assert!(take(&counters, &used, 1000).0);
}

#[test]
fn where_all_is_used_up_a_new_key_is_refused_and_others_are_not_touched() {
    let counters = Counters::default();
    let one = Rule { window: 1000, max: 1 };
    flood(&counters, one, 1);
    let stranger = Who::Address("255.0.0.1".parse().unwrap());
    assert_eq!(take_by(&counters, one, &stranger, 10), (false, 0, 1000));
    assert!(
        take_by(&counters, one, &user("ada"), 10).0,
        "users have a table of their own"
    );
    assert!(take_by(&counters, one, &stranger, 1000).0);
}
