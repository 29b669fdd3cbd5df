//! A small client of the portal's routes, for the demo.

use anyhow::{Context, Error, Result, anyhow};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Posts JSON as one caller.
pub struct PortalClient {
    portal_url: String,
    bearer: Option<String>,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl PortalClient {
    /// A caller with an ID token, or a guest.
    pub fn new(portal_url: &str, bearer: Option<String>) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        PortalClient {
            portal_url: portal_url.to_owned(),
            bearer,
            http,
        }
    }

    /// Posts and returns the answer; a problem is an error with its code and sentence.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.send(path, body).await?;
        if status.is_success() {
            return Ok(answer);
        }
        Err(refused(path, status, &answer))
    }

    async fn send(&self, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let mut request = Request::post(format!("{}{path}", self.portal_url))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_LANGUAGE, "ja");
        if let Some(token) = &self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Full::from(body.to_string()))?;
        let response = self
            .http
            .request(request)
            .await
            .with_context(|| format!("{path} does not answer"))?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

fn refused(path: &str, status: StatusCode, answer: &Value) -> Error {
    let (code, detail) = (&answer["code"], &answer["detail"]);
    anyhow!("{path} answered {status} {code}: {detail}")
}
