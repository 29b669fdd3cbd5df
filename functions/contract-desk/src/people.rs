//! An administrator adds people, gives them rights camera by camera, and invites them again (2-6, 5-1).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use ciero_domain::Language;
use ciero_domain::application::ticked;
use ciero_domain::ids::{CameraId, UserId};
use ciero_domain::notice::Notice;
use ciero_domain::particulars::{FieldError, FieldErrors, FieldRule, email, line};
use ciero_domain::user::{NewUser, Refusal, Right, Role, User, UserState};
use ciero_ports::{Decision, Write};
use ciero_runtime::{Administrator, Answer, Asked, Input, Moment, Outcome, Problem};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::{App, Trace};

/// A form of a new person, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawUser {
    name: String,
    email: String,
    role: String,
    language: String,
    attestation: String,
}

/// A person whose every field is right, told of the terms by the one who adds (1-1).
#[derive(Debug, Clone)]
struct Newcomer {
    name: String,
    email: String,
    role: Role,
    language: Language,
}

impl Newcomer {
    /// Reads a form; every refused field is named.
    fn parse(raw: &RawUser) -> Result<Newcomer, Problem> {
        let mut errors = FieldErrors::default();
        let name = errors.keep("name", line(&raw.name, 100));
        let email = errors.keep("email", email(&raw.email));
        let role = match raw.role.as_str() {
            "user" => Ok(Role::User),
            "administrator" => Ok(Role::Administrator),
            _ => Err(FieldRule::Choice),
        };
        let role = errors.keep("role", role);
        let language = match raw.language.as_str() {
            "ja" => Ok(Language::Ja),
            "en" => Ok(Language::En),
            _ => Err(FieldRule::Choice),
        };
        let language = errors.keep("language", language);
        let read = (|| {
            Some(Newcomer {
                name: name?,
                email: email?,
                role: role?,
                language: language?,
            })
        })();
        let missing = FieldError::new("attestation", FieldRule::Required);
        match (errors.finish(read), ticked(&raw.attestation)) {
            (Ok(newcomer), true) => Ok(newcomer),
            (Ok(_), false) => Err(Problem {
                errors: vec![missing],
                ..Refusal::AttestationMissing.into()
            }),
            (Err(refused), true) => Err(Problem::fields(refused)),
            (Err(refused), false) => Err(Problem::fields([refused, vec![missing]].concat())),
        }
    }
}

/// Adds a person, who is invited by mail.
pub(crate) async fn add(
    State(app): State<App>,
    who: Administrator,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawUser>,
) -> Result<Answer, Problem> {
    let newcomer = Newcomer::parse(&raw)?;
    app.desk
        .decide(asked, now, || async {
            app.check_use(&who.user).await?;
            Ok(added(&app, &who.user, &newcomer, now))
        })
        .await
}

fn added(app: &App, administrator: &User, newcomer: &Newcomer, now: Moment) -> Outcome {
    let person = NewUser {
        id: UserId::from_random(app.chance.id()),
        name: newcomer.name.clone(),
        email: newcomer.email.clone(),
        role: newcomer.role,
        language: newcomer.language,
    };
    let attested_by = Some(administrator.id.clone());
    let user = User::add(administrator.contract.clone(), person, attested_by, now.0);
    let trace = Trace {
        actor: administrator,
        action: "user_added",
        camera: None,
        detail: json!({"user": user.id, "role": user.role}),
    };
    let claim = Write::ClaimEmail {
        email: user.email.clone(),
        user: user.id.clone(),
    };
    let invitation = invitation(&user);
    let answer = Answer::created(format!("/users/{}", user.id), user.id.as_str());
    let decision = Decision::of(Write::User(Box::new(user)))
        .and(claim)
        .and(app.audit(trace, now));
    Outcome::new(app.tell(decision, invitation, now), answer)
}

fn invitation(user: &User) -> Notice {
    Notice::UserInvited {
        contract: user.contract.clone(),
        user: user.id.clone(),
    }
}

/// A form of rights on one camera: each is ticked or absent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawRights {
    camera: String,
    view: String,
    play_back: String,
    export: String,
    share: String,
}

impl RawRights {
    /// Returns the rights that are ticked.
    fn wanted(&self) -> Vec<Right> {
        let all = Right::ALL.iter().copied();
        all.filter(|right| {
            ticked(match right {
                Right::View => &self.view,
                Right::PlayBack => &self.play_back,
                Right::Export => &self.export,
                Right::Share => &self.share,
            })
        })
        .collect()
    }
}

/// Sets exactly these rights on one camera; what is new begins now.
pub(crate) async fn set_rights(
    State(app): State<App>,
    who: Administrator,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
    Input(raw): Input<RawRights>,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || rights_set(&app, &who.user, &id, &raw, now))
        .await
}

async fn rights_set(
    app: &App,
    administrator: &User,
    id: &str,
    raw: &RawRights,
    now: Moment,
) -> Result<Outcome, Problem> {
    let user = app.colleague(administrator, id).await?;
    let camera = CameraId::parse(&raw.camera).map_err(|_| Problem::not_found())?;
    let camera = app.devices.camera(&administrator.contract, &camera).await?;
    let camera = camera.ok_or_else(Problem::not_found)?.id;
    if user.is_administrator() {
        return Err(every_right_held());
    }
    let wanted = raw.wanted();
    let has = |right: &Right| user.right_since(&camera, Timestamp::MIN, *right).is_some();
    if !wanted.iter().all(has) {
        app.check_use(administrator).await?;
    }
    let user = user.with_rights(camera.clone(), &wanted, now.0)?;
    let codes: Vec<&str> = wanted.iter().map(|right| right.code()).collect();
    let trace = Trace {
        actor: administrator,
        action: "rights_changed",
        camera: Some(camera),
        detail: json!({"user": user.id, "rights": codes}),
    };
    let answer = Answer::done(format!("/users/{}", user.id));
    let decision = Decision::of(Write::User(Box::new(user))).and(app.audit(trace, now));
    Ok(Outcome::new(decision, answer))
}

/// Refuses rights that would say nothing.
fn every_right_held() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "administrator_holds_every_right",
        "担当者はすべてのカメラについてすべての権限を持つため、設定は不要です。",
        "An administrator holds every right on every camera, so there is nothing to set.",
    )
}

/// Sends the invitation again, with a new first password.
pub(crate) async fn invite(
    State(app): State<App>,
    who: Administrator,
    Path(id): Path<String>,
    now: Moment,
    asked: Asked,
) -> Result<Answer, Problem> {
    app.desk
        .decide(asked, now, || invited(&app, &who.user, &id, now))
        .await
}

async fn invited(
    app: &App,
    administrator: &User,
    id: &str,
    now: Moment,
) -> Result<Outcome, Problem> {
    let user = app.colleague(administrator, id).await?;
    if user.state == UserState::Removed {
        return Err(Refusal::AlreadyRemoved.into());
    }
    let trace = Trace {
        actor: administrator,
        action: "user_invited",
        camera: None,
        detail: json!({"user": user.id}),
    };
    let decision = Decision::of(app.audit(trace, now));
    let decision = app.tell(decision, invitation(&user), now);
    let answer = Answer::done(format!("/users/{}", user.id));
    Ok(Outcome::new(decision, answer))
}
