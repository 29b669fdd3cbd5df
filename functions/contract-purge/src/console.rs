//! The console's pages of purges, the certificates, and the public key (15-3). Whether a hold keeps something is for the
//! legal desk alone: everybody else sees a purge that is under way (21-4).

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use ciero_domain::Language;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Contract, Kind, Standing, Task, stable_id};
use ciero_domain::groups::{LEGAL, PURGES, is_in};
use ciero_domain::ids::ContractId;
use ciero_domain::purge::{Act, Journal, Line, Refusal, SignedCertificate, Statement, Step};
use ciero_pages::{ConsoleFrame, Section, Visitor, date, date_time, hidden};
use ciero_ports::{Body, Decision};
use ciero_runtime::{Answer, Asked, Csrf, Moment, Operator, Outcome, PageLanguage, Problem};
use http::{StatusCode, header};
use maud::{Markup, html};

use crate::App;

/// How many purges the list shows.
const MOST: u16 = 200;

/// Hands the key out by which anybody checks a certificate.
pub(crate) async fn public_key(State(app): State<App>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/x-pem-file")];
    (headers, app.certificate_key.public_pem()).into_response()
}

fn refused(refusal: Refusal) -> Problem {
    let (ja, en) = (
        refusal.sentence(Language::Ja),
        refusal.sentence(Language::En),
    );
    Problem::new(StatusCode::CONFLICT, refusal.code(), ja, en)
}

async fn contract_of(app: &App, id: &str) -> Result<Contract, Problem> {
    let id = ContractId::parse(id).map_err(|_| Problem::not_found())?;
    let contract = app.contracts.contract(&id).await?;
    contract.ok_or_else(Problem::not_found)
}

/// What a page needs of its reader.
pub(crate) struct Reader {
    operator: Operator,
    language: Language,
    csrf: String,
}

impl Reader {
    fn t(&self, ja: &'static str, en: &'static str) -> &'static str {
        self.language.t(ja, en)
    }

    /// Only the legal desk may know of holds (21-4).
    fn may_know_of_holds(&self) -> bool {
        is_in(&self.operator.groups, LEGAL)
    }

    async fn page(
        &self,
        app: &App,
        path: &str,
        title: &str,
        content: &Markup,
    ) -> Result<Markup, Problem> {
        let owner = app.documents.operator().await?.unwrap_or_default();
        let frame = ConsoleFrame {
            language: self.language,
            visitor: Visitor::Operator {
                name: self.operator.name.clone(),
                groups: self.operator.groups.clone(),
            },
            section: Section::Purges,
            path,
            csrf: &self.csrf,
        };
        Ok(frame.show(&owner, title, content))
    }
}

/// Lists the purges that have begun and are not certified.
pub(crate) async fn list(
    State(app): State<App>,
    operator: Operator,
    PageLanguage(language): PageLanguage,
    Csrf(csrf): Csrf,
) -> Result<Markup, Problem> {
    operator.must_be_in(PURGES)?;
    let reader = Reader {
        operator,
        language,
        csrf,
    };
    let mut journals = Vec::new();
    for id in app.purges.under_way(MOST).await? {
        journals.extend(app.purges.journal(&id).await?);
    }
    let heads = [
        reader.t("契約", "Contract"),
        reader.t("開始", "Begun"),
        reader.t("状況", "State"),
    ];
    let title = reader.t("データ消去", "Purges");
    let content = html! {
        h1 { (title) }
        p.lead { (reader.t(
            "終了した契約のデータ消去（利用規約第15条第3項）のうち、進行中のものです。完了した契約は契約のページから確認できます。",
            "Deletions of ended contracts' data that are under way (15-3). Those that are complete are shown by contract.",
        )) }
        @if journals.is_empty() {
            div.empty { p { (reader.t("進行中のものはありません。", "None is under way.")) } }
        } @else {
            table.list {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for journal in &journals { tr {
                    td data-label=(heads[0]) { a href={ "/console/purges/" (journal.contract) } { (journal.contract) } }
                    td.num data-label=(heads[1]) { (date_time(language, journal.begun_at)) }
                    td data-label=(heads[2]) { (state(&reader, journal)) }
                } } }
            }
        }
        p { a href="/certificates/key.pem" { (reader.t("証明書の公開鍵（PEM）", "Public key of the certificates (PEM)")) } }
    };
    reader.page(&app, "/console/purges", title, &content).await
}

