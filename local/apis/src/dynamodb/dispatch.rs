//! Which call of the embedded database each DynamoDB operation is, and how an unreadable request is refused.
//!
//! JSON is read before and written after the work on the database's thread, which everyone waits for.

use std::time::Instant;

use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};

use super::DynamodbError;
use super::tokens::{Digest, Found, Tokens};

/// What one call does on the database's thread.
pub(super) type Work =
    Box<dyn FnOnce(&Database, &mut Tokens) -> Result<Answer, DynamodbError> + Send>;
/// An answer, which writes itself as JSON.
pub(super) type Answer = Box<dyn FnOnce() -> Result<String, serde_json::Error> + Send>;

macro_rules! dispatch_table {
    ($($name:literal => $method:ident),+ $(,)?) => {
        /// Reads a request of the named operation.
        pub(super) fn read(operation: &str, request: &str) -> Result<Work, DynamodbError> {
            match operation {
                "TransactWriteItems" => transact(request),
                $($name => {
                    let request = serde_json::from_str(request).map_err(|error| refusal(&error))?;
                    Ok(Box::new(move |database, _| {
                        let answer = database.$method(request)?;
                        Ok(Box::new(move || serde_json::to_string(&answer)))
                    }))
                })+
                other => Err(DynoxideError::ValidationException(
                    format!("The operation '{other}' is not offered here."),
                ).into()),
            }
        }
    };
}

dispatch_table! {
    "BatchGetItem" => batch_get_item,
    "BatchWriteItem" => batch_write_item,
    "CreateTable" => create_table,
    "DeleteItem" => delete_item,
    "DeleteTable" => delete_table,
    "DescribeTable" => describe_table,
    "DescribeTimeToLive" => describe_time_to_live,
    "ExecuteStatement" => execute_statement,
    "GetItem" => get_item,
    "ListTables" => list_tables,
    "ListTagsOfResource" => list_tags_of_resource,
    "PutItem" => put_item,
    "Query" => query,
    "Scan" => scan,
    "TagResource" => tag_resource,
    "TransactGetItems" => transact_get_items,
    "UntagResource" => untag_resource,
    "UpdateItem" => update_item,
    "UpdateTable" => update_table,
    "UpdateTimeToLive" => update_time_to_live,
}

/// Reads a transaction, which is done once under its token. A token of a wrong length stays in the request, for the database to
/// refuse.
fn transact(text: &str) -> Result<Work, DynamodbError> {
    let mut request: TransactWriteItemsRequest =
        serde_json::from_str(text).map_err(|error| refusal(&error))?;
    let is_sound = |token: &mut String| (1..=36).contains(&token.len());
    let token = request.client_request_token.take_if(is_sound);
    let digest = Digest::of(text);
    Ok(Box::new(move |database, tokens| {
        let now = Instant::now();
        match token.as_ref().map(|token| tokens.find(token, digest, now)) {
            None | Some(Found::Nothing) => {}
            Some(Found::Answer(answer)) => return Ok(written(answer.to_owned())),
            Some(Found::Mismatch) => {
                let text = "The token was used for another request.".to_owned();
                return Err(DynoxideError::IdempotentParameterMismatchException(text).into());
            }
        }
        let answer = serde_json::to_string(&database.transact_write_items(request)?)?;
        if let Some(token) = token {
            tokens.keep(token, digest, &answer, now);
        }
        Ok(written(answer))
    }))
}

fn written(answer: String) -> Answer {
    Box::new(move || Ok(answer))
}

/// The database's readers put the class of their refusal in front of its text; DynamoDB's own answers show neither the class nor
/// the position in the JSON.
fn refusal(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let text = text
        .rfind(" at line ")
        .map_or(text.as_str(), |end| &text[..end]);
    let is_class = |class: &str| {
        !class.is_empty()
            && class
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    match text.split_once(':').filter(|(class, _)| is_class(class)) {
        Some((class, rest)) if class.starts_with("VALIDATION") => {
            DynoxideError::ValidationException(rest.to_owned())
        }
        Some((class, rest)) if class.starts_with("SERIALIZATION") => {
            DynoxideError::SerializationException(rest.to_owned())
        }
        _ if is_incomplete(text) => DynoxideError::ValidationException(text.to_owned()),
        _ => DynoxideError::SerializationException(text.to_owned()),
    }
}

/// A missing member, a null or an unknown choice fails validation; only a wrong JSON type fails serialization.
fn is_incomplete(text: &str) -> bool {
    [
        "missing field",
        "unknown variant",
        "invalid type: null",
        "AttributeValue",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}
