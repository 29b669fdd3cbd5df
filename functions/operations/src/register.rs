//! The register of earlier violators and measures that screening compares with (3-4-2, 3-4-3, 3-4-4).

use axum::extract::State;
use ciero_domain::Language;
use ciero_domain::corporate_number::CorporateNumber;
use ciero_domain::groups::SCREENERS;
use ciero_domain::ids::base32;
use ciero_domain::particulars::{FieldErrors, FieldRule, email, line};
use ciero_domain::screening::{RegisterCause, RegisterEntry, lists_in_force};
use ciero_pages::{
    ConsoleFrame, FieldView, Requirement, Section, Visitor, date_time, field, hidden, select,
};
use ciero_ports::{Decision, Rescreening, Write};
use ciero_runtime::{Answer, Asked, Csrf, Input, Moment, Operator, Outcome, PageLanguage, Problem};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::load::loaded;

/// The longest text of one particular.
const LONGEST: usize = 200;

/// Reads a particular that is not empty.
type Reader = fn(String) -> Result<String, FieldRule>;

/// Reads a corporate number; one whose check digit is wrong would never match.
fn corporate_number(text: String) -> Result<String, FieldRule> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = CorporateNumber::parse(&digits).map_err(|_| FieldRule::CorporateNumber)?;
    Ok(number.as_str().to_owned())
}

/// Reads a phone number as its digits; without any it would match nobody.
fn phone(text: String) -> Result<String, FieldRule> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let valid = digits.starts_with('0') && (10..=11).contains(&digits.len());
    valid.then_some(digits).ok_or(FieldRule::Phone)
}

/// A form that adds an entry, nothing checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawEntry {
    cause: String,
    name: String,
    corporate_number: String,
    address: String,
    phone: String,
    email: String,
    note: String,
}

impl RawEntry {
    /// Reads the form; at least one particular must be there, or the entry would match nobody.
    fn parse(&self, id: String, by: &str, now: Moment) -> Result<RegisterEntry, Problem> {
        let mut errors = FieldErrors::default();
        let cause = match self.cause.as_str() {
            "violation" => Ok(RegisterCause::Violation),
            "measure" => Ok(RegisterCause::Measure),
            "antisocial" => Ok(RegisterCause::Antisocial),
            _ => Err(FieldRule::Choice),
        };
        let cause = errors.keep("cause", cause);
        let mut optional = |name: &str, text: &str, read: Reader| match line(text, LONGEST) {
            Err(FieldRule::Required) => String::new(),
            other => errors.keep(name, other.and_then(read)).unwrap_or_default(),
        };
        let particulars = [
            optional("name", &self.name, Ok),
            optional("corporate_number", &self.corporate_number, corporate_number),
            optional("address", &self.address, Ok),
            optional("phone", &self.phone, phone),
            optional("email", &self.email, |text| email(&text)),
        ];
        if particulars.iter().all(String::is_empty) {
            errors.add("name", FieldRule::Required);
        }
        let note = errors.keep("note", line(&self.note, LONGEST));
        let [name, corporate_number, address, phone, email] = particulars;
        let entry = cause.zip(note).map(|(cause, note)| RegisterEntry {
            id,
            cause,
            name,
            corporate_number,
            address,
            phone,
            email,
            note,
            contract: None,
            recorded_by: by.to_owned(),
            recorded_at: now.0,
            hashes: Vec::new(),
        });
        errors.finish(entry).map_err(Problem::fields)
    }
}

