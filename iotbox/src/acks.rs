//! Reads the acknowledgements that PutMedia answers while it is being sent to.

use serde::Deserialize;

/// A real acknowledgement has less than 300 bytes.
const MAX_ACK_BYTES: usize = 16 * 1024;

/// What the service says of a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ack {
    Buffering,
    Received,
    /// The fragment of this timecode (milliseconds) is stored for good.
    Persisted {
        timecode_ms: u64,
    },
    /// The session is over.
    Error {
        /// Absent where the service cannot say which fragment it is about.
        timecode_ms: Option<u64>,
        code: String,
        id: u32,
    },
    /// The service is there, or says something that this program need not know.
    Other,
}

/// Why an answer is not a list of acknowledgements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    #[error("the service sent an acknowledgement that cannot be read: {0}")]
    Malformed(String),
    #[error("the service sent an acknowledgement without end")]
    TooLong,
}

/// Splits the answer into acknowledgements, wherever its pieces are cut.
#[derive(Debug, Default)]
pub struct AckParser {
    buffer: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    event_type: String,
    fragment_timecode: Option<u64>,
    error_code: Option<String>,
    error_id: Option<u32>,
}

impl AckParser {
    /// Takes what arrived and returns the acknowledgements that are whole by now.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Ack>, AckError> {
        self.buffer.extend_from_slice(bytes);
        let mut objects = serde_json::Deserializer::from_slice(&self.buffer).into_iter::<Wire>();
        let mut acks = Vec::new();
        let mut read = 0;
        loop {
            match objects.next() {
                None => break,
                Some(Ok(wire)) => {
                    acks.push(Ack::try_from(wire)?);
                    read = objects.byte_offset();
                }
                Some(Err(error)) if error.is_eof() => break,
                Some(Err(error)) => return Err(AckError::Malformed(error.to_string())),
            }
        }
        self.buffer.drain(..read);
        if self.buffer.len() > MAX_ACK_BYTES {
            return Err(AckError::TooLong);
        }
        Ok(acks)
    }
}

impl TryFrom<Wire> for Ack {
    type Error = AckError;

    fn try_from(wire: Wire) -> Result<Self, AckError> {
        Ok(match wire.event_type.as_str() {
            "BUFFERING" => Self::Buffering,
            "RECEIVED" => Self::Received,
            "PERSISTED" => Self::Persisted {
                timecode_ms: wire
                    .fragment_timecode
                    .ok_or_else(|| AckError::Malformed("PERSISTED without a timecode".into()))?,
            },
            "ERROR" => Self::Error {
                timecode_ms: wire.fragment_timecode,
                code: wire.error_code.unwrap_or_else(|| "UNKNOWN".into()),
                id: wire.error_id.unwrap_or(0),
            },
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LINES: &str = concat!(
        "{\"EventType\":\"BUFFERING\",\"FragmentTimecode\":1677613819540,\"FragmentNumber\":\"913\"}\r\n",
        "{\"EventType\":\"RECEIVED\",\"FragmentTimecode\":1677613819540,\"FragmentNumber\":\"913\"}\n\n",
        "{\"EventType\":\"PERSISTED\",\"FragmentTimecode\":1677613819540,\"FragmentNumber\":\"913\"}\n",
        "{\"EventType\":\"IDLE\"}",
        "{\"EventType\":\"ERROR\",\"FragmentTimecode\":1597065596575,\"FragmentNumber\":\"914\",",
        "\"ErrorCode\":\"MAX_FRAGMENT_DURATION_REACHED\",\"ErrorId\":4002}\n",
        "{\"EventType\":\"ERROR\",\"ErrorCode\":\"INVALID_MKV_DATA\",\"ErrorId\":4006}\n",
    );

    fn expected() -> Vec<Ack> {
        let error = |timecode_ms, code: &str, id| Ack::Error {
            timecode_ms,
            code: code.into(),
            id,
        };
        vec![
            Ack::Buffering,
            Ack::Received,
            Ack::Persisted {
                timecode_ms: 1_677_613_819_540,
            },
            Ack::Other,
            error(
                Some(1_597_065_596_575),
                "MAX_FRAGMENT_DURATION_REACHED",
                4002,
            ),
            error(None, "INVALID_MKV_DATA", 4006),
        ]
    }

    #[test]
    fn acknowledgements_are_read_from_one_piece() {
        let acks = AckParser::default().push(LINES.as_bytes()).unwrap();
        assert_eq!(acks, expected());
    }

    #[test]
    fn acknowledgements_are_read_wherever_they_are_cut() {
        for size in 1..60 {
            let mut parser = AckParser::default();
            let acks: Vec<Ack> = LINES
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| parser.push(piece).unwrap())
                .collect();
            assert_eq!(acks, expected(), "pieces of {size} bytes");
        }
    }

    #[test]
    fn unknown_events_and_keys_are_passed_over() {
        let line = br#"{"EventType":"NEWS","Extra":{"a":[1,null]},"FragmentTimecode":null}"#;
        assert_eq!(AckParser::default().push(line).unwrap(), [Ack::Other]);
    }

    #[test]
    fn an_answer_that_is_not_json_is_refused() {
        let answer = AckParser::default().push(b"<html>Bad gateway</html>");
        assert!(matches!(answer, Err(AckError::Malformed(_))));
    }

    #[test]
    fn persisted_without_a_timecode_is_refused() {
        let answer = AckParser::default().push(br#"{"EventType":"PERSISTED"}"#);
        assert!(matches!(answer, Err(AckError::Malformed(_))));
    }

    #[test]
    fn an_acknowledgement_without_end_is_refused() {
        let mut parser = AckParser::default();
        let mut endless = br#"{"EventType":""#.to_vec();
        endless.resize(MAX_ACK_BYTES + 1, b'A');
        assert_eq!(parser.push(&endless), Err(AckError::TooLong));
    }
}
