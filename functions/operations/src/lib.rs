//! The operations function.
