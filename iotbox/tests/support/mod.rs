//! A small stand-in of Kinesis Video and of activation, which does with each PutMedia what a script says.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

pub mod authority;
pub mod line;
pub mod sending;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ciero_media::matroska::{Event, Limits, Reader};
use futures::StreamExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Longer than any step takes on a busy machine; reached only by a failing test.
const PATIENCE: Duration = Duration::from_secs(60);

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// What happens to one PutMedia; fragments count from one.
#[derive(Debug, Clone)]
pub enum Script {
    /// Every fragment is persisted.
    Persist,
    /// The connection breaks while the fragment after these arrives.
    CutAfter(usize),
    /// The fragment after these gets this error.
    ErrorAfter(usize, &'static str, u32),
    /// Every fragment of this timecode gets this error.
    Poison(u64, &'static str, u32),
    /// Nothing is ever acknowledged.
    Silent,
    /// The answer is this status instead of 200.
    Refuse(u16),
}

/// The clock that the dates of signatures are compared with; more than five minutes off are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// That of the `Date` headers, as AWS does.
    ServiceClock,
    /// The real one, wherever that of the `Date` headers was moved.
    RealClock,
    /// None: whatever the date, the signature is refused.
    Nobody,
}

/// What the service saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    DataEndpoint,
    /// The number of a new PutMedia, from one, and its authorization header.
    Opened(usize, String),
    Persisted(usize, u64),
    /// The request of a PutMedia ended as it should.
    Ended(usize),
    /// The idempotency key of an activation, and what it asked.
    Activation(String, String),
}

/// The status of an activation whose answer never arrives.
pub const LOST: u16 = 0;

/// The running stand-in.
pub struct FakeService {
    pub url: String,
    seen: mpsc::UnboundedReceiver<Seen>,
    shared: Arc<Shared>,
}

struct Shared {
    /// The last script serves all later connections too.
    scripts: Mutex<VecDeque<Script>>,
    opened: Mutex<usize>,
    ahead_s: AtomicI64,
    down: AtomicBool,
    seen: mpsc::UnboundedSender<Seen>,
    activation: Mutex<(u16, String)>,
    judge: Mutex<Option<Judge>>,
    data_url: Mutex<String>,
}

impl FakeService {
    pub async fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, seen) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            scripts: Mutex::new(scripts.into_iter().collect()),
            opened: Mutex::new(0),
            ahead_s: AtomicI64::new(0),
            down: AtomicBool::new(false),
            seen: sender,
            activation: Mutex::new((404, String::new())),
            judge: Mutex::new(None),
            data_url: Mutex::new(url.clone()),
        });
        tokio::spawn(accept(listener, shared.clone()));
        Self { url, seen, shared }
    }

    /// Moves the clock that the `Date` headers show.
    pub fn advance(&self, seconds: i64) {
        self.shared.ahead_s.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Lets nobody in any more, or again.
    pub fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    /// Refuses what is signed with a date that this clock finds off, from now on.
    pub fn judge_signatures(&self, judge: Judge) {
        *self.shared.judge.lock().unwrap() = Some(judge);
    }

    /// Lets pictures be sent to another address, from now on.
    pub fn take_pictures_at(&self, url: String) {
        *self.shared.data_url.lock().unwrap() = url;
    }

    pub fn answer_activation(&self, status: u16, body: String) {
        *self.shared.activation.lock().unwrap() = (status, body);
    }

    /// Waits for what the service sees next.
    pub async fn next(&mut self) -> Seen {
        within_patience(self.seen.recv()).await.unwrap()
    }

    /// Waits until something is seen that fits, and returns what it was turned into.
    pub async fn until<T>(&mut self, mut fits: impl FnMut(&Seen) -> Option<T>) -> T {
        within_patience(async {
            loop {
                if let Some(found) = fits(&self.seen.recv().await.unwrap()) {
                    return found;
                }
            }
        })
        .await
    }

    /// Waits for this many fragments to be persisted and returns their connections and timecodes.
    pub async fn persisted(&mut self, count: usize) -> Vec<(usize, u64)> {
        let mut all = Vec::new();
        let mut enough = |seen: &Seen| {
            if let Seen::Persisted(connection, timecode_ms) = seen {
                all.push((*connection, *timecode_ms));
            }
            (all.len() == count).then(|| all.clone())
        };
        self.until(&mut enough).await
    }
}

