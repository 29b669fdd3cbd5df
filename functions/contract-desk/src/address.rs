//! A person's sign-in address: another one is asked for, and holds once its mailbox has proven it (21-5).

use axum::extract::State;
use ciero_domain::ids::base32;
use ciero_domain::notice::Notice;
use ciero_domain::particulars::{FieldErrors, email};
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem, SignedIn};
use serde::Deserialize;
use serde_json::json;

use crate::{App, Trace};

/// The address that is asked for, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAddress {
    email: String,
}

/// The code out of the mail, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawProof {
    code: String,
}

/// Takes the new address and mails a code to it. Whether somebody else has the address is told only to its mailbox's
/// reader.
pub(crate) async fn ask(
    State(app): State<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawAddress>,
) -> Result<Answer, Problem> {
    let mut errors = FieldErrors::default();
    let email = errors.keep("email", email(&raw.email));
    let email = errors.finish(email).map_err(Problem::fields)?;
    app.desk
        .decide(asked, now, || async {
            let code = base32(&app.chance.id());
            let user = who.user.clone().ask_address(email.clone(), code, now.0)?;
            let notice = Notice::AddressAsked {
                contract: user.contract.clone(),
                user: user.id.clone(),
            };
            let trace = Trace {
                actor: &who.user,
                action: "address_change_asked",
                camera: None,
                detail: json!({"user": user.id}),
            };
            let decision = Decision::of(Write::User(Box::new(user))).and(app.audit(trace, now));
            let decision = app.tell(decision, notice, now);
            Ok(Outcome::new(decision, Answer::done("/profile")))
        })
        .await
}

/// Takes over the address whose code came back: from now on it signs in, and the former one learns of it.
pub(crate) async fn prove(
    State(app): State<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawProof>,
) -> Result<Answer, Problem> {
    // A code is typed with the spaces and capitals that a mail program or a phone puts in.
    let code: String = raw.code.split_whitespace().collect();
    let code = code.to_ascii_lowercase();
    app.desk
        .decide(asked, now, || async {
            let former = &who.user;
            let user = former.clone().prove_address(&code, now.0)?;
            let release = Write::ReleaseEmail {
                email: former.email.clone(),
                user: user.id.clone(),
            };
            let claim = Write::ClaimEmail {
                email: user.email.clone(),
                user: user.id.clone(),
            };
            let notice = Notice::AddressChanged {
                contract: user.contract.clone(),
                user: user.id.clone(),
                former: former.email.clone(),
            };
            let trace = Trace {
                actor: former,
                action: "address_changed",
                camera: None,
                detail: json!({"user": user.id}),
            };
            let decision = Decision::of(Write::User(Box::new(user)))
                .and(release)
                .and(claim)
                .and(app.audit(trace, now));
            let decision = app.tell(decision, notice, now);
            Ok(Outcome::new(decision, Answer::done("/profile")))
        })
        .await
}
