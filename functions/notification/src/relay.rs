//! The relay: sends what a crash left in the outbox.

use ciero_ports::Message;
use ciero_runtime::Moment;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::App;

/// How old a message must be: younger ones are being sent by the function that wrote them.
const GRACE: SignedDuration = SignedDuration::from_secs(30);
/// How many messages one round takes, and how many rounds one run.
const ROUND: u16 = 100;
const ROUNDS: usize = 10;

/// Sends waiting messages, oldest first, until none is left or the queues take no more.
pub(crate) async fn run(app: &App, now: Moment) -> anyhow::Result<Value> {
    let mut sent = 0;
    for _ in 0..ROUNDS {
        let waiting = app.ledger.unsent(ROUND).await?;
        let full = waiting.len() == usize::from(ROUND);
        let due: Vec<Message> = waiting
            .into_iter()
            .filter(|message| now.0.duration_since(message.at) >= GRACE)
            .collect();
        if due.is_empty() {
            break;
        }
        let accepted = app.queues.send(&due).await;
        app.ledger.sent(&accepted).await?;
        sent += accepted.len();
        if accepted.len() < due.len() || !full {
            break;
        }
    }
    if sent > 0 {
        tracing::warn!(sent, "the relay sent messages that were left in the outbox");
    }
    Ok(json!({ "sent": sent }))
}
