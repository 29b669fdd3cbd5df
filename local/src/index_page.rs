//! The page at /_local that leads to everything that exists on this machine only.

use axum::Router;
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

/// The look of the local pages: plain, readable, fit for a phone.
pub const STYLE: &str = "body{font-family:system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;line-height:1.6;\
color-scheme:light dark}button,input{font:inherit;padding:.5rem .75rem;margin:.25rem .25rem .25rem 0}time{font-size:1.5rem}";

/// Names of the pools' sign-in pages are not listed: the portal leads there with what it needs.
pub fn router(aws_url: &str) -> Router {
    let page = page(aws_url).into_string();
    let serve = move || {
        let page = maud::PreEscaped(page.clone());
        async move { page }
    };
    Router::new()
        .route("/_local", get(serve.clone()))
        .route("/_local/", get(serve))
}

fn page(aws_url: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="ja" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "ローカルクラウド / Local cloud" }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { "ローカルクラウド / Local cloud" }
                ul {
                    li { a href="/" { "ポータル / Portal" } }
                    li { a href="/console" { "事業者の画面 / Operator's console" } }
                    li { a href="/_local/mail" { "メール / Mail" } }
                    li { a href="/_local/clock" { "時計 / Clock" } }
                }
                p { "AWS API: " code { (aws_url) } }
            }
        }
    }
}
