//! While use is suspended nothing of it begins anew; what limits it stays open (6-2, 13-1; D-09).

use ciero_domain::contract::Standing;
use ciero_domain::ids::CameraId;
use ciero_domain::user::{Right, Role};
use ciero_ports::Write;
use serde_json::json;

use super::bench::{CAMERA, HANAKO, JIRO, Scene, now, person};

fn suspended() -> Scene {
    let mut scene = Scene::default();
    let mut jiro = person(JIRO, Role::User);
    let camera = CameraId::parse(CAMERA).unwrap();
    jiro = jiro
        .with_rights(camera, &[Right::View, Right::PlayBack], now().0)
        .unwrap();
    scene.users.retain(|user| user.id != jiro.id);
    scene.users.push(jiro);
    scene.contract.standing = Standing::Suspended {
        clause: "13-1-1".into(),
        since: now().0,
    };
    scene
}

#[tokio::test]
async fn nobody_is_added_while_use_is_suspended() {
    let bench = suspended().open();
    let newcomer = json!({"name": "見本 四郎", "email": "shiro@example.jp", "role": "user", "language": "ja", "attestation": "on"});
    let reply = bench.post(HANAKO, "/users", &newcomer).await;
    assert_eq!(reply.problem(), (409, "suspended"));
    assert!(bench.written().is_empty());
}

#[tokio::test]
async fn rights_can_be_taken_away_but_not_given_while_use_is_suspended() {
    let bench = suspended().open();
    let rights = format!("/users/{JIRO}/rights");
    let given = json!({"camera": CAMERA, "view": "on", "export": "on"});
    assert_eq!(
        bench.post(HANAKO, &rights, &given).await.problem(),
        (409, "suspended")
    );
    assert!(bench.written().is_empty());
    let taken = json!({"camera": CAMERA, "view": "on"});
    assert_eq!(bench.post(HANAKO, &rights, &taken).await.status, 200);
    assert!(matches!(bench.decision().writes[0], Write::User(_)));
}
