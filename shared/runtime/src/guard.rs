//! The guard around every router: origin and form token, idempotency key, and the form of the answer.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use ciero_domain::Language;
use ciero_ports::{Attempt, Caller};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use sha2::{Digest, Sha256};

use crate::input::is_form;
use crate::session::Session;
use crate::upload::{self, is_upload};
use crate::{Answer, Asked, Gate, Moment, PageLanguage, Problem};

/// The largest body that a command takes, in bytes.
pub const BODY_LIMIT: usize = 256 * 1024;
/// The largest form with files, in bytes: a function's request holds 6 MB, in base 64.
pub const UPLOAD_LIMIT: usize = 4 * 1024 * 1024;

/// Puts the guard around a router, and a problem behind every unknown route.
pub fn guarded(router: Router<()>, gate: Gate) -> Router {
    router
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "この方法では呼び出せません。",
                "This method is not allowed here.",
            )
        })
        // The guard limits every body itself.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(gate, guard))
}

async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let language = PageLanguage::of(request.headers());
    let wants = Wants::of(&request);
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |p| p.as_str())
        .to_owned();
    let response = match admit(&gate, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    harden(&gate, dress(response, language, wants, &path))
}

/// In which form the caller reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    Json,
    /// A browser that opened a page.
    Page,
    /// A browser that posted a form.
    Form,
}

impl Wants {
    fn of(request: &Request) -> Self {
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        match (
            accept.contains("text/html"),
            request.method() == Method::POST,
        ) {
            (true, true) => Wants::Form,
            (true, false) => Wants::Page,
            (false, true) if accept.is_empty() && is_form(request.headers()) => Wants::Form,
            _ => Wants::Json,
        }
    }
}

/// Checks a request before any handler sees it; reading changes nothing and needs no check.
async fn admit(gate: &Gate, request: Request) -> Result<Request, Problem> {
    if request.method() != Method::POST {
        return Ok(request);
    }
    check_origin(request.headers(), &gate.settings.portal_url)?;
    let (mut parts, body) = request.into_parts();
    let limit = match is_upload(&parts.headers) {
        true => UPLOAD_LIMIT,
        false => BODY_LIMIT,
    };
    let body = Limited::new(body, limit).collect().await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "送信された内容が大きすぎます。",
            "What was sent is too large.",
        )
    })?;
    let body: Bytes = body.to_bytes();
    let now = Moment::of(&parts);
    let session = gate.cookie_session(&parts.headers, now);
    check_token(gate, &parts.headers, &body, session.as_ref(), now).await?;
    let attempt = attempt(&parts, &body, session.as_ref())?;
    parts.extensions.insert(Asked(attempt));
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Refuses what another site's page sends in our user's name.
fn check_origin(headers: &HeaderMap, portal_url: &str) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let foreign = match (text("origin"), text("sec-fetch-site")) {
        (Some(origin), _) => origin != portal_url,
        (None, Some(site)) => !matches!(site, "same-origin" | "none"),
        (None, None) => false,
    };
    if foreign {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "ほかのサイトからの送信は受け付けません。",
            "Requests from another site are not accepted.",
        ));
    }
    Ok(())
}

/// Refuses a form, or anything sent with our cookie, that does not carry the token of its page.
async fn check_token(
    gate: &Gate,
    headers: &HeaderMap,
    body: &Bytes,
    session: Option<&Session>,
    now: Moment,
) -> Result<(), Problem> {
    let is_form = is_form(headers);
    if headers.contains_key(header::AUTHORIZATION) || (session.is_none() && !is_form) {
        return Ok(());
    }
    let sent = headers
        .get("x-csrf-token")
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned);
    let sent = match sent {
        Some(sent) => Some(sent),
        None if is_upload(headers) => {
            let upload = upload::read(headers, body).await;
            upload.and_then(|mut upload| upload.fields.remove("csrf"))
        }
        None => {
            let fields: Option<Vec<(String, String)>> = is_form
                .then(|| serde_urlencoded::from_bytes(body).ok())
                .flatten();
            let fields = fields.unwrap_or_default().into_iter();
            let mut tokens = fields.filter(|(name, _)| name == "csrf");
            tokens.next().map(|(_, value)| value)
        }
    };
    if sent.is_some_and(|token| gate.sealer.token_holds(&token, session, now)) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "form_token",
        "ページの有効期限が切れました。ページを開き直してください。",
        "This page is out of date. Please open it again.",
    ))
}

