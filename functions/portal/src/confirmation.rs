//! The final-confirmation screen: everything that an applicant agrees to, before it is sent (3-1).

use ciero_domain::application::Application;
use ciero_domain::confirmation::Confirmation;
use ciero_pages::{Section, hidden, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::apply::{Step, steps};
use crate::documents::{current_prices, current_terms};
use crate::page::Page;
use crate::pieces::{Tone, cameras, day, days, fact, notice, particulars};

/// Shows the screen of a draft.
pub async fn screen(app: &App, page: &Page, application: &Application) -> Result<Markup, Problem> {
    let t = |ja, en| page.t(ja, en);
    let title = t("お申し込み内容の最終確認", "Final confirmation");
    let change = format!("/apply?draft={}", application.id);
    let holds = still_holds(app, page, application).await?;
    let content = html! {
        h1 { (title) }
        (steps(page, Step::Confirm))
        @if !holds {
            (notice(Tone::Warn, &html! { p { (t(
                "入力された後に、料金または利用規約が変わりました。「内容を変更する」から、もう一度お進みください。",
                "The prices or the terms have changed since you filled in the form. Please go back and continue from there.",
            )) } }))
        }
        p.lead { (t("まだお申し込みは完了していません。以下をご確認ください。", "Nothing has been sent yet. Please check what follows.")) }
        (order(page, &application.confirmation))
        (conditions(page, &application.confirmation))
        h2 { (t("お申し込みになる方", "Applicant")) }
        (particulars(page.language, &application.form.particulars))
        p { (t("表明いただいた事項：", "Declared: ")) (declared(page)) }
        @if holds {
            (notice(Tone::Info, &html! { p { (t(
                "「申し込みを確定する」を押すと、上記の内容で有料のお申し込みが送信されます。契約は、審査を経て当社が登録を完了した時点で成立し、料金の支払義務が生じます。",
                "Pressing “Apply with obligation to pay” sends this application. The contract is formed, and the fee becomes payable, when we have screened it and completed the registration.",
            )) } }))
        }
        form.stack method="post" action={ "/applications/" (application.id) "/submission" } data-enhance {
            (page.token())
            (hidden("confirmation", &application.confirmation.hash()))
            div.actions {
                @if holds {
                    button.button.primary type="submit" { (t("申し込みを確定する（支払義務あり）", "Apply with obligation to pay")) }
                }
                a.button href=(change) { (t("内容を変更する", "Change")) }
            }
        }
    };
    Ok(page.show(Section::Apply, title, &content))
}

/// Tells whether prices and terms are still those of the draft; the submission checks it again.
async fn still_holds(app: &App, page: &Page, application: &Application) -> Result<bool, Problem> {
    let prices = current_prices(app, page).await?;
    let terms = current_terms(app, page).await?;
    let (shown, order) = (&application.confirmation, &application.form.order);
    let fresh = Confirmation::build(
        &prices,
        order.retention_days,
        order.cameras,
        &terms.version.version,
        shown.example_term.start,
    );
    Ok(fresh.as_ref() == Some(shown))
}

fn row(name: &str, content: &Markup) -> Markup {
    html! { tr { th scope="row" { (name) } td { (content) } } }
}

fn order(page: &Page, confirmation: &Confirmation) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let quote = &confirmation.quote;
    html! {
        h2 { (t("ご注文と料金", "Order and price")) }
        table.confirm { tbody {
            (row(t("サービス", "Service"), &html! {
                (page.operator.service_name) " — "
                (t("防犯カメラ映像の録画・視聴サービス", "recording and viewing of security cameras"))
                br; (t("録画の保存日数 ", "Recordings kept for ")) (days(l, quote.retention_days.into()))
            }))
            (row(t("数量", "Quantity"), &html! { (cameras(l, quote.cameras.into())) }))
            (row(t("単価（税抜、1台・1年）", "Unit price (per camera and year, without tax)"), &html! { (yen(l, quote.unit_yen)) }))
            (row(t("小計（税抜）", "Net"), &html! { (yen(l, quote.net_yen)) }))
            (row(&format!("{} {}%", t("消費税", "Tax"), quote.tax_percent), &html! { (yen(l, quote.tax_yen)) }))
            (row(t("1年間の合計（税込）", "Total for a year, with tax"), &html! { strong { (yen(l, quote.total_yen)) } }))
            (row(t("お支払いの時期と方法", "When and how paid"), &html! { (l.t(&confirmation.payment_ja, &confirmation.payment_en)) }))
        } }
    }
}

