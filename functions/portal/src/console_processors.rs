//! The register of sub-processors for those who keep it: entries, the uses that rest on them, and what waits (10, 22-3).

use axum::extract::State;
use ciero_domain::groups::{LEGAL, PUBLISHERS};
use ciero_domain::processor::{Act, Change, DataClass, Processor, Proposal, Register, Use};
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, empty, table};
use crate::page::{ConsolePage, Page};
use crate::pieces::{day, fact, moment};

/// How many versions the history shows.
const SHOWN: usize = 100;

/// Shows the register with the forms that change it.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(PUBLISHERS)?;
    let page = &console.page;
    let t = |ja, en| page.t(ja, en);
    let versions = app.registers.processors().await?;
    let title = t("再委託先", "Sub-processors");
    let content = html! {
        p { a href="/console/terms" { (t("← 規約の改定", "← Changes of the terms")) } " · " a href="/processors" { (t("公開ページ", "Public page")) } }
        h1 { (title) }
        p.lead { (t(
            "秘密保持契約のある有効な登録がなければ、データを渡す利用は始められません。登録の変更は、申請した人とは別の担当者（法務）が承認すると有効になります。",
            "No use hands data over without an active entry that has a confidentiality agreement. A change counts once another operator of the legal desk than the one who proposed it agrees.",
        )) }
        @match versions.last() {
            None => (empty(t("登録はまだありません。", "There is no register yet."))),
            Some(register) => {
                @for proposal in &register.waiting { (waiting(&console, proposal)) }
                h2 { (t("データを渡す利用", "Uses that hand data over")) }
                (uses(page, register))
                h2 { (t("登録", "Entries")) }
                @for one in &register.processors { (entry(page, one)) }
                (editor(page, None))
                h2 { (t("変更の経過", "History")) }
                (history(page, &versions))
            },
        }
    };
    Ok(page.show(Section::TermsChanges, title, &content))
}

fn classes(page: &Page, data: &[DataClass]) -> String {
    let words = data.iter().map(|class| class.sentence(page.language));
    words.collect::<Vec<_>>().join(page.t("、", ", "))
}

fn uses(page: &Page, register: &Register) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("利用", "Use"),
        t("必要なデータ", "Data that it needs"),
        t("再委託先", "Sub-processor"),
    ];
    let rows = register.uses.iter().map(|one| {
        let by = register.processors.iter();
        let by = by.filter(|entry| entry.uses.contains(one) && entry.is_active(page.today()));
        let by: Vec<&str> = by.map(|entry| entry.name.t(l)).collect();
        vec![
            html! { (one.words(l)) },
            html! { (classes(page, one.data())) },
            html! { (by.join(t("、", ", "))) },
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}

/// Writes the facts of an entry.
fn facts(page: &Page, one: &Processor) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let uses: Vec<String> = one.uses.iter().map(|one| one.words(l)).collect();
    html! {
        dl.facts {
            (fact(t("識別名", "Identifier"), &one.id))
            (fact(t("委託する業務", "Task"), &one.task.t(l)))
            (fact(t("利用", "Uses"), &uses.join(t("、", ", "))))
            (fact(t("渡すデータ", "Data handed over"), &classes(page, &one.data)))
            (fact(t("データの保管場所", "Where data are kept"), &one.location.words(l)))
            (fact(t("秘密保持契約", "Confidentiality agreement"), &one.nda.as_deref().unwrap_or("—")))
            (fact(t("開始日", "Since"), &day(l, one.since)))
            @if let Some(until) = one.until { (fact(t("終了日", "Last day"), &day(l, until))) }
        }
    }
}

fn waiting(console: &ConsolePage, proposal: &Proposal) -> Markup {
    let page = &console.page;
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let id = proposal.change.id();
    let form = |verb: &str| {
        let action = format!("/console/processors/{id}/{verb}");
        Form::new(page, action, format!("{verb}-{id}"))
    };
    html! {
        article.card {
            h3 { (t("承認待ち：", "Waits for approval: ")) (id) }
            p { (proposal.by) " · " (moment(l, proposal.at)) }
            @match &proposal.change {
                Change::Enter { processor } => { p { strong { (processor.name.t(l)) } } (facts(page, processor)) },
                Change::End { until, .. } => p { (t("終了日 ", "Last day ")) (day(l, *until)) },
            }
            @if console.is_in(LEGAL) && proposal.by != console.actor() {
                (form("approval").inline(&html! {}, &button("primary", t("承認する", "Agree"))))
            }
            (form("withdrawal").inline(&html! {}, &button("", t("申請を取り下げる", "Take the proposal back"))))
        }
    }
}

fn entry(page: &Page, one: &Processor) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let action = format!("/console/processors/{}/end", one.id);
    let end = Form::new(page, action, format!("end-{}", one.id));
    html! {
        article.card {
            h3 { (one.name.t(page.language)) }
            (facts(page, one))
            details {
                summary { (t("変更・終了を申請する", "Propose a change or an end")) }
                (editor(page, Some(one)))
                @if one.until.is_none() {
                    (end.write(
                        t("終了日を申請する", "Propose the last day"),
                        &end.field("until", t("終了日", "Last day"), "date", ""),
                        &button("", t("申請する", "Propose")),
                    ))
                }
            }
        }
    }
}

