//! Purge × hold × end × grace × clock: nothing of a live or held contract is ever asked for, and a kill changes nothing (15-3).

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::*;
use super::{ended, facts};
use crate::calendar::{days, start_of};
use crate::contract::TerminationCause;
use crate::hold::{Hold, Holds, Scope};
use crate::ids::{CameraId, UserId};

/// What there is of two contracts, outside of their entries: the second must never change.
#[derive(Debug, Clone, PartialEq)]
struct World {
    streams: BTreeSet<String>,
    accounts: BTreeSet<String>,
    files: u64,
    rows: u64,
    of_another: u64,
}

const CAMERAS: u8 = 3;

fn camera(n: u8) -> CameraId {
    CameraId::from_random([n; 10])
}

fn targets() -> Targets {
    let target = |n| Target {
        camera: camera(n),
        stream: format!("ciero-{}", camera(n)),
        certificates: BTreeSet::new(),
        had_stream: false,
        had_device: false,
    };
    Targets {
        cameras: (0..CAMERAS).map(target).collect(),
        accounts: vec![Account {
            user: UserId::from_random([1; 10]),
            was_there: false,
        }],
    }
}

/// What happens before a step is taken.
#[derive(Debug, Clone)]
enum Luck {
    Fine,
    /// Killed before, or after, what was asked for is done.
    Killed {
        done: bool,
    },
    HoldRegistered,
    HoldCamera(u8),
    Release,
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        6 => Just(Luck::Fine),
        2 => any::<bool>().prop_map(|done| Luck::Killed { done }),
        1 => Just(Luck::HoldRegistered),
        1 => (0..CAMERAS).prop_map(Luck::HoldCamera),
        2 => Just(Luck::Release),
    ]
}

fn cause() -> impl Strategy<Value = TerminationCause> {
    prop::sample::select(vec![
        TerminationCause::Expiry,
        TerminationCause::CustomerCancellation,
        TerminationCause::Rescission,
        TerminationCause::RescissionForSoftware,
        TerminationCause::ServiceEnd,
    ])
}

fn change(holds: &mut Holds, luck: &Luck, at: Timestamp) {
    let scope = match luck {
        Luck::HoldRegistered => Some(Scope::RegisteredData),
        Luck::HoldCamera(n) => Some(Scope::Recordings {
            camera: camera(*n),
            from: Timestamp::MIN,
            until: Timestamp::MAX,
        }),
        Luck::Release => {
            let open = holds
                .holds
                .iter_mut()
                .filter(|hold| hold.released_at.is_none());
            open.for_each(|hold| hold.released_at = Some(at));
            None
        }
        _ => return,
    };
    holds.holds.extend(scope.map(|scope| Hold {
        case: "c".into(),
        scope,
        placed_at: at,
        released_at: None,
    }));
    holds.version += 1;
}

/// Looks at what is there of a step before it is asked for.
fn look(world: &World, journal: &mut Journal, step: Step, holds: &Holds) -> u64 {
    let targets = &mut journal.targets;
    match step {
        Step::Recordings => {
            let cameras = targets.cameras.iter_mut();
            let free = cameras.filter(|target| !holds.keep_recordings_of(&target.camera));
            let there = free.filter(|target| world.streams.contains(&target.stream));
            there.map(|target| target.had_stream = true).count() as u64
        }
        Step::Accounts => {
            let there = targets.accounts.iter_mut().zip(&world.accounts);
            there.map(|(account, _)| account.was_there = true).count() as u64
        }
        Step::Files => world.files,
        Step::Records => world.rows,
        _ => 0,
    }
}

/// Does what a step asks for; doing it twice is doing it once. Files go two at a time. Tells whether more is there.
fn act(world: &mut World, journal: &Journal, step: Step, holds: &Holds) -> bool {
    match step {
        Step::Recordings => {
            for free in journal.free_streams(holds) {
                world.streams.remove(&free.stream);
            }
        }
        Step::Accounts => world.accounts.clear(),
        Step::Files => world.files = world.files.saturating_sub(2),
        Step::Records => world.rows = 0,
        _ => {}
    }
    step == Step::Files && world.files > 0
}

