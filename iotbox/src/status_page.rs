//! The status page: what each camera does, for whoever stands before the box. It listens on this machine only.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::{error, info};

use crate::backoff::{Backoff, chance};
use crate::clock::{ServiceClock, in_words};
use crate::spool::{Spool, Waiting};
use crate::status::{CameraPhase, Figures, Phase, Status};
use crate::status_html::{Language, page};

const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// One camera as the page sees it.
pub struct View {
    pub name: String,
    pub source: String,
    /// Known once the camera is activated.
    pub stream: OnceLock<String>,
    /// Known once its folder can be used.
    pub spool: OnceLock<Arc<Spool>>,
    pub status: Arc<Status>,
}

impl View {
    /// What people call it.
    pub fn label(&self) -> &str {
        match (self.name.as_str(), self.stream.get()) {
            ("", Some(stream)) => stream,
            ("", None) => "camera",
            (name, _) => name,
        }
    }

    /// What waits in the spool.
    pub fn waiting(&self) -> Waiting {
        let spool = self.spool.get();
        spool.map(|spool| spool.waiting()).unwrap_or_default()
    }
}

/// Serves the page until the program ends. An address that somebody else uses costs the page alone, until it is free.
pub async fn serve(address: SocketAddr, views: Arc<Vec<View>>, clock: Arc<ServiceClock>) {
    let listener = listen(address).await;
    let shown = listener.local_addr().unwrap_or(address);
    info!("status page: http://{shown}/");
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            // Without a descriptor to accept with, asking again at once would only take the processor.
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let (views, clock) = (views.clone(), clock.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer(&request, &views, &clock);
            async move { Ok::<_, Infallible>(answer) }
        });
        tokio::spawn(async move {
            let served = http1::Builder::new().serve_connection(TokioIo::new(tcp), service);
            if let Err(error) = served.await {
                tracing::debug!(%error, "a visitor of the status page is gone");
            }
        });
    }
}

/// Binds the address as soon as it can be had.
async fn listen(address: SocketAddr) -> TcpListener {
    let mut backoff = Backoff::default();
    let mut told = String::new();
    loop {
        let reason = match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(reason) => reason.to_string(),
        };
        if told != reason {
            error!("the status page cannot listen at {address}, cameras go on: {reason}");
            told = reason;
        }
        tokio::time::sleep(backoff.failed(chance())).await;
    }
}

fn answer<B>(request: &Request<B>, views: &[View], clock: &ServiceClock) -> Response<Full<Bytes>> {
    if !is_local(request) {
        return plain(StatusCode::FORBIDDEN, "this page is for this machine only");
    }
    if request.method() != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET");
    }
    let seen: Vec<Seen> = views.iter().map(Seen::of).collect();
    let clock_off = clock.refused().map(in_words);
    match request.uri().path() {
        "/" => {
            let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
            let accepted = accepted.and_then(|accepted| accepted.to_str().ok());
            let language = Language::of(accepted.unwrap_or_default());
            let page = page(&seen, clock_off, language).into_string();
            with_type(StatusCode::OK, "text/html; charset=utf-8", page)
        }
        "/status.json" => {
            let figures = figures(&seen, clock_off).to_string();
            with_type(StatusCode::OK, "application/json", figures)
        }
        _ => plain(StatusCode::NOT_FOUND, "there is / and /status.json"),
    }
}

/// A page of somebody else whose name leads here must not read this one.
fn is_local<B>(request: &Request<B>) -> bool {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|sign| sign.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    with_type(status, "text/plain; charset=utf-8", text.to_owned())
}

fn with_type(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    let policy = http::HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// A camera at one moment.
pub struct Seen {
    pub name: String,
    pub source: String,
    pub stream: Option<String>,
    pub figures: Figures,
    pub waiting: Waiting,
}

impl Seen {
    fn of(view: &View) -> Self {
        Self {
            name: view.label().to_owned(),
            source: view.source.clone(),
            stream: view.stream.get().cloned(),
            figures: view.status.read(),
            waiting: view.waiting(),
        }
    }

    /// Seconds since the service answered last.
    pub fn last_answer_s(&self) -> Option<u64> {
        self.figures.last_ack.map(|at| at.elapsed().as_secs())
    }
}

fn figures(seen: &[Seen], clock_off: Option<String>) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "clock": match clock_off {
            None => "ok".to_owned(),
            Some(off) => format!("the clock of the service is {off} of this device's"),
        },
        "cameras": seen.iter().map(camera).collect::<Vec<Value>>(),
    })
}

