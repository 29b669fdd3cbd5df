//! The playback-url function.
