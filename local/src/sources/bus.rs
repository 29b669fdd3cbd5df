//! The event bus: hands what the mail service tells to the functions whose rules match it.

use std::sync::Arc;
use std::time::Duration;

use ciero_apis::mail::{DELIVERY_TAKES, MailEvent, Mailbox};
use futures::future::join_all;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::host::{Host, Outcome};
use crate::template::model::EventRule;

/// Events that may be worked on at once; more would only start more workers.
const CONCURRENCY: usize = 2;

/// Starts the bus; it runs until the process ends. Events left by an earlier process come first.
pub fn start(rules: &[EventRule], mailbox: &Mailbox, host: &Arc<Host>) {
    let bus = Arc::new(Bus {
        rules: rules.to_vec(),
        mailbox: mailbox.clone(),
        host: Arc::clone(host),
        turns: Semaphore::new(CONCURRENCY),
    });
    tokio::spawn(async move {
        let mut last = 0;
        loop {
            match bus.mailbox.events_after(last).await {
                Ok(events) => {
                    for event in events {
                        last = event.number;
                        let bus = Arc::clone(&bus);
                        tokio::spawn(async move { bus.hand_out(event).await });
                    }
                }
                Err(error) => {
                    eprintln!("event bus: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
}

struct Bus {
    rules: Vec<EventRule>,
    mailbox: Mailbox,
    host: Arc<Host>,
    turns: Semaphore,
}

impl Bus {
    /// Runs every function that a rule wakes. Only then is the event forgotten, so that a restart in between tells it
    /// again; as in Lambda, what failed three times is dropped.
    async fn hand_out(&self, told: MailEvent) {
        // SES takes its time too; at once, the event would come before its sender has written the mail down.
        tokio::time::sleep(DELIVERY_TAKES).await;
        let Ok(_turn) = self.turns.acquire().await else {
            return;
        };
        let woken = self
            .rules
            .iter()
            .filter(|rule| matches(&rule.pattern, &told.event));
        let runs = woken.map(|rule| async {
            let event = told.event.clone();
            (
                &rule.function,
                self.host.invoke_event(&rule.function, event).await,
            )
        });
        let outcomes = join_all(runs).await;
        if self.host.is_closing() {
            return;
        }
        for (function, outcome) in outcomes {
            let failed = match outcome {
                Ok(Outcome::Answered(_)) => continue,
                Ok(Outcome::Failed(failed)) => String::from_utf8_lossy(&failed).into_owned(),
                Err(error) => error.to_string(),
            };
            let kind = &told.event["detail-type"];
            eprintln!("event bus: {function} on {kind} failed: {failed}");
        }
        if let Err(error) = self.mailbox.forget_event(told.number) {
            eprintln!("event bus: {error}");
        }
    }
}

/// Whether an event has, for every key of the pattern, one of the values that stand there.
fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields
            .iter()
            .all(|(name, wanted)| matches(wanted, &event[name.as_str()])),
        Value::Array(values) => match event {
            // A list of the event matches by any of its members.
            Value::Array(members) => members.iter().any(|member| values.contains(member)),
            single => values.contains(single),
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use ciero_apis::Apis;
    use ciero_apis::mail::{EventKind, NewMail};
    use serde_json::json;
    use std::path::Path;

    fn check(pattern: Value, matched: bool) {
        let event = json!({
            "source": "aws.ses",
            "detail-type": "Email Bounced",
            "resources": ["a", "b"],
            "detail": { "eventType": "Bounce" },
        });
        assert_eq!(matches(&pattern, &event), matched, "{pattern}");
    }

    #[test]
    fn every_key_of_a_pattern_must_be_matched_by_one_of_its_values() {
        check(json!({ "source": ["aws.ses"] }), true);
        check(
            json!({ "source": ["aws.s3", "aws.ses"], "detail-type": ["Email Bounced"] }),
            true,
        );
        check(
            json!({ "source": ["aws.ses"], "detail-type": ["Email Delivered"] }),
            false,
        );
        check(json!({ "detail": { "eventType": ["Bounce"] } }), true);
        check(json!({ "detail": { "eventType": ["Delivery"] } }), false);
        check(json!({ "detail": { "nothing": ["Bounce"] } }), false);
        check(json!({ "resources": ["b", "c"] }), true);
        check(json!({ "resources": ["c"] }), false);
    }

    const SET: &str = "set";

    fn apis(directory: &Path) -> Apis {
        let apis = crate::testing::apis(directory, "2026-04-01T00:00:00Z");
        apis.mailbox
            .ensure_configuration_set(SET, vec![EventKind::Delivery, EventKind::Bounce]);
        apis
    }

    fn host(directory: &Path) -> Arc<Host> {
        let function = crate::testing::function("f", Duration::from_secs(20));
        crate::testing::host(vec![function], directory)
    }

    /// A mail to an address; a worker that is woken by its event does what the subject wishes.
    fn send(apis: &Apis, to: &str, wish: &Value) {
        let mail = NewMail {
            from: "no-reply@portal.example.jp".to_owned(),
            to: vec![to.to_owned()],
            subject: wish.to_string(),
            configuration_set: Some(SET.to_owned()),
            ..NewMail::default()
        };
        apis.mailbox.keep(&mail).unwrap();
    }

    fn rule() -> EventRule {
        EventRule {
            function: "f".to_owned(),
            pattern: json!({ "source": ["aws.ses"], "detail-type": ["Email Bounced"] }),
        }
    }

    async fn all_told(apis: &Apis) {
        let waiting = || apis.mailbox.events_waiting().unwrap();
        crate::testing::eventually("every event is handed out", || waiting() == 0).await;
    }

    #[tokio::test]
    async fn an_event_wakes_the_functions_of_its_rules_and_is_then_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let (apis, host) = (apis(directory.path()), host(directory.path()));
        let file = directory.path().join("runs");
        let wish = json!({ "do": "append", "file": file });
        start(&[rule()], &apis.mailbox, &host);
        send(&apis, "a@bounce.example.jp", &wish);
        send(&apis, "a@example.jp", &wish);
        assert_eq!(apis.mailbox.events_waiting().unwrap(), 2);
        all_told(&apis).await;
        let runs = std::fs::read_to_string(&file).unwrap();
        assert_eq!(runs.lines().count(), 1);
        host.close().await;
    }

    #[tokio::test]
    async fn an_event_that_fails_is_tried_three_times_and_then_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let (apis, host) = (apis(directory.path()), host(directory.path()));
        let file = directory.path().join("runs");
        let wish = json!({ "do": "append-and-fail", "file": file });
        send(&apis, "a@bounce.example.jp", &wish);
        start(&[rule()], &apis.mailbox, &host);
        all_told(&apis).await;
        let runs = std::fs::read_to_string(&file).unwrap();
        assert_eq!(runs.lines().count(), 3);
        host.close().await;
    }

    #[tokio::test]
    async fn an_event_that_a_stop_cuts_off_is_told_again_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let (apis, first) = (apis(directory.path()), host(directory.path()));
        let (mine, other) = (
            directory.path().join("mine"),
            directory.path().join("other"),
        );
        let wish = json!({ "do": "meet", "mine": mine, "other": other });
        send(&apis, "a@bounce.example.jp", &wish);
        start(&[rule()], &apis.mailbox, &first);
        crate::testing::eventually("the function runs", || mine.exists()).await;
        first.close().await;
        assert_eq!(apis.mailbox.events_waiting().unwrap(), 1);
        std::fs::write(&other, "").unwrap();
        let second = host(directory.path());
        start(&[rule()], &apis.mailbox, &second);
        all_told(&apis).await;
        second.close().await;
    }
}
