//! What every function shares: settings, logging, the time of the event, problems, sessions and entry points.

mod answer;
mod aws;
mod catch_up;
mod certificate;
mod deliveries;
mod desk;
mod entry;
mod facts;
mod failure;
mod gate;
mod guard;
mod input;
mod moment;
mod oidc;
mod problem;
mod session;
mod settings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod upload;
mod website;
mod who;
mod worker;

pub use answer::Answer;
pub use aws::{sdk_config, sdk_config_from};
pub use catch_up::Books;
pub use certificate::{CertificateKey, Invalid, verify};
pub use deliveries::{deliveries, other_channel};
pub use desk::{Asked, Desk, Outcome};
pub use entry::{BatchOutcome, Event, OnEvent, QueueItem, run, warm_up};
pub use facts::facts;
pub(crate) use failure::note_failure;
pub use failure::one_by_one;
pub use gate::Gate;
pub use guard::guarded;
pub use input::Input;
pub use moment::Moment;
pub use oidc::{Claims, Pool, SignIn};
pub use problem::Problem;
pub use session::{COOKIE, LIFETIME, Role, Sealer, Session, device_code_hash};
pub use settings::{Settings, number, text};
pub use upload::{Upload, UploadedFile};
pub use website::PublicWebsite;
pub use who::{Administrator, Csrf, Operator, PageLanguage, SignedIn};
pub use worker::Worker;
