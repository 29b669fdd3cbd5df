//! What each camera and its connections do, as figures and as the line that is printed.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::source::rtsp::KEY_ADVICE;
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
    /// Seconds between the last two key pictures, where that is more than an installer should leave.
    pub keys_apart_s: Option<u64>,
    pub last_ack: Option<Instant>,
}

/// The shared figures of one camera.
#[derive(Debug, Default)]
pub struct Status {
    figures: Mutex<Figures>,
}

impl Figures {
    /// What is sent but must not stay as it is.
    pub fn warning(&self) -> Option<String> {
        let seconds = self.keys_apart_s?;
        Some(format!("key pictures are {seconds} s apart: {KEY_ADVICE}"))
    }
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

    /// Notes whether key pictures are too far apart, and returns what was known before.
    pub fn keys_apart(&self, seconds: Option<u64>) -> Option<u64> {
        let mut before = None;
        self.change(|figures| before = std::mem::replace(&mut figures.keys_apart_s, seconds));
        before
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

/// How often lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Somebody watches: whenever a line may be due.
    Watched,
    /// A log is written: when something has changed, and every ten minutes.
    Logged,
}

const LOGGED_EVERY: Duration = Duration::from_secs(600);

/// What a reader of a log wants to know at once when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    camera: CameraPhase,
    phase: Phase,
    warns: bool,
    /// Once what waited is sent nothing more is lost, so the line then has the whole count.
    sends_what_waited: bool,
    loses: bool,
    keeps_nothing: bool,
}

impl State {
    fn of(figures: &Figures, waiting: Waiting) -> Self {
        Self {
            camera: figures.camera.clone(),
            // A camera that has sent all is as well as one that sends.
            phase: match &figures.phase {
                Phase::Idle => Phase::Sending,
                phase => phase.clone(),
            },
            warns: figures.keys_apart_s.is_some(),
            sends_what_waited: waiting.backlog > 0,
            loses: waiting.lost > 0,
            keeps_nothing: figures.not_kept > 0,
        }
    }
}

/// Makes the lines; remembers what the last one counted.
#[derive(Debug)]
pub struct Reporter {
    stream: String,
    bytes_before: u64,
    at: Instant,
    told: Option<State>,
}

impl Reporter {
    pub fn new(stream: &str) -> Self {
        Self {
            stream: stream.to_owned(),
            bytes_before: 0,
            at: Instant::now(),
            told: None,
        }
    }

    /// The line of this moment, if one is due.
    pub fn due(
        &mut self,
        cadence: Cadence,
        now: Instant,
        status: &Status,
        waiting: Waiting,
    ) -> Option<String> {
        let state = State::of(&status.read(), waiting);
        let is_new = self.told.as_ref() != Some(&state);
        let is_old = now.saturating_duration_since(self.at) >= LOGGED_EVERY;
        if cadence == Cadence::Logged && !is_new && !is_old {
            return None;
        }
        self.told = Some(state);
        Some(self.line_at(now, status, waiting))
    }

    /// The line of this moment.
    pub fn line(&mut self, status: &Status, waiting: Waiting) -> String {
        self.line_at(Instant::now(), status, waiting)
    }

    fn line_at(&mut self, now: Instant, status: &Status, waiting: Waiting) -> String {
        let figures = status.read();
        let bytes = figures.sent_bytes - self.bytes_before;
        let line = Line {
            stream: &self.stream,
            waiting,
            kbit_per_s: kbit_per_s(bytes, now.saturating_duration_since(self.at)),
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
        if let Some(warning) = figures.warning() {
            write!(out, " · {warning}")?;
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
    #[test]
    fn a_log_gets_a_line_for_each_change_and_one_in_ten_minutes() {
        let (status, began) = (Status::default(), Instant::now());
        let mut reporter = Reporter::new("cam-1");
        let mut due_with = |cadence, second, waiting| {
            let now = began + Duration::from_secs(second);
            reporter.due(cadence, now, &status, waiting).is_some()
        };
        let mut due = |cadence, second| due_with(cadence, second, Waiting::default());
        status.phase(SpoolLine::Live, Phase::Sending);
        status.camera(CameraPhase::Running("H.264".into()));
        assert!(due(Cadence::Logged, 5));
        let lines = (2..=17_280).filter(|step| due(Cadence::Logged, step * 5));
        assert_eq!(lines.count(), 143, "a day has 144 times ten minutes");
        let day = 86_400;
        assert!(due(Cadence::Logged, day + 5));
        status.phase(SpoolLine::Live, Phase::Idle);
        assert!(!due(Cadence::Logged, day + 10));
        status.not_kept();
        assert!(due(Cadence::Logged, day + 15));
        status.not_kept();
        assert!(!due(Cadence::Logged, day + 20));
        status.camera(CameraPhase::Failed("wrong password".into()));
        assert!(due(Cadence::Logged, day + 25));
        assert!(!due(Cadence::Logged, day + 30));
        assert!(due(Cadence::Watched, day + 35) && due(Cadence::Watched, day + 40));
        let waiting = |backlog, lost| Waiting {
            backlog,
            lost,
            ..Waiting::default()
        };
        let mut due = |second, waiting| due_with(Cadence::Logged, day + second, waiting);
        assert!(due(45, waiting(9, 1)) && !due(50, waiting(5, 2)));
        assert!(due(55, waiting(0, 3)) && !due(60, waiting(0, 3)));
    }
}
