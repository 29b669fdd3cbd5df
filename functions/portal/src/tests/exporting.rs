//! What customers see of their backups: the form, the list, the files, and that nothing is restored (9, 15-2).

use super::support::*;
use ciero_domain::export::{Export, Failure, File, KEPT, State, What};
use ciero_domain::ids::{ExportId, UserId};
use ciero_domain::user::Right;
use jiff::SignedDuration;

fn export(n: u8, what: What, by: UserId) -> Export {
    let mut export = Export::ask(
        ExportId::from_random([n; 10]),
        contract().id,
        what,
        by,
        noon(),
    );
    export.files.push(File {
        name: format!("file-{n}.mp4"),
        bytes: 12_300_000,
        sha256: "ab".repeat(32),
        plays_ms: Some(3_723_000),
    });
    export
}

fn recordings() -> What {
    What::Recordings {
        camera: camera(20, "").id,
        from: at("2026-05-31T00:00:00Z"),
        until: at("2026-06-01T00:00:00Z"),
        visible_from: at("2026-05-01T00:00:00Z"),
    }
}

/// One export of each state.
pub fn world() -> World {
    let by = || administrator().id;
    World::new().with(|w| {
        let mut done = export(1, recordings(), by()).ended(State::Done { at: noon() });
        done.gaps = Some(2);
        let why = Failure::NotEntitled;
        w.exports = vec![
            done,
            export(2, What::RegisteredData, by()).ended(State::Failed { at: noon(), why }),
            export(3, recordings(), by()),
            export(4, What::RegisteredData, by()).ended(State::Done { at: noon() - KEPT }),
        ];
    })
}

#[tokio::test]
async fn art_09_the_list_tells_files_gaps_and_that_nothing_is_restored() {
    let world = world();
    let page = world
        .open("/exports", &world.customer(&administrator()))
        .await;
    assert_eq!(page.status, 200);
    page.shows(&[
        "復元することはできません",
        "録画のない時間帯が2か所",
        "1:02:03",
        "作成中",
        "取得期限切れ",
    ]);
    let done = ExportId::from_random([1; 10]);
    page.shows(&[
        &format!("/exports/{done}/files/file-1.mp4"),
        &"ab".repeat(32),
    ]);
    page.hides(&["file-2.mp4", "file-3.mp4", "file-4.mp4"]);
}

#[tokio::test]
async fn art_18_a_registered_user_sees_the_own_exports_only() {
    let world = world().with(|w| {
        w.exports
            .push(export(9, recordings(), watcher().id).ended(State::Done { at: noon() }))
    });
    let page = world.open("/exports", &world.customer(&watcher())).await;
    page.shows(&["file-9.mp4"])
        .hides(&["file-1.mp4", "registered_data"]);
}

#[tokio::test]
async fn art_18_only_who_may_export_is_offered_the_form() {
    let camera_page = format!("/cameras/{}", camera(20, "").id);
    let action = format!("{camera_page}/exports");
    let world = World::new();
    let page = world
        .open(&camera_page, &world.customer(&administrator()))
        .await;
    page.shows(&[&action, "この範囲を保存"]);
    let page = world.open(&camera_page, &world.customer(&watcher())).await;
    page.hides(&[&action]);
    let granted = world.with(|w| {
        let since = noon() - SignedDuration::from_hours(2);
        let rights = [Right::View, Right::Export];
        let user = w.users.iter_mut().find(|u| u.id == watcher().id).unwrap();
        *user = user
            .clone()
            .with_rights(camera(20, "").id, &rights, since)
            .unwrap();
    });
    let page = granted
        .open(&camera_page, &granted.customer(&watcher()))
        .await;
    page.shows(&[&action]);
}
