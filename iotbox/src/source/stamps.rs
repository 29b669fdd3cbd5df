//! When a camera's frames were made, told by their own clock and by when they arrive; no IO.
//!
//! A frame's own time is steady but runs at its camera's pace from an unknown beginning; its arrival is on our clock but
//! comes late by chance. The frame that was least late says what the camera's zero is, and a slow correction follows the drift.

/// How long the least late frame counts.
const WINDOW_MS: u64 = 10_000;
/// A correction is this small per frame, so that nobody sees it.
const STEP_MS: i64 = 1;
/// A difference of this much is a jump of a clock, not lateness.
const JUMP_MS: i64 = 3_000;

/// The time of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// Epoch milliseconds.
    At(u64),
    /// A clock jumped: what follows is a new run, which begins at this time.
    Jumped(u64),
}

/// Stamps the frames of one stream.
#[derive(Debug, Default)]
pub struct Stamper {
    /// Our clock's time of the stream's zero, in milliseconds.
    zero_ms: Option<i64>,
    /// The least late frames of the present and of the last window, and when the present one began.
    least: [Option<i64>; 2],
    window_began_ms: u64,
}

impl Stamper {
    /// Whether no frame was stamped yet.
    pub fn is_fresh(&self) -> bool {
        self.zero_ms.is_none()
    }

    /// Stamps a frame of this time of the stream's own that arrived now.
    pub fn stamp(&mut self, own_ms: i64, now_ms: u64) -> Stamp {
        let late_ms = i64::try_from(now_ms).unwrap_or(i64::MAX) - own_ms;
        if now_ms.abs_diff(self.window_began_ms) > WINDOW_MS {
            self.window_began_ms = now_ms;
            self.least = [None, self.least[0]];
        }
        self.least[0] = Some(self.least[0].map_or(late_ms, |least| least.min(late_ms)));
        let least_ms = self
            .least
            .iter()
            .flatten()
            .copied()
            .min()
            .unwrap_or(late_ms);
        let Some(zero_ms) = self.zero_ms else {
            self.zero_ms = Some(late_ms);
            return Stamp::At(now_ms);
        };
        let off_ms = least_ms - zero_ms;
        if off_ms.abs() > JUMP_MS || late_ms - zero_ms < -JUMP_MS {
            *self = Self {
                zero_ms: Some(late_ms),
                least: [Some(late_ms), None],
                window_began_ms: now_ms,
            };
            return Stamp::Jumped(now_ms);
        }
        let zero_ms = zero_ms + off_ms.clamp(-STEP_MS, STEP_MS);
        self.zero_ms = Some(zero_ms);
        Stamp::At(u64::try_from(zero_ms + own_ms).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_MS: u64 = 1_800_000_000_000;

    /// Stamps frames of 25 a second whose camera's clock runs by this many millionths too fast, each late by chance.
    fn stamps(seconds: u64, too_fast: u64) -> Vec<(u64, u64)> {
        let mut stamper = Stamper::default();
        let mut chance = 1_u64;
        (0..seconds * 25)
            .map(|number| {
                chance = chance
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let made_ms = START_MS + number * 40;
                let own_ms = number * 40 + number * 40 * too_fast / 1_000_000;
                let arrived_ms = made_ms + 20 + (chance >> 33) % 80;
                match stamper.stamp(own_ms as i64, arrived_ms) {
                    Stamp::At(at_ms) | Stamp::Jumped(at_ms) => (made_ms, at_ms),
                }
            })
            .collect()
    }

    #[test]
    fn stamps_are_steady_though_frames_arrive_by_chance() {
        let all = stamps(60, 0);
        let later = &all[500..];
        assert!(later.windows(2).all(|two| two[1].1 - two[0].1 == 40));
        let late_ms: Vec<u64> = later.iter().map(|(made, at)| at - made).collect();
        assert!(
            late_ms.iter().all(|late| (20..30).contains(late)),
            "{late_ms:?}"
        );
    }

    #[test]
    fn a_camera_whose_clock_runs_too_fast_is_followed_for_a_day() {
        let all = stamps(86_400, 100);
        let (made_ms, at_ms) = all[all.len() - 1];
        assert!(at_ms.abs_diff(made_ms) < 100, "{}", at_ms.abs_diff(made_ms));
    }

    #[test]
    fn a_clock_that_jumps_begins_a_new_run() {
        let mut stamper = Stamper::default();
        assert_eq!(stamper.stamp(0, START_MS), Stamp::At(START_MS));
        assert_eq!(stamper.stamp(40, START_MS + 40), Stamp::At(START_MS + 40));
        let year_later = START_MS + 31_536_000_000;
        for number in 2..2000 {
            let now_ms = year_later + number * 40;
            match stamper.stamp(number as i64 * 40, now_ms) {
                Stamp::Jumped(at_ms) => {
                    assert_eq!(at_ms, now_ms);
                    return assert!(number < 600, "seen after {number} frames");
                }
                Stamp::At(_) => {}
            }
        }
        unreachable!("the jump was not seen");
    }

    #[test]
    fn a_clock_that_goes_back_is_seen_at_once() {
        let mut stamper = Stamper::default();
        stamper.stamp(0, START_MS);
        let back_ms = START_MS - 60_000;
        assert_eq!(stamper.stamp(40, back_ms), Stamp::Jumped(back_ms));
    }
}
