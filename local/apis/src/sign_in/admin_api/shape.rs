//! How users are named, changed and shown by the administration API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Attribute;
use crate::sign_in::store::{Access, User};
use crate::wire::ApiError;

pub(super) fn check_username(name: &str) -> Result<(), ApiError> {
    if name.is_empty()
        || name.len() > 128
        || name.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(ApiError::bad(
            "InvalidParameterException",
            "Username is not valid.",
        ));
    }
    if name.contains('@') {
        return Err(ApiError::bad(
            "InvalidParameterException",
            "Username cannot be of email format, since user pool is configured for email alias.",
        ));
    }
    Ok(())
}

/// Puts the changes over the attributes; an empty value removes its attribute.
pub(super) fn merge(
    mut attributes: BTreeMap<String, String>,
    changes: Vec<Attribute>,
) -> Result<BTreeMap<String, String>, ApiError> {
    for change in changes {
        match change.name.as_str() {
            "sub" => {
                return Err(ApiError::bad(
                    "InvalidParameterException",
                    "Cannot modify the non-mutable attribute sub.",
                ));
            }
            name if change.value.is_empty() => {
                attributes.remove(name);
            }
            "email" if !change.value.contains('@') => {
                return Err(ApiError::bad(
                    "InvalidParameterException",
                    "Invalid email address format.",
                ));
            }
            // Sign-in by address does not mind capitals, so addresses are kept without them.
            "email" => {
                attributes.insert(change.name, change.value.to_lowercase());
            }
            _ => {
                attributes.insert(change.name, change.value);
            }
        }
    }
    Ok(attributes)
}

/// The user as the API words it; the name of the attribute list differs between calls.
pub(super) fn show(user: &User, attributes_name: &str) -> Value {
    let mut attributes = vec![json!({ "Name": "sub", "Value": user.subject })];
    for (name, value) in &user.attributes {
        attributes.push(json!({ "Name": name, "Value": value }));
    }
    let seconds = |ms: i64| json!(ms as f64 / 1000.0);
    let mut shown = json!({
        "Username": user.username,
        "UserCreateDate": seconds(user.created_ms),
        "UserLastModifiedDate": seconds(user.changed_ms),
        "Enabled": user.access == Access::Enabled,
        "UserStatus": user.status.name(),
    });
    shown[attributes_name] = attributes.into();
    shown
}
