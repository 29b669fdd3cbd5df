//! One PutMedia connection: media in, answers out, at the same time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::FutureExt as _;
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::acks::{Ack, Acks, ErrorCode, NotReading};
use super::ingest::{Complete, Fault, Ingest, Step, Timeline};
use crate::Shared;
use crate::media_chunk::Chunk;
use crate::quotas::ConnectionGuard;
use crate::store::committer::{Command, CommitOutcome, PendingFragment};
use crate::store::feeds::{Fate, Opened};

/// Producers give up when they hear nothing for five seconds.
const IDLE_EVERY: Duration = Duration::from_secs(4);
const MOST_SILENCE: Duration = Duration::from_secs(30);
const MOST_DURATION: Duration = Duration::from_secs(45 * 60);
/// Tags that follow a fragment do so at once, if not always in the same packet; so long nobody reads it without them.
const TAGS_WITHIN: Duration = Duration::from_millis(100);
/// After an error the rest of the body is read and dropped for this long, so that the producer can read why.
const DRAIN: Duration = Duration::from_secs(2);

pub(super) struct Connection {
    pub shared: Arc<Shared>,
    pub stream_id: i64,
    pub acks: Acks,
    pub timeline: Timeline,
    /// Frees the stream's place when the connection ends.
    pub guard: ConnectionGuard,
}

/// How far a connection is.
#[derive(Default)]
struct Course {
    /// The fragment that is being received.
    opened: Option<Opened>,
    /// The last complete one, until another begins or this moment, while its tags may follow.
    tail: Option<(Arc<Opened>, Instant)>,
    /// What became of that, and of its tags.
    fate: Option<Fate>,
    /// Whether a fragment was refused behind the connection's back, and the producer told so.
    is_refused: Arc<AtomicBool>,
}

/// What one look at the body showed, if anything was there.
pub(super) type Glance = Option<Option<Result<Frame<Bytes>, axum::Error>>>;

enum End {
    /// The producer closed its stream in order, or fell silent.
    Closed,
    /// Why was already answered where it was found out.
    Told,
    Error(Fault),
}

impl Connection {
    pub(super) async fn run(self, mut body: Body, first: Glance) {
        let received = AssertUnwindSafe(self.receive(&mut body, first)).catch_unwind();
        let fault = match received.await {
            Ok(Ok(End::Error(fault))) => Some(fault),
            Ok(Ok(End::Told)) => None,
            Ok(Ok(End::Closed) | Err(NotReading)) => return,
            // What went wrong was told where it did; the producer is told that it was not its media.
            Err(_) => Some(Fault {
                code: ErrorCode::InternalError,
                fragment: None,
            }),
        };
        let Self { acks, guard, .. } = self;
        let told = match fault {
            Some(fault) => acks.send(Ack::Error(fault.code, fault.fragment)).await,
            None => Ok(()),
        };
        if told.is_ok() {
            drop((acks, guard));
            let until = Instant::now() + DRAIN;
            while let Ok(Some(Ok(_))) = timeout_at(until, body.frame()).await {}
        }
    }

    async fn receive(&self, body: &mut Body, mut first: Glance) -> Result<End, NotReading> {
        let mut ingest = Ingest::new(self.timeline);
        let mut course = Course::default();
        let began = Instant::now();
        let mut heard = Instant::now();
        let mut next_idle = heard + IDLE_EVERY;
        loop {
            let next = async {
                match first.take() {
                    Some(frame) => frame,
                    None => body.frame().await,
                }
            };
            let wake = course.tail.as_ref().map_or(next_idle, |(_, until)| *until);
            let frame = match timeout_at(wake.min(next_idle), next).await {
                Ok(frame) => frame,
                Err(_) if wake < next_idle => {
                    course.tail = None;
                    continue;
                }
                Err(_) if heard.elapsed() >= MOST_SILENCE => return Ok(End::Closed),
                Err(_) => {
                    self.acks.send(Ack::Idle).await?;
                    next_idle += IDLE_EVERY;
                    continue;
                }
            };
            if course.is_refused.load(Ordering::Relaxed) {
                return Ok(End::Told);
            }
            if began.elapsed() >= MOST_DURATION {
                return Ok(End::Error(Fault {
                    code: ErrorCode::MaxConnectionDurationReached,
                    fragment: None,
                }));
            }
            heard = Instant::now();
            next_idle = heard + IDLE_EVERY;
            let outcome = match frame {
                // What is complete stays, the rest is dropped.
                Some(Err(_)) => return Ok(End::Error(ingest.fault(ErrorCode::StreamReadError))),
                Some(Ok(frame)) => match frame.data_ref() {
                    Some(data) => {
                        self.guard.carry(data.len()).await;
                        ingest.push(data.clone());
                        self.take_steps(&mut ingest, &mut course).await?
                    }
                    None => Ok(()),
                },
                None => {
                    let last = match ingest.finish() {
                        Ok(Some(step)) => self.take_step(step, &mut course).await?,
                        Ok(None) => Ok(()),
                        Err(fault) => Err(fault),
                    };
                    return Ok(last.map_or_else(End::Error, |()| End::Closed));
                }
            };
            if let Err(fault) = outcome {
                return Ok(End::Error(fault));
            }
        }
    }

