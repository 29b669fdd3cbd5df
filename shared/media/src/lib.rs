//! Matroska reader and writer and fragmented MP4 writer, without IO.
