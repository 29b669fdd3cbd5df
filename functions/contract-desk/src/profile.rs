//! A person's own data: corrected, and given up (21-5, 5-1).

use axum::extract::State;
use ciero_domain::Language;
use ciero_domain::particulars::{FieldErrors, FieldRule, line};
use ciero_ports::{Decision, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem, SignedIn};
use serde::Deserialize;
use serde_json::json;

use crate::removal::removed;
use crate::{App, Trace};

/// A correction, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawProfile {
    name: String,
    language: String,
}

impl RawProfile {
    fn parse(&self) -> Result<(String, Language), Problem> {
        let mut errors = FieldErrors::default();
        let name = errors.keep("name", line(&self.name, 100));
        let language = match self.language.as_str() {
            "ja" => Ok(Language::Ja),
            "en" => Ok(Language::En),
            _ => Err(FieldRule::Choice),
        };
        let language = errors.keep("language", language);
        errors.finish(name.zip(language)).map_err(Problem::fields)
    }
}

/// Corrects the caller's own name and language. The administrator finds it in the trail, because a name is never another
/// person's (5-1).
pub(crate) async fn correct(
    State(app): State<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawProfile>,
) -> Result<Answer, Problem> {
    let (name, language) = raw.parse()?;
    app.desk
        .decide(asked, now, || async {
            let trace = Trace {
                actor: &who.user,
                action: "profile_corrected",
                camera: None,
                detail: json!({"user": who.user.id}),
            };
            let user = who.user.clone().correct(name.clone(), language)?;
            let decision = Decision::of(Write::User(Box::new(user))).and(app.audit(trace, now));
            Ok(Outcome::new(decision, Answer::done("/profile")))
        })
        .await
}

/// Removes the caller: access ends at once. The last administrator stays, because a contract has one (2-6).
pub(crate) async fn leave(
    State(app): State<App>,
    who: SignedIn,
    now: Moment,
    asked: Asked,
) -> Result<Answer, Problem> {
    let own = who.user.id.as_str();
    app.desk
        .decide(asked, now, || {
            removed(&app, &who.user, own, ("/sign-in", now))
        })
        .await
}
