//! Mail (SES).

use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{
    Attachment as SesAttachment, Body, Content, Destination, EmailContent, Message, MessageTag,
};
use aws_types::SdkConfig;
use ciero_ports::{Attachment, CloudError, Mail, Mailer};

use crate::errors::{code, failed, unbuilt};

const SERVICE: &str = "SES";

/// Sends plain text in UTF-8 from one verified address.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    sender: String,
    configuration_set: String,
}

impl SesMailer {
    /// Sends from this address; the configuration set says where SES tells what became of a mail.
    pub fn new(config: &SdkConfig, sender: &str, configuration_set: &str) -> Self {
        SesMailer {
            client: Client::new(config),
            sender: sender.to_owned(),
            configuration_set: configuration_set.to_owned(),
        }
    }
}

fn tag(name: &str, value: &str) -> Result<MessageTag, CloudError> {
    let tag = MessageTag::builder().name(name).value(value);
    tag.build().map_err(unbuilt(SERVICE))
}

fn content(text: &str) -> Result<Content, CloudError> {
    let content = Content::builder().data(text).charset("UTF-8");
    content.build().map_err(unbuilt(SERVICE))
}

fn attachments(one: Option<&Attachment>) -> Result<Option<Vec<SesAttachment>>, CloudError> {
    let attachment = |file: &Attachment| {
        SesAttachment::builder()
            .file_name(&file.name)
            .content_type("application/json")
            .raw_content(Blob::new(file.content.as_bytes()))
            .build()
            .map_err(unbuilt(SERVICE))
    };
    Ok(one.map(attachment).transpose()?.map(|one| vec![one]))
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<String, CloudError> {
        let message = Message::builder()
            .subject(content(&mail.subject)?)
            .body(Body::builder().text(content(&mail.text)?).build())
            .set_attachments(attachments(mail.attachment.as_ref())?)
            .build();
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().simple(message).build())
            .configuration_set_name(&self.configuration_set)
            .email_tags(tag("kind", &mail.kind)?)
            .email_tags(tag("notice", mail.notice.as_str())?)
            .send()
            .await;
        let sent = sent.map_err(|error| match code(&error) {
            // The service's message would name the recipient's address.
            Some(code) => CloudError {
                service: SERVICE,
                detail: code.to_owned(),
            },
            None => failed(SERVICE)(error),
        })?;
        sent.message_id.ok_or_else(|| CloudError {
            service: SERVICE,
            detail: "the mail was taken without an identifier".to_owned(),
        })
    }
}
