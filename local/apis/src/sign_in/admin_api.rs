//! The administration part of the Cognito user pool API (`cognito-idp`, JSON 1.1).

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::{self, Access, Status, User};
use super::{Pool, SignIn, passwords, tickets};
use crate::credentials::random_hex;
use crate::wire::{
    ApiError, Protocol, json_answer, parse_json, target_operation, unknown_operation,
};

mod list;
mod shape;

use shape::{check_username, merge, show};

pub(super) fn router(sign_in: SignIn) -> Router {
    Router::new()
        .route("/{pool}/.well-known/jwks.json", get(key_set))
        .fallback(serve)
        .with_state(sign_in)
}

async fn key_set(State(sign_in): State<SignIn>, Path(pool): Path<String>) -> Response {
    match sign_in.pool(&pool) {
        Some(_) => json_answer(StatusCode::OK, "application/json", &sign_in.key.key_set()),
        None => no_such_pool(&pool).render(Protocol::RestJson),
    }
}

async fn serve(State(sign_in): State<SignIn>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = target_operation(&headers).unwrap_or_default().to_owned();
    // Hashing a password takes tens of milliseconds, which must not hold up the runtime's workers.
    let answered = tokio::task::spawn_blocking(move || answer(&sign_in, &operation, &body)).await;
    match answered {
        Ok(Ok(answer)) => json_answer(StatusCode::OK, "application/x-amz-json-1.1", &answer),
        Ok(Err(error)) => error.render(Protocol::AwsJson11),
        Err(error) => ApiError::internal(&error).render(Protocol::AwsJson11),
    }
}

fn answer(sign_in: &SignIn, operation: &str, body: &[u8]) -> Result<Value, ApiError> {
    if !operation.starts_with("Admin") && operation != "ListUsers" {
        return Err(unknown_operation());
    }
    let pool_id = parse_json::<PoolOnly>(body)?.user_pool_id;
    let pool = sign_in
        .pool(&pool_id)
        .ok_or_else(|| no_such_pool(&pool_id))?;
    let desk = Desk {
        sign_in,
        pool: &pool,
    };
    match operation {
        "AdminCreateUser" => desk.create(parse_json(body)?),
        "AdminSetUserPassword" => desk.set_password(&parse_json(body)?),
        "AdminGetUser" => desk.get(&parse_json(body)?),
        "AdminDisableUser" => desk.set_access(&parse_json(body)?, Access::Disabled),
        "AdminEnableUser" => desk.set_access(&parse_json(body)?, Access::Enabled),
        "AdminDeleteUser" => desk.delete(&parse_json(body)?),
        "AdminAddUserToGroup" => desk.add_to_group(&parse_json(body)?),
        "AdminRemoveUserFromGroup" => desk.remove_from_group(&parse_json(body)?),
        "AdminListGroupsForUser" => desk.groups(&parse_json(body)?),
        "AdminUserGlobalSignOut" => desk.sign_out(&parse_json(body)?),
        "AdminUpdateUserAttributes" => desk.update_attributes(parse_json(body)?),
        "ListUsers" => list::users(sign_in, &pool_id, &parse_json(body)?),
        _ => Err(unknown_operation()),
    }
}

