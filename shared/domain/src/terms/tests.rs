//! Art. 23: the period of a publication, its approval, edits that begin it anew, and what was seen in public.
#![allow(clippy::unwrap_used)]

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::calendar::days;

fn rows() -> Vec<(Date, Date)> {
    let rows: serde_json::Value =
        serde_json::from_str(include_str!("../../fixtures/vectors.json")).unwrap();
    let day = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap().parse().unwrap();
    let rows = rows["terms_publication"].as_array().unwrap().iter();
    rows.map(|row| (day(row, "published"), day(row, "earliest_effective")))
        .collect()
}

/// Noon of a day in Tokyo.
fn noon(on: Date) -> Timestamp {
    let noon = on.at(12, 0, 0, 0).in_tz("Asia/Tokyo");
    noon.unwrap().timestamp()
}

fn new(name: &str, effective_from: Date) -> NewDraft {
    NewDraft {
        name: name.into(),
        effective_from,
        supersedes: None,
        ja: format!("# 規約 {name}"),
        en: format!("# Terms {name}"),
        reasons: Reasons {
            necessity: "法改正".into(),
            purpose: "目的に沿う".into(),
            reasonableness: "負担は増えない".into(),
        },
    }
}

fn approved(new: NewDraft, known: &[TermsVersion]) -> Draft {
    let at = noon(date(2026, 1, 1));
    let draft = Draft::write(None, new, known, ("operator:a", at)).unwrap();
    draft.approve("operator:b", at).unwrap()
}

fn publish(new: NewDraft, known: &[TermsVersion], on: Date) -> Result<TermsVersion, Refusal> {
    let published = approved(new, known).publish(known, "operator:a", noon(on));
    published.map(|(_, text)| text.version)
}

fn old() -> TermsVersion {
    let day = date(2020, 4, 1);
    TermsText::of("2020-04-01", (day, day), "旧".into(), "old".into()).version
}

#[test]
fn every_worked_example_of_a_publication_holds_and_a_day_earlier_is_refused() {
    assert_eq!(rows().len(), 8);
    for (published, earliest) in rows() {
        assert_eq!(earliest_effective(published), earliest, "{published}");
        let on_time = publish(new("n", earliest), &[old()], published).unwrap();
        assert_eq!(
            (on_time.published_on, on_time.effective_from),
            (published, earliest)
        );
        let early = publish(new("n", days(earliest, -1)), &[old()], published);
        assert_eq!(early.unwrap_err(), Refusal::TooEarly, "{published}");
    }
}

#[test]
fn a_draft_is_approved_by_someone_else_and_an_edit_takes_the_approval_away() {
    let (day, at) = (date(2026, 5, 16), noon(date(2026, 4, 15)));
    let draft = Draft::write(None, new("n", day), &[], ("operator:a", at)).unwrap();
    assert_eq!(
        draft.publish(&[], "operator:b", at).unwrap_err(),
        Refusal::NotApproved
    );
    assert_eq!(
        draft.approve("operator:a", at).unwrap_err(),
        Refusal::AuthorApproves
    );
    let approved = draft.approve("operator:b", at).unwrap();
    assert_eq!(
        approved.approve("operator:c", at).unwrap_err(),
        Refusal::AlreadyApproved
    );
    let edited = Draft::write(Some(&approved), new("n", day), &[], ("operator:b", at)).unwrap();
    assert_eq!((edited.version, edited.approval.as_ref()), (3, None));
    assert_eq!(
        edited.publish(&[], "operator:a", at).unwrap_err(),
        Refusal::NotApproved
    );
    assert_eq!(
        edited.approve("operator:b", at).unwrap_err(),
        Refusal::AuthorApproves
    );
    let (published, text) = approved.publish(&[], "operator:a", at).unwrap();
    assert_eq!(published.published_at, Some(at));
    assert_eq!(text.version.hash_ja, text_hash("# 規約 n".as_bytes()));
    let known = [text.version];
    for refused in [
        Draft::write(Some(&published), new("n", day), &known, ("operator:a", at)),
        published.approve("operator:b", at),
        published
            .publish(&known, "operator:b", at)
            .map(|(draft, _)| draft),
    ] {
        assert_eq!(refused.unwrap_err(), Refusal::AlreadyPublished);
    }
    let same_name = Draft::write(None, new("n", day), &known, ("operator:a", at));
    assert_eq!(same_name.unwrap_err(), Refusal::VersionTaken);
}

