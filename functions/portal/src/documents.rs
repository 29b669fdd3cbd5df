//! The operator's published documents: the price list and the terms.

use axum::extract::State;
use ciero_domain::prices::PriceList;
use ciero_domain::terms::{TermsText, TermsVersion, in_force};
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use http::StatusCode;
use maud::{Markup, html};

use crate::App;
use crate::input::Segment;
use crate::markdown;
use crate::page::{Page, PublicPage};
use crate::pieces::{Tone, badge, day, days, fact, notice};

/// Returns the terms in force today, with their text.
pub async fn current_terms(app: &App, page: &Page) -> Result<TermsText, Problem> {
    let versions = app.documents.terms_versions().await?;
    let version = in_force(&versions, page.today()).ok_or_else(not_published)?;
    let text = app.documents.terms(&version.version).await?;
    text.ok_or_else(Problem::not_found)
}

/// Returns the price list in force today.
pub async fn current_prices(app: &App, page: &Page) -> Result<PriceList, Problem> {
    let prices = app.documents.prices(page.today()).await?;
    prices.ok_or_else(not_published)
}

fn not_published() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_published",
        "料金表または利用規約を準備しています。しばらくしてからもう一度お試しください。",
        "The price list or the terms are being prepared. Please try again later.",
    )
}

/// Shows the price list in force (6-1).
pub async fn prices(
    State(app): State<App>,
    PublicPage(page): PublicPage,
) -> Result<Markup, Problem> {
    let list = current_prices(&app, &page).await?;
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let title = t("料金表", "Price list");
    let rows = list
        .plans
        .iter()
        .filter_map(|plan| list.quote(plan.retention_days, 1));
    let content = html! {
        h1 { (title) }
        p.lead { (t("カメラ1台・1年間の料金です。録画を残す日数でお選びください。", "Prices are per camera and year. Choose by how long recordings are kept.")) }
        table.list {
            thead { tr {
                th scope="col" { (t("保存日数", "Recordings kept")) }
                th.num scope="col" { (t("税抜", "Without tax")) }
                th.num scope="col" { (t("消費税", "Tax")) " " (list.tax_percent) "%" }
                th.num scope="col" { (t("税込（1台・1年）", "With tax (per camera and year)")) }
            } }
            tbody { @for quote in rows { tr {
                td data-label=(t("保存日数", "Recordings kept")) { strong { (days(l, quote.retention_days.into())) } }
                td.num data-label=(t("税抜", "Without tax")) { (yen(l, quote.net_yen)) }
                td.num data-label=(t("消費税", "Tax")) { (yen(l, quote.tax_yen)) }
                td.num data-label=(t("税込", "With tax")) { strong { (yen(l, quote.total_yen)) } }
            } } }
        }
        (terms_of_sale(&page, &list))
        div.actions { a.button.primary href="/apply" { (t("お申し込み", "Apply")) } }
    };
    Ok(page.show(Section::Prices, title, &content))
}

fn terms_of_sale(page: &Page, list: &PriceList) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let operator = &page.operator;
    html! {
        dl.facts {
            (fact(t("お支払い", "Payment"), &l.t(&list.payment_ja, &list.payment_en)))
            (fact(t("契約期間", "Term"), &t(
                "利用開始日から1年間です。更新拒絶期限（満了日の30日前）までに更新しない旨のご通知がなければ、1年ごとに自動で更新します。",
                "One year from the start date. It renews for a year at a time unless your refusal arrives by the last day to refuse, 30 days before the expiry date.",
            )))
            (fact(t("途中解約", "Cancellation"), &t(
                "いつでも解約できますが、お支払い済みの料金は返金しません。",
                "Possible at any time; fees already paid are not refunded.",
            )))
            (fact(t("端数", "Rounding"), &t(
                "消費税は合計額に対して一度だけ計算し、1円未満を切り捨てます。",
                "Tax is worked out once on the total and rounded down to whole yen.",
            )))
            (fact(t("版と適用開始日", "Version, in force from"), &html! { (list.version) " · " (day(l, list.effective_from)) }))
            (fact(t("販売事業者", "Sold by"), &html! { (operator.company.t(l)) br; (operator.representative.t(l)) br; (operator.address.t(l)) br; (operator.phone) }))
            (fact(t("適格請求書発行事業者の登録番号", "Qualified-invoice issuer"), &operator.registration_number))
        }
    }
}

