//! Sessions end at once: a person's own, or by an administrator another person's (5-2).

use axum::extract::State;
use ciero_domain::user::{Refusal, User, UserState};
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem, SignedIn};
use serde::Deserialize;
use serde_json::json;

use crate::{App, Trace};

/// Whose sessions, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawRevocation {
    /// Empty for the caller's own.
    user: String,
}

/// Voids every session that a person has.
pub(crate) async fn revoke(
    State(app): State<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawRevocation>,
) -> Result<Answer, Problem> {
    let own = raw.user.is_empty() || raw.user == who.user.id.as_str();
    if !own && !who.user.is_administrator() {
        return Err(Refusal::NotAdministrator.into());
    }
    // Whoever ends their own sessions has to sign in again.
    let (target, next) = if own {
        (who.user.id.as_str(), "/sign-in".to_owned())
    } else {
        (raw.user.as_str(), format!("/users/{}", raw.user))
    };
    app.desk
        .decide(asked, now, || async {
            let decision = revoked(&app, &who.user, target, now).await?;
            Ok(Outcome::new(decision, Answer::done(next.clone())))
        })
        .await
}

async fn revoked(app: &App, who: &User, target: &str, now: Moment) -> Result<Decision, Problem> {
    let user = app.colleague(who, target).await?;
    if user.state == UserState::Removed {
        return Err(Refusal::AlreadyRemoved.into());
    }
    let trace = Trace {
        actor: who,
        action: "sessions_revoked",
        camera: None,
        detail: json!({"user": user.id}),
    };
    let revoked = Write::User(Box::new(user.revoke_sessions(now.0)));
    Ok(Decision::of(revoked).and(app.audit(trace, now)))
}
