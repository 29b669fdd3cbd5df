//! The frame, language and form pieces that every page shares.
