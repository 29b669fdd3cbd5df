//! The part of the SES v2 API that sends mail.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use mail_parser::{Address, MessageParser};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{KeepError, Mailbox, NewMail};
use crate::wire::{ApiError, Protocol, json_answer, parse_json};

pub(super) fn router(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/v2/email/outbound-emails", post(send_email))
        .route("/v2/email/account", get(account))
        .fallback(async || {
            ApiError::with(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                "The requested operation is not offered here.",
            )
            .render(Protocol::RestJson)
        })
        .with_state(mailbox)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: Option<String>,
    #[serde(default)]
    destination: Destination,
    content: Content,
    #[serde(default)]
    email_tags: Vec<Tag>,
    configuration_set_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
    raw: Option<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
    #[serde(default)]
    attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    file_name: String,
    /// Base64.
    raw_content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Text>,
    html: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

async fn send_email(State(mailbox): State<Mailbox>, body: Bytes) -> Response {
    let sent = parse_json(&body)
        .and_then(to_mail)
        .and_then(|mail| mailbox.keep(&mail).map_err(refused));
    match sent {
        Ok(id) => json_answer(
            StatusCode::OK,
            "application/json",
            &json!({ "MessageId": id }),
        ),
        Err(error) => error.render(Protocol::RestJson),
    }
}

fn refused(error: KeepError) -> ApiError {
    match error {
        KeepError::NoSuchSet(name) => ApiError::with(
            StatusCode::NOT_FOUND,
            "NotFoundException",
            format!("Configuration set <{name}> does not exist."),
        ),
        KeepError::Database(error) => error.into(),
    }
}

async fn account() -> Response {
    let account: Value = json!({
        "DedicatedIpAutoWarmupEnabled": false,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": true,
        "SendQuota": { "Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0 },
        "SendingEnabled": true,
    });
    json_answer(StatusCode::OK, "application/json", &account)
}

fn to_mail(request: SendEmail) -> Result<NewMail, ApiError> {
    let tags = request.email_tags.into_iter();
    let tags: Vec<(String, String)> = tags.map(|tag| (tag.name, tag.value)).collect();
    let kind = tags.iter().find(|(name, _)| name == "kind");
    let kind = kind.map(|(_, value)| value.clone()).unwrap_or_default();
    let destination = request.destination;
    let addressed: Vec<String> = [
        destination.to_addresses,
        destination.cc_addresses,
        destination.bcc_addresses,
    ]
    .concat();
    let mut mail = match (request.content.simple, request.content.raw) {
        (Some(simple), None) => from_simple(simple)?,
        (None, Some(raw)) => from_raw(&raw)?,
        _ => {
            return Err(bad(
                "Exactly one of Simple and Raw content must be given; templates are not offered here.",
            ));
        }
    };
    mail.kind = kind;
    mail.tags = tags;
    mail.configuration_set = request.configuration_set_name;
    if !addressed.is_empty() {
        mail.to = addressed;
    }
    if let Some(from) = request.from_email_address {
        mail.from = from;
    }
    if mail.from.is_empty() {
        return Err(bad("Missing required header 'From'."));
    }
    if mail.to.is_empty() {
        return Err(bad("Missing final recipient."));
    }
    if mail.to.len() > 50 {
        return Err(bad("Recipient count exceeds 50."));
    }
    let illegal = mail
        .to
        .iter()
        .chain([&mail.from])
        .find(|address| !looks_like_address(address));
    if let Some(address) = illegal {
        return Err(bad(&format!("Illegal address: {address}")));
    }
    Ok(mail)
}

fn from_simple(simple: Simple) -> Result<NewMail, ApiError> {
    let text = simple
        .body
        .text
        .or(simple.body.html)
        .ok_or_else(|| bad("The body must have Text or Html."))?;
    let mut text = text.data;
    for file in simple.attachments {
        let bytes = STANDARD
            .decode(&file.raw_content)
            .map_err(|_| ApiError::bad("SerializationException", "RawContent is not base64."))?;
        // The mailbox shows a mail as one text.
        let content = String::from_utf8_lossy(&bytes);
        text.push_str(&format!("\n[attachment {}]\n{content}", file.file_name));
    }
    Ok(NewMail {
        subject: simple.subject.data,
        text,
        ..NewMail::default()
    })
}

fn from_raw(raw: &Raw) -> Result<NewMail, ApiError> {
    let bytes = STANDARD
        .decode(&raw.data)
        .map_err(|_| ApiError::bad("SerializationException", "Raw.Data is not base64."))?;
    let message = MessageParser::default()
        .parse(&bytes)
        .ok_or_else(|| bad("The raw message cannot be read."))?;
    let mut to = addresses(message.to());
    to.extend(addresses(message.cc()));
    Ok(NewMail {
        from: addresses(message.from())
            .into_iter()
            .next()
            .unwrap_or_default(),
        to,
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        ..NewMail::default()
    })
}

fn addresses(list: Option<&Address<'_>>) -> Vec<String> {
    let Some(list) = list else {
        return Vec::new();
    };
    list.iter()
        .filter_map(|address| address.address().map(str::to_owned))
        .collect()
}

/// `name@host`, or the same in angle brackets after a display name.
fn looks_like_address(text: &str) -> bool {
    let address = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(open), Some(inner)) => &inner[open + 1..],
        _ => text,
    };
    let no_space = !address.chars().any(|c| c.is_whitespace() || c.is_control());
    no_space
        && address
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn bad(message: &str) -> ApiError {
    ApiError::bad("BadRequestException", message)
}
