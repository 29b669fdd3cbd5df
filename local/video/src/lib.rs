//! The embedded Kinesis Video: control plane, PutMedia, archived media and HLS.
