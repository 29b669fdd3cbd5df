//! 書き出し: the customer's own copy of recordings and of registered data (9, 15-2). Nothing is ever restored from it.

#[cfg(test)]
mod tests;
mod timeline;

pub use timeline::{GAP_MS, Gap, Recorded, Segment, Timeline, gaps, in_order};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{CameraId, ContractId, ExportId, UserId};
use crate::rules::rules;

/// How many exports of one contract may be under way at once.
pub const AT_ONCE: usize = 30;
/// How long files can be fetched; afterwards their store drops them.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How long an export stands in the list.
pub const LISTED: SignedDuration = SignedDuration::from_hours(24 * 30);

rules! {
    /// Why a command on exports is refused.
    Refusal {
        TooMany => ("too_many_exports", "作成中のバックアップが上限（30件）に達しています。完了してからもう一度お試しください。", "30 exports are under way, which is the most. Please try again when one is done."),
        NothingToExport => ("nothing_to_export", "書き出せるカメラがありません。", "There is no camera whose recordings you can export."),
        NotReady => ("export_not_ready", "このバックアップはまだ完了していません。", "This export is not complete yet."),
        NotMade => ("export_failed", "このバックアップは作成できませんでした。", "This export could not be made."),
        Expired => ("export_expired", "このバックアップの取得期限（7日間）を過ぎています。", "The files of this export were kept for 7 days and are gone."),
    }
}

rules! {
    /// Why an export that was begun came to nothing.
    Failure {
        NotEntitled => ("not_entitled", "作成の途中で、書き出す権限がなくなりました。", "The right to export was lost while it was made."),
        PictureUnknown => ("picture_unknown", "映像の形式をMP4に収められません。", "The format of the pictures does not fit an MP4 file."),
        RecordingsDeleted => ("recordings_deleted", "カメラの録画が消去されたため、このバックアップも消去されました。", "The camera's recordings were deleted, and this copy of them with them."),
        TooManyFiles => ("too_many_files", "映像の形式の切り替わりが多すぎます。短い範囲に分けてください。", "The format of the pictures changes too often. Please ask for shorter spans."),
    }
}

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// What one camera recorded in [from, until) by its own clock.
    Recordings {
        camera: CameraId,
        from: Timestamp,
        until: Timestamp,
        /// A fragment that reaches into the span is taken whole if it began at this moment or later.
        visible_from: Timestamp,
    },
    /// What the tables hold of the customer (2-9).
    RegisteredData,
}

/// For whom the copy is made. It decides who may have it and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// The customer's own copy (9, 15-2), asked for by this person.
    Backup { by: UserId },
}

/// Where an export stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    UnderWay,
    Done { at: Timestamp },
    Failed { at: Timestamp, why: Failure },
}

/// A file that is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
    /// How long it plays; `None` of a file without pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plays_ms: Option<u64>,
}

/// One export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    pub id: ExportId,
    pub version: u64,
    pub contract: ContractId,
    #[serde(flatten)]
    pub what: What,
    #[serde(flatten)]
    pub purpose: Purpose,
    pub asked_at: Timestamp,
    #[serde(flatten)]
    pub state: State,
    pub files: Vec<File>,
    /// Up to where the recordings are copied, by the camera's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Timestamp>,
    /// How many gaps the span has, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaps: Option<u32>,
    /// Where the work stands, in the words of the function that does it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub journal: String,
}

impl Export {
    /// An export that was asked for just now.
    pub fn ask(id: ExportId, contract: ContractId, what: What, by: UserId, now: Timestamp) -> Self {
        Export {
            id,
            version: 1,
            contract,
            what,
            purpose: Purpose::Backup { by },
            asked_at: now,
            state: State::UnderWay,
            files: Vec::new(),
            reached: None,
            gaps: None,
            journal: String::new(),
        }
    }

    /// Tells whether there is work to do.
    pub fn is_under_way(&self) -> bool {
        self.state == State::UnderWay
    }

    /// The camera whose recordings are exported.
    pub fn camera(&self) -> Option<&CameraId> {
        match &self.what {
            What::Recordings { camera, .. } => Some(camera),
            What::RegisteredData => None,
        }
    }

    /// Ends the work; nothing of the journal is needed any more.
    pub fn ended(mut self, state: State) -> Self {
        self.version += 1;
        self.state = state;
        self.journal = String::new();
        self
    }

    /// Returns the file of this name if it can be fetched now.
    pub fn file(&self, name: &str, now: Timestamp) -> Result<Option<&File>, Refusal> {
        match &self.state {
            State::UnderWay => Err(Refusal::NotReady),
            State::Failed { .. } => Err(Refusal::NotMade),
            State::Done { at } if is_past(*at, now) => Err(Refusal::Expired),
            State::Done { .. } => Ok(self.files.iter().find(|file| file.name == name)),
        }
    }

    /// The place of its files, and of what its making leaves. Everything of a contract stands under one prefix.
    pub fn folder(&self) -> String {
        format!("contracts/{}/exports/{}", self.contract, self.id)
    }
}

/// Tells whether files that were complete at a moment are gone.
pub fn is_past(done_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(done_at) >= KEPT
}

/// Decides whether so many more exports may begin beside those of the contract.
pub fn admit(exports: &[Export], more: usize) -> Result<(), Refusal> {
    match more {
        0 => Err(Refusal::NothingToExport),
        more if more > room(exports) => Err(Refusal::TooMany),
        _ => Ok(()),
    }
}

/// Returns how many more exports may begin.
pub fn room(exports: &[Export]) -> usize {
    let under_way = exports.iter().filter(|one| one.is_under_way()).count();
    AT_ONCE.saturating_sub(under_way)
}
