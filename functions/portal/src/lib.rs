//! The portal function.
