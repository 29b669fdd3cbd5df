//! Money is a whole number of yen, never a float.

use serde::{Deserialize, Serialize};

/// An amount in yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Yen(pub i64);

impl Yen {
    /// Returns the consumption tax on an amount, rounded down once (RULES D).
    pub fn tax(self, percent: i64) -> Yen {
        Yen(self.0 * percent / 100)
    }
}

impl std::ops::Add for Yen {
    type Output = Yen;
    fn add(self, other: Yen) -> Yen {
        Yen(self.0 + other.0)
    }
}

impl std::ops::Sub for Yen {
    type Output = Yen;
    fn sub(self, other: Yen) -> Yen {
        Yen(self.0 - other.0)
    }
}

impl std::fmt::Display for Yen {
    /// Writes the digits in groups of three, without a currency sign.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let mut text = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        write!(f, "{}{text}", if self.0 < 0 { "-" } else { "" })
    }
}

#[cfg(test)]
mod art_06 {
    use super::*;

    #[test]
    fn tax_is_rounded_once_on_the_sum() {
        assert_eq!((Yen(105) + Yen(105) + Yen(105)).tax(10), Yen(31));
    }

    #[test]
    fn amounts_are_written_in_groups_of_three() {
        for (yen, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
            (-12_100, "-12,100"),
        ] {
            assert_eq!(Yen(yen).to_string(), text);
        }
    }
}
