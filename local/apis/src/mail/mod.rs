//! SES in front, a mailbox behind: every mail that would have been sent is kept and can be read.

use axum::Router;
use serde::Serialize;

use crate::clock::ServiceClock;
use crate::database::{ControlDatabase, DatabaseError};

/// A kept mail.
#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    pub id: String,
    pub kind: String,
    pub to: Vec<String>,
    pub subject: String,
    /// RFC 3339 by the service clock.
    pub at: String,
    pub text: String,
}

/// All mail. Clones share it.
#[derive(Clone)]
pub struct Mailbox {
    database: ControlDatabase,
    clock: ServiceClock,
}

impl Mailbox {
    pub(crate) fn new(database: ControlDatabase, clock: ServiceClock) -> Self {
        Self { database, clock }
    }

    /// Every mail, newest last.
    pub fn list(&self) -> Result<Vec<Mail>, DatabaseError> {
        unimplemented!()
    }

    /// The pages for people: `/_local/mail.json`, `/_local/mail` and `/_local/mail/{id}`.
    pub fn router(&self) -> Router {
        unimplemented!()
    }

    pub(crate) fn api_router(&self) -> Router {
        unimplemented!()
    }
}
