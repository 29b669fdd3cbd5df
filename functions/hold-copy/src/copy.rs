//! One part of a copy: some time of the stretch, piece by piece, each with a manifest that names the one before it.

use std::collections::HashSet;

use anyhow::Context as _;
use ciero_domain::contract::stable_id;
use ciero_domain::disclosure::{Batch, CopyOrder, HoldCopy, batches};
use ciero_media::matroska::{Fragment, Fragments, Limits};
use ciero_ports::{Body, CommitError, Decision, Message, Write, WriteKind};
use ciero_runtime::Moment;
use jiff::SignedDuration;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::App;

/// The tag by which a document says which fragment it is.
const NUMBER: &str = "AWS_KINESISVIDEO_FRAGMENT_NUMBER";
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
    let Some((batch, media)) = whole(app, &copy.order.stream_name, batch).await? else {
        return Ok(());
    };
    let name = format!("{}/{:06}", copy.place(), copy.pieces + 1);
    let bytes = media.len() as u64;
    let manifest = json!({
        "case": copy.order.case, "contract": copy.order.contract, "camera": copy.order.stretch.camera,
        "stream": copy.order.stream_name, "piece": copy.pieces + 1, "fragments": batch, "bytes": bytes,
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

/// Fetches a batch, and without those that retention took since they were listed; `None` if that leaves none.
async fn whole(
    app: &App,
    stream: &str,
    mut batch: Batch,
) -> anyhow::Result<Option<(Batch, Vec<u8>)>> {
    while !batch.is_empty() {
        let numbers: Vec<String> = batch.iter().map(|one| one.number.clone()).collect();
        let Some(media) = app.archive.media(stream, &numbers).await? else {
            return Ok(None);
        };
        let gone = without_frames(&media, &numbers)?;
        if gone.is_empty() {
            return Ok(Some((batch, media)));
        }
        batch.retain(|one| !gone.contains(&one.number));
    }
    Ok(None)
}

/// The fragments that an answer says are not there. One that names not every fragment was cut short, which is an error.
fn without_frames(media: &[u8], numbers: &[String]) -> anyhow::Result<HashSet<String>> {
    let mut fragments = Fragments::new(Limits::default());
    fragments.push(media);
    let (mut named, mut gone) = (HashSet::new(), HashSet::new());
    let mut take = |fragment: Fragment| {
        let number = fragment.tag(NUMBER);
        let number = number.context("a document names no fragment")?.to_owned();
        if is_gone(&fragment) {
            gone.insert(number.clone());
        } else {
            anyhow::ensure!(!fragment.blocks.is_empty(), "{number} came without frames");
        }
        named.insert(number);
        Ok(())
    };
    while let Some(fragment) = fragments.next()? {
        take(fragment)?;
    }
    while let Some(fragment) = fragments.finish()? {
        take(fragment)?;
    }
    let missing = numbers.iter().filter(|number| !named.contains(*number));
    let missing = missing.count();
    anyhow::ensure!(missing == 0, "the archive left {missing} fragments out");
    Ok(gone)
}

/// Whether a document says that its fragment is not there, in the service's words or by the number that stands for them.
fn is_gone(document: &Fragment) -> bool {
    document.tag("AWS_KINESISVIDEO_ERROR_CODE") == Some("FRAGMENT_NOT_FOUND")
        || document.tag("AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE") == Some("4000")
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
