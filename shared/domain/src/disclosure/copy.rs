//! The copy of held recordings, piece by piece, before their retention deletes them (21-4).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Stretch;
use crate::ids::{ContractId, DisclosureId};

/// What lies closer together than this is no gap.
const JOINED: SignedDuration = SignedDuration::from_secs(2);
/// How many gaps are listed; the sum counts all.
const MOST_GAPS: usize = 200;

/// What was recorded in one fragment, as the archive lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    pub number: String,
    /// By the camera's clock.
    pub start: Timestamp,
    pub end: Timestamp,
    pub bytes: u64,
}

/// Which stretch is to be copied for which case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyOrder {
    pub case: DisclosureId,
    pub contract: ContractId,
    pub stretch: Stretch,
    pub stream_name: String,
}

/// How far the copy of one stretch has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldCopy {
    pub order: CopyOrder,
    pub version: u64,
    /// Up to here, by the camera's clock, the stream has been read.
    pub read_until: Timestamp,
    pub pieces: u32,
    pub fragments: u64,
    pub bytes: u64,
    /// SHA-256 of the newest piece's manifest, in hexadecimal; each manifest names the one before it.
    pub last_manifest: Option<String>,
    /// Up to here what was recorded has been copied, or is known to be missing.
    pub reached: Timestamp,
    /// Where nothing was recorded, or nothing is left, the first of them.
    pub gone: Vec<(Timestamp, Timestamp)>,
    pub gone_ms: i64,
    pub completed_at: Option<Timestamp>,
}

impl HoldCopy {
    /// A copy that has not begun.
    pub fn begin(order: CopyOrder) -> Self {
        HoldCopy {
            version: 1,
            read_until: order.stretch.from,
            reached: order.stretch.from,
            order,
            pieces: 0,
            fragments: 0,
            bytes: 0,
            last_manifest: None,
            gone: Vec::new(),
            gone_ms: 0,
            completed_at: None,
        }
    }

    /// Returns where the objects of this copy stand, without a slash at the end.
    pub fn place(&self) -> String {
        let CopyOrder { case, stretch, .. } = &self.order;
        let (from, until) = (
            stretch.from.as_millisecond(),
            stretch.until.as_millisecond(),
        );
        format!("holds/{case}/{}/{from}-{until}", stretch.camera)
    }

    /// Notes a piece whose object and manifest are kept. `bytes` are those of the object.
    pub fn add(&mut self, piece: &[Fragment], bytes: u64, manifest_sha256: String) {
        for fragment in piece {
            self.note_gap(fragment.start);
            self.reached = self.reached.max(fragment.end);
        }
        self.pieces += 1;
        self.fragments += piece.len() as u64;
        self.bytes += bytes;
        self.last_manifest = Some(manifest_sha256);
    }

    /// Notes up to where the stream was read; at the end of the stretch the copy is complete.
    pub fn read_up_to(&mut self, until: Timestamp, now: Timestamp) {
        self.read_until = until.min(self.order.stretch.until);
        if self.read_until >= self.order.stretch.until {
            self.note_gap(self.order.stretch.until);
            self.completed_at = Some(now);
        }
    }

    fn note_gap(&mut self, until: Timestamp) {
        let missing = until.duration_since(self.reached);
        if missing > JOINED {
            self.gone_ms += i64::try_from(missing.as_millis()).unwrap_or(i64::MAX);
            if self.gone.len() < MOST_GAPS {
                self.gone.push((self.reached, until));
            }
        }
        self.reached = self.reached.max(until);
    }
}

/// Fragments that are fetched and kept together.
pub type Batch = Vec<Fragment>;

/// Orders fragments by the camera's clock and puts them together up to a size; one that is larger stands alone.
pub fn batches(mut fragments: Vec<Fragment>, most_bytes: u64, most: usize) -> Vec<Batch> {
    fragments.sort_by(|a, b| (a.start, &a.number).cmp(&(b.start, &b.number)));
    let mut batches: Vec<Batch> = Vec::new();
    let mut bytes = 0;
    for fragment in fragments {
        let room = batches
            .last()
            .is_some_and(|last| last.len() < most && bytes + fragment.bytes <= most_bytes);
        match batches.last_mut() {
            Some(last) if room => {
                bytes += fragment.bytes;
                last.push(fragment);
            }
            _ => {
                bytes = fragment.bytes;
                batches.push(vec![fragment]);
            }
        }
    }
    batches
}
