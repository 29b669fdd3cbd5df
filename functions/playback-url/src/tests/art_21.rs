//! Staff look on a grant, within it, and nobody else finds anything (21-7).

use ciero_domain::ids::StaffViewId;
use ciero_domain::samples;
use ciero_domain::staff_view::{NewStaffView, StaffView};
use ciero_runtime::{Role, Session};

use super::*;

const LIVE: &str = include_str!("../../../../events/playback-url/staff-live.json");
const RECORDING: &str = include_str!("../../../../events/playback-url/staff-recording.json");
const INTERVALS: &str = include_str!("../../../../events/playback-url/staff-intervals.json");

/// The view that the sample events name, granted now for a quarter of an hour.
fn view(pictures: Pictures) -> StaffSeen {
    let Seen {
        contract, camera, ..
    } = seen();
    let new = NewStaffView {
        pictures,
        ..samples::new_staff_view()
    };
    let id = StaffViewId::from_random([7; 10]);
    let asked = StaffView::ask(id, new, (&contract, &camera), "operator:tanaka", now()).unwrap();
    let view = asked.grant(&contract, "operator:suzuki", now()).unwrap();
    StaffSeen {
        contract,
        camera,
        view,
    }
}

fn an_hour() -> Pictures {
    Pictures::Recorded {
        from: at("2026-06-01T02:00:00Z"),
        to: at("2026-06-01T03:00:00Z"),
    }
}

fn changed(change: impl FnOnce(&mut StaffSeen)) -> StaffSeen {
    let mut seen = view(Pictures::Live);
    change(&mut seen);
    seen
}

fn session(name: &str, group: &str) -> Session {
    Session {
        id: name.into(),
        at: now(),
        role: Role::Operator {
            name: name.into(),
            groups: vec![group.into()],
        },
    }
}

/// Hands a sample event's request over at a moment; returns the answer and the audit rows.
async fn check(
    event: &str,
    known: StaffSeen,
    (session, at): (&Session, Timestamp),
    playback: MockPlayback,
) -> (u16, Value, Vec<AuditRow>) {
    let event: Value = serde_json::from_str(event).unwrap();
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    let path = event["rawPath"].as_str().unwrap();
    let mut views = MockStaffViews::new();
    views.expect_staff_seen().returning(move |contract, id| {
        let known = known.clone();
        Ok(Some(known).filter(|seen| seen.view.id == *id && seen.view.contract == *contract))
    });
    let rows = Arc::new(Mutex::new(Vec::new()));
    let mut audit = MockAudit::new();
    let kept = rows.clone();
    audit.expect_append().returning(move |row| {
        kept.lock().unwrap().push(row.clone());
        Ok(())
    });
    let mut chance = MockChance::new();
    chance.expect_id().returning(|| [9; 10]);
    let gate = testing::gate(MockPeople::new());
    let app = App {
        gate: gate.clone(),
        viewing: Arc::new(MockViewing::new()),
        staff_views: Arc::new(views),
        playback: Arc::new(playback),
        audit: Arc::new(audit),
        chance: Arc::new(chance),
    };
    let now = Moment(at);
    let (status, body) = testing::post(router(app), &gate, Some(session), now, path, &body).await;
    let rows = rows.lock().unwrap().clone();
    (status, body, rows)
}

#[tokio::test]
async fn who_asked_gets_a_session_and_the_customer_a_line() {
    let tanaka = (&session("tanaka", "support"), now());
    let (status, body, rows) = check(LIVE, view(Pictures::Live), tanaka, plays()).await;
    assert_eq!((status, rows.len()), (200, 1));
    assert_eq!(body["expires_at"], "2026-06-01T03:05:00Z");
    assert_eq!(rows[0].action, "staff_live");
    assert_eq!(rows[0].actor, "operator:tanaka");
    assert_eq!(rows[0].camera.as_ref().unwrap().as_str(), CAMERA);
    assert_eq!(rows[0].detail["ground"], "fault");
    let (status, _, rows) = check(RECORDING, view(an_hour()), tanaka, plays()).await;
    assert_eq!((status, rows[0].action.as_str()), (200, "staff_recording"));
    assert_eq!(rows[0].detail["from"], "2026-06-01T02:10:00Z");
    assert_eq!(rows[0].detail["to"], "2026-06-01T02:20:00Z");
}

#[tokio::test]
async fn the_timeline_shows_the_granted_span_alone() {
    let mut playback = MockPlayback::new();
    playback
        .expect_intervals()
        .withf(|_, from, to, _| (*from, *to) == (at("2026-06-01T02:00:00Z"), now()))
        .returning(|_, start, end, _| Ok(vec![Interval { start, end }]));
    let tanaka = (&session("tanaka", "support"), now());
    let many = |body: &Value| body["intervals"].as_array().unwrap().len();
    let (status, body, rows) = check(INTERVALS, view(an_hour()), tanaka, playback).await;
    assert_eq!((status, many(&body), rows.len()), (200, 1, 0));
    let live = view(Pictures::Live);
    let (status, body, _) = check(INTERVALS, live, tanaka, MockPlayback::new()).await;
    assert_eq!((status, many(&body)), (200, 0));
}

#[tokio::test]
async fn everyone_else_and_everything_else_gets_the_same_404() {
    let tanaka = session("tanaka", "support");
    let asking = (&tanaka, now());
    let live = || view(Pictures::Live);
    let ungranted = || changed(|seen| seen.view.grant = None);
    let closed = changed(|seen| seen.view = seen.view.close("operator:suzuki", now()).unwrap());
    let unknown = changed(|seen| seen.view.id = StaffViewId::from_random([8; 10]));
    let other_camera = changed(|seen| seen.camera.id = CameraId::from_random([8; 10]));
    let Seen { contract, user, .. } = seen();
    let customer = testing::customer(&contract.id, &user.id, Moment(now()));
    let too_late = at("2026-06-01T03:10:00.001Z");
    let mut answers = Vec::new();
    for (event, known, who) in [
        (LIVE, unknown, asking),
        (LIVE, live(), (&session("suzuki", "support"), now())),
        (LIVE, live(), (&session("tanaka", "legal"), now())),
        (LIVE, live(), (&customer, now())),
        (LIVE, ungranted(), asking),
        (INTERVALS, ungranted(), asking),
        (LIVE, closed, asking),
        (LIVE, other_camera, asking),
        (LIVE, live(), (&tanaka, too_late)),
        (LIVE, view(an_hour()), asking),
        (RECORDING, live(), asking),
    ] {
        let (status, body, rows) = check(event, known, who, MockPlayback::new()).await;
        assert_eq!((status, rows.len()), (404, 0), "{body}");
        answers.push(body.to_string());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}
