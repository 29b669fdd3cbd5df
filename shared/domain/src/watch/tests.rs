//! The watch by itself: what arrives, in whatever order, and what is told of it.
#![allow(clippy::unwrap_used)]

mod properties;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::device::Camera;
use crate::ids::{CameraId, ContractId, DeviceId};
use crate::interruption::{Interruption, Scope};

const BEGINNING: i64 = 1_780_272_000;

/// A moment so many seconds after the beginning.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(BEGINNING + seconds).unwrap()
}

fn span(start: i64, end: i64) -> Span {
    Span {
        start: at(start),
        end: at(end),
    }
}

fn camera(n: u8) -> Camera {
    Camera {
        id: CameraId::from_random([n; 10]),
        version: 1,
        contract: ContractId::from_random([1; 10]),
        device: DeviceId::from_random([1; 10]),
        name: "玄関".into(),
        stream_name: "s".into(),
        retention_hours: 720,
        since: at(0),
        retired_at: None,
    }
}

fn fresh() -> Ledger {
    Ledger::begin(&camera(1), at(0))
}

/// Fragments of ten seconds that arrive as they are recorded.
fn live(start: i64, end: i64) -> Vec<Arrival> {
    let starts = (start..end).step_by(10);
    let one = |from| Arrival {
        span: span(from, (from + 10).min(end)),
        at: at(from),
    };
    starts.map(one).collect()
}

fn seen(arrivals: Vec<Arrival>, now: i64) -> Seen {
    Seen {
        arrivals,
        read_to: at(now),
        keeps: Keeps::Recordings,
    }
}

/// Ticks every two minutes over what is recorded live in these stretches; returns the last ledger.
fn watched(stretches: &[(i64, i64)], until: i64) -> Ledger {
    let mut ledger = fresh();
    for now in (0..=until).step_by(120) {
        ledger = ledger.observe(&seen(arriving(stretches, &ledger, now), now), at(now));
    }
    ledger
}

/// What a tick lists: whole fragments that began since it read last.
fn arriving(stretches: &[(i64, i64)], ledger: &Ledger, now: i64) -> Vec<Arrival> {
    let from = ledger.reads_from();
    let near = stretches
        .iter()
        .filter(|(start, end)| at(*start) <= at(now) && at(*end) >= from);
    let all = near.flat_map(|(start, end)| {
        let before = (from.as_second() - BEGINNING - start).max(0) / 10 * 10;
        live(start + before, *end)
    });
    all.filter(|one| one.at >= from && one.span.end <= at(now))
        .collect()
}

fn running(ledger: &Ledger) -> bool {
    matches!(ledger.recording, Recording::Running { .. })
}

#[test]
fn a_camera_that_never_recorded_waits_and_is_no_news() {
    let ledger = watched(&[], 7200);
    assert_eq!(ledger.recording, Recording::Waiting);
    let told = Told::nothing(ledger.contract.clone());
    assert!(news(&told, &[ledger], at(7200)).is_empty());
}

#[test]
fn a_camera_that_falls_silent_is_offline_since_its_last_picture() {
    let stretches = [(0, 600)];
    assert!(running(&watched(&stretches, 600)));
    assert!(
        running(&watched(&stretches, 720)),
        "two minutes are a pause"
    );
    let stopped = Recording::Stopped {
        since: at(600),
        trouble: Trouble::Offline,
    };
    let ledger = watched(&stretches, 840);
    assert_eq!(ledger.recording, stopped);
    let lasting = Gap {
        start: at(600),
        end: None,
    };
    assert_eq!(ledger.gaps(at(0)), [lasting]);
}

#[test]
fn pictures_that_come_late_fill_their_gap_by_the_cameras_clock() {
    let ledger = watched(&[(0, 600), (1200, 1800)], 1800);
    let gap = Gap {
        start: at(600),
        end: Some(at(1200)),
    };
    assert_eq!(ledger.gaps(at(0)), [gap]);
    assert_eq!(ledger.gaps(at(1200)), []);
    let late = Arrival {
        span: span(600, 1200),
        at: at(1850),
    };
    let mut arrivals = live(1800, 1910);
    arrivals.push(late);
    let whole = ledger.observe(&seen(arrivals, 1920), at(1920));
    assert_eq!(whole.spans, [span(0, 1910)]);
    assert_eq!(whole.gaps(at(0)), []);
}

