//! ListUsers, with its filter and its pages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::show;
use crate::sign_in::SignIn;
use crate::sign_in::store::{self, User};
use crate::wire::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    limit: Option<usize>,
    pagination_token: Option<String>,
    filter: Option<String>,
}

pub(super) fn users(sign_in: &SignIn, pool: &str, request: &List) -> Result<Value, ApiError> {
    let limit = request.limit.unwrap_or(60);
    if limit > 60 {
        return Err(ApiError::bad(
            "InvalidParameterException",
            "Limit must be 60 or less.",
        ));
    }
    let filter = request
        .filter
        .as_deref()
        .filter(|text| !text.trim().is_empty())
        .map(Filter::parse)
        .transpose()?;
    let after = request.pagination_token.as_deref().unwrap_or_default();
    let users = store::list(&sign_in.database.lock(), pool, after)?;
    let mut fitting = users
        .into_iter()
        .filter(|user| filter.as_ref().is_none_or(|filter| filter.fits(user)));
    let page: Vec<User> = fitting.by_ref().take(limit).collect();
    let shown: Vec<Value> = page.iter().map(|user| show(user, "Attributes")).collect();
    let mut answer = json!({ "Users": shown });
    if fitting.next().is_some()
        && let Some(last) = page.last()
    {
        answer["PaginationToken"] = last.username.clone().into();
    }
    Ok(answer)
}

/// `name = "value"` for equality, `name ^= "value"` for a prefix.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    attribute: String,
    value: String,
    comparison: Comparison,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equals,
    StartsWith,
}

impl Filter {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let invalid = || {
            ApiError::bad(
                "InvalidParameterException",
                format!("Error while parsing filter: {text}"),
            )
        };
        let (left, right) = text.split_once('=').ok_or_else(invalid)?;
        let (attribute, comparison) = match left.trim().strip_suffix('^') {
            Some(attribute) => (attribute.trim(), Comparison::StartsWith),
            None => (left.trim(), Comparison::Equals),
        };
        let value = right
            .trim()
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .ok_or_else(invalid)?;
        if attribute.is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            attribute: attribute.trim_matches('"').to_owned(),
            value: value.replace("\\\"", "\""),
            comparison,
        })
    }

    fn fits(&self, user: &User) -> bool {
        let actual = match self.attribute.as_str() {
            "username" => Some(user.username.as_str()),
            "sub" => Some(user.subject.as_str()),
            "cognito:user_status" => Some(user.status.name()),
            other => user.attributes.get(other).map(String::as_str),
        };
        actual.is_some_and(|actual| match self.comparison {
            Comparison::Equals => actual == self.value,
            Comparison::StartsWith => actual.starts_with(&self.value),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_in_both_forms() {
        let filter = Filter::parse("email = \"a@example.com\"").unwrap();
        assert_eq!(
            (filter.attribute.as_str(), filter.comparison),
            ("email", Comparison::Equals)
        );
        let filter = Filter::parse("username ^= \"u-\"").unwrap();
        assert_eq!(
            (filter.value.as_str(), filter.comparison),
            ("u-", Comparison::StartsWith)
        );
    }

    #[test]
    fn a_filter_that_is_not_one_is_refused() {
        for text in ["email", "email = a", "= \"a\""] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
