//! A change of the terms from its draft to its publication, and the looks at the public page (Art. 23).

use ciero_domain::Language;
use ciero_domain::terms::{Seen, TermsText, text_hash};
use ciero_ports::{About, Body};
use jiff::civil::date;

use super::*;

fn mori() -> Session {
    operator("mori", &["publisher"])
}

fn ueda() -> Session {
    operator("ueda", &["legal"])
}

/// The sample, which applies from the earliest day if it is published on the day of the test.
fn draft() -> Value {
    sample(include_str!(
        "../../../../events/operations/terms-draft.json"
    ))
}

fn laid_down() -> Known {
    Known {
        terms: vec![version("2020-04-01")],
        ..Known::default()
    }
}

fn kept(came: &Came) -> Draft {
    let found = came.writes().iter().find_map(|write| match write {
        Write::TermsDraft(draft) => Some(draft.as_ref().clone()),
        _ => None,
    });
    found.unwrap()
}

async fn written() -> Draft {
    kept(&post(laid_down(), &mori(), "/console/terms", draft()).await)
}

async fn approved() -> Draft {
    let known = with_draft(written().await);
    kept(
        &post(
            known,
            &ueda(),
            "/console/terms/2026-07-02/approval",
            sample(include_str!(
                "../../../../events/operations/terms-draft-approval.json"
            )),
        )
        .await,
    )
}

fn with_draft(draft: Draft) -> Known {
    Known {
        drafts: vec![draft],
        ..laid_down()
    }
}

const PUBLICATION: &str = "/console/terms/2026-07-02/publication";

mod art_23 {
    use super::*;

    #[tokio::test]
    async fn a_draft_names_its_reasons_or_is_refused_beside_each_field() {
        let draft_kept = written().await;
        assert_eq!(draft_kept.reasons.necessity, "法令の改正に合わせるため");
        assert_eq!(
            (draft_kept.written_by.as_str(), draft_kept.approval),
            ("operator:mori", None)
        );
        for field in [
            "version",
            "effective_from",
            "ja",
            "en",
            "necessity",
            "purpose",
            "reasonableness",
        ] {
            let mut without = draft();
            without[field] = json!(" ");
            let came = post(laid_down(), &mori(), "/console/terms", without).await;
            came.is_refused(422, "required");
            assert_eq!(came.body["errors"][0]["field"], field);
        }
        for name in ["a/b", "版", "x y"] {
            let mut odd = draft();
            odd["version"] = json!(name);
            post(laid_down(), &mori(), "/console/terms", odd)
                .await
                .is_refused(422, "unprintable");
        }
    }

    #[tokio::test]
    async fn whoever_wrote_it_cannot_approve_it() {
        let session = operator("mori", &["publisher", "legal"]);
        let known = with_draft(written().await);
        let came = post(
            known,
            &session,
            "/console/terms/2026-07-02/approval",
            json!({}),
        )
        .await;
        came.is_refused(409, "second_operator_needed");
    }

    #[tokio::test]
    async fn an_approved_draft_is_published_and_every_contract_is_told_in_one_transaction() {
        let came = post(
            with_draft(approved().await),
            &mori(),
            PUBLICATION,
            sample(include_str!(
                "../../../../events/operations/terms-draft-publication.json"
            )),
        )
        .await;
        assert_eq!(came.status, 200, "{}", came.body);
        let text = came.writes().iter().find_map(|write| match write {
            Write::Terms(text) => Some(text.as_ref()),
            _ => None,
        });
        let version = &text.unwrap().version;
        assert_eq!(
            (version.published_on, version.effective_from),
            (today(), date(2026, 7, 2))
        );
        assert_eq!(kept(&came).published_by.as_deref(), Some("operator:mori"));
        let [message] = &came.committed[0].messages[..] else {
            panic!("{came:?}", came = came.body);
        };
        let about = About::Terms {
            version: "2026-07-02".into(),
        };
        assert!(
            matches!(&message.body, Body::Announce(whole) if whole.about == about && whole.from.is_none())
        );
    }

