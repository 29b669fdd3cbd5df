//! Name matching on pairs that were labelled by hand: precision and recall.
#![allow(clippy::unwrap_used)]

use super::matching::{LIKENESS_SHOWN, likeness};

/// Returns every labelled pair: whether a person should be shown it, and both names.
fn pairs() -> Vec<(bool, &'static str, &'static str)> {
    let text = include_str!("../../fixtures/name_pairs.tsv");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pair = |line: &'static str| match line.split('\t').collect::<Vec<_>>()[..] {
        ["hit", a, b] => (true, a, b),
        ["miss", a, b] => (false, a, b),
        _ => panic!("{line}"),
    };
    lines.map(pair).collect()
}

mod art_03 {
    use super::*;

    #[test]
    fn the_labelled_pairs_are_told_apart() {
        let pairs = pairs();
        assert!(pairs.len() >= 200, "{}", pairs.len());
        let (mut found, mut missed, mut extra) = (0, Vec::new(), Vec::new());
        for (is_hit, a, b) in &pairs {
            match (is_hit, likeness(a, b) >= LIKENESS_SHOWN) {
                (true, true) => found += 1,
                (true, false) => missed.push((a, b)),
                (false, true) => extra.push((a, b, likeness(a, b))),
                (false, false) => {}
            }
        }
        let recall = f64::from(found) / (f64::from(found) + missed.len() as f64);
        let precision = f64::from(found) / (f64::from(found) + extra.len() as f64);
        println!(
            "{} pairs, precision {precision:.3}, recall {recall:.3}",
            pairs.len()
        );
        println!("missed {missed:#?}\nextra {extra:#?}");
        // Screening asks for recall: a hit that is none costs a person a minute, a missed one is never seen.
        assert!(recall >= 0.95, "{recall}");
        assert!(precision >= 0.82, "{precision}");
    }

    #[test]
    fn likeness_does_not_depend_on_which_name_comes_first() {
        for (_, a, b) in pairs() {
            let (there, back) = (likeness(a, b), likeness(b, a));
            assert_eq!(
                there >= LIKENESS_SHOWN,
                back >= LIKENESS_SHOWN,
                "{a} {b}: {there} {back}"
            );
        }
    }
}
