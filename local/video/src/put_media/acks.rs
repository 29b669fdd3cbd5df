//! The answers that run back while a producer sends: one JSON line per event, each in a chunk of its own.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::fragment_number::FragmentNumber;

/// Answers that wait for a producer that does not read; the connection ends when there are more.
const MOST_WAITING: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(30);

/// Errors that end a PutMedia connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorCode {
    StreamReadError,
    MaxFragmentSizeReached,
    MaxFragmentDurationReached,
    MaxConnectionDurationReached,
    FragmentTimecodeLesserThanPrevious,
    MoreThanAllowedTracksFound,
    InvalidMkvData,
    InvalidProducerTimestamp,
    StreamNotActive,
    FragmentMetadataLimitReached,
    TrackNumberMismatch,
    FramesMissingForTrack,
    InternalError,
    ArchivalError,
}

impl ErrorCode {
    fn id_and_name(self) -> (u16, &'static str) {
        match self {
            Self::StreamReadError => (4000, "STREAM_READ_ERROR"),
            Self::MaxFragmentSizeReached => (4001, "MAX_FRAGMENT_SIZE_REACHED"),
            Self::MaxFragmentDurationReached => (4002, "MAX_FRAGMENT_DURATION_REACHED"),
            Self::MaxConnectionDurationReached => (4003, "MAX_CONNECTION_DURATION_REACHED"),
            Self::FragmentTimecodeLesserThanPrevious => {
                (4004, "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS")
            }
            Self::InvalidMkvData => (4006, "INVALID_MKV_DATA"),
            Self::InvalidProducerTimestamp => (4007, "INVALID_PRODUCER_TIMESTAMP"),
            Self::StreamNotActive => (4008, "STREAM_NOT_ACTIVE"),
            Self::FragmentMetadataLimitReached => (4009, "FRAGMENT_METADATA_LIMIT_REACHED"),
            Self::TrackNumberMismatch => (4010, "TRACK_NUMBER_MISMATCH"),
            Self::FramesMissingForTrack => (4011, "FRAMES_MISSING_FOR_TRACK"),
            // The same as 4005 once said for more than one track, which the service allows since.
            Self::MoreThanAllowedTracksFound => (4012, "MORE_THAN_ALLOWED_TRACKS_FOUND"),
            Self::InternalError => (5000, "INTERNAL_ERROR"),
            Self::ArchivalError => (5001, "ARCHIVAL_ERROR"),
        }
    }
}

/// A fragment as the answers name it; the timecode is the cluster's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FragmentId {
    pub timecode_ms: i64,
    pub number: FragmentNumber,
}

/// One event of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ack {
    Buffering(FragmentId),
    Received(FragmentId),
    Persisted(FragmentId),
    Idle,
    Error(ErrorCode, Option<FragmentId>),
}

impl Ack {
    /// The line as the official parsers read it: no escapes, no repeated key, far below 1024 bytes.
    pub(crate) fn line(self) -> String {
        let (event, fragment) = match self {
            Self::Buffering(fragment) => ("BUFFERING", Some(fragment)),
            Self::Received(fragment) => ("RECEIVED", Some(fragment)),
            Self::Persisted(fragment) => ("PERSISTED", Some(fragment)),
            Self::Idle => ("IDLE", None),
            Self::Error(_, fragment) => ("ERROR", fragment),
        };
        let mut line = format!("{{\"EventType\":\"{event}\"");
        if let Some(FragmentId {
            timecode_ms,
            number,
        }) = fragment
        {
            line.push_str(&format!(
                ",\"FragmentTimecode\":{timecode_ms},\"FragmentNumber\":\"{number}\""
            ));
        }
        if let Self::Error(code, _) = self {
            let (id, name) = code.id_and_name();
            line.push_str(&format!(",\"ErrorCode\":\"{name}\",\"ErrorId\":{id}"));
        }
        line.push_str("}\r\n");
        line
    }
}

/// The producer went away, or does not read its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotReading;

/// Where answers go; the response ends when the last clone is gone.
#[derive(Clone)]
pub(crate) struct Acks {
    lines: mpsc::Sender<Bytes>,
}

impl Acks {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Bytes>) {
        let (lines, body) = mpsc::channel(MOST_WAITING);
        (Self { lines }, body)
    }

    pub(crate) async fn send(&self, ack: Ack) -> Result<(), NotReading> {
        let line = Bytes::from(ack.line());
        match tokio::time::timeout(PATIENCE, self.lines.send(line)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotReading),
        }
    }

    /// Sends without waiting; a producer with thousands of unread answers misses this one and will send again.
    pub(crate) fn send_now(&self, ack: Ack) {
        let _ = self.lines.try_send(Bytes::from(ack.line()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_the_service_writes_them() {
        let number = FragmentNumber {
            sequence: 0,
            server_ms: 0,
            random: 0,
        };
        let fragment = FragmentId {
            timecode_ms: 1_677_613_819_540,
            number,
        };
        assert_eq!(
            Ack::Buffering(fragment).line(),
            format!(
                "{{\"EventType\":\"BUFFERING\",\"FragmentTimecode\":1677613819540,\"FragmentNumber\":\"{number}\"}}\r\n"
            )
        );
        assert_eq!(
            Ack::Error(ErrorCode::InvalidMkvData, None).line(),
            "{\"EventType\":\"ERROR\",\"ErrorCode\":\"INVALID_MKV_DATA\",\"ErrorId\":4006}\r\n"
        );
        assert_eq!(Ack::Idle.line(), "{\"EventType\":\"IDLE\"}\r\n");
    }
}
