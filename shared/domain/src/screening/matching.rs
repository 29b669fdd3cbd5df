//! How near two names are: the same rule for people and bodies, in kanji, kana and letters (3-4).

use strsim::generic_jaro_winkler;

use super::names::words;
use super::romaji::letters;

/// From this likeness on a person looks at two names, in thousandths.
pub const LIKENESS_SHOWN: u16 = 900;
/// Names are the same.
pub const SAME: u16 = 1000;
/// Shorter names are alike by chance: they must be the same.
const SHORTEST_KANJI: usize = 3;
const SHORTEST_LETTERS: usize = 4;

/// A name in one spelling, with which of 64 groups its signs fall into.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spelling {
    signs: Vec<char>,
    groups: u64,
}

/// What a name is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparableName {
    /// Letters if the whole name is kana and letters, else folded signs.
    is_letters: bool,
    /// In the order in which it is written.
    written: Spelling,
    /// With its words in alphabetical order; `None` if that is the same.
    sorted: Option<Spelling>,
}

impl Spelling {
    fn of(text: &str) -> Self {
        let signs: Vec<char> = text.chars().collect();
        let group = |sign: &char| 1u64 << (*sign as u32 % 64);
        let groups = signs.iter().map(group).fold(0, |all, one| all | one);
        Spelling { signs, groups }
    }

    /// Tells whether the likeness can reach what is shown, without working it out: signs of groups that the other name
    /// has none of match nothing.
    fn may_be_like(&self, other: &Spelling) -> bool {
        let (ours, theirs) = (self.signs.len(), other.signs.len());
        let unmatched = |a: u64, b: u64| (a & !b).count_ones() as usize;
        let most_here = ours.saturating_sub(unmatched(self.groups, other.groups));
        let most_there = theirs.saturating_sub(unmatched(other.groups, self.groups));
        let most = most_here.min(most_there);
        // Jaro of `most` matches without transpositions, and with a whole prefix of four: at least 0.9 needs a Jaro of 5/6.
        2 * most * (ours + theirs) >= 3 * ours * theirs
    }

    fn likeness(&self, other: &Spelling, shortest: usize) -> u16 {
        if self.signs == other.signs {
            return SAME;
        }
        if self.signs.len().min(other.signs.len()) < shortest || !self.may_be_like(other) {
            return 0;
        }
        let likeness = generic_jaro_winkler(&self.signs, &other.signs);
        // Only the same name is a thousand.
        ((likeness * 1000.0) as u16).min(SAME - 1)
    }
}

impl ComparableName {
    /// Reads a name; `None` if nothing of it can be compared.
    pub fn of(name: &str) -> Option<Self> {
        let folded = words(name);
        let spelled: Option<Vec<String>> = folded.iter().map(|word| letters(word)).collect();
        let is_letters = spelled.is_some();
        let mut words = spelled.unwrap_or(folded);
        let written = Spelling::of(&words.concat());
        words.sort_unstable();
        let sorted = Spelling::of(&words.concat());
        let sorted = (sorted != written).then_some(sorted);
        (!written.signs.is_empty()).then_some(ComparableName {
            is_letters,
            written,
            sorted,
        })
    }

    /// Returns the likeness of two names in thousandths; 0 if it is less than what a person looks at.
    pub fn likeness(&self, other: &ComparableName) -> u16 {
        if self.is_letters != other.is_letters {
            return 0;
        }
        let shortest = if self.is_letters {
            SHORTEST_LETTERS
        } else {
            SHORTEST_KANJI
        };
        let written = self.written.likeness(&other.written, shortest);
        // The nearer of both orders counts: a slip in a first letter moves a word to another place of the alphabet.
        let best = match (&self.sorted, &other.sorted) {
            (None, None) => written,
            _ => written.max(self.ordered().likeness(other.ordered(), shortest)),
        };
        if best >= LIKENESS_SHOWN { best } else { 0 }
    }

    /// Writes the form that was compared, for the person who weighs a likeness.
    pub fn form(&self) -> String {
        self.ordered().signs.iter().collect()
    }

    fn ordered(&self) -> &Spelling {
        self.sorted.as_ref().unwrap_or(&self.written)
    }
}

/// Returns the likeness of two names as people write them.
pub fn likeness(a: &str, b: &str) -> u16 {
    let names = ComparableName::of(a).zip(ComparableName::of(b));
    names.map_or(0, |(a, b)| a.likeness(&b))
}

#[cfg(test)]
mod art_03 {
    use super::*;

    fn spelling(text: &str) -> Spelling {
        Spelling::of(text)
    }

    #[test]
    fn folding_is_what_finds_a_name_that_letters_alone_would_miss() {
        // The example of the rules: compatibility forms folded, the two are 0.578 alike.
        let plain = strsim::jaro_winkler("株式会社髙橋", "(株)高橋");
        assert!((plain - 0.578).abs() < 0.001, "{plain}");
        assert_eq!(likeness("株式会社髙橋", "(株)高橋"), SAME);
    }

    #[test]
    fn kana_compare_with_letters_in_any_order_of_words() {
        for letters in [
            "OTA Shujiro",
            "Shuujirou Oota",
            "shujiro OHTA",
            "Ōta Shūjirō",
        ] {
            assert_eq!(likeness("オオタ シュウジロウ", letters), SAME, "{letters}");
        }
        assert_eq!(likeness("Mihon Trading", "MihonTrading Co., Ltd."), SAME);
    }

    #[test]
    fn a_near_name_is_shown_and_a_far_one_is_not() {
        assert!(
            (LIKENESS_SHOWN..SAME).contains(&likeness("Mohamed Ali Hasan", "MOHAMMED Ali Hassan"))
        );
        assert!(
            (LIKENESS_SHOWN..SAME)
                .contains(&likeness("照合例示興業株式会社", "照合例示工業（株）"))
        );
        assert_eq!(likeness("Yamada Taro", "Yamada Hanako"), 0);
        assert_eq!(likeness("見本商店", "見本商会"), 0);
    }

    #[test]
    fn short_names_and_empty_ones_are_never_alike_by_chance() {
        assert_eq!(likeness("李明", "李明明"), 0);
        assert_eq!(likeness("Abe", "Abel"), 0);
        assert_eq!(likeness("", ""), 0);
        assert_eq!(likeness("株式会社", "有限会社"), 0);
    }

    #[test]
    fn the_quick_look_never_hides_a_likeness() {
        let names = [
            "binladinusama",
            "binladenosama",
            "osamabinladen",
            "mihontrading",
            "mihontrding",
            "tradingmihon",
            "aabbccdd",
            "abcdabcd",
            "yamadataro",
            "yamadatarou",
            "照合例示興業",
            "照合例示工業",
            "照合例示",
        ];
        let mut alike = 0;
        for a in names {
            for b in names {
                let exact = strsim::jaro_winkler(a, b);
                if exact >= 0.9 {
                    alike += 1;
                    assert!(spelling(a).may_be_like(&spelling(b)), "{a} {b} {exact}");
                }
            }
        }
        assert!(alike > names.len(), "some different names are alike");
    }
}
