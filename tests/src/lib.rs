//! The rules that hold the workspace together; see `tests/` for the rules and `e2e/` for whole flows.
