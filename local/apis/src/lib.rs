//! The AWS APIs of the embedded cloud other than Kinesis Video: one door, one registry of keys, one folder of data.
//!
//! Open everything with [`Apis::open`], mount further services on [`Apis::front_door`], and serve [`Apis::portal_router`] on
//! the portal's own port. Nothing here is the product; it stands in for the managed services on one machine.

pub mod clock;
pub mod credentials;
mod database;
pub mod dynamodb;
pub mod front_door;
pub mod iot;
mod keys;
pub mod mail;
pub mod queues;
pub mod s3;
pub mod sign_in;
pub mod sigv4;
mod sts;
pub mod tally;
pub mod wire;

use std::path::PathBuf;

use axum::Router;

use clock::ServiceClock;
use credentials::Credentials;
use database::ControlDatabase;
use dynamodb::Dynamodb;
use front_door::FrontDoor;
use iot::Things;
use mail::Mailbox;
use queues::Queues;
use s3::Buckets;
use sign_in::SignIn;
use tally::Tally;

/// The account that everything here belongs to.
pub const ACCOUNT_ID: &str = "000000000000";
/// The region that the service keeps its data in (P-2).
pub const REGION: &str = "ap-northeast-1";

/// Where the APIs keep their data and how callers reach them.
#[derive(Clone)]
pub struct ApisConfig {
    pub data_dir: PathBuf,
    pub clock: ServiceClock,
    /// Base of the AWS port, such as `http://127.0.0.1:4566`.
    pub aws_url: String,
    /// Base of the portal's port, such as `http://127.0.0.1:8080`.
    pub portal_url: String,
}

/// Why the APIs could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder cannot be used: {0}")]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    Database(#[from] database::DatabaseError),
    #[error(transparent)]
    Dynamodb(#[from] dynamodb::DynamodbError),
    #[error(transparent)]
    Buckets(#[from] s3::BucketError),
    #[error(transparent)]
    SignIn(#[from] sign_in::SignInError),
    #[error(transparent)]
    Things(#[from] iot::ThingsError),
}

/// Every API, opened on one folder. Clones share everything.
#[derive(Clone)]
pub struct Apis {
    pub clock: ServiceClock,
    pub credentials: Credentials,
    pub dynamodb: Dynamodb,
    pub buckets: Buckets,
    pub queues: Queues,
    pub mailbox: Mailbox,
    pub sign_in: SignIn,
    pub things: Things,
    pub tally: Tally,
}

impl Apis {
    /// Opens or creates all stores under the folder.
    pub fn open(config: &ApisConfig) -> Result<Self, OpenError> {
        let dir = &config.data_dir;
        std::fs::create_dir_all(dir)?;
        let database = ControlDatabase::open(&dir.join("control.sqlite"))?;
        let clock = config.clock.clone();
        let credentials = Credentials::new(database.clone());
        let tally = Tally::from_env();
        let tables = dir.join("dynamodb.sqlite");
        Ok(Self {
            dynamodb: Dynamodb::open(&tables, clock.clone(), tally.clone())?,
            buckets: Buckets::open(&dir.join("s3"), credentials.clone())?,
            queues: Queues::new(database.clone(), clock.clone(), &config.aws_url),
            mailbox: Mailbox::new(database.clone(), clock.clone()),
            sign_in: SignIn::open(database.clone(), clock.clone(), dir, &config.portal_url)?,
            things: Things::open(database, clock.clone(), credentials.clone(), dir)?,
            clock,
            credentials,
            tally,
        })
    }

    /// The door with the services of this crate mounted.
    pub fn front_door(&self) -> FrontDoor {
        FrontDoor::new(
            self.credentials.clone(),
            self.clock.clone(),
            self.tally.clone(),
        )
        .mount("dynamodb", self.dynamodb.router())
        .mount("s3", self.buckets.router())
        .mount("sqs", self.queues.router())
        .mount("ses", self.mailbox.api_router())
        .mount("cognito-idp", self.sign_in.api_router())
        .mount("iot", self.things.router())
        .mount("sts", sts::router())
    }

    /// What the portal's port serves under `/_local`: the mailbox and the sign-in pages.
    pub fn portal_router(&self) -> Router {
        self.mailbox.router().merge(self.sign_in.router())
    }
}
