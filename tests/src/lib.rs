//! Whole flows on the embedded cloud, and the rules that hold the workspace together.