    async fn take_steps(
        &self,
        ingest: &mut Ingest,
        course: &mut Course,
    ) -> Result<Result<(), Fault>, NotReading> {
        loop {
            let mut number = || {
                let now_ms = self.shared.now_ms();
                let opened = self.shared.store.feeds.open(self.stream_id, now_ms);
                course.opened.insert(opened).number
            };
            match ingest.next(&mut number) {
                Ok(Some(step)) => {
                    let taken = self.take_step(step, course).await?;
                    if taken.is_err() {
                        return Ok(taken);
                    }
                }
                Ok(None) => return Ok(Ok(())),
                Err(fault) => return Ok(Err(fault)),
            }
        }
    }

    async fn take_step(
        &self,
        step: Step,
        course: &mut Course,
    ) -> Result<Result<(), Fault>, NotReading> {
        match step {
            Step::Begin(id) => {
                course.tail = None;
                self.acks.send(Ack::Buffering(id)).await?;
            }
            Step::Complete(fragment) => {
                self.acks.send(Ack::Received(fragment.id)).await?;
                return Ok(self.hand_over(fragment, course).await);
            }
            Step::Tags { number, bytes } => {
                let stream_id = self.stream_id;
                match course.fate {
                    Some(Fate::Kept) => self.shared.store.submit(Command::Tags {
                        stream_id,
                        number,
                        bytes,
                        follows: course.tail.as_ref().map(|(opened, _)| Arc::clone(opened)),
                    }),
                    Some(Fate::Passing) => self.shared.recent.add_tags(stream_id, number, bytes),
                    None => {}
                }
            }
        }
        Ok(Ok(()))
    }

    /// Hands a fragment to where it goes by what the stream's settings are now.
    async fn hand_over(&self, fragment: Complete, course: &mut Course) -> Result<(), Fault> {
        let feeds = &self.shared.store.feeds;
        let id = fragment.id;
        let (mut room, mut checksum) = (None, None);
        if feeds.fate(self.stream_id) == Some(Fate::Kept) {
            // Waiting here is what slows producers down when the disk is slower than they are.
            room = self.room_for(&fragment).await;
            checksum = Some(fragment.data.checksum());
        }
        let opened = course.opened.take().map(Arc::new);
        let until = Instant::now() + TAGS_WITHIN;
        course.tail = opened.clone().map(|opened| (opened, until));
        let is_refused = Arc::clone(&course.is_refused);
        course.fate = feeds.settle(self.stream_id, |fate| {
            match fate {
                Fate::Kept => self.persist(fragment, checksum, (room, opened), is_refused),
                Fate::Passing => self.pass_on(fragment),
            }
            fate
        });
        if course.fate.is_none() {
            return Err(Fault {
                code: ErrorCode::StreamNotActive,
                fragment: Some(id),
            });
        }
        Ok(())
    }

    /// Hands what is not kept to those who follow the stream.
    fn pass_on(&self, fragment: Complete) {
        let chunk = Chunk {
            number: fragment.id.number,
            producer_ms: fragment.producer_ms,
            length_ms: fragment.length_ms,
            header: fragment.header,
            media: fragment.data.into_bytes(),
            tags: Vec::new(),
        };
        let now_ms = self.shared.now_ms();
        self.shared.recent.push(self.stream_id, chunk, now_ms);
    }

    async fn room_for(&self, fragment: &Complete) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(fragment.data.len() / 1024 + 1).unwrap_or(u32::MAX);
        let room = self.shared.store.room();
        room.acquire_many_owned(kib).await.ok()
    }

    /// Hands a fragment to be written; what it holds is let go when that is done.
    fn persist(
        &self,
        fragment: Complete,
        checksum: Option<i32>,
        holds: (Option<OwnedSemaphorePermit>, Option<Arc<Opened>>),
        is_refused: Arc<AtomicBool>,
    ) {
        let acks = self.acks.clone();
        let id = fragment.id;
        let done = move |outcome| {
            drop(holds);
            acks.send_now(match outcome {
                CommitOutcome::Persisted => Ack::Persisted(id),
                CommitOutcome::StreamGone => Ack::Error(ErrorCode::StreamNotActive, Some(id)),
                CommitOutcome::Failed => Ack::Error(ErrorCode::ArchivalError, Some(id)),
            });
            is_refused.fetch_or(outcome != CommitOutcome::Persisted, Ordering::Relaxed);
        };
        self.shared.store.submit(Command::Fragment(PendingFragment {
            stream_id: self.stream_id,
            number: id.number,
            header: fragment.header,
            producer_ms: fragment.producer_ms,
            timecode_ms: id.timecode_ms,
            length_ms: fragment.length_ms,
            frames: fragment.frames,
            checksum: checksum.unwrap_or_else(|| fragment.data.checksum()),
            data: fragment.data,
            done: Box::new(done),
        }));
    }
}
