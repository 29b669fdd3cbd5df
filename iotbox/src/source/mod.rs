//! Where pictures come from: a camera, the test picture, or a file that plays again and again.

mod canvas;
mod drawing;
mod file;
mod font;
pub mod interleave;
mod matroska_file;
mod mp4_file;
pub mod rtsp;
pub mod stamps;
mod test_picture;

use ciero_media::matroska::Track;

pub use file::FileSource;
pub use test_picture::TestPicture;

/// One encoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Presentation time in milliseconds since the source began.
    pub at_ms: u64,
    pub key: bool,
    /// NAL units with four-byte lengths.
    pub data: Vec<u8>,
}

/// One frame of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundFrame {
    /// Milliseconds since the source began.
    pub at_ms: u64,
    pub data: Vec<u8>,
}

/// Whether a fragment would like to begin with the next picture; a file cannot oblige.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWish {
    Wanted,
    NotNeeded,
}

/// Why a source gives no more pictures.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("{path} is neither Matroska nor MP4")]
    UnknownFormat { path: String },
    #[error("{path} has no video that can be sent: {wanted}")]
    NoVideo { path: String, wanted: &'static str },
    #[error(
        "{path} has sound that cannot be sent ({codec}); AAC and G.711 can, and audio = \"none\" in a configuration leaves it out"
    )]
    UnknownSound { path: String, codec: String },
    #[error("{path} is damaged: {reason}")]
    Damaged { path: String, reason: String },
    #[error("the encoder failed: {0}")]
    Encoder(String),
}

impl SourceError {
    /// Whether another try may find it better: a file that is not there may come.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }
}

/// A source of pictures that runs from its own zero.
pub trait Source: Send {
    /// The video track with its decoder's configuration; it never changes.
    fn track(&self) -> &Track;

    /// The sound's track, if there is sound; it never changes.
    fn sound_track(&self) -> Option<&Track> {
        None
    }

    /// Milliseconds since the source began at which the next picture should leave.
    fn next_due_ms(&mut self) -> Result<u64, SourceError>;

    /// Gives the next picture; `clock_ms` is the service clock at its moment, for sources that show it.
    fn next(&mut self, clock_ms: u64, wish: KeyWish) -> Result<Picture, SourceError>;

    /// Takes the sound that came before the last picture and after the one before that.
    fn take_sound(&mut self) -> Vec<SoundFrame> {
        Vec::new()
    }

    /// Begins again at zero, with a key picture.
    fn restart(&mut self) -> Result<(), SourceError>;
}
