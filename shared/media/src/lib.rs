//! Matroska reader and writer, writers of MP4 and MPEG transport streams, and what the configurations of decoders say, without IO.
//!
//! Every reader here takes bytes of unknown origin: it refuses what it does not understand, never panics and never
//! reserves memory for bytes that have not arrived.

pub mod annex_b;
pub mod avc;
pub mod codec;
mod ebml;
pub mod hevc;
pub mod matroska;
pub mod mp4;
pub mod sound;
pub mod sps;
pub mod ts;
