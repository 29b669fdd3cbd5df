//! A person accepts the terms in force before watching (1-1, D-38).

use axum::extract::State;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::terms;
use ciero_domain::user::User;
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem, SignedIn};
use serde::Deserialize;
use serde_json::json;

use crate::{App, Trace};

/// Where acceptances come from.
const CHANNEL: &str = "portal";

/// Where a person goes on when the page did not say.
const START: &str = "/cameras";

/// A form of acceptance, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawAcceptance {
    /// The version of the terms that was shown.
    version: String,
    /// The page to go on to.
    back: String,
}

/// Returns the page to go on to; only a path of this portal counts.
fn way_on(back: &str) -> &str {
    let local = back.starts_with('/')
        && !back.starts_with("//")
        && back.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if local { back } else { START }
}

/// Accepts the version that was shown, if it is the one in force.
pub(crate) async fn accept(
    State(app): State<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawAcceptance>,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || accepted(&app, &who.user, &raw, now))
        .await
}

async fn accepted(
    app: &App,
    who: &User,
    raw: &RawAcceptance,
    now: Moment,
) -> Result<Outcome, Problem> {
    let versions = app.documents.terms_versions().await?;
    let in_force = terms::in_force(&versions, tokyo_date(now.0)).ok_or_else(|| {
        tracing::error!("no terms are in force, so nobody can accept them");
        Problem::unavailable()
    })?;
    let user = app.colleague(who, who.id.as_str()).await?;
    let user = user.accept(&raw.version, &in_force.version, CHANNEL, now.0)?;
    let trace = Trace {
        actor: &user,
        action: "terms_accepted",
        camera: None,
        detail: json!({"version": in_force.version}),
    };
    let audit = app.audit(trace, now);
    let decision = Decision::of(Write::User(Box::new(user))).and(audit);
    Ok(Outcome::new(decision, Answer::done(way_on(&raw.back))))
}
