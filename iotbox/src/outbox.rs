//! The fragments between the camera's thread and the connection: the replay buffer, shared, with a bell.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tracing::warn;

use crate::replay::{Fragment, Next, ReplayBuffer};

/// The shared replay buffer.
#[derive(Debug)]
pub struct Outbox {
    buffer: Mutex<ReplayBuffer>,
    bell: Notify,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub fragments: usize,
    pub bytes: usize,
}

impl Outbox {
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            buffer: Mutex::new(ReplayBuffer::new(limit_bytes)),
            bell: Notify::new(),
        }
    }

    /// Adds a fragment; the oldest make room when there is none.
    pub fn push(&self, fragment: Fragment) {
        for dropped in self.locked().push(fragment) {
            warn!(
                timecode_ms = dropped.timecode_ms,
                bytes = dropped.bytes.len(),
                "the memory for unsent pictures is full, the oldest fragment is lost"
            );
        }
        self.bell.notify_one();
    }

    /// Waits until a fragment may have come.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    pub fn next(&self, now_ms: u64) -> Next {
        self.locked().next(now_ms)
    }

    pub fn persisted(&self, timecode_ms: u64) -> bool {
        self.locked().persisted(timecode_ms)
    }

    pub fn rejected(&self, timecode_ms: Option<u64>) -> Option<Fragment> {
        self.locked().rejected(timecode_ms)
    }

    pub fn cut(&self) {
        self.locked().cut();
    }

    pub fn oldest_sent_at_ms(&self) -> Option<u64> {
        self.locked().oldest_sent_at_ms()
    }

    pub fn waiting(&self) -> Waiting {
        let buffer = self.locked();
        Waiting {
            fragments: buffer.len(),
            bytes: buffer.bytes(),
        }
    }

    /// A panic elsewhere leaves the buffer whole: each of its steps is complete.
    fn locked(&self) -> MutexGuard<'_, ReplayBuffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