fn conditions(page: &Page, confirmation: &Confirmation) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        h2 { (t("期間・更新・解約", "Term, renewal, cancellation")) }
        table.confirm { tbody {
            (row(t("利用開始日", "Start date"), &html! { (t(
                "審査の後、当社がお申し込みを受け付けたときに定めてお知らせします。",
                "Set by us when the application is accepted after screening; you will be told.",
            )) }))
            (row(t("契約期間", "Term"), &html! {
                p { (t("利用開始日から1年間です。", "One year from the start date.")) }
                (example(page, confirmation))
            }))
            (row(t("自動更新", "Automatic renewal"), &html! { (t(
                "更新拒絶期限までに更新しない旨のご通知が届かない限り、満了日の翌日から1年間、その後も1年ごとに自動で更新し、更新時の料金表による1年分の料金がかかります。",
                "Unless your refusal has arrived by the last day to refuse, the contract renews for a year from the day after the expiry date, and so on year by year, at the yearly fee of the price list at that time.",
            )) }))
            (row(t("更新しないとき", "If you do not want renewal"), &html! { (t(
                "更新拒絶期限（満了日の30日前の日）の24時（日本時間）までに、ポータルまたは書面で当社に届くようにご通知ください。期限の当日も有効です。",
                "Tell us through the portal or on paper so that it arrives by 24:00 (Japan time) of the last day to refuse, 30 days before the expiry date. That day itself is in time.",
            )) }))
            (row(t("解約と返金", "Cancellation and refund"), &html! { (t(
                "いつでも解約できます。お支払い済みの料金は返金しません。",
                "You may cancel at any time. Fees already paid are not refunded.",
            )) }))
            (row(t("お申し込みの取下げ", "Withdrawing the application"), &html! { (t(
                "登録が完了するまで、費用なしで取り下げられます。",
                "Possible at no cost until registration is complete.",
            )) }))
            (row(t("利用規約", "Terms of service"), &html! {
                a href={ "/terms/" (confirmation.terms_version) } target="_blank" { (confirmation.terms_version) (t("版", "")) }
                (t("（同意済み）", " (agreed)"))
            }))
            (row(t("販売事業者", "Sold by"), &html! {
                (page.operator.company.t(l)) br; (page.operator.representative.t(l)) br;
                (page.operator.address.t(l)) br; (page.operator.phone)
            }))
        } }
    }
}

/// The dates, if the term began on the day of the screen.
fn example(page: &Page, confirmation: &Confirmation) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let term = confirmation.example_term;
    html! {
        p.muted { (t("例として、次の日に始まる場合：", "For example, if it began on this day:")) }
        dl.facts {
            (fact(t("利用開始日", "Start date"), &day(l, term.start)))
            (fact(t("満了日", "Expiry date"), &day(l, term.end)))
            (fact(t("更新拒絶期限", "Last day to refuse renewal"), &day(l, term.last_day_to_refuse)))
        }
    }
}

fn declared(page: &Page) -> &'static str {
    page.language.t(
        "日本国内に居住または所在していること、個人情報などの国外への移転を制限する法令の適用を受けないこと、取引・輸出の規制の対象でないこと、反社会的勢力と関わりがないこと。",
        "residence in Japan; no law that restricts the transfer of personal data abroad; no export or trade control; no part in antisocial forces.",
    )
}