/// Adds an entry to the register.
pub async fn record(
    State(app): State<App>,
    now: Moment,
    operator: Operator,
    asked: Asked,
    Input(raw): Input<RawEntry>,
) -> Result<Answer, Problem> {
    operator.must_be_in(SCREENERS)?;
    let entry = raw.parse(
        format!("r-{}", base32(&app.chance.id())),
        &operator.name,
        now,
    )?;
    tracing::info!(
        operator = operator.name,
        entry = entry.id,
        "an entry was added to the register"
    );
    let entry = &entry;
    app.desk
        .decide(asked, now, || async move {
            let answer = Answer::created("/console/register", &entry.id);
            let cause = format!("register/{}", entry.id);
            let decision = Decision {
                messages: vec![Rescreening::because(cause, now.0)],
                ..Decision::of(Write::Register(Box::new(entry.clone())))
            };
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Shows the register and the form that adds to it; each reading is noted first (3-4).
pub async fn page(
    State(app): State<App>,
    now: Moment,
    operator: Operator,
    PageLanguage(language): PageLanguage,
    Csrf(csrf): Csrf,
) -> Result<Markup, Problem> {
    operator.must_be_in(SCREENERS)?;
    app.note_reading(&operator.name, "register", now).await?;
    let mut lists = lists_in_force(app.confidential.screening_lists().await?);
    lists.sort_by_key(|list| std::cmp::Reverse(list.published_at));
    let mut entries = app.confidential.register().await?;
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.recorded_at));
    let owner = app.documents.operator().await?.unwrap_or_default();
    let title = language.t("登録簿", "Register");
    let content = html! {
        h1 { (title) }
        p.lead { (language.t(
            "審査で照合する、過去の違反者と第13条の措置の記録です。一致しても自動でお断りすることはありません。",
            "Earlier violators and measures of Article 13 that screening compares with. A match never refuses anyone by itself.",
        )) }
        (table(&entries, language))
        h2 { (language.t("記録を追加", "Add an entry")) }
        (form(&csrf, language))
        h2 { (language.t("照合リスト", "Screening lists")) }
        (loaded(&lists, language))
        div.actions { a.button href="/console/lists" { (language.t("リストを読み込む", "Load a list")) } }
    };
    let frame = ConsoleFrame {
        language,
        visitor: Visitor::Operator {
            name: operator.name.clone(),
            groups: operator.groups.clone(),
        },
        section: Section::Register,
        path: "/console/register",
        csrf: &csrf,
    };
    Ok(frame.show(&owner, title, &content))
}

fn cause_text(cause: RegisterCause, language: Language) -> &'static str {
    match cause {
        RegisterCause::Violation => language.t("契約違反（3-4-3）", "Violation (3-4-3)"),
        RegisterCause::Measure => language.t("第13条の措置（3-4-4）", "Measure of Art. 13 (3-4-4)"),
        RegisterCause::Antisocial => {
            language.t("反社会的勢力等（3-4-2）", "Antisocial forces (3-4-2)")
        }
    }
}

fn table(entries: &[RegisterEntry], language: Language) -> Markup {
    let heads = [
        language.t("区分", "Cause"),
        language.t("名称", "Name"),
        language.t("照合する項目", "Compared by"),
        language.t("メモ", "Note"),
        language.t("記録", "Recorded"),
    ];
    html! {
        @if entries.is_empty() {
            div.empty { p { (language.t("記録はまだありません。", "There are no entries yet.")) } }
        } @else {
            table.list {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for entry in entries {
                        tr {
                            td data-label=(heads[0]) { (cause_text(entry.cause, language)) }
                            td data-label=(heads[1]) { (entry.name) }
                            td data-label=(heads[2]) {
                                @for text in [&entry.corporate_number, &entry.address, &entry.phone, &entry.email] {
                                    @if !text.is_empty() { div { (text) } }
                                }
                            }
                            td data-label=(heads[3]) { (entry.note) }
                            td.num data-label=(heads[4]) { (date_time(language, entry.recorded_at)) br; (entry.recorded_by) }
                        }
                    }
                }
            }
        }
    }
}

fn form(csrf: &str, language: Language) -> Markup {
    let causes: Vec<(String, String)> = [
        ("violation", RegisterCause::Violation),
        ("measure", RegisterCause::Measure),
        ("antisocial", RegisterCause::Antisocial),
    ]
    .into_iter()
    .map(|(value, cause)| (value.to_owned(), cause_text(cause, language).to_owned()))
    .collect();
    let optional = |name: &'static str, label: &'static str| {
        field(&FieldView {
            name,
            label,
            required: Requirement::Optional,
            ..FieldView::default()
        })
    };
    html! {
        form.stack method="post" action="/console/register" data-enhance {
            (hidden("csrf", csrf))
            (select(&FieldView { name: "cause", label: language.t("区分", "Cause"), ..FieldView::default() }, &causes))
            (optional("name", language.t("氏名・名称", "Name")))
            (optional("corporate_number", language.t("法人番号", "Corporate number")))
            (optional("address", language.t("住所（番地まで）", "Address")))
            (optional("phone", language.t("電話番号", "Phone")))
            (optional("email", language.t("メールアドレス", "E-mail")))
            (field(&FieldView { name: "note", label: language.t("メモ（必須）", "Note"), ..FieldView::default() }))
            div.actions { button.button.primary type="submit" { (language.t("追加する", "Add")) } }
        }
    }
}
