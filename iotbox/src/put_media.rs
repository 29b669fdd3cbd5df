//! One open PutMedia: fragments go out while acknowledgements come in.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use rustls::ClientConfig;
use tokio::sync::mpsc;

use crate::acks::{Ack, AckError, AckParser};
use crate::http_client::{Answer, Connection, Endpoint, HttpError, read_answer};
use crate::taken::Taken;

/// One fragment waits here while the one before is written; more would only hide a slow line.
const QUEUE: usize = 1;

/// Why acknowledgements end before their time.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    #[error(transparent)]
    Ack(#[from] AckError),
}

/// A request body that is written as it comes.
pub struct ChannelBody {
    start: Option<Bytes>,
    rest: mpsc::Receiver<Bytes>,
}

/// Makes a body that begins with `start`, and the sender of the rest.
pub fn channel(start: Bytes) -> (ChannelBody, mpsc::Sender<Bytes>) {
    let (sender, rest) = mpsc::channel(QUEUE);
    let start = Some(start);
    (ChannelBody { start, rest }, sender)
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(start) = self.start.take() {
            return Poll::Ready(Some(Ok(Frame::data(start))));
        }
        self.rest
            .poll_recv(context)
            .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// An open PutMedia: what goes out and what comes in.
pub struct PutMedia {
    pub fragments: Fragments,
    pub acks: Acks,
    /// What the line has taken of the request.
    pub taken: Taken,
    /// When the keys that opened it expire.
    pub keys_end: Option<SystemTime>,
}

/// The request of an open PutMedia.
pub struct Fragments {
    body: Option<mpsc::Sender<Bytes>>,
}

impl Fragments {
    /// Waits for room for one fragment; `None` when the service takes no more.
    pub async fn room(&self) -> Option<mpsc::Permit<'_, Bytes>> {
        self.body.as_ref()?.reserve().await.ok()
    }

    /// Ends the request; the service goes on to acknowledge what it has.
    pub fn end(&mut self) {
        self.body = None;
    }
}

/// The answer of an open PutMedia; dropping it closes the connection.
pub struct Acks {
    answer: Incoming,
    parser: AckParser,
    _connection: Connection<ChannelBody>,
}

impl Acks {
    /// Waits for acknowledgements; `None` at the end of the answer. Safe to cancel.
    pub async fn next(&mut self) -> Result<Option<Vec<Ack>>, AnswerError> {
        loop {
            let Some(frame) = self.answer.frame().await else {
                return Ok(None);
            };
            if let Some(bytes) = frame?.data_ref() {
                return Ok(Some(self.parser.push(bytes)?));
            }
        }
    }
}

impl PutMedia {
    /// Sends the request; a service that does not accept it gives its answer instead.
    pub async fn open(
        endpoint: &Endpoint,
        tls: &Arc<ClientConfig>,
        request: Request<ChannelBody>,
        body: mpsc::Sender<Bytes>,
    ) -> Result<Result<Self, Answer>, HttpError> {
        let mut connection = Connection::open(endpoint, tls).await?;
        let response = connection.send(request).await?;
        if response.status() != StatusCode::OK {
            return read_answer(endpoint.authority(), response).await.map(Err);
        }
        Ok(Ok(Self {
            taken: connection.taken.clone(),
            fragments: Fragments { body: Some(body) },
            acks: Acks {
                answer: response.into_body(),
                parser: AckParser::default(),
                _connection: connection,
            },
            keys_end: None,
        }))
    }
}
