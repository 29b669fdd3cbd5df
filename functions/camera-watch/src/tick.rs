//! One part of a run: some of the contracts; at the end of the run, what there is to tell.

use ciero_domain::contract::stable_id;
use ciero_domain::watch::is_interrupted;
use ciero_ports::{Body, Message, WatchReport, WatchRun};
use ciero_runtime::Moment;
use futures::StreamExt;
use serde_json::{Value, json};

use crate::look::{Looked, look};
use crate::{App, metrics, tell};

/// How many contracts one part looks at: a small share of what the function's time would allow.
const PORTION: u16 = 500;
/// How many contracts are looked at side by side.
const SIDE_BY_SIDE: usize = 16;
/// How many stopped cameras the report lists, and of how many contracts one run tells; the next run tells the rest.
const MOST: usize = 1_000;

/// Looks at the next contracts of a run, and either lets another part go on or ends the run. A part that comes again
/// starts from the same place, and only the first to write its end goes on.
pub(crate) async fn part(app: &App, mut run: WatchRun, now: Moment) -> anyhow::Result<Value> {
    let page = app.watch.watched(run.after.take(), PORTION).await?;
    let mut looked = futures::stream::iter(page.contracts)
        .map(|watched| look(app, watched, now))
        .buffered(SIDE_BY_SIDE);
    while let Some(one) = looked.next().await {
        note(&mut run, one);
    }
    drop(looked);
    run.after = page.next;
    if run.after.is_none() {
        return complete(app, run, now).await;
    }
    run.version += 1;
    if app.watch.put_watch_run(&run).await? {
        go_on(app, &run, now).await?;
    } else {
        tracing::info!(began = %run.began, part = run.version, "another delivery finished this part");
    }
    Ok(json!({ "watched": run.tally.watched, "goesOn": true }))
}

fn note(run: &mut WatchRun, looked: Looked) {
    run.tally.add(looked.tally);
    let room = MOST.saturating_sub(run.stopped.len());
    run.stopped.extend(looked.stopped.into_iter().take(room));
    if looked.has_news && run.with_news.len() < MOST {
        run.with_news.push(looked.contract);
    }
}

/// Asks for the next part.
async fn go_on(app: &App, run: &WatchRun, now: Moment) -> anyhow::Result<()> {
    let message = Message {
        id: stable_id(&"watch", &format!("{}/{}", run.began, run.version)),
        at: now.0,
        body: Body::Watch(run.began),
    };
    let sent = app.desk.queues.send(std::slice::from_ref(&message)).await;
    anyhow::ensure!(!sent.is_empty(), "the queue did not take the next part");
    Ok(())
}

/// Judges the service as a whole, tells what is to be told unless the cause may be ours, and replaces the report.
async fn complete(app: &App, mut run: WatchRun, now: Moment) -> anyhow::Result<Value> {
    let (report, kept) = (app.watch.watch_report(), app.interruptions.interruptions());
    let (before, interruptions) = tokio::try_join!(report, kept)?;
    let service = before.service.next(&run.tally, now.0);
    let is_ours =
        service.is_quiet() || run.tally.is_disturbed() || is_interrupted(&interruptions, now.0);
    let mut told = 0;
    if is_ours {
        tracing::warn!(tally = ?run.tally, ?service, "customers are not told, because the cause may be ours");
    } else {
        for contract in &run.with_news {
            match tell::contract(app, contract, now).await {
                Ok(cameras) => told += cameras,
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(%contract, error, "news wait for the next run");
                }
            }
        }
    }
    run.stopped.sort_by_key(|camera| camera.since);
    let report = WatchReport {
        at: Some(run.began),
        tally: run.tally,
        service,
        stopped: run.stopped,
    };
    if before.at <= report.at {
        app.watch.put_watch_report(&report).await?;
    }
    println!("{}", metrics::line(&report, now));
    Ok(json!({
        "watched": report.tally.watched,
        "stopped": report.tally.told + report.tally.untold,
        "unread": report.tally.unread,
        "told": told,
        "quiet": is_ours,
    }))
}
