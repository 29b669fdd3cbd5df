//! First passwords: drawn for one mail, never stored, never logged.

use ciero_domain::ids::base32;
use ciero_ports::Chance;

/// Draws a password of 80 random bits in groups that people can type: `k7qm-2f9x-…`.
pub(crate) fn draw(chance: &dyn Chance) -> String {
    let text = base32(&chance.id());
    let groups: Vec<&str> = (0..text.len())
        .step_by(4)
        .filter_map(|start| text.get(start..start + 4))
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ciero_ports::MockChance;

    fn drawn(bytes: [u8; 10]) -> String {
        let mut chance = MockChance::new();
        chance.expect_id().return_const(bytes);
        draw(&chance)
    }

    #[test]
    fn a_password_is_long_grouped_and_keeps_every_bit() {
        assert_eq!(drawn([0; 10]), "0000-0000-0000-0000");
        assert_eq!(drawn([255; 10]), "zzzz-zzzz-zzzz-zzzz");
        let mut last = [0; 10];
        last[9] = 1;
        assert_eq!(drawn(last), "0000-0000-0000-0001");
    }
}
