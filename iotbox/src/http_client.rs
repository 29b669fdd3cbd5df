//! The few HTTP calls of a device: one connection each, with limits on time and size.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::taken::{Noted, Taken, Wire};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// The socket takes no more than this beyond what was confirmed; a larger one would only hide a slow line or a dead one.
/// The kernel allows for twice of what it is asked, for what it keeps beside the bytes.
pub const SOCKET_BYTES: u64 = 256 << 10;
const USER_AGENT: &str = concat!("iotbox/", env!("CARGO_PKG_VERSION"));

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{0} is not an http:// or https:// address")]
    NotAnAddress(String),
    #[error(
        "{0} would be open to everyone on the way: give an https:// address (http:// is for this machine only)"
    )]
    InTheClear(String),
    #[error("cannot reach {host}: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("{host} does not answer")]
    NoAnswer { host: String },
    #[error("the connection to {host} broke: {reason}")]
    Broken { host: String, reason: String },
}

/// Where a service listens: scheme, host and port, and a path to put before the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    /// Host and port as the address names them; goes into the Host header.
    authority: String,
    host: String,
    port: u16,
    base_path: String,
}

impl Endpoint {
    /// Parses an address without user, query or fragment.
    pub fn parse(address: &str) -> Result<Self, HttpError> {
        Self::try_parse(address).ok_or_else(|| HttpError::NotAnAddress(address.to_owned()))
    }

    /// Parses an address to which secrets may be sent: with TLS, or of this machine.
    pub fn parse_private(address: &str) -> Result<Self, HttpError> {
        let endpoint = Self::parse(address)?;
        match endpoint.tls || endpoint.is_of_this_machine() {
            true => Ok(endpoint),
            false => Err(HttpError::InTheClear(address.to_owned())),
        }
    }

    fn is_of_this_machine(&self) -> bool {
        let named = self.host.eq_ignore_ascii_case("localhost");
        let address: Option<IpAddr> = self.host.parse().ok();
        address.map_or(named, |ip| ip.is_loopback())
    }

    fn try_parse(address: &str) -> Option<Self> {
        let uri: Uri = address.trim().parse().ok()?;
        let tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || uri.query().is_some() || authority.host().is_empty()
        {
            return None;
        }
        let host = authority.host();
        Some(Self {
            tls,
            authority: authority.to_string(),
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: match authority.port_u16() {
                Some(port) => port,
                None if authority.as_str().len() > host.len() => return None,
                None if tls => 443,
                None => 80,
            },
            base_path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    pub fn is_tls(&self) -> bool {
        self.tls
    }

    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The full address of an operation whose path begins with a slash.
    pub fn address_of(&self, path: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{}{path}", self.authority, self.base_path)
    }

    /// Begins a request; its Host header is set, its target is what HTTP/1.1 wants.
    pub fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_path))
            .header(header::HOST, &self.authority)
            .header(header::USER_AGENT, USER_AGENT)
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An open connection; it closes when this is dropped.
pub struct Connection<B> {
    sender: http1::SendRequest<B>,
    driver: JoinHandle<()>,
    host: String,
    /// What the line has taken.
    pub taken: Taken,
}

impl<B> Drop for Connection<B> {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl<B> Connection<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Connects, with TLS where the address says so.
    pub async fn open(endpoint: &Endpoint, tls: &Arc<ClientConfig>) -> Result<Self, HttpError> {
        let host = endpoint.authority.clone();
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, wire(endpoint, tls)).await;
        let wire = match connecting {
            Ok(Ok(wire)) => wire,
            Ok(Err(error)) => {
                let reason = error.to_string();
                return Err(HttpError::Unreachable { host, reason });
            }
            Err(_) => return Err(HttpError::NoAnswer { host }),
        };
        let taken = Taken::default();
        let wire = Noted::new(wire, taken.clone());
        let (sender, connection) = http1::handshake(TokioIo::new(wire))
            .await
            .map_err(|error| broken(&host, &error))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
        Ok(Self {
            sender,
            driver,
            host,
            taken,
        })
    }

    /// Sends a request and waits for the head of its answer; the bodies of both may go on after that.
    pub async fn send(&mut self, request: Request<B>) -> Result<Response<Incoming>, HttpError> {
        let answering = self.sender.send_request(request);
        match tokio::time::timeout(ANSWER_TIMEOUT, answering).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(broken(&self.host, &error)),
            Err(_) => Err(HttpError::NoAnswer {
                host: self.host.clone(),
            }),
        }
    }
}