#[test]
fn an_edit_after_the_publication_supersedes_it_and_its_period_begins_anew() {
    let known = vec![old()];
    let first = publish(new("first", date(2026, 5, 16)), &known, date(2026, 4, 15)).unwrap();
    let known = vec![old(), first];
    let edit = |effective_from| NewDraft {
        supersedes: Some("first".into()),
        ..new("second", effective_from)
    };
    let early = publish(edit(date(2026, 5, 16)), &known, date(2026, 5, 1));
    assert_eq!(early.unwrap_err(), Refusal::TooEarly);
    let second = publish(edit(date(2026, 6, 2)), &known, date(2026, 5, 1)).unwrap();
    let known = [known, vec![second]].concat();
    let name = |on| in_force(&known, on).unwrap().version.clone();
    assert_eq!(
        name(date(2026, 5, 16)),
        "2020-04-01",
        "the first one never applies"
    );
    assert_eq!(name(date(2026, 6, 1)), "2020-04-01");
    assert_eq!(name(date(2026, 6, 2)), "second");
    let seen = |on| {
        to_be_seen(&known, on)
            .iter()
            .map(|v| v.version.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(date(2026, 5, 20)), ["2020-04-01", "second"]);
    assert_eq!(seen(date(2026, 6, 2)), ["second"]);
    let written = ("operator:a", noon(date(2026, 5, 2)));
    let again = Draft::write(None, edit(date(2026, 8, 1)), &known, written);
    assert_eq!(again.unwrap_err(), Refusal::VersionTaken);
}

#[test]
fn only_what_is_not_in_force_yet_can_be_superseded_and_nothing_overtakes_another() {
    let first = publish(new("first", date(2026, 6, 1)), &[old()], date(2026, 4, 15)).unwrap();
    let known = [old(), first];
    let superseding = |name: &str| NewDraft {
        supersedes: Some(name.into()),
        ..new("second", date(2026, 7, 15))
    };
    for (name, on) in [
        ("2020-04-01", date(2026, 5, 1)),
        ("unknown", date(2026, 5, 1)),
        ("first", date(2026, 6, 1)),
    ] {
        let refused = publish(superseding(name), &known, on).unwrap_err();
        assert_eq!(refused, Refusal::NothingToSupersede, "{name} on {on}");
    }
    for day in [date(2026, 5, 20), date(2026, 6, 1)] {
        let refused = publish(new("second", day), &known, date(2026, 4, 15)).unwrap_err();
        assert_eq!(refused, Refusal::OutOfOrder, "{day}");
    }
    assert!(publish(new("second", date(2026, 6, 2)), &known, date(2026, 4, 15)).is_ok());
}

#[test]
fn a_look_at_the_website_says_what_it_showed() {
    let text = TermsText::of(
        "n",
        (date(2026, 4, 1), date(2026, 5, 2)),
        "本文".into(),
        "Text".into(),
    );
    let at = noon(date(2026, 4, 2));
    let answer = |status, body: &str| {
        let body = body.as_bytes().to_vec();
        Some(Answered { status, body })
    };
    let check = |raw: Option<Answered>, page: Option<Answered>| {
        Sighting::of(
            &text.version,
            (Language::Ja, at),
            raw.as_ref(),
            page.as_ref(),
        )
        .seen
    };
    let page_sha256 = text_hash(b"<p>page</p>");
    let page = || answer(200, "<p>page</p>");
    assert_eq!(
        check(answer(200, "本文"), page()),
        Seen::Shown {
            page_sha256: page_sha256.clone()
        }
    );
    assert_eq!(
        check(answer(200, "Text"), page()),
        Seen::Changed { page_sha256 }
    );
    assert_eq!(
        check(answer(200, "本文"), answer(503, "")),
        Seen::Missing { status: 503 }
    );
    assert_eq!(
        check(answer(404, ""), page()),
        Seen::Missing { status: 404 }
    );
    assert_eq!(check(None, page()), Seen::Unreachable);
    assert_eq!(check(answer(200, "本文"), None), Seen::Unreachable);
}

proptest! {
    #[test]
    fn between_publication_and_effect_lies_a_whole_month(ahead in 0i32..20_000) {
        let published = date(2020, 1, 1).saturating_add(ahead.days());
        let earliest = earliest_effective(published);
        prop_assert!((earliest - published).get_days() >= 29);
        prop_assert!(earliest_effective(days(published, 1)) >= earliest);
    }
}
