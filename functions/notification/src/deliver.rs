//! One notice: at most one mail, and one line in the ledger.

use anyhow::Context as _;
use ciero_domain::ids::MessageId;
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_ports::{CommitError, Decision, Mail, Write, WriteKind};
use ciero_runtime::Moment;
use sha2::{Digest, Sha256};

use crate::App;
use crate::demand::Recorder;
use crate::letter::{self, Letter};
use crate::overtaken;

/// How often a decision is taken again when the contract moved on since it was read.
pub(crate) const TRIES: usize = 5;

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    Sent,
    /// The ledger has it: the message came twice.
    Already,
    /// What it would tell is no longer so; the ledger says that it was not sent.
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
    let Some(letter) = letter::write(app, notice, now).await? else {
        return overtaken::write_down(app, id, notice, now).await;
    };
    let recorder = Recorder::of(app, notice).await?;
    let mail = Mail {
        to: letter.to.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        kind: notice.kind().to_owned(),
        notice: id.clone(),
        attachment: letter.attachment.clone(),
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
        posted: None,
    };
    write_down(app, &record, recorder.as_ref())
        .await
        .context("the mail was sent but not recorded")
}

/// Writes the line of a sent mail, and with a demand that its period has begun, in one transaction.
async fn write_down(
    app: &App,
    record: &NoticeRecord,
    recorder: Option<&Recorder>,
) -> anyhow::Result<Delivered> {
    for _ in 0..TRIES {
        let mut decision = Decision::of(Write::Notice(Box::new(record.clone())));
        if let Some(recorder) = recorder
            && let Some(step) = recorder.sent(app, record).await?
        {
            decision = decision.step(step, None);
        }
        match app.commit(&decision).await {
            Ok(()) => return Ok(Delivered::Sent),
            // A delivery at the same time was faster.
            Err(CommitError::Conflict(WriteKind::Once)) => return Ok(Delivered::Already),
            // The contract moved on: it is read again, and the mail is not sent again.
            Err(CommitError::Conflict(WriteKind::Entity)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommitError::Conflict(WriteKind::Entity).into())
}

/// Returns the SHA-256 of subject and text, in hexadecimal.
fn content_hash(letter: &Letter) -> String {
    hex::encode(Sha256::digest(format!(
        "{}\n\n{}",
        letter.subject, letter.text
    )))
}