#[test]
fn a_camera_that_sends_nothing_of_the_present_does_not_record() {
    let mut ledger = watched(&[(0, 600)], 600);
    // Its clock is an hour ahead: what comes is of no time that anyone will look for.
    for now in [720, 840] {
        let wrong = Arrival {
            span: span(now + 3600, now + 3610),
            at: at(now - 20),
        };
        ledger = ledger.observe(&seen(vec![wrong], now), at(now));
    }
    let stopped = Recording::Stopped {
        since: at(600),
        trouble: Trouble::NotRecording,
    };
    assert_eq!(ledger.recording, stopped);
    assert_eq!(ledger.spans, [span(0, 600)]);
}

#[test]
fn a_stream_that_keeps_nothing_is_not_a_camera_that_is_off() {
    let mut ledger = watched(&[(0, 600)], 600);
    for now in [720, 840] {
        let seen = Seen {
            keeps: Keeps::Nothing,
            ..seen(Vec::new(), now)
        };
        ledger = ledger.observe(&seen, at(now));
    }
    let Recording::Stopped { trouble, .. } = ledger.recording else {
        panic!("{:?}", ledger.recording);
    };
    assert_eq!(trouble, Trouble::NotRecording);
}

#[test]
fn a_camera_that_records_in_shreds_has_stopped_although_it_was_never_silent() {
    // Twenty seconds of each ninety.
    let shreds: Vec<(i64, i64)> = (0..40).map(|n| (1200 + n * 90, 1220 + n * 90)).collect();
    let mut stretches = vec![(0, 1200)];
    stretches.extend(shreds);
    let ledger = watched(&stretches, 3600);
    let Recording::Stopped { trouble, since } = ledger.recording else {
        panic!("{:?}", ledger.recording);
    };
    assert_eq!(trouble, Trouble::Patchy);
    assert!(since > at(1200) && since < at(2400), "{since}");
    stretches.push((3600, 6000));
    stretches.retain(|(start, end)| *start >= 3600 || *end <= 3600);
    assert!(running(&watched(&stretches, 4800)));
}

#[test]
fn a_watch_that_was_away_counts_silence_from_its_return() {
    let ledger = watched(&[(0, 600)], 600);
    let back = ledger.observe(&seen(Vec::new(), 4200), at(4200));
    assert!(running(&back), "nobody looked for an hour");
    let later = back.observe(&seen(Vec::new(), 4321), at(4321));
    let told = Told::nothing(later.contract.clone());
    let stopped = Recording::Stopped {
        since: at(600),
        trouble: Trouble::Offline,
    };
    assert_eq!(later.recording, stopped);
    let told_of = |now| {
        news(&told, std::slice::from_ref(&later), at(now))
            .stopped
            .len()
    };
    assert_eq!(
        (told_of(4439), told_of(4440)),
        (0, 1),
        "four minutes after the return"
    );
}

#[test]
fn of_a_camera_that_could_not_be_read_nothing_is_told() {
    let ledger = watched(&[(0, 600)], 840);
    let told = Told::nothing(ledger.contract.clone());
    let told_of = |now| {
        news(&told, std::slice::from_ref(&ledger), at(now))
            .stopped
            .len()
    };
    assert_eq!((told_of(959), told_of(960)), (1, 0));
}

#[test]
fn what_is_not_read_to_the_present_is_not_judged() {
    let ledger = watched(&[(0, 600)], 600);
    let behind = Seen {
        read_to: at(5000),
        ..seen(Vec::new(), 0)
    };
    let after = ledger.observe(&behind, at(9000));
    assert_eq!(after.recording, ledger.recording);
    assert_eq!(after.read_to, at(5000));
}

#[test]
fn the_ledger_forgets_the_oldest_and_never_the_newest() {
    let many: Vec<(i64, i64)> = (0..300).map(|n| (n * 60, n * 60 + 30)).collect();
    let ledger = watched(&many, 18_000);
    assert_eq!(ledger.spans.len(), MOST_SPANS);
    assert_eq!(ledger.known_from, ledger.spans[0].start);
    assert_eq!(ledger.last_recorded(), Some(at(299 * 60 + 30)));
    let much_later = 18_000 + 30 * 86_400;
    let old = ledger.observe(&seen(Vec::new(), much_later), at(much_later));
    assert_eq!(old.spans, [span(299 * 60, 299 * 60 + 30)]);
}

