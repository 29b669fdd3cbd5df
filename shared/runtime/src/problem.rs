//! A refused request: the right status, a code, and a sentence in the caller's language (RFC 9457).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use ciero_domain::Language;
use ciero_domain::particulars::{FieldError, FieldRule};
use ciero_ports::{CloudError, CommitError, StoreError};
use http::{StatusCode, header};
use serde_json::{Value, json};

/// Why a request is refused. The guard writes it in the caller's language.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub ja: Cow<'static, str>,
    pub en: Cow<'static, str>,
    pub errors: Vec<FieldError>,
    /// The page of what can be done instead.
    pub instead: Option<&'static str>,
}

impl Problem {
    /// Makes a problem with its sentence in both languages.
    pub fn new(status: StatusCode, code: &'static str, ja: &'static str, en: &'static str) -> Self {
        Problem {
            status,
            code: code.into(),
            ja: ja.into(),
            en: en.into(),
            errors: Vec::new(),
            instead: None,
        }
    }

    /// 404: the same answer for what does not exist and for what is another customer's (7-8).
    pub fn not_found() -> Self {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "見つかりません。",
            "Not found.",
        )
    }

    /// 403 for a rule about rights.
    pub fn forbidden() -> Self {
        Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "この操作をする権限がありません。",
            "You may not do this.",
        )
    }

    /// 401: nobody is signed in, or the session is over.
    pub fn sign_in_needed() -> Self {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "sign_in_needed",
            "サインインしてください。",
            "Please sign in.",
        )
    }

    /// 401: the session is over.
    pub fn session_expired() -> Self {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "session_expired",
            "セッションが終了しました。もう一度サインインしてください。",
            "Your session is over. Please sign in again.",
        )
    }

    /// 422 with every refused field.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let sentence = (
            "入力内容をご確認ください。",
            "Please check what you entered.",
        );
        Problem {
            errors,
            ..Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_fields",
                sentence.0,
                sentence.1,
            )
        }
    }

    /// 422 with one refused field.
    pub fn field(field: &str, rule: FieldRule) -> Self {
        Problem::fields(vec![FieldError::new(field, rule)])
    }

    /// 503: something that we depend on does not answer.
    pub fn unavailable() -> Self {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "ただいまご利用いただけません。しばらくしてからもう一度お試しください。",
            "The service is not available now. Please try again shortly.",
        )
    }

    /// 500: a fault of ours.
    pub fn internal() -> Self {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "内部でエラーが発生しました。",
            "Something went wrong on our side.",
        )
    }

    /// Returns the sentence in a language.
    pub fn detail(&self, language: Language) -> &str {
        language.t(&self.ja, &self.en)
    }

    /// Returns the refused fields with their sentences.
    pub fn field_sentences(&self, language: Language) -> Vec<(String, String)> {
        self.errors
            .iter()
            .map(|e| (e.field.clone(), e.rule.sentence(language).to_owned()))
            .collect()
    }

    /// Returns the problem document.
    pub fn document(&self, language: Language) -> Value {
        let errors: Vec<Value> = self
            .errors
            .iter()
            .map(|e| json!({"field": e.field, "code": e.rule.code(), "detail": e.rule.sentence(language)}))
            .collect();
        let mut document = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail(language),
        });
        if !errors.is_empty() {
            document["errors"] = Value::Array(errors);
        }
        if let Some(page) = self.instead {
            document["instead"] = json!(page);
        }
        document
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.document(Language::Ja).to_string();
        let mut response = (
            self.status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body,
        )
            .into_response();
        // The guard finds it here and writes it again in the caller's language and form.
        response.extensions_mut().insert(self);
        response
    }
}

macro_rules! from_rules {
    ($($rules:ty => $status:expr),+ $(,)?) => {
        $(impl From<$rules> for Problem {
            fn from(rule: $rules) -> Self {
                Problem::new($status, rule.code(), rule.sentence(Language::Ja), rule.sentence(Language::En))
            }
        })+
    };
}

from_rules! {
    ciero_domain::application::Refusal => StatusCode::CONFLICT,
    ciero_domain::contract::Refusal => StatusCode::CONFLICT,
    ciero_domain::interruption::Refusal => StatusCode::CONFLICT,
    ciero_domain::service_end::Refusal => StatusCode::CONFLICT,
    ciero_domain::staff_view::Refusal => StatusCode::CONFLICT,
    ciero_domain::terms::Refusal => StatusCode::CONFLICT,
    ciero_domain::processor::Refusal => StatusCode::CONFLICT,
    ciero_domain::third_party::Refusal => StatusCode::CONFLICT,
    ciero_domain::export::Refusal => StatusCode::CONFLICT,
}

impl From<ciero_domain::device::Refusal> for Problem {
    fn from(rule: ciero_domain::device::Refusal) -> Self {
        use ciero_domain::device::Refusal;
        let status = match rule {
            Refusal::CodeInvalid => StatusCode::FORBIDDEN,
            Refusal::RequestInvalid => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Problem::new(
            status,
            rule.code(),
            rule.sentence(Language::Ja),
            rule.sentence(Language::En),
        )
    }
}

impl From<ciero_domain::deletion::Refusal> for Problem {
    fn from(rule: ciero_domain::deletion::Refusal) -> Self {
        Problem::new(
            StatusCode::CONFLICT,
            rule.code(),
            rule.sentence(Language::Ja),
            rule.sentence(Language::En),
        )
    }
}

impl From<ciero_domain::user::Refusal> for Problem {
    fn from(rule: ciero_domain::user::Refusal) -> Self {
        use ciero_domain::user::Refusal;
        let status = match rule {
            Refusal::NotAdministrator => StatusCode::FORBIDDEN,
            Refusal::AttestationMissing => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Problem::new(
            status,
            rule.code(),
            rule.sentence(Language::Ja),
            rule.sentence(Language::En),
        )
    }
}

impl From<ciero_domain::entitlement::Rule> for Problem {
    fn from(rule: ciero_domain::entitlement::Rule) -> Self {
        use ciero_domain::entitlement::Rule;
        let status = match rule {
            // The same answer as for a camera that does not exist.
            Rule::CameraOfContract => return Problem::not_found(),
            Rule::TimeOrdered | Rule::SpanOrdered | Rule::SpanPast | Rule::SpanRetained => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            _ => StatusCode::FORBIDDEN,
        };
        Problem::new(
            status,
            rule.code(),
            rule.sentence(Language::Ja),
            rule.sentence(Language::En),
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "reading from the store failed");
        match error {
            StoreError::Unavailable(_) => Problem::unavailable(),
            StoreError::Corrupt(_) => Problem::internal(),
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(_) => Problem::new(
                StatusCode::CONFLICT,
                "changed_meanwhile",
                "ほかの操作と重なりました。もう一度お試しください。",
                "Someone else changed this at the same time. Please try again.",
            ),
            CommitError::Unavailable(detail) => {
                tracing::error!(%detail, "writing to the store failed");
                Problem::unavailable()
            }
        }
    }
}

impl From<CloudError> for Problem {
    fn from(error: CloudError) -> Self {
        tracing::error!(%error, "a managed service failed");
        Problem::unavailable()
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request failed");
        Problem::internal()
    }
}
