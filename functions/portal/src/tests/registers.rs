//! Sub-processors and third-party terms, for everyone and for those who keep them (10, 21-1, 25-1, 25-2).

use std::collections::BTreeSet;

use ciero_domain::processor::{Change, Processor, Register, Use};
use ciero_domain::samples::{next_third_party_terms, processor, third_party_terms};
use ciero_domain::third_party::ThirdPartyTerms;
use jiff::ToSpan;

use super::support::*;

/// A register since two days ago, to which a card company was added yesterday, an end waits, and two lists of third-party
/// terms of which the contract was formed with the first.
pub fn registered() -> World {
    let first = Register::publish(
        None,
        vec![
            processor("cloud", &["storage", "mail"]),
            processor("other", &["mail"]),
        ],
        BTreeSet::from([Use::Storage, Use::Mail]),
        ("publication", noon() - 48.hours()),
    );
    let first = first.unwrap().unwrap();
    let mut card = processor("card", &["card"]);
    card.name.ja = "見本カード".into();
    card.name.en = "Mihon Card".into();
    let enter = Change::Enter {
        processor: Box::new(card),
    };
    let end = Change::End {
        id: "other".into(),
        until: jiff::civil::date(2026, 12, 31),
    };
    let yesterday = noon() - 24.hours();
    let second = first.propose(enter, "operator:mori", yesterday).unwrap();
    let third = second.approve("card", "operator:ueda", yesterday).unwrap();
    let fourth = third.propose(end, "operator:mori", noon()).unwrap();
    let list = third_party_terms();
    World::new().with(|w| {
        let agreed = ThirdPartyTerms::agreed(Some(&list), w.contract.id.clone(), noon());
        w.agreed = Some(agreed);
        w.third_party_terms = vec![list.clone(), next_third_party_terms(&list)];
        w.processors = vec![first, second, third, fourth];
    })
}

mod art_21 {
    use super::*;

    #[tokio::test]
    async fn everyone_sees_who_is_handed_data_for_what_where_and_since_when() {
        let world = registered();
        let page = world.open("/processors", "").await;
        page.shows(&[
            "株式会社見本委託",
            "見本カード",
            "データの保管",
            "日本（東京リージョン",
            "2026年4月1日",
        ]);
        page.hides(&["NDA-2026-001", "operator:mori"]);
        let page = world.open("/processors", "lang=en").await;
        page.shows(&[
            "Mihon Itaku Co., Ltd.",
            "Japan (Tokyo region, ap-northeast-1)",
        ]);
        let terms = world.open("/terms", "").await;
        terms.shows(&["href=\"/processors\"", "href=\"/third-party-terms\""]);
    }
}

mod art_10 {
    use super::*;

    #[tokio::test]
    async fn an_old_day_shows_the_register_of_that_day() {
        let world = registered();
        let on = |days: i64| format!("/processors?on={}", world.today() - days.days());
        world.open(&on(1), "").await.shows(&["見本カード"]);
        let before = world.open(&on(2), "").await;
        before.shows(&["株式会社見本委託"]).hides(&["見本カード"]);
        world
            .open(&on(3), "")
            .await
            .shows(&["この日の登録はありません"]);
        for day in ["2026-02-30", "x"] {
            let answer = world.open(&format!("/processors?on={day}"), "").await;
            assert_eq!(answer.status, 404, "{day}");
        }
    }

    #[tokio::test]
    async fn an_entry_that_has_ended_is_not_shown() {
        let mut world = registered();
        let register = world.processors.last_mut().unwrap();
        let ended = |one: &mut Processor| one.until = Some(jiff::civil::date(2026, 5, 1));
        ended(&mut register.processors[2]);
        world.open("/processors", "").await.hides(&["見本カード"]);
    }

    #[tokio::test]
    async fn those_who_keep_the_register_see_what_waits_and_only_another_one_of_the_legal_desk_may_agree()
     {
        let world = registered();
        let open = async |groups: &[&str]| {
            world
                .open("/console/processors", &world.staff(groups))
                .await
        };
        let legal = open(&["legal"]).await;
        legal.shows(&[
            "NDA-2026-001",
            "/console/processors/other/approval",
            "/console/processors/other/withdrawal",
            "申請者 operator:mori",
        ]);
        open(&["publisher"]).await.hides(&["/approval"]);
        let mut own = registered();
        own.processors.last_mut().unwrap().waiting[0].by = "operator:suzuki".into();
        let page = own
            .open("/console/processors", &own.staff(&["legal"]))
            .await;
        page.shows(&["/other/withdrawal"]).hides(&["/approval"]);
        for groups in [&["support"], &["billing"]] {
            assert_eq!(open(groups).await.status, 404);
        }
    }
}

mod art_25 {
    use super::*;

    #[tokio::test]
    async fn everyone_sees_the_newest_list_and_each_version_by_its_number() {
        let world = registered();
        let newest = world.open("/third-party-terms", "").await;
        newest.shows(&[
            "第2版",
            "https://www.example.jp/map/terms",
            "見本地図社",
            "<td data-label=\"提供条件の版\">v2</td>",
        ]);
        newest.hides(&["最新の版ではありません"]);
        let first = world.open("/third-party-terms/1", "").await;
        first.shows(&[
            "最新の版ではありません",
            "<td data-label=\"提供条件の版\">v1</td>",
            &third_party_terms().sha256,
        ]);
        for version in ["0", "3", "01", "x"] {
            let answer = world
                .open(&format!("/third-party-terms/{version}"), "")
                .await;
            assert_eq!(answer.status, 404, "{version}");
        }
        let none = World::new().open("/third-party-terms", "").await;
        none.shows(&["第三者サービスはありません"]);
    }

    #[tokio::test]
    async fn the_contract_says_which_version_it_was_formed_with_also_after_a_change() {
        let world = registered();
        let customer = world.customer(&administrator());
        let path = format!("/console/contracts/{}", world.contract.id);
        for page in [
            world.open("/contract", &customer).await,
            world.open(&path, &world.staff(&["legal"])).await,
        ] {
            page.shows(&["href=\"/third-party-terms/1\"", &third_party_terms().sha256]);
        }
        let mut older = registered();
        older.agreed = None;
        let page = older.open("/contract", &customer).await;
        page.shows(&["記録なし（一覧が作られる前に成立）"]);
        let mut none = registered();
        none.agreed.as_mut().unwrap().version = 0;
        let page = none.open("/contract", &customer).await;
        page.shows(&["成立時に一覧はありませんでした"]);
    }

    #[tokio::test]
    async fn the_list_is_kept_by_those_who_publish() {
        let world = registered();
        let open = async |groups: &[&str]| {
            world
                .open("/console/third-party-terms", &world.staff(groups))
                .await
        };
        open(&["publisher"])
            .await
            .shows(&["/console/third-party-terms/map/removal", "value=\"v2\""]);
        assert_eq!(open(&["support"]).await.status, 404);
    }
}