fn state(reader: &Reader, journal: &Journal) -> &'static str {
    match journal.waits_for.is_some() && reader.may_know_of_holds() {
        true => reader.t("保全により待機中", "Waits for a hold"),
        false => reader.t("進行中", "Under way"),
    }
}

/// Shows one contract's purge: its day, journal and certificates.
pub(crate) async fn detail(
    State(app): State<App>,
    Path(id): Path<String>,
    operator: Operator,
    now: Moment,
    PageLanguage(language): PageLanguage,
    Csrf(csrf): Csrf,
) -> Result<Markup, Problem> {
    operator.must_be_in(PURGES)?;
    let contract = contract_of(&app, &id).await?;
    let reader = Reader {
        operator,
        language,
        csrf,
    };
    let journal = app.purges.journal(&contract.id).await?;
    let lines = app.purges.lines(&contract.id).await?;
    let certificates = app.certificates.certificates(&contract.id).await?;
    let may_run = Journal::may_begin(&contract, tokyo_date(now.0)).is_ok();
    let may_run = may_run && contract.deletion.certified_on.is_none();
    let title = reader.t("データ消去", "Purge");
    let path = format!("/console/purges/{}", contract.id);
    let content = html! {
        p { a href="/console/purges" { (reader.t("← データ消去の一覧", "← Purges")) } }
        h1 { (title) " " (contract.id) }
        (summary(&reader, &contract, journal.as_ref()))
        @if may_run {
            form.stack method="post" action={ (path) "/run" } data-enhance {
                (hidden("csrf", &reader.csrf))
                div.actions { button.button type="submit" { (reader.t("今すぐ続ける", "Go on now")) } }
            }
        }
        @if !certificates.is_empty() { (issued(&reader, &path, &certificates)) }
        @if !lines.is_empty() { (journal_of(&reader, &lines)) }
    };
    reader.page(&app, &path, title, &content).await
}

fn summary(reader: &Reader, contract: &Contract, journal: Option<&Journal>) -> Markup {
    let language = reader.language;
    let row = |name: &str, value: Markup| html! { tr { th scope="row" { (name) } td { (value) } } };
    html! {
        table.confirm { tbody {
            @if let Standing::Ended { on, cause, .. } = &contract.standing {
                (row(reader.t("終了日", "Last day"), html! { (date(language, *on)) " · " (cause.sentence(language)) " (" (cause.clause()) ")" }))
            }
            @if let Some(day) = contract.data_went_on() {
                (row(reader.t("消去の開始日", "Deleted from"), html! { (date(language, day)) }))
            } @else {
                (row(reader.t("状況", "State"), html! { (Refusal::ContractLives.sentence(language)) }))
            }
            @if let (Some(journal), None) = (journal, contract.deletion.certified_on) {
                (row(reader.t("状況", "State"), html! { (state(reader, journal)) }))
            }
            @if let Some(on) = contract.deletion.certified_on {
                (row(reader.t("証明書の発行", "Certified"), html! { (date(language, on)) }))
                (row(reader.t("ご連絡先", "Contact"), html! { @if contract.deletion.contact_erased {
                    (reader.t("消去済み", "Erased"))
                } @else {
                    (reader.t("証明書の送付または完済を待っています", "Waits for the letter, or for what is owed"))
                } }))
            }
        } }
    }
}

fn issued(reader: &Reader, path: &str, certificates: &[SignedCertificate]) -> Markup {
    let name = |statement: Statement| match statement {
        Statement::DataDeleted => reader.t("消去証明書", "Certificate of deletion"),
        Statement::RecoveryCopiesExpired => reader.t(
            "復元用の控えの消滅の証明書",
            "Statement that no recovery copy is left",
        ),
    };
    html! {
        h2 { (reader.t("証明書", "Certificates")) }
        ul { @for signed in certificates {
            @let statement = signed.certificate.statement;
            li { a href={ (path) "/certificates/" (statement.number()) } { (name(statement)) }
                " " time datetime=(signed.certificate.issued_at) { (date_time(reader.language, signed.certificate.issued_at)) } }
        } }
    }
}

