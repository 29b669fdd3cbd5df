//! Spans, the runs that they hold, and whole advances with real worker processes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use ciero_apis::mail::{EventKind, NewMail};

use super::*;
use crate::sources::schedules::Schedule;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn end(start: &str, span: &str) -> Result<String, AdvanceError> {
    let end = parse_span(span).and_then(|span| end_of(time(start), span))?;
    Ok(end
        .to_zoned(tokyo())
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string())
}

#[test]
fn a_span_is_counted_on_the_calendar_of_tokyo() {
    let start = "2027-02-28T00:30:00+09:00";
    assert_eq!(end(start, "P1D").unwrap(), "2027-03-01T00:30:00");
    assert_eq!(end(start, "P1Y").unwrap(), "2028-02-28T00:30:00");
    assert_eq!(end(start, "PT1H").unwrap(), "2027-02-28T01:30:00");
    assert_eq!(end(start, "P1W").unwrap(), "2027-03-07T00:30:00");
    assert_eq!(
        end("2027-01-31T10:00:00+09:00", "P1M").unwrap(),
        "2027-02-28T10:00:00"
    );
}

#[test]
fn what_is_no_forward_duration_is_refused() {
    let refused = |span: &str| end("2027-02-28T00:00:00Z", span).unwrap_err();
    for span in [
        "",
        "P",
        "PT",
        "1 day",
        "1d",
        "P1X",
        "tomorrow",
        "P1Y garbage",
        "日",
    ] {
        assert_eq!(refused(span), AdvanceError::NotADuration, "{span}");
    }
    for span in ["P0D", "PT0S", "-P1D", "-PT1H"] {
        assert_eq!(refused(span), AdvanceError::NotForward, "{span}");
    }
    for span in ["P21Y", "P9000Y", "PT999999H"] {
        assert_eq!(refused(span), AdvanceError::TooFar, "{span}");
    }
}

fn walk(expressions: &[&str], start: &str, target: &str) -> Vec<String> {
    let rule = |expression: &&str| Rule {
        name: "r".to_owned(),
        function: "f".to_owned(),
        schedule: Schedule::parse(expression).unwrap(),
        input: None,
    };
    let rules: Vec<Rule> = expressions.iter().map(rule).collect();
    let runs = Walk::new(&rules, time(start), time(target));
    runs.map(|(due, together)| {
        let due = due.to_zoned(tokyo());
        format!("{together:?} {}", due.strftime("%d %H:%M"))
    })
    .collect()
}

#[test]
fn a_frequent_rule_runs_once_a_tokyo_day_over_a_long_span_and_once_more_at_its_end() {
    let runs = walk(
        &["rate(15 minutes)"],
        "2026-04-01T10:07:00+09:00",
        "2026-04-04T10:07:00+09:00",
    );
    assert_eq!(
        runs,
        [
            "[0] 01 10:15",
            "[0] 02 00:00",
            "[0] 03 00:00",
            "[0] 04 00:00",
            "[0] 04 10:00"
        ]
    );
}

#[test]
fn a_frequent_rule_runs_every_hour_of_a_day() {
    let runs = walk(
        &["rate(1 minute)"],
        "2026-04-01T10:07:30+09:00",
        "2026-04-02T10:07:30+09:00",
    );
    assert_eq!(runs.len(), 26);
    assert_eq!(runs[..2], ["[0] 01 10:08", "[0] 01 11:00"]);
    assert_eq!(runs[24..], ["[0] 02 10:00", "[0] 02 10:07"]);
}

#[test]
fn a_rare_rule_keeps_its_time_and_rules_due_together_run_together() {
    let rules = ["cron(0 15 * * ? *)", "rate(1 day)", "cron(0 15 2 4 ? *)"];
    let runs = walk(
        &rules,
        "2026-04-01T10:00:00+09:00",
        "2026-04-03T10:00:00+09:00",
    );
    assert_eq!(
        runs,
        [
            "[0] 02 00:00",
            "[1] 02 09:00",
            "[0, 2] 03 00:00",
            "[1] 03 09:00"
        ]
    );
}

#[test]
fn a_run_due_at_the_start_has_been_and_one_due_at_the_end_is_in() {
    let runs = walk(
        &["rate(1 hour)"],
        "2026-04-01T10:00:00+09:00",
        "2026-04-01T12:00:00+09:00",
    );
    assert_eq!(runs, ["[0] 01 11:00", "[0] 01 12:00"]);
    assert!(
        walk(
            &["rate(1 hour)"],
            "2026-04-01T10:00:00Z",
            "2026-04-01T10:59:59Z"
        )
        .is_empty()
    );
}

struct Setup {
    advancer: Arc<Advancer>,
    directory: tempfile::TempDir,
}

