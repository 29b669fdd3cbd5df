//! The sign-in pages: plain, in Japanese or English, made for keyboards and phones.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Pool;

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Japanese,
    English,
}

impl Language {
    /// The `lang` parameter decides, then the first language the browser asks for, then Japanese.
    pub(super) fn of(parameter: Option<&str>, headers: &HeaderMap) -> Self {
        let asked = parameter.or_else(|| headers.get(ACCEPT_LANGUAGE)?.to_str().ok());
        match asked {
            Some(text) if text.trim_start().starts_with("en") => Self::English,
            _ => Self::Japanese,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }

    fn pick<'a>(self, japanese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Japanese => japanese,
            Self::English => english,
        }
    }
}

/// What went wrong, to be said on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    WrongPassword,
    Locked { seconds: u64 },
    OtherOrigin,
    NotTheSame,
    WeakPassword,
    TooLate,
    UnknownClient,
}

impl Trouble {
    fn sentence(self, language: Language, minimum: usize) -> String {
        match self {
            Self::WrongPassword => language
                .pick(
                    "ユーザー名またはパスワードが正しくありません。",
                    "The user name or the password is not right.",
                )
                .to_owned(),
            Self::Locked { seconds } => match language {
                Language::Japanese => format!("試行回数が多すぎます。{seconds} 秒後にもう一度お試しください。"),
                Language::English => format!("Too many attempts. Please try again in {seconds} s."),
            },
            Self::OtherOrigin => language
                .pick(
                    "別のサイトから送信されたため、受け付けませんでした。この画面からもう一度お試しください。",
                    "The form was sent from another site and was not accepted. Please try again from this page.",
                )
                .to_owned(),
            Self::NotTheSame => language
                .pick(
                    "二つのパスワードが一致しません。",
                    "The two passwords are not the same.",
                )
                .to_owned(),
            Self::WeakPassword => match language {
                Language::Japanese => format!("パスワードは {minimum} 文字以上で、前後に空白を入れずに設定してください。"),
                Language::English => {
                    format!("Please choose at least {minimum} characters, without blanks at either end.")
                }
            },
            Self::TooLate => language
                .pick(
                    "時間が経過したため、もう一度サインインしてください。",
                    "That took too long. Please sign in again.",
                )
                .to_owned(),
            Self::UnknownClient => language
                .pick(
                    "このサインインの要求は登録されていないアプリケーションまたは戻り先を指しています。",
                    "This sign-in request names an application or a return address that is not registered.",
                )
                .to_owned(),
        }
    }
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#16202b;--soft:#5a6876;--paper:#fff;--ground:#f0f3f6;--line:#c6d0d9;--mark:#0b5cad;--on:#fff;--bad:#a3161e;--badground:#fdeceb}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9fb0bf;--paper:#18212a;--ground:#0f161d;--line:#3b4a58;--mark:#7cb8f2;--on:#0b1420;--bad:#ffb3ae;--badground:#43191b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:16px/1.7 system-ui,'Hiragino Sans','Noto Sans CJK JP','Noto Sans JP','Yu Gothic',sans-serif}
main{width:100%;max-width:26rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem}
h1{font-size:1.35rem;margin:0}
h2{font-size:1rem;margin:0 0 .25rem}
p{margin:.25rem 0 1rem}
.soft{color:var(--soft);font-size:.9rem}
label{display:block;font-weight:600;margin-top:.9rem}
input{width:100%;min-height:2.9rem;padding:.5rem .75rem;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:.45rem}
button{width:100%;min-height:2.9rem;margin-top:1.25rem;padding:.5rem .75rem;font:inherit;font-weight:600;color:var(--on);background:var(--mark);border:0;border-radius:.45rem;cursor:pointer}
button:hover{filter:brightness(1.08)}
.demo{margin-top:1.75rem;padding-top:1.25rem;border-top:1px solid var(--line)}
.demo button{margin-top:.5rem;text-align:left;color:var(--ink);background:transparent;border:1px solid var(--line)}
.demo button span{display:block;font-weight:400;overflow-wrap:anywhere}
.demo button:hover{border-color:var(--mark)}
.bad{margin:1rem 0 0;padding:.6rem .8rem;color:var(--bad);background:var(--badground);border-radius:.45rem}
:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
a{color:var(--mark)}
.switch{margin:1.25rem 0 0;text-align:right;font-size:.9rem}
";

/// What the sign-in page shows.
pub(super) struct SignInPage<'a> {
    pub language: Language,
    pub pool: &'a Pool,
    pub query: &'a str,
    pub trouble: Option<Trouble>,
    /// The name that was typed before, so that it need not be typed again.
    pub name: &'a str,
}

