//! What each camera and its connections do, as figures and as the line that is printed every few seconds.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::spool::{Line as SpoolLine, Waiting};

/// What a connection is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Connecting,
    Sending,
    /// Nothing is there to be sent.
    Idle,
    /// Waiting before the next attempt, for this reason.
    Waiting(String),
}

/// What a camera is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CameraPhase {
    #[default]
    Connecting,
    /// Pictures come; what they are.
    Running(String),
    /// No pictures are taken, because nothing could stamp them with their true time.
    Paused,
    /// No pictures come, for this reason.
    Failed(String),
}

/// The figures of one camera since the start.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub camera: CameraPhase,
    pub phase: Phase,
    pub backlog: Phase,
    pub sent: u64,
    pub persisted: u64,
    pub sent_bytes: u64,
    pub reconnects: u64,
    /// Fragments that were not kept because the clock was known to be wrong.
    pub not_kept: u64,
    pub last_ack: Option<Instant>,
}

/// The shared figures of one camera.
#[derive(Debug, Default)]
pub struct Status {
    figures: Mutex<Figures>,
}

impl Status {
    pub fn phase(&self, line: SpoolLine, phase: Phase) {
        self.change(|figures| match line {
            SpoolLine::Live => figures.phase = phase,
            SpoolLine::Backlog => figures.backlog = phase,
        });
    }

    pub fn camera(&self, phase: CameraPhase) {
        self.change(|figures| figures.camera = phase);
    }

    pub fn sent(&self, bytes: usize) {
        self.change(|figures| {
            figures.sent += 1;
            figures.sent_bytes += bytes as u64;
        });
    }

    pub fn persisted(&self) {
        self.change(|figures| figures.persisted += 1);
    }

    pub fn not_kept(&self) {
        self.change(|figures| figures.not_kept += 1);
    }

    pub fn acknowledged(&self) {
        self.change(|figures| figures.last_ack = Some(Instant::now()));
    }

    pub fn reconnected(&self) {
        self.change(|figures| figures.reconnects += 1);
    }

    fn change(&self, act: impl FnOnce(&mut Figures)) {
        act(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The figures of this moment.
    pub fn read(&self) -> Figures {
        let figures = self.figures.lock();
        figures.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Makes the lines; remembers what the last one counted.
#[derive(Debug)]
pub struct Reporter {
    stream: String,
    bytes_before: u64,
    at: Instant,
}

impl Reporter {
    pub fn new(stream: &str) -> Self {
        Self {
            stream: stream.to_owned(),
            bytes_before: 0,
            at: Instant::now(),
        }
    }

    /// The line of this moment.
    pub fn line(&mut self, status: &Status, waiting: Waiting) -> String {
        let now = Instant::now();
        let figures = status.read();
        let bytes = figures.sent_bytes - self.bytes_before;
        let line = Line {
            stream: &self.stream,
            waiting,
            kbit_per_s: kbit_per_s(bytes, now - self.at),
            since_ack: figures.last_ack.map(|at| now.saturating_duration_since(at)),
            figures: &figures,
        };
        let text = line.to_string();
        self.bytes_before = figures.sent_bytes;
        self.at = now;
        text
    }
}

fn kbit_per_s(bytes: u64, during: Duration) -> u64 {
    let ms = u64::try_from(during.as_millis()).unwrap_or(u64::MAX);
    bytes.saturating_mul(8).checked_div(ms).unwrap_or(0)
}

struct Line<'a> {
    stream: &'a str,
    figures: &'a Figures,
    waiting: Waiting,
    kbit_per_s: u64,
    since_ack: Option<Duration>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = self.figures;
        match &figures.phase {
            Phase::Connecting => write!(out, "{}: connecting", self.stream)?,
            Phase::Sending => write!(out, "{}: sending", self.stream)?,
            Phase::Idle => write!(out, "{}: nothing to send", self.stream)?,
            Phase::Waiting(reason) => write!(out, "{}: not sending ({reason})", self.stream)?,
        }
        write!(
            out,
            " · {} fragments sent, {} persisted, {} pending ({} kB) · {} kbit/s · ",
            figures.sent,
            figures.persisted,
            self.waiting.fragments,
            self.waiting.bytes / 1000,
            self.kbit_per_s
        )?;
        match self.since_ack {
            None => write!(out, "no ACK yet")?,
            Some(since) => write!(out, "last ACK {:.1} s ago", since.as_secs_f32())?,
        }
        match figures.reconnects {
            1 => write!(out, " · 1 reconnect")?,
            reconnects => write!(out, " · {reconnects} reconnects")?,
        }
        if self.waiting.backlog > 0 {
            write!(
                out,
                " · {} of the pending wait from before",
                self.waiting.backlog
            )?;
        }
        if self.waiting.lost > 0 {
            write!(out, " · {} lost", self.waiting.lost)?;
        }
        if figures.not_kept > 0 {
            write!(
                out,
                " · {} not kept because the clock is wrong",
                figures.not_kept
            )?;
        }
        match &figures.camera {
            CameraPhase::Failed(reason) => write!(out, " · no pictures ({reason})"),
            CameraPhase::Paused => write!(out, " · no pictures while the clock is wrong"),
            CameraPhase::Connecting | CameraPhase::Running(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_all_that_counts() {
        let figures = Figures {
            phase: Phase::Sending,
            sent: 12,
            persisted: 11,
            sent_bytes: 2_000_000,
            reconnects: 1,
            ..Figures::default()
        };
        let line = Line {
            stream: "cam-1",
            figures: &figures,
            waiting: Waiting {
                fragments: 1,
                bytes: 62_500,
                backlog: 0,
                lost: 3,
            },
            kbit_per_s: kbit_per_s(1_000_000, Duration::from_secs(5)),
            since_ack: Some(Duration::from_millis(340)),
        };
        assert_eq!(
            line.to_string(),
            "cam-1: sending · 12 fragments sent, 11 persisted, 1 pending (62 kB) · 1600 kbit/s · \
             last ACK 0.3 s ago · 1 reconnect · 3 lost"
        );
    }

    #[test]
    fn a_line_says_why_nothing_is_sent() {
        let status = Status::default();
        let reason = "the clock is 3 days behind";
        status.phase(SpoolLine::Live, Phase::Waiting(reason.into()));
        status.camera(CameraPhase::Failed("wrong password".into()));
        let line = Reporter::new("cam-1").line(&status, Waiting::default());
        assert!(
            line.starts_with("cam-1: not sending (the clock is 3 days behind) · 0 fragments sent")
        );
        assert!(line.ends_with("no ACK yet · 0 reconnects · no pictures (wrong password)"));
    }
}
