//! The sign-in pages as a flow: authorize, password, new password, code, logout.

use axum::Router;
use axum::extract::{Form, OriginalUri, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::pages::{self, Language, SignInPage, Trouble};
use super::store::{self, Access, Status, User};
use super::tickets::{self, Granted, Kind, Ticket};
use super::{ClientSpec, Pool, SignIn, passwords};

/// A real hash to compare with when the name is unknown, so that the answer takes as long.
const NO_ONES_HASH: &str = "pbkdf2-sha256$120000$00000000000000000000000000000000$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(super) fn router(sign_in: SignIn) -> Router {
    Router::new()
        .route(
            "/_local/sign-in/{pool}/oauth2/authorize",
            get(show).post(sign_in_with_password),
        )
        .route("/_local/sign-in/{pool}/new-password", post(choose_password))
        .route("/_local/sign-in/{pool}/logout", get(logout))
        .with_state(sign_in)
}

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

#[derive(Deserialize)]
struct Password {
    name: String,
    password: String,
}

#[derive(Deserialize)]
struct NewPassword {
    ticket: String,
    new_password: String,
    new_password_again: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Logout {
    client_id: String,
    logout_uri: String,
}

/// A request that was checked, together with what its page needs.
struct Visit {
    pool: Pool,
    request: Authorize,
    /// The query as it came, which the page's forms carry on.
    query: String,
    language: Language,
}

async fn show(
    State(sign_in): State<SignIn>,
    Path(pool): Path<String>,
    Query(request): Query<Authorize>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    match Visit::check(&sign_in, &pool, request, uri.query(), &headers) {
        Ok(visit) => visit.page(StatusCode::OK, None, ""),
        Err(refused) => *refused,
    }
}

async fn sign_in_with_password(
    State(sign_in): State<SignIn>,
    Path(pool): Path<String>,
    Query(request): Query<Authorize>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Form(form): Form<Password>,
) -> Response {
    let visit = match Visit::check(&sign_in, &pool, request, uri.query(), &headers) {
        Ok(visit) => visit,
        Err(refused) => return *refused,
    };
    if !comes_from_here(&headers) {
        return visit.page(StatusCode::FORBIDDEN, Some(Trouble::OtherOrigin), "");
    }
    let Password { name, password } = form;
    let name = name.trim().to_owned();
    let checking = {
        let (sign_in, name) = (sign_in.clone(), name.clone());
        tokio::task::spawn_blocking(move || check_password(&sign_in, &pool, &name, &password)).await
    };
    match checking {
        Ok(Ok(Checked::Right(user))) => visit.admit(&sign_in, &user),
        Ok(Ok(Checked::Wrong)) => visit.page(
            StatusCode::UNAUTHORIZED,
            Some(Trouble::WrongPassword),
            &name,
        ),
        Ok(Ok(Checked::Locked { seconds })) => {
            let trouble = Some(Trouble::Locked { seconds });
            let mut response = visit.page(StatusCode::TOO_MANY_REQUESTS, trouble, &name);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

enum Checked {
    Right(Box<User>),
    Wrong,
    Locked { seconds: u64 },
}

fn check_password(
    sign_in: &SignIn,
    pool: &str,
    name: &str,
    password: &str,
) -> rusqlite::Result<Checked> {
    let now_ms = sign_in.clock.real_now_ms();
    let (user, locked) = {
        let connection = sign_in.database.lock();
        let user = store::find(&connection, pool, name)?;
        let account = user.as_ref().map_or(name, |user| &user.username);
        let locked = passwords::locked_for(&connection, pool, account, now_ms)?;
        (user, locked)
    };
    if let Some(left) = locked {
        return Ok(Checked::Locked {
            seconds: left.as_secs() + 1,
        });
    }
    let hash = user
        .as_ref()
        .map_or(NO_ONES_HASH, |user| &user.password_hash);
    let fits = passwords::verify(password, hash);
    let connection = sign_in.database.lock();
    match user {
        Some(user) if fits && user.access == Access::Enabled => {
            passwords::forget_failures(&connection, pool, &user.username)?;
            Ok(Checked::Right(Box::new(user)))
        }
        user => {
            let account = user.as_ref().map_or(name, |user| &user.username);
            passwords::note_failure(&connection, pool, account, now_ms)?;
            Ok(Checked::Wrong)
        }
    }
}

async fn choose_password(
    State(sign_in): State<SignIn>,
    Path(pool): Path<String>,
    Query(request): Query<Authorize>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Form(form): Form<NewPassword>,
) -> Response {
    let visit = match Visit::check(&sign_in, &pool, request, uri.query(), &headers) {
        Ok(visit) => visit,
        Err(refused) => return *refused,
    };
    if !comes_from_here(&headers) {
        return visit.page(StatusCode::FORBIDDEN, Some(Trouble::OtherOrigin), "");
    }
    let minimum = visit.pool.spec.minimum_password_length;
    if form.new_password != form.new_password_again {
        return visit.new_password_page(
            StatusCode::BAD_REQUEST,
            &form.ticket,
            Some(Trouble::NotTheSame),
        );
    }
    if passwords::check_policy(&form.new_password, minimum).is_err() {
        return visit.new_password_page(
            StatusCode::BAD_REQUEST,
            &form.ticket,
            Some(Trouble::WeakPassword),
        );
    }
    let setting = {
        let sign_in = sign_in.clone();
        tokio::task::spawn_blocking(move || set_password(&sign_in, &pool, &form)).await
    };
    match setting {
        Ok(Ok(Some(user))) => visit.admit(&sign_in, &user),
        Ok(Ok(None)) => visit.page(StatusCode::BAD_REQUEST, Some(Trouble::TooLate), ""),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn set_password(
    sign_in: &SignIn,
    pool: &str,
    form: &NewPassword,
) -> rusqlite::Result<Option<User>> {
    let password_hash = passwords::hash(&form.new_password);
    let connection = sign_in.database.lock();
    let now_ms = sign_in.clock.real_now_ms();
    let ticket = tickets::redeem(&connection, Kind::NewPassword, &form.ticket, now_ms)?;
    let Some(ticket) = ticket.filter(|ticket| ticket.pool == pool) else {
        return Ok(None);
    };
    let changed_ms = sign_in.clock.now_ms();
    store::set_password(
        &connection,
        pool,
        &ticket.username,
        &password_hash,
        Status::Confirmed,
        changed_ms,
    )?;
    let user = store::find(&connection, pool, &ticket.username)?;
    Ok(user.filter(|user| user.access == Access::Enabled))
}

async fn logout(
    State(sign_in): State<SignIn>,
    Path(pool): Path<String>,
    Query(request): Query<Logout>,
    headers: HeaderMap,
) -> Response {
    let is_registered = |client: &ClientSpec| client.logout_urls.contains(&request.logout_uri);
    let pool = sign_in.pool(&pool);
    let client = pool
        .as_ref()
        .and_then(|pool| pool.client(&request.client_id));
    // No session is kept here beyond the code, so leaving is only the way back.
    if client.is_some_and(is_registered) {
        found(&request.logout_uri)
    } else {
        let language = Language::of(None, &headers);
        (
            StatusCode::BAD_REQUEST,
            pages::refusal(language, Trouble::UnknownClient),
        )
            .into_response()
    }
}

impl Visit {
    fn check(
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
    fn admit(&self, sign_in: &SignIn, user: &User) -> Response {
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
                signed_in_seconds: now_ms / 1000,
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

    fn page(&self, status: StatusCode, trouble: Option<Trouble>, name: &str) -> Response {
        let page = pages::sign_in(&SignInPage {
            language: self.language,
            pool: &self.pool,
            query: &self.query,
            trouble,
            name,
        });
        guarded(status, page)
    }

    fn new_password_page(
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
fn comes_from_here(headers: &HeaderMap) -> bool {
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

fn found(address: &str) -> Response {
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

fn failed(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "sign-in failed");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
