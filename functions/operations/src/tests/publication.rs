//! Publication of settings, price lists (6-1) and terms (23-2).

use ciero_domain::contract::Standing;
use ciero_domain::ids::ContractId;
use ciero_domain::notice::Notice;
use ciero_ports::{Body, CommitError, WriteKind};

use super::*;

/// The sample with terms that are published on the day of the test and apply a month later.
fn announced_today() -> Value {
    let mut payload = publication();
    payload["publish"]["terms"][0]["published_on"] = json!("2026-06-01");
    payload["publish"]["terms"][0]["effective_from"] = json!("2026-07-02");
    payload
}

fn contracts(number: u8) -> Vec<Contract> {
    let numbered = (0..number).map(|n| Contract {
        id: ContractId::from_random([n; 10]),
        ..contract()
    });
    numbered.collect()
}

#[tokio::test]
async fn the_first_publication_stores_everything_and_tells_nobody() {
    let (answer, committed) = publish(Known::default(), publication()).await;
    let published: Vec<String> =
        serde_json::from_value(answer.unwrap()["published"].clone()).unwrap();
    assert_eq!(
        published,
        ["operator", "prices/2026-04-01", "terms/2026-04-01"]
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
            Write::Operator(operator) => known.operator = Some(*operator),
            Write::Prices(list) => known.prices = Some(*list),
            Write::Terms(text) => known.terms.push(text.version),
            other => panic!("{other:?}"),
        }
    }
    let (answer, committed) = publish(known, publication()).await;
    assert_eq!(answer.unwrap()["unchanged"].as_array().unwrap().len(), 3);
    assert!(committed.is_empty());
}

#[tokio::test]
async fn a_later_version_of_the_terms_is_told_to_every_contract() {
    let known = Known {
        terms: vec![version("2020-04-01")],
        contracts: vec![contract()],
        ..Known::default()
    };
    let (answer, committed) = publish(known, announced_today()).await;
    answer.unwrap();
    let told: Vec<&Body> = committed[0].messages.iter().map(|m| &m.body).collect();
    let notice = Notice::TermsPublished {
        terms_version: "2026-04-01".into(),
        contract: contract().id,
    };
    assert_eq!(told, [&Body::Notice(notice)]);
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

#[tokio::test]
async fn terms_for_existing_contracts_are_not_published_into_the_past() {
    let known = || Known {
        terms: vec![version("2020-04-01")],
        contracts: contracts(1),
        ..Known::default()
    };
    let (answer, committed) = publish(known(), publication()).await;
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("contracts must be told first"), "{error}");
    assert!(committed.is_empty());
    let without = Known {
        contracts: Vec::new(),
        ..known()
    };
    assert!(publish(without, publication()).await.0.is_ok());
}

#[tokio::test]
async fn an_ended_contract_is_told_nothing() {
    let mut ended = contract();
    ended.standing = Standing::Ended {
        on: jiff::civil::date(2026, 5, 1),
        cause: ciero_domain::contract::TerminationCause::Expiry,
        at_once: false,
    };
    let known = Known {
        terms: vec![version("2020-04-01")],
        contracts: vec![ended],
        ..Known::default()
    };
    let (_, committed) = publish(known, announced_today()).await;
    assert!(committed[0].messages.is_empty());
}

#[tokio::test]
async fn more_notices_than_one_transaction_takes_come_before_the_terms() {
    let known = Known {
        terms: vec![version("2020-04-01")],
        contracts: contracts(199),
        ..Known::default()
    };
    let (answer, committed) = publish(known, announced_today()).await;
    answer.unwrap();
    let sizes: Vec<(usize, usize)> = committed
        .iter()
        .map(|decision| (decision.writes.len(), decision.messages.len()))
        .collect();
    assert_eq!(sizes, [(0, 80), (0, 39), (3, 80)]);
    let ids: std::collections::HashSet<&str> = committed
        .iter()
        .flat_map(|decision| decision.messages.iter().map(|m| m.id.as_str()))
        .collect();
    assert_eq!(ids.len(), 199);
}

#[tokio::test]
async fn a_publication_that_was_cut_short_goes_on() {
    let known = Known {
        terms: vec![version("2020-04-01")],
        contracts: contracts(100),
        ..Known::default()
    };
    let (mut app, _) = app(known);
    let mut ledger = MockLedger::new();
    // The first try left the notices ahead in the outbox.
    ledger.expect_commit().returning(|decision| {
        if decision.writes.is_empty() {
            return Err(CommitError::Conflict(WriteKind::Once));
        }
        Ok(())
    });
    ledger.expect_sent().returning(|_| Ok(()));
    app.desk.ledger = Arc::new(ledger);
    let answer = app.on_event(Event::Direct(announced_today()), now()).await;
    assert_eq!(answer.unwrap()["published"][2], "terms/2026-04-01");
}

#[tokio::test]
async fn more_contracts_than_can_be_told_refuse_the_publication() {
    let known = Known {
        terms: vec![version("2020-04-01")],
        contracts: contracts(200),
        ..Known::default()
    };
    let (answer, committed) = publish(known, announced_today()).await;
    assert!(answer.is_err() && committed.is_empty());
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
    let schedule = Event::Queue(Vec::new());
    assert!(app.on_event(schedule, now()).await.is_err());
}
