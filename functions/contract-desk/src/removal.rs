//! A person is removed, by an administrator or by that person; a contract keeps at least one administrator (2-6, 5-1).

use axum::extract::{Path, State};
use ciero_domain::notice::Notice;
use ciero_domain::user::User;
use ciero_ports::{Decision, Write};
use ciero_runtime::{Administrator, Answer, Asked, Moment, Outcome, Problem};
use serde_json::json;

use crate::{App, Trace};

/// Removes a person: sessions end, the address is free again, the account is closed.
pub(crate) async fn remove(
    State(app): State<App>,
    who: Administrator,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || {
            removed(&app, &who.user, &id, ("/users", now))
        })
        .await
}

/// Erases who a removed person was; the records of acts and consent stay (21-5).
pub(crate) async fn erase(
    State(app): State<App>,
    who: Administrator,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
) -> Result<Answer, Problem> {
    let (app, who, id) = (&app, &who, &id);
    app.desk
        .decide(asked, now, || async move {
            let user = app.colleague(&who.user, id).await?.erase()?;
            let trace = Trace {
                actor: &who.user,
                action: "user_erased",
                camera: None,
                detail: json!({"user": user.id}),
            };
            let answer = Answer::done(format!("/users/{}", user.id));
            let decision = Decision::of(Write::User(Box::new(user))).and(app.audit(trace, now));
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Decides the removal of a person, by an administrator or by that person.
pub(crate) async fn removed(
    app: &App,
    by: &User,
    id: &str,
    (next, now): (&str, Moment),
) -> Result<Outcome, Problem> {
    let user = app.colleague(by, id).await?;
    let everyone = app.people.users(&by.contract).await?;
    let administrators: Vec<User> = everyone
        .into_iter()
        .filter(User::is_administrator)
        .collect();
    let leaves_an_administrator = user.is_administrator();
    let user = user.remove(administrators.len(), now.0)?;
    let trace = Trace {
        actor: by,
        action: "user_removed",
        camera: None,
        detail: json!({"user": user.id}),
    };
    let release = Write::ReleaseEmail {
        email: user.email.clone(),
        user: user.id.clone(),
    };
    let notice = Notice::UserRemoved {
        contract: user.contract.clone(),
        user: user.id.clone(),
    };
    let remaining = administrators.into_iter().find(|a| a.id != user.id);
    let decision = Decision::of(Write::User(Box::new(user)))
        .and(release)
        .and(app.audit(trace, now));
    let mut decision = app.tell(decision, notice, now);
    if let (true, Some(remaining)) = (leaves_an_administrator, remaining) {
        decision = decision.and(held(remaining));
    }
    Ok(Outcome::new(decision, Answer::done(next)))
}

/// Writes an administrator again unchanged, so that two administrators who remove each other at the
/// same moment meet on a version and one of them stays.
fn held(mut remaining: User) -> Write {
    remaining.version += 1;
    Write::User(Box::new(remaining))
}