fn no_such_pool(id: &str) -> ApiError {
    ApiError::bad(
        "ResourceNotFoundException",
        format!("User pool {id} does not exist."),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PoolOnly {
    user_pool_id: String,
}

#[derive(Clone, Debug, Deserialize, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    username: String,
    temporary_password: Option<String>,
    #[serde(default)]
    user_attributes: Vec<Attribute>,
    message_action: Option<String>,
    #[serde(default)]
    force_alias_creation: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SetPassword {
    username: String,
    password: String,
    #[serde(default)]
    permanent: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    username: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InGroup {
    username: String,
    group_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    username: String,
    user_attributes: Vec<Attribute>,
}

/// One pool, as its administrator works on it.
struct Desk<'a> {
    sign_in: &'a SignIn,
    pool: &'a Pool,
}

impl Desk<'_> {
    fn create(&self, request: Create) -> Result<Value, ApiError> {
        check_username(&request.username)?;
        if request.message_action.as_deref() == Some("RESEND") {
            // No mail of Cognito's own is sent here, so there is nothing to send again.
            return self
                .user(&request.username)
                .map(|user| json!({ "User": show(&user, "Attributes") }));
        }
        let password = request.temporary_password.unwrap_or_else(|| random_hex(12));
        self.check_policy(&password)?;
        let password_hash = passwords::hash(&password);
        let attributes = merge(BTreeMap::new(), request.user_attributes)?;
        let now_ms = self.sign_in.clock.now_ms();
        let user = User::fresh(
            &request.username,
            attributes,
            Status::ForceChangePassword,
            now_ms,
        );
        let connection = self.sign_in.database.lock();
        if store::find(&connection, self.id(), &user.username)?.is_some() {
            return Err(ApiError::bad(
                "UsernameExistsException",
                "User account already exists",
            ));
        }
        if let Some(email) = user.alias()
            && let Some(holder) = store::find(&connection, self.id(), email)?
        {
            if !request.force_alias_creation {
                return Err(alias_exists());
            }
            self.take_alias(&connection, holder, now_ms)?;
        }
        store::insert(&connection, self.id(), &user, &password_hash)?;
        Ok(json!({ "User": show(&user, "Attributes") }))
    }

    fn set_password(&self, request: &SetPassword) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        self.check_policy(&request.password)?;
        let password_hash = passwords::hash(&request.password);
        let status = if request.permanent {
            Status::Confirmed
        } else {
            Status::ForceChangePassword
        };
        let now_ms = self.sign_in.clock.now_ms();
        let connection = self.sign_in.database.lock();
        store::set_password(
            &connection,
            self.id(),
            &user.username,
            &password_hash,
            status,
            now_ms,
        )?;
        tickets::revoke(&connection, self.id(), &user.username)?;
        Ok(json!({}))
    }

    fn get(&self, request: &Named) -> Result<Value, ApiError> {
        Ok(show(&self.user(&request.username)?, "UserAttributes"))
    }

    fn set_access(&self, request: &Named, access: Access) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        let connection = self.sign_in.database.lock();
        let now_ms = self.sign_in.clock.now_ms();
        store::set_access(&connection, self.id(), &user.username, access, now_ms)?;
        if access == Access::Disabled {
            tickets::revoke(&connection, self.id(), &user.username)?;
        }
        Ok(json!({}))
    }

    fn delete(&self, request: &Named) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        let connection = self.sign_in.database.lock();
        tickets::revoke(&connection, self.id(), &user.username)?;
        store::delete(&connection, self.id(), &user.username)?;
        Ok(json!({}))
    }

    fn add_to_group(&self, request: &InGroup) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        self.check_group(&request.group_name)?;
        let connection = self.sign_in.database.lock();
        store::add_to_group(&connection, self.id(), &user.username, &request.group_name)?;
        Ok(json!({}))
    }

    fn remove_from_group(&self, request: &InGroup) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        self.check_group(&request.group_name)?;
        let connection = self.sign_in.database.lock();
        store::remove_from_group(&connection, self.id(), &user.username, &request.group_name)?;
        Ok(json!({}))
    }

    fn groups(&self, request: &Named) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        let groups = store::groups(&self.sign_in.database.lock(), self.id(), &user.username)?;
        let groups: Vec<Value> = groups
            .iter()
            .map(|group| json!({ "GroupName": group, "UserPoolId": self.id() }))
            .collect();
        Ok(json!({ "Groups": groups }))
    }

    /// There are no refresh tokens, so only what is still on its way is taken back.
    fn sign_out(&self, request: &Named) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        tickets::revoke(&self.sign_in.database.lock(), self.id(), &user.username)?;
        Ok(json!({}))
    }

    fn update_attributes(&self, request: Update) -> Result<Value, ApiError> {
        let user = self.user(&request.username)?;
        let attributes = merge(user.attributes, request.user_attributes)?;
        let connection = self.sign_in.database.lock();
        if let Some(email) = store::alias(&attributes)
            && let Some(other) = store::find(&connection, self.id(), email)?
            && other.username != user.username
        {
            return Err(alias_exists());
        }
        let now_ms = self.sign_in.clock.now_ms();
        store::set_attributes(&connection, self.id(), &user.username, &attributes, now_ms)?;
        Ok(json!({}))
    }

    /// The address goes over to another account; the former one is signed in to by name alone.
    fn take_alias(
        &self,
        connection: &Connection,
        holder: User,
        now_ms: i64,
    ) -> Result<(), ApiError> {
        let mut attributes = holder.attributes;
        attributes.insert("email_verified".to_owned(), "false".to_owned());
        store::set_attributes(connection, self.id(), &holder.username, &attributes, now_ms)?;
        Ok(())
    }

    fn id(&self) -> &str {
        &self.pool.spec.id
    }

    fn user(&self, name: &str) -> Result<User, ApiError> {
        store::find(&self.sign_in.database.lock(), self.id(), name)?
            .ok_or_else(|| ApiError::bad("UserNotFoundException", "User does not exist."))
    }

    fn check_policy(&self, password: &str) -> Result<(), ApiError> {
        passwords::check_policy(password, self.pool.spec.minimum_password_length)
            .map_err(|message| ApiError::bad("InvalidPasswordException", message))
    }

    fn check_group(&self, group: &str) -> Result<(), ApiError> {
        if self.pool.spec.groups.iter().any(|known| known == group) {
            return Ok(());
        }
        Err(ApiError::bad(
            "ResourceNotFoundException",
            "Group not found.",
        ))
    }
}

fn alias_exists() -> ApiError {
    let message = "An account with the email already exists.";
    ApiError::bad("AliasExistsException", message)
}
