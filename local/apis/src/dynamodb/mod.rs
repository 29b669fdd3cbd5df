//! DynamoDB in this process: each operation goes straight to the embedded database, without another hop.

mod dispatch;
mod engine;
mod tokens;

use std::path::Path;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use dynoxide::{Database, DynoxideError};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use engine::Engine;

use crate::clock::ServiceClock;
use crate::tally::Tally;
use crate::wire::{ApiError, Protocol, target_operation, unknown_operation};

/// An operation that the database refused or could not do.
#[derive(Debug, thiserror::Error)]
pub enum DynamodbError {
    #[error("DynamoDB refused: {0}")]
    Refused(#[from] DynoxideError),
    #[error("DynamoDB's answer or request is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the DynamoDB work was cut off")]
    CutOff,
    #[error("the DynamoDB thread cannot start: {0}")]
    Thread(#[from] std::io::Error),
}

/// The embedded DynamoDB. Clones share one database.
#[derive(Clone)]
pub struct Dynamodb {
    engine: Engine,
    clock: ServiceClock,
    tally: Tally,
}

impl Dynamodb {
    pub(crate) fn open(
        path: &Path,
        clock: ServiceClock,
        tally: Tally,
    ) -> Result<Self, DynamodbError> {
        let database = Database::new(&path.to_string_lossy())?;
        Ok(Self {
            engine: Engine::start(database)?,
            clock,
            tally,
        })
    }

    /// Creates the table when it is not there; `definition` is a CreateTable request, `ttl_attribute` switches expiry on.
    pub async fn ensure_table(
        &self,
        definition: &Value,
        ttl_attribute: Option<&str>,
    ) -> Result<(), DynamodbError> {
        match self.call("CreateTable", definition).await {
            Ok(_) | Err(DynamodbError::Refused(DynoxideError::ResourceInUseException(_))) => {}
            Err(error) => return Err(error),
        }
        let Some(attribute) = ttl_attribute else {
            return Ok(());
        };
        let table = &definition["TableName"];
        let current = self
            .call("DescribeTimeToLive", &json!({ "TableName": table }))
            .await?;
        if current["TimeToLiveDescription"]["AttributeName"] != attribute {
            let request = json!({
                "TableName": table,
                "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
            });
            self.call("UpdateTimeToLive", &request).await?;
        }
        Ok(())
    }

    /// Runs one operation, named as in `X-Amz-Target`, on its JSON.
    pub async fn call(&self, operation: &str, request: &Value) -> Result<Value, DynamodbError> {
        let answer = self.engine.run(operation, &request.to_string()).await?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Deletes what has expired by the service clock; answers how many items went.
    pub async fn sweep_ttl(&self) -> Result<usize, DynamodbError> {
        // The database's own sweep runs on real time, which would delete at once whatever a service clock set back has
        // just written, so the sweep is done here.
        let mut deleted = 0;
        let tables = self.call("ListTables", &json!({})).await?;
        for table in tables["TableNames"].as_array().into_iter().flatten() {
            let request = json!({ "TableName": table });
            let ttl = self.call("DescribeTimeToLive", &request).await?;
            let ttl = &ttl["TimeToLiveDescription"];
            if ttl["TimeToLiveStatus"] == "ENABLED"
                && let Some(attribute) = ttl["AttributeName"].as_str()
            {
                deleted += self.sweep_table(table, attribute).await?;
            }
        }
        Ok(deleted)
    }

    async fn sweep_table(&self, table: &Value, attribute: &str) -> Result<usize, DynamodbError> {
        let described = self
            .call("DescribeTable", &json!({ "TableName": table }))
            .await?;
        let keys: Vec<&str> = described["Table"]["KeySchema"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|key| key["AttributeName"].as_str())
            .collect();
        let now = json!({ ":now": { "N": self.clock.now().as_second().to_string() } });
        let names = json!({ "#ttl": attribute });
        let mut start = Value::Null;
        let mut deleted = 0;
        loop {
            let mut scan = json!({
                "TableName": table, "FilterExpression": "#ttl < :now",
                "ExpressionAttributeNames": names, "ExpressionAttributeValues": now,
            });
            if start.is_object() {
                scan["ExclusiveStartKey"] = start;
            }
            let mut page = self.call("Scan", &scan).await?;
            for item in page["Items"].as_array().into_iter().flatten() {
                let key: serde_json::Map<String, Value> = keys
                    .iter()
                    .map(|name| ((*name).to_owned(), item[*name].clone()))
                    .collect();
                // The item may have been renewed since the scan.
                let delete = json!({
                    "TableName": table, "Key": key, "ConditionExpression": "#ttl < :now",
                    "ExpressionAttributeNames": names, "ExpressionAttributeValues": now,
                });
                match self.call("DeleteItem", &delete).await {
                    Ok(_) => deleted += 1,
                    Err(DynamodbError::Refused(
                        DynoxideError::ConditionalCheckFailedException(..),
                    )) => {}
                    Err(error) => return Err(error),
                }
            }
            start = page["LastEvaluatedKey"].take();
            if !start.is_object() {
                return Ok(deleted);
            }
        }
    }

    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }
}

async fn serve(State(dynamodb): State<Dynamodb>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(operation) = target_operation(&headers) else {
        return unknown_operation().render(Protocol::AwsJson10);
    };
    let Ok(request) = String::from_utf8(body.to_vec()) else {
        return ApiError::bad("SerializationException", "The body is not UTF-8.")
            .render(Protocol::AwsJson10);
    };
    let request = dynamodb.tally.ask(request);
    match dynamodb.engine.run(operation, &request).await {
        Ok(answer) => {
            dynamodb.tally.count_units(operation, &answer);
            answer_json(StatusCode::OK, answer)
        }
        Err(DynamodbError::Refused(error)) => {
            let status =
                StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
            answer_json(status, error.to_json())
        }
        Err(error) => ApiError::internal(&error).render(Protocol::AwsJson10),
    }
}

fn answer_json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        http::HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}
