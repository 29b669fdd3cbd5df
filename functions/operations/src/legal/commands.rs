//! The commands on a disclosure case (21-4).

use axum::extract::State;
use ciero_domain::disclosure::{Closing, ClosingCause, Command, Delivery, Disclosure, Verdict};
use ciero_domain::ids::{DisclosureId, MessageId};
use ciero_domain::particulars::FieldErrors;
use ciero_ports::{Body, Decision};
use ciero_runtime::{Answer, Input, Outcome, Problem};

use super::fields::Fields;
use super::{CasePath, Legal, place, refused};
use crate::App;

impl Legal {
    /// Decides a command on a case and writes everything that follows from it.
    pub(super) async fn carry_out(
        self,
        app: &App,
        id: &DisclosureId,
        command: impl Fn(&Disclosure) -> Result<Command, Problem> + Send + Sync,
    ) -> Result<Answer, Problem> {
        let (by, now, command) = (self.name.as_str(), self.now, &command);
        app.desk
            .decide(self.asked, now, || async move {
                let case = app.disclosure(id).await?;
                let entry = case.decide(command(&case)?, by, now.0).map_err(refused)?;
                let answer = Answer::done(place(id));
                app.written(Some(&case), entry, now, answer).await
            })
            .await
    }
}

/// Places the hold of exactly the case's scope.
pub async fn place_hold(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    legal.carry_out(&app, &id, |_| Ok(Command::PlaceHold)).await
}

/// Asks again for the copies of a hold that are not complete, for example after their message was given up on. A copy goes
/// on where it stands.
pub async fn copy_again(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    let now = legal.now;
    let (app, id) = (&app, &id);
    app.desk
        .decide(legal.asked, now, || async move {
            let case = app.disclosure(id).await?;
            case.must_be_held().map_err(refused)?;
            let copies = app.legal.disclosures.hold_copies(id).await?;
            let open = copies
                .into_iter()
                .filter(|copy| copy.completed_at.is_none());
            let decision = open.fold(Decision::default(), |decision, copy| {
                let message = MessageId::from_random(app.chance.id());
                decision.say(message, now.0, Body::CopyHold(Box::new(copy.order)))
            });
            Ok(Outcome::new(decision, Answer::done(place(id))))
        })
        .await
}

/// Proposes to release the hold.
pub async fn propose_release(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
    Input(fields): Input<Fields>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let reason = fields.text(&mut errors, "reason");
    let reason = errors.finish(Some(reason)).map_err(Problem::fields)?;
    let command = |_: &Disclosure| {
        let reason = reason.clone();
        Ok(Command::ProposeRelease { reason })
    };
    legal.carry_out(&app, &id, command).await
}

/// Agrees to the release of the hold, which ends it at once.
pub async fn approve_release(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    legal
        .carry_out(&app, &id, |_| Ok(Command::ApproveRelease))
        .await
}

/// Records what the company makes of the request.
pub async fn judge(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
    Input(fields): Input<Fields>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let verdicts = (Verdict::ALL, Verdict::code as fn(_) -> _);
    let verdict = fields.choice(&mut errors, "verdict", verdicts);
    let reason = fields.text(&mut errors, "reason");
    let verdict = errors.finish(verdict).map_err(Problem::fields)?;
    let command = |case: &Disclosure| {
        Ok(Command::Judge {
            verdict,
            part: fields.part_of(&case.scope),
            reason: reason.clone(),
        })
    };
    legal.carry_out(&app, &id, command).await
}

/// Approves the judgement.
pub async fn approve(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    legal.carry_out(&app, &id, |_| Ok(Command::Approve)).await
}

/// Approves that recordings are disclosed (D-31).
pub async fn approve_video(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
) -> Result<Answer, Problem> {
    legal
        .carry_out(&app, &id, |_| Ok(Command::ApproveVideo))
        .await
}

/// Records that the package was handed over.
pub async fn deliver(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
    Input(fields): Input<Fields>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let on = fields.date(&mut errors, "on");
    let method = fields.line(&mut errors, "method");
    let recipient = fields.line(&mut errors, "recipient");
    let acknowledged = fields.line(&mut errors, "acknowledged");
    let handed_by = legal.name.clone();
    let delivery = on.map(|on| Delivery {
        on,
        method,
        recipient,
        handed_by,
        acknowledged: acknowledged.to_ascii_lowercase(),
    });
    let delivery = errors.finish(delivery).map_err(Problem::fields)?;
    let command = |_: &Disclosure| Ok(Command::Deliver(delivery.clone()));
    legal.carry_out(&app, &id, command).await
}

/// Closes the case.
pub async fn close(
    legal: Legal,
    CasePath(id): CasePath,
    State(app): State<App>,
    Input(fields): Input<Fields>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let causes = (ClosingCause::ALL, ClosingCause::code as fn(_) -> _);
    let cause = fields.choice(&mut errors, "cause", causes);
    let note = fields.text(&mut errors, "note");
    let closing = cause.map(|cause| Closing { cause, note });
    let closing = errors.finish(closing).map_err(Problem::fields)?;
    let command = |_: &Disclosure| Ok(Command::Close(closing.clone()));
    legal.carry_out(&app, &id, command).await
}
