//! Looking at a customer's video on another operator's grant (21-7).

use ciero_domain::device::Camera;
use ciero_domain::ids::StaffViewId;
use ciero_domain::samples;
use ciero_domain::staff_view::{Ground, Pictures, Progress};
use ciero_ports::{AuditRow, StaffSeen};
use jiff::ToSpan;

use super::*;

fn camera(contract: &ContractId) -> Camera {
    samples::camera(contract, "2026-05-01T00:00:00Z".parse().unwrap())
}

/// The views, and the one camera of each contract.
pub(super) fn ports(
    contracts: &[Contract],
    view: Option<StaffView>,
) -> (MockStaffViews, MockDevices) {
    let (mut views, mut devices) = (MockStaffViews::new(), MockDevices::new());
    let all = contracts.to_vec();
    views.expect_staff_seen().returning(move |contract, id| {
        let view = view
            .clone()
            .filter(|view| view.id == *id && view.contract == *contract);
        let contract = all.iter().find(|one| one.id == *contract);
        Ok(contract.zip(view).map(|(contract, view)| StaffSeen {
            contract: contract.clone(),
            camera: camera(&contract.id),
            view,
        }))
    });
    devices
        .expect_camera()
        .returning(|contract, id| Ok(Some(camera(contract)).filter(|camera| camera.id == *id)));
    (views, devices)
}

fn asked(contract: &Contract) -> StaffView {
    let (id, camera) = (StaffViewId::from_random([7; 10]), camera(&contract.id));
    let new = samples::new_staff_view();
    StaffView::ask(id, new, (contract, &camera), "operator:tanaka", now().0).unwrap()
}

/// A service with one contract and this view of it.
fn knowing(view: impl FnOnce(&Contract) -> StaffView) -> Known {
    let contract = running();
    Known {
        staff_view: Some(view(&contract)),
        ..with(&contract)
    }
}

fn step(verb: &str) -> String {
    let id = StaffViewId::from_random([7; 10]);
    path(&running(), &format!("views/{id}/{verb}"))
}

fn tanaka() -> Session {
    operator("tanaka", &["support"])
}

fn suzuki() -> Session {
    operator("suzuki", &["support"])
}

fn body() -> Value {
    sample(include_str!(
        "../../../../events/operations/staff-view.json"
    ))
}

fn written(came: &Came) -> (&StaffView, &AuditRow) {
    let writes = came.writes();
    let view = writes.iter().find_map(|write| match write {
        Write::StaffView(view) => Some(view.as_ref()),
        _ => None,
    });
    let row = writes.iter().find_map(|write| match write {
        Write::Audit(row) => Some(row.as_ref()),
        _ => None,
    });
    (view.unwrap(), row.unwrap())
}

/// Tells whether the decision rests on the contract as it was read.
fn rests_on_the_contract(came: &Came) -> bool {
    let writes = came.writes().iter();
    let stands =
        |write: &Write| matches!(write, Write::ContractStandsAt(id, _) if *id == running().id);
    writes.into_iter().any(stands)
}

mod art_21 {
    use super::*;

    #[tokio::test]
    async fn a_request_names_ticket_ground_reason_camera_span_and_minutes() {
        let contract = running();
        let came = post(
            with(&contract),
            &tanaka(),
            &path(&contract, "views"),
            body(),
        )
        .await;
        assert_eq!(came.status, 201, "{}", came.body);
        let (view, row) = written(&came);
        let pictures = Pictures::Recorded {
            from: "2026-06-01T02:00:00Z".parse().unwrap(),
            to: "2026-06-01T03:00:00Z".parse().unwrap(),
        };
        assert_eq!(
            (view.pictures, view.ground, view.minutes),
            (pictures, Ground::Fault, 15)
        );
        assert_eq!(
            (view.asked_by.as_str(), &view.grant),
            ("operator:tanaka", &None)
        );
        assert_eq!(row.action, "staff_view_asked");
        assert_eq!(row.detail["from"], "2026-06-01T02:00:00Z");
        assert!(
            !row.detail.to_string().contains(&view.reason),
            "{}",
            row.detail
        );
        assert!(rests_on_the_contract(&came));
    }