    #[tokio::test]
    async fn a_day_too_early_is_refused_with_the_earliest_day_and_so_is_what_nobody_approved() {
        let early = Draft {
            effective_from: date(2026, 7, 1),
            ..approved().await
        };
        let came = post(with_draft(early), &mori(), PUBLICATION, json!({})).await;
        came.is_refused(409, "effective_too_early");
        assert!(
            came.body["detail"].as_str().unwrap().contains("2026-07-02"),
            "{}",
            came.body
        );
        let came = post(with_draft(written().await), &mori(), PUBLICATION, json!({})).await;
        came.is_refused(409, "terms_not_approved");
    }

    #[tokio::test]
    async fn an_edit_takes_the_approval_away_and_published_terms_cannot_be_edited() {
        let edited = kept(
            &post(
                with_draft(approved().await),
                &mori(),
                "/console/terms",
                draft(),
            )
            .await,
        );
        assert_eq!((edited.version, edited.approval), (3, None));
        let published = kept(
            &post(
                with_draft(approved().await),
                &mori(),
                PUBLICATION,
                json!({}),
            )
            .await,
        );
        let came = post(with_draft(published), &mori(), "/console/terms", draft()).await;
        came.is_refused(409, "terms_published");
        let mut same_name = draft();
        same_name["version"] = json!("2020-04-01");
        post(laid_down(), &mori(), "/console/terms", same_name)
            .await
            .is_refused(409, "terms_version_taken");
    }

    #[tokio::test]
    async fn to_other_groups_drafts_do_not_exist() {
        let came = post(
            laid_down(),
            &operator("o", &["support"]),
            "/console/terms",
            draft(),
        )
        .await;
        came.is_refused(404, "not_found");
        let approval = "/console/terms/2026-07-02/approval";
        let came = post(with_draft(written().await), &mori(), approval, json!({})).await;
        came.is_refused(404, "not_found");
        for path in [approval, PUBLICATION] {
            let both = operator("o", &["legal"]);
            post(laid_down(), &both, path, json!({}))
                .await
                .is_refused(404, "not_found");
        }
    }

    /// What a look at the version in force leaves, when the website answers so.
    async fn look(website: Option<Answered>) -> (Vec<Sighting>, Vec<SeenPage>) {
        let day = date(2020, 4, 1);
        let text = TermsText::of("2020-04-01", (day, day), "本文".into(), "本文".into());
        let known = Known {
            terms: vec![text.version],
            website,
            ..Known::default()
        };
        let seen = known.seen.clone();
        let (app, _) = app(known);
        let daily = include_str!("../../../../events/operations/schedule.json");
        let daily = Event::read(serde_json::from_str(daily).unwrap()).unwrap();
        app.on_event(daily, now()).await.unwrap();
        let seen = seen.lock().unwrap();
        seen.clone()
    }

    #[tokio::test]
    async fn every_day_the_public_page_is_looked_at_and_an_outage_is_written_down() {
        let answer = |status, body: &str| {
            let body = body.as_bytes().to_vec();
            Some(Answered { status, body })
        };
        let (seen, pages) = look(answer(200, "本文")).await;
        let languages: Vec<Language> = seen.iter().map(|one| one.language).collect();
        assert_eq!(languages, [Language::Ja, Language::En]);
        assert!(seen.iter().all(Sighting::is_shown));
        assert_eq!(pages[0].sha256, text_hash(pages[0].html.as_bytes()));
        let (seen, pages) = look(answer(200, "別の本文")).await;
        assert!(matches!(seen[0].seen, Seen::Changed { .. }) && pages.len() == 2);
        let (seen, pages) = look(answer(503, "")).await;
        assert_eq!(
            (&seen[0].seen, pages.len()),
            (&Seen::Missing { status: 503 }, 0)
        );
        let (seen, _) = look(None).await;
        assert_eq!(seen[0].seen, Seen::Unreachable);
    }
}
