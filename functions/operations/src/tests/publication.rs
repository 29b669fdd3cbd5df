//! Publication of settings, price lists (6-1) and terms (23-2).

use super::*;

#[tokio::test]
async fn the_first_publication_stores_everything_and_tells_nobody() {
    let (answer, committed) = publish(Known::default(), publication()).await;
    let published: Vec<String> =
        serde_json::from_value(answer.unwrap()["published"].clone()).unwrap();
    assert_eq!(
        published,
        [
            "processors/1",
            "third-party-terms/1",
            "operator",
            "prices/2026-04-01",
            "terms/2026-04-01"
        ]
    );
    assert!(
        committed
            .iter()
            .all(|decision| decision.messages.is_empty())
    );
}

#[tokio::test]
async fn the_same_publication_again_changes_nothing() {
    let (_, committed) = publish(Known::default(), publication()).await;
    let mut known = Known::default();
    for write in committed.into_iter().flat_map(|decision| decision.writes) {
        match write {
            Write::Processors(register) => known.processors.push(*register),
            Write::ThirdPartyTerms(list) => known.third_party_terms.push(*list),
            Write::Operator(operator) => known.operator = Some(*operator),
            Write::Prices(list) => known.prices = Some(*list),
            Write::Terms(text) => known.terms.push(text.version),
            other => panic!("{other:?}"),
        }
    }
    let (answer, committed) = publish(known, publication()).await;
    assert_eq!(answer.unwrap()["unchanged"].as_array().unwrap().len(), 5);
    assert!(committed.is_empty());
}

#[tokio::test]
async fn a_change_of_terms_in_force_needs_a_draft_as_soon_as_there_is_a_contract() {
    let known = |contracts| Known {
        terms: vec![version("2020-04-01")],
        contracts,
        ..Known::default()
    };
    let error = refusal(known(vec![contract()]), publication()).await;
    assert!(error.starts_with("terms_need_a_draft"), "{error}");
    let (answer, committed) = publish(known(Vec::new()), publication()).await;
    answer.unwrap();
    assert!(committed[0].messages.is_empty());
}

#[tokio::test]
async fn a_published_version_with_other_content_is_refused() {
    let known = Known {
        terms: vec![version("2026-04-01")],
        ..Known::default()
    };
    let (answer, committed) = publish(known, publication()).await;
    assert!(
        answer
            .unwrap_err()
            .to_string()
            .contains("published with other content")
    );
    assert!(
        !committed
            .iter()
            .flat_map(|d| &d.writes)
            .any(|w| matches!(w, Write::Terms(_)))
    );
}

#[tokio::test]
async fn terms_that_apply_too_early_are_refused_before_anything_is_stored() {
    let mut payload = publication();
    payload["publish"]["terms"][0]["published_on"] = json!("2026-03-02");
    payload["publish"]["terms"][0]["effective_from"] = json!("2026-04-02");
    let (answer, committed) = publish(Known::default(), payload).await;
    assert!(
        answer
            .unwrap_err()
            .to_string()
            .contains("2026-04-03 at the earliest (23-2)")
    );
    assert!(committed.is_empty());
}

#[tokio::test]
async fn documents_that_make_no_sense_are_refused() {
    for (pointer, value) in [
        ("/publish/operator/service_name", json!("")),
        ("/publish/operator/device_models", json!([])),
        ("/publish/prices/0/plans", json!([])),
        ("/publish/prices/0/plans/0/yearly_yen", json!(-1)),
        ("/publish/prices/0/tax_percent", json!(1000)),
        ("/publish/terms/0/ja", json!(" ")),
        ("/publish/terms/0/effective_from", json!("2026-02-30")),
    ] {
        let mut payload = publication();
        *payload.pointer_mut(pointer).unwrap() = value;
        let (answer, committed) = publish(Known::default(), payload).await;
        assert!(answer.is_err() && committed.is_empty(), "{pointer}");
    }
}

#[tokio::test]
async fn what_one_document_refuses_stores_none_of_them() {
    let known = Known {
        terms: vec![version("2026-04-01")],
        ..Known::default()
    };
    let (answer, committed) = publish(known, publication()).await;
    assert!(answer.is_err() && committed.is_empty());
}

#[tokio::test]
async fn a_published_price_list_cannot_move_to_another_date_or_change() {
    let mut known: PriceList =
        serde_json::from_value(publication()["publish"]["prices"][0].clone()).unwrap();
    known.effective_from = jiff::civil::date(2026, 5, 1);
    let known = Known {
        prices: Some(known),
        ..Known::default()
    };
    let (answer, committed) = publish(known, publication()).await;
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("published with other content"), "{error}");
    assert!(committed.is_empty());
}

