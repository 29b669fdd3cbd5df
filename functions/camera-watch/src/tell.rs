//! What a customer is told: all cameras of the contract together, written down in the transaction that says so.

use ciero_domain::contract::stable_id;
use ciero_domain::ids::ContractId;
use ciero_domain::notice::Notice;
use ciero_domain::watch::{Ledger, news};
use ciero_ports::{Body, CommitError, Decision, Write, WriteKind};
use ciero_runtime::Moment;

use crate::App;
use crate::look::watched;

/// Tells a contract's customer what there is to tell. Returns how many cameras that was.
pub(crate) async fn contract(app: &App, id: &ContractId, now: Moment) -> anyhow::Result<usize> {
    let told = async { Ok(app.watch.told(id).await?) };
    let (told, found) = tokio::try_join!(told, watched(app, id, now))?;
    let cameras = found.into_iter().flat_map(|found| found.cameras);
    let ledgers: Vec<Ledger> = cameras.map(|(_, ledger)| ledger).collect();
    let news = news(&told, &ledgers, now.0);
    if news.is_empty() {
        return Ok(0);
    }
    let told = told.after(&news, now.0);
    // A run that is doubled finds the version taken, and its messages have the same names.
    let name = |kind: &str| stable_id(id, &format!("watch/{}/{kind}", told.version));
    let (stopped_id, resumed_id) = (name("stopped"), name("resumed"));
    let cameras = news.stopped.len() + news.resumed.len();
    let mut decision = Decision::of(Write::Told(Box::new(told)));
    if !news.stopped.is_empty() {
        let notice = Notice::RecordingStopped {
            contract: id.clone(),
            seen_at: now.0,
            cameras: news.stopped,
        };
        decision = decision.say(stopped_id, now.0, Body::Notice(notice));
    }
    if !news.resumed.is_empty() {
        let notice = Notice::RecordingResumed {
            contract: id.clone(),
            seen_at: now.0,
            cameras: news.resumed,
        };
        decision = decision.say(resumed_id, now.0, Body::Notice(notice));
    }
    match app.desk.ledger.commit(&decision).await {
        Ok(()) => app.desk.hand_over(&decision).await,
        Err(CommitError::Conflict(WriteKind::Entity | WriteKind::Once)) => {
            tracing::info!(contract = %id, "another run told this");
            return Ok(0);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(cameras)
}
