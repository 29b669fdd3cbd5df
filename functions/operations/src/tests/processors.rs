//! The register of sub-processors: the gate of a publication, and the two operators of a change (10, 22-3, P-2).

use ciero_domain::processor::{Act, Change, Proposal, Use};
use ciero_domain::samples::{processor, reseller};
use jiff::civil::date;

use super::*;

fn entry() -> Value {
    sample(include_str!("../../../../events/operations/processor.json"))
}

/// The register that the sample publication lays down.
async fn laid() -> Register {
    let (_, committed) = publish(Known::default(), publication()).await;
    written(&committed)
}

fn written(committed: &[Decision]) -> Register {
    let found = committed[0].writes.iter().find_map(|write| match write {
        Write::Processors(register) => Some(register.as_ref().clone()),
        _ => None,
    });
    found.unwrap()
}

async fn known() -> Known {
    of(laid().await)
}

fn of(register: Register) -> Known {
    Known {
        processors: vec![register],
        ..Known::default()
    }
}

/// A register on which somebody's entry waits.
async fn waiting(id: &str, by: &str) -> Known {
    let change = Change::Enter {
        processor: Box::new(processor(id, &["card"])),
    };
    of(laid().await.propose(change, by, now().0).unwrap())
}

async fn check(known: Known, name: &str, groups: &[&str], path: &str, body: Value) -> Came {
    let path = format!("/console/processors{path}");
    post(known, &operator(name, groups), &path, body).await
}

async fn refusal(known: Known, payload: Value) -> String {
    let (answer, committed) = publish(known, payload).await;
    assert!(committed.is_empty());
    answer.unwrap_err().to_string()
}

mod art_10 {
    use super::*;

