//! Pages that anyone may open: the landing page, prices, terms, the language switch, assets.

use super::support::*;
use ciero_domain::terms::TermsText;

#[tokio::test]
async fn a_guest_sees_what_the_service_is() {
    let answer = World::new().open("/", "").await;
    assert_eq!(answer.status, 200);
    answer.shows(&["/apply", "/sign-in", "日本国内"]);
}

#[tokio::test]
async fn whoever_is_signed_in_goes_on_to_the_own_first_page() {
    let world = World::new();
    let answer = world.open("/", &world.customer(&watcher())).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/cameras")
    );
    let answer = world.open("/", &world.staff(&["screener"])).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/console")
    );
}

#[tokio::test]
async fn the_function_tells_that_it_answers() {
    let answer = World::new().ask("/healthz", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
}

#[tokio::test]
async fn prices_are_shown_with_tax_per_camera_and_year() {
    let answer = World::new().open("/prices", "").await;
    answer.shows(&[
        "18,000円",
        "1,800円",
        "19,800円",
        "2026年4月1日",
        "翌月末日払い",
        "T9000000000000",
    ]);
}

#[tokio::test]
async fn without_a_price_list_or_terms_the_pages_say_so() {
    let world = World::new().with(|w| w.prices = None);
    for path in ["/prices", "/apply"] {
        let answer = world.ask(path, "").await;
        assert_eq!(
            (answer.status, answer.code()),
            (503, "not_published".into()),
            "{path}"
        );
    }
    let world = World::new().with(|w| w.terms.clear());
    assert_eq!(world.ask("/terms", "").await.code(), "not_published");
}

#[tokio::test]
async fn the_terms_in_force_are_shown_with_anchors_and_without_raw_html() {
    let answer = World::new().open("/terms", "").await;
    answer
        .shows(&[
            r#"<h2 id="art-1">"#,
            "&lt;script&gt;",
            "適用中",
            "2026年2月20日",
        ])
        .hides(&["<script>alert"]);
}

#[tokio::test]
async fn a_version_that_is_not_in_force_says_so() {
    let later: TermsText = terms("2026-07-01");
    let world = World::new().with(|w| w.terms.push(later));
    world
        .open("/terms", "")
        .await
        .shows(&["版 2026-04-01", "/terms/2026-07-01", "適用予定"]);
    let answer = world.open("/terms/2026-07-01", "").await;
    answer.shows(&["版 2026-07-01", "現在適用されている版ではありません"]);
}

#[tokio::test]
async fn an_unknown_version_is_not_found() {
    let answer = World::new().ask("/terms/1999-01-01", "").await;
    assert_eq!((answer.status, answer.code()), (404, "not_found".into()));
    assert_eq!(World::new().ask("/terms/%FF", "").await.status, 404);
}

#[tokio::test]
async fn the_language_is_kept_in_a_cookie_and_the_page_comes_back() {
    let answer = World::new().open("/language?to=en&back=/prices", "").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/prices"));
    let cookie = answer.header("set-cookie");
    assert_eq!(
        cookie,
        "lang=en; Path=/; Max-Age=31536000; SameSite=Lax; Secure"
    );
    World::new()
        .open("/prices", "lang=en")
        .await
        .shows(&["Price list", "¥19,800"]);
}

#[tokio::test]
async fn the_language_switch_never_leads_to_another_site() {
    for back in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
        "%2F%09%2Fevil.example",
        "",
    ] {
        let answer = World::new()
            .open(&format!("/language?to=ja&back={back}"), "")
            .await;
        assert_eq!(answer.header("location"), "/", "{back}");
    }
}

#[tokio::test]
async fn an_unknown_language_and_an_unreadable_query_are_refused() {
    let answer = World::new().ask("/language?to=fr&back=/", "").await;
    assert_eq!(
        (answer.status, answer.code()),
        (422, "invalid_fields".into())
    );
    let answer = World::new().ask("/language?to=ja&to=en", "").await;
    assert_eq!(
        (answer.status, answer.code()),
        (400, "malformed_query".into())
    );
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn every_file_is_served_with_its_type_and_not_sent_twice() {
    for (name, kind, content) in crate::assets::FILES {
        let path = format!("/assets/{name}");
        let first = World::new().ask(&path, "").await;
        assert_eq!(first.status, 200, "{name}");
        assert_eq!(first.header("content-type"), *kind);
        assert_eq!(
            first.header("cache-control"),
            "public, max-age=300, must-revalidate"
        );
        assert_eq!(first.body.as_bytes(), *content);
        let again = http::Request::get(&path).header(
            "if-none-match",
            format!("\"x\", W/{}", first.header("etag")),
        );
        let again = World::new()
            .send(again.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{name}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_found() {
    for path in [
        "/assets/portal.map",
        "/assets/..%2Fportal.css",
        "/assets/package.json",
    ] {
        assert_eq!(World::new().ask(path, "").await.status, 404, "{path}");
    }
}

#[test]
fn every_module_that_a_script_imports_is_served() {
    let served = |name: &str| {
        crate::assets::FILES
            .iter()
            .any(|(known, ..)| *known == name)
    };
    let player = crate::assets::FILES
        .iter()
        .find(|(name, ..)| *name == "player.js");
    let text = String::from_utf8_lossy(player.unwrap().2);
    let imports = text.lines().filter_map(|line| line.split_once("from \"./"));
    let modules: Vec<&str> = imports
        .map(|(_, rest)| rest.trim_end_matches("\";"))
        .collect();
    assert!(modules.contains(&"player-feed.js"), "{modules:?}");
    assert!(modules.iter().all(|module| served(module)), "{modules:?}");
}