async fn wire(endpoint: &Endpoint, tls: &Arc<ClientConfig>) -> std::io::Result<Box<dyn Wire>> {
    let tcp = connected(&endpoint.host, endpoint.port).await?;
    tcp.set_nodelay(true)?;
    if !endpoint.tls {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(endpoint.host.clone()).map_err(std::io::Error::other)?;
    let connector = TlsConnector::from(tls.clone());
    Ok(Box::new(connector.connect(name, tcp).await?))
}

/// Connects to the first address of the host that answers.
async fn connected(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("it has no address");
    for address in tokio::net::lookup_host((host, port)).await? {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_send_buffer_size((SOCKET_BYTES / 2) as u32)?;
        match socket.connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn broken(host: &str, error: &dyn std::error::Error) -> HttpError {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        reason = format!("{reason}: {deeper}");
        cause = deeper.source();
    }
    HttpError::Broken {
        host: host.to_owned(),
        reason,
    }
}

/// Makes one call and reads its whole answer.
pub async fn call(
    endpoint: &Endpoint,
    tls: &Arc<ClientConfig>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, HttpError> {
    let mut connection = Connection::open(endpoint, tls).await?;
    let response = connection.send(request).await?;
    read_answer(&endpoint.authority, response).await
}

/// Reads the rest of an answer.
pub async fn read_answer(host: &str, response: Response<Incoming>) -> Result<Answer, HttpError> {
    let (head, body) = response.into_parts();
    let reading = Limited::new(body, MAX_ANSWER_BYTES).collect();
    match tokio::time::timeout(ANSWER_TIMEOUT, reading).await {
        Ok(Ok(body)) => Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        }),
        Ok(Err(error)) => Err(broken(host, error.as_ref())),
        Err(_) => Err(HttpError::NoAnswer {
            host: host.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(address: &str) -> Option<(bool, String, u16, String)> {
        let endpoint = Endpoint::parse(address).ok()?;
        Some((
            endpoint.tls,
            endpoint.host,
            endpoint.port,
            endpoint.base_path,
        ))
    }

    #[test]
    fn addresses_are_taken_apart() {
        let plain = (false, "127.0.0.1".into(), 4566, String::new());
        assert_eq!(check("http://127.0.0.1:4566"), Some(plain.clone()));
        assert_eq!(check("http://127.0.0.1:4566/"), Some(plain));
        let tls = (true, "a.example".into(), 443, "/v1".into());
        assert_eq!(check("https://a.example/v1/"), Some(tls));
        let v6 = (false, "::1".into(), 80, String::new());
        assert_eq!(check("http://[::1]"), Some(v6));
    }

    #[test]
    fn what_is_not_a_web_address_is_refused() {
        for address in [
            "",
            "127.0.0.1:8080",
            "ftp://a.example",
            "http://",
            "http://user@a.example",
            "http://a.example/?q=1",
            "http://a.example:99999",
            "http://a b",
        ] {
            assert_eq!(check(address), None, "{address}");
        }
    }

    #[test]
    fn secrets_go_over_tls_or_to_this_machine() {
        let check = |address| Endpoint::parse_private(address).map_err(|error| error.to_string());
        for address in [
            "https://a.example",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:8080",
            "http://localhost:8080",
        ] {
            assert!(check(address).is_ok(), "{address}");
        }
        for address in [
            "http://a.example",
            "http://192.168.1.2",
            "http://localhost.a.example",
            "http://[::2]",
            "http://0.0.0.0",
        ] {
            let said = check(address).unwrap_err();
            assert!(said.contains("give an https:// address"), "{said}");
        }
    }

    #[test]
    fn the_address_of_an_operation_keeps_the_base_path() {
        let endpoint = Endpoint::parse("https://a.example:8443/base").unwrap();
        let address = endpoint.address_of("/putMedia");
        assert_eq!(address, "https://a.example:8443/base/putMedia");
    }

    #[tokio::test]
    async fn a_port_where_nobody_listens_is_unreachable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        let tls = crate::tls::Tls::new(None).unwrap().client();
        let request = endpoint.request("GET", "/").body(Full::default()).unwrap();
        let outcome = call(&endpoint, &tls, request).await;
        assert!(matches!(outcome, Err(HttpError::Unreachable { .. })));
    }
}
