//! What holds of the watch whatever a camera does.

use proptest::prelude::*;

use super::*;

/// Stretches of recording one after the other, in seconds.
fn stretches(longest: i64) -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((10_i64..longest, 3_i64..3000), 1..12).prop_map(|lengths| {
        let mut from = 0;
        let one = |(on, off): (i64, i64)| {
            let stretch = (from, from + on);
            from += on + off;
            stretch
        };
        lengths.into_iter().map(one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_order_and_however_often_the_spans_are_the_same(
        stretches in stretches(150),
        order in any::<u64>(),
    ) {
        let all: Vec<Arrival> = stretches.iter().flat_map(|(s, e)| live(*s, *e)).collect();
        let until = stretches.last().unwrap().1 + 30;
        let whole = fresh().observe(&seen(all.clone(), until), at(until));
        let mut shuffled = all;
        shuffled.sort_by_key(|one| (one.at.as_second() as u64).wrapping_mul(order | 1));
        let mut twice = fresh();
        for part in shuffled.chunks(7).chain(shuffled.chunks(5)) {
            twice = twice.observe(&seen(part.to_vec(), until), at(until));
        }
        prop_assert_eq!(&whole.spans, &twice.spans);
        let expected: Vec<Span> = stretches.iter().map(|(s, e)| span(*s, *e)).collect();
        prop_assert_eq!(&whole.spans, &expected);
        let gap_ms: i64 = whole.gaps(at(0)).iter().filter_map(|gap| {
            Some(gap.end?.as_millisecond() - gap.start.as_millisecond())
        }).sum();
        let (first, last) = (expected[0].start, expected[expected.len() - 1].end);
        let length = last.as_millisecond() - first.as_millisecond();
        prop_assert_eq!(whole.recorded_ms(first, last) + gap_ms, length);
    }

    #[test]
    fn notices_of_outages_and_of_their_ends_alternate_and_are_never_many(stretches in stretches(3000)) {
        let until = stretches.last().unwrap().1 + 4000;
        let mails = art_24::told(&stretches, until);
        for (n, (_, stopped, resumed)) in mails.iter().enumerate() {
            let expected = if n % 2 == 0 { (1, 0) } else { (0, 1) };
            prop_assert_eq!((*stopped, *resumed), expected);
        }
        let stops: Vec<i64> = mails.iter().filter(|mail| mail.1 == 1).map(|mail| mail.0).collect();
        prop_assert!(stops.windows(2).all(|pair| pair[1] - pair[0] >= REST.as_secs()));
        // The last silence of more than an hour is known to the customer.
        prop_assert_eq!(mails.last().map(|mail| mail.1), Some(1));
    }

    #[test]
    fn a_tick_that_runs_twice_changes_nothing_but_its_count(stretches in stretches(3000)) {
        let until = stretches.last().unwrap().1 / 120 * 120;
        let ledger = watched(&stretches, until);
        let again = ledger.observe(&seen(arriving(&stretches, &ledger, until), until), at(until));
        prop_assert_eq!(&again.spans, &ledger.spans);
        prop_assert_eq!(again.recording, ledger.recording);
    }
}
