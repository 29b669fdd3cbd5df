//! Whoever reads media as Matroska documents, one after another, at the speed that the stream and the reader have.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use tokio::sync::mpsc;

use crate::quotas::ConnectionGuard;

/// The sending end of a response.
pub(crate) struct Reader {
    documents: mpsc::Sender<Bytes>,
    guard: ConnectionGuard,
}

/// The reader is not there any longer.
pub(crate) struct Gone;

impl Reader {
    /// Begins a response; the connection has its place until both ends are gone.
    pub(crate) fn open(guard: ConnectionGuard) -> (Self, Response) {
        let (documents, mut received) = mpsc::channel(1);
        let stream = futures::stream::poll_fn(move |context| received.poll_recv(context));
        let stream = futures::StreamExt::map(stream, Ok::<_, std::convert::Infallible>);
        let mut response = Body::from_stream(stream).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("video/webm"));
        (Self { documents, guard }, response)
    }

    /// Sends a document when the one before it was taken and the stream may carry it.
    pub(crate) async fn send(&self, document: Bytes) -> Result<(), Gone> {
        self.guard.carry(document.len()).await;
        self.documents.send(document).await.map_err(|_| Gone)
    }

    /// Sends a last document, if somebody is there to read it.
    pub(crate) async fn end(self, document: Bytes) {
        let _ = self.documents.send(document).await;
    }

    /// Waits until the reader goes.
    pub(crate) async fn gone(&self) {
        self.documents.closed().await;
    }
}
