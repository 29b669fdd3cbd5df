//! Fragmented MP4 for players, and the sample table of recorded MP4 files.

pub mod read;
pub mod write;

pub use read::{BoxHead, Recording, RecordingError, box_head};
pub use write::{Mp4Error, Sample, init_segment, media_segment};
