//! The managed services behind the ports: queues, mail, files, sign-in accounts, Kinesis Video and IoT.
//!
//! One file per service. Each adapter turns the service's answers into the few cases that callers treat
//! differently; everything else is a [`CloudError`](ciero_ports::CloudError).

mod accounts;
mod archive;
mod arrivals;
mod case_files;
mod chance;
mod errors;
mod export_files;
mod files;
mod fragments;
mod intervals;
mod list_files;
mod mailer;
mod playback;
mod queues;
mod recordings;
mod streams;
mod things;

pub use accounts::CognitoAccounts;
pub use case_files::S3CaseFiles;
pub use chance::OsChance;
pub use export_files::S3ExportFiles;
pub use files::S3Files;
pub use list_files::S3ListFiles;
pub use mailer::SesMailer;
pub use playback::KinesisPlayback;
pub use queues::SqsQueues;
pub use streams::KinesisStreams;
pub use things::IotThings;
