//! The screeners' page on which a list's file is loaded; a refused one changes nothing (P-4, 3-4).

use axum::extract::State;
use ciero_domain::Language;
use ciero_domain::documents::Bilingual;
use ciero_domain::groups::SCREENERS;
use ciero_domain::particulars::{FieldErrors, FieldRule, line};
use ciero_domain::screening::{Ground, ListHeader, lists_in_force};
use ciero_pages::{ConsoleFrame, Section, Visitor, date, date_time, hidden};
use ciero_runtime::{
    Answer, Asked, Csrf, Moment, Operator, Outcome, PageLanguage, Problem, Upload,
};
use http::StatusCode;
use maud::{Markup, html};

use super::{Format, Load, Refusal, decided};
use crate::App;
use crate::lists::{TEXT_MAX, is_code};
use crate::reading::Given;

const PAGE: &str = "/console/lists";

/// Shows the lists in force, each with the form that loads its next file, and the form of a new list.
pub async fn show(
    State(app): State<App>,
    operator: Operator,
    PageLanguage(language): PageLanguage,
    Csrf(csrf): Csrf,
) -> Result<Markup, Problem> {
    operator.must_be_in(SCREENERS)?;
    let mut lists = lists_in_force(app.confidential.screening_lists().await?);
    lists.sort_by(|a, b| a.list.cmp(&b.list));
    let owner = app.documents.operator().await?.unwrap_or_default();
    let title = language.t("照合リスト", "Screening lists");
    let content = html! {
        p { a href="/console/register" { (language.t("← 登録簿", "← Register")) } }
        h1 { (title) }
        p.lead { (language.t(
            "発行元のファイルをそのまま読み込みます。読み取れないもの、読み込み済みのものより古いもの、件数が半分以下のものは読み込まず、これまでのリストを使い続けます。読み込むと、申込みと契約を照合し直します。",
            "A file of the source is loaded as it is. What cannot be read, is older than the loaded one or at most half as long is refused, and the loaded one stays. Once it is loaded, applications and contracts are screened again.",
        )) }
        (loaded(&lists, language))
        @for list in &lists { (next(list, &csrf, language)) }
        h2 { (language.t("新しいリスト", "A new list")) }
        (new(&csrf, language))
    };
    let frame = ConsoleFrame {
        language,
        visitor: Visitor::Operator {
            name: operator.name.clone(),
            groups: operator.groups.clone(),
        },
        section: Section::Register,
        path: PAGE,
        csrf: &csrf,
    };
    Ok(frame.show(&owner, title, &content))
}

/// Loads a file that a screener chose.
pub async fn upload(
    State(app): State<App>,
    now: Moment,
    operator: Operator,
    asked: Asked,
    upload: Upload,
) -> Result<Answer, Problem> {
    operator.must_be_in(SCREENERS)?;
    let (load, ground) = parse(upload)?;
    let (app, load) = (&app, &load);
    let answer = app.desk.decide(asked, now, || async move {
        let decided = decided(app, load, ground, now).await?;
        let (decision, body) = decided.map_err(Problem::from)?;
        let answer = Answer {
            body,
            ..Answer::done(PAGE)
        };
        Ok(Outcome::new(decision, answer))
    });
    let answer = answer.await?;
    tracing::info!(
        operator = operator.name,
        list = load.list,
        "a list file was handed in"
    );
    Ok(answer)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: refusal.code.into(),
            ja: refusal.ja.into(),
            en: refusal.en.into(),
            errors: Vec::new(),
            instead: None,
        }
    }
}

/// Reads the form: the file, and what the operator says of it.
fn parse(mut upload: Upload) -> Result<(Load, Ground), Problem> {
    let mut errors = FieldErrors::default();
    let mut field = |name: &str| upload.fields.remove(name).unwrap_or_default();
    let choice = |code: &str| match code.is_empty() {
        true => FieldRule::Required,
        false => FieldRule::Choice,
    };
    let list = match field("list") {
        code if is_code(&code) => Ok(code),
        code if code.is_empty() => Err(FieldRule::Required),
        _ => Err(FieldRule::Unprintable),
    };
    let list = errors.keep("list", list);
    let ja = errors.keep("ja", line(&field("ja"), TEXT_MAX));
    let en = errors.keep("en", line(&field("en"), TEXT_MAX));
    let source = errors.keep("source", line(&field("source"), TEXT_MAX));
    let code = field("ground");
    let ground = Ground::ALL.iter().copied().find(|one| one.code() == code);
    let ground = errors.keep("ground", ground.ok_or_else(|| choice(&code)));
    let format = match field("format").as_str() {
        "un" => Ok(Format::Un),
        "csv" => Ok(Format::Csv),
        other => Err(choice(other)),
    };
    let format = errors.keep("format", format);
    let issued_on = match Given(field("issued_on")).date() {
        Err(FieldRule::Required) => None,
        other => errors.keep("issued_on", other),
    };
    let file = upload
        .files
        .remove("file")
        .filter(|file| !file.bytes.is_empty());
    let file = errors.keep("file", file.ok_or(FieldRule::Required));
    let facts = list
        .zip(ja.zip(en))
        .zip(source.zip(ground))
        .zip(format.zip(file));
    let facts = errors.finish(facts).map_err(Problem::fields)?;
    let (((list, (ja, en)), (source, ground)), (format, file)) = facts;
    let file = String::from_utf8(file.bytes.into())
        .map_err(|_| Refusal::malformed("文字コードがUTF-8ではありません", "it is not UTF-8"))?;
    let load = Load {
        list,
        name: Bilingual { ja, en },
        source,
        ground: code,
        format,
        issued_on,
        file,
    };
    Ok((load, ground))
}

