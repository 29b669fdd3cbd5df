//! A device's first start: codes, certificates, and what a refusal leaves behind.

use super::*;

fn activating(device: Device) -> Ports {
    let mut ports = Ports::default();
    let id = device.id.clone();
    ports
        .devices
        .expect_by_code()
        .withf(|hash| hash == device_code_hash(CODE))
        .returning(move |_| Ok(Some((contract().id, id.clone()))));
    ports.devices.expect_by_code().returning(|_| Ok(None));
    ports
        .devices
        .expect_device()
        .returning(move |_, _| Ok(Some(device.clone())));
    ports
        .devices
        .expect_camera()
        .returning(|_, _| Ok(Some(camera())));
    ports
        .things
        .expect_credential_endpoint()
        .returning(|| Ok("127.0.0.1:1".into()));
    ports
        .streams
        .expect_ensure()
        .withf(|name, hours| name == "ciero-k-1" && *hours == 720)
        .returning(|_, _| Ok(()));
    ports
}

#[tokio::test]
async fn a_code_and_a_request_become_a_certificate_and_a_stream_once() {
    let mut ports = activating(registered());
    ports.things.expect_enroll().returning(|_, _| {
        Ok(Some(Enrolled {
            certificate_id: "cert".into(),
            certificate_pem: "PEM".into(),
        }))
    });
    // People type codes in lower case and without hyphens.
    let (status, body, committed) = call(
        "/devices/activation",
        json!({ "code": "abcdefgh jkmn", "csr": "CSR" }),
        ports,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            body["stream_name"].as_str().unwrap(),
            body["certificate_pem"].as_str().unwrap()
        ),
        ("ciero-k-1", "PEM")
    );
    assert!(body["media_endpoint"].is_null());
    let writes = &committed[0].writes;
    assert!(writes.iter().any(|w| matches!(w, Write::Device(d) if matches!(d.state, DeviceState::Active { .. }) && d.version == 2)));
    assert!(writes.iter().any(|w| matches!(w, Write::ForgetCode { .. })));
}

#[tokio::test]
async fn a_wrong_a_used_and_an_expired_code_get_the_same_answer() {
    let used = device(DeviceState::Active {
        certificate_id: "cert".into(),
        since: now(),
    });
    let expired = device(DeviceState::Registered {
        code_hash: device_code_hash(CODE),
        code_expires_at: now(),
    });
    let wrong = call(
        "/devices/activation",
        json!({ "code": "ZZZZ", "csr": "CSR" }),
        activating(registered()),
    )
    .await;
    for ports in [activating(used), activating(expired)] {
        let answer = call(
            "/devices/activation",
            json!({ "code": CODE, "csr": "CSR" }),
            ports,
        )
        .await;
        assert_eq!(
            (answer.0, answer.1.to_string(), answer.2.len()),
            (403, wrong.1.to_string(), 0)
        );
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_uses_up_no_code_and_makes_no_stream() {
    let mut ports = activating(registered());
    // Whoever asks for a stream now meets a mock that expects nothing.
    ports.streams = MockStreams::new();
    ports.things.expect_enroll().returning(|_, _| Ok(None));
    let (status, body, committed) = call(
        "/devices/activation",
        json!({ "code": CODE, "csr": "garbage" }),
        ports,
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap(), committed.len()),
        (422, "request_invalid", 0)
    );
}

#[tokio::test]
async fn a_stream_that_cannot_be_made_leaves_no_valid_certificate() {
    let mut ports = activating(registered());
    ports.streams = MockStreams::new();
    ports.streams.expect_ensure().returning(|_, _| {
        Err(ciero_ports::CloudError {
            service: "Kinesis Video",
            detail: "not now".into(),
        })
    });
    ports.things.expect_enroll().returning(|_, _| {
        Ok(Some(Enrolled {
            certificate_id: "cert".into(),
            certificate_pem: "PEM".into(),
        }))
    });
    ports
        .things
        .expect_revoke()
        .withf(|thing, id| (thing, id) == ("ciero-k-1", "cert"))
        .times(1)
        .returning(|_, _| Ok(()));
    let body = json!({ "code": CODE, "csr": "CSR" });
    let (status, _, committed) = call("/devices/activation", body, ports).await;
    assert_eq!((status, committed.len()), (503, 0));
}

#[tokio::test]
async fn of_the_certificates_that_one_request_made_only_the_told_one_stays_valid() {
    let mut ports = Ports {
        conflicts: [WriteKind::Entity].into(),
        ..activating(registered())
    };
    let made = AtomicUsize::new(0);
    ports.things.expect_enroll().returning(move |_, _| {
        let n = made.fetch_add(1, Ordering::Relaxed);
        Ok(Some(Enrolled {
            certificate_id: format!("cert-{n}"),
            certificate_pem: format!("PEM-{n}"),
        }))
    });
    ports
        .things
        .expect_revoke()
        .withf(|thing, id| (thing, id) == ("ciero-k-1", "cert-0"))
        .times(1)
        .returning(|_, _| Ok(()));
    let body = json!({ "code": CODE, "csr": "CSR" });
    let (status, body, committed) = call("/devices/activation", body, ports).await;
    assert_eq!((status, committed.len()), (200, 1));
    assert_eq!(body["certificate_pem"], "PEM-1");
}

#[tokio::test]
async fn an_activation_that_is_repeated_with_its_key_gets_the_same_certificate() {
    let mut ports = activating(registered());
    ports.things.expect_enroll().times(1).returning(|_, _| {
        Ok(Some(Enrolled {
            certificate_id: "cert".into(),
            certificate_pem: "PEM".into(),
        }))
    });
    let (app, committed) = app(ports);
    let gate = app.gate.clone();
    let ask = async |body: serde_json::Value| {
        let (now, call) = (Moment(now()), ("/devices/activation", "k-1"));
        testing::post_under_key(router(app.clone()), &gate, now, call, &body).await
    };
    let request = json!({ "code": CODE, "csr": "CSR" });
    let first = ask(request.clone()).await;
    assert_eq!((first.0, &first.1["certificate_pem"]), (200, &json!("PEM")));
    // The store no longer knows the code by now; the answer does not depend on it.
    assert_eq!(ask(request).await, first);
    assert_eq!(committed.lock().unwrap().len(), 1);
    let other = ask(json!({ "code": CODE, "csr": "ANOTHER" })).await;
    assert_eq!(
        (other.0, &other.1["code"]),
        (422, &json!("idempotency_key_reused"))
    );
}