#[test]
fn a_ledger_comes_back_from_json_and_a_span_is_two_numbers() {
    let ledger = watched(&[(0, 600)], 840);
    let json = serde_json::to_value(&ledger).unwrap();
    assert_eq!(json["spans"][0][1], (BEGINNING + 600) * 1000);
    assert_eq!(serde_json::from_value::<Ledger>(json).unwrap(), ledger);
}

#[test]
fn a_stream_is_compared_with_the_plan_once_a_day_and_by_its_own_clock() {
    let mut times = std::collections::BTreeSet::new();
    for n in 0..50 {
        let mut ledger = Ledger::begin(&camera(n), at(0));
        assert!(ledger.is_to_be_compared(at(0)));
        ledger.compare(720, 720, at(0));
        assert_eq!(ledger.shortfall, None);
        let day = (0..2 * 86_400).step_by(120);
        let due = day.map(at).find(|now| ledger.is_to_be_compared(*now));
        times.insert(due.unwrap());
        ledger.compare(168, 720, due.unwrap());
        assert!(!ledger.is_to_be_compared(due.unwrap()));
        let owed = Shortfall {
            held_hours: 168,
            owed_hours: 720,
        };
        assert_eq!(ledger.shortfall, Some(owed));
    }
    assert!(times.len() > 25, "{}", times.len());
}

mod art_08 {
    use super::*;

    fn tally(running: u32, untold: u32, contracts: u32) -> Tally {
        Tally {
            watched: running + untold,
            running,
            untold,
            contracts_untold: contracts,
            ..Tally::default()
        }
    }

    fn check(tallies: &[(Tally, i64)], quiet: bool) {
        let judge = |service: Service, (tally, now): &(Tally, i64)| service.next(tally, at(*now));
        let service = tallies.iter().fold(Service::default(), judge);
        assert_eq!(service.is_quiet(), quiet, "{tallies:?}");
    }

    #[test]
    fn nearly_all_cameras_at_once_are_our_outage() {
        check(&[(tally(2, 8, 3), 0)], true);
        check(&[(tally(3, 8, 3), 0)], false);
    }

    #[test]
    fn few_cameras_or_few_customers_prove_nothing() {
        check(&[(tally(0, 4, 4), 0)], false);
        check(&[(tally(0, 400, 2), 0)], false);
    }

    #[test]
    fn our_outage_lingers_while_cameras_come_back_but_not_for_ever() {
        let all = (tally(0, 100, 50), 0);
        check(&[all, (tally(60, 40, 20), 600)], true);
        check(&[all, (tally(81, 19, 9), 600)], false);
        check(&[all, (tally(60, 40, 20), 3600)], false);
        check(
            &[all, (tally(10, 90, 50), 3000), (tally(60, 40, 20), 3600)],
            true,
        );
    }

    #[test]
    fn an_interruption_counts_from_its_start_until_cameras_had_time_to_come_back() {
        let check = |planned: Option<i64>, ended: Option<i64>, now, expected| {
            let one = Interruption {
                planned_end: planned.map(at),
                ended_at: ended.map(at),
                ..crate::samples::interruption(at(1000))
            };
            assert_eq!(is_interrupted(&[one], at(now)), expected, "{now}");
        };
        check(None, None, 999, false);
        check(None, None, 1000, true);
        check(None, None, 1_000_000, true);
        check(None, Some(2000), 2599, true);
        check(None, Some(2000), 2600, false);
        check(Some(5000), Some(2000), 2600, false);
        // Nobody recorded the end.
        check(Some(5000), None, 5000 + 4 * 3600 - 1, true);
        check(Some(5000), None, 5000 + 4 * 3600, false);
    }

    #[test]
    fn only_an_interruption_of_the_recording_that_takes_place_explains_a_silence() {
        let one = |scope, called_off_at| Interruption {
            scope,
            called_off_at,
            ..crate::samples::interruption(at(1000))
        };
        let check = |one| is_interrupted(&[one], at(2000));
        assert!(check(one(Scope::All, None)) && check(one(Scope::Recording, None)));
        assert!(!check(one(Scope::Viewing, None)) && !check(one(Scope::Portal, None)));
        assert!(!check(one(Scope::All, Some(at(500)))));
    }