/// Waits for something that must happen.
pub async fn within_patience<T>(happening: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, happening).await;
    waited.expect("it did not happen")
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((tcp, _)) = listener.accept().await {
        if shared.down.load(Ordering::Relaxed) {
            continue;
        }
        let shared = shared.clone();
        let service = service_fn(move |request| answer(shared.clone(), request));
        let serving = hyper::server::conn::http1::Builder::new();
        tokio::spawn(serving.serve_connection(TokioIo::new(tcp), service));
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, std::io::Error> {
    let mut response = match request.uri().path() {
        "/getDataEndpoint" => {
            let _ = shared.seen.send(Seen::DataEndpoint);
            match is_signed_in_time(&shared, &request) {
                true => {
                    let url = shared.data_url.lock().unwrap().clone();
                    whole(200, format!("{{\"DataEndpoint\":\"{url}\"}}"))
                }
                false => signature_expired(),
            }
        }
        "/putMedia" if !is_signed_in_time(&shared, &request) => signature_expired(),
        "/putMedia" => put_media(&shared, request),
        "/devices/activation" => {
            let key = request.headers()["idempotency-key"].to_str().unwrap();
            let key = key.to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let asked = String::from_utf8(body.to_vec()).unwrap();
            let _ = shared.seen.send(Seen::Activation(key, asked));
            let (status, body) = shared.activation.lock().unwrap().clone();
            if status == LOST {
                return Err(std::io::Error::other("lost"));
            }
            whole(status, body)
        }
        _ => whole(404, String::new()),
    };
    let date = shared
        .now()
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    response.headers_mut().insert("date", date.parse().unwrap());
    Ok(response)
}

impl Shared {
    /// The time that the `Date` headers show.
    fn now(&self) -> jiff::Timestamp {
        let ahead_s = self.ahead_s.load(Ordering::Relaxed);
        jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead_s)
    }
}

fn is_signed_in_time(shared: &Shared, request: &Request<Incoming>) -> bool {
    let now = match *shared.judge.lock().unwrap() {
        None => return true,
        Some(Judge::Nobody) => return false,
        Some(Judge::ServiceClock) => shared.now(),
        Some(Judge::RealClock) => jiff::Timestamp::now(),
    };
    let signed = request.headers()["x-amz-date"].to_str().unwrap();
    let signed = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", signed).unwrap();
    let signed = signed.to_zoned(jiff::tz::TimeZone::UTC).unwrap();
    now.duration_since(signed.timestamp()).abs() <= jiff::SignedDuration::from_mins(5)
}

fn signature_expired() -> Response<Body> {
    let mut response = whole(403, r#"{"Message":"Signature expired"}"#.into());
    let name = "InvalidSignatureException".parse().unwrap();
    response.headers_mut().insert("x-amzn-errortype", name);
    response
}

fn whole(status: u16, body: String) -> Response<Body> {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn put_media(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let number = {
        let mut opened = shared.opened.lock().unwrap();
        *opened += 1;
        *opened
    };
    let authorization = request.headers()["authorization"].to_str().unwrap();
    let _ = shared
        .seen
        .send(Seen::Opened(number, authorization.to_owned()));
    let script = {
        let mut scripts = shared.scripts.lock().unwrap();
        match scripts.len() {
            1 => scripts[0].clone(),
            _ => scripts.pop_front().unwrap(),
        }
    };
    if let Script::Refuse(status) = script {
        return whole(status, r#"{"Message":"refused"}"#.into());
    }
    let (acks, outgoing) = mpsc::unbounded_channel();
    tokio::spawn(ingest(
        shared.clone(),
        number,
        script,
        request.into_body(),
        acks,
    ));
    let outgoing = futures::stream::unfold(outgoing, |mut outgoing| async move {
        outgoing.recv().await.map(|item| (item, outgoing))
    });
    Response::new(StreamBody::new(outgoing.map(|item| item.map(Frame::data))).boxed_unsync())
}

type Acks = mpsc::UnboundedSender<Result<Bytes, std::io::Error>>;

async fn ingest(
    shared: Arc<Shared>,
    number: usize,
    script: Script,
    mut body: Incoming,
    acks: Acks,
) {
    let mut reader = Reader::new(Limits::default());
    let (mut count, mut timecode) = (0, 0);
    while let Some(Ok(frame)) = body.frame().await {
        reader.push(frame.data_ref().unwrap());
        while let Some(item) = reader.next().unwrap() {
            match item.event {
                Event::ClusterStart { timecode_ms } => {
                    timecode = timecode_ms as u64;
                    if matches!(script, Script::CutAfter(after) if after == count) {
                        let _ = acks.send(Err(std::io::Error::other("cut")));
                        return;
                    }
                    if !matches!(script, Script::Silent) {
                        ack(&acks, "BUFFERING", timecode, "");
                    }
                }
                Event::ClusterEnd => {
                    count += 1;
                    if let Some((code, id)) = error_of(&script, count, timecode) {
                        let extra = format!(r#","ErrorCode":"{code}","ErrorId":{id}"#);
                        return ack(&acks, "ERROR", timecode, &extra);
                    }
                    if !matches!(script, Script::Silent) {
                        ack(&acks, "RECEIVED", timecode, "");
                        ack(&acks, "PERSISTED", timecode, "");
                        let _ = shared.seen.send(Seen::Persisted(number, timecode));
                    }
                }
                _ => {}
            }
        }
    }
    let _ = shared.seen.send(Seen::Ended(number));
}

fn error_of(script: &Script, count: usize, timecode: u64) -> Option<(&'static str, u32)> {
    match script {
        Script::ErrorAfter(after, code, id) if *after < count => Some((code, *id)),
        Script::Poison(poisoned, code, id) if *poisoned == timecode => Some((code, *id)),
        _ => None,
    }
}

fn ack(acks: &Acks, kind: &str, timecode: u64, extra: &str) {
    let line = format!(
        "{{\"EventType\":\"{kind}\",\"FragmentTimecode\":{timecode},\"FragmentNumber\":\"1\"{extra}}}\r\n"
    );
    let _ = acks.send(Ok(Bytes::from(line)));
}
