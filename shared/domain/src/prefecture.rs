//! The 47 prefectures (JIS X 0401) and the postal codes that belong to them.

use serde::{Deserialize, Serialize};

use crate::Language;

/// A prefecture by its JIS X 0401 number, 1 (Hokkaido) to 47 (Okinawa).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Prefecture(u8);

impl Default for Prefecture {
    /// The first of the list, for particulars that name no place.
    fn default() -> Self {
        Prefecture(1)
    }
}

/// Japanese name, English name, and the first two digits of its postal codes as inclusive ranges.
type Row = (&'static str, &'static str, &'static [(u8, u8)]);

const TABLE: [Row; 47] = [
    ("北海道", "Hokkaido", &[(0, 0), (4, 9)]),
    ("青森県", "Aomori", &[(3, 3)]),
    ("岩手県", "Iwate", &[(2, 2)]),
    ("宮城県", "Miyagi", &[(98, 98)]),
    ("秋田県", "Akita", &[(1, 1)]),
    ("山形県", "Yamagata", &[(99, 99)]),
    ("福島県", "Fukushima", &[(96, 97)]),
    ("茨城県", "Ibaraki", &[(30, 31)]),
    ("栃木県", "Tochigi", &[(32, 32)]),
    ("群馬県", "Gunma", &[(37, 37)]),
    ("埼玉県", "Saitama", &[(33, 36)]),
    ("千葉県", "Chiba", &[(26, 29)]),
    ("東京都", "Tokyo", &[(10, 20)]),
    ("神奈川県", "Kanagawa", &[(21, 25)]),
    ("新潟県", "Niigata", &[(94, 95)]),
    ("富山県", "Toyama", &[(93, 93)]),
    ("石川県", "Ishikawa", &[(92, 92)]),
    ("福井県", "Fukui", &[(91, 91)]),
    ("山梨県", "Yamanashi", &[(40, 40)]),
    ("長野県", "Nagano", &[(38, 39)]),
    ("岐阜県", "Gifu", &[(50, 50)]),
    ("静岡県", "Shizuoka", &[(41, 43)]),
    ("愛知県", "Aichi", &[(44, 49)]),
    ("三重県", "Mie", &[(49, 49), (51, 51)]),
    ("滋賀県", "Shiga", &[(52, 52)]),
    ("京都府", "Kyoto", &[(52, 52), (60, 62)]),
    ("大阪府", "Osaka", &[(53, 59), (61, 61)]),
    ("兵庫県", "Hyogo", &[(65, 67)]),
    ("奈良県", "Nara", &[(63, 64)]),
    ("和歌山県", "Wakayama", &[(64, 64)]),
    ("鳥取県", "Tottori", &[(68, 68)]),
    ("島根県", "Shimane", &[(68, 69)]),
    ("岡山県", "Okayama", &[(70, 71)]),
    ("広島県", "Hiroshima", &[(72, 73)]),
    ("山口県", "Yamaguchi", &[(74, 75)]),
    ("徳島県", "Tokushima", &[(77, 77)]),
    ("香川県", "Kagawa", &[(76, 76)]),
    ("愛媛県", "Ehime", &[(79, 79)]),
    ("高知県", "Kochi", &[(78, 78)]),
    ("福岡県", "Fukuoka", &[(80, 83)]),
    ("佐賀県", "Saga", &[(84, 84)]),
    ("長崎県", "Nagasaki", &[(81, 81), (85, 85)]),
    ("熊本県", "Kumamoto", &[(86, 86)]),
    ("大分県", "Oita", &[(83, 83), (87, 87)]),
    ("宮崎県", "Miyazaki", &[(88, 88)]),
    ("鹿児島県", "Kagoshima", &[(89, 89)]),
    ("沖縄県", "Okinawa", &[(90, 90)]),
];

impl Prefecture {
    /// Every prefecture, from north to south.
    pub fn all() -> impl Iterator<Item = Prefecture> {
        (1..=47).map(Prefecture)
    }

    /// Reads the JIS X 0401 number ("13") or the Japanese name ("東京都").
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<u8>() {
            return Prefecture::try_from(number).ok();
        }
        let place = TABLE.iter().position(|row| row.0 == text)?;
        u8::try_from(place + 1).ok().map(Prefecture)
    }

    /// Returns the JIS X 0401 number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Returns the name in a language.
    pub fn name(self, language: Language) -> &'static str {
        let row = &TABLE[usize::from(self.0) - 1];
        language.t(row.0, row.1)
    }

    /// Tells whether a postal code of seven digits can lie in the prefecture. Some codes cross a
    /// border, so a "no" is a signal to a person and never a refusal.
    pub fn may_have(self, postal_code: &str) -> bool {
        let row = &TABLE[usize::from(self.0) - 1];
        let head = postal_code
            .get(..2)
            .and_then(|digits| digits.parse::<u8>().ok());
        head.is_some_and(|head| row.2.iter().any(|(from, to)| (*from..=*to).contains(&head)))
    }
}

impl TryFrom<u8> for Prefecture {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        if (1..=47).contains(&number) {
            Ok(Prefecture(number))
        } else {
            Err(format!("no prefecture {number}"))
        }
    }
}

impl From<Prefecture> for u8 {
    fn from(prefecture: Prefecture) -> u8 {
        prefecture.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_prefecture_is_read_by_number_and_by_name() {
        assert_eq!(Prefecture::parse("13"), Prefecture::parse("東京都"));
        for text in ["0", "48", "", "Tokyo-to", "東京"] {
            assert_eq!(Prefecture::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_postal_code_of_tokyo_does_not_lie_in_osaka() {
        assert!(Prefecture::parse("東京都").unwrap().may_have("1000001"));
        assert!(!Prefecture::parse("大阪府").unwrap().may_have("1000001"));
    }
}
