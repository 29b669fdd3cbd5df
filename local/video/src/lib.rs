//! The embedded Kinesis Video: control plane, PutMedia, archived media, clips, images, HLS and DASH, for one machine.
//!
//! The wire is that of the service, so that official producers, SDKs and players work unchanged. Signatures are
//! checked in front of the [router](Video::router), which only asks what a caller may touch ([`Scope`]).

mod archived;
mod clip;
mod control;
mod error;
mod fragment_number;
mod get_media;
mod images;
mod media_chunk;
mod media_reader;
mod playback;
mod put_media;
mod quotas;
mod recent;
mod request;
mod router;
mod store;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use crate::playback::Playback;
pub use crate::quotas::Quotas;
use crate::quotas::Usage;
use crate::recent::Recent;
use crate::store::Store;
pub use crate::store::check::{Finding, Inconsistency, Report};

/// Tells the service's time in milliseconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the embedded service needs to know.
pub struct VideoConfig {
    /// Holds media, index and the key of session tokens; made if missing.
    pub data_dir: PathBuf,
    /// Where clients reach the router, without a slash at the end; answered by GetDataEndpoint and in session URLs.
    pub base_url: String,
    pub account_id: String,
    pub region: String,
    /// The service's clock: it stamps fragments and ends their retention.
    pub now: Now,
    pub quotas: Quotas,
}

/// What a caller may touch; the front door puts it into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Full,
    /// A device: it may describe this stream and put media into it, and nothing else.
    Stream(String),
}

/// The embedded Kinesis Video. Cheap to clone; the last clone to go finishes the writing.
#[derive(Clone)]
pub struct Video {
    shared: Arc<Shared>,
}

struct Shared {
    config: VideoConfig,
    store: Store,
    recent: Recent,
    usage: Usage,
    playback: Playback,
}

/// Checks a store that nobody has open, down to every byte of its media; a folder that holds none or is in use is an error.
pub fn check(data_dir: &Path) -> anyhow::Result<Report> {
    store::check::check(data_dir)
}

impl Video {
    /// Opens the data folder, or makes it. One process at a time may have it open.
    pub fn open(config: VideoConfig) -> anyhow::Result<Self> {
        let store = Store::open(&config.data_dir, Arc::clone(&config.now))?;
        let playback = Playback::open(&config.data_dir).context("cannot open the session key")?;
        Ok(Self {
            shared: Arc::new(Shared {
                usage: Usage::new(config.quotas, Arc::clone(&config.now)),
                config,
                store,
                recent: Recent::default(),
                playback,
            }),
        })
    }

    /// Serves the operations of the three planes and `GET /hls/v1/…` and `GET /dash/v1/…`.
    pub fn router(&self) -> axum::Router {
        router::router(Arc::clone(&self.shared))
    }

    /// Removes what is out of retention and returns when it is gone; it blocks.
    ///
    /// The service does this by itself every few seconds, and never shows what is out of retention.
    pub fn sweep(&self) {
        self.shared.store.sweep();
    }
}

impl Shared {
    fn now_ms(&self) -> i64 {
        (self.config.now)()
    }
}
