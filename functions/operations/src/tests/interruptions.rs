//! Planned maintenance and incidents on record, and who is told (8-1, 21-3).

use ciero_domain::interruption::{Progress, Told};
use ciero_domain::samples::interruption;
use ciero_ports::{About, Body};
use jiff::ToSpan;

use super::*;

fn tanaka() -> Session {
    operator("tanaka", &["support"])
}

async fn check(known: Known, path: &str, body: Value) -> Came {
    let path = format!("/console/interruptions{path}");
    post(known, &tanaka(), &path, body).await
}

/// One that began an hour ago.
fn ongoing() -> (Known, String) {
    let one = interruption(now().0 - 1.hour());
    let path = format!("/{}", one.id);
    let known = Known {
        interruptions: vec![one],
        ..Known::default()
    };
    (known, path)
}

fn written(came: &Came) -> &Interruption {
    let found = came.writes().iter().find_map(|write| match write {
        Write::Interruption(one) => Some(one.as_ref()),
        _ => None,
    });
    found.unwrap()
}

/// What every contract is told.
fn told(came: &Came) -> Vec<Told> {
    let messages = came.committed[0].messages.iter();
    messages
        .map(|message| match &message.body {
            Body::Announce(whole) => match &whole.about {
                About::Interruption { told, .. } => *told,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect()
}

mod art_08 {
    use super::*;

    fn planned() -> Value {
        sample(include_str!(
            "../../../../events/operations/interruption.json"
        ))
    }

    #[tokio::test]
    async fn planned_work_with_its_lead_time_is_recorded_and_told_ahead() {
        let came = check(Known::default(), "", planned()).await;
        assert_eq!(came.status, 201, "{}", came.body);
        let one = written(&came);
        assert_eq!(one.starts_at, "2026-06-07T17:00:00Z".parse().unwrap());
        assert_eq!(one.progress(now().0), Progress::ToCome);
        assert_eq!(told(&came), [Told::Ahead]);
    }

    #[tokio::test]
    async fn planned_work_a_day_too_late_is_refused_and_by_the_operator_s_own_lead_time() {
        let mut late = planned();
        late["starts_at"] = json!("2026-06-07T23:59");
        check(Known::default(), "", late)
            .await
            .is_refused(409, "lead_time_too_short");
        let mut settings = facts().operator;
        settings.ahead.maintenance_days = 8;
        let known = Known {
            operator: Some(settings),
            ..Known::default()
        };
        check(known, "", planned())
            .await
            .is_refused(409, "lead_time_too_short");
    }

    #[tokio::test]
    async fn what_comes_without_notice_is_recorded_at_once_with_its_category() {
        let mut body = planned();
        body["category"] = json!("accident");
        body["starts_at"] = json!("2026-06-01T11:55");
        body["planned_end"] = json!("");
        let came = check(Known::default(), "", body.clone()).await;
        assert_eq!(written(&came).progress(now().0), Progress::Ongoing);
        assert_eq!(told(&came), [], "the notice follows the end");
        for category in ["", "whim"] {
            body["category"] = json!(category);
            let came = check(Known::default(), "", body.clone()).await;
            assert_eq!(
                (came.status, &came.body["errors"][0]["field"]),
                (422, &json!("category"))
            );
        }
    }

    #[tokio::test]
    async fn the_end_is_always_told_and_comes_once() {
        let (known, path) = ongoing();
        let sample = sample(include_str!(
            "../../../../events/operations/interruption-end.json"
        ));
        let came = check(known, &format!("{path}/end"), sample).await;
        assert_eq!(written(&came).ended_at, Some(now().0));
        assert_eq!(told(&came), [Told::Afterwards]);
        let (mut known, path) = ongoing();
        known.interruptions = vec![written(&came).clone()];
        check(known, &format!("{path}/end"), json!({}))
            .await
            .is_refused(409, "interruption_over");
        let (known, path) = ongoing();
        let future = json!({"ended_at": "2026-06-01T12:01"});
        check(known, &format!("{path}/end"), future)
            .await
            .is_refused(409, "end_in_the_future");
    }

    #[tokio::test]
    async fn planned_work_is_called_off_and_that_is_told_while_what_has_begun_is_not() {
        let (known, path) = ongoing();
        check(known, &format!("{path}/calling-off"), json!({}))
            .await
            .is_refused(409, "already_begun");
        let one = interruption(now().0 + 1.hour());
        let path = format!("/{}/calling-off", one.id);
        let known = Known {
            interruptions: vec![one],
            ..Known::default()
        };
        let sample = sample(include_str!(
            "../../../../events/operations/interruption-calling-off.json"
        ));
        let came = check(known, &path, sample).await;
        assert_eq!(told(&came), [Told::CalledOff]);
    }

    #[tokio::test]
    async fn a_word_for_the_status_page_is_in_both_languages() {
        let (known, path) = ongoing();
        let body = sample(include_str!(
            "../../../../events/operations/interruption-update.json"
        ));
        let came = check(known, &format!("{path}/updates"), body).await;
        assert_eq!(written(&came).updates.len(), 1);
        assert_eq!(told(&came), []);
        let (known, path) = ongoing();
        let came = check(
            known,
            &format!("{path}/updates"),
            json!({"ja": "調査中です。"}),
        )
        .await;
        came.is_refused(422, "required");
    }
}

#[tokio::test]
async fn to_an_operator_of_another_group_and_for_an_unknown_one_nothing_is_there() {
    for (groups, path) in [(&["billing"], ""), (&["legal"], "")] {
        let path = format!("/console/interruptions{path}");
        let came = post(Known::default(), &operator("o", groups), &path, json!({})).await;
        came.is_refused(404, "not_found");
    }
    for id in ["i-0000000000000000", "x"] {
        let came = check(Known::default(), &format!("/{id}/end"), json!({})).await;
        came.is_refused(404, "not_found");
    }
}