fn search(world: &World, journal: &Journal, holds: &Holds) -> Vec<(Step, u64)> {
    let free = journal.free_streams(holds);
    let streams = free
        .iter()
        .filter(|t| world.streams.contains(&t.stream))
        .count() as u64;
    let registered = !holds.keep_registered_data();
    let mut found = vec![(Step::Recordings, streams), (Step::Files, world.files)];
    if registered {
        found.extend([
            (Step::Accounts, world.accounts.len() as u64),
            (Step::Records, world.rows),
        ]);
    }
    found.retain(|(_, count)| *count > 0);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn kills_and_holds_change_when_but_never_what_is_deleted(cause in cause(), kept_days in 0u16..60, asked in 0i64..120, lucks in prop::collection::vec(luck(), 0..40)) {
        let facts = facts(kept_days);
        let (contract, last) = ended(cause, &facts);
        let today = days(last, asked);
        let allowed = today >= days(last, 1 + i64::from(kept_days));
        prop_assert_eq!(Journal::may_begin(&contract, today).is_ok(), allowed);
        if !allowed {
            return Ok(());
        }
        let at = start_of(today);
        let whole = World {
            streams: targets().cameras.into_iter().map(|t| t.stream).collect(),
            accounts: BTreeSet::from(["a".to_owned()]),
            files: 5,
            rows: 7,
            of_another: 9,
        };
        let (mut world, mut holds) = (whole.clone(), Holds::none(contract.id.clone()));
        let (mut journal, first) = Journal::begin(&contract, targets(), at);
        let mut lines = vec![first];
        // However it went, everything is released in the end and the purge is asked for until it is done.
        let calm = std::iter::repeat_n(Luck::Fine, 60);
        let lucks = lucks.into_iter().chain([Luck::Release]).chain(calm);
        let mut certified = false;
        for luck in lucks {
            change(&mut holds, &luck, at);
            let before = world.clone();
            let mut next = journal.clone();
            if next.waits_for.is_some_and(|version| version != holds.version) {
                next.wake();
            }
            match next.next(&holds) {
                Next::Wait => {
                    let act = next.wait(&holds);
                    if journal.waits_for.is_none() { lines.push(next.write(vec![act], at)); journal = next; }
                }
                Next::Pass(step) => {
                    let act = next.pass(step);
                    lines.push(next.write(vec![act], at));
                    journal = next;
                }
                Next::Ask(Step::Certificate) => {
                    prop_assert!(search(&world, &next, &holds).is_empty());
                    prop_assert!(world.streams.is_empty() && world.accounts.is_empty() && world.files + world.rows == 0);
                    // However often it was killed, held and asked again, each is counted once.
                    let counts = [Step::Recordings, Step::Files, Step::Accounts, Step::Records].map(|step| next.deleted(step));
                    prop_assert_eq!(counts, [u64::from(CAMERAS), 5, 1, 7]);
                    certified = true;
                    break;
                }
                Next::Ask(step) => {
                    let there = look(&world, &mut next, step, &holds);
                    let asked = next.ask(step, there);
                    let in_tables = matches!(step, Step::Register | Step::Records);
                    // There the deed is one transaction with the line: a kill before it leaves neither.
                    if in_tables && matches!(luck, Luck::Killed { done: false }) {
                        continue;
                    }
                    if !in_tables {
                        lines.push(next.write(vec![asked.clone()], at));
                        journal = next.clone();
                        if matches!(luck, Luck::Killed { .. }) {
                            if matches!(luck, Luck::Killed { done: true }) { act(&mut world, &next, step, &holds); }
                            continue;
                        }
                    }
                    let said = if step == Step::Search {
                        next.searched(&search(&world, &next, &holds), &holds, at).0
                    } else {
                        let more = act(&mut world, &next, step, &holds);
                        let done = next.done(step, more.then(|| "again".to_owned()));
                        in_tables.then_some(asked).into_iter().chain([done]).collect()
                    };
                    lines.push(next.write(said, at));
                    journal = next;
                }
            }
            // Nothing that is held now, and nothing of another contract, was touched.
            prop_assert_eq!(world.of_another, whole.of_another);
            if holds.keep_registered_data() {
                prop_assert_eq!((&world.accounts, world.rows), (&before.accounts, before.rows));
            }
            for target in targets().cameras {
                if holds.keep_recordings_of(&target.camera) {
                    prop_assert_eq!(world.streams.contains(&target.stream), before.streams.contains(&target.stream));
                }
            }
        }
        prop_assert!(certified);
        for (n, line) in lines.iter().enumerate() {
            prop_assert_eq!(line.number, n as u64 + 1);
            prop_assert_eq!(&line.before, &n.checked_sub(1).map(|n| lines[n].hash()).unwrap_or_default());
        }
        prop_assert_eq!(&journal.head, &lines.last().unwrap().hash());
    }
}
