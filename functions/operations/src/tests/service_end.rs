//! The end of the service: nothing is set before every customer's notice is proven (14-1).

use ciero_domain::contract::{Event as Happened, stable_id};
use ciero_domain::documents::Bilingual;
use ciero_domain::notice::{Failure, Notice, NoticeRecord, Outcome, Posted};
use ciero_domain::service_end::ServiceEnd;
use ciero_ports::{About, Body};
use ciero_runtime::{QueueItem, other_channel};
use jiff::ToSpan;
use jiff::civil::date;

use super::*;

fn ueda() -> Session {
    operator("ueda", &["legal"])
}

async fn check(known: Known, path: &str, body: Value) -> Came {
    post(known, &ueda(), &format!("/console/service-end{path}"), body).await
}

fn notice(contract: &Contract) -> Notice {
    Notice::ServiceEndAnnounced {
        contract: contract.id.clone(),
    }
}

fn mail(contract: &Contract, outcome: Outcome) -> NoticeRecord {
    NoticeRecord {
        id: stable_id(&contract.id, "service-end"),
        notice: notice(contract),
        to: "hanako@example.jp".into(),
        language: contract.language,
        content_hash: "00".into(),
        sent_at: now().0,
        mail_id: "mail-1".into(),
        version: 1,
        outcome,
        posted: None,
    }
}

/// A service with one contract that was told yesterday, and the mail came out so.
fn told(outcome: Outcome) -> (Known, Contract) {
    let contract = running();
    let end = ServiceEnd {
        version: 1,
        announced_at: now().0 - 24.hours(),
        announced_by: "operator:ueda".into(),
        not_before: date(2026, 9, 30),
        text: Bilingual::default(),
        last_day: None,
        set_by: None,
    };
    let known = Known {
        service_end: Some(end),
        notices: vec![mail(&contract, outcome)],
        ..with(&contract)
    };
    (known, contract)
}

fn arrived() -> Outcome {
    Outcome::Arrived { at: now().0 }
}

fn bounced() -> Outcome {
    Outcome::Failed {
        at: now().0,
        reason: Failure::BouncedForGood,
    }
}

fn day(last_day: &str) -> Value {
    json!({ "last_day": last_day })
}

mod art_14 {
    use super::*;

    #[tokio::test]
    async fn it_is_announced_to_every_contract_a_month_ahead() {
        let body = sample(include_str!(
            "../../../../events/operations/service-end.json"
        ));
        let came = check(with(&running()), "", body.clone()).await;
        assert_eq!(came.status, 200, "{}", came.body);
        let [message] = &came.committed[0].messages[..] else {
            panic!("{}", came.body);
        };
        assert!(matches!(&message.body, Body::Announce(whole) if whole.about == About::ServiceEnd));
        let mut soon = body;
        soon["not_before"] = json!("2026-06-30");
        check(with(&running()), "", soon)
            .await
            .is_refused(409, "service_end_too_soon");
        let came = check(Known::default(), "/day", day("2026-09-30")).await;
        came.is_refused(409, "service_end_not_announced");
    }

    #[tokio::test]
    async fn the_notice_goes_again_to_whom_it_has_not_reached() {
        let sample = sample(include_str!(
            "../../../../events/operations/service-end-notices.json"
        ));
        let (known, _) = told(bounced());
        let came = check(known, "/notices", sample.clone()).await;
        let about = came.committed[0]
            .messages
            .iter()
            .map(|message| &message.body);
        let announces =
            |body: &Body| matches!(body, Body::Announce(whole) if whole.about == About::ServiceEnd);
        assert_eq!(about.filter(|body| announces(body)).count(), 1);
        let came = check(Known::default(), "/notices", sample).await;
        came.is_refused(409, "service_end_not_announced");
    }

    #[tokio::test]
    async fn while_a_customer_was_not_reached_the_day_is_refused_and_the_customer_named() {
        for outcome in [bounced(), Outcome::Sent] {
            let (known, contract) = told(outcome);
            let came = check(known, "/day", day("2026-09-30")).await;
            came.is_refused(409, "notices_not_proven");
            assert!(
                came.body["detail"]
                    .as_str()
                    .unwrap()
                    .contains(contract.id.as_str())
            );
        }
        let (mut known, _) = told(arrived());
        known.notices.clear();
        check(known, "/day", day("2026-09-30"))
            .await
            .is_refused(409, "notices_not_proven");
    }

