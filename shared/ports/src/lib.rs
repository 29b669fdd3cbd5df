//! The traits that functions call, with their errors.
