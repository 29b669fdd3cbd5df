//! One connection from its first fragment to its last acknowledgement.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::{error, info};

use super::in_flight::{InFlight, Silent};
use super::{Uplink, since_ms};
use crate::acks::Ack;
use crate::backoff::Backoff;
use crate::clock::in_words;
use crate::put_media::{AnswerError, PutMedia};
use crate::spool::{Line, Outgoing, timecode};

const TICK: Duration = Duration::from_millis(500);
/// The service ends a connection that grew old; nothing is wrong with it.
const MAX_CONNECTION_DURATION_REACHED: u32 = 4003;
const OLD: Duration = Duration::from_secs(60);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As intended: its time was over, or there is nothing more to send.
    Complete,
    Cut(String),
}

/// One open connection.
pub(super) struct Session<'a> {
    uplink: &'a mut Uplink,
    opened: Instant,
    put: PutMedia,
    in_flight: InFlight,
    /// A fragment that waits for room.
    pending: Option<Bytes>,
    /// Before this a paced line sends nothing more.
    not_before: Instant,
    /// Set when nothing more is sent here: since when, and how the connection ends.
    ending: Option<(Instant, End)>,
}

enum Happened {
    Acks(Result<Option<Vec<Ack>>, AnswerError>),
    Sent,
    NoMoreRoom,
    Else,
}

impl<'a> Session<'a> {
    pub(super) fn new(uplink: &'a mut Uplink, put: PutMedia) -> Self {
        let now = Instant::now();
        Self {
            uplink,
            opened: now,
            in_flight: InFlight::new(put.taken.bytes(), now),
            put,
            pending: None,
            not_before: now,
            ending: None,
        }
    }

    pub(super) async fn run(mut self, backoff: &mut Backoff) -> End {
        let mut tick = tokio::time::interval(TICK);
        loop {
            self.choose_next();
            if let Some(end) = self.is_over() {
                return end;
            }
            match self.wait(&mut tick).await {
                Happened::Acks(Ok(Some(acks))) => {
                    if let Some(end) = self.take(acks, backoff) {
                        return end;
                    }
                }
                Happened::Acks(Ok(None)) => return self.ended_by_service(),
                Happened::Acks(Err(error)) => return End::Cut(error.to_string()),
                Happened::Sent => {
                    if let Some(bytes) = self.pending.take() {
                        let timecode_ms = timecode::of(&bytes);
                        self.in_flight
                            .sent(timecode_ms, bytes.len(), Instant::now());
                        self.uplink.status.sent(bytes.len());
                        if self.uplink.is_paced() {
                            self.not_before = Instant::now() + self.uplink.pace.after(bytes.len());
                        }
                    }
                }
                // The reason may still come as an ERROR among the acknowledgements.
                Happened::NoMoreRoom => {
                    let reason = "the service takes no more".to_owned();
                    self.begin_end(End::Cut(reason));
                }
                Happened::Else => {}
            }
        }
    }

    /// Takes the next fragment out of the spool, or begins to end the connection.
    fn choose_next(&mut self) {
        if self.pending.is_some() || self.ending.is_some() {
            return;
        }
        if self.opened.elapsed() > self.uplink.patience.rotation {
            info!("this connection is old, a new one follows");
            return self.begin_end(End::Complete);
        }
        // A retired device gets no further keys, so it stops sending when its last ones end.
        let clock = &self.uplink.media.clock;
        let now = clock.signing_time(clock.signs_by());
        if self.put.keys_end.is_some_and(|end| end <= now) {
            info!("the keys of this connection have expired, a new one follows");
            return self.begin_end(End::Complete);
        }
        if let Some(by_ms) = self.uplink.media.clock.refused() {
            let reason = format!(
                "the clock of the service is {} of this device's",
                in_words(by_ms)
            );
            return self.begin_end(End::Cut(reason));
        }
        let stopping = *self.uplink.stop.borrow();
        if stopping && self.uplink.line == Line::Backlog {
            return self.begin_end(End::Complete);
        }
        if Instant::now() < self.not_before || !self.uplink.has_turn() {
            return;
        }
        match self.uplink.spool.next(self.uplink.line, self.now_ms()) {
            Outgoing::Send(bytes) => self.pending = Some(bytes),
            Outgoing::NewConnection => self.begin_end(End::Complete),
            Outgoing::Nothing if stopping || self.is_through() => self.begin_end(End::Complete),
            Outgoing::Nothing => {}
        }
    }

    /// The backlog needs no connection of its own once the service has all of it.
    fn is_through(&self) -> bool {
        self.uplink.line == Line::Backlog && self.uplink.spool.is_empty(Line::Backlog)
    }

