//! Who opens a page, and the frame around it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use ciero_domain::Language;
use ciero_domain::contract::{Command, Contract, Entry, Facts, Refusal};
use ciero_domain::documents::Operator as OperatorSettings;
use ciero_domain::entitlement::Rule;
use ciero_domain::user::{User, UserState};
use ciero_pages::{Frame, Section, Visitor, frame, hidden};
use ciero_runtime::{
    Administrator, Csrf, Gate, Moment, Operator, PageLanguage, Problem, Role, SignedIn,
};
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::Markup;

use crate::App;

/// What every page knows.
#[derive(Debug)]
pub struct Page {
    pub language: Language,
    pub now: Timestamp,
    pub operator: OperatorSettings,
    pub visitor: Visitor,
    csrf: String,
    path: String,
}

impl Page {
    async fn of(parts: &mut Parts, app: &App, visitor: Visitor) -> Result<Self, Problem> {
        let operator = app.documents.operator().await?.unwrap_or_default();
        Ok(Page::with(parts, app, visitor, operator).await)
    }

    async fn with(
        parts: &mut Parts,
        app: &App,
        visitor: Visitor,
        operator: OperatorSettings,
    ) -> Self {
        let Ok(now) = Moment::from_request_parts(parts, app).await;
        let Ok(csrf) = Csrf::from_request_parts(parts, app).await;
        let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        Page {
            language: PageLanguage::of(&parts.headers),
            now: now.0,
            operator,
            visitor,
            csrf: csrf.0,
            path: path.to_owned(),
        }
    }

    /// Picks the text of the page's language.
    pub fn t<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        self.language.t(ja, en)
    }

    /// Returns the date in Tokyo.
    pub fn today(&self) -> Date {
        ciero_domain::calendar::tokyo_date(self.now)
    }

    /// Asks the rules what would become of a customer's command now; nothing is written.
    pub fn would(&self, contract: &Contract, command: Command) -> Result<Entry, Refusal> {
        let facts = Facts {
            operator: self.operator.clone(),
            prices: Vec::new(),
            terms: Vec::new(),
        };
        contract.decide(command, "portal", &facts, self.now)
    }

    /// Writes the hidden token that every form carries.
    pub fn token(&self) -> Markup {
        hidden("csrf", &self.csrf)
    }

    /// Returns the token for scripts.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Puts content into the frame.
    pub fn show(&self, section: Section, title: &str, content: &Markup) -> Markup {
        self.show_with(section, title, &[], content)
    }

    /// Puts content into the frame, with scripts of its own.
    pub fn show_with(
        &self,
        section: Section,
        title: &str,
        scripts: &[&str],
        content: &Markup,
    ) -> Markup {
        let data = Frame {
            language: self.language,
            service_name: &self.operator.service_name,
            company: self.operator.company.t(self.language),
            title,
            visitor: self.visitor.clone(),
            section,
            path: &self.path,
            csrf: &self.csrf,
            scripts,
        };
        frame(&data, content)
    }
}

fn customer(user: &User) -> Visitor {
    Visitor::Customer {
        name: user.name.clone(),
        administrator: user.is_administrator(),
    }
}

/// A page that anyone may open; whoever is signed in keeps the own menu.
pub struct PublicPage(pub Page);

impl FromRequestParts<App> for PublicPage {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let visitor = visitor(parts, app).await?;
        Page::of(parts, app, visitor).await.map(PublicPage)
    }
}

/// A page that opens whatever fails: without the own menu and the operator's name if they cannot be read.
pub struct SteadyPage(pub Page);

impl FromRequestParts<App> for SteadyPage {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let visitor = visitor(parts, app).await.unwrap_or(Visitor::Guest);
        let operator = app.documents.operator().await.ok().flatten();
        let operator = operator.unwrap_or_default();
        Ok(SteadyPage(Page::with(parts, app, visitor, operator).await))
    }
}

async fn visitor(parts: &Parts, app: &App) -> Result<Visitor, Problem> {
    let gate: &Gate = &app.gate;
    let Some(session) = gate.cookie_session(&parts.headers, moment(parts, app).await) else {
        return Ok(Visitor::Guest);
    };
    match &session.role {
        Role::Operator { name, groups } => Ok(Visitor::Operator {
            name: name.clone(),
            groups: groups.clone(),
        }),
        Role::Customer { contract, user } => {
            let user = gate.people.user(contract, user).await?;
            let user =
                user.filter(|u| u.state == UserState::Active && session.at >= u.sessions_after);
            Ok(user.as_ref().map_or(Visitor::Guest, customer))
        }
    }
}

async fn moment(parts: &Parts, app: &App) -> Moment {
    let Ok(now) = Moment::from_request_parts(&mut parts.clone(), app).await;
    now
}

/// A page of a signed-in customer who has accepted the terms (1-1).
pub struct CustomerPage {
    pub page: Page,
    pub user: User,
}

impl FromRequestParts<App> for CustomerPage {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let SignedIn { user, .. } = SignedIn::from_request_parts(parts, app).await?;
        if !user.accepted_terms() {
            return Err(Rule::TermsAccepted.into());
        }
        let page = Page::of(parts, app, customer(&user)).await?;
        Ok(CustomerPage { page, user })
    }
}

/// The page on which a signed-in customer accepts the terms.
pub struct NewcomerPage {
    pub page: Page,
    pub user: User,
}

impl FromRequestParts<App> for NewcomerPage {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let SignedIn { user, .. } = SignedIn::from_request_parts(parts, app).await?;
        let page = Page::of(parts, app, customer(&user)).await?;
        Ok(NewcomerPage { page, user })
    }
}

/// A page of the contract's administrator (2-6).
pub struct AdministratorPage {
    pub page: Page,
    pub user: User,
}

impl FromRequestParts<App> for AdministratorPage {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Administrator { user, .. } = Administrator::from_request_parts(parts, app).await?;
        let page = Page::of(parts, app, customer(&user)).await?;
        Ok(AdministratorPage { page, user })
    }
}

/// A page of an administrator about the own contract. It stays open while the contract is suspended and
/// after its end, so that what is owed can be paid (D-09).
pub struct ContractPage {
    pub page: Page,
    pub contract: Contract,
}

impl FromRequestParts<App> for ContractPage {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let AdministratorPage { page, user } =
            AdministratorPage::from_request_parts(parts, app).await?;
        let contract = app.contracts.contract(&user.contract).await?;
        let contract = contract.ok_or_else(Problem::not_found)?;
        Ok(ContractPage { page, contract })
    }
}

/// A page of the operator's console; an operator without any group has no page.
pub struct ConsolePage {
    pub page: Page,
    pub groups: Vec<String>,
}

impl FromRequestParts<App> for ConsolePage {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let operator = Operator::from_request_parts(parts, app).await?;
        if operator.groups.is_empty() {
            return Err(Problem::not_found());
        }
        let visitor = Visitor::Operator {
            name: operator.name,
            groups: operator.groups.clone(),
        };
        let page = Page::of(parts, app, visitor).await?;
        Ok(ConsolePage {
            page,
            groups: operator.groups,
        })
    }
}
