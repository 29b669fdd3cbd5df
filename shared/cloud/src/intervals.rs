//! From fragments to stretches of recording without a gap.

use ciero_ports::Interval;
use jiff::{SignedDuration, Timestamp};

/// Joins fragments that overlap or lie at most `gap_ms` apart, in any order, and cuts them to [from, to).
pub(crate) fn merge(
    mut fragments: Vec<Interval>,
    from: Timestamp,
    to: Timestamp,
    gap_ms: i64,
) -> Vec<Interval> {
    fragments.retain(|fragment| fragment.end > from && fragment.start < to);
    fragments.sort_by_key(|fragment| (fragment.start, fragment.end));
    let gap = SignedDuration::from_millis(gap_ms);
    let mut joined: Vec<Interval> = Vec::new();
    for fragment in fragments {
        let fragment = Interval {
            start: fragment.start.max(from),
            end: fragment.end.min(to),
        };
        match joined.last_mut() {
            Some(last) if fragment.start.duration_since(last.end) <= gap => {
                last.end = last.end.max(fragment.end);
            }
            _ => joined.push(fragment),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn interval(start_ms: i64, end_ms: i64) -> Interval {
        Interval {
            start: Timestamp::from_millisecond(start_ms).unwrap(),
            end: Timestamp::from_millisecond(end_ms).unwrap(),
        }
    }

    fn check(fragments: &[(i64, i64)], expected: &[(i64, i64)]) {
        let all = |pairs: &[(i64, i64)]| {
            let intervals = pairs.iter().map(|(start, end)| interval(*start, *end));
            intervals.collect::<Vec<_>>()
        };
        let range = interval(1_000, 10_000);
        let merged = merge(all(fragments), range.start, range.end, 100);
        assert_eq!(merged, all(expected));
    }

    #[test]
    fn nothing_recorded_is_no_interval() {
        check(&[], &[]);
    }

    #[test]
    fn fragments_join_in_any_order_up_to_the_gap_and_not_beyond() {
        check(
            &[(3_000, 4_000), (2_000, 3_000), (4_100, 5_000)],
            &[(2_000, 5_000)],
        );
        check(
            &[(2_000, 3_000), (3_101, 4_000)],
            &[(2_000, 3_000), (3_101, 4_000)],
        );
    }

    #[test]
    fn a_fragment_inside_another_or_sent_twice_changes_nothing() {
        check(
            &[(2_000, 6_000), (3_000, 4_000), (2_000, 6_000)],
            &[(2_000, 6_000)],
        );
    }

    #[test]
    fn what_lies_outside_the_range_is_never_shown() {
        check(
            &[(0, 1_000), (500, 1_500), (9_500, 10_500), (10_000, 11_000)],
            &[(1_000, 1_500), (9_500, 10_000)],
        );
    }
}
