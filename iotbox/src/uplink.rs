//! Keeps a PutMedia open: connects, sends what waits, and connects again after whatever goes wrong.

mod in_flight;
mod session;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{info, warn};

use self::session::{End, Session};
use crate::backoff::{Backoff, chance};
use crate::clock::in_words;
use crate::http_client::SOCKET_BYTES;
use crate::media_service::{MediaError, MediaService};
use crate::put_media::PutMedia;
use crate::spool::{Line, Order, Spool};
use crate::status::{Phase, Status};

/// How soon the backlog looks again whether it may begin.
const GLANCE: Duration = Duration::from_millis(500);
/// The backlog pauses while a fragment of the present is on its way for this long.
const LIVE_PATIENCE: Duration = Duration::from_secs(3);

/// The patience of an uplink; tests have less of it.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A connection over which nothing moves for this long is given up: neither are bytes taken nor ACKs given.
    pub ack: Duration,
    /// A fragment that is not PERSISTED for this long after its last byte was taken is sent again on a new connection.
    pub persisted: Duration,
    /// The slowest line that is waited for; bytes that the socket has taken are that long on their way to the service.
    pub slowest_bytes_per_s: u64,
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
            slowest_bytes_per_s: 16_000,
            rotation: Duration::from_secs(40 * 60),
            drain: Duration::from_secs(3),
        }
    }
}

impl Patience {
    /// How long it may take until the socket takes more: it does when a third of it is free.
    fn until_taken(&self) -> Duration {
        self.ack + self.on_its_way(SOCKET_BYTES / 3)
    }

    /// How long bytes that the socket has taken may be on their way.
    fn on_its_way(&self, bytes: u64) -> Duration {
        let bytes = bytes.min(SOCKET_BYTES);
        Duration::from_millis(bytes * 1000 / self.slowest_bytes_per_s.max(1))
    }
}

/// How fast what waited is sent, so that it never takes the line from the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The service takes five fragments a second and stream, one of which is the present.
    pub fragments_per_second: u32,
    /// 0 is as much as the line has room for.
    pub kbit_per_s: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            fragments_per_second: 4,
            kbit_per_s: 0,
        }
    }
}

impl Pace {
    /// How long after a fragment of this size the next one may follow.
    fn after(self, bytes: usize) -> Duration {
        let between = Duration::from_secs(1) / self.fragments_per_second.max(1);
        let bits = bytes as u64 * 8;
        let sending = bits.checked_div(self.kbit_per_s.into()).unwrap_or(0);
        between.max(Duration::from_millis(sending))
    }
}

/// Sends one line of the spool to one stream.
pub struct Uplink {
    pub media: Arc<MediaService>,
    pub spool: Arc<Spool>,
    pub line: Line,
    pub status: Arc<Status>,
    pub pace: Pace,
    pub patience: Patience,
    /// Zero of the time line on which fragments are noted as sent, the same for both lines of a camera.
    pub started: Instant,
    /// Turns true when the last fragment is in the spool.
    pub stop: watch::Receiver<bool>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(transparent)]
    Media(MediaError),
    #[error(
        "the clock of the service is {0} of this device's; set the clock, or allow --follow-service-clock"
    )]
    ClockOff(String),
}

impl Uplink {
    /// Runs until all is sent after `stop`, or until nothing can be sent then.
    pub async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            if *self.stop.borrow() && (self.line == Line::Backlog || self.spool.is_empty(self.line))
            {
                return;
            }
            if !self.something_waits() {
                self.status.phase(self.line, Phase::Idle);
                tokio::select! {
                    () = self.spool.rung(self.line) => {}
                    _ = self.stop.changed() => {}
                    () = tokio::time::sleep(GLANCE), if self.line == Line::Backlog => {}
                }
                continue;
            }
            let reason = match self.connect().await {
                Ok(None) => continue,
                Ok(Some(put)) => {
                    info!(line = ?self.line, "connected");
                    self.status.phase(self.line, Phase::Sending);
                    let end = Session::new(&mut self, put).run(&mut backoff).await;
                    self.spool.cut(self.line);
                    match end {
                        End::Complete => {
                            self.status.phase(self.line, Phase::Connecting);
                            continue;
                        }
                        End::Cut(reason) => reason,
                    }
                }
                Err(error) => error.to_string(),
            };
            let wait = backoff.failed(chance());
            if backoff.is_told() {
                warn!(line = ?self.line, wait_ms = wait.as_millis() as u64, "{reason}");
            }
            self.status.phase(self.line, Phase::Waiting(reason));
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

    /// Whether there is something to send; the backlog waits for its turn.
    fn something_waits(&self) -> bool {
        self.has_turn() && self.spool.begin(self.line).is_some()
    }

    /// Whether what waited may be sent now. Where it comes first there is nothing to wait for.
    fn has_turn(&self) -> bool {
        let now_ms = since_ms(self.started);
        let patience_ms = LIVE_PATIENCE.as_millis() as u64;
        self.line == Line::Live || self.spool.has_room_beside_live(now_ms, patience_ms)
    }

    /// Whether this line carries what waited, and so is paced.
    fn is_paced(&self) -> bool {
        self.line == Line::Backlog || self.spool.order() == Order::BacklogFirst
    }

    /// Opens a connection; `None` if nothing is left to send once the clocks are compared.
    async fn connect(&self) -> Result<Option<PutMedia>, ConnectError> {
        let data = self.media.data_endpoint().await;
        let data = data.map_err(|error| self.explained(error))?;
        if let Some(by_ms) = self.media.clock.refused() {
            return Err(ConnectError::ClockOff(in_words(by_ms)));
        }
        if let Some(right) = self.media.clock.compared() {
            self.spool.settle(right);
        }
        let Some(header) = self.spool.begin(self.line) else {
            return Ok(None);
        };
        let put = self.media.put_media(&data, header).await;
        put.map(Some).map_err(|error| self.explained(error))
    }

    /// A service that refuses what a wrong clock signed speaks of the signature; the clock is what to set.
    fn explained(&self, error: MediaError) -> ConnectError {
        match (&error, self.media.clock.refused()) {
            (MediaError::Refused { .. }, Some(by_ms)) => ConnectError::ClockOff(in_words(by_ms)),
            _ => ConnectError::Media(error),
        }
    }
}

fn since_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
