//! What the tests share: a host whose workers are this test executable, run again as a process of its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use ciero_apis::clock::ServiceClock;
use ciero_apis::{Apis, ApisConfig};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::host::spawner::Spawner;
use crate::host::{Host, HostConfig, Keys, Outcome, Program};
use crate::template::model::Function;

/// The time at which the service clock of the tests stands, in milliseconds since 1970.
pub const NOW_MS: i64 = 1_775_001_600_000;

pub fn function(name: &str, timeout: Duration) -> Function {
    Function {
        name: name.to_owned(),
        description: String::new(),
        environment: BTreeMap::from([("MAIN_TABLE".to_owned(), "ciero-main".to_owned())]),
        memory_mb: 256,
        timeout,
        log_format: "JSON".to_owned(),
        log_level: "INFO".to_owned(),
        handler: "bootstrap".to_owned(),
        reserved_concurrency: None,
    }
}

/// A host whose service clock stands still.
pub fn host(functions: Vec<Function>, logs: &Path) -> Arc<Host> {
    host_on(functions, logs, Box::new(|| NOW_MS))
}

pub fn host_on(
    functions: Vec<Function>,
    logs: &Path,
    now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
) -> Arc<Host> {
    let config = HostConfig {
        program: Program {
            path: std::env::current_exe().unwrap(),
            arguments: |_| {
                let arguments = [
                    "testing::worker_process",
                    "--exact",
                    "--ignored",
                    "--nocapture",
                ];
                arguments.map(str::to_owned).to_vec()
            },
        },
        spawner: Spawner::start(Handle::current()).unwrap(),
        log_directory: logs.to_owned(),
        aws_url: "http://127.0.0.1:4566".to_owned(),
        now_ms,
        issue_keys: Box::new(|name| {
            Ok(Keys {
                access_key_id: format!("key-of-{name}"),
                secret: "secret".to_owned(),
                session_token: "token".to_owned(),
            })
        }),
    };
    Host::new(functions, config)
}

/// All APIs on an empty folder, with the service clock at the given moment.
pub fn apis(directory: &Path, start: &str) -> Apis {
    let clock = ServiceClock::open(directory, Some(start.parse().unwrap())).unwrap();
    Apis::open(&ApisConfig {
        data_dir: directory.to_owned(),
        clock,
        aws_url: "http://127.0.0.1:4566".to_owned(),
        portal_url: "http://127.0.0.1:8080".to_owned(),
    })
    .unwrap()
}

pub async fn invoke(host: &Host, name: &str, payload: Value) -> Result<Value, Value> {
    let outcome = host
        .invoke(name, Bytes::from(payload.to_string()))
        .await
        .unwrap();
    match outcome {
        Outcome::Answered(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Outcome::Failed(body) => Err(serde_json::from_slice(&body).unwrap()),
    }
}

/// Looks again and again until the condition holds, and fails after ten seconds.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("this did not come about: {what}");
}

