//! The attributes of a queue, checked as SQS checks them, and the digests that SQS answers.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::QueueError;

/// The settings that the queue acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueueSettings {
    pub visibility: Duration,
    pub delay: Duration,
    pub wait: Duration,
    pub maximum_bytes: usize,
    pub redrive: Option<Redrive>,
}

/// Where a message goes that was received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    pub dead_letter_queue: String,
    pub max_receive_count: i64,
}

#[derive(Deserialize)]
struct RedrivePolicy {
    #[serde(rename = "deadLetterTargetArn")]
    target: String,
    #[serde(rename = "maxReceiveCount")]
    max_receive_count: Value,
}

/// The attributes that a caller may set, each with its range when it is a number.
const SETTABLE: [(&str, Option<(u64, u64)>); 11] = [
    ("VisibilityTimeout", Some((0, 43_200))),
    ("DelaySeconds", Some((0, 900))),
    ("ReceiveMessageWaitTimeSeconds", Some((0, 20))),
    ("MaximumMessageSize", Some((1_024, 1_048_576))),
    ("MessageRetentionPeriod", Some((60, 1_209_600))),
    ("RedrivePolicy", None),
    ("RedriveAllowPolicy", None),
    ("Policy", None),
    ("KmsMasterKeyId", None),
    ("KmsDataKeyReusePeriodSeconds", Some((60, 86_400))),
    ("SqsManagedSseEnabled", None),
];

impl QueueSettings {
    pub(super) fn parse(attributes: &BTreeMap<String, String>) -> Result<Self, QueueError> {
        for (name, value) in attributes {
            let (_, range) = SETTABLE
                .iter()
                .find(|(known, _)| known == name)
                .ok_or_else(|| QueueError::InvalidAttribute(name.clone()))?;
            if let Some((low, high)) = range {
                value
                    .parse::<u64>()
                    .ok()
                    .filter(|number| (low..=high).contains(&number))
                    .ok_or_else(|| invalid(name))?;
            }
        }
        let seconds = |name: &str, default: u64| {
            let number = attributes.get(name).and_then(|value| value.parse().ok());
            Duration::from_secs(number.unwrap_or(default))
        };
        let maximum_bytes = attributes
            .get("MaximumMessageSize")
            .and_then(|value| value.parse().ok());
        Ok(Self {
            visibility: seconds("VisibilityTimeout", 30),
            delay: seconds("DelaySeconds", 0),
            wait: seconds("ReceiveMessageWaitTimeSeconds", 0),
            maximum_bytes: maximum_bytes.unwrap_or(1_048_576),
            redrive: attributes
                .get("RedrivePolicy")
                .filter(|text| !text.is_empty())
                .map(|text| Redrive::parse(text))
                .transpose()?,
        })
    }
}

impl Redrive {
    fn parse(text: &str) -> Result<Self, QueueError> {
        let policy: RedrivePolicy =
            serde_json::from_str(text).map_err(|_| invalid("RedrivePolicy"))?;
        let count = match &policy.max_receive_count {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let max_receive_count = count
            .filter(|count| (1..=1_000).contains(count))
            .ok_or_else(|| invalid("RedrivePolicy"))?;
        let dead_letter_queue = policy
            .target
            .strip_prefix("arn:aws:sqs:")
            .and_then(|rest| rest.rsplit(':').next())
            .filter(|name| !name.is_empty())
            .ok_or_else(|| invalid("RedrivePolicy"))?;
        Ok(Self {
            dead_letter_queue: dead_letter_queue.to_owned(),
            max_receive_count,
        })
    }
}

pub(super) fn check_name(name: &str) -> Result<(), QueueError> {
    let is_name = (1..=80).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_name {
        return Ok(());
    }
    Err(QueueError::InvalidValue(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            .to_owned(),
    ))
}

fn invalid(name: &str) -> QueueError {
    QueueError::InvalidValue(format!("Invalid value for the parameter {name}."))
}

pub(super) fn md5_of_body(body: &str) -> String {
    hex::encode(Md5::digest(body.as_bytes()))
}

/// The digest of message attributes, in the order and encoding that SQS documents; `None` without attributes.
pub(super) fn md5_of_attributes(attributes: &Map<String, Value>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut sorted: Vec<(&String, &Value)> = attributes.iter().collect();
    sorted.sort_by_key(|(name, _)| name.as_str());
    let mut digest = Md5::new();
    for (name, value) in sorted {
        let data_type = value["DataType"].as_str().unwrap_or_default();
        add(&mut digest, name.as_bytes());
        add(&mut digest, data_type.as_bytes());
        if let Some(binary) = value["BinaryValue"].as_str() {
            digest.update([2]);
            add(&mut digest, &STANDARD.decode(binary).unwrap_or_default());
        } else {
            digest.update([1]);
            add(
                &mut digest,
                value["StringValue"].as_str().unwrap_or_default().as_bytes(),
            );
        }
    }
    Some(hex::encode(digest.finalize()))
}

fn add(digest: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    digest.update(length.to_be_bytes());
    digest.update(bytes);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn attributes(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_redrive_policy_takes_its_count_as_a_number_or_a_string() {
        for count in ["5", "\"5\""] {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:ap-northeast-1:000000000000:dead","maxReceiveCount":{count}}}"#
            );
            let settings = QueueSettings::parse(&attributes("RedrivePolicy", &policy)).unwrap();
            let redrive = settings.redrive.unwrap();
            assert_eq!(
                (
                    redrive.dead_letter_queue.as_str(),
                    redrive.max_receive_count
                ),
                ("dead", 5)
            );
        }
    }

    #[test]
    fn values_out_of_range_and_unknown_attributes_are_refused() {
        for (name, value) in [
            ("VisibilityTimeout", "43201"),
            ("VisibilityTimeout", "-1"),
            ("DelaySeconds", "soon"),
            ("RedrivePolicy", "{}"),
            ("Colour", "blue"),
        ] {
            assert!(
                QueueSettings::parse(&attributes(name, value)).is_err(),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn names_keep_to_the_letters_that_sqs_allows() {
        assert!(check_name("ciero-notices_2").is_ok());
        assert!(check_name("").is_err());
        assert!(check_name("a/b").is_err());
        assert!(check_name(&"a".repeat(81)).is_err());
    }

    #[test]
    fn the_body_digest_is_plain_md5() {
        assert_eq!(md5_of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
    }
}
