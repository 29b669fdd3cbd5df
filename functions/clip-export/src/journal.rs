//! What a worker leaves for the next: how far the camera's recordings are copied, and the file that is open.

use ciero_domain::export::{Export, Timeline};
use ciero_media::mp4::Movie;
use ciero_ports::Upload;
use serde::{Deserialize, Serialize};

use crate::hash::Running;

/// How far the work is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// Fragments that begin before this, by the camera's clock, are done; nothing is done if it is missing.
    pub next_ms: Option<i64>,
    /// Where the newest fragment ends.
    pub done_to_ms: Option<i64>,
    pub timeline: Timeline,
    pub file: Option<Open>,
    /// How many pieces of the list of stretches are put aside.
    pub lists: u32,
}

/// A file that is not complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub name: String,
    pub movie: Movie,
    /// The store's name for the upload, once there is a part.
    pub upload_id: Option<String>,
    /// The tags of the parts that are there.
    pub tags: Vec<String>,
    /// How many bytes the parts have.
    pub bytes: u64,
    pub hash: Running,
    /// How many pieces of the index are put aside.
    pub rows: u32,
    /// Whether bytes that fill no part yet are put aside under the number of that piece.
    pub tail: bool,
    /// Every part is there; only the store has not made the file of them.
    pub closing: bool,
}

impl Open {
    pub fn begin(name: String, movie: Movie) -> Self {
        Open {
            name,
            movie,
            upload_id: None,
            tags: Vec::new(),
            bytes: 0,
            hash: Running::new(),
            rows: 0,
            tail: false,
            closing: false,
        }
    }

    /// The place of the file.
    pub fn key(&self, export: &Export) -> String {
        format!("{}/{}", export.folder(), self.name)
    }

    /// The upload, once there is a part.
    pub fn upload(&self, export: &Export) -> Option<Upload> {
        let (key, id) = (self.key(export), self.upload_id.clone()?);
        Some(Upload { key, id })
    }

    /// The place of a piece of this file's index.
    pub fn rows_key(&self, export: &Export, number: u32) -> String {
        format!("{}/work/{}.rows-{number:05}", export.folder(), self.name)
    }

    /// The place of the bytes that fill no part yet.
    pub fn tail_key(&self, export: &Export) -> String {
        format!(
            "{}/work/{}.tail-{:05}",
            export.folder(),
            self.name,
            self.rows
        )
    }
}

/// The place of a piece of the list of stretches.
pub(crate) fn list_key(export: &Export, number: u32) -> String {
    format!("{}/work/stretches-{number:05}.json", export.folder())
}

impl Journal {
    /// Reads what the export carries.
    pub fn of(export: &Export) -> anyhow::Result<Self> {
        match export.journal.as_str() {
            "" => Ok(Journal::default()),
            text => Ok(serde_json::from_str(text)?),
        }
    }
}
