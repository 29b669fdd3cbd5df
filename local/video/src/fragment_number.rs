//! Fragment numbers: 47 digits that hold a sequence, the service's time and some random bits.

use std::fmt;

use crate::store::fragments::Position;

/// Names one fragment of a stream; numbers of later fragments are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FragmentNumber {
    pub sequence: u64,
    pub server_ms: u64,
    pub random: u32,
}

const RANDOM_BITS: u32 = 28;
const BILLION: u64 = 1_000_000_000;
/// Digits of the greatest number of 157 bits.
const DIGITS: usize = 48;

impl FragmentNumber {
    /// Draws the random part.
    pub(crate) fn draw(sequence: u64, server_ms: i64) -> Self {
        let random = getrandom::u32().unwrap_or(0) & ((1 << RANDOM_BITS) - 1);
        Self {
            sequence,
            server_ms: server_ms.max(0).unsigned_abs(),
            random,
        }
    }

    /// Its place among the fragments of its stream, in order of arrival.
    pub(crate) fn position(self) -> Position {
        let part = |part| i64::try_from(part).unwrap_or(i64::MAX);
        (part(self.server_ms), part(self.sequence))
    }

    /// Reads the decimal form; `None` for text that is no fragment number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 48 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut limbs = [0_u32; 5];
        for digit in text.bytes() {
            let mut carry = u64::from(digit - b'0');
            for limb in limbs.iter_mut().rev() {
                let value = u64::from(*limb) * 10 + carry;
                *limb = value as u32;
                carry = value >> 32;
            }
            if carry != 0 {
                return None;
            }
        }
        let low = limbs[1..]
            .iter()
            .fold(0_u128, |low, &limb| low << 32 | u128::from(limb));
        if limbs[0] >> 28 != 1 {
            return None;
        }
        let sequence_high = u64::from(limbs[0] & 0x0FFF_FFFF) << 36;
        Some(Self {
            sequence: sequence_high | (low >> 92) as u64,
            server_ms: (low >> RANDOM_BITS) as u64,
            random: low as u32 & ((1 << RANDOM_BITS) - 1),
        })
    }
}

impl fmt::Display for FragmentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = u128::from(self.sequence & 0xF_FFFF_FFFF) << 92
            | u128::from(self.server_ms) << RANDOM_BITS
            | u128::from(self.random);
        let mut limbs = [
            1 << 28 | (self.sequence >> 36) as u32,
            (low >> 96) as u32,
            (low >> 64) as u32,
            (low >> 32) as u32,
            low as u32,
        ];
        let mut digits = [b'0'; DIGITS];
        for group in digits.rchunks_mut(9) {
            let mut rest = 0;
            for limb in &mut limbs {
                let value = rest << 32 | u64::from(*limb);
                *limb = (value / BILLION) as u32;
                rest = value % BILLION;
            }
            for digit in group.iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        let first = digits.iter().position(|&digit| digit != b'0');
        let digits = &digits[first.unwrap_or(0)..];
        f.write_str(std::str::from_utf8(digits).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_the_real_service_decodes_to_its_time() {
        // Logged with the fragment timecode 1677613819540.
        let text = "91343852333182006801812051225829315333083406205";
        let number = FragmentNumber::parse(text);
        assert_eq!(number.map(|n| n.to_string()).as_deref(), Some(text));
        let server_ms = number.map_or(0, |n| n.server_ms);
        assert!((1_677_613_819_000..1_677_613_830_000).contains(&server_ms));
    }

    #[test]
    fn numbers_have_47_digits_and_sort_as_text_by_sequence() {
        let early = FragmentNumber::draw(0, 4_000_000_000_000).to_string();
        let later = FragmentNumber::draw(1, 1_700_000_000_000).to_string();
        let large = FragmentNumber::draw(1 << 40, 1_700_000_000_000).to_string();
        assert!(early < later && later < large);
        assert!([early, later, large].iter().all(|text| text.len() == 47));
    }

    #[test]
    fn a_number_reads_back() {
        for sequence in [0, 1, 999, u64::from(u32::MAX), 1 << 36, 1 << 50] {
            let number = FragmentNumber::draw(sequence, 1_800_000_000_123);
            assert_eq!(FragmentNumber::parse(&number.to_string()), Some(number));
        }
    }

    #[test]
    fn other_text_is_no_fragment_number() {
        for text in [
            "",
            "abc",
            "1",
            "-1",
            "9".repeat(48).as_str(),
            "9".repeat(90).as_str(),
            "１２",
        ] {
            assert_eq!(FragmentNumber::parse(text), None, "{text}");
        }
    }
}
