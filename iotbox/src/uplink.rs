//! Keeps a PutMedia open: connects, sends what waits, and connects again after whatever goes wrong.

mod session;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;
use tracing::{info, warn};

use self::session::{End, Session};
use crate::backoff::{Backoff, chance};
use crate::clock::{Verdict, in_words};
use crate::media_service::{MediaError, MediaService};
use crate::outbox::Outbox;
use crate::put_media::PutMedia;
use crate::status::{Phase, Status};

/// The patience of an uplink; tests have less of it.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Without any ACK for this long a connection is given up while it should answer.
    pub ack: Duration,
    /// A fragment that is not PERSISTED after this long is sent again on a new connection.
    pub persisted: Duration,
    /// The service ends connections after 45 min.
    pub rotation: Duration,
    /// How long to wait for the last ACKs of a connection that is being ended.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            ack: Duration::from_secs(10),
            persisted: Duration::from_secs(30),
            rotation: Duration::from_secs(40 * 60),
            drain: Duration::from_secs(3),
        }
    }
}

/// Sends the outbox to one stream.
pub struct Uplink {
    pub media: Arc<MediaService>,
    pub outbox: Arc<Outbox>,
    pub status: Arc<Status>,
    /// What every connection begins with: the Matroska header.
    pub header: Bytes,
    pub patience: Patience,
    /// Turns true when the last fragment is in the outbox.
    pub stop: watch::Receiver<bool>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error(
        "the clock of the service is {0} of this device's; set the clock, or allow --follow-service-clock"
    )]
    ClockOff(String),
}

impl Uplink {
    /// Runs until all is sent after `stop`, or until nothing can be sent then.
    pub async fn run(mut self) {
        let started = Instant::now();
        let mut backoff = Backoff::default();
        loop {
            if *self.stop.borrow() && self.outbox.waiting().fragments == 0 {
                return;
            }
            let reason = match self.connect().await {
                Ok(put) => {
                    info!("connected");
                    self.status.phase(Phase::Sending);
                    let end = Session::new(&mut self, started, put)
                        .run(&mut backoff)
                        .await;
                    self.outbox.cut();
                    match end {
                        End::Complete => {
                            self.status.phase(Phase::Connecting);
                            continue;
                        }
                        End::Cut(reason) => reason,
                    }
                }
                Err(error) => error.to_string(),
            };
            let wait = backoff.failed(chance());
            warn!(wait_ms = wait.as_millis() as u64, "{reason}");
            self.status.phase(Phase::Waiting(reason));
            if *self.stop.borrow() {
                return;
            }
            self.status.reconnected();
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = self.stop.changed() => {}
            }
        }
    }

    async fn connect(&self) -> Result<PutMedia, ConnectError> {
        let (data, verdict) = self.media.data_endpoint().await?;
        if let Verdict::Refused { by_ms } = verdict {
            return Err(ConnectError::ClockOff(in_words(by_ms)));
        }
        Ok(self.media.put_media(&data, self.header.clone()).await?)
    }
}
