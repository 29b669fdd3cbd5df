//! Staff views: with their contract and camera in one read, and gone with the contract (21-7).

use ciero_domain::ids::{ContractId, StaffViewId};
use ciero_domain::samples::new_staff_view;
use ciero_domain::staff_view::StaffView;
use ciero_ports::{CommitError, Decision, Ledger, Purges, StaffViews, Stored, Write, WriteKind};

use crate::samples::*;
use crate::support::{Tables, tables};

fn view() -> StaffView {
    let id = StaffViewId::from_random([7; 10]);
    let (contract, camera) = (contract().0, camera());
    let (new, by) = (new_staff_view(), "operator:tanaka");
    StaffView::ask(id, new, (&contract, &camera), by, now()).unwrap()
}

async fn asked() -> (Tables, StaffView) {
    let t = tables().await;
    let (contract, entry) = contract();
    let view = view();
    let decision = Decision::of(Write::Contract(Box::new(contract), Box::new(entry)))
        .and(Write::Camera(Box::new(camera())))
        .and(Write::StaffView(Box::new(view.clone())));
    t.store.commit(&decision).await.unwrap();
    (t, view)
}

#[tokio::test]
async fn art_21_a_view_comes_back_with_contract_and_camera_and_only_its_next_version_is_written() {
    let (t, view) = asked().await;
    let seen = t.store.staff_seen(&view.contract, &view.id).await.unwrap();
    let seen = seen.unwrap();
    assert_eq!((&seen.view, &seen.camera), (&view, &camera()));
    let granted = view
        .grant(&seen.contract, "operator:suzuki", now())
        .unwrap();
    let decision = Decision::of(Write::StaffView(Box::new(granted.clone())));
    t.store.commit(&decision).await.unwrap();
    let again = t.store.commit(&decision).await;
    assert!(matches!(
        again,
        Err(CommitError::Conflict(WriteKind::Entity))
    ));
    assert_eq!(t.store.newest_staff_views().await.unwrap(), [granted]);
}

#[tokio::test]
async fn art_21_a_view_of_another_contract_or_of_none_is_not_there() {
    let (t, view) = asked().await;
    let other = ContractId::from_random([8; 10]);
    assert!(
        t.store
            .staff_seen(&other, &view.id)
            .await
            .unwrap()
            .is_none()
    );
    let unknown = StaffViewId::from_random([8; 10]);
    let found = t.store.staff_seen(&view.contract, &unknown).await.unwrap();
    assert!(found.is_none());
}

#[tokio::test]
async fn art_15_a_purge_takes_views_away() {
    let (t, view) = asked().await;
    let application = application_id(1);
    let portion = t.store.portion(&view.contract, &application, None);
    let portion = portion.await.unwrap();
    let goes = |write: &Write| match write {
        Write::Delete(Stored { sort, .. }) => sort.ends_with(view.id.as_str()),
        _ => false,
    };
    assert!(portion.writes.iter().any(goes));
}
