//! What a connection has sent that the service has not stored yet, and since when nothing moves there; no IO and no clock.

use std::collections::VecDeque;
use std::time::Instant;

/// The fragments of one connection between the spool and PERSISTED.
#[derive(Debug)]
pub(super) struct InFlight {
    fragments: VecDeque<Sent>,
    /// All bytes that were handed to the line, which it takes bit by bit.
    handed: u64,
    last_ack: Instant,
    /// What the service could have answered for since its last ACK.
    answerable: Option<Answerable>,
}

/// A fragment that the line has taken to its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answerable {
    pub since: Instant,
    /// What may still be on its way to the service before it can answer.
    pub bytes: u64,
}

#[derive(Debug)]
struct Sent {
    timecode_ms: Option<u64>,
    bytes: u64,
    /// Its last byte, counted among those handed to the line.
    end: u64,
    handed_at: Instant,
    /// When the line had taken it to its last byte.
    whole_at: Option<Instant>,
}

/// Who keeps a connection waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silent {
    /// The line takes no bytes since then.
    Line(Instant),
    /// The service has what it could answer for, and says nothing.
    Service(Answerable),
}

impl InFlight {
    /// Begins with what the line has taken of the request's head.
    pub(super) fn new(taken: u64, now: Instant) -> Self {
        Self {
            fragments: VecDeque::new(),
            handed: taken,
            last_ack: now,
            answerable: None,
        }
    }

    pub(super) fn sent(&mut self, timecode_ms: Option<u64>, bytes: usize, now: Instant) {
        let bytes = bytes as u64;
        self.handed += bytes;
        self.fragments.push_back(Sent {
            timecode_ms,
            bytes,
            end: self.handed,
            handed_at: now,
            whole_at: None,
        });
    }

    /// Notes how many bytes the line has taken by now.
    pub(super) fn taken(&mut self, taken: u64, now: Instant) {
        let mut bytes = 0;
        for sent in &mut self.fragments {
            bytes += sent.bytes;
            if sent.whole_at.is_none() && sent.end <= taken {
                sent.whole_at = Some(now);
                let since = now;
                self.answerable.get_or_insert(Answerable { since, bytes });
            }
        }
    }

    /// The service has said something.
    pub(super) fn answered(&mut self, now: Instant) {
        self.last_ack = now;
        self.answerable = None;
    }

    pub(super) fn persisted(&mut self, timecode_ms: u64) {
        self.fragments
            .retain(|sent| sent.timecode_ms != Some(timecode_ms));
    }

    pub(super) fn bytes(&self) -> u64 {
        self.fragments.iter().map(|sent| sent.bytes).sum()
    }

    pub(super) fn last_ack(&self) -> Instant {
        self.last_ack
    }

    /// Who keeps the connection waiting; `None` if nothing is on its way. A long fragment on a slow line is no silence:
    /// while its bytes are taken the service has nothing to answer for.
    pub(super) fn silent(&self, last_taken: Instant) -> Option<Silent> {
        self.fragments.front()?;
        if let Some(answerable) = self.answerable {
            return Some(Silent::Service(answerable));
        }
        let unfinished = self.fragments.iter().find(|sent| sent.whole_at.is_none());
        Some(match unfinished {
            None => Silent::Service(Answerable {
                since: self.last_ack,
                bytes: self.bytes(),
            }),
            Some(sent) => Silent::Line(sent.handed_at.max(last_taken).max(self.last_ack)),
        })
    }

    /// Since when the line has taken the oldest fragment that the service has not stored.
    pub(super) fn unstored_since(&self) -> Option<Instant> {
        self.fragments.front()?.whole_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const FRAGMENT: usize = 500;

    /// A connection over which one fragment was sent at its second 0, and that second.
    fn one_sent() -> (InFlight, Instant) {
        let now = Instant::now();
        let mut in_flight = InFlight::new(100, now);
        in_flight.sent(Some(1), FRAGMENT, now);
        (in_flight, now)
    }

    fn service(since: Instant, bytes: u64) -> Option<Silent> {
        Some(Silent::Service(Answerable { since, bytes }))
    }

    fn after(began: Instant, seconds: u64) -> Instant {
        began + Duration::from_secs(seconds)
    }

    #[test]
    fn while_the_line_takes_a_long_fragment_nobody_is_silent() {
        let (mut in_flight, began) = one_sent();
        for seconds in 1..60 {
            let now = after(began, seconds);
            in_flight.taken(100 + seconds * 8, now);
            assert_eq!(in_flight.silent(now), Some(Silent::Line(now)));
            assert_eq!(in_flight.unstored_since(), None);
        }
    }

    #[test]
    fn a_line_that_takes_no_more_bytes_is_silent_since_the_last() {
        let (mut in_flight, began) = one_sent();
        in_flight.taken(400, after(began, 3));
        in_flight.taken(400, after(began, 9));
        let silent = in_flight.silent(after(began, 3));
        assert_eq!(silent, Some(Silent::Line(after(began, 3))));
    }

    #[test]
    fn a_line_over_which_nothing_went_for_long_is_not_silent_at_once() {
        let (mut in_flight, began) = one_sent();
        in_flight.taken(600, after(began, 1));
        in_flight.answered(after(began, 2));
        in_flight.persisted(1);
        assert_eq!(in_flight.silent(after(began, 1)), None);
        in_flight.sent(Some(2), FRAGMENT, after(began, 70));
        let silent = in_flight.silent(after(began, 1));
        assert_eq!(silent, Some(Silent::Line(after(began, 70))));
    }

    #[test]
    fn a_service_that_takes_everything_and_says_nothing_is_silent_since_the_first_whole_fragment() {
        let (mut in_flight, began) = one_sent();
        in_flight.taken(600, after(began, 1));
        for seconds in 2..20 {
            in_flight.sent(Some(seconds), FRAGMENT, after(began, seconds));
            in_flight.taken(600 + (seconds - 1) * 500, after(began, seconds));
            let silent = in_flight.silent(after(began, seconds));
            assert_eq!(silent, service(after(began, 1), 500));
        }
        in_flight.answered(after(began, 20));
        let silent = in_flight.silent(after(began, 19));
        assert_eq!(silent, service(after(began, 20), 19 * 500));
    }

    #[test]
    fn the_oldest_fragment_that_is_not_stored_tells_since_when_the_line_has_it() {
        let (mut in_flight, began) = one_sent();
        in_flight.taken(600, after(began, 1));
        in_flight.sent(Some(2), FRAGMENT, after(began, 2));
        in_flight.taken(1_100, after(began, 3));
        in_flight.persisted(2);
        assert_eq!(in_flight.unstored_since(), Some(after(began, 1)));
        assert_eq!(in_flight.bytes(), 500);
    }
}
