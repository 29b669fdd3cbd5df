//! The AWS APIs of the embedded cloud other than Kinesis Video.
