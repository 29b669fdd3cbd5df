//! The page on which a file of payments is imported, and how its rows came out.

use axum::extract::State;
use ciero_domain::Language;
use ciero_pages::{ConsoleFrame, Section, Visitor, hidden};
use ciero_runtime::{Csrf, PageLanguage, Problem};
use maud::{Markup, html};

use crate::App;
use crate::acting::{Acting, Billing};
use crate::import::{HEADER, MOST_ROWS, Row, RowResult};

/// Shows the form.
pub async fn page(
    acting: Acting<Billing>,
    State(app): State<App>,
    PageLanguage(language): PageLanguage,
    Csrf(csrf): Csrf,
) -> Result<Markup, Problem> {
    let visitor = acting.visitor();
    write(&app, (visitor, language), &csrf, None).await
}

/// Writes the form, and above it how the rows of an import came out.
pub async fn write(
    app: &App,
    (visitor, language): (Visitor, Language),
    csrf: &str,
    rows: Option<&[Row]>,
) -> Result<Markup, Problem> {
    let owner = app.documents.operator().await?.unwrap_or_default();
    let title = language.t("入金の取込", "Import payments");
    let content = html! {
        p { a href="/console/arrears" { (language.t("← 未収の一覧", "← Arrears")) } }
        h1 { (title) }
        @if let Some(rows) = rows { (results(rows, language)) }
        p.lead { (language.t(
            "1行が1件の入金です。行ごとに記録するため、誤りのある行があっても、ほかの行は取り込みます。同じ整理番号の入金は二重には記録しません。",
            "Each row is one payment. Rows are recorded one by one, so a bad row never stops the others. A payment with the same reference is never recorded twice.",
        )) }
        (form(csrf, language))
    };
    let frame = ConsoleFrame {
        language,
        visitor,
        section: Section::Arrears,
        path: "/console/receipts",
        csrf,
    };
    Ok(frame.show(&owner, title, &content))
}

/// Without the script that sends forms in the background, because the answer is the page itself.
fn form(csrf: &str, language: Language) -> Markup {
    let example = format!(
        "{}\nc-0123456789abcdef,2026-0001,2026-05-29,118800",
        HEADER.join(",")
    );
    html! {
        form.stack method="post" action="/console/receipts" {
            (hidden("csrf", csrf))
            div.field {
                label for="f-csv" { (language.t("CSVの内容", "CSV text")) }
                p.hint id="h-csv" {
                    (language.t("1行目は見出しです。一度に取り込めるのは", "The first line is the header. One import takes up to "))
                    (MOST_ROWS) (language.t("行までです。例：", " rows. Example:"))
                }
                pre.hint { (example) }
                textarea id="f-csv" name="csv" rows="12" required aria-describedby="h-csv" {}
            }
            div.actions { button.button.primary type="submit" { (language.t("取り込む", "Import")) } }
        }
    }
}

fn results(rows: &[Row], language: Language) -> Markup {
    let heads = [
        language.t("行", "Line"),
        language.t("契約番号", "Contract"),
        language.t("整理番号", "Reference"),
        language.t("結果", "Result"),
        language.t("理由", "Reason"),
    ];
    let count = |result: RowResult| rows.iter().filter(|row| row.result == result).count();
    let recorded = count(RowResult::Recorded);
    html! {
        div.notice.info role="status" { p {
            (language.t("取り込んだ入金：", "Payments recorded: ")) (recorded) " / " (rows.len())
        } }
        @if !rows.is_empty() {
            table.list {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for row in rows { tr {
                    td data-label=(heads[0]) { (row.line) }
                    td data-label=(heads[1]) {
                        @if row.result == RowResult::Recorded {
                            a href={ "/console/contracts/" (row.contract) } { (row.contract) }
                        } @else { (row.contract) }
                    }
                    td data-label=(heads[2]) { (row.reference) }
                    td data-label=(heads[3]) { (badge(row.result, language)) }
                    td data-label=(heads[4]) { (row.detail.as_deref().unwrap_or("—")) }
                } } }
            }
        }
    }
}

fn badge(result: RowResult, language: Language) -> Markup {
    let (class, text) = match result {
        RowResult::Recorded => ("ok", language.t("記録済み", "Recorded")),
        RowResult::Duplicate => ("warn", language.t("重複", "Duplicate")),
        RowResult::Refused => ("bad", language.t("不受理", "Refused")),
        RowResult::Failed => ("bad", language.t("失敗", "Failed")),
    };
    html! { span class={ "badge " (class) } { (text) } }
}
