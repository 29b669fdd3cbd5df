//! One part of a copy: some time of the stretch, piece by piece, each with a manifest that names the one before it.

use anyhow::Context as _;
use ciero_domain::contract::stable_id;
use ciero_domain::disclosure::{Batch, CopyOrder, HoldCopy, batches};
use ciero_ports::{Body, CommitError, Decision, Message, Write, WriteKind};
use ciero_runtime::Moment;
use jiff::SignedDuration;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::App;

/// How much of the stretch is listed at once, by the camera's clock.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// How many windows one part reads; a stretch without recordings is passed over quickly.
const WINDOWS: usize = 6;
/// How large a piece may be: it is held in memory. A fragment list holds at most 1,000.
const MOST_BYTES: u64 = 24 * 1024 * 1024;
const MOST_FRAGMENTS: usize = 1_000;

/// Goes on with a copy, and asks for the next part unless it is complete. Where another delivery of the message is
/// faster, this one stops.
pub async fn part(app: &App, order: &CopyOrder, now: Moment) -> anyhow::Result<()> {
    let copies = app.disclosures.hold_copies(&order.case).await?;
    let mut copies = copies.into_iter();
    let mut copy = copies
        .find(|copy| copy.order == *order)
        .context("no hold asked for this copy")?;
    for _ in 0..WINDOWS {
        if copy.completed_at.is_some() {
            return Ok(());
        }
        let until = copy.read_until + WINDOW;
        let until = until.min(order.stretch.until);
        let listed = app
            .archive
            .fragments(&order.stream_name, copy.read_until, until)
            .await?;
        // One that reaches over the end of a window is a piece of the window in which it begins.
        let (from, is_first) = (copy.read_until, copy.read_until == order.stretch.from);
        let fresh = listed
            .into_iter()
            .filter(|one| one.start >= from || is_first);
        for batch in batches(fresh.collect(), MOST_BYTES, MOST_FRAGMENTS) {
            piece(app, &mut copy, batch).await?;
        }
        copy.read_up_to(until, now.0);
        copy.version += 1;
        if !written(app, &copy).await? {
            tracing::info!(case = %order.case, "another delivery goes on with this copy");
            return Ok(());
        }
    }
    match copy.completed_at {
        Some(_) => Ok(()),
        None => next(app, &copy, now).await,
    }
}

/// Keeps the fragments of a batch as one object, with its manifest.
async fn piece(app: &App, copy: &mut HoldCopy, batch: Batch) -> anyhow::Result<()> {
    let stream = &copy.order.stream_name;
    let numbers: Vec<String> = batch.iter().map(|one| one.number.clone()).collect();
    let (batch, media) = match app.archive.media(stream, &numbers).await? {
        Some(media) => (batch, media),
        // Retention was faster with one of them: each is asked for by itself.
        None => one_by_one(app, stream, batch).await?,
    };
    if batch.is_empty() {
        return Ok(());
    }
    let name = format!("{}/{:06}", copy.place(), copy.pieces + 1);
    let bytes = media.len() as u64;
    let manifest = json!({
        "case": copy.order.case, "contract": copy.order.contract, "camera": copy.order.stretch.camera,
        "stream": stream, "piece": copy.pieces + 1, "fragments": batch, "bytes": bytes,
        "sha256": hex::encode(Sha256::digest(&media)), "manifest_before": copy.last_manifest,
    });
    let manifest = manifest.to_string().into_bytes();
    let hash = hex::encode(Sha256::digest(&manifest));
    let media_name = format!("{name}.mkv");
    app.files
        .put(&media_name, "video/x-matroska", media)
        .await?;
    let manifest_name = format!("{name}.json");
    app.files
        .put(&manifest_name, "application/json", manifest)
        .await?;
    copy.add(&batch, bytes, hash);
    Ok(())
}

async fn one_by_one(app: &App, stream: &str, batch: Batch) -> anyhow::Result<(Batch, Vec<u8>)> {
    let (mut left, mut media) = (Batch::new(), Vec::new());
    for fragment in batch {
        let number = std::slice::from_ref(&fragment.number);
        if let Some(mut bytes) = app.archive.media(stream, number).await? {
            media.append(&mut bytes);
            left.push(fragment);
        }
    }
    Ok((left, media))
}

/// Writes how far the copy is. `false` if another run was faster.
async fn written(app: &App, copy: &HoldCopy) -> anyhow::Result<bool> {
    let write = Write::HoldCopy(Box::new(copy.clone()));
    match app.desk.ledger.commit(&Decision::of(write)).await {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict(WriteKind::Entity)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn next(app: &App, copy: &HoldCopy, now: Moment) -> anyhow::Result<()> {
    let message = Message {
        id: stable_id(&copy.place(), &copy.version.to_string()),
        at: now.0,
        body: Body::CopyHold(Box::new(copy.order.clone())),
    };
    let sent = app.desk.queues.send(std::slice::from_ref(&message)).await;
    anyhow::ensure!(!sent.is_empty(), "the queue did not take the next part");
    Ok(())
}
