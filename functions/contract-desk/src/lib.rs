//! The contract-desk function.