/// Writes the form that loads the next file of a list; what is said of the list stays.
fn next(list: &ListHeader, csrf: &str, language: Language) -> Markup {
    let prefix = &list.list;
    html! {
        form.card method="post" action=(PAGE) enctype="multipart/form-data" {
            h3 { (list.name.t(language)) }
            (hidden("csrf", csrf))
            (hidden("list", &list.list))
            (hidden("ja", &list.name.ja))
            (hidden("en", &list.name.en))
            (hidden("source", &list.source))
            (hidden("ground", list.ground.code()))
            (file(prefix, language))
        }
    }
}

fn new(csrf: &str, language: Language) -> Markup {
    let t = |ja, en| language.t(ja, en);
    let text = |name: &str, label: &str| {
        html! { div.field { label for={ "f-new-" (name) } { (label) } input id={ "f-new-" (name) } name=(name) type="text" required; } }
    };
    html! {
        form.card method="post" action=(PAGE) enctype="multipart/form-data" {
            (hidden("csrf", csrf))
            (text("list", t("コード（半角小文字・数字・ハイフン）", "Code (small letters, digits, hyphens)")))
            (text("ja", t("名称（日本語）", "Name in Japanese")))
            (text("en", t("名称（英語）", "Name in English")))
            (text("source", t("発行元", "Source")))
            div.field {
                label for="f-new-ground" { (t("関係する事由（第3条第4項）", "Ground of 3-4 that it bears on")) }
                select #f-new-ground name="ground" required {
                    option value="" { (t("選んでください", "Please choose")) }
                    @for ground in Ground::ALL { option value=(ground.code()) { (ground.code()) " " (ground.sentence(language)) } }
                }
            }
            (file("new", language))
        }
    }
}

/// Writes the file, its format and its day.
fn file(prefix: &str, language: Language) -> Markup {
    let t = |ja, en| language.t(ja, en);
    let id = |name: &str| format!("f-{prefix}-{name}");
    let formats = [
        (
            "un",
            t(
                "国連 統合リスト（XML）",
                "United Nations consolidated list (XML)",
            ),
        ),
        ("csv", t("表（CSV、UTF-8）", "Table (CSV in UTF-8)")),
    ];
    html! {
        div.field {
            label for=(id("format")) { (t("形式", "Format")) }
            select id=(id("format")) name="format" required {
                @for (code, name) in formats { option value=(code) { (name) } }
            }
        }
        div.field {
            label for=(id("issued_on")) { (t("発行日（国連のファイルでは不要）", "Day of issue (not for a file of the United Nations)")) }
            input id=(id("issued_on")) name="issued_on" type="date";
        }
        div.field {
            label for=(id("file")) { (t("ファイル（4MBまで）", "File (up to 4 MB)")) }
            input id=(id("file")) name="file" type="file" accept=".xml,.csv,text/csv,text/xml,application/xml" required;
        }
        div.actions { button.button.primary type="submit" { (t("読み込む", "Load")) } }
    }
}

/// Lists the screening lists in force.
pub fn loaded(lists: &[ListHeader], language: Language) -> Markup {
    let heads = [
        language.t("リスト", "List"),
        language.t("版", "Version"),
        language.t("発行日", "Issued"),
        language.t("件数", "Entries"),
        language.t("読み込み", "Loaded"),
    ];
    html! {
        @if lists.is_empty() {
            div.empty { p { (language.t("照合リストはまだありません。", "There are no screening lists yet.")) } }
        } @else {
            table.list {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for list in lists {
                        tr {
                            td data-label=(heads[0]) { (list.name.t(language)) br; span.muted { (list.source) } }
                            td data-label=(heads[1]) { (list.version) }
                            td.num data-label=(heads[2]) { @if let Some(day) = list.issued_on { (date(language, day)) } }
                            td.num data-label=(heads[3]) { (list.entries) }
                            td.num data-label=(heads[4]) { (date_time(language, list.published_at)) }
                        }
                    }
                }
            }
        }
    }
}
