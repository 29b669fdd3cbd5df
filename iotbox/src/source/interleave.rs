//! Puts pictures and sound, which arrive on their own, into the order of their times; no IO and no clock.

use std::collections::VecDeque;

/// A frame waits this long for the other stream at most.
const PATIENCE_MS: u64 = 500;

/// A frame of either stream with its time (epoch milliseconds) and when it arrived.
#[derive(Debug)]
struct Waiting<T> {
    at_ms: u64,
    arrived_ms: u64,
    frame: T,
}

/// The frames of two streams; each comes out in the order in which it went in.
#[derive(Debug)]
pub struct Interleaver<T> {
    streams: [VecDeque<Waiting<T>>; 2],
}

impl<T> Default for Interleaver<T> {
    fn default() -> Self {
        Self {
            streams: [VecDeque::new(), VecDeque::new()],
        }
    }
}

impl<T> Interleaver<T> {
    /// Adds a frame of stream 0 or 1.
    pub fn push(&mut self, stream: usize, at_ms: u64, arrived_ms: u64, frame: T) {
        self.streams[stream & 1].push_back(Waiting {
            at_ms,
            arrived_ms,
            frame,
        });
    }

    /// Takes the next frame whose place is certain by now.
    pub fn pop(&mut self, now_ms: u64) -> Option<(u64, T)> {
        let [first, second] = &self.streams;
        let stream = match (first.front(), second.front()) {
            (Some(a), Some(b)) => usize::from(b.at_ms < a.at_ms),
            (Some(one), None) | (None, Some(one)) => {
                if now_ms.abs_diff(one.arrived_ms) < PATIENCE_MS {
                    return None;
                }
                usize::from(first.is_empty())
            }
            (None, None) => return None,
        };
        let waiting = self.streams[stream].pop_front()?;
        Some((waiting.at_ms, waiting.frame))
    }

    /// Takes everything, because nothing more comes.
    pub fn drain(&mut self) -> Vec<(u64, T)> {
        std::iter::from_fn(|| self.pop(u64::MAX)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_in_the_order_of_their_times() {
        let mut frames = Interleaver::default();
        frames.push(0, 100, 100, "picture 100");
        assert_eq!(frames.pop(100), None);
        frames.push(1, 90, 110, "sound 90");
        assert_eq!(frames.pop(110), Some((90, "sound 90")));
        assert_eq!(
            frames.pop(110),
            None,
            "sound before the picture may still come"
        );
        frames.push(1, 110, 130, "sound 110");
        assert_eq!(frames.pop(130), Some((100, "picture 100")));
    }

    #[test]
    fn a_stream_that_falls_silent_holds_nobody_up() {
        let mut frames = Interleaver::default();
        frames.push(0, 100, 1_000, "picture");
        assert_eq!(frames.pop(1_499), None);
        assert_eq!(frames.pop(1_500), Some((100, "picture")));
    }

    #[test]
    fn pictures_that_refer_to_later_ones_keep_their_order() {
        let mut frames = Interleaver::default();
        for at_ms in [100, 180, 140] {
            frames.push(0, at_ms, 0, at_ms);
        }
        let order: Vec<u64> = frames.drain().into_iter().map(|(at_ms, _)| at_ms).collect();
        assert_eq!(order, [100, 180, 140]);
    }
}
