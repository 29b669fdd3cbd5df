//! The status page: what each camera does, for whoever stands before the box. It listens on this machine only.

use std::convert::Infallible;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::clock::{ServiceClock, in_words};
use crate::spool::Spool;
use crate::status::{CameraPhase, Phase, Status};

/// One camera as the page sees it.
pub struct View {
    pub name: String,
    pub source: String,
    /// Known once the camera is activated.
    pub stream: OnceLock<String>,
    pub spool: Arc<Spool>,
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
}

/// Serves the page until the program ends.
pub async fn serve(listener: TcpListener, views: Arc<Vec<View>>, clock: Arc<ServiceClock>) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
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

/// Binds the address.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| format!("the status page cannot listen at {address}: {error}"))
}

fn answer<B>(request: &Request<B>, views: &[View], clock: &ServiceClock) -> Response<Full<Bytes>> {
    if !is_local(request) {
        return plain(StatusCode::FORBIDDEN, "this page is for this machine only");
    }
    if request.method() != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET");
    }
    let figures = figures(views, clock);
    match request.uri().path() {
        "/" => with_type(StatusCode::OK, "text/html; charset=utf-8", page(&figures)),
        "/status.json" => with_type(StatusCode::OK, "application/json", figures.to_string()),
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

fn figures(views: &[View], clock: &ServiceClock) -> Value {
    let cameras: Vec<Value> = views.iter().map(camera).collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "clock": match clock.refused() {
            None => "ok".to_owned(),
            Some(by_ms) => format!("the clock of the service is {} of this device's", in_words(by_ms)),
        },
        "cameras": cameras,
    })
}

fn camera(view: &View) -> Value {
    let figures = view.status.read();
    let waiting = view.spool.waiting();
    let (camera, pictures) = match &figures.camera {
        CameraPhase::Connecting => ("connecting", String::new()),
        CameraPhase::Running(what) => ("running", what.clone()),
        CameraPhase::Paused => ("paused", "the clock is wrong".to_owned()),
        CameraPhase::Failed(reason) => ("failed", reason.clone()),
    };
    json!({
        "name": view.label(),
        "source": view.source,
        "stream": view.stream.get(),
        "camera": camera,
        "pictures": pictures,
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
        "last_ack_seconds": figures.last_ack.map(|at| at.elapsed().as_secs()),
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

/// Each column's name in both languages, and the field that it shows.
const COLUMNS: [(&str, &str, &str); 10] = [
    ("カメラ", "Camera", "name"),
    ("映像", "Pictures", "camera"),
    ("内容", "What", "pictures"),
    ("ライブ送信", "Live", "live"),
    ("遅延分の送信", "Backlog", "backlog"),
    ("保存済み", "Stored", "persisted"),
    ("未送信", "Waiting", "waiting"),
    ("未送信 (バイト)", "Waiting bytes", "waiting_bytes"),
    ("失われた", "Lost", "lost"),
    (
        "最後の応答 (秒前)",
        "Last answer (s ago)",
        "last_ack_seconds",
    ),
];

fn page(figures: &Value) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>iotbox</title><style>\
         :root{color-scheme:light dark;font-family:system-ui,sans-serif}table{border-collapse:collapse}\
         th,td{border:1px solid;padding:.3em .6em;text-align:left;vertical-align:top}main{overflow-x:auto}</style>\
         <main><h1>iotbox</h1>",
    );
    let clock = shown(&figures["clock"]);
    let _ = write!(
        html,
        "<p>時計 <span lang=\"en\">Clock</span>: {clock}</p><table><tr>"
    );
    for (ja, en, _) in COLUMNS {
        let _ = write!(
            html,
            "<th scope=\"col\">{ja}<br><span lang=\"en\">{en}</span></th>"
        );
    }
    html.push_str("</tr>");
    for camera in figures["cameras"].as_array().into_iter().flatten() {
        html.push_str("<tr>");
        for (_, _, field) in COLUMNS {
            let _ = write!(html, "<td>{}</td>", shown(&camera[field]));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table></main></html>");
    html
}

/// A value as text that is safe in a page.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::ClockPolicy;
    use crate::spool::{Line, Order, SpoolPlan};
    use http_body_util::BodyExt;
    use std::time::Duration;

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
            spool: Arc::new(spool.unwrap()),
            status: Arc::default(),
        };
        let reason = "it says <b>no</b>".to_owned();
        view.status.phase(Line::Live, Phase::Waiting(reason));
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
        assert!(page.contains("<td>door</td>"), "{page}");
        assert!(
            page.contains("not sending: it says &lt;b&gt;no&lt;/b&gt;"),
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
    async fn visitors_by_another_name_and_other_methods_are_refused() {
        assert_eq!(check("GET", "/", "attacker.example:8090").await.0, 403);
        assert_eq!(check("GET", "/", "").await.0, 403);
        assert_eq!(check("GET", "/", "[::1]:8090").await.0, 200);
        assert_eq!(check("POST", "/", "127.0.0.1").await.0, 405);
        assert_eq!(check("GET", "/other", "127.0.0.1").await.0, 404);
    }
}
