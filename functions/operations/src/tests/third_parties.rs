//! The list of third-party terms: versions, and who is told (25-1, 25-2).

use ciero_domain::samples::third_party_terms;
use ciero_ports::{About, Body};

use super::*;

fn service() -> Value {
    sample(include_str!(
        "../../../../events/operations/third-party-terms.json"
    ))
}

fn known() -> Known {
    Known {
        third_party_terms: vec![third_party_terms()],
        ..Known::default()
    }
}

async fn check(known: Known, path: &str, body: Value) -> Came {
    let path = format!("/console/third-party-terms{path}");
    post(known, &operator("mori", &["publisher"]), &path, body).await
}

/// The version that was written, and how many services it has.
fn written(came: &Came) -> (u64, usize) {
    let Some(Write::ThirdPartyTerms(list)) = came.writes().first() else {
        panic!("{:?}", came.committed);
    };
    let told = match &came.committed[0].messages[..] {
        [message] => &message.body,
        other => panic!("{other:?}"),
    };
    let Body::Announce(told) = told else {
        panic!("{told:?}");
    };
    let version = list.version;
    assert_eq!(told.about, About::ThirdPartyTerms { version });
    assert_eq!(list.by, "operator:mori");
    (version, list.services.len())
}

mod art_25 {
    use super::*;

    #[tokio::test]
    async fn a_change_is_a_version_of_its_own_and_every_contract_is_told() {
        let came = check(known(), "", service()).await;
        assert_eq!((came.status, written(&came)), (200, (2, 1)));
        let first = check(Known::default(), "", service()).await;
        assert_eq!(written(&first), (1, 1));
        let gone = check(known(), "/map/removal", json!({})).await;
        assert_eq!(written(&gone), (2, 0));
    }

    #[tokio::test]
    async fn what_changes_nothing_is_refused_and_tells_nobody() {
        let mut same = service();
        same["terms_version"] = json!("v1");
        let came = check(known(), "", same).await;
        came.is_refused(409, "nothing_changes");
        for known in [known(), Known::default()] {
            let came = check(known, "/other/removal", json!({})).await;
            came.is_refused(409, "nothing_changes");
        }
    }

    #[tokio::test]
    async fn a_service_without_sound_terms_is_refused_field_by_field() {
        for (field, value, code) in [
            ("id", "A B", "name"),
            ("name_ja", "", "required"),
            ("provider_en", "", "required"),
            ("terms_url", "http://www.example.jp/terms", "url"),
            ("terms_url", "javascript:alert(1)", "url"),
            ("terms_version", "", "required"),
            ("since", "2026-02-30", "date"),
        ] {
            let mut body = service();
            body[field] = json!(value);
            let came = check(known(), "", body).await;
            assert_eq!(came.body["errors"][0]["field"], field);
            came.is_refused(422, code);
        }
    }

    #[tokio::test]
    async fn the_folder_lays_the_list_down_once_and_with_https_addresses_only() {
        let (_, committed) = publish(Known::default(), publication()).await;
        let laid = committed[0]
            .writes
            .iter()
            .any(|write| matches!(write, Write::ThirdPartyTerms(list) if list.version == 1));
        assert!(laid && committed[0].messages.is_empty());
        let (_, committed) = publish(known(), publication()).await;
        let again = committed[0].writes.iter();
        assert!(
            !again
                .into_iter()
                .any(|write| matches!(write, Write::ThirdPartyTerms(_)))
        );
        let mut payload = publication();
        payload["publish"]["third_party_terms"][0]["terms_url"] = json!("http://example.jp");
        let (answer, committed) = publish(Known::default(), payload).await;
        let error = format!("{:#}", answer.unwrap_err());
        assert!(error.contains("url: ") && committed.is_empty(), "{error}");
    }

    #[tokio::test]
    async fn to_operators_of_other_groups_nothing_is_there() {
        let path = "/console/third-party-terms";
        let came = post(known(), &operator("o", &["support"]), path, service()).await;
        came.is_refused(404, "not_found");
    }
}
