//! Why a message of a queue failed, kept for the person who may find it set aside.

use ciero_ports::DueWork;

use crate::{BatchOutcome, Moment, QueueItem};

/// Carries out the messages of a batch one after another; one that fails comes again alone.
pub async fn one_by_one<'a, F>(
    due: &dyn DueWork,
    items: &'a [QueueItem],
    now: Moment,
    carry_out: impl Fn(&'a QueueItem) -> F + Send,
) -> BatchOutcome
where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let mut outcome = BatchOutcome::default();
    for item in items {
        if let Err(error) = carry_out(item).await {
            note_failure(due, &mut outcome, (item, &error), now).await;
        }
    }
    outcome
}

/// Lets a message come again, and notes why it failed: if its queue gives up on it, the console shows the reason.
pub async fn note_failure(
    due: &dyn DueWork,
    outcome: &mut BatchOutcome,
    (item, error): (&QueueItem, &anyhow::Error),
    now: Moment,
) {
    let reason = format!("{error:#}");
    if let Err(error) = due.failed(&item.body, &reason, now.0).await {
        tracing::warn!(%error, "the reason of a failure was not noted");
    }
    outcome.retry(item, error);
}
