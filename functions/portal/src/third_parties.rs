//! The list of third-party terms for everyone, and which version a contract was formed with (25-1, 25-2).

use axum::extract::State;
use ciero_domain::third_party::{AgreedThirdParty, ThirdPartyTerms};
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{empty, table};
use crate::input::Segment;
use crate::page::{Page, PublicPage};
use crate::pieces::{Tone, day, fact, moment, notice};

/// Shows the newest version.
pub async fn newest(
    State(app): State<App>,
    PublicPage(page): PublicPage,
) -> Result<Markup, Problem> {
    let versions = app.registers.third_party_terms().await?;
    Ok(shown(&page, versions.last(), &versions))
}

/// Shows one version.
pub async fn version(
    State(app): State<App>,
    PublicPage(page): PublicPage,
    Segment(version): Segment,
) -> Result<Markup, Problem> {
    let versions = app.registers.third_party_terms().await?;
    let one = versions
        .iter()
        .find(|one| one.version.to_string() == version);
    let one = one.ok_or_else(Problem::not_found)?;
    Ok(shown(&page, Some(one), &versions))
}

fn shown(page: &Page, one: Option<&ThirdPartyTerms>, all: &[ThirdPartyTerms]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let title = t("第三者サービスの提供条件", "Third-party terms");
    let content = html! {
        h1 { (title) }
        p.lead { (t(
            "本サービスには、次の第三者のサービスが組み込まれています。ご契約には、契約の成立時点の一覧の提供条件が適用されます（利用規約第25条第1項、第2項）。後の変更はお知らせするだけで、成立時点の一覧は変わりません。",
            "These services of others are built in. To a contract the terms on the list of its formation apply (Article 25, paragraphs 1 and 2 of the terms). Later changes are told, and the list of the formation stays.",
        )) }
        @match one {
            None => (empty(t("第三者サービスはありません。", "There is no third-party service."))),
            Some(one) => {
                @if all.last() != Some(one) {
                    (notice(Tone::Warn, &html! { p {
                        (t("これは最新の版ではありません。", "This is not the newest version. "))
                        a href="/third-party-terms" { (t("最新の版を見る", "See the newest version")) }
                    } }))
                }
                (list(page, one))
            },
        }
        @if all.len() > 1 {
            h2 { (t("すべての版", "All versions")) }
            ul { @for other in all.iter().rev() {
                li { a href={ "/third-party-terms/" (other.version) } { (name(page, other.version)) } " · " (moment(page.language, other.recorded_at)) }
            } }
        }
        p { a href="/processors" { (t("再委託先", "Sub-processors")) } }
    };
    page.show(Section::Terms, title, &content)
}

fn name(page: &Page, version: u64) -> String {
    format!("{}{version}{}", page.t("第", "Version "), page.t("版", ""))
}

/// Writes a version as it is and was.
pub fn list(page: &Page, one: &ThirdPartyTerms) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("サービス", "Service"),
        t("提供者", "Provider"),
        t("提供条件", "Terms"),
        t("提供条件の版", "Version of the terms"),
        t("組み込みの開始", "Built in since"),
    ];
    let rows = one.services.iter().map(|service| {
        let url = service.terms_url.as_str();
        vec![
            html! { (service.name.t(l)) },
            html! { (service.provider.t(l)) },
            html! { a href=(url) rel="noopener noreferrer" { (url) } },
            html! { (service.terms_version) },
            day(l, service.since),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        dl.facts {
            (fact(t("版", "Version"), &name(page, one.version)))
            (fact(t("記録日時", "Recorded"), &moment(l, one.recorded_at)))
            (fact(t("一覧のSHA-256", "SHA-256 of the list"), &html! { code { (one.sha256) } }))
        }
        @if rows.is_empty() { (empty(t("第三者サービスはありません。", "There is no third-party service."))) }
        @else { (table(&heads, &rows)) }
    }
}

/// Writes which version a contract was formed with.
pub fn agreed(page: &Page, agreed: Option<&AgreedThirdParty>) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        @match agreed {
            None => { (t("記録なし（一覧が作られる前に成立）", "None on record: formed before there were lists")) },
            Some(agreed) if agreed.version == 0 => { (t("成立時に一覧はありませんでした", "There was no list at the formation")) },
            Some(agreed) => {
                a href={ "/third-party-terms/" (agreed.version) } { (name(page, agreed.version)) }
                br; small { "SHA-256 " code { (agreed.sha256) } }
            },
        }
    }
}