/// Shows the terms in force.
pub async fn terms_in_force(
    State(app): State<App>,
    PublicPage(page): PublicPage,
) -> Result<Markup, Problem> {
    let text = current_terms(&app, &page).await?;
    terms_page(&app, &page, &text).await
}

/// Shows one version of the terms, in force or not.
pub async fn terms(
    State(app): State<App>,
    PublicPage(page): PublicPage,
    Segment(version): Segment,
) -> Result<Markup, Problem> {
    let versions = app.documents.terms_versions().await?;
    if !versions.iter().any(|known| known.version == version) {
        return Err(Problem::not_found());
    }
    let text = app.documents.terms(&version).await?;
    terms_page(&app, &page, &text.ok_or_else(Problem::not_found)?).await
}

async fn terms_page(app: &App, page: &Page, text: &TermsText) -> Result<Markup, Problem> {
    let versions = app.documents.terms_versions().await?;
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let title = t("利用規約", "Terms of service");
    let now = in_force(&versions, page.today()).map(|v| v.version.as_str());
    let content = html! {
        h1 { (title) " " (standing(page, &text.version, &versions)) }
        p.muted {
            (t("版", "Version")) " " (text.version.version) " · "
            (t("公表日", "published")) " " (day(l, text.version.published_on)) " · "
            (t("適用開始日", "in force from")) " " (day(l, text.version.effective_from))
        }
        @if now != Some(text.version.version.as_str()) {
            (notice(Tone::Warn, &html! { p {
                (t("これは現在適用されている版ではありません。", "This is not the version in force. "))
                a href="/terms" { (t("現在の版を見る", "See the version in force")) }
            } }))
        }
        p {
            a href={ "/terms/" (text.version.version) "/changes" } { (t("前の版からの変更点", "What changed since the version before")) } " · "
            a href={ "/terms/" (text.version.version) "/text" } { (t("テキスト", "Plain text")) } " · "
            a href="/processors" { (t("再委託先", "Sub-processors")) } " · "
            a href="/third-party-terms" { (t("第三者サービスの提供条件", "Third-party terms")) }
        }
        (terms_text(page, text))
        (version_list(page, &versions, text))
    };
    Ok(page.show(Section::Terms, title, &content))
}

/// Writes the text of the terms with a table of contents.
pub fn terms_text(page: &Page, text: &TermsText) -> Markup {
    let rendered = markdown::render(text.text(page.language));
    html! {
        article.terms lang=(page.language.tag()) {
            @if rendered.headings.len() > 3 {
                nav aria-label=(page.t("目次", "Contents")) {
                    ul { @for (anchor, heading) in &rendered.headings { li { a href={ "#" (anchor) } { (heading) } } } }
                }
            }
            (rendered.body)
        }
    }
}

/// Writes whether a version is in force, to come, past, or never comes.
pub fn standing(page: &Page, version: &TermsVersion, versions: &[TermsVersion]) -> Markup {
    let in_force = in_force(versions, page.today()).map(|now| &now.version);
    if version.superseded_by(versions).is_some() {
        badge(
            Tone::Warn,
            page.t("差し替え済み（適用なし）", "Superseded, never in force"),
        )
    } else if in_force == Some(&version.version) {
        badge(Tone::Ok, page.t("適用中", "In force"))
    } else if version.effective_from > page.today() {
        badge(Tone::Info, page.t("適用予定", "To come"))
    } else {
        badge(Tone::Plain, page.t("過去の版", "Past"))
    }
}

fn version_list(page: &Page, versions: &[TermsVersion], shown: &TermsText) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        h2 { (t("すべての版", "All versions")) }
        table.list {
            thead { tr {
                th scope="col" { (t("版", "Version")) } th scope="col" { (t("公表日", "Published")) }
                th scope="col" { (t("適用開始日", "In force from")) } th scope="col" { (t("状態", "State")) }
            } }
            tbody { @for version in versions.iter().rev() { tr {
                td data-label=(t("版", "Version")) {
                    a href={ "/terms/" (version.version) } aria-current=[(version.version == shown.version.version).then_some("true")] { (version.version) }
                }
                td data-label=(t("公表日", "Published")) { (day(l, version.published_on)) }
                td data-label=(t("適用開始日", "In force from")) { (day(l, version.effective_from)) }
                td data-label=(t("状態", "State")) { (standing(page, version, versions)) }
            } } }
        }
    }
}
