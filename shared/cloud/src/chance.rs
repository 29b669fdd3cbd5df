//! Randomness from the operating system.

use ciero_domain::ids::ID_BYTES;
use ciero_ports::Chance;

/// The kernel's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsChance;

impl Chance for OsChance {
    fn id(&self) -> [u8; ID_BYTES] {
        let mut bytes = [0; ID_BYTES];
        // The kernel fails only before its source is seeded, early in the boot; zeros must never go out.
        while getrandom::fill(&mut bytes).is_err() {
            std::thread::yield_now();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_are_not_empty() {
        let (one, other) = (OsChance.id(), OsChance.id());
        assert_ne!(one, other);
        assert_ne!(one, [0; ID_BYTES]);
    }
}
