//! Certificates of devices and the policies attached to them.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{
    Pairs, answer, arn, certificate_of_arn, invalid, not_found, require_certificate, state_conflict,
};
use crate::iot::Things;
use crate::iot::registry::{self, CertificateStatus};
use crate::wire::{ApiError, parse_json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateCertificate {
    certificate_signing_request: String,
}

pub(super) async fn create_certificate(
    State(things): State<Things>,
    Query(query): Pairs,
    body: Bytes,
) -> Response {
    answer(parse_json::<CreateCertificate>(&body).and_then(|request| {
        let signed = things
            .authority
            .sign_request(&request.certificate_signing_request)
            .map_err(|error| {
                invalid(format!(
                    "The certificate signing request is not valid: {error}"
                ))
            })?;
        let status = if query.get("setAsActive").is_some_and(|text| text == "true") {
            CertificateStatus::Active
        } else {
            CertificateStatus::Inactive
        };
        let now_ms = things.clock.now_ms();
        registry::insert_certificate(
            &things.database.lock(),
            &signed.id,
            &signed.pem,
            status,
            now_ms,
        )?;
        Ok(json!({
            "certificateArn": arn(&format!("cert/{}", signed.id)),
            "certificateId": signed.id,
            "certificatePem": signed.pem,
        }))
    }))
}

pub(super) async fn describe_certificate(
    State(things): State<Things>,
    Path(id): Path<String>,
) -> Response {
    let found = registry::certificate(&things.database.lock(), &id);
    answer(found.map_err(ApiError::from).and_then(|found| {
        let (pem, status, created_ms) = found.ok_or_else(|| not_found("Certificate", &id))?;
        Ok(json!({ "certificateDescription": {
            "certificateArn": arn(&format!("cert/{id}")), "certificateId": id, "certificatePem": pem,
            "status": status, "creationDate": created_ms as f64 / 1000.0,
        } }))
    }))
}

pub(super) async fn update_certificate(
    State(things): State<Things>,
    Path(id): Path<String>,
    Query(query): Pairs,
) -> Response {
    let wanted = query
        .get("newStatus")
        .map(String::as_str)
        .unwrap_or_default();
    let updated = CertificateStatus::parse(wanted)
        .ok_or_else(|| invalid(format!("'{wanted}' is not a status of a certificate.")))
        .and_then(|status| {
            require_certificate(&things, &id)?;
            registry::set_certificate_status(&things.database.lock(), &id, status)?;
            Ok(json!({}))
        });
    answer(updated)
}

pub(super) async fn delete_certificate(
    State(things): State<Things>,
    Path(id): Path<String>,
) -> Response {
    answer(require_certificate(&things, &id).and_then(|status| {
        let connection = things.database.lock();
        if status == CertificateStatus::Active {
            return Err(state_conflict(
                "CertificateStateException",
                "The certificate must be deactivated before deletion.",
            ));
        }
        if registry::is_certificate_attached(&connection, &id)? {
            return Err(state_conflict(
                "DeleteConflictException",
                "The certificate is still attached to a thing or a policy.",
            ));
        }
        registry::delete_certificate(&connection, &id)?;
        Ok(json!({}))
    }))
}

#[derive(Deserialize)]
struct PolicyTarget {
    target: String,
}

pub(super) async fn attach_policy(
    State(things): State<Things>,
    Path(policy): Path<String>,
    body: Bytes,
) -> Response {
    answer(parse_json::<PolicyTarget>(&body).and_then(|request| {
        let certificate = certificate_of_arn(&request.target)?;
        require_certificate(&things, &certificate)?;
        let connection = things.database.lock();
        if !registry::policy_exists(&connection, &policy)? {
            return Err(not_found("Policy", &policy));
        }
        registry::attach_policy(&connection, &policy, &certificate)?;
        Ok(json!({}))
    }))
}

pub(super) async fn detach_policy(
    State(things): State<Things>,
    Path(policy): Path<String>,
    body: Bytes,
) -> Response {
    answer(parse_json::<PolicyTarget>(&body).and_then(|request| {
        let certificate = certificate_of_arn(&request.target)?;
        registry::detach_policy(&things.database.lock(), &policy, &certificate)?;
        Ok(json!({}))
    }))
}
