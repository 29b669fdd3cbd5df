//! The screeners' pages. They show what nobody outside screening sees (3-4).

mod case;
mod facts;
mod queue;
mod reviews;
mod weighing;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ciero_domain::Language;
use ciero_domain::application::State;
use ciero_domain::groups::SCREENERS;
use ciero_pages::{ConsoleFrame, Section, Visitor};
use ciero_runtime::{Csrf, Operator, PageLanguage, Problem};
use maud::{Markup, html};

use crate::App;

pub(crate) use case::detail;
pub(crate) use queue::list;
pub(crate) use reviews::list as reviews;

/// A signed-in screener; to everyone else the console's pages of applications do not exist.
#[derive(Debug, Clone)]
pub(crate) struct Screener {
    pub name: String,
    pub groups: Vec<String>,
    pub language: Language,
    pub csrf: String,
}

impl FromRequestParts<App> for Screener {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let operator = Operator::from_request_parts(parts, app).await?;
        operator.must_be_in(SCREENERS)?;
        let Ok(Csrf(csrf)) = Csrf::from_request_parts(parts, app).await;
        Ok(Screener {
            name: operator.name,
            groups: operator.groups,
            language: PageLanguage::of(&parts.headers),
            csrf,
        })
    }
}

impl Screener {
    /// Puts a page of the console into the frame.
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
                name: self.name.clone(),
                groups: self.groups.clone(),
            },
            section: Section::Applications,
            path,
            csrf: &self.csrf,
        };
        Ok(frame.show(&owner, title, content))
    }
}

/// Writes a state as a badge whose tone says whether a screener has something to do.
fn badge(state: State, language: Language) -> Markup {
    let tone = match state {
        State::Screening | State::Approved => "warn",
        State::Registered => "ok",
        State::Declined => "bad",
        State::Draft | State::Submitted | State::Withdrawn => "info",
    };
    html! { span class={ "badge " (tone) } { (state.sentence(language)) } }
}
