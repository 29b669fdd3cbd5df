//! The control part of the IoT API (`iot`, rest-json).

use std::collections::{BTreeMap, HashMap};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post, put};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Things;
use super::registry::{self, CertificateStatus, RoleAlias, Thing};
use crate::wire::{ApiError, Protocol, json_answer, parse_json};
use crate::{ACCOUNT_ID, REGION};

mod certificates;

use certificates::{
    attach_policy, create_certificate, delete_certificate, describe_certificate, detach_policy,
    update_certificate,
};

type Pairs = Query<HashMap<String, String>>;

pub(super) fn router(things: Things) -> Router {
    Router::new()
        .route(
            "/things/{name}",
            post(create_thing).get(describe_thing).delete(delete_thing),
        )
        .route(
            "/things/{name}/principals",
            put(attach_principal)
                .delete(detach_principal)
                .get(list_principals),
        )
        .route("/certificates", post(create_certificate))
        .route(
            "/certificates/{id}",
            get(describe_certificate)
                .put(update_certificate)
                .delete(delete_certificate),
        )
        .route(
            "/target-policies/{policy}",
            put(attach_policy).post(detach_policy),
        )
        .route("/endpoint", get(describe_endpoint))
        .route(
            "/role-aliases/{alias}",
            post(create_role_alias).get(describe_role_alias),
        )
        .fallback(async || {
            answer(Err(ApiError::with(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                "The requested operation is not offered here.",
            )))
        })
        .with_state(things)
}

fn answer(result: Result<Value, ApiError>) -> Response {
    match result {
        Ok(body) => json_answer(StatusCode::OK, "application/json", &body),
        Err(error) => error.render(Protocol::RestJson),
    }
}

fn arn(resource: &str) -> String {
    format!("arn:aws:iot:{REGION}:{ACCOUNT_ID}:{resource}")
}

