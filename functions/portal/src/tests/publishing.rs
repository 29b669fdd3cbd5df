//! What the operator says in public: versions of the terms and their proofs, consents, interruptions.

use ciero_domain::Language;
use ciero_domain::documents::Bilingual;
use ciero_domain::interruption::{Interruption, Update};
use ciero_domain::samples::interruption;
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::terms::{Approval, Draft, Reasons, Seen, Sighting, TermsText, text_hash};
use ciero_ports::SeenPage;
use jiff::ToSpan;
use jiff::civil::date;

use super::support::*;

const PAGE: &str = "<p>as it was seen</p>";

/// A version to come with its draft and proofs, another draft, and interruptions of every kind.
pub fn published() -> World {
    let days = (date(2026, 5, 20), date(2026, 7, 1));
    let (ja, en) = (
        "## 第1条（範囲）\n\n新しい本文\n",
        "## Article 1 (Scope)\n\nNew text\n",
    );
    let text = TermsText::of("2026-07-01", days, ja.into(), en.into());
    let draft = |name: &str, published_at: Option<jiff::Timestamp>| Draft {
        name: name.into(),
        version: 3,
        effective_from: days.1,
        supersedes: None,
        ja: ja.into(),
        en: en.into(),
        reasons: Reasons {
            necessity: "A new law".into(),
            purpose: "Within the purpose".into(),
            reasonableness: "No further burden".into(),
        },
        written_by: "operator:mori".into(),
        written_at: noon() - 48.hours(),
        approval: published_at.map(|at| Approval {
            by: "operator:ueda".into(),
            at,
        }),
        published_at,
        published_by: published_at.map(|_| "operator:mori".into()),
    };
    let sighting = |language, seen| Sighting {
        terms_version: "2026-07-01".into(),
        language,
        at: noon(),
        seen,
    };
    let page_sha256 = text_hash(PAGE.as_bytes());
    let word = |ja: &str, en: &str| Bilingual {
        ja: ja.into(),
        en: en.into(),
    };
    let to_come = Interruption {
        planned_end: Some(noon() + 242.hours()),
        ..interruption(noon() + 240.hours())
    };
    let ongoing = Interruption {
        updates: vec![Update {
            at: noon(),
            text: word("調査中です。", "We look into it."),
        }],
        ..interruption(noon() - 1.hour())
    };
    let over = Interruption {
        ended_at: Some(noon() - 20.hours()),
        ..interruption(noon() - 30.hours())
    };
    let numbered = [to_come, ongoing, over]
        .into_iter()
        .zip(1u8..)
        .map(|(one, n)| Interruption {
            id: ciero_domain::ids::InterruptionId::from_random([n; 10]),
            ..one
        });
    World::new().with(|w| {
        w.interruptions = Some(numbered.collect());
        w.terms.push(text);
        w.users[1].acceptances.clear();
        w.back.service_end = Some(ServiceEnd {
            version: 1,
            announced_at: noon(),
            announced_by: "operator:ueda".into(),
            not_before: date(2026, 9, 30),
            text: word("終了します。", "It ends."),
            last_day: None,
            set_by: None,
        });
        w.back.drafts = vec![draft("2026-07-01", Some(noon())), draft("2026-09-01", None)];
        w.back.sightings = vec![
            sighting(
                Language::Ja,
                Seen::Shown {
                    page_sha256: page_sha256.clone(),
                },
            ),
            sighting(Language::En, Seen::Unreachable),
        ];
        w.back.pages = vec![SeenPage {
            terms_version: "2026-07-01".into(),
            language: Language::Ja,
            at: noon(),
            sha256: page_sha256,
            html: PAGE.into(),
        }];
    })
}

async fn staff(groups: &[&str], path: &str) -> Answer {
    let world = published();
    let cookie = world.staff(groups);
    world.ask(path, &cookie).await
}

mod art_01 {
    use super::*;

    #[tokio::test]
    async fn the_legal_desk_sees_who_agreed_to_which_version_and_who_did_not() {
        for group in ["legal", "publisher"] {
            let answer = staff(&[group], "/console/consents").await;
            assert_eq!(answer.status, 200);
            answer.shows(&["2026-04-01", "Jiro"]).hides(&["Hanako"]);
        }
        assert_eq!(
            staff(&["support"], "/console/consents").await.code(),
            "not_found"
        );
    }
}

mod art_08 {
    use super::*;

    #[tokio::test]
    async fn everyone_sees_what_is_interrupted_planned_and_past() {
        let answer = published().open("/status", "").await;
        assert_eq!(answer.status, 200);
        answer.shows(&[
            "継続中",
            "予定",
            "これまで",
            "回線の事故です。",
            "調査中です。",
            "第8条第1項第2号",
        ]);
        World::new()
            .open("/status", "")
            .await
            .shows(&["記録されている中断はありません。"]);
    }

    #[tokio::test]
    async fn programs_get_the_same_as_json() {
        let request = http::Request::get("/status").header("accept", "application/json");
        let answer = published()
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        let read: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(read["state"], "interrupted");
        let many = |name: &str| read[name].as_array().unwrap().len();
        assert_eq!((many("ongoing"), many("toCome"), many("past")), (1, 1, 1));
        assert_eq!(read["ongoing"][0]["category"], "accident");
    }

    #[tokio::test]
    async fn the_page_opens_while_the_records_cannot_be_read_and_says_so() {
        let broken = World::new().with(|w| {
            w.interruptions = None;
            w.operator = None;
        });
        let answer = broken.open("/status", "").await;
        assert_eq!(answer.status, 503);
        answer.shows(&["稼働状況", "ただいま記録を読み取れません。"]);
    }