/// One function behind an hourly rule whose event is the given constant.
fn setup(input: impl Fn(&std::path::Path) -> serde_json::Value) -> Setup {
    let directory = tempfile::tempdir().unwrap();
    let apis = crate::testing::apis(directory.path(), "2026-04-01T00:00:00Z");
    apis.queues.ensure("work", &Default::default()).unwrap();
    let function = crate::testing::function("f", Duration::from_secs(20));
    let clock = apis.clock.clone();
    let now_ms = Box::new(move || clock.now_ms());
    let host = crate::testing::host_on(vec![function], directory.path(), now_ms);
    let rule = Rule {
        name: "r".to_owned(),
        function: "f".to_owned(),
        schedule: Schedule::parse("rate(1 hour)").unwrap(),
        input: Some(input(directory.path())),
    };
    let queues = vec!["work".to_owned()];
    let advancer = Advancer::new(apis, host, vec![rule], queues, Turnstile::default());
    Setup {
        advancer: Arc::new(advancer),
        directory,
    }
}

#[tokio::test]
async fn an_advance_runs_what_is_due_at_the_time_it_is_due() {
    let setup = setup(|path| serde_json::json!({ "do": "append", "file": path.join("runs") }));
    let now = setup.advancer.advance("PT2H30M").await.unwrap();
    assert!(now >= time("2026-04-01T02:30:00Z") && now < time("2026-04-01T02:31:00Z"));
    let runs = std::fs::read_to_string(setup.directory.path().join("runs")).unwrap();
    let second_of_run = |line: &str| line.parse::<i64>().unwrap() / 1000 - 20;
    let runs: Vec<i64> = runs.lines().map(second_of_run).collect();
    let due = [time("2026-04-01T01:00:00Z"), time("2026-04-01T02:00:00Z")];
    assert_eq!(runs.len(), due.len());
    for (run, due) in runs.iter().zip(due) {
        assert!((0..30).contains(&(run - due.as_second())), "{run} {due}");
    }
}

#[tokio::test]
async fn an_advance_waits_for_the_queues() {
    let setup = setup(|_| serde_json::json!({}));
    let queues = setup.advancer.apis.queues.clone();
    let message = ciero_apis::queues::Outgoing {
        body: "a".to_owned(),
        ..Default::default()
    };
    queues.send("work", message).unwrap();
    let advancer = Arc::clone(&setup.advancer);
    let advance = tokio::spawn(async move { advancer.advance("PT1M").await });
    let messages = queues
        .receive("work", 1, None, Duration::ZERO)
        .await
        .unwrap();
    assert!(!advance.is_finished());
    assert!(setup.advancer.now() < time("2026-04-01T00:01:00Z"));
    queues.delete("work", &messages[0].receipt_handle).unwrap();
    assert!(advance.await.unwrap().unwrap() >= time("2026-04-01T00:01:00Z"));
}

#[tokio::test]
async fn an_advance_waits_until_the_fate_of_every_mail_is_told() {
    let setup = setup(|_| serde_json::json!({}));
    let mailbox = setup.advancer.apis.mailbox.clone();
    mailbox.ensure_configuration_set("set", vec![EventKind::Delivery]);
    let mail = NewMail {
        to: vec!["a@example.jp".to_owned()],
        configuration_set: Some("set".to_owned()),
        ..NewMail::default()
    };
    mailbox.keep(&mail).unwrap();
    let advancer = Arc::clone(&setup.advancer);
    let advance = tokio::spawn(async move { advancer.advance("PT1M").await });
    let events = mailbox.events_after(0).await.unwrap();
    tokio::task::yield_now().await;
    assert!(!advance.is_finished());
    assert!(setup.advancer.now() < time("2026-04-01T00:01:00Z"));
    mailbox.forget_event(events[0].number).unwrap();
    assert!(advance.await.unwrap().unwrap() >= time("2026-04-01T00:01:00Z"));
}

#[tokio::test]
async fn a_second_advance_is_refused_while_the_first_goes_on() {
    let meet = |path: &std::path::Path| serde_json::json!({ "do": "meet", "mine": path.join("mine"), "other": path.join("other") });
    let setup = setup(meet);
    let advancer = Arc::clone(&setup.advancer);
    let first = tokio::spawn(async move { advancer.advance("PT1H").await });
    let mine = setup.directory.path().join("mine");
    crate::testing::eventually("the first advance runs its rule", || mine.exists()).await;
    assert_eq!(
        setup.advancer.advance("PT1H").await,
        Err(AdvanceError::Busy)
    );
    std::fs::write(setup.directory.path().join("other"), "").unwrap();
    assert!(first.await.unwrap().is_ok());
}