pub(super) fn sign_in(page: &SignInPage<'_>) -> Markup {
    let language = page.language;
    let title = language.pick("サインイン", "Sign in");
    let action = format!(
        "/_local/sign-in/{}/oauth2/authorize?{}",
        page.pool.spec.id, page.query
    );
    let content = html! {
        h1 { (title) }
        p.soft { (page.pool.spec.name) }
        (alert(page.trouble, language, page.pool))
        form method="post" action=(action) {
            label for="name" { (language.pick("ユーザー名またはメールアドレス", "User name or e-mail address")) }
            input id="name" name="name" value=(page.name) autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus[page.name.is_empty()];
            label for="password" { (language.pick("パスワード", "Password")) }
            input id="password" name="password" type="password" autocomplete="current-password" required autofocus[!page.name.is_empty()];
            button type="submit" { (title) }
        }
        @if !page.pool.demo.is_empty() {
            section.demo aria-labelledby="demo" {
                h2 id="demo" { (language.pick("デモのサインイン名", "Sign-in names of the demo")) }
                @for demo in &page.pool.demo {
                    form method="post" action=(action) {
                        input type="hidden" name="name" value=(demo.name);
                        input type="hidden" name="password" value=(demo.password);
                        button type="submit" { (demo.label) span.soft { (demo.name) } }
                    }
                }
            }
        }
        p.switch { (language_switch(language, page.query)) }
    };
    document(language, title, &content)
}

pub(super) fn new_password(
    language: Language,
    pool: &Pool,
    query: &str,
    ticket: &str,
    trouble: Option<Trouble>,
) -> Markup {
    let title = language.pick("新しいパスワード", "New password");
    let minimum = pool.spec.minimum_password_length;
    let hint = match language {
        Language::Japanese => {
            format!("初めてのサインインです。{minimum} 文字以上のパスワードを決めてください。")
        }
        Language::English => format!(
            "This is your first sign-in. Please choose a password of at least {minimum} characters."
        ),
    };
    let action = format!("/_local/sign-in/{}/new-password?{query}", pool.spec.id);
    let content = html! {
        h1 { (title) }
        p.soft id="hint" { (hint) }
        (alert(trouble, language, pool))
        form method="post" action=(action) {
            input type="hidden" name="ticket" value=(ticket);
            label for="new" { (language.pick("新しいパスワード", "New password")) }
            input id="new" name="new_password" type="password" autocomplete="new-password" minlength=(minimum) aria-describedby="hint" required autofocus;
            label for="again" { (language.pick("もう一度入力", "Once more")) }
            input id="again" name="new_password_again" type="password" autocomplete="new-password" minlength=(minimum) required;
            button type="submit" { (language.pick("設定してサインイン", "Set and sign in")) }
        }
    };
    document(language, title, &content)
}

/// A page for a request that cannot be answered.
pub(super) fn refusal(language: Language, trouble: Trouble) -> Markup {
    let title = language.pick("サインインできません", "Sign-in is not possible");
    let content = html! { h1 { (title) } p.bad role="alert" { (trouble.sentence(language, 0)) } };
    document(language, title, &content)
}

fn alert(trouble: Option<Trouble>, language: Language, pool: &Pool) -> Markup {
    html! {
        @if let Some(trouble) = trouble {
            p.bad role="alert" { (trouble.sentence(language, pool.spec.minimum_password_length)) }
        }
    }
}

fn language_switch(language: Language, query: &str) -> Markup {
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("lang="))
        .collect();
    let (code, name) = match language {
        Language::Japanese => ("en", "English"),
        Language::English => ("ja", "日本語"),
    };
    html! { a href={ "?" (kept.join("&")) "&lang=" (code) } lang=(code) { (name) } }
}

fn document(language: Language, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content) } }
        }
    }
}