    #[tokio::test]
    async fn operators_of_the_upkeep_see_the_forms_that_each_record_allows() {
        let answer = staff(&["support"], "/console/interruptions").await;
        assert_eq!(answer.status, 200);
        for (n, verbs) in [
            (1u8, vec!["updates", "calling-off"]),
            (2, vec!["updates", "end"]),
            (3, vec![]),
        ] {
            let id = ciero_domain::ids::InterruptionId::from_random([n; 10]);
            for verb in ["updates", "end", "calling-off"] {
                let form = format!("/console/interruptions/{id}/{verb}\"");
                assert_eq!(answer.body.contains(&form), verbs.contains(&verb), "{form}");
            }
        }
        assert_eq!(
            staff(&["billing"], "/console/interruptions").await.code(),
            "not_found"
        );
    }
}

mod art_14 {
    use super::*;
    use ciero_domain::contract::stable_id;
    use ciero_domain::notice::{Notice, Outcome};

    #[tokio::test]
    async fn the_legal_desk_sees_who_was_not_reached_and_sets_the_day_only_when_all_were() {
        let set = "action=\"/console/service-end/day\"";
        let answer = staff(&["legal"], "/console/service-end").await;
        answer
            .shows(&["Mihon Shoten", "未送信", "/console/service-end/deliveries"])
            .hides(&[set]);
        let reached = published().with(|w| {
            let notice = Notice::ServiceEndAnnounced {
                contract: contract().id,
            };
            let mut line = noticed(1, notice, Outcome::Arrived { at: noon() });
            line.id = stable_id(&contract().id, "service-end");
            w.notices = vec![line];
        });
        let cookie = reached.staff(&["legal"]);
        reached
            .open("/console/service-end", &cookie)
            .await
            .shows(&["すべてのお客様への到達を確認しました", set]);
        assert_eq!(
            staff(&["publisher"], "/console/service-end").await.code(),
            "not_found"
        );
    }
}

mod art_23 {
    use super::*;

    #[tokio::test]
    async fn what_changed_between_two_versions_is_shown_to_everyone() {
        let world = published();
        for path in [
            "/terms/2026-07-01/changes",
            "/terms/2026-07-01/changes?since=2026-04-01",
        ] {
            let answer = world.open(path, "").await;
            assert_eq!(answer.status, 200);
            answer
                .shows(&["<del", "<ins", "新しい", "&lt;script&gt;"])
                .hides(&["<script>alert"]);
        }
        world
            .open("/terms/2026-04-01/changes", "")
            .await
            .shows(&["これが最初の版です。"]);
        for path in [
            "/terms/1999-01-01/changes",
            "/terms/2026-07-01/changes?since=1999-01-01",
            "/terms/1999-01-01/text",
        ] {
            assert_eq!(world.ask(path, "").await.status, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn the_text_that_anyone_can_fetch_is_the_one_whose_hash_was_published() {
        let world = published();
        let version = world.terms[1].version.clone();
        for language in [Language::Ja, Language::En] {
            let cookie = format!("lang={}", language.tag());
            let answer = world.ask("/terms/2026-07-01/text", &cookie).await;
            assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
            assert_eq!(text_hash(answer.body.as_bytes()), version.hash(language));
        }
    }

    #[tokio::test]
    async fn a_superseded_version_says_that_it_never_comes_into_force() {
        let world = published().with(|w| {
            let mut later = terms("2026-08-01");
            later.version.supersedes = Some("2026-07-01".into());
            w.terms.push(later);
        });
        world
            .open("/terms/2026-07-01", "")
            .await
            .shows(&["差し替え済み"]);
    }

    #[tokio::test]
    async fn a_draft_shows_its_reasons_and_changes_and_its_approval_to_another_legal_operator_only()
    {
        let approval = "action=\"/console/terms/2026-09-01/approval\"";
        let answer = staff(&["legal"], "/console/terms/2026-09-01").await;
        answer.shows(&["A new law", "<ins", approval]);
        staff(&["publisher"], "/console/terms/2026-09-01")
            .await
            .hides(&[approval]);
        let own = published().with(|w| w.back.drafts[1].written_by = "operator:suzuki".into());
        let cookie = own.staff(&["legal"]);
        own.open("/console/terms/2026-09-01", &cookie)
            .await
            .hides(&[approval]);
        let list = staff(&["publisher"], "/console/terms").await;
        list.shows(&[
            "/console/terms/2026-07-01",
            "/console/terms/2026-09-01",
            "action=\"/console/terms\"",
        ]);
        for path in ["/console/terms", "/console/terms/2026-09-01"] {
            assert_eq!(staff(&["support"], path).await.code(), "not_found");
        }
        assert_eq!(
            staff(&["legal"], "/console/terms/1999-01-01").await.code(),
            "not_found"
        );
    }

    #[tokio::test]
    async fn the_proofs_of_a_publication_are_shown_and_the_page_can_be_had_as_it_was_seen() {
        let answer = staff(&["legal"], "/console/terms/2026-07-01").await;
        let copy = format!(
            "/console/terms/2026-07-01/pages/{}",
            text_hash(PAGE.as_bytes())
        );
        answer.shows(&["公表した本文を表示", "応答なし", &copy]);
        let file = staff(&["legal"], &copy).await;
        assert_eq!((file.status, file.body.as_str()), (200, PAGE));
        assert!(file.header("content-disposition").starts_with("attachment"));
        assert_eq!(staff(&["support"], &copy).await.code(), "not_found");
        assert_eq!(
            staff(&["legal"], "/console/terms/2026-07-01/pages/00")
                .await
                .code(),
            "not_found"
        );
    }
}
