//! A producer that a test plays piece by piece.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use ciero_video::Scope;
use futures::StreamExt as _;
use http::Request;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::common::Service;

/// A connection whose body the test feeds piece by piece, and whose answers it reads as they come.
pub struct Feed {
    pub pieces: mpsc::Sender<Bytes>,
    pub answers: axum::body::BodyDataStream,
}

impl Feed {
    pub async fn open(service: &Service) -> Result<Self, u16> {
        let (pieces, mut received) = mpsc::channel(4);
        let body = futures::stream::poll_fn(move |cx| received.poll_recv(cx));
        let request = Request::post("/putMedia")
            .header("x-amzn-stream-name", "cam")
            .header("x-amzn-fragment-timecode-type", "ABSOLUTE")
            .extension(Scope::Stream("cam".into()))
            .body(Body::from_stream(body.map(Ok::<_, Infallible>)))
            .unwrap();
        let response = tower::ServiceExt::oneshot(service.video.router(), request)
            .await
            .unwrap();
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        Ok(Self {
            pieces,
            answers: response.into_body().into_data_stream(),
        })
    }

    pub async fn send(&self, bytes: Vec<u8>) {
        self.pieces.send(bytes.into()).await.unwrap();
    }

    /// One piece of the answer holds one acknowledgement and stays below what official parsers bear.
    pub async fn answer(&mut self) -> Option<Value> {
        let piece = self.answers.next().await?.unwrap();
        assert!(piece.len() <= 1024);
        assert_eq!(piece.iter().filter(|byte| **byte == b'\n').count(), 1);
        Some(serde_json::from_slice(&piece).unwrap())
    }

    pub async fn expect(&mut self, kind: &str) {
        assert_eq!(self.answer().await.unwrap()["EventType"], kind);
    }

    pub async fn expect_each(&mut self, kinds: &[&str]) {
        for kind in kinds {
            self.expect(kind).await;
        }
    }
}
