//! Fragmented MP4 for players, whole MP4 files piece by piece, and the sample table of recorded MP4 files.

pub mod index;
pub mod movie;
pub mod read;
pub mod write;

pub use index::{Index, RowsError};
pub use movie::Movie;
pub use read::{BoxHead, Recording, RecordingError, box_head};
pub use write::{Mp4Error, Sample, init_segment, media_segment, segment_head};
