//! One decision, one transaction, one answer: also when the same request comes again.

use std::future::Future;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use ciero_ports::{Attempt, CommitError, Decision, Ledger, Queues, Remembered, WriteKind};
use http::StatusCode;
use http::request::Parts;

use crate::{Answer, Moment, Problem};

/// How often a decision is taken anew when someone else wrote first.
const TRIES: usize = 4;

/// What a handler decided, and the answer to give once it is written.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub decision: Decision,
    pub answer: Answer,
}

impl Outcome {
    /// Pairs a decision with its answer.
    pub fn new(decision: Decision, answer: Answer) -> Self {
        Outcome { decision, answer }
    }
}

/// The attempt that a request is part of, if it carried an `Idempotency-Key`.
#[derive(Debug, Clone, Default)]
pub struct Asked(pub Option<Attempt>);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Asked>().cloned().unwrap_or_default())
    }
}

/// Where decisions are written and their messages sent from.
#[derive(Clone)]
pub struct Desk {
    pub ledger: Arc<dyn Ledger>,
    pub queues: Arc<dyn Queues>,
}

impl Desk {
    /// Takes a decision and writes it. A repeated request gets the first answer; a decision that
    /// another one overtook is taken again on what is there now.
    pub async fn decide<F, Fut>(
        &self,
        asked: Asked,
        now: Moment,
        decide: F,
    ) -> Result<Answer, Problem>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<Outcome, Problem>> + Send,
    {
        if let Some(answer) = self.answered(&asked, now).await? {
            return Ok(answer);
        }
        for _ in 0..TRIES {
            let Outcome {
                mut decision,
                answer,
            } = match decide().await {
                Ok(outcome) => outcome,
                // What the same request did a moment ago may be what stands against it now.
                Err(problem) => return self.answered(&asked, now).await?.ok_or(problem),
            };
            decision.remembered = asked
                .0
                .as_ref()
                .map(|attempt| remembered(attempt, &answer, now));
            match self.ledger.commit(&decision).await {
                Ok(()) => {
                    self.hand_over(&decision).await;
                    return Ok(answer);
                }
                Err(CommitError::Conflict(WriteKind::Entity)) => {
                    // What overtook this decision may have been the same request.
                    if let Some(answer) = self.answered(&asked, now).await? {
                        return Ok(answer);
                    }
                }
                Err(CommitError::Conflict(WriteKind::Remembered)) => {
                    return self
                        .answered(&asked, now)
                        .await?
                        .ok_or_else(Problem::unavailable);
                }
                Err(CommitError::Conflict(WriteKind::Serial)) => {
                    return Err(ciero_domain::device::Refusal::SerialTaken.into());
                }
                Err(CommitError::Conflict(WriteKind::Receipt)) => {
                    return Err(Problem::new(
                        StatusCode::CONFLICT,
                        "receipt_recorded",
                        "同じ整理番号の入金はすでに記録されています。",
                        "A payment with this reference has already been recorded.",
                    ));
                }
                Err(CommitError::Conflict(WriteKind::Email)) => {
                    return Err(ciero_domain::user::Refusal::EmailTaken.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(CommitError::Conflict(WriteKind::Entity).into())
    }

    /// Sends a committed decision's messages; what fails here stays in the outbox for the relay.
    pub async fn hand_over(&self, decision: &Decision) {
        if decision.messages.is_empty() {
            return;
        }
        let sent = self.queues.send(&decision.messages).await;
        if let Err(error) = self.ledger.sent(&sent).await {
            tracing::warn!(%error, "sent messages stay in the outbox and will be sent again");
        }
    }

    async fn answered(&self, asked: &Asked, now: Moment) -> Result<Option<Answer>, Problem> {
        let Some(attempt) = &asked.0 else {
            return Ok(None);
        };
        let Some(kept) = self
            .ledger
            .remembered(&attempt.caller, &attempt.key)
            .await?
        else {
            return Ok(None);
        };
        if kept.kept_until() <= now.0 {
            return Ok(None);
        }
        if kept.request_hash != attempt.request_hash {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "同じIdempotency-Keyが別の内容で使われました。",
                "This Idempotency-Key was used for another request.",
            ));
        }
        let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
        Ok(Some(Answer {
            status,
            location: kept.location,
            body: kept.body,
        }))
    }
}

fn remembered(attempt: &Attempt, answer: &Answer, now: Moment) -> Remembered {
    Remembered {
        caller: attempt.caller.clone(),
        key: attempt.key.clone(),
        request_hash: attempt.request_hash.clone(),
        at: now.0,
        status: answer.status.as_u16(),
        location: answer.location.clone(),
        body: answer.body.clone(),
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
