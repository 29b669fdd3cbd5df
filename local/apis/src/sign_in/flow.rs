//! The sign-in pages as a flow: authorize, password, new password, code, logout.

use axum::Router;
use axum::extract::{Form, OriginalUri, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::pages::{self, Language, Trouble};
use super::store::{self, Access, Status, User};
use super::tickets::{self, Kind};
use super::{ClientSpec, SignIn, passwords};

mod visit;

use visit::{Authorize, Visit, comes_from_here, failed, found};

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
