//! One notice: at most one mail, and one line in the ledger.

use anyhow::Context as _;
use ciero_domain::ids::MessageId;
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_ports::{CommitError, Decision, Mail, Write, WriteKind};
use ciero_runtime::Moment;
use sha2::{Digest, Sha256};

use crate::App;
use crate::letter::{self, Letter};

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    Sent,
    /// The ledger has it: the message came twice.
    Already,
    /// What it would tell is no longer so.
    Overtaken,
}

/// Sends a notice unless the ledger has it. The mail goes before the line is written: after a crash in
/// between a person gets it twice, which is better than never.
pub(crate) async fn deliver(
    app: &App,
    id: &MessageId,
    notice: &Notice,
    now: Moment,
) -> anyhow::Result<Delivered> {
    if app.notices.notice(id).await?.is_some() {
        return Ok(Delivered::Already);
    }
    let Some(letter) = letter::write(app, notice).await? else {
        return Ok(Delivered::Overtaken);
    };
    let mail = Mail {
        to: letter.to.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        kind: notice.kind().to_owned(),
        notice: id.clone(),
    };
    let mail_id = app.mailer.send(&mail).await?;
    let record = NoticeRecord {
        id: id.clone(),
        notice: notice.clone(),
        content_hash: content_hash(&letter),
        to: letter.to,
        language: letter.language,
        sent_at: now.0,
        mail_id,
        version: 1,
        outcome: Outcome::Sent,
    };
    let write = Write::Notice(Box::new(record));
    match app.ledger.commit(&Decision::of(write)).await {
        Ok(()) => Ok(Delivered::Sent),
        // A delivery at the same time was faster.
        Err(CommitError::Conflict(WriteKind::Once)) => Ok(Delivered::Already),
        Err(error) => Err(error).context("the mail was sent but not recorded"),
    }
}

/// Returns the SHA-256 of subject and text, in hexadecimal.
fn content_hash(letter: &Letter) -> String {
    hex::encode(Sha256::digest(format!(
        "{}\n\n{}",
        letter.subject, letter.text
    )))
}
