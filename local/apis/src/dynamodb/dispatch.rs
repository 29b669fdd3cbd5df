//! Which call of the embedded database each DynamoDB operation is, and how an unreadable request is refused.

use std::time::Instant;

use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};

use super::DynamodbError;
use super::tokens::{Found, Tokens};

macro_rules! dispatch_table {
    ($($name:literal => $method:ident),+ $(,)?) => {
        /// Runs the named operation on its JSON and answers its JSON.
        pub(super) fn run(
            database: &Database, tokens: &mut Tokens, operation: &str, request: &str, now: Instant,
        ) -> Result<String, DynamodbError> {
            match operation {
                "TransactWriteItems" => transact(database, tokens, request, now),
                $($name => {
                    let request = serde_json::from_str(request).map_err(|error| refusal(&error))?;
                    Ok(serde_json::to_string(&database.$method(request)?)?)
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

/// Runs a transaction once under its token. A token of a wrong length stays in the request, for the database to refuse.
fn transact(
    database: &Database,
    tokens: &mut Tokens,
    text: &str,
    now: Instant,
) -> Result<String, DynamodbError> {
    let mut request: TransactWriteItemsRequest =
        serde_json::from_str(text).map_err(|error| refusal(&error))?;
    let is_sound = |token: &mut String| (1..=36).contains(&token.len());
    let token = request.client_request_token.take_if(is_sound);
    match token.as_ref().map(|token| tokens.find(token, text, now)) {
        None | Some(Found::Nothing) => {}
        Some(Found::Answer(answer)) => return Ok(answer.to_owned()),
        Some(Found::Mismatch) => {
            let text = "The token was used for another request.".to_owned();
            return Err(DynoxideError::IdempotentParameterMismatchException(text).into());
        }
    }
    let answer = serde_json::to_string(&database.transact_write_items(request)?)?;
    if let Some(token) = token {
        tokens.keep(token, text, &answer, now);
    }
    Ok(answer)
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
