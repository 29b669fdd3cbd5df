//! 3-4: whatever the ground, everything outside the confidential table is the same bytes.

use axum::http::{Request, header};
use ciero_domain::screening::Ground;
use ciero_ports::{Decision, Write};
use serde_json::json;

use super::bench::{Reply, Scene};
use super::records::refusal;

const PATH: &str = "/console/applications/a-0000000000000000/decision";

/// Declines on a ground and returns the answer with all that leaves screening.
async fn declined_on(ground: Ground, reason: &str, signal: Option<Ground>) -> (Reply, String) {
    let mut scene = Scene::in_screening(signal);
    if ground == Ground::AntisocialForces {
        // Two must agree on this ground; what is compared is the decision that takes effect.
        let screening = scene.screening.as_mut().unwrap();
        screening.judgements.push(refusal("operator-2", ground));
    }
    let bench = scene.open();
    let body = json!({"decision": "decline", "ground": ground.code(), "reason": reason});
    let request = Request::post(PATH)
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "one");
    let mut request = request.body(body.to_string().into()).unwrap();
    bench.sign_in(&mut request, "operator-1", &["screener"]);
    let reply = bench.send(request).await;
    assert_eq!(reply.status, 200);
    let decision = bench.decision();
    assert!(confidential(&decision).contains(reason));
    (reply, outside(decision))
}

fn confidential(decision: &Decision) -> String {
    let writes = decision.writes.iter();
    let kept: Vec<&Write> = writes
        .filter(|w| matches!(w, Write::Screening(_)))
        .collect();
    format!("{kept:?}")
}

/// Writes out everything that goes to the main table and to the queues, in order.
fn outside(mut decision: Decision) -> String {
    decision
        .writes
        .retain(|w| !matches!(w, Write::Screening(_)));
    if let Some(remembered) = &mut decision.remembered {
        // The hash of the operator's request, under the operator's key, tells a repeated request from
        // another one; nobody but the function reads it.
        remembered.request_hash.clear();
    }
    let messages = serde_json::to_string(&decision.messages).unwrap();
    format!(
        "{:?}\n{messages}\n{:?}",
        decision.writes, decision.remembered
    )
}

#[tokio::test]
async fn all_five_grounds_leave_the_same_bytes_outside_screening() {
    let mut seen = Vec::new();
    for ground in Ground::ALL {
        let reason = format!("内部の理由 {}", ground.code().repeat(9));
        for signal in [None, Some(*ground)] {
            let (reply, outside) = declined_on(*ground, &reason, signal).await;
            for text in [reply.body.as_str(), &outside] {
                assert!(!text.contains("内部の"), "{ground}");
                assert!(!text.contains("3-4-"), "{ground}");
            }
            seen.push((reply, outside));
        }
    }
    assert_eq!(seen.len(), 10);
    for other in &seen[1..] {
        assert_eq!(other, &seen[0]);
    }
}
