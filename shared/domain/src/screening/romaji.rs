//! Kana and Latin letters in one spelling, so that a reading compares with a passport's letters (3-4).

use wana_kana::ConvertJapanese;

/// Spellings that stay as they are, though a shorter rule would take them apart.
const KEPT: [&str; 3] = ["sh", "ch", "ts"];

/// Other spellings of the same sound, and how words compare; the first that fits is taken.
const SPELLINGS: [(&str, &str); 17] = [
    ("tch", "cch"),
    ("sy", "sh"),
    ("ty", "ch"),
    ("zy", "j"),
    ("jy", "j"),
    ("dz", "z"),
    ("si", "shi"),
    ("ti", "chi"),
    ("tu", "tsu"),
    ("zi", "ji"),
    ("di", "ji"),
    ("du", "zu"),
    ("hu", "fu"),
    ("v", "b"),
    ("mb", "nb"),
    ("mp", "np"),
    ("mm", "nm"),
];

/// Writes a word in letters; `None` if a sign of it is neither kana, letter nor digit, for example a kanji.
pub(super) fn letters(word: &str) -> Option<String> {
    if !word
        .chars()
        .all(|sign| sign.is_ascii_alphanumeric() || is_kana(sign))
    {
        return None;
    }
    let romaji = match word.is_ascii() {
        true => word.to_owned(),
        false => by_sound(word).to_romaji(),
    };
    let romaji: String = romaji
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|sign| sign.to_ascii_lowercase())
        .collect();
    Some(short_vowels(&one_spelling(&romaji)))
}

/// Leaves out the mark of a long vowel, as passports do, and writes the foreign ヴ as it is pronounced.
fn by_sound(word: &str) -> String {
    let foreign = [
        ("ヴァ", "バ"),
        ("ヴィ", "ビ"),
        ("ヴェ", "ベ"),
        ("ヴォ", "ボ"),
        ("ヴ", "ブ"),
    ];
    let plain = word.replace('ー', "");
    foreign
        .iter()
        .fold(plain, |word, (from, to)| word.replace(from, to))
}

fn is_kana(sign: char) -> bool {
    matches!(sign, 'ァ'..='ヺ' | 'ー')
}

/// Writes every sound in one of its spellings.
fn one_spelling(romaji: &str) -> String {
    let mut spelled = String::with_capacity(romaji.len() + 4);
    let mut rest = romaji;
    while let Some(sign) = rest.chars().next() {
        if let Some(kept) = KEPT.iter().find(|kept| rest.starts_with(**kept)) {
            spelled.push_str(kept);
            rest = &rest[kept.len()..];
        } else if let Some((from, to)) = SPELLINGS.iter().find(|(from, _)| rest.starts_with(*from))
        {
            // The second sign may begin a spelling of its own: "mm" before "b".
            let whole = !matches!(*from, "mb" | "mp" | "mm");
            spelled.push_str(if whole { to } else { "n" });
            rest = &rest[if whole { from.len() } else { 1 }..];
        } else {
            spelled.push(sign);
            rest = &rest[sign.len_utf8()..];
        }
    }
    spelled
}

/// Shortens long vowels: "ou", "oo", "oh" and doubled vowels are one vowel.
fn short_vowels(romaji: &str) -> String {
    let signs: Vec<char> = romaji.chars().collect();
    let mut short = String::with_capacity(romaji.len());
    for (place, &sign) in signs.iter().enumerate() {
        let after = signs.get(place + 1);
        let is_vowel = |sign: &char| matches!(sign, 'a' | 'e' | 'i' | 'o' | 'u');
        let lengthens = match short.chars().next_back() {
            Some('o') if sign == 'u' => true,
            // "oh" before a vowel is a syllable of its own: Ohara, Kohei.
            Some('o') if sign == 'h' => !after.is_some_and(is_vowel),
            Some(before) => before == sign && is_vowel(&sign),
            None => false,
        };
        if !lengthens {
            short.push(sign);
        }
    }
    short
}

#[cfg(test)]
mod art_03 {
    use super::*;

    fn check(word: &str, expected: &str) {
        assert_eq!(letters(word).as_deref(), Some(expected), "{word}");
    }

    #[test]
    fn a_long_vowel_is_short_however_it_is_written() {
        assert_eq!("しゅうじろう".to_romaji(), "shuujirou");
        assert_eq!("おおた".to_romaji(), "oota");
        for spelling in [
            "シュウジロウ",
            "シュージロー",
            "shujiro",
            "shuujirou",
            "syuziroh",
        ] {
            check(spelling, "shujiro");
        }
        for spelling in ["オオタ", "オータ", "ota", "ohta", "oota"] {
            check(spelling, "ota");
        }
    }

    #[test]
    fn a_sound_has_one_spelling() {
        for spelling in ["ナンバ", "namba", "nanba"] {
            check(spelling, "nanba");
        }
        for spelling in ["ハッチョウ", "hatcho", "hacchou", "haccho"] {
            check(spelling, "haccho");
        }
        for spelling in ["フジツカ", "fujitsuka", "huzituka"] {
            check(spelling, "fujitsuka");
        }
        for spelling in ["シンゾウ", "sinzo", "shinzoh"] {
            check(spelling, "shinzo");
        }
        for spelling in ["コヘイ", "kohei"] {
            check(spelling, "kohei");
        }
        for spelling in ["ヴィクトル", "ビクトル", "bikutoru"] {
            check(spelling, "bikutoru");
        }
    }

    #[test]
    fn a_word_with_a_kanji_has_no_letters() {
        assert_eq!(letters("太郎"), None);
        assert_eq!(letters("ミホン商店"), None);
    }
}
