//! Names and numbers in the one form in which they compare equal (3-4).

use unicode_normalization::UnicodeNormalization;

/// Legal forms as people write them, spaces left out.
const LEGAL_FORMS: [&str; 14] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "一般社団法人",
    "一般財団法人",
    "特定非営利活動法人",
    "(株)",
    "(有)",
    "(同)",
    "co.,ltd.",
    "co.,ltd",
    "co.ltd.",
];

/// Writes a name so that the same name compares equal: compatibility forms folded, legal forms,
/// spaces and punctuation dropped, common variant characters unified, hiragana as katakana.
pub fn fold_name(name: &str) -> String {
    let mut text: String = name.nfkc().collect::<String>().to_lowercase();
    text.retain(|sign| !sign.is_whitespace());
    for form in LEGAL_FORMS {
        text = text.replace(form, "");
    }
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c {
            '髙' => '高',
            '﨑' | '嵜' => '崎',
            '邊' | '邉' => '辺',
            '齋' | '齊' | '斎' => '斉',
            '澤' => '沢',
            '濱' | '濵' => '浜',
            'ぁ'..='ゖ' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
            other => other,
        })
        .collect()
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
            "Mihon Trading",
        ] {
            assert_eq!(fold_name(name), "mihontrading", "{name}");
        }
        assert_eq!(fold_name("Coltd Mihon"), "coltdmihon");
    }
}
