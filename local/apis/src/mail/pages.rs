//! The mailbox as pages for people and as JSON for tests.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Fate, Mail, Mailbox};
use crate::database::DatabaseError;
use crate::wire::json_answer;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#16202b;--soft:#5a6876;--paper:#fff;--line:#d5dce3;--mark:#0b5cad;--ground:#f3f5f7;--bad:#a3161b}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9fb0bf;--paper:#18212a;--line:#33414e;--mark:#7cb8f2;--ground:#0f161d;--bad:#ff9a94}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.7 system-ui,'Hiragino Sans','Noto Sans CJK JP','Noto Sans JP','Yu Gothic',sans-serif}
main{max-width:48rem;margin:0 auto;padding:1.25rem}
h1{font-size:1.3rem;margin:.5rem 0 1rem}
a{color:var(--mark);overflow-wrap:anywhere}
a:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
ul{list-style:none;margin:0;padding:0}
li a{display:block;padding:.8rem 1rem;background:var(--paper);border:1px solid var(--line);border-radius:.5rem;margin-bottom:.5rem;text-decoration:none;color:inherit}
li a:hover{border-color:var(--mark)}
.subject{display:block;font-weight:600}
.about{color:var(--soft);font-size:.9rem}
.kind{border:1px solid var(--line);border-radius:1rem;padding:0 .6rem;white-space:nowrap}
.failed{border-color:var(--bad);color:var(--bad)}
article{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:1rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere;margin:1rem 0 0;padding-top:1rem;border-top:1px solid var(--line)}
";

pub(super) fn router(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/_local/mail.json", get(json_list))
        .route("/_local/mail", get(list))
        .route("/_local/mail/{id}", get(one))
        .with_state(mailbox)
}

async fn json_list(State(mailbox): State<Mailbox>) -> Response {
    match mailbox.list() {
        Ok(mails) => {
            let mut response = json_answer(StatusCode::OK, "application/json", &mails);
            response
                .headers_mut()
                .insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => failed(&error),
    }
}

async fn list(State(mailbox): State<Mailbox>) -> Response {
    let mails = match mailbox.list() {
        Ok(mails) => mails,
        Err(error) => return failed(&error),
    };
    let content = html! {
        h1 { "メール " span lang="en" { "Mailbox" } " (" (mails.len()) ")" }
        @if mails.is_empty() {
            p { "まだメールはありません。" br; span lang="en" { "No mail has been sent yet." } }
        }
        ul {
            @for mail in mails.iter().rev() {
                li {
                    a href={ "/_local/mail/" (mail.id) } {
                        span.subject { (mail.subject) }
                        span.about {
                            (readable(&mail.at)) " · " (mail.to.join(", "))
                            @if !mail.kind.is_empty() { " · " span.kind { (mail.kind) } }
                            " · " (state(mail.state))
                        }
                    }
                }
            }
        }
    };
    page("メール / Mailbox", content).into_response()
}

async fn one(State(mailbox): State<Mailbox>, Path(id): Path<String>) -> Response {
    match mailbox.find(&id) {
        Ok(Some(mail)) => page(&mail.subject, show(&mail)).into_response(),
        Ok(None) => {
            let content = html! {
                p { "このメールはありません。" br; span lang="en" { "There is no such mail." } }
                p { a href="/_local/mail" { "メール一覧 / All mail" } }
            };
            (StatusCode::NOT_FOUND, page("メール / Mailbox", content)).into_response()
        }
        Err(error) => failed(&error),
    }
}

fn show(mail: &Mail) -> Markup {
    html! {
        p { a href="/_local/mail" { "← メール一覧 / All mail" } }
        article {
            h1 { (mail.subject) }
            div.about { "From: " (mail.from) }
            div.about { "To: " (mail.to.join(", ")) }
            div.about {
                time datetime=(mail.at) { (readable(&mail.at)) }
                @if !mail.kind.is_empty() { " · " span.kind { (mail.kind) } }
                " · " (state(mail.state))
            }
            div.text { (with_links(&mail.text)) }
        }
    }
}

fn state(fate: Fate) -> Markup {
    let (ja, class) = match fate {
        Fate::Delivered => ("到達", "kind"),
        Fate::Complained => ("迷惑メールの申告", "kind failed"),
        Fate::Bounced => ("不達", "kind failed"),
    };
    html! { span class=(class) { (ja) " " span lang="en" { (fate.name()) } } }
}

/// The text with its web addresses as links; everything else is escaped.
fn with_links(text: &str) -> Markup {
    let mut rest = text;
    let mut out = String::new();
    while let Some(at) = next_address(rest) {
        let (before, from) = rest.split_at(at);
        let length = from
            .find(|c: char| c.is_whitespace() || "<>\"'」』）。、".contains(c))
            .unwrap_or(from.len());
        let address = from[..length].trim_end_matches(['.', ',', ')', ';']);
        out.push_str(&html! { (before) a href=(address) { (address) } }.into_string());
        rest = &from[address.len()..];
    }
    out.push_str(&html! { (rest) }.into_string());
    PreEscaped(out)
}

fn next_address(text: &str) -> Option<usize> {
    [text.find("http://"), text.find("https://")]
        .into_iter()
        .flatten()
        .min()
}

/// `2027-03-01 09:00` from the RFC 3339 text.
fn readable(at: &str) -> String {
    at.get(..16).unwrap_or(at).replace('T', " ")
}

fn page(title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="ja" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content) } }
        }
    }
}

fn failed(error: &DatabaseError) -> Response {
    tracing::error!(%error, "the mailbox cannot be read");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(with_links(text).into_string(), expected);
    }

    #[test]
    fn addresses_become_links_without_the_punctuation_behind_them() {
        check(
            "see http://a.example/x?y=1&z=2.\nend",
            "see <a href=\"http://a.example/x?y=1&amp;z=2\">http://a.example/x?y=1&amp;z=2</a>.\nend",
        );
        check(
            "「https://b.example/」",
            "「<a href=\"https://b.example/\">https://b.example/</a>」",
        );
    }

    #[test]
    fn markup_in_a_mail_is_shown_and_not_run() {
        check("<script>", "&lt;script&gt;");
        check("http://", "<a href=\"http://\">http://</a>");
    }
}
