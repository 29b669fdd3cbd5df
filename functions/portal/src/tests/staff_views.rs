//! The pages of staff views, and what customers read of them (21-7).

use ciero_domain::ids::{MessageId, StaffViewId};
use ciero_domain::samples::new_staff_view;
use ciero_domain::staff_view::{NewStaffView, Pictures, StaffView};
use ciero_ports::AuditRow;
use jiff::{Timestamp, ToSpan};

use super::support::*;

/// A view that the operator asked for.
fn asked(by: &str, pictures: Pictures) -> StaffView {
    let new = NewStaffView {
        reason: "The picture is torn".into(),
        pictures,
        ..new_staff_view()
    };
    let id = StaffViewId::from_random([7; 10]);
    let (contract, camera) = (contract(), camera(20, "Entrance"));
    StaffView::ask(id, new, (&contract, &camera), by, noon()).unwrap()
}

fn granted(by: &str, pictures: Pictures) -> StaffView {
    let asked = asked(by, pictures);
    asked.grant(&contract(), "operator:kato", noon()).unwrap()
}

fn an_hour() -> Pictures {
    Pictures::Recorded {
        from: at("2026-06-01T02:00:00Z"),
        to: noon(),
    }
}

fn knowing(view: StaffView) -> World {
    World::new().with(|w| w.back.staff_views = vec![view])
}

pub fn place() -> String {
    let id = StaffViewId::from_random([7; 10]);
    format!("/console/contracts/{}/views/{id}", contract().id)
}

/// A world whose signed-in operator may look at a recording.
pub fn looking() -> World {
    knowing(granted("operator:suzuki", an_hour()))
}

/// A world in which another's request waits.
pub fn waiting() -> World {
    knowing(asked("operator:tanaka", Pictures::Live))
}

async fn page(world: &World) -> Answer {
    world.open(&place(), &world.staff(&["support"])).await
}

#[tokio::test]
async fn art_21_who_asked_sees_the_player_of_exactly_the_granted_span() {
    let millis = |at: Timestamp| at.as_millisecond();
    let (from, to) = (at("2026-06-01T02:00:00Z"), noon());
    page(&looking()).await.shows(&[
        &format!("data-sessions=\"{}\"", place()),
        &format!(
            "data-earliest=\"{}\" data-latest=\"{}\"",
            millis(from),
            millis(to)
        ),
        "障害の解析",
        "T-1024",
        "The picture is torn",
        "kato",
        "/closing\"",
    ]);
    page(&looking()).await.hides(&["data-live", "/grant\""]);
    let live = page(&knowing(granted("operator:suzuki", Pictures::Live))).await;
    live.shows(&["data-live"])
        .hides(&["data-latest", "data-at"]);
}

#[tokio::test]
async fn art_21_nobody_else_sees_the_player() {
    let others = granted("operator:tanaka", Pictures::Live);
    page(&knowing(others)).await.hides(&["data-camera"]);
    let over = looking().with(|w| w.now = noon() + 15.minutes());
    page(&over)
        .await
        .shows(&["終了"])
        .hides(&["data-camera", "/closing\""]);
    let own = page(&knowing(asked("operator:suzuki", Pictures::Live))).await;
    own.shows(&["/closing\""])
        .hides(&["/grant\"", "data-camera"]);
    page(&waiting()).await.shows(&["/grant\"", "/closing\""]);
}

#[tokio::test]
async fn art_21_to_every_other_group_the_pages_do_not_exist() {
    let world = looking();
    let list = world
        .open("/console/views", &world.staff(&["support"]))
        .await;
    list.shows(&["T-1024", &place(), "閲覧可"]);
    let contract_page = format!("/console/contracts/{}", contract().id);
    let support = world.open(&contract_page, &world.staff(&["support"])).await;
    support.shows(&["映像の閲覧を申請する", "/views\""]);
    for group in ["screener", "billing", "legal", "publisher", "contracts"] {
        let staff = world.staff(&[group]);
        for path in ["/console/views", &place()] {
            assert_eq!(world.ask(path, &staff).await.code(), "not_found", "{path}");
        }
        world
            .open(&contract_page, &staff)
            .await
            .hides(&["/views\""]);
    }
    let unknown = place().replace("/views/v-", "/views/v-z");
    for path in [unknown.as_str(), "/console/contracts/c-1/views/v-1"] {
        let answer = world.ask(path, &world.staff(&["support"])).await;
        assert_eq!(answer.code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn art_21_the_customer_reads_who_why_which_camera_which_time_and_when() {
    let view = granted("operator:suzuki", an_hour());
    let stretch = Pictures::Recorded {
        from: at("2026-06-01T02:10:00Z"),
        to: at("2026-06-01T02:20:00Z"),
    };
    let id = MessageId::from_random([1; 10]);
    let by = ("operator:suzuki", noon());
    let row = AuditRow::of_staff_view(id, &view, ("staff_recording", stretch), by);
    let world = World::new().with(|w| w.trail = vec![row]);
    let page = world
        .open("/users", &world.customer(&administrator()))
        .await;
    page.shows(&[
        "運営会社の保守担当",
        "保守閲覧（録画）",
        "障害の解析",
        "2026年6月1日 11:10",
        "2026年6月1日 11:20",
        "Entrance",
        "2026年6月1日 12:00",
    ]);
    page.hides(&["suzuki", "The picture is torn"]);
}
