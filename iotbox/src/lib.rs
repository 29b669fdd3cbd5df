//! The device program: takes a camera's pictures and sends them to Kinesis Video.
//!
//! A thread for each camera ([`camera`]) takes its pictures ([`capture`], [`relay`]) and leaves fragments in its [`spool`]; two tasks
//! ([`uplink`]), one for the present and one for what waited, keep a PutMedia open and send what the service has not yet
//! PERSISTED ([`replay`]).

pub mod acks;
pub mod activation;
pub mod args;
pub mod backoff;
pub mod camera;
pub mod capture;
pub mod check;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod device;
pub mod encoder;
pub mod fragmenter;
pub mod http_client;
pub mod media_service;
pub mod plan;
pub mod put_media;
pub mod relay;
pub mod replay;
pub mod run;
pub mod signing;
pub mod source;
pub mod spool;
pub mod state;
pub mod status;
pub mod status_html;
pub mod status_page;
pub mod taken;
pub mod tls;
pub mod uplink;
pub mod vigil;
