//! The list of third-party terms for those who keep it: each change is a version that every customer is told of (25-1).

use axum::extract::State;
use ciero_domain::groups::PUBLISHERS;
use ciero_domain::third_party::ThirdParty;
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, empty};
use crate::page::{ConsolePage, Page};
use crate::third_parties::list;

/// Shows the newest version with the forms that change it.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(PUBLISHERS)?;
    let page = &console.page;
    let t = |ja, en| page.t(ja, en);
    let versions = app.registers.third_party_terms().await?;
    let title = t("第三者サービスの提供条件", "Third-party terms");
    let content = html! {
        p { a href="/console/terms" { (t("← 規約の改定", "← Changes of the terms")) } " · " a href="/third-party-terms" { (t("公開ページ", "Public page")) } }
        h1 { (title) }
        p.lead { (t(
            "変更するたびに新しい版になり、すべてのお客様にお知らせします。成立済みの契約に適用される版は変わりません（第25条第2項）。",
            "Each change is a new version, and every customer is told. The version of a contract that was formed stays (25-2).",
        )) }
        @match versions.last() {
            None => (empty(t("一覧はまだありません。", "There is no list yet."))),
            Some(newest) => {
                (list(page, newest))
                @for service in &newest.services { (change(page, service)) }
            },
        }
        (editor(page, None))
    };
    Ok(page.show(Section::TermsChanges, title, &content))
}

fn change(page: &Page, service: &ThirdParty) -> Markup {
    let action = format!("/console/third-party-terms/{}/removal", service.id);
    let removal = Form::new(page, action, format!("removal-{}", service.id));
    html! {
        details {
            summary { (service.name.t(page.language)) }
            (editor(page, Some(service)))
            (removal.inline(&html! {}, &button("", page.t("一覧から外し、お知らせする", "Take off the list and tell"))))
        }
    }
}

fn editor(page: &Page, known: Option<&ThirdParty>) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let prefix = known.map_or("new".to_owned(), |one| format!("change-{}", one.id));
    let form = Form::new(page, "/console/third-party-terms".to_owned(), prefix);
    let value = |of: fn(&ThirdParty) -> String| known.map(of).unwrap_or_default();
    let text = |name: &str, label: &str, of: fn(&ThirdParty) -> String| {
        form.field(name, label, "text", &value(of))
    };
    let since = known.map_or(page.today(), |one| one.since).to_string();
    form.write(
        match known {
            None => t("サービスを加える", "Add a service"),
            Some(_) => t("内容を変える", "Change its facts"),
        },
        &html! {
            (text("id", t("識別名（英小文字・数字・ハイフン）", "Identifier (small letters, digits, hyphens)"), |one| one.id.clone()))
            (text("name_ja", t("名称（日本語）", "Name in Japanese"), |one| one.name.ja.clone()))
            (text("name_en", t("名称（英語）", "Name in English"), |one| one.name.en.clone()))
            (text("provider_ja", t("提供者（日本語）", "Provider in Japanese"), |one| one.provider.ja.clone()))
            (text("provider_en", t("提供者（英語）", "Provider in English"), |one| one.provider.en.clone()))
            (form.field("terms_url", t("提供条件のアドレス（https）", "Address of the terms (https)"), "url", &value(|one| one.terms_url.as_str().to_owned())))
            (text("terms_version", t("提供条件の版または日付", "Version or date of the terms"), |one| one.terms_version.clone()))
            (form.field("since", t("組み込みの開始日", "Built in since"), "date", &since))
        },
        &button("primary", t("新しい版にし、お知らせする", "Make a new version and tell")),
    )
}