fn not_found(what: &str, name: &str) -> ApiError {
    ApiError::with(
        StatusCode::NOT_FOUND,
        "ResourceNotFoundException",
        format!("{what} {name} cannot be found."),
    )
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidRequestException", message)
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CreateThing {
    attribute_payload: AttributePayload,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AttributePayload {
    attributes: BTreeMap<String, String>,
}

async fn create_thing(
    State(things): State<Things>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    answer(parse_json::<CreateThing>(&body).and_then(|request| {
        check_name(&name)?;
        let attributes = request.attribute_payload.attributes;
        let connection = things.database.lock();
        let thing = match registry::thing(&connection, &name)? {
            // The same thing once more is no error; the same name for another one is.
            Some(known) if known.attributes == attributes => known,
            Some(_) => {
                return Err(ApiError::with(
                    StatusCode::CONFLICT,
                    "ResourceAlreadyExistsException",
                    format!(
                        "Thing {name} already exists in account with different tags or attributes."
                    ),
                ));
            }
            None => {
                let id = uuid::Uuid::new_v4().to_string();
                let thing = Thing {
                    id,
                    name: name.clone(),
                    attributes,
                };
                registry::insert_thing(&connection, &thing)?;
                thing
            }
        };
        Ok(json!({
            "thingName": thing.name, "thingId": thing.id, "thingArn": arn(&format!("thing/{name}")),
        }))
    }))
}

async fn describe_thing(State(things): State<Things>, Path(name): Path<String>) -> Response {
    answer(require_thing(&things, &name).map(|thing| {
        json!({
            "thingName": thing.name, "thingId": thing.id, "thingArn": arn(&format!("thing/{name}")),
            "defaultClientId": name, "attributes": thing.attributes, "version": 1,
        })
    }))
}

fn require_thing(things: &Things, name: &str) -> Result<Thing, ApiError> {
    registry::thing(&things.database.lock(), name)?.ok_or_else(|| not_found("Thing", name))
}

async fn delete_thing(State(things): State<Things>, Path(name): Path<String>) -> Response {
    let connection = things.database.lock();
    let deleted = registry::principals(&connection, &name)
        .map_err(ApiError::from)
        .and_then(|principals| {
            if !principals.is_empty() {
                return Err(invalid(format!(
                    "Thing {name} is still attached to principals."
                )));
            }
            registry::delete_thing(&connection, &name)?;
            Ok(json!({}))
        });
    answer(deleted)
}

/// The certificate id at the end of the principal's ARN.
fn principal(headers: &HeaderMap) -> Result<String, ApiError> {
    let text = headers
        .get("x-amzn-principal")
        .and_then(|value| value.to_str().ok());
    certificate_of_arn(text.unwrap_or_default())
}

fn certificate_of_arn(arn: &str) -> Result<String, ApiError> {
    arn.rsplit_once(":cert/")
        .map(|(_, id)| id.to_owned())
        .filter(|id| !id.is_empty())
        .ok_or_else(|| invalid(format!("Invalid principal or target: '{arn}'.")))
}

fn require_certificate(things: &Things, id: &str) -> Result<CertificateStatus, ApiError> {
    registry::certificate_status(&things.database.lock(), id)?
        .ok_or_else(|| not_found("Certificate", id))
}

async fn attach_principal(
    State(things): State<Things>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(principal(&headers).and_then(|certificate| {
        require_thing(&things, &name)?;
        require_certificate(&things, &certificate)?;
        registry::attach_principal(&things.database.lock(), &name, &certificate)?;
        Ok(json!({}))
    }))
}

async fn detach_principal(
    State(things): State<Things>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(principal(&headers).and_then(|certificate| {
        require_thing(&things, &name)?;
        registry::detach_principal(&things.database.lock(), &name, &certificate)?;
        Ok(json!({}))
    }))
}

async fn list_principals(State(things): State<Things>, Path(name): Path<String>) -> Response {
    answer(require_thing(&things, &name).and_then(|_| {
        let ids = registry::principals(&things.database.lock(), &name)?;
        let arns: Vec<String> = ids.iter().map(|id| arn(&format!("cert/{id}"))).collect();
        Ok(json!({ "principals": arns }))
    }))
}

fn state_conflict(code: &'static str, message: &str) -> ApiError {
    ApiError::with(StatusCode::CONFLICT, code, message)
}

async fn describe_endpoint(State(things): State<Things>, Query(query): Pairs) -> Response {
    let kind = query
        .get("endpointType")
        .map(String::as_str)
        .unwrap_or_default();
    answer(match (kind, things.provider.get()) {
        ("iot:CredentialProvider", Some(address)) => {
            Ok(json!({ "endpointAddress": address.to_string() }))
        }
        ("iot:CredentialProvider", None) => Err(ApiError::with(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "The credential provider has not started yet.",
        )),
        _ => Err(invalid(format!(
            "The endpoint type '{kind}' is not offered here."
        ))),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateRoleAlias {
    role_arn: String,
    credential_duration_seconds: Option<u32>,
}

async fn create_role_alias(
    State(things): State<Things>,
    Path(alias): Path<String>,
    body: Bytes,
) -> Response {
    answer(parse_json::<CreateRoleAlias>(&body).and_then(|request| {
        check_name(&alias)?;
        let duration_seconds = request.credential_duration_seconds.unwrap_or(3600);
        if !(900..=43_200).contains(&duration_seconds) {
            return Err(invalid(
                "credentialDurationSeconds must be between 900 and 43200.",
            ));
        }
        let connection = things.database.lock();
        if registry::role_alias(&connection, &alias)?.is_some() {
            return Err(state_conflict(
                "ResourceAlreadyExistsException",
                "The role alias already exists.",
            ));
        }
        let role_arn = request.role_arn;
        registry::upsert_role_alias(
            &connection,
            &RoleAlias {
                alias: alias.clone(),
                role_arn,
                duration_seconds,
            },
        )?;
        Ok(json!({ "roleAlias": alias, "roleAliasArn": arn(&format!("rolealias/{alias}")) }))
    }))
}

async fn describe_role_alias(State(things): State<Things>, Path(alias): Path<String>) -> Response {
    let found = registry::role_alias(&things.database.lock(), &alias);
    answer(found.map_err(ApiError::from).and_then(|found| {
        let found = found.ok_or_else(|| not_found("Role alias", &alias))?;
        Ok(json!({ "roleAliasDescription": {
            "roleAlias": found.alias, "roleAliasArn": arn(&format!("rolealias/{alias}")),
            "roleArn": found.role_arn, "credentialDurationSeconds": found.duration_seconds, "owner": ACCOUNT_ID,
        } }))
    }))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let is_name = (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte));
    if is_name {
        return Ok(());
    }
    Err(invalid(format!(
        "'{name}' is not a name that this operation takes."
    )))
}
