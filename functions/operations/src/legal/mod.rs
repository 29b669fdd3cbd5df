//! The legal desk: lawful disclosure and holds (21-4), and the breach register. To everyone else nothing of it exists.

mod breach_page;
mod breaches;
mod case_page;
mod commands;
mod fields;
mod files;
mod forms;
mod history;
mod list_page;
mod opening;
mod package;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::routing::{get, post};
use ciero_domain::Language;
use ciero_domain::disclosure::{Disclosure, Refusal};
use ciero_domain::groups::{LEGAL, is_in};
use ciero_domain::ids::DisclosureId;
use ciero_pages::{ConsoleFrame, Section, Visitor};
use ciero_ports::{Audit, Billing, CaseFiles, Devices, Disclosures, Notices};
use ciero_runtime::{Asked, COOKIE, Csrf, Moment, Operator, PageLanguage, Problem, Role, Session};
use http::StatusCode;
use maud::Markup;

use crate::App;

/// What the desk alone works with.
#[derive(Clone)]
pub struct Sources {
    pub disclosures: Arc<dyn Disclosures>,
    pub files: Arc<dyn CaseFiles>,
    pub devices: Arc<dyn Devices>,
    pub billing: Arc<dyn Billing>,
    pub notices: Arc<dyn Notices>,
    pub audit: Arc<dyn Audit>,
}

/// Routes of the desk.
pub fn routes() -> Router<App> {
    Router::new()
        .route(
            "/console/disclosures",
            get(list_page::show).post(opening::open),
        )
        .route("/console/disclosures/{id}", get(case_page::show))
        .nest("/console/disclosures/{id}", of_case())
        .route(
            "/console/breaches",
            get(breach_page::show).post(breaches::record),
        )
        .route("/console/breaches/{id}/steps", post(breaches::note))
}

fn of_case() -> Router<App> {
    Router::new()
        .route("/documents", post(files::add_document))
        .route("/files/{file}", get(files::fetch))
        .route("/hold", post(commands::place_hold))
        .route("/hold/copies", post(commands::copy_again))
        .route("/release", post(commands::propose_release))
        .route("/release/approval", post(commands::approve_release))
        .route("/judgement", post(commands::judge))
        .route("/approval", post(commands::approve))
        .route("/video-approval", post(commands::approve_video))
        .route("/package", post(package::make))
        .route("/delivery", post(commands::deliver))
        .route("/closing", post(commands::close))
}

/// An operator of the desk and the request.
pub struct Legal {
    pub name: String,
    pub groups: Vec<String>,
    pub now: Moment,
    pub asked: Asked,
    pub language: Language,
    pub csrf: String,
}

impl FromRequestParts<App> for Legal {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let operator = match Operator::from_request_parts(parts, app).await {
            Ok(operator) => operator,
            // Only those of the desk are asked to sign in again: to a guest there is nothing to sign in for.
            Err(problem) if was_of_the_desk(parts, app) => return Err(problem),
            Err(_) => return Err(Problem::not_found()),
        };
        operator.must_be_in(LEGAL)?;
        let Ok(now) = Moment::from_request_parts(parts, app).await;
        let Ok(asked) = Asked::from_request_parts(parts, app).await;
        let Ok(Csrf(csrf)) = Csrf::from_request_parts(parts, app).await;
        Ok(Legal {
            name: operator.name,
            groups: operator.groups,
            now,
            asked,
            language: PageLanguage::of(&parts.headers),
            csrf,
        })
    }
}

fn was_of_the_desk(parts: &Parts, app: &App) -> bool {
    let session = app.gate.sealer.open::<Session>(COOKIE, &parts.headers);
    session.is_some_and(
        |session| matches!(session.role, Role::Operator { groups, .. } if is_in(&groups, LEGAL)),
    )
}

impl Legal {
    /// Picks the text of the operator's language.
    fn t<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        self.language.t(ja, en)
    }

    /// Puts a page of the desk into the frame.
    async fn page(
        &self,
        app: &App,
        (section, path): (Section, &str),
        title: &str,
        content: &Markup,
    ) -> Result<Markup, Problem> {
        let owner = app.documents.operator().await?.unwrap_or_default();
        let frame = ConsoleFrame {
            language: self.language,
            visitor: Visitor::Operator {
                name: self.name.clone(),
                groups: self.groups.clone(),
            },
            section,
            path,
            csrf: &self.csrf,
        };
        Ok(frame.show(&owner, title, content))
    }
}

/// The case that a path names; what cannot be read does not exist.
pub struct CasePath(pub DisclosureId);

impl FromRequestParts<App> for CasePath {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // With a file's name behind it the path has two parts.
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Path(segments) = path.map_err(|_| Problem::not_found())?;
        let id = segments.iter().find(|(name, _)| name == "id");
        let id = id.and_then(|(_, id)| DisclosureId::parse(id).ok());
        id.map(CasePath).ok_or_else(Problem::not_found)
    }
}

impl App {
    /// Returns a case; what is not there is not found.
    async fn disclosure(&self, id: &DisclosureId) -> Result<Disclosure, Problem> {
        let case = self.legal.disclosures.disclosure(id).await?;
        case.ok_or_else(Problem::not_found)
    }
}

/// Where a case's page is.
fn place(id: &DisclosureId) -> String {
    format!("/console/disclosures/{id}")
}

/// 422 for what is wrong with the request itself, 409 for what the case does not allow now.
fn refused(refusal: Refusal) -> Problem {
    let status = match refusal {
        Refusal::StatuteMissing
        | Refusal::NothingAsked
        | Refusal::StretchInvalid
        | Refusal::TooManyStretches
        | Refusal::ReasonMissing
        | Refusal::PartOutsideScope
        | Refusal::HashDiffers
        | Refusal::DeliveredInTheFuture => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    };
    Problem::new(
        status,
        refusal.code(),
        refusal.sentence(Language::Ja),
        refusal.sentence(Language::En),
    )
}