fn camera(seen: &Seen) -> Value {
    let (figures, waiting) = (&seen.figures, &seen.waiting);
    let (camera, pictures) = match &figures.camera {
        CameraPhase::Connecting => ("connecting", ""),
        CameraPhase::Running(what) => ("running", what.as_str()),
        CameraPhase::Paused => ("paused", "the clock is wrong"),
        CameraPhase::Failed(reason) => ("failed", reason.as_str()),
    };
    json!({
        "name": seen.name,
        "source": seen.source,
        "stream": seen.stream,
        "camera": camera,
        "pictures": pictures,
        "warning": figures.warning(),
        "live": phase(&figures.phase),
        "backlog": phase(&figures.backlog),
        "sent": figures.sent,
        "persisted": figures.persisted,
        "sent_bytes": figures.sent_bytes,
        "waiting": waiting.fragments,
        "waiting_from_before": waiting.backlog,
        "waiting_bytes": waiting.bytes,
        "lost": waiting.lost,
        "not_kept": figures.not_kept,
        "reconnects": figures.reconnects,
        "last_ack_seconds": seen.last_answer_s(),
    })
}

fn phase(phase: &Phase) -> String {
    match phase {
        Phase::Connecting => "connecting".into(),
        Phase::Sending => "sending".into(),
        Phase::Idle => "nothing to send".into(),
        Phase::Waiting(reason) => format!("not sending: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::ClockPolicy;
    use crate::spool::{Line, Order, SpoolPlan};
    use http_body_util::BodyExt;

    async fn check(method: &str, path: &str, host: &str) -> (u16, String) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&SpoolPlan {
            folder: folder.path().to_owned(),
            limit_bytes: 1 << 20,
            sync_after: Duration::ZERO,
            order: Order::LiveFirst,
        });
        let view = View {
            name: "door".into(),
            source: "rtsp://10.0.0.2/a".into(),
            stream: OnceLock::new(),
            spool: OnceLock::from(Arc::new(spool.unwrap())),
            status: Arc::default(),
        };
        let reason = "it says <b>no</b>".to_owned();
        view.status.phase(Line::Live, Phase::Waiting(reason));
        view.status.keys_apart(Some(15));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .body(())
            .unwrap();
        let clock = ServiceClock::new(ClockPolicy::OwnClock);
        let response = answer(&request, &[view], &clock);
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_shows_every_camera_and_marks_up_nothing_that_others_said() {
        let (status, page) = check("GET", "/", "127.0.0.1:8090").await;
        assert_eq!(status, 200);
        assert!(page.contains("<h2>door</h2>"), "{page}");
        assert!(
            page.contains(
                "送信できません。映像はこの機器にためています: it says &lt;b&gt;no&lt;/b&gt;"
            ),
            "{page}"
        );
    }

    #[tokio::test]
    async fn the_figures_are_there_for_programs() {
        let (status, text) = check("GET", "/status.json", "localhost").await;
        let figures: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &figures["clock"]), (200, &json!("ok")));
        assert_eq!(figures["cameras"][0]["waiting"], 0);
    }

    #[tokio::test]
    async fn key_pictures_far_apart_are_warned_of_with_what_to_set() {
        let (_, page) = check("GET", "/", "localhost").await;
        let warning = "キーフレームの間隔が15秒あります。カメラの設定（Iフレーム間隔、GOP）で1～10秒にしてください。";
        assert!(page.contains(warning), "{page}");
        let (_, text) = check("GET", "/status.json", "localhost").await;
        assert!(text.contains("key pictures are 15 s apart: set the camera's key frame interval"));
    }

    #[tokio::test]
    async fn a_page_whose_address_is_taken_is_there_as_soon_as_it_is_free() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let listening = tokio::spawn(listen(address));
        tokio::task::yield_now().await;
        assert!(!listening.is_finished());
        drop(taken);
        let listener = tokio::time::timeout(Duration::from_secs(30), listening).await;
        assert_eq!(listener.unwrap().unwrap().local_addr().unwrap(), address);
    }

    #[tokio::test]
    async fn visitors_by_another_name_and_other_methods_are_refused() {
        assert_eq!(check("GET", "/", "attacker.example:8090").await.0, 403);
        assert_eq!(check("GET", "/", "").await.0, 403);
        assert_eq!(check("GET", "/", "[::1]:8090").await.0, 200);
        assert_eq!(check("POST", "/", "127.0.0.1").await.0, 405);
        assert_eq!(check("GET", "/other", "127.0.0.1").await.0, 404);
    }
}
