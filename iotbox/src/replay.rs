//! Which fragments the service does not have yet, and which of them to send next; no IO and no clock.
//!
//! A fragment leaves only when the service says PERSISTED, when it was rejected three times, or when the memory is
//! full and it is the oldest. After a cut connection everything else is sent again, in order.

use std::collections::VecDeque;

use bytes::Bytes;

/// A fragment that the service rejects this often would be rejected for ever.
const MAX_REJECTIONS: u8 = 3;

/// One fragment as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Epoch milliseconds of its first picture.
    pub timecode_ms: u64,
    /// Changes when the clock jumped or pictures are missing; a connection carries one run only.
    pub run: u32,
    pub bytes: Bytes,
}

/// What to do next on the open connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Send(Fragment),
    /// The next fragment does not continue what this connection carried.
    NewConnection,
    Nothing,
}

#[derive(Debug)]
struct Entry {
    fragment: Fragment,
    /// When it went out on the open connection, in milliseconds of the caller's time line.
    sent_at_ms: Option<u64>,
    rejections: u8,
}

/// The fragments that are not yet stored by the service, oldest first.
#[derive(Debug)]
pub struct ReplayBuffer {
    entries: VecDeque<Entry>,
    bytes: usize,
    limit_bytes: usize,
    /// Timecode and run of the last fragment on the open connection.
    last_sent: Option<(u64, u32)>,
}

impl ReplayBuffer {
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            limit_bytes,
            last_sent: None,
        }
    }

    /// Adds a new fragment and returns those that had to make room, which may be itself.
    pub fn push(&mut self, fragment: Fragment) -> Vec<Fragment> {
        self.bytes += fragment.bytes.len();
        self.entries.push_back(Entry {
            fragment,
            sent_at_ms: None,
            rejections: 0,
        });
        let mut dropped = Vec::new();
        while self.bytes > self.limit_bytes {
            dropped.extend(self.remove(0));
        }
        dropped
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
        let (timecode_ms, run) = (entry.fragment.timecode_ms, entry.fragment.run);
        if let Some((last_timecode_ms, last_run)) = self.last_sent
            && (timecode_ms <= last_timecode_ms || run != last_run)
        {
            return Next::NewConnection;
        }
        entry.sent_at_ms = Some(now_ms);
        self.last_sent = Some((timecode_ms, run));
        Next::Send(entry.fragment.clone())
    }

    /// Forgets the fragment that the service has stored; false if it is not one that was sent.
    pub fn persisted(&mut self, timecode_ms: u64) -> bool {
        let place = self.sent_place(timecode_ms);
        place.and_then(|index| self.remove(index)).is_some()
    }

    /// Notes that the service rejected a fragment, by default the oldest it was sent; returns it if it is given up.
    pub fn rejected(&mut self, timecode_ms: Option<u64>) -> Option<Fragment> {
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

    /// When the oldest fragment that still waits for the service was sent.
    pub fn oldest_sent_at_ms(&self) -> Option<u64> {
        self.entries.iter().find_map(|entry| entry.sent_at_ms)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn sent_place(&self, timecode_ms: u64) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry.sent_at_ms.is_some() && entry.fragment.timecode_ms == timecode_ms
        })
    }

    fn remove(&mut self, index: usize) -> Option<Fragment> {
        let entry = self.entries.remove(index)?;
        self.bytes -= entry.fragment.bytes.len();
        Some(entry.fragment)
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
