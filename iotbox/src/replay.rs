//! Which fragments the service does not have yet, and which of them to send next; no IO and no clock.
//!
//! A fragment leaves only when the service says PERSISTED, when it was rejected three times, or when the spool is full
//! and it is among the oldest. After a cut connection everything else is sent again, in order.

use std::collections::VecDeque;

/// A fragment that the service rejects this often would be rejected for ever.
const MAX_REJECTIONS: u8 = 3;

/// Where a fragment lies in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub segment: u32,
    pub offset: u32,
    /// Bytes of the fragment itself.
    pub length: u32,
}

/// One fragment that the service does not have yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// Epoch milliseconds of its first picture.
    pub timecode_ms: u64,
    /// Changes when the clock jumped, pictures are missing or the tracks are others; a connection carries one run only.
    pub run: u32,
    pub place: Place,
}

/// What to do next on the open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Send(Owed),
    /// The next fragment does not continue what this connection carried.
    NewConnection,
    Nothing,
}

#[derive(Debug)]
struct Entry {
    owed: Owed,
    /// When it went out on the open connection, in milliseconds of the caller's time line.
    sent_at_ms: Option<u64>,
    rejections: u8,
}

/// Fragments that go over one connection at a time, oldest first.
#[derive(Debug, Default)]
pub struct Lane {
    entries: VecDeque<Entry>,
    bytes: u64,
    /// Timecode and run of the last fragment on the open connection.
    last_sent: Option<(u64, u32)>,
}

impl Lane {
    pub fn push(&mut self, owed: Owed) {
        self.bytes += u64::from(owed.place.length);
        self.entries.push_back(Entry {
            owed,
            sent_at_ms: None,
            rejections: 0,
        });
    }

    /// Says what comes next on the open connection and notes a fragment as sent.
    pub fn next(&mut self, now_ms: u64) -> Next {
        let Some(entry) = self
            .entries
            .iter_mut()
            .find(|entry| entry.sent_at_ms.is_none())
        else {
            return Next::Nothing;
        };
        let (timecode_ms, run) = (entry.owed.timecode_ms, entry.owed.run);
        if let Some((last_timecode_ms, last_run)) = self.last_sent
            && (timecode_ms <= last_timecode_ms || run != last_run)
        {
            return Next::NewConnection;
        }
        entry.sent_at_ms = Some(now_ms);
        self.last_sent = Some((timecode_ms, run));
        Next::Send(entry.owed)
    }

    /// Timecode and run of the last fragment on the open connection, for [`take_back`](Self::take_back).
    pub fn last_sent(&self) -> Option<(u64, u32)> {
        self.last_sent
    }

    /// Notes that a fragment was not sent after all; `before` is what was sent last before it.
    pub fn take_back(&mut self, place: Place, before: Option<(u64, u32)>) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.owed.place == place) {
            entry.sent_at_ms = None;
            self.last_sent = before;
        }
    }

    /// The fragment that a new connection would begin with.
    pub fn first(&self) -> Option<Owed> {
        self.entries.front().map(|entry| entry.owed)
    }

    /// Forgets the fragment that the service has stored, and returns it; `None` if it is not one that was sent.
    pub fn persisted(&mut self, timecode_ms: u64) -> Option<Owed> {
        let place = self.sent_place(timecode_ms);
        place.and_then(|index| self.remove(index))
    }

    /// Notes that the service rejected a fragment, by default the oldest it was sent; returns it if it is given up.
    pub fn rejected(&mut self, timecode_ms: Option<u64>) -> Option<Owed> {
        let index = match timecode_ms {
            Some(timecode_ms) => self.sent_place(timecode_ms)?,
            None => self
                .entries
                .iter()
                .position(|entry| entry.sent_at_ms.is_some())?,
        };
        let entry = self.entries.get_mut(index)?;
        entry.rejections += 1;
        if entry.rejections < MAX_REJECTIONS {
            return None;
        }
        self.remove(index)
    }

    /// The connection is gone: everything that is left is to be sent again.
    pub fn cut(&mut self) {
        self.last_sent = None;
        for entry in &mut self.entries {
            entry.sent_at_ms = None;
        }
    }

    /// Takes out what is not on its way and more than `fresh_ms` older than the newest, oldest first.
    pub fn take_older(&mut self, fresh_ms: u64) -> Vec<Owed> {
        let Some(newest_ms) = self.entries.back().map(|entry| entry.owed.timecode_ms) else {
            return Vec::new();
        };
        let mut taken = Vec::new();
        // A clock that went back leaves timecodes behind that are later than the newest.
        self.entries.retain(|entry| {
            let fresh = newest_ms.abs_diff(entry.owed.timecode_ms) <= fresh_ms;
            let stays = fresh || entry.sent_at_ms.is_some();
            if !stays {
                taken.push(entry.owed);
            }
            stays
        });
        let bytes: u64 = taken.iter().map(|owed| u64::from(owed.place.length)).sum();
        self.bytes -= bytes;
        taken
    }

    /// Forgets all fragments of a segment and returns them.
    pub fn drop_segment(&mut self, segment: u32) -> Vec<Owed> {
        let mut dropped = Vec::new();
        while let Some(index) = self
            .entries
            .iter()
            .position(|entry| entry.owed.place.segment == segment)
        {
            dropped.extend(self.remove(index));
        }
        dropped
    }

    /// Moves the times of a segment's fragments and returns how many there are.
    pub fn restamp(&mut self, segment: u32, by_ms: i64) -> usize {
        let of_it = |entry: &&mut Entry| entry.owed.place.segment == segment;
        let moved = self.entries.iter_mut().filter(of_it).map(|entry| {
            entry.owed.timecode_ms = entry.owed.timecode_ms.saturating_add_signed(by_ms);
        });
        moved.count()
    }

    /// Forgets one fragment, wherever it is.
    pub fn forget(&mut self, place: Place) {
        let index = self
            .entries
            .iter()
            .position(|entry| entry.owed.place == place);
        if let Some(index) = index {
            self.remove(index);
        }
    }

    /// When the oldest fragment that still waits for the service was sent.
    pub fn oldest_sent_at_ms(&self) -> Option<u64> {
        self.entries.iter().find_map(|entry| entry.sent_at_ms)
    }

    /// Whether something waits that is not on its way.
    pub fn has_unsent(&self) -> bool {
        self.entries
            .back()
            .is_some_and(|entry| entry.sent_at_ms.is_none())
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sent_place(&self, timecode_ms: u64) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| entry.sent_at_ms.is_some() && entry.owed.timecode_ms == timecode_ms)
    }

    fn remove(&mut self, index: usize) -> Option<Owed> {
        let entry = self.entries.remove(index)?;
        self.bytes -= u64::from(entry.owed.place.length);
        Some(entry.owed)
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
