//! The device program: takes a camera's pictures and sends them to Kinesis Video.
//!
//! One thread takes pictures ([`capture`]) and leaves fragments in the [`outbox`]; one task ([`uplink`]) keeps a
//! PutMedia open and sends what the service has not yet PERSISTED ([`replay`]).

pub mod acks;
pub mod activation;
pub mod args;
pub mod backoff;
pub mod capture;
pub mod clock;
pub mod credentials;
pub mod device;
pub mod encoder;
pub mod fragmenter;
pub mod http_client;
pub mod media_service;
pub mod outbox;
pub mod put_media;
pub mod replay;
pub mod run;
pub mod signing;
pub mod source;
pub mod state;
pub mod status;
pub mod tls;
pub mod uplink;