    #[tokio::test]
    async fn a_request_that_lacks_something_is_refused_field_by_field() {
        let contract = running();
        for (field, value, code) in [
            ("ticket", "", "required"),
            ("ticket", "株式会社見本", "unprintable"),
            ("reason", " ", "required"),
            ("ground", "", "required"),
            ("ground", "marketing", "choice"),
            ("camera", "", "required"),
            ("camera", "k-zzzzzzzzzzzzzzzz", "choice"),
            ("pictures", "", "required"),
            ("pictures", "all", "choice"),
            ("from", "", "required"),
            ("to", "yesterday", "date"),
            ("minutes", "", "choice"),
            ("minutes", "61", "choice"),
            ("minutes", "0", "choice"),
        ] {
            let mut body = body();
            body[field] = json!(value);
            let came = post(with(&contract), &tanaka(), &path(&contract, "views"), body).await;
            came.is_refused(422, code);
            assert_eq!(came.body["errors"][0]["field"], field);
        }
        for (from, to, code) in [
            ("2026-06-01T12:00", "2026-06-01T12:00", "span_empty"),
            ("2026-06-01T11:00", "2026-06-01T12:01", "span_in_the_future"),
            ("2026-05-31T11:59", "2026-06-01T12:00", "span_too_long"),
            ("2026-05-02T11:59", "2026-05-02T12:30", "outside_retention"),
        ] {
            let mut body = body();
            (body["from"], body["to"]) = (json!(from), json!(to));
            let came = post(with(&contract), &tanaka(), &path(&contract, "views"), body).await;
            came.is_refused(409, code);
        }
    }

    #[tokio::test]
    async fn another_operator_grants_and_the_end_is_fixed() {
        let sample = sample(include_str!(
            "../../../../events/operations/staff-view-grant.json"
        ));
        let came = post(knowing(asked), &suzuki(), &step("grant"), sample).await;
        assert_eq!(came.status, 200, "{}", came.body);
        let (view, row) = written(&came);
        let until = view.grant.as_ref().map(|grant| grant.until);
        assert_eq!(until, Some(now().0 + 15.minutes()));
        assert_eq!(row.action, "staff_view_granted");
        assert_eq!(row.detail["ground"], "fault");
        assert!(rests_on_the_contract(&came));
    }

    #[tokio::test]
    async fn nobody_grants_the_own_request() {
        let came = post(knowing(asked), &tanaka(), &step("grant"), json!({})).await;
        came.is_refused(409, "second_operator_needed");
    }

    #[tokio::test]
    async fn either_closes_a_view_once() {
        let granted = |contract: &Contract| {
            let view = asked(contract);
            view.grant(contract, "operator:suzuki", now().0).unwrap()
        };
        let sample = sample(include_str!(
            "../../../../events/operations/staff-view-closing.json"
        ));
        for who in [tanaka(), suzuki()] {
            let came = post(knowing(granted), &who, &step("closing"), sample.clone()).await;
            let (view, row) = written(&came);
            assert_eq!(view.progress(now().0), Progress::Closed);
            assert_eq!(row.action, "staff_view_closed");
        }
        let closed = |contract: &Contract| {
            let view = asked(contract);
            view.close("operator:tanaka", now().0).unwrap()
        };
        let came = post(knowing(closed), &tanaka(), &step("closing"), json!({})).await;
        came.is_refused(409, "view_over");
        let came = post(knowing(closed), &suzuki(), &step("grant"), json!({})).await;
        came.is_refused(409, "view_not_waiting");
    }

    #[tokio::test]
    async fn to_every_other_group_and_for_an_unknown_view_nothing_is_there() {
        let contract = running();
        let other = StaffViewId::from_random([8; 10]);
        let foreign = ContractId::from_random([8; 10]);
        let known = StaffViewId::from_random([7; 10]);
        for group in ["screener", "billing", "legal", "publisher", "contracts"] {
            let who = operator("x", &[group]);
            for path in [path(&contract, "views"), step("grant"), step("closing")] {
                let came = post(knowing(asked), &who, &path, body()).await;
                came.is_refused(404, "not_found");
            }
        }
        for path in [
            path(&contract, &format!("views/{other}/grant")),
            path(&contract, "views/v-1/grant"),
            format!("/console/contracts/{foreign}/views/{known}/grant"),
            format!("/console/contracts/{foreign}/views"),
        ] {
            let came = post(knowing(asked), &suzuki(), &path, body()).await;
            came.is_refused(404, "not_found");
        }
    }
}