    #[tokio::test]
    async fn a_second_channel_is_recorded_with_its_proof_and_then_the_day_is_set() {
        let (known, contract) = told(bounced());
        let posted = sample(include_str!(
            "../../../../events/operations/service-end-delivery.json"
        ));
        assert_eq!(posted["contract"], json!(contract.id));
        let came = check(known, "/deliveries", posted.clone()).await;
        let line = came.writes().iter().find_map(|write| match write {
            Write::Notice(line) => Some(line.as_ref().clone()),
            _ => None,
        });
        let line = line.unwrap();
        assert_eq!(line.id, other_channel(&contract.id));
        let (mut known, _) = told(bounced());
        known.notices.push(line);
        let set = sample(include_str!(
            "../../../../events/operations/service-end-day.json"
        ));
        let came = check(known, "/day", set).await;
        assert_eq!(came.status, 200, "{}", came.body);
        assert!(matches!(
            &came.committed[0].messages[0].body,
            Body::EndWithService(None)
        ));
        for (field, value, code) in [
            ("proof", " ", "required"),
            ("sent_on", "2026-06-02", "sent_in_the_future"),
            ("sent_on", "2026-05-30", "sent_in_the_future"),
            ("contract", "x", "choice"),
        ] {
            let mut wrong = posted.clone();
            wrong[field] = json!(value);
            let (known, _) = told(bounced());
            let came = check(known, "/deliveries", wrong).await;
            assert_eq!(came.code(), code, "{}", came.body);
        }
    }

    #[tokio::test]
    async fn the_day_is_not_before_what_customers_were_told_nor_within_their_month() {
        let (known, _) = told(arrived());
        check(known, "/day", day("2026-09-29"))
            .await
            .is_refused(409, "service_end_before_announced");
        let (mut known, contract) = told(bounced());
        known.service_end.as_mut().unwrap().not_before = date(2026, 6, 30);
        let mut late = mail(&contract, bounced());
        late.id = other_channel(&contract.id);
        late.posted = Some(Posted {
            channel: "post".into(),
            sent_on: date(2026, 6, 1),
            proof: "1".into(),
        });
        known.notices.push(late);
        let came = check(known, "/day", day("2026-06-30")).await;
        came.is_refused(409, "service_end_too_soon");
        assert!(
            came.body["detail"].as_str().unwrap().contains("2026-07-01"),
            "{}",
            came.body
        );
    }

    #[tokio::test]
    async fn another_order_is_refused_once_the_day_is_set() {
        let order = sample(include_str!("../../../../events/operations/order.json"));
        let ordered = async |known: Known, contract: &Contract| {
            let path = path(contract, "orders");
            post(
                known,
                &operator("suzuki", &["contracts"]),
                &path,
                order.clone(),
            )
            .await
        };
        let (known, contract) = told(arrived());
        let came = ordered(known, &contract).await;
        let guards = |write: &&Write| matches!(write, Write::ServiceEndStandsAt(1));
        assert_eq!(
            (came.status, came.writes().iter().filter(guards).count()),
            (200, 1)
        );
        let (mut known, contract) = told(arrived());
        known.service_end.as_mut().unwrap().last_day = Some(date(2026, 9, 30));
        let came = ordered(known, &contract).await;
        came.is_refused(409, "service_ends");
    }

    #[tokio::test]
    async fn the_day_is_carried_into_each_contract_once() {
        let (mut known, contract) = told(arrived());
        known.service_end.as_mut().unwrap().last_day = Some(date(2026, 9, 30));
        let queue = include_str!("../../../../events/operations/end-with-service.json");
        let carry = async |known: Known| {
            let (app, committed) = app(known);
            let event = Event::read(serde_json::from_str(queue).unwrap()).unwrap();
            let answer = app.on_event(event, now()).await.unwrap();
            assert_eq!(answer["batchItemFailures"], json!([]));
            committed.lock().unwrap().clone()
        };
        let committed = carry(known).await;
        let ended = committed
            .iter()
            .flat_map(|decision| &decision.writes)
            .find_map(|write| match write {
                Write::Contract(after, entry) => {
                    matches!(entry.event, Happened::ServiceEndSet { .. })
                        .then(|| after.as_ref().clone())
                }
                _ => None,
            });
        let ended = ended.unwrap();
        assert_eq!(
            ended.ending.as_ref().map(|ending| ending.on),
            Some(date(2026, 9, 30))
        );
        let (mut known, _) = told(arrived());
        known.service_end.as_mut().unwrap().last_day = Some(date(2026, 9, 30));
        known.contracts = vec![ended];
        assert!(carry(known).await.is_empty(), "{}", contract.id);
    }

    #[tokio::test]
    async fn a_message_of_another_queue_fails_and_to_other_groups_nothing_is_there() {
        let (app, _) = app(Known::default());
        let item = QueueItem {
            message_id: "1".into(),
            body: "{}".into(),
        };
        let answer = app.on_event(Event::Queue(vec![item]), now()).await.unwrap();
        assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "1");
        let stranger = operator("o", &["publisher", "support", "contracts"]);
        for path in ["", "/notices", "/deliveries", "/day"] {
            let path = format!("/console/service-end{path}");
            post(Known::default(), &stranger, &path, json!({}))
                .await
                .is_refused(404, "not_found");
        }
    }
}