fn editor(page: &Page, known: Option<&Processor>) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let prefix = known.map_or("new".to_owned(), |one| format!("change-{}", one.id));
    let form = Form::new(page, "/console/processors".to_owned(), prefix);
    let value = |of: fn(&Processor) -> String| known.map(of).unwrap_or_default();
    let text = |name: &str, label: &str, of: fn(&Processor) -> String| {
        form.field(name, label, "text", &value(of))
    };
    let uses = Use::FIXED.map(|one| one.code()).join(", ");
    let data: Vec<&str> = DataClass::ALL.iter().map(|class| class.code()).collect();
    let since = known.map_or(page.today(), |one| one.since).to_string();
    let uses_label = format!("{} ({uses}, reseller/…)", t("利用の符号", "Codes of uses"));
    let data_label = format!(
        "{} ({})",
        t("渡すデータの符号", "Codes of data handed over"),
        data.join(", ")
    );
    form.write(
        match known {
            None => t("再委託先を申請する", "Propose a sub-processor"),
            Some(_) => t("内容の変更を申請する", "Propose other facts"),
        },
        &html! {
            (text("id", t("識別名（英小文字・数字・ハイフン）", "Identifier (small letters, digits, hyphens)"), |one| one.id.clone()))
            (text("name_ja", t("名称（日本語）", "Name in Japanese"), |one| one.name.ja.clone()))
            (text("name_en", t("名称（英語）", "Name in English"), |one| one.name.en.clone()))
            (text("task_ja", t("委託する業務（日本語）", "Task in Japanese"), |one| one.task.ja.clone()))
            (text("task_en", t("委託する業務（英語）", "Task in English"), |one| one.task.en.clone()))
            (form.optional("uses", &uses_label, "text", &value(|one| one.uses.iter().map(Use::code).collect::<Vec<_>>().join(", "))))
            (form.optional("data", &data_label, "text", &value(|one| one.data.iter().map(|class| class.code()).collect::<Vec<_>>().join(", "))))
            (text("location", t("保管場所（ap-northeast-1、ap-northeast-3、または都道府県から始まる住所）", "Where data are kept (ap-northeast-1, ap-northeast-3, or an address that begins with its prefecture)"), |one| one.location.as_str().to_owned()))
            (form.optional("nda", t("秘密保持契約の番号（データを渡す場合は必須）", "Number of the confidentiality agreement (needed where data are handed over)"), "text", &value(|one| one.nda.clone().unwrap_or_default())))
            (form.field("since", t("開始日", "Since"), "date", &since))
        },
        &button("primary", t("申請する", "Propose")),
    )
}

fn history(page: &Page, versions: &[Register]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("版", "Version"),
        t("日時", "Time"),
        t("担当者", "By"),
        t("内容", "What"),
    ];
    let rows = versions.iter().rev().take(SHOWN).map(|version| {
        vec![
            html! { (version.version) },
            moment(l, version.recorded_at),
            html! { (version.by) },
            act(page, &version.act),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}

fn act(page: &Page, act: &Act) -> Markup {
    let t = |ja, en| page.t(ja, en);
    match act {
        Act::LaidDown => html! { (t("最初の登録", "Laid down")) },
        Act::UsesChanged => html! { (t("利用の変更", "Other uses were published")) },
        Act::Proposed { id } => html! { (t("申請：", "Proposed: ")) (id) },
        Act::Approved { id, proposed_by } => html! {
            (t("承認：", "Agreed: ")) (id) " (" (t("申請者 ", "proposed by ")) (proposed_by) ")"
        },
        Act::Withdrawn { id } => html! { (t("取り下げ：", "Taken back: ")) (id) },
    }
}
