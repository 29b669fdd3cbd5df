//! Name matching on pairs that were labelled by hand: precision and recall.
#![allow(clippy::unwrap_used)]

use super::matching::{LIKENESS_SHOWN, likeness};

#[path = "../../fixtures/pairs.rs"]
mod labelled;

use labelled::{pairs, told};

mod art_03 {
    use super::*;

    #[test]
    fn the_labelled_pairs_are_told_apart() {
        let told = told(likeness, LIKENESS_SHOWN);
        assert!(told.pairs >= 200, "{}", told.pairs);
        let (recall, precision) = (told.recall(), told.precision());
        println!(
            "name matching: {} pairs, precision {precision:.3}, recall {recall:.3}",
            told.pairs
        );
        // Screening asks for recall: a hit that is none costs a person a minute, a missed one is never seen.
        assert!(recall >= 0.95, "{recall}: missed {:#?}", told.missed);
        assert!(precision >= 0.82, "{precision}: extra {:#?}", told.extra);
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