    async fn wait(&mut self, tick: &mut tokio::time::Interval) -> Happened {
        let (fragments, acks) = (&self.put.fragments, &mut self.put.acks);
        let listening = self.pending.is_none() && self.ending.is_none();
        let stopping = *self.uplink.stop.borrow();
        tokio::select! {
            acks = acks.next() => Happened::Acks(acks),
            room = fragments.room(), if self.pending.is_some() => match (room, &self.pending) {
                (Some(room), Some(bytes)) => {
                    room.send(bytes.clone());
                    Happened::Sent
                }
                _ => Happened::NoMoreRoom,
            },
            () = self.uplink.spool.rung(self.uplink.line), if listening => Happened::Else,
            () = tokio::time::sleep_until(self.not_before.into()), if listening && Instant::now() < self.not_before => Happened::Else,
            _ = self.uplink.stop.changed(), if listening && !stopping => Happened::Else,
            _ = tick.tick() => Happened::Else,
        }
    }

    fn take(&mut self, acks: Vec<Ack>, backoff: &mut Backoff) -> Option<End> {
        self.note_taken();
        self.in_flight.answered(Instant::now());
        self.uplink.status.acknowledged();
        for ack in acks {
            match ack {
                Ack::Persisted { timecode_ms } => {
                    self.in_flight.persisted(timecode_ms);
                    if self.uplink.spool.persisted(self.uplink.line, timecode_ms) {
                        self.uplink.status.persisted();
                        backoff.succeeded();
                    }
                }
                Ack::Error { id, .. }
                    if id == MAX_CONNECTION_DURATION_REACHED && self.opened.elapsed() > OLD =>
                {
                    return Some(End::Complete);
                }
                Ack::Error {
                    timecode_ms,
                    code,
                    id,
                } => {
                    if is_about_the_fragment(id)
                        && let Some(timecode_ms) =
                            self.uplink.spool.rejected(self.uplink.line, timecode_ms)
                    {
                        error!(
                            timecode_ms,
                            code, "the service rejects a fragment for ever, it is lost"
                        );
                    }
                    return Some(End::Cut(format!("the service ended it with {code} ({id})")));
                }
                Ack::Buffering | Ack::Received | Ack::Other => {}
            }
        }
        None
    }

    fn begin_end(&mut self, end: End) {
        self.pending = None;
        self.put.fragments.end();
        self.ending = Some((Instant::now(), end));
    }

    /// Whether an ending connection has nothing more to say, or a silent one is to be given up.
    fn is_over(&mut self) -> Option<End> {
        self.note_taken();
        let patience = self.uplink.patience;
        let on_its_way = patience.on_its_way(self.in_flight.bytes());
        if self.ending.is_some() {
            return self.has_ended(on_its_way);
        }
        let (since, longest, what) = match self.in_flight.silent(self.put.taken.last())? {
            Silent::Line(since) => (since, patience.until_taken(), "the line takes nothing for"),
            Silent::Service(of) => {
                let longest = patience.ack + patience.on_its_way(of.bytes);
                (of.since, longest, "no acknowledgement for")
            }
        };
        if since.elapsed() > longest {
            let seconds = since.elapsed().as_secs();
            return Some(End::Cut(format!("{what} {seconds} s")));
        }
        let unstored_for = self.in_flight.unstored_since()?.elapsed();
        (unstored_for > patience.persisted + on_its_way).then(|| {
            let seconds = unstored_for.as_secs();
            End::Cut(format!("a fragment was not persisted for {seconds} s"))
        })
    }

    /// An intended end waits for the last acknowledgements as long as something moves, another one for a moment only.
    fn has_ended(&mut self, on_its_way: Duration) -> Option<End> {
        let patience = self.uplink.patience;
        let unstored_for = self.in_flight.unstored_since().map(|at| at.elapsed());
        let moved = self.put.taken.last().max(self.in_flight.last_ack());
        let owes_nothing = self
            .uplink
            .spool
            .oldest_sent_at_ms(self.uplink.line)
            .is_none();
        let is_late = |since: Instant| {
            since.max(moved).elapsed() > patience.drain + on_its_way
                || unstored_for.is_some_and(|waited| waited > patience.persisted + on_its_way)
        };
        let (since, end) = self.ending.take_if(|(since, end)| match end {
            End::Complete => owes_nothing || is_late(*since),
            End::Cut(_) => since.elapsed() > patience.drain,
        })?;
        if end == End::Complete && !owes_nothing && !*self.uplink.stop.borrow() {
            let seconds = since.elapsed().as_secs();
            info!(
                "the last acknowledgements did not come within {seconds} s, those fragments are sent again"
            );
        }
        Some(end)
    }

    fn note_taken(&mut self) {
        let taken = self.put.taken.bytes();
        self.in_flight.taken(taken, Instant::now());
    }

    fn ended_by_service(&mut self) -> End {
        match self.ending.take() {
            Some((_, end)) => end,
            // It ends connections over which nothing comes; nothing is wrong with them.
            None if self.uplink.spool.is_empty(self.uplink.line) => End::Complete,
            None => End::Cut("the service ended the connection".into()),
        }
    }

    fn now_ms(&self) -> u64 {
        since_ms(self.uplink.started)
    }
}

/// Errors of the fragment itself, which would come again; all others are of the service or the stream.
fn is_about_the_fragment(id: u32) -> bool {
    matches!(id, 4001 | 4002 | 4004..=4007 | 4009..=4012)
}