/// The letter of the process's state in /proc, such as `T` for stopped; `None` when there is no such process.
pub fn process_state(id: u64) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
#[ignore = "this is the worker process that other tests start"]
fn worker_process() {
    let Ok(address) = std::env::var("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    let api = Api::connect(&address);
    match std::env::var("AWS_LAMBDA_FUNCTION_NAME").as_deref() {
        Ok("exits-early") => std::process::exit(7),
        Ok("fails-early") => {
            let told = json!({ "errorType": "Config", "errorMessage": "no table" });
            api.call(
                "POST",
                "/2018-06-01/runtime/init/error",
                told.to_string().as_bytes(),
            );
            std::process::exit(1);
        }
        _ => {}
    }
    let mut last_status = 0;
    loop {
        let (_, headers, payload) = api.call("GET", "/2018-06-01/runtime/invocation/next", b"");
        let id = &headers["lambda-runtime-aws-request-id"];
        let event: Value = serde_json::from_slice(&payload).unwrap();
        let post = |kind: &str, body: &[u8]| {
            let path = format!("/2018-06-01/runtime/invocation/{id}/{kind}");
            api.call("POST", &path, body).0
        };
        let told = json!({ "headers": headers, "last_status": last_status });
        last_status = work(&event, told, &post);
    }
}

fn work(event: &Value, told: Value, post: &dyn Fn(&str, &[u8]) -> u16) -> u16 {
    // The event of a mail carries its wish in the mail's subject.
    let subject = event["detail"]["mail"]["commonHeaders"]["subject"].as_str();
    let wished: Option<Value> = subject.map(|wish| serde_json::from_str(wish).unwrap());
    let event = wished.as_ref().unwrap_or(event);
    let wish = event["do"]
        .as_str()
        .or(event["rawPath"].as_str())
        .unwrap_or_default();
    if let Some(records) = event["Records"].as_array() {
        return post("response", report(records).to_string().as_bytes());
    }
    match wish.trim_start_matches('/') {
        "hang" => loop {
            std::thread::park();
        },
        "exit" => std::process::exit(3),
        "fail" => post("error", br#"{"errorType":"Refused","errorMessage":"no"}"#),
        "fail-unreadably" => post("error", b"no"),
        "answer-twice" => {
            post("response", b"1");
            post("response", b"2")
        }
        "answer-too-much" => post("response", &vec![b' '; 7 * 1024 * 1024]),
        "answer-nonsense" => post("response", br#"{"statusCode":"nonsense"}"#),
        "meet" => {
            std::fs::write(event["mine"].as_str().unwrap(), "").unwrap();
            while !Path::new(event["other"].as_str().unwrap()).exists() {
                std::thread::yield_now();
            }
            post("response", b"true")
        }
        "tell" => {
            let environment: BTreeMap<String, String> = std::env::vars().collect();
            let answer =
                json!({ "pid": std::process::id(), "environment": environment, "told": told });
            post("response", answer.to_string().as_bytes())
        }
        wish @ ("append" | "append-and-fail") => {
            let mut options = std::fs::OpenOptions::new();
            let path = event["file"].as_str().unwrap();
            let mut file = options.append(true).create(true).open(path).unwrap();
            let deadline = &told["headers"]["lambda-runtime-deadline-ms"];
            writeln!(file, "{}", deadline.as_str().unwrap()).unwrap();
            match wish {
                "append" => post("response", b"true"),
                _ => post("error", br#"{"errorType":"Refused","errorMessage":"no"}"#),
            }
        }
        _ => {
            let body = json!({ "event": event, "pid": std::process::id() }).to_string();
            let answer = json!({ "statusCode": 201, "cookies": ["a=1"], "body": body });
            post("response", answer.to_string().as_bytes())
        }
    }
}

/// Of a batch, the messages that say `bad` fail; one that says `exit` ends the process.
fn report(records: &[Value]) -> Value {
    if records.iter().any(|record| record["body"] == "exit") {
        std::process::exit(3);
    }
    let bad = records.iter().filter(|record| record["body"] == "bad");
    let failures = bad.map(|record| json!({ "itemIdentifier": record["messageId"] }));
    json!({ "batchItemFailures": failures.collect::<Vec<Value>>() })
}

/// A client of the Runtime API that needs no runtime of its own.
struct Api {
    stream: TcpStream,
    address: String,
}

impl Api {
    fn connect(address: &str) -> Self {
        Self {
            stream: TcpStream::connect(address).unwrap(),
            address: address.to_owned(),
        }
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> (u16, BTreeMap<String, String>, Vec<u8>) {
        let Self { address, .. } = self;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut stream = &self.stream;
        stream.write_all(head.as_bytes()).unwrap();
        // A host that refuses a long body may close its side before it has read all of it.
        let _ = stream.write_all(body);
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 {
                std::process::exit(0);
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let headers: BTreeMap<String, String> = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        (status, headers, body)
    }
}