fn attempt(
    parts: &http::request::Parts,
    body: &Bytes,
    session: Option<&Session>,
) -> Result<Option<Attempt>, Problem> {
    let Some(key) = parts.headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    let key = key.ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "idempotency_key_invalid",
            "Idempotency-Keyが正しくありません。",
            "The Idempotency-Key is not valid.",
        )
    })?;
    let mut hash = Sha256::new();
    hash.update(parts.method.as_str());
    hash.update(parts.uri.path());
    hash.update([0]);
    hash.update(body);
    // A bearer token is a caller too; its hash keeps the token itself out of the store.
    let bearer = parts
        .headers
        .get(header::AUTHORIZATION)
        .map(|token| hex::encode(Sha256::digest(token.as_bytes())));
    let stranger = || Caller {
        name: bearer.unwrap_or_else(|| "public".to_owned()),
        contract: None,
    };
    let caller = session.map_or_else(stranger, Session::caller);
    Ok(Some(Attempt {
        caller,
        key: key.to_owned(),
        request_hash: hex::encode(hash.finalize()),
    }))
}

/// Gives the answer the form that the caller reads.
fn dress(mut response: Response, language: Language, wants: Wants, path: &str) -> Response {
    if let Some(answer) = response.extensions_mut().remove::<Answer>() {
        return match (&answer.location, wants) {
            (Some(location), Wants::Form | Wants::Page) => see_other(location),
            _ => answer.as_json(),
        };
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let status = problem.status;
    if wants == Wants::Page
        && let Some(page) = detour(&problem, path)
    {
        let back = serde_urlencoded::to_string([("back", path)]).unwrap_or_default();
        return see_other(&format!("{page}?{back}"));
    }
    let language_header = (header::CONTENT_LANGUAGE, language.tag());
    match wants {
        Wants::Json => {
            let kind = (header::CONTENT_TYPE, "application/problem+json");
            (
                status,
                [kind, language_header],
                problem.document(language).to_string(),
            )
                .into_response()
        }
        Wants::Page | Wants::Form => {
            let page = ciero_pages::problem_page(
                language,
                status.as_u16(),
                &problem.code,
                problem.detail(language),
                &problem.field_sentences(language),
                problem.instead,
            );
            (status, [language_header], page).into_response()
        }
    }
}

/// Returns the page that lifts a problem: signing in, or accepting the terms.
fn detour(problem: &Problem, path: &str) -> Option<&'static str> {
    if problem.code == ciero_domain::entitlement::Rule::TermsAccepted.code() {
        return Some("/welcome");
    }
    (problem.status == StatusCode::UNAUTHORIZED).then_some(if path.starts_with("/console") {
        "/console/sign-in"
    } else {
        "/sign-in"
    })
}

fn see_other(location: &str) -> Response {
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Adds the headers that keep a browser from doing harm.
fn harden(gate: &Gate, mut response: Response) -> Response {
    let settings = &gate.settings;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self' {media}; media-src 'self' blob: {media}; worker-src 'self' blob:; \
         form-action 'self' {customers} {operators}; base-uri 'none'; frame-ancestors 'none'",
        media = settings.media_origin,
        customers = origin_of(&settings.customer_sign_in_url),
        operators = origin_of(&settings.operator_sign_in_url),
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url, |end| &url[..host + end])
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
