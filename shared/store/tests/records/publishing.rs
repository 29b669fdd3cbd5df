//! What is said to everyone: drafts of the terms with the looks at their pages, interruptions, the end of the service.

use ciero_domain::Language;
use ciero_domain::documents::Bilingual;
use ciero_domain::interruption::Interruption;
use ciero_domain::samples;
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::terms::{Draft, NewDraft, Reasons, Seen, Sighting};
use ciero_ports::{
    CommitError, Decision, Interruptions, Ledger, SeenPage, ServiceEnds, TermsChanges, Write,
    WriteKind,
};
use jiff::ToSpan;
use jiff::civil::date;

use crate::samples::*;
use crate::support::tables;

const BY: &str = "operator:mori";

fn draft(name: &str) -> Draft {
    let new = NewDraft {
        name: name.into(),
        effective_from: date(2026, 8, 1),
        supersedes: None,
        ja: "第1条\n本文".into(),
        en: "Article 1\nText".into(),
        reasons: Reasons {
            necessity: "法令の改正".into(),
            purpose: "目的に反しない".into(),
            reasonableness: "相当である".into(),
        },
    };
    Draft::write(None, new, &[], (BY, now())).unwrap()
}

fn is_entity(outcome: Result<(), CommitError>) -> bool {
    matches!(outcome, Err(CommitError::Conflict(WriteKind::Entity)))
}

#[tokio::test]
async fn art_23_drafts_come_back_by_name_and_only_the_next_version_is_written() {
    let t = tables().await;
    let write = |draft: &Draft| Decision::of(Write::TermsDraft(Box::new(draft.clone())));
    let (first, second) = (draft("2026-08-01"), draft("2026-09-01"));
    for draft in [&second, &first] {
        t.store.commit(&write(draft)).await.unwrap();
    }
    let approved = first.approve("operator:ueda", now()).unwrap();
    t.store.commit(&write(&approved)).await.unwrap();
    assert!(is_entity(t.store.commit(&write(&approved)).await));
    let found = t.store.draft("2026-08-01").await.unwrap();
    assert_eq!(found, Some(approved.clone()));
    assert_eq!(t.store.drafts().await.unwrap(), [approved, second]);
    assert_eq!(t.store.draft("2026-10-01").await.unwrap(), None);
}

#[tokio::test]
async fn art_23_looks_at_a_page_come_back_newest_first_and_a_page_once() {
    let t = tables().await;
    let look = |hours: i64| Sighting {
        terms_version: "2026-08-01".into(),
        language: Language::Ja,
        at: now() + hours.hours(),
        seen: Seen::Shown {
            page_sha256: "ab".into(),
        },
    };
    for hours in [0, 2, 1] {
        t.store.note_sighting(&look(hours)).await.unwrap();
    }
    let newest = t.store.sightings("2026-08-01", 2).await.unwrap();
    assert_eq!(newest, [look(2), look(1)]);
    assert_eq!(t.store.sightings("2026-09-01", 2).await.unwrap(), []);
    let page = SeenPage {
        terms_version: "2026-08-01".into(),
        language: Language::Ja,
        at: now(),
        sha256: "ab".into(),
        html: "<p>本文</p>".into(),
    };
    let later = SeenPage {
        at: now() + 1.hour(),
        ..page.clone()
    };
    for seen in [&page, &later] {
        t.store.keep_page(seen).await.unwrap();
    }
    let kept = t.store.seen_page("2026-08-01", "ab").await.unwrap();
    assert_eq!(kept, Some(page), "as it was first seen");
    assert_eq!(t.store.seen_page("2026-08-01", "cd").await.unwrap(), None);
}

#[tokio::test]
async fn art_08_interruptions_come_back_latest_first_and_only_the_next_version_is_written() {
    let t = tables().await;
    let write = |one: &Interruption| Decision::of(Write::Interruption(Box::new(one.clone())));
    let early = samples::interruption(now() - 5.hours());
    let late = Interruption {
        id: ciero_domain::ids::InterruptionId::from_random([9; 10]),
        ..samples::interruption(now() - 1.hour())
    };
    for one in [&late, &early] {
        t.store.commit(&write(one)).await.unwrap();
    }
    let ended = early.end(now(), now()).unwrap();
    t.store.commit(&write(&ended)).await.unwrap();
    assert!(is_entity(t.store.commit(&write(&ended)).await));
    assert_eq!(t.store.interruptions().await.unwrap(), [late, ended]);
}

#[tokio::test]
async fn art_14_the_end_of_the_service_comes_back_and_what_rests_on_it_is_refused_once_it_moved() {
    let t = tables().await;
    assert_eq!(t.store.service_end().await.unwrap(), None);
    let rests = |version: u64| Decision::of(Write::ServiceEndStandsAt(version));
    t.store.commit(&rests(0)).await.unwrap();
    let told = (date(2026, 9, 30), Bilingual::default());
    let announced = ServiceEnd::announce(None, told, 1, (BY, now())).unwrap();
    let write = |end: &ServiceEnd| Decision::of(Write::ServiceEnd(Box::new(end.clone())));
    t.store.commit(&write(&announced)).await.unwrap();
    assert!(is_entity(t.store.commit(&rests(0)).await));
    t.store.commit(&rests(1)).await.unwrap();
    let set = announced.set(date(2026, 9, 30), &[], 1, (BY, now()));
    let set = set.unwrap();
    t.store.commit(&write(&set)).await.unwrap();
    assert!(is_entity(t.store.commit(&write(&set)).await));
    assert!(is_entity(t.store.commit(&rests(1)).await));
    assert_eq!(t.store.service_end().await.unwrap(), Some(set));
}
