//! Names and numbers in the one form in which they compare equal (3-4).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::variants::standard;

/// Japanese legal forms after folding, as people write them; they stand before or behind the name without a space.
const LEGAL_FORMS: [&str; 22] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "公益社団法人",
    "公益財団法人",
    "一般社団法人",
    "一般財団法人",
    "特定非営利活動法人",
    "カブシキガイシャ",
    "カブシキカイシャ",
    "ユウゲンガイシャ",
    "ゴウドウガイシャ",
    "(株)",
    "(有)",
    "(同)",
    "(資)",
    "(名)",
    "(カ)",
    "(ユ)",
    "(ド)",
];

/// Legal forms that are words of their own; a name that consists of nothing else keeps them.
const LEGAL_WORDS: [&str; 23] = [
    "co",
    "company",
    "corp",
    "corporation",
    "gaisha",
    "gk",
    "gmbh",
    "godo",
    "goudou",
    "inc",
    "incorporated",
    "jsc",
    "kabushiki",
    "kabushikigaisha",
    "kabushikikaisha",
    "kaisha",
    "kk",
    "limited",
    "llc",
    "llp",
    "ltd",
    "pte",
    "yugen",
];

/// Splits a name into its words: compatibility forms and marks folded, legal forms and punctuation dropped, variant
/// characters unified, hiragana as katakana.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut text = String::with_capacity(name.len());
    for sign in name.nfkc().flat_map(char::to_lowercase) {
        plain(sign, &mut text);
    }
    let mut text = text.replace("( ", "(").replace(" )", ")");
    text = text.replace("k.k.", " ");
    for form in LEGAL_FORMS {
        if text.contains(form) {
            text = text.replace(form, " ");
        }
    }
    let all: Vec<&str> = text
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let named = |word: &&&str| !LEGAL_WORDS.contains(*word);
    let kept: Vec<String> = all.iter().filter(named).map(|w| (*w).to_owned()).collect();
    match kept.is_empty() {
        true => all.into_iter().map(str::to_owned).collect(),
        false => kept,
    }
}

/// Writes one sign in its standard form; marks over Latin letters are dropped, for few people type them.
fn plain(sign: char, text: &mut String) {
    match sign {
        'ぁ'..='ゖ' => text.extend(char::from_u32(sign as u32 + 0x60)),
        // An apostrophe is part of its word: O'Brien, Jun'ichi.
        '\'' | '\u{2018}' | '\u{2019}' | '`' => {}
        '\u{a0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
            decompose_canonical(sign, |part| {
                if !is_combining_mark(part) {
                    text.push(part);
                }
            });
        }
        // Repeats the character before it: 佐々木 is 佐佐木.
        '々' => {
            let repeated = text.chars().next_back();
            text.extend(repeated);
        }
        _ if is_combining_mark(sign) => {}
        _ => text.push(standard(sign)),
    }
}

/// Writes a name so that the same name compares equal, whatever its spaces.
pub fn fold_name(name: &str) -> String {
    words(name).concat()
}

/// Leaves the digits of a number that people write with spaces and hyphens, in ASCII.
pub(super) fn fold_digits(text: &str) -> String {
    text.nfkc().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod art_03 {
    use super::*;

    #[test]
    fn variant_characters_and_legal_forms_do_not_hide_a_name() {
        assert_eq!(fold_name("株式会社髙橋"), fold_name("(株)高橋"));
        assert_eq!(fold_name("㈱ワタナベ"), fold_name("わたなべ 株式会社"));
        assert_eq!(
            fold_name("株式會社渡邊商店"),
            fold_name("渡辺商店 （ 株 ）")
        );
        assert_eq!(fold_name("カブシキガイシャ ミホン"), fold_name("みほん"));
        assert_eq!(fold_name("佐々木"), fold_name("佐佐木"));
    }

    #[test]
    fn the_english_legal_form_is_dropped_however_it_is_spaced() {
        for name in [
            "Mihon Trading Co.,Ltd.",
            "Mihon Trading Co., Ltd.",
            "MIHON TRADING CO. , LTD.",
            "Ｍｉｈｏｎ　Ｔｒａｄｉｎｇ　Ｃｏ．，　Ｌｔｄ．",
            "Mihon Trading Co., Ltd",
            "Mihon Trading Co. Ltd.",
            "Mihon Trading, Inc.",
            "Mihon Trading K.K.",
            "Mihon Trading Kabushiki Kaisha",
            "Mihon Trading",
        ] {
            assert_eq!(fold_name(name), "mihontrading", "{name}");
        }
        assert_eq!(fold_name("Coltd Mihon"), "coltdmihon");
        assert_eq!(fold_name("Company Inc."), "companyinc");
    }

    #[test]
    fn marks_and_apostrophes_do_not_hide_a_name() {
        assert_eq!(fold_name("Ōta Jun’ichi"), "otajunichi");
        assert_eq!(fold_name("José Núñez"), fold_name("JOSE NUNEZ"));
        assert_eq!(fold_name("ガギグ"), fold_name("か\u{3099}き\u{3099}ぐ"));
    }
}