#[tokio::test]
async fn two_price_lists_do_not_apply_from_the_same_date() {
    let mut payload = publication();
    let mut other = payload["publish"]["prices"][0].clone();
    other["version"] = json!("2026-04-01b");
    payload["publish"]["prices"]
        .as_array_mut()
        .unwrap()
        .push(other);
    let (answer, committed) = publish(Known::default(), payload).await;
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("and so does another one"), "{error}");
    assert!(committed.is_empty());
}

#[tokio::test]
async fn one_publication_names_a_version_once() {
    for documents in ["prices", "terms"] {
        let mut payload = publication();
        let same = payload["publish"][documents][0].clone();
        payload["publish"][documents]
            .as_array_mut()
            .unwrap()
            .push(same);
        let (answer, committed) = publish(Known::default(), payload).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("the same version"), "{error}");
        assert!(committed.is_empty());
    }
}

#[tokio::test]
async fn a_version_that_could_not_stand_in_an_address_is_refused() {
    for name in ["", "2026/04", "../x", "版", "a b"] {
        for documents in ["prices", "terms"] {
            let mut payload = publication();
            payload["publish"][documents][0]["version"] = json!(name);
            let (answer, committed) = publish(Known::default(), payload).await;
            assert!(answer.is_err() && committed.is_empty(), "{name}");
        }
    }
}

/// The sample, and a service in which the same settings name a reseller.
fn without_its_reseller() -> (Known, Value) {
    let mut settings = facts().operator;
    settings.resellers = vec![ciero_domain::samples::reseller()];
    let known = Known {
        operator: Some(settings),
        ..Known::default()
    };
    (known, publication())
}

async fn refusal(known: Known, payload: Value) -> String {
    let (answer, committed) = publish(known, payload).await;
    assert!(committed.is_empty());
    answer.unwrap_err().to_string()
}

mod art_06 {
    use super::*;

    #[tokio::test]
    async fn a_reseller_with_customers_or_fees_to_be_billed_stays_in_the_settings() {
        let (known, payload) = without_its_reseller();
        let customers = Known {
            customers: vec![contract().id],
            ..known
        };
        let error = refusal(customers, payload).await;
        assert!(error.starts_with("reseller_has_customers"), "{error}");
        let (known, payload) = without_its_reseller();
        let day = jiff::civil::date(2026, 6, 1);
        let fees = Known {
            unbilled: vec![ciero_domain::samples::resold_fee(1, day, 18_000)],
            ..known
        };
        let error = refusal(fees, payload).await;
        assert!(error.starts_with("reseller_has_unbilled_fees"), "{error}");
        let (known, payload) = without_its_reseller();
        assert!(publish(known, payload).await.0.is_ok());
    }

    #[tokio::test]
    async fn the_number_of_the_issuer_is_t_and_thirteen_digits() {
        for number in [
            "",
            "9000000000000",
            "T900000000000",
            "T90000000000000",
            "T９000000000000",
            "t9000000000000",
        ] {
            let mut payload = publication();
            payload["publish"]["operator"]["registration_number"] = json!(number);
            let error = refusal(Known::default(), payload).await;
            assert!(error.contains("T and 13 digits"), "{number}: {error}");
        }
    }

    #[tokio::test]
    async fn a_price_list_is_not_published_into_the_past() {
        let on = |day: &str| {
            let mut payload = publication();
            payload["publish"]["prices"][0]["published_on"] = json!(day);
            payload
        };
        let error = refusal(Known::default(), on("2026-05-31")).await;
        assert!(error.contains("before today, 2026-06-01"), "{error}");
        let (answer, committed) = publish(Known::default(), on("2026-06-01")).await;
        assert!(answer.is_ok());
        let list = committed[0].writes.iter().find_map(|write| match write {
            Write::Prices(list) => Some(list.as_ref().clone()),
            _ => None,
        });
        // Its day does not move afterwards either.
        for (day, is_taken) in [
            ("2026-06-01", true),
            ("2026-06-02", false),
            ("2026-05-01", false),
        ] {
            let known = Known {
                prices: list.clone(),
                ..Known::default()
            };
            assert_eq!(publish(known, on(day)).await.0.is_ok(), is_taken, "{day}");
        }
    }
}

#[tokio::test]
async fn any_other_event_is_refused() {
    for payload in [
        json!({}),
        json!({"publish": {}}),
        json!({"publish": 1, "x": 2}),
    ] {
        let (answer, committed) = publish(Known::default(), payload).await;
        assert!(answer.is_err() && committed.is_empty());
    }
    let (app, _) = app(Known::default());
    let notified = Event::Notified {
        detail_type: "Email Bounced".into(),
        detail: json!({}),
    };
    assert!(app.on_event(notified, now()).await.is_err());
}
