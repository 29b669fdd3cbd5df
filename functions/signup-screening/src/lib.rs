//! The signup-screening function.
