//! The rules of the terms as pure functions.