    #[tokio::test]
    async fn no_publication_hands_data_to_somebody_who_is_not_on_the_register() {
        let mut bare = publication();
        bare["publish"]["processors"] = json!([]);
        let error = refusal(Known::default(), bare).await;
        assert!(error.starts_with("processor_needed: "), "{error}");
        assert!(error.contains("この利用はできません") && error.ends_with("[storage, mail]"));
        for (pointer, value, missing) in [
            (
                "/publish/prices/0/payment_ja",
                json!("口座振替"),
                "account_transfer",
            ),
            (
                "/publish/prices/0/payment_en",
                json!("by credit card"),
                "card",
            ),
            (
                "/publish/operator/resellers",
                serde_json::to_value([reseller()]).unwrap(),
                "reseller/mihon",
            ),
        ] {
            let mut payload = publication();
            match payload.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => payload["publish"]["operator"]["resellers"] = value,
            }
            for known in [Known::default(), known().await] {
                let error = refusal(known, payload.clone()).await;
                assert!(error.ends_with(&format!("[{missing}]")), "{error}");
            }
            let mut known = known().await;
            known.processors[0]
                .processors
                .push(processor("other", &[missing]));
            let (answer, committed) = publish(known, payload).await;
            assert!(answer.is_ok(), "{missing}: {answer:?}");
            let register = written(&committed);
            assert_eq!((register.version, register.act), (2, Act::UsesChanged));
            assert!(register.uses.contains(&Use::parse(missing).unwrap()));
        }
    }

    #[tokio::test]
    async fn a_price_list_that_is_past_makes_no_use_of_anybody() {
        let mut past = facts().prices[0].clone();
        past.version = "2025-04-01".into();
        past.effective_from = date(2025, 4, 1);
        past.payment_ja = "口座振替".into();
        let known = Known {
            prices: Some(past),
            ..Known::default()
        };
        assert!(publish(known, publication()).await.0.is_ok());
    }

    #[tokio::test]
    async fn entries_of_the_folder_that_make_no_sense_lay_nothing_down() {
        for (pointer, value, says) in [
            ("location", json!("us-east-1"), "not_in_japan"),
            ("nda", Value::Null, "nda_missing"),
            ("since", json!("2026-02-30"), "not understood"),
            ("uses", json!(["fax"]), "not understood"),
            ("id", json!("A B"), "name: "),
            ("until", json!("2026-01-31"), "ends_before_it_begins"),
        ] {
            let mut payload = publication();
            payload["publish"]["processors"][0][pointer] = value;
            let (answer, committed) = publish(Known::default(), payload).await;
            let error = format!("{:#}", answer.unwrap_err());
            assert!(error.contains(says) && committed.is_empty(), "{error}");
        }
    }

    #[tokio::test]
    async fn an_entry_is_proposed_by_one_operator_and_counts_when_another_one_agrees() {
        let came = check(known().await, "mori", &["publisher"], "", entry()).await;
        assert_eq!(
            (came.status, &came.body["version"]),
            (200, &json!(2)),
            "{}",
            came.body
        );
        let register = written(&came.committed);
        assert_eq!(register.processors.len(), 1, "it waits");
        let [Proposal { change, by, .. }] = &register.waiting[..] else {
            panic!("{register:?}");
        };
        assert_eq!((change.id(), by.as_str()), ("mihon-card", "operator:mori"));
        let body = sample(include_str!(
            "../../../../events/operations/processor-approval.json"
        ));
        let path = "/mihon-card/approval";
        let same = check(of(register.clone()), "mori", &["legal"], path, body.clone()).await;
        same.is_refused(409, "second_operator_needed");
        let came = check(of(register), "ueda", &["legal"], path, body).await;
        let register = written(&came.committed);
        assert_eq!(
            (register.version, register.by.as_str()),
            (3, "operator:ueda")
        );
        let card = register.processor("mihon-card").unwrap();
        assert_eq!(card.location.as_str(), "大阪府大阪市北区1-1");
        assert!(register.waiting.is_empty());
    }

    #[tokio::test]
    async fn what_waits_is_taken_back_and_what_does_not_wait_is_not_agreed_to() {
        let path = "/mihon-card/withdrawal";
        let waits = waiting("mihon-card", "operator:mori").await;
        let came = check(waits, "mori", &["publisher"], path, json!({})).await;
        assert!(written(&came.committed).waiting.is_empty());
        let path = "/mihon-card/approval";
        let came = check(known().await, "ueda", &["legal"], path, json!({})).await;
        came.is_refused(409, "nothing_waits");
    }

    #[tokio::test]
    async fn an_entry_that_an_enabled_use_needs_does_not_end_and_another_one_does() {
        let body = sample(include_str!(
            "../../../../events/operations/processor-end.json"
        ));
        let publisher = &["publisher"];
        let came = check(known().await, "mori", publisher, "/cloud/end", body.clone()).await;
        came.is_refused(409, "processor_needed");
        let detail = came.body["detail"].as_str().unwrap();
        assert!(
            detail.contains("メールの送信") || detail.contains("Sending mail"),
            "{detail}"
        );
        let mut register = laid().await;
        register.processors.push(processor("other", &["card"]));
        let came = check(of(register.clone()), "mori", publisher, "/other/end", body).await;
        assert_eq!(written(&came.committed).waiting.len(), 1);
        for (until, status, code) in [
            ("2026-02-30", 422, "date"),
            ("", 422, "required"),
            ("2020-01-01", 409, "ends_before_it_begins"),
        ] {
            let body = json!({"until": until});
            let came = check(of(register.clone()), "mori", publisher, "/other/end", body).await;
            came.is_refused(status, code);
        }
        let came = check(
            known().await,
            "mori",
            publisher,
            "/third/end",
            json!({"until": "2026-12-31"}),
        )
        .await;
        came.is_refused(409, "processor_unknown");
    }

    #[tokio::test]
    async fn an_entry_that_says_too_little_or_nonsense_is_refused_field_by_field() {
        for (field, value, code) in [
            ("id", "見本", "name"),
            ("id", "", "required"),
            ("name_en", "", "required"),
            ("uses", "card, fax", "choice"),
            ("data", "secrets", "choice"),
            ("location", "us-east-1", "not_in_japan"),
            ("location", "", "required"),
            ("since", "2026-02-30", "date"),
        ] {
            let mut body = entry();
            body[field] = json!(value);
            let came = check(known().await, "mori", &["publisher"], "", body).await;
            assert_eq!(came.body["errors"][0]["field"], field);
            came.is_refused(422, code);
        }
        let mut body = entry();
        body["nda"] = json!("");
        let came = check(known().await, "mori", &["publisher"], "", body).await;
        came.is_refused(409, "nda_missing");
    }

    #[tokio::test]
    async fn to_operators_of_other_groups_and_before_there_is_a_register_nothing_is_there() {
        for (groups, path) in [
            (&["support"][..], ""),
            (&["billing"], "/cloud/end"),
            (&["publisher"], "/cloud/approval"),
        ] {
            let body = json!({"until": "2026-12-31"});
            let came = check(known().await, "o", groups, path, body).await;
            came.is_refused(404, "not_found");
        }
        let came = check(Known::default(), "mori", &["publisher"], "", entry()).await;
        came.is_refused(404, "not_found");
    }
}
