//! What became of a mail: the mail service's news, written into the notice ledger with what follows (Art. 24).

use anyhow::Context as _;
use ciero_domain::contract::{Case, CaseKind, stable_id};
use ciero_domain::ids::MessageId;
use ciero_domain::notice::{Failure, NextStep, NoticeRecord, Outcome};
use ciero_ports::{CommitError, Decision, Write, WriteKind};
use ciero_runtime::Moment;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::deliver::TRIES;
use crate::demand::Recorder;

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
    let Some(changed) = write_down(app, &id, news, now).await? else {
        let age = now.0.duration_since(detail.mail.timestamp);
        anyhow::ensure!(age >= UNWRITTEN_FOR, "notice {id} is not written down yet");
        tracing::warn!(notice = %id, outcome = news.name(), "news of an unknown notice were passed over");
        return Ok(json!({ "outcome": null }));
    };
    Ok(json!({ "outcome": changed.name() }))
}

/// Writes news into the line of a notice with what follows from them, and returns the outcome as it is now;
/// `None` if there is no such line.
async fn write_down(
    app: &App,
    id: &MessageId,
    news: Outcome,
    now: Moment,
) -> anyhow::Result<Option<Outcome>> {
    for _ in 0..TRIES {
        let Some(record) = app.notices.notice(id).await? else {
            return Ok(None);
        };
        let Some(changed) = record.hear(news) else {
            return Ok(Some(record.outcome));
        };
        let decision = Decision::of(Write::NoticeOutcome(Box::new(changed.clone())));
        let decision = follow(app, decision, &changed, now).await?;
        match app.commit(&decision).await {
            Ok(()) => {
                tell(&changed);
                return Ok(Some(changed.outcome));
            }
            // Other news, or another decision about the contract, came at the same time.
            Err(CommitError::Conflict(WriteKind::Entity)) => {}
            Err(error) => return Err(error).with_context(|| format!("notice {id}")),
        }
    }
    anyhow::bail!("notice {id} heard other news at the same time")
}

/// Adds what a person has to do about a failed notice; on a failed demand nothing rests any more (13-1-2).
async fn follow(
    app: &App,
    decision: Decision,
    record: &NoticeRecord,
    now: Moment,
) -> anyhow::Result<Decision> {
    if record.next_step() == NextStep::Nothing {
        return Ok(decision);
    }
    // A mail that was complained of did arrive, so the demand in it stands.
    let complained = matches!(
        record.outcome,
        Outcome::Failed {
            reason: Failure::Complained,
            ..
        }
    );
    if let (Some(recorder), false) = (Recorder::of(app, &record.notice).await?, complained) {
        let step = recorder.failed(app, record, now).await?;
        return Ok(match step {
            Some(step) => decision.step(step, None),
            None => decision,
        });
    }
    // An applicant has no contract yet, and no case: the log alone tells of it.
    let Some(contract) = record.notice.contract() else {
        return Ok(decision);
    };
    let case = Case {
        id: stable_id(contract, &format!("case/notice/{}", record.id)),
        version: 1,
        kind: CaseKind::NoticeFailed,
        contract: contract.clone(),
        opened_at: now.0,
        about: format!("{} {}", record.notice.kind(), record.id),
        closed: None,
    };
    Ok(decision.and(Write::Case(Box::new(case))))
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
