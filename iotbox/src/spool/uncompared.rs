//! Pictures that were stamped by a clock that no answer of the service had been compared with: what is known of that clock,
//! and how far they are to be moved once it is compared.
//!
//! How far a clock was ahead of the machine's running time tells that, however often the clock was set since, until the
//! machine starts again. What was learnt is kept in the spool's folder, so that it outlives the start.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Fragment, timecode};
use crate::clock::{Ahead, Boot, TOLERATED_MS};

/// What becomes of the pictures of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// They are moved by so many milliseconds, 0 where their time was right.
    Moved(i64),
    /// Nobody can say any more when they were taken.
    Unknown,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    clock: Ahead,
    /// How far its pictures are moved when they are read; `None` until that is known.
    moved_by_ms: Option<i64>,
}

/// The segments of one spool with such pictures.
#[derive(Debug)]
pub struct Uncompared {
    /// The clock of the fragment that is kept next.
    pub next: Option<Ahead>,
    segments: BTreeMap<u32, Segment>,
    right: Option<Ahead>,
    /// What is known of the right time after earlier starts of this machine.
    known: BTreeMap<Boot, i64>,
    path: PathBuf,
}

impl Uncompared {
    /// Reads what an earlier run has learnt.
    pub fn open(folder: &Path) -> Self {
        let path = folder.join("clock");
        let text = fs::read_to_string(&path).unwrap_or_default();
        Self {
            next: None,
            segments: BTreeMap::new(),
            right: None,
            known: text.lines().filter_map(parse).collect(),
            path,
        }
    }

    pub fn found(&mut self, segment: u32, clock: Option<Ahead>) {
        if let Some(clock) = clock {
            let moved_by_ms = None;
            self.segments
                .insert(segment, Segment { clock, moved_by_ms });
        }
    }

    pub fn gone(&mut self, segment: u32) {
        self.segments.remove(&segment);
    }

    /// How far the pictures of a segment are to be moved.
    pub fn moved_by(&self, segment: u32) -> i64 {
        let segment = self.segments.get(&segment);
        segment.and_then(|segment| segment.moved_by_ms).unwrap_or(0)
    }

    /// A fragment as it is kept: at its right time if that is known by now.
    pub fn right(&self, fragment: &Fragment) -> Option<Fragment> {
        let by_ms = distance(self.right?, fragment.uncompared?)?;
        let settled = Fragment {
            uncompared: None,
            ..fragment.clone()
        };
        Some(match by_ms {
            0 => settled,
            by_ms => Fragment {
                timecode_ms: fragment.timecode_ms.saturating_add_signed(by_ms),
                bytes: timecode::moved(&fragment.bytes, by_ms)?,
                ..settled
            },
        })
    }

    /// Takes what an answer of the service said of the right time, and returns what becomes of the pictures that waited
    /// for it.
    pub fn settle(&mut self, right: Ahead) -> Vec<(u32, Settled)> {
        self.right = Some(right);
        if self.segments.values().all(|one| one.moved_by_ms.is_some()) {
            return Vec::new();
        }
        self.known.insert(right.boot, right.ms);
        let segments = &self.segments;
        let of_use = |boot: &Boot| segments.values().any(|one| one.clock.boot == *boot);
        self.known.retain(|boot, _| of_use(boot));
        if let Err(error) = self.write() {
            tracing::warn!(%error, "what was learnt of the clock cannot be kept");
        }
        let mut settled = Vec::new();
        for (number, segment) in &mut self.segments {
            if segment.moved_by_ms.is_some() {
                continue;
            }
            let boot = segment.clock.boot;
            let known = self.known.get(&boot).map(|&ms| Ahead { boot, ms });
            segment.moved_by_ms = known.and_then(|right| distance(right, segment.clock));
            let outcome = match segment.moved_by_ms {
                None => Settled::Unknown,
                Some(by_ms) => Settled::Moved(by_ms),
            };
            settled.push((*number, outcome));
        }
        settled
    }

    /// Writes a file that is whole or absent, whenever the power goes.
    fn write(&self) -> std::io::Result<()> {
        if self.known.is_empty() {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let temporary = self.path.with_extension("new");
        let mut file = File::create(&temporary)?;
        for (boot, ms) in &self.known {
            writeln!(file, "{:032x} {ms}", boot.0)?;
        }
        file.sync_all()?;
        fs::rename(&temporary, &self.path)
    }
}

fn parse(line: &str) -> Option<(Boot, i64)> {
    let (boot, ms) = line.split_once(' ')?;
    let boot = u128::from_str_radix(boot, 16).ok()?;
    Some((Boot(boot), ms.parse().ok()?))
}

/// How far a clock's time is to be moved to be right; a difference that is tolerated of clocks is none.
fn distance(right: Ahead, clock: Ahead) -> Option<i64> {
    let by_ms = right.ms - clock.ms;
    let tolerated = by_ms.abs() <= TOLERATED_MS;
    (right.boot == clock.boot).then_some(if tolerated { 0 } else { by_ms })
}

#[cfg(test)]
#[path = "uncompared_tests.rs"]
mod tests;
