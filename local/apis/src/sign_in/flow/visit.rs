//! One visit to the sign-in pages: its checked request, and the answers that it can get.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::sign_in::pages::{self, Language, SignInPage, Trouble};
use crate::sign_in::store::{Status, User};
use crate::sign_in::tickets::{self, Granted, Kind, Ticket};
use crate::sign_in::{ClientSpec, Pool, SignIn};

/// The query of an authorization request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Authorize {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    lang: Option<String>,
}

/// A request that was checked, together with what its page needs.
pub(super) struct Visit {
    pub(super) pool: Pool,
    request: Authorize,
    /// The query as it came, which the page's forms carry on.
    query: String,
    language: Language,
}

impl Visit {
    pub(super) fn check(
        sign_in: &SignIn,
        pool: &str,
        request: Authorize,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Self, Box<Response>> {
        let language = Language::of(request.lang.as_deref(), headers);
        let pool = sign_in.pool(pool);
        let client = pool
            .as_ref()
            .and_then(|pool| pool.client(&request.client_id));
        let trusted = client.filter(|client| client.callback_urls.contains(&request.redirect_uri));
        // An unregistered address is never sent anyone: the mistake is shown here.
        let (Some(pool), Some(client)) = (&pool, trusted) else {
            let page = pages::refusal(language, Trouble::UnknownClient);
            return Err(Box::new((StatusCode::BAD_REQUEST, page).into_response()));
        };
        if let Some(error) = request.mistake(client) {
            let address = with_query(
                &request.redirect_uri,
                &[("error", error), ("state", &request.state)],
            );
            return Err(Box::new(found(&address)));
        }
        Ok(Self {
            pool: pool.clone(),
            query: query.unwrap_or_default().to_owned(),
            request,
            language,
        })
    }

    /// Sends the user back with a code, or asks for a new password first.
    pub(super) fn admit(&self, sign_in: &SignIn, user: &User) -> Response {
        let kind = match user.status {
            Status::Confirmed => Kind::Code,
            Status::ForceChangePassword => Kind::NewPassword,
        };
        let now_ms = sign_in.clock.real_now_ms();
        let ticket = Ticket {
            pool: self.pool.spec.id.clone(),
            username: user.username.clone(),
            granted: Granted {
                client_id: self.request.client_id.clone(),
                redirect_uri: self.request.redirect_uri.clone(),
                scope: self.request.scope.clone(),
                nonce: self.request.nonce.clone(),
                code_challenge: self.request.code_challenge.clone(),
                signed_in_seconds: sign_in.clock.now_ms() / 1000,
            },
        };
        let issued = tickets::issue(&sign_in.database.lock(), kind, &ticket, now_ms);
        match (issued, kind) {
            (Ok(code), Kind::Code) => {
                let pairs = [("code", code.as_str()), ("state", &self.request.state)];
                Redirect::to(&with_query(&self.request.redirect_uri, &pairs)).into_response()
            }
            (Ok(ticket), Kind::NewPassword) => {
                self.new_password_page(StatusCode::OK, &ticket, None)
            }
            (Err(error), _) => failed(&error),
        }
    }

    pub(super) fn page(
        &self,
        status: StatusCode,
        trouble: Option<Trouble>,
        name: &str,
    ) -> Response {
        let page = pages::sign_in(&SignInPage {
            language: self.language,
            pool: &self.pool,
            query: &self.query,
            trouble,
            name,
        });
        guarded(status, page)
    }

    pub(super) fn new_password_page(
        &self,
        status: StatusCode,
        ticket: &str,
        trouble: Option<Trouble>,
    ) -> Response {
        let page = pages::new_password(self.language, &self.pool, &self.query, ticket, trouble);
        guarded(status, page)
    }
}

impl Authorize {
    /// The OAuth error of a request that came from a known client with a known address.
    fn mistake(&self, client: &ClientSpec) -> Option<&'static str> {
        if self.response_type != "code" {
            return Some("unsupported_response_type");
        }
        let scopes: Vec<&str> = self.scope.split_whitespace().collect();
        if !scopes.contains(&"openid")
            || scopes
                .iter()
                .any(|scope| !["openid", "email"].contains(scope))
        {
            return Some("invalid_scope");
        }
        match (&self.code_challenge, self.code_challenge_method.as_deref()) {
            (Some(challenge), Some("S256")) if challenge.len() == 43 => None,
            (None, None) if client.secret.is_some() => None,
            _ => Some("invalid_request"),
        }
    }
}

/// Browsers name the origin of a form's page; a page of someone else must not sign anyone in.
pub(super) fn comes_from_here(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority == host),
        (Some(_), None) => false,
    }
}

fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let query: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{}", query.join("&"))
}

pub(super) fn found(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(error) => failed(&error),
    }
}

fn guarded(status: StatusCode, page: maud::Markup) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ];
    (status, headers, page).into_response()
}

pub(super) fn failed(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "sign-in failed");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
