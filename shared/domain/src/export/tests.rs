//! Article 9: the time line of a copy, and what may be asked.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

/// A fragment of so many milliseconds that arrived as the n-th.
fn fragment(n: u32, start_ms: i64, length_ms: i64) -> Recorded {
    Recorded {
        number: format!("{n:04}"),
        start_ms,
        length_ms,
        server_ms: start_ms + 700,
        bytes: 1_000,
    }
}

/// Places fragments and returns where each begins in the file, with the stretches.
fn place(fragments: Vec<Recorded>) -> (Vec<u64>, Vec<Segment>) {
    let mut timeline = Timeline::default();
    let (mut places, mut segments) = (Vec::new(), Vec::new());
    for fragment in in_order(fragments, None) {
        let (at_ms, ended) = timeline.place("a.mp4", &fragment);
        places.push(at_ms);
        segments.extend(ended);
    }
    segments.extend(timeline.next_file());
    (places, segments)
}

fn between(found: &[Gap]) -> Vec<(i64, i64)> {
    let ends = |gap: &Gap| (gap.from.as_millisecond(), gap.until.as_millisecond());
    found.iter().map(ends).collect()
}

mod art_09 {
    use super::*;

    #[test]
    fn a_gap_is_closed_up_in_the_file_and_told_exactly() {
        let (places, segments) = place(vec![
            fragment(1, 1_000, 1_000),
            fragment(2, 2_040, 1_000),
            fragment(3, 60_000, 2_000),
        ]);
        assert_eq!(places, [0, 1_040, 2_040]);
        assert_eq!(segments.len(), 2);
        assert_eq!((segments[0].fragments, segments[1].file_ms), (2, 2_040));
        assert_eq!(segments[1].server_from, at(60_700));
        let found = gaps(at(0), at(65_000), &segments);
        assert_eq!(
            between(&found),
            [(0, 1_000), (3_040, 60_000), (62_000, 65_000)]
        );
        assert_eq!(found[1].milliseconds, 56_960);
    }

    #[test]
    fn a_span_without_a_fragment_is_one_gap() {
        assert_eq!(between(&gaps(at(0), at(9_000), &[])), [(0, 9_000)]);
    }

    #[test]
    fn fragments_that_come_in_any_order_or_twice_are_placed_once() {
        let in_turn = vec![
            fragment(1, 0, 1_000),
            fragment(2, 1_000, 1_000),
            fragment(3, 2_000, 1_000),
        ];
        let mut mixed = in_turn.clone();
        mixed.reverse();
        mixed.extend([fragment(9, 1_000, 1_000), fragment(8, 1_200, 500)]);
        assert_eq!(place(mixed), place(in_turn));
    }

    #[test]
    fn what_only_overlaps_is_kept_as_a_stretch_of_its_own() {
        let (places, segments) = place(vec![fragment(1, 0, 10_000), fragment(2, 4_000, 10_000)]);
        assert_eq!(places, [0, 10_000]);
        assert_eq!(segments.len(), 2);
        assert_eq!(between(&gaps(at(0), at(14_000), &segments)), []);
    }

    #[test]
    fn what_was_done_before_is_not_done_again() {
        let listed = vec![fragment(1, 0, 1_000), fragment(2, 1_000, 1_000)];
        assert_eq!(in_order(listed.clone(), Some(1_000)), listed[1..]);
        assert_eq!(in_order(listed, Some(2_000)), []);
    }

    #[test]
    fn a_new_file_begins_at_the_start_of_its_time_line() {
        let mut timeline = Timeline::default();
        timeline.place("a.mp4", &fragment(1, 0, 1_000));
        assert_eq!(timeline.next_file().unwrap().file, "a.mp4");
        let (at_ms, ended) = timeline.place("b.mp4", &fragment(2, 1_000, 1_000));
        assert_eq!((at_ms, ended), (0, None));
    }

    #[test]
    fn so_many_exports_and_no_more_are_under_way_at_once() {
        let one = Export::ask(
            ExportId::from_random([1; 10]),
            ContractId::from_random([2; 10]),
            What::RegisteredData,
            UserId::from_random([3; 10]),
            at(0),
        );
        let mut all = vec![one.clone(); AT_ONCE - 1];
        assert_eq!(admit(&all, 1), Ok(()));
        assert_eq!(admit(&all, 2), Err(Refusal::TooMany));
        assert_eq!(admit(&all, 0), Err(Refusal::NothingToExport));
        all.push(one.clone().ended(State::Done { at: at(0) }));
        assert_eq!(admit(&all, 1), Ok(()));
        all.push(one);
        assert_eq!(admit(&all, 1), Err(Refusal::TooMany));
    }

    #[test]
    fn a_file_is_fetched_from_the_end_of_the_work_until_its_store_drops_it() {
        let mut one = Export::ask(
            ExportId::from_random([1; 10]),
            ContractId::from_random([2; 10]),
            What::RegisteredData,
            UserId::from_random([3; 10]),
            at(0),
        );
        one.files.push(File {
            name: "users.csv".into(),
            bytes: 1,
            sha256: String::new(),
            plays_ms: None,
        });
        assert_eq!(one.file("users.csv", at(1)), Err(Refusal::NotReady));
        let done = one.clone().ended(State::Done { at: at(0) });
        assert_eq!(done.file("users.csv", at(1)), Ok(Some(&one.files[0])));
        assert_eq!(done.file("other.csv", at(1)), Ok(None));
        assert_eq!(done.file("users.csv", at(0) + KEPT), Err(Refusal::Expired));
        let why = Failure::NotEntitled;
        let failed = one.ended(State::Failed { at: at(0), why });
        assert_eq!(failed.file("users.csv", at(1)), Err(Refusal::NotMade));
    }
}

proptest! {
    /// The gaps and the stretches of a span make up the span, and no fragment's time is counted twice.
    #[test]
    fn stretches_and_gaps_make_up_the_span(
        cuts in prop::collection::vec((0i64..5_000, 1i64..3_000), 0..40),
    ) {
        let (mut all, mut now) = (Vec::new(), 0);
        for (n, (hole, length)) in cuts.iter().enumerate() {
            now += hole;
            all.push(fragment(n as u32, now, *length));
            now += length;
        }
        let made: Vec<(i64, i64)> = all
            .iter()
            .scan(0, |end, one| {
                let gap = (*end, one.start_ms);
                *end = one.end_ms();
                Some(gap)
            })
            .filter(|(from, until)| until - from > GAP_MS)
            .collect();
        let many = all.len() as u32;
        let (places, segments) = place(all);
        prop_assert_eq!(between(&gaps(at(0), at(now), &segments)), made);
        prop_assert_eq!(segments.iter().map(|one| one.fragments).sum::<u32>(), many);
        prop_assert!(places.is_sorted());
    }
}
