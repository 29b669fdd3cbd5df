//! Copies what a camera recorded: lists an hour at a time by the camera's clock and fetches the pictures in batches.

use std::collections::VecDeque;

use anyhow::Context as _;
use ciero_domain::export::{Recorded, in_order};
use ciero_media::matroska::{Fragment, Fragments, Limits};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::App;
use crate::pen::Pen;

/// How much is listed at once.
const WINDOW_MS: i64 = 3_600_000;
/// A fragment is at most this long, so one that began earlier cannot reach into a span.
const LONGEST_FRAGMENT: SignedDuration = SignedDuration::from_secs(20);
/// How much one request fetches: half of the fragments that it may, and so much that few requests are made.
const BATCH_FRAGMENTS: usize = 500;
const BATCH_BYTES: u64 = 128 << 20;
/// The tag in which an answer names its fragment.
const NUMBER: &str = "AWS_KINESISVIDEO_FRAGMENT_NUMBER";

/// What of which stream is copied.
pub(crate) struct Span<'a> {
    pub stream_name: &'a str,
    pub from: Timestamp,
    pub until: Timestamp,
    pub visible_from: Timestamp,
}

/// Whether a stretch of work reached its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    End,
    /// The time is up; the rest is put aside.
    Time,
}

/// Copies until the span is done or the time is up.
pub(crate) async fn copy(
    app: &App,
    pen: &mut Pen<'_>,
    span: &Span<'_>,
    until: Instant,
) -> anyhow::Result<Reached> {
    let earliest = span
        .from
        .saturating_sub(LONGEST_FRAGMENT)
        .unwrap_or(span.from);
    let earliest = earliest.max(span.visible_from).as_millisecond();
    let end = span.until.as_millisecond();
    loop {
        let start = pen.journal.next_ms.unwrap_or(earliest);
        if start >= end {
            pen.close().await?;
            return Ok(Reached::End);
        }
        let next = start.saturating_add(WINDOW_MS).min(end);
        let (from, to) = (
            Timestamp::from_millisecond(start)?,
            Timestamp::from_millisecond(next)?,
        );
        let mut listed = app.recordings.recorded(span.stream_name, from, to).await?;
        listed.retain(|one| {
            one.end_ms() > span.from.as_millisecond() || one.start_ms >= span.from.as_millisecond()
        });
        let listed = in_order(listed, pen.journal.done_to_ms);
        for batch in batches(listed) {
            if fetch(app, pen, span.stream_name, batch, until).await? == Reached::Time {
                pen.rest().await?;
                return Ok(Reached::Time);
            }
        }
        pen.journal.next_ms = Some(next);
        if next < end && Instant::now() >= until {
            pen.rest().await?;
            return Ok(Reached::Time);
        }
    }
}

/// Cuts a list into what one request fetches.
fn batches(listed: Vec<Recorded>) -> Vec<VecDeque<Recorded>> {
    let mut batches: Vec<VecDeque<Recorded>> = Vec::new();
    let mut bytes = 0;
    for one in listed {
        bytes += one.bytes;
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_FRAGMENTS && bytes <= BATCH_BYTES => {
                batch.push_back(one);
            }
            _ => {
                bytes = one.bytes;
                batches.push(VecDeque::from([one]));
            }
        }
    }
    batches
}

/// Fetches a batch and writes it fragment by fragment. An answer that leaves one out or changes their order is an error: the list
/// is asked for anew when the message comes again.
async fn fetch(
    app: &App,
    pen: &mut Pen<'_>,
    stream_name: &str,
    mut batch: VecDeque<Recorded>,
    until: Instant,
) -> anyhow::Result<Reached> {
    let numbers: Vec<String> = batch.iter().map(|one| one.number.clone()).collect();
    let from_ms = batch.front().map(|one| one.start_ms);
    tracing::info!(export = %pen.export.id, from_ms, fragments = batch.len(), "pictures are fetched");
    let mut media = app.recordings.media(stream_name, &numbers).await?;
    let mut fragments = Fragments::new(Limits::default());
    while let Some(piece) = media.next().await? {
        fragments.push(&piece);
        while let Some(fragment) = fragments.next()? {
            write(pen, &mut batch, &fragment).await?;
            if Instant::now() >= until {
                return Ok(Reached::Time);
            }
        }
    }
    while let Some(fragment) = fragments.finish()? {
        write(pen, &mut batch, &fragment).await?;
    }
    anyhow::ensure!(
        batch.is_empty(),
        "the archive left {} fragments out",
        batch.len()
    );
    Ok(Reached::End)
}

async fn write(
    pen: &mut Pen<'_>,
    batch: &mut VecDeque<Recorded>,
    fragment: &Fragment,
) -> anyhow::Result<()> {
    let expected = batch
        .pop_front()
        .context("a fragment came that nobody asked for")?;
    let number = fragment.tag(NUMBER);
    anyhow::ensure!(
        number == Some(expected.number.as_str()),
        "fragment {} was expected and {number:?} came",
        expected.number
    );
    anyhow::ensure!(
        !fragment.blocks.is_empty(),
        "fragment {} has gone since it was listed",
        expected.number
    );
    pen.write(&expected, fragment).await
}
