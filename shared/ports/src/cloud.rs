//! What the managed services do for us.

use async_trait::async_trait;
use ciero_domain::ids::{ID_BYTES, MessageId, UserId};
use ciero_domain::watch::Arrival;
use jiff::Timestamp;

use crate::decision::Message;

/// A managed service did not do what was asked; try again later.
#[derive(Debug, thiserror::Error)]
#[error("{service} failed: {detail}")]
pub struct CloudError {
    pub service: &'static str,
    pub detail: String,
}

/// Randomness, so that tests can choose it.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Chance: Send + Sync {
    /// Draws the random part of an identifier.
    fn id(&self) -> [u8; ID_BYTES];
}

/// The queues behind the outbox.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Queues: Send + Sync {
    /// Sends messages, each to the queue of its topic, and returns those that were accepted.
    async fn send(&self, messages: &[Message]) -> Vec<Message>;
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The notice's kind, as a tag of the mail.
    pub kind: String,
    /// The notice itself, as a tag of the mail: what becomes of the mail is told under it.
    pub notice: MessageId,
    pub attachment: Option<Attachment>,
}

/// A file that goes with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    /// JSON.
    pub content: String,
}

/// The mail service.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over and returns the service's identifier for it.
    async fn send(&self, mail: &Mail) -> Result<String, CloudError>;
}

/// The customers' sign-in accounts. The user name is the user's identifier.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes the account if there is none and sets a first password that must be changed.
    async fn invite(
        &self,
        user: &UserId,
        email: &str,
        first_password: &str,
    ) -> Result<(), CloudError>;
    /// Lets the person sign in with this address instead of the former one.
    async fn readdress(&self, user: &UserId, email: &str) -> Result<(), CloudError>;
    /// Closes the account; nobody signs in with it any more. An account that is not there is closed.
    async fn close(&self, user: &UserId) -> Result<(), CloudError>;
    /// Deletes the account for good. `false` if it was not there.
    async fn delete(&self, user: &UserId) -> Result<bool, CloudError>;
    /// Tells whether there is such an account.
    async fn exists(&self, user: &UserId) -> Result<bool, CloudError>;
}

/// For how long a stream keeps recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub hours: u32,
    /// The version of the stream, on which a change rests.
    pub version: String,
}

/// The control plane of Kinesis Video.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Streams: Send + Sync {
    /// Makes the stream if there is none, with this retention.
    async fn ensure(&self, stream_name: &str, retention_hours: u32) -> Result<(), CloudError>;
    /// Returns for how long a stream keeps recordings; `None` if it is not there.
    async fn kept(&self, stream_name: &str) -> Result<Option<Kept>, CloudError>;
    /// Lets a stream keep recordings for so many hours from now on; what is older goes at once. `false` if the stream
    /// is being changed, or is not what it was: look again later.
    async fn keep(&self, stream_name: &str, was: &Kept, hours: u32) -> Result<bool, CloudError>;
    /// Deletes a stream with everything that it holds. `false` if it was not there.
    async fn delete(&self, stream_name: &str) -> Result<bool, CloudError>;
    /// Tells whether there is such a stream, one that is being deleted included.
    async fn exists(&self, stream_name: &str) -> Result<bool, CloudError>;
}

/// The files that hold the operator's screening lists, one for each version (P-4, 3-4).
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ListFiles: Send + Sync {
    /// Keeps a file under a key.
    async fn put(&self, key: &str, file: Vec<u8>) -> Result<(), CloudError>;
    /// Returns a file whole; one that is not there is an error.
    async fn get(&self, key: &str) -> Result<Vec<u8>, CloudError>;
}

/// A stretch of recording without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// What a session shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackWindow {
    Live,
    /// Recorded pictures in [from, to) by the camera's clock.
    Recorded {
        from: Timestamp,
        to: Timestamp,
    },
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum PlaybackError {
    /// No fragment: the camera is offline, or nothing was recorded then.
    #[error("there are no pictures")]
    NoPictures,
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

/// Reading of recordings.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Playback: Send + Sync {
    /// Opens an HLS session that lives for a number of seconds and returns its address, which is a secret.
    async fn session(
        &self,
        stream_name: &str,
        window: PlaybackWindow,
        lives_seconds: i32,
    ) -> Result<String, PlaybackError>;
    /// Returns the recorded stretches within a range, gaps of more than `gap_ms` kept apart.
    async fn intervals(
        &self,
        stream_name: &str,
        from: Timestamp,
        to: Timestamp,
        gap_ms: i64,
    ) -> Result<Vec<Interval>, CloudError>;
}

/// What a stream's archive lists of what arrived in a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// Every fragment, in no order.
    All(Vec<Arrival>),
    /// There are more than one reading may list.
    TooMany,
    /// The stream is not there, or keeps nothing.
    NothingKept,
}

/// What has arrived in a stream, by the time of arrival.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Arrivals: Send + Sync {
    /// Lists the fragments whose arrival began within a stretch, in as few requests as their number allows.
    async fn arrivals(
        &self,
        stream_name: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Arrived, CloudError>;
}

/// A certificate that was issued for a device's own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub certificate_id: String,
    pub certificate_pem: String,
}

/// Device identities.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Things: Send + Sync {
    /// Makes the thing, signs the request and lets the certificate act for the thing.
    /// `Ok(None)` if the request cannot be read.
    async fn enroll(
        &self,
        thing_name: &str,
        request_pem: &str,
    ) -> Result<Option<Enrolled>, CloudError>;
    /// Revokes a certificate, so that it can get no further credentials, and deletes it.
    async fn revoke(&self, thing_name: &str, certificate_id: &str) -> Result<(), CloudError>;
    /// Revokes and deletes these certificates, on the thing or not, and then the thing. Fails if any other is on it.
    async fn forget(&self, thing_name: &str, certificates: &[String]) -> Result<(), CloudError>;
    /// Returns the certificates on a thing; `None` if there is no such thing.
    async fn certificates(&self, thing_name: &str) -> Result<Option<Vec<String>>, CloudError>;
    /// Tells whether there is such a certificate, on a thing or not.
    async fn has_certificate(&self, certificate_id: &str) -> Result<bool, CloudError>;
    /// Returns host and port of the credential endpoint.
    async fn credential_endpoint(&self) -> Result<String, CloudError>;
}
