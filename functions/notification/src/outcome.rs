//! What became of a mail: the mail service's news, written into the notice ledger (Art. 24).

use anyhow::Context as _;
use ciero_domain::ids::MessageId;
use ciero_domain::notice::{Failure, NextStep, NoticeRecord, Outcome};
use ciero_ports::{CommitError, Decision, Write, WriteKind};
use ciero_runtime::Moment;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;

/// How long after a mail its line may be missing: the mail goes before the line is written, and after a crash
/// in between the queue brings the notice again within two minutes.
const UNWRITTEN_FOR: SignedDuration = SignedDuration::from_mins(2);

/// The detail of an event that SES publishes. Of a mail's tags, `notice` is ours.
#[derive(Debug, Deserialize)]
struct Detail {
    mail: MailFacts,
    #[serde(flatten)]
    news: News,
}

#[derive(Debug, Deserialize)]
struct MailFacts {
    timestamp: Timestamp,
    #[serde(default)]
    tags: Tags,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    notice: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "eventType")]
enum News {
    Delivery {
        delivery: Stamp,
    },
    Bounce {
        bounce: Bounce,
    },
    Complaint {
        complaint: Stamp,
    },
    /// Has no time of its own: SES rejects a mail when it takes it.
    Reject,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Stamp {
    timestamp: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    timestamp: Timestamp,
    bounce_type: String,
}

impl Detail {
    /// Returns what the news say about the notice; `None` for news of another kind.
    fn outcome(&self) -> Option<Outcome> {
        let failed = |at, reason| Some(Outcome::Failed { at, reason });
        match &self.news {
            News::Delivery { delivery } => Some(Outcome::Arrived {
                at: delivery.timestamp,
            }),
            News::Bounce { bounce } if bounce.bounce_type == "Transient" => {
                failed(bounce.timestamp, Failure::BouncedForNow)
            }
            News::Bounce { bounce } => failed(bounce.timestamp, Failure::BouncedForGood),
            News::Complaint { complaint } => failed(complaint.timestamp, Failure::Complained),
            News::Reject => failed(self.mail.timestamp, Failure::Rejected),
            News::Other => None,
        }
    }

    fn notice(&self) -> Option<MessageId> {
        MessageId::parse(self.mail.tags.notice.first()?).ok()
    }
}

/// Writes the outcome that an event tells. An error brings the event again; news of no notice are passed over.
pub(crate) async fn hear(app: &App, detail: &Value, now: Moment) -> anyhow::Result<Value> {
    // The error of the JSON reader could quote the event, which names people.
    let detail = Detail::deserialize(detail)
        .map_err(|_| anyhow::anyhow!("the event is none of the mail service's"))?;
    let (Some(id), Some(news)) = (detail.notice(), detail.outcome()) else {
        tracing::warn!("news of a mail that belongs to no notice were passed over");
        return Ok(json!({ "outcome": null }));
    };
    let Some(record) = app.notices.notice(&id).await? else {
        let age = now.0.duration_since(detail.mail.timestamp);
        anyhow::ensure!(age >= UNWRITTEN_FOR, "notice {id} is not written down yet");
        tracing::warn!(notice = %id, outcome = news.name(), "news of an unknown notice were passed over");
        return Ok(json!({ "outcome": null }));
    };
    let Some(changed) = record.hear(news) else {
        return Ok(json!({ "outcome": record.outcome.name() }));
    };
    let write = Write::NoticeOutcome(Box::new(changed.clone()));
    match app.ledger.commit(&Decision::of(write)).await {
        Ok(()) => {}
        Err(CommitError::Conflict(WriteKind::Entity)) => {
            anyhow::bail!("notice {id} heard other news at the same time")
        }
        Err(error) => return Err(error).with_context(|| format!("notice {id}")),
    }
    tell(&changed);
    Ok(json!({ "outcome": changed.outcome.name() }))
}

fn tell(record: &NoticeRecord) {
    let (notice, kind) = (&record.id, record.notice.kind());
    match record.next_step() {
        NextStep::Nothing => {
            tracing::info!(%notice, kind, outcome = record.outcome.name(), "the outcome of a notice was written");
        }
        NextStep::SecondChannel => {
            tracing::warn!(%notice, kind, outcome = ?record.outcome, "a notice failed: a person must reach the recipient through a second channel");
        }
    }
}
