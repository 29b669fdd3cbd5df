//! STS: who is calling.

use std::collections::HashMap;

use axum::extract::Form;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::StatusCode;

use crate::ACCOUNT_ID;
use crate::credentials::{DEVELOPER_KEY, Principal};
use crate::wire::{ApiError, Protocol, escape_xml, request_id, xml_answer};

pub(crate) fn router() -> Router {
    Router::new().fallback(serve)
}

async fn serve(
    Extension(principal): Extension<Principal>,
    form: Result<Form<HashMap<String, String>>, axum::extract::rejection::FormRejection>,
) -> Response {
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return rejection.into_response(),
    };
    match form.get("Action").map(String::as_str) {
        Some("GetCallerIdentity") => xml_answer(StatusCode::OK, caller_identity(&principal)),
        other => ApiError::bad(
            "InvalidAction",
            format!(
                "Could not find operation {} for version 2011-06-15",
                other.unwrap_or_default()
            ),
        )
        .render(Protocol::Query),
    }
}

fn caller_identity(principal: &Principal) -> String {
    let name = escape_xml(&principal.name);
    let (arn, user_id) = if principal.name == "developer" {
        (
            format!("arn:aws:iam::{ACCOUNT_ID}:user/{name}"),
            DEVELOPER_KEY.to_owned(),
        )
    } else {
        (
            format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{name}"),
            format!("{name}:{name}"),
        )
    };
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{user_id}</UserId><Account>{ACCOUNT_ID}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        request_id()
    )
}
