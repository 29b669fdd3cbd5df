//! An endpoint that answers by a script and keeps what it was asked.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use serde_json::{Value, json};

/// One request: the operation's name, or method and path, what stands behind the path, and its JSON; another body is a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    pub what: String,
    pub query: String,
    pub body: Value,
}

/// What the script answers: a status and JSON; a text goes out as it is, for services that speak XML.
pub type Answer = (u16, Value);

pub fn ok(body: Value) -> Answer {
    (200, body)
}

/// A refusal by its name.
pub fn refusal(name: &str) -> Answer {
    let body = json!({ "__type": name, "message": "no", "Message": "no" });
    (400, body)
}

#[derive(Clone)]
pub struct Fake {
    pub config: SdkConfig,
    pub endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Fake {
    pub async fn start(script: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let all_headers: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
        let (log, header_log) = (asked.clone(), all_headers.clone());
        let app = Router::new().fallback(
            move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
                let one = read(&method, &uri, &headers, &body);
                let (status, answer) = script(&one);
                log.lock().unwrap().push(one);
                header_log.lock().unwrap().push(headers);
                let name = answer["__type"].as_str().unwrap_or_default().to_owned();
                let text = answer.as_str().map(str::to_owned);
                (
                    StatusCode::from_u16(status).unwrap(),
                    [(HeaderName::from_static("x-amzn-errortype"), name)],
                    text.unwrap_or_else(|| answer.to_string()),
                )
            },
        );
        tokio::spawn(async move { axum::serve(listener, app).await });
        Fake {
            config: config(&endpoint),
            endpoint,
            asked,
            headers: all_headers,
        }
    }

    /// A header of each request, empty where it had none.
    pub fn header(&self, name: &str) -> Vec<String> {
        let all = self.headers.lock().unwrap();
        let value = |one: &HeaderMap| one.get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
        all.iter().map(value).collect()
    }

    /// Everything asked so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The names of everything asked so far, in order.
    pub fn names(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.what).collect()
    }
}

fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Asked {
    let target = headers.get("x-amz-target").map(|t| t.to_str().unwrap());
    let what = match target.and_then(|target| target.split_once('.')) {
        Some((_, operation)) => operation.to_owned(),
        None => format!("{method} {}", uri.path()),
    };
    Asked {
        what,
        query: uri.query().unwrap_or_default().to_owned(),
        body: match std::str::from_utf8(body) {
            Ok("") | Err(_) => Value::Null,
            Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        },
    }
}

fn config(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// A configuration whose endpoint nobody listens at.
pub async fn silence() -> SdkConfig {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    config(&format!("http://{}", listener.local_addr().unwrap()))
}