    #[test]
    fn many_cameras_that_cannot_be_read_make_the_reading_itself_doubtful() {
        let unread = |watched, unread| Tally {
            watched,
            unread,
            ..Tally::default()
        };
        assert!(unread(10, 2).is_disturbed());
        assert!(!unread(11, 2).is_disturbed());
        assert!(!unread(1, 1).is_disturbed(), "nobody else is judged");
    }
}

mod art_24 {
    use super::*;

    /// Ticks over stretches of recording and tells what there is to tell: (seconds, stopped, resumed).
    pub fn told(stretches: &[(i64, i64)], until: i64) -> Vec<(i64, usize, usize)> {
        let mut ledger = fresh();
        let mut told = Told::nothing(ledger.contract.clone());
        let mut mails = Vec::new();
        for now in (0..=until).step_by(120) {
            ledger = ledger.observe(&seen(arriving(stretches, &ledger, now), now), at(now));
            let news = news(&told, std::slice::from_ref(&ledger), at(now));
            if !news.is_empty() {
                mails.push((now, news.stopped.len(), news.resumed.len()));
                told = told.after(&news, at(now));
            }
        }
        mails
    }

    #[test]
    fn an_outage_is_told_once_within_six_minutes_and_its_end_once() {
        let mails = told(&[(0, 600), (3600, 9000)], 9000);
        assert_eq!(mails, [(840, 1, 0), (4200, 0, 1)]);
    }

    #[test]
    fn a_restart_of_less_than_four_minutes_is_no_news() {
        assert_eq!(told(&[(0, 600), (820, 9000)], 9000), []);
    }

    #[test]
    fn a_camera_that_comes_and_goes_is_one_outage() {
        // Five minutes on, five minutes off, for four hours.
        let flapping: Vec<(i64, i64)> = (0..24).map(|n| (n * 600, n * 600 + 300)).collect();
        let mut stretches = flapping;
        stretches.push((14_400, 18_000));
        let mails = told(&stretches, 18_000);
        assert_eq!(mails.len(), 2, "{mails:?}");
        assert_eq!(mails[1], (15_000, 0, 1));
    }

    #[test]
    fn the_end_tells_how_much_is_missing() {
        let mut ledger = watched(&[(0, 600), (900, 1200), (3600, 4200)], 4200);
        let known = |told_at| Told {
            contract: ledger.contract.clone(),
            version: 1,
            outages: [(
                ledger.camera.clone(),
                ToldOutage {
                    since: at(600),
                    told_at: at(told_at),
                },
            )]
            .into(),
        };
        let told = known(840);
        let resumed =
            |ledger: &Ledger, now| news(&told, std::slice::from_ref(ledger), at(now)).resumed;
        let end = Resumed {
            camera: ledger.camera.clone(),
            since: at(600),
            again: at(3600),
            lost_seconds: 300 + 2400,
        };
        assert_eq!(resumed(&ledger, 4200), std::slice::from_ref(&end));
        ledger.spans = vec![span(0, 4200)];
        let nothing_lost = Resumed {
            again: at(600),
            lost_seconds: 0,
            ..end
        };
        assert_eq!(resumed(&ledger, 4200), [nothing_lost]);
        assert_eq!(resumed(&ledger, 840 + 1799), [], "the notice is too young");
    }

    #[test]
    fn a_retired_camera_is_forgotten_without_a_word() {
        let ledger = watched(&[(0, 600)], 1200);
        let told = Told::nothing(ledger.contract.clone());
        let first = news(&told, std::slice::from_ref(&ledger), at(1200));
        let told = told.after(&first, at(1200));
        let retired = news(&told, &[], at(1320));
        assert_eq!(retired.forgotten, [ledger.camera]);
        assert!(retired.stopped.is_empty() && retired.resumed.is_empty());
        assert!(told.after(&retired, at(1320)).outages.is_empty());
    }
}

#[test]
fn the_bounds_fit_together() {
    let longest_fragment = SignedDuration::from_secs(20);
    assert!(OVERLAP > longest_fragment && SILENCE > longest_fragment + OVERLAP);
    assert!(TELL_AFTER > SILENCE && REST > SETTLED && AWAY > TELL_AFTER);
}