/// Shows the journal. What a hold keeps is left out for those who may not know of it.
fn journal_of(reader: &Reader, lines: &[Line]) -> Markup {
    let heads = [
        reader.t("番号", "Line"),
        reader.t("日時", "At"),
        reader.t("内容", "What"),
    ];
    html! {
        h2 { (reader.t("消去の記録", "Journal")) }
        table.list {
            thead { tr { @for head in heads { th scope="col" { (head) } } } }
            tbody { @for line in lines {
                @let said: Vec<String> = line.acts.iter().filter_map(|act| said(reader, act)).collect();
                @if !said.is_empty() { tr {
                    td.num data-label=(heads[0]) { (line.number) }
                    td.num data-label=(heads[1]) { (date_time(reader.language, line.at)) }
                    td data-label=(heads[2]) { @for text in said { div { (text) } } }
                } }
            } }
        }
    }
}

fn said(reader: &Reader, act: &Act) -> Option<String> {
    let name = |step: &Step| step.sentence(reader.language);
    Some(match act {
        Act::Begun { cameras, users } => match reader.language {
            Language::Ja => format!("開始（カメラ {cameras}、ユーザ {users}）"),
            Language::En => format!("Begun (cameras: {cameras}, users: {users})"),
        },
        Act::Asked { step, there: 0 } => format!("{}：{}", reader.t("指示", "Asked"), name(step)),
        Act::Asked { step, there } => {
            format!("{}：{} {there}", reader.t("指示", "Asked"), name(step))
        }
        Act::Done { step } => format!("{}：{}", reader.t("完了", "Done"), name(step)),
        Act::Found { step, count } => {
            format!("{}：{} {count}", reader.t("残存", "Found"), name(step))
        }
        Act::NothingFound => reader.t("残存なし", "Nothing found").to_owned(),
        Act::Held { step } if reader.may_know_of_holds() => {
            format!("{}：{}", reader.t("保全", "Held"), name(step))
        }
        Act::Held { .. } => return None,
    })
}

/// Hands a certificate out as it was issued.
pub(crate) async fn certificate(
    State(app): State<App>,
    Path((id, number)): Path<(String, u32)>,
    operator: Operator,
) -> Result<Response, Problem> {
    operator.must_be_in(PURGES)?;
    let contract = contract_of(&app, &id).await?;
    let certificates = app.certificates.certificates(&contract.id).await?;
    let mut certificates = certificates.into_iter();
    let signed = certificates.find(|signed| signed.certificate.statement.number() == number);
    let signed = signed.ok_or_else(Problem::not_found)?;
    let name = format!(
        "attachment; filename=\"{}-deletion-{number}.json\"",
        contract.id
    );
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, signed.file()).into_response())
}

/// Lets a purge go on now, for example when a hold has ended. A live contract is refused.
pub(crate) async fn run(
    State(app): State<App>,
    Path(id): Path<String>,
    operator: Operator,
    asked: Asked,
    now: Moment,
) -> Result<Answer, Problem> {
    operator.must_be_in(PURGES)?;
    let (app, id) = (&app, &id);
    let by = &operator.name;
    app.desk
        .decide(asked, now, || async move {
            let contract = contract_of(app, id).await?;
            Journal::may_begin(&contract, tokyo_date(now.0)).map_err(refused)?;
            let owed = contract.owed().into_iter();
            let task: Option<Task> = owed
                .filter(|task| task.work.kind() == Kind::Purge && task.due <= tokyo_date(now.0))
                .min();
            let task = task.ok_or_else(|| refused(Refusal::NothingToDo))?;
            tracing::info!(operator = by, contract = %contract.id, "a purge was asked to go on");
            let name = format!("purge/asked/{}", now.0);
            let body = Body::Work(task);
            let decision = Decision::default().say(stable_id(&contract.id, &name), now.0, body);
            let place = format!("/console/purges/{}", contract.id);
            Ok(Outcome::new(decision, Answer::done(place)))
        })
        .await
}
