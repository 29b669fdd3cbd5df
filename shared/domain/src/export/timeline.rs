//! From a camera's fragments to the time line of the files: gaps are closed up in the files and told exactly beside them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Fragments at most this far apart, in milliseconds, follow one another; what is longer is a gap.
pub const GAP_MS: i64 = 500;

/// One fragment of a stream, as its archive lists it. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub number: String,
    /// When it begins, by the camera's clock.
    pub start_ms: i64,
    pub length_ms: i64,
    /// When it arrived, by the service's clock.
    pub server_ms: i64,
    pub bytes: u64,
}

impl Recorded {
    /// When it ends, by the camera's clock.
    pub fn end_ms(&self) -> i64 {
        self.start_ms.saturating_add(self.length_ms)
    }
}

/// Orders fragments by the camera's clock and leaves out what was sent twice: of those with the same start the first that arrived
/// stays, and what lies inside another, or before what is done already, goes.
pub fn in_order(mut fragments: Vec<Recorded>, done_to_ms: Option<i64>) -> Vec<Recorded> {
    fragments.sort_by(|a, b| (a.start_ms, &a.number).cmp(&(b.start_ms, &b.number)));
    let mut kept: Vec<Recorded> = Vec::with_capacity(fragments.len());
    let mut before = done_to_ms;
    let mut start_before = None;
    for fragment in fragments {
        let is_double = start_before == Some(fragment.start_ms);
        let is_inside =
            before.is_some_and(|before| fragment.start_ms < before && fragment.end_ms() <= before);
        if !is_double && !is_inside {
            start_before = Some(fragment.start_ms);
            before = Some(before.unwrap_or(i64::MIN).max(fragment.end_ms()));
            kept.push(fragment);
        }
    }
    kept
}

/// A stretch without a gap: where it stands in which file, and when it was by the camera's and by the service's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub file: String,
    /// Where it begins on the file's time line, in milliseconds.
    pub file_ms: u64,
    pub camera_from: Timestamp,
    pub camera_until: Timestamp,
    /// When its first and its last fragment arrived.
    pub server_from: Timestamp,
    pub server_until: Timestamp,
    pub first_fragment: String,
    pub last_fragment: String,
    pub fragments: u32,
}

/// Where the next fragment goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The stretch that may go on.
    pub open: Option<Segment>,
    /// Where the file's time line ends, in milliseconds.
    end_ms: u64,
}

impl Timeline {
    /// Ends the stretch and the file, and returns the stretch.
    pub fn next_file(&mut self) -> Option<Segment> {
        self.end_ms = 0;
        self.open.take()
    }

    /// Places a fragment in a file: returns where it begins there, in milliseconds, and the stretch that ended before it. Within a
    /// stretch the file's time runs as the camera's did.
    pub fn place(&mut self, file: &str, fragment: &Recorded) -> (u64, Option<Segment>) {
        let (start, until) = (moment(fragment.start_ms), moment(fragment.end_ms()));
        let server = moment(fragment.server_ms);
        if let Some(open) = &mut self.open {
            let apart_ms = fragment
                .start_ms
                .saturating_sub(open.camera_until.as_millisecond());
            if apart_ms.abs() <= GAP_MS {
                let since = fragment.start_ms - open.camera_from.as_millisecond();
                let at_ms = open.file_ms.saturating_add_signed(since);
                open.camera_until = open.camera_until.max(until);
                open.server_until = server;
                open.last_fragment.clone_from(&fragment.number);
                open.fragments += 1;
                self.reach(at_ms, fragment);
                return (at_ms, None);
            }
        }
        let at_ms = self.end_ms;
        let next = Segment {
            file: file.to_owned(),
            file_ms: at_ms,
            camera_from: start,
            camera_until: until,
            server_from: server,
            server_until: server,
            first_fragment: fragment.number.clone(),
            last_fragment: fragment.number.clone(),
            fragments: 1,
        };
        self.reach(at_ms, fragment);
        (at_ms, self.open.replace(next))
    }

    fn reach(&mut self, at_ms: u64, fragment: &Recorded) {
        let end = at_ms.saturating_add_signed(fragment.length_ms.max(0));
        self.end_ms = self.end_ms.max(end);
    }
}

/// A time of the span for which there are no pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub from: Timestamp,
    pub until: Timestamp,
    pub milliseconds: i64,
}

/// Returns every gap of a span, in order: what is longer than [`GAP_MS`] and in no stretch.
pub fn gaps(from: Timestamp, until: Timestamp, segments: &[Segment]) -> Vec<Gap> {
    let mut stretches: Vec<(Timestamp, Timestamp)> = segments
        .iter()
        .map(|one| (one.camera_from, one.camera_until))
        .collect();
    stretches.sort_unstable();
    stretches.push((until, until));
    let (mut found, mut reached) = (Vec::new(), from);
    for (start, end) in stretches {
        let start = start.min(until);
        let milliseconds = start.as_millisecond() - reached.as_millisecond();
        if milliseconds > GAP_MS {
            found.push(Gap {
                from: reached,
                until: start,
                milliseconds,
            });
        }
        reached = reached.max(end);
    }
    found
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}
