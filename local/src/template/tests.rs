//! The repository's own template, and templates that cannot be run.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use super::model::{PartialFailures, Stack};
use super::{Document, Surroundings, TemplateError, line_of};

const TEMPLATE: &str = include_str!("../../../template.yaml");

fn surroundings() -> Surroundings {
    let parameters = [
        ("PortalUrl", "http://127.0.0.1:8080"),
        ("DeviceTrustAnchor", "-----BEGIN CERTIFICATE-----\n"),
    ];
    Surroundings {
        portal_url: "http://127.0.0.1:8080".to_owned(),
        aws_url: "http://127.0.0.1:4566".to_owned(),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        secrets: BTreeMap::from(
            ["SessionSecret", "RegisterSecret", "CertificateSecret"]
                .map(|name| (name.to_owned(), "s3cret".to_owned())),
        ),
    }
}

fn resolve(text: &str) -> Result<Stack, TemplateError> {
    Document::parse(text)?.resolve(&surroundings())
}

#[test]
fn the_repositorys_template_is_understood_as_a_whole() {
    let stack = resolve(TEMPLATE).unwrap();
    let tables: Vec<&str> = stack
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    assert_eq!(tables, ["ciero-main", "ciero-confidential"]);
    assert_eq!(
        stack.tables[0].expires_attribute.as_deref(),
        Some("expires_at")
    );
    assert_eq!(
        stack.tables[0].create["KeySchema"][0]["AttributeName"],
        "PK"
    );
    let buckets = [
        "ciero-screening-lists-000000000000",
        "ciero-disclosures-000000000000",
        "ciero-exports",
    ];
    assert_eq!(stack.buckets, buckets);
    assert_eq!(stack.device_policies, ["ciero-device"]);
    assert_eq!(
        stack.role_aliases[0].role_arn,
        "arn:aws:iam::000000000000:role/DeviceRole"
    );
    let names: Vec<&str> = stack
        .functions
        .iter()
        .map(|function| function.name.as_str())
        .collect();
    let mut known = crate::functions::NAMES.to_vec();
    known.sort_unstable();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, known);
    let throttle = stack.throttle.unwrap();
    assert_eq!(
        (throttle.requests_per_second, throttle.burst),
        (100.0, 200.0)
    );
}

#[test]
fn a_function_has_its_own_environment_over_the_common_one() {
    let stack = resolve(TEMPLATE).unwrap();
    let function = stack
        .functions
        .iter()
        .find(|function| function.name == "device-provisioning")
        .unwrap();
    let variable = |name: &str| function.environment[name].as_str();
    assert_eq!(variable("MAIN_TABLE"), "ciero-main");
    assert_eq!(variable("SESSION_KEY"), "s3cret");
    assert_eq!(variable("DEVICE_ROLE_ALIAS"), "ciero-device");
    assert_eq!(
        variable("NOTICE_QUEUE_URL"),
        "http://127.0.0.1:4566/000000000000/ciero-notices"
    );
    let issuer = "http://127.0.0.1:8080/_local/sign-in/ap-northeast-1_CustomerPool";
    assert_eq!(variable("CUSTOMER_ISSUER"), issuer);
    assert_eq!(function.timeout, Duration::from_secs(20));
    assert_eq!(
        (function.memory_mb, function.log_format.as_str()),
        (256, "JSON")
    );
    assert_eq!(function.log_level, "INFO");
    let portal = stack
        .functions
        .iter()
        .find(|function| function.name == "portal")
        .unwrap();
    assert!(!portal.environment.contains_key("DEVICE_ROLE_ALIAS"));
}

#[test]
fn queues_pools_and_sources_carry_what_they_declare() {
    let stack = resolve(TEMPLATE).unwrap();
    let notices = stack
        .queues
        .iter()
        .find(|queue| queue.name == "ciero-notices")
        .unwrap();
    let redrive: serde_json::Value =
        serde_json::from_str(&notices.attributes["RedrivePolicy"]).unwrap();
    assert_eq!(
        redrive["deadLetterTargetArn"],
        "arn:aws:sqs:ap-northeast-1:000000000000:ciero-notices-dead"
    );
    assert_eq!(redrive["maxReceiveCount"], 5);
    assert_eq!(notices.attributes["VisibilityTimeout"], "120");
    let operators = stack
        .pools
        .iter()
        .find(|pool| pool.name == "ciero-operators")
        .unwrap();
    assert!(operators.groups.contains(&"screener".to_owned()));
    assert_eq!(
        operators.clients[0].callback_urls,
        ["http://127.0.0.1:8080/auth/callback"]
    );
    assert_eq!(operators.minimum_password_length, 12);
    let source = stack
        .queue_sources
        .iter()
        .find(|source| source.queue == "ciero-notices")
        .unwrap();
    assert_eq!(source.function, "notification");
    assert_eq!(source.partial_failures, PartialFailures::Reported);
    let relay = stack
        .schedules
        .iter()
        .find(|schedule| schedule.function == "notification")
        .unwrap();
    assert_eq!(relay.expression, "rate(1 minute)");
    let [rule] = stack.event_rules.as_slice() else {
        panic!("one rule was expected: {:?}", stack.event_rules);
    };
    assert_eq!(rule.function, "notification");
    assert_eq!(rule.pattern["source"], serde_json::json!(["aws.ses"]));
    let [set] = stack.mail_sets.as_slice() else {
        panic!("one set was expected: {:?}", stack.mail_sets);
    };
    assert_eq!(set.name, "ciero-notices");
    assert_eq!(
        set.event_types,
        ["DELIVERY", "BOUNCE", "COMPLAINT", "REJECT"]
    );
    let live = stack
        .routes
        .iter()
        .find(|route| route.path == "/cameras/{id}/live")
        .unwrap();
    assert_eq!(
        (live.method.as_str(), live.function.as_str()),
        ("POST", "playback-url")
    );
}

#[test]
fn secrets_are_known_before_the_template_is_resolved() {
    let secrets = Document::parse(TEMPLATE).unwrap().secrets();
    assert_eq!(
        (secrets[0].name.as_str(), secrets[0].length),
        ("SessionSecret", 64)
    );
}

/// The error of the repository's template with one text replaced by another.
fn broken(from: &str, to: &str) -> String {
    assert!(TEMPLATE.contains(from), "the template has no {from}");
    resolve(&TEMPLATE.replacen(from, to, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_broken_template_is_told_in_one_sentence_with_its_place() {
    let check = |from, to, sentence: &str| {
        let told = broken(from, to);
        assert!(told.ends_with(sentence), "{told}");
        assert!(told.starts_with("line ") && !told.contains('\n'), "{told}");
    };
    check(
        "AWS::Logs::LogGroup",
        "AWS::Logs::LogGrop",
        "the local cloud does not offer AWS::Logs::LogGrop",
    );
    check(
        "!Ref MainTable",
        "!Ref MainTabel",
        "nothing in the template is named MainTabel",
    );
    check(
        "!GetAtt MainTable.Arn",
        "!GetAtt MainTable.Arm",
        "the local cloud knows no attribute Arm of MainTable (AWS::DynamoDB::Table)",
    );
    check(
        "!Ref MainTable",
        "!Select [0, [a]]",
        "the function !Select is not understood by the local cloud",
    );
    check(
        "${!credentials-iot",
        "${credentials-iot",
        "nothing in the template is named credentials-iot:ThingName",
    );
    check(
        "Path: \"/apply\"",
        "Pad: \"/apply\"",
        "the property Path is missing",
    );
    check(
        "Path: \"/apply\"",
        "Path: \"apply\"",
        "a path begins with /",
    );
    check(
        "Schedule: rate(1 minute)",
        "Schedule: rate(1 minutes)",
        "a rate is a whole number from 1 and minutes, hours or days, in the singular for 1",
    );
    check(
        "Type: Schedule",
        "Type: Kinesis",
        "the local cloud offers no event of type Kinesis",
    );
    check(
        "source: [aws.ses]",
        "source: [{ prefix: aws }]",
        "the local cloud offers patterns of exact texts only",
    );
    check(
        "ConfigurationSetName: !Ref MailConfigurationSet",
        "ConfigurationSetName: other",
        "there is no configuration set other",
    );
    check(
        "BatchSize: 10",
        "BatchSize: 11",
        "the local cloud offers batches of 1 to 10, with a batching window up to 100",
    );
    check(
        "VisibilityTimeout: 120",
        "VisibilityTimeout: soon",
        "a whole number is needed here",
    );
    check(
        "        maxReceiveCount: 5\n",
        "",
        "a redrive policy needs deadLetterTargetArn and maxReceiveCount",
    );
    check(
        "    Default: INFO",
        "    Default: TRACE",
        "TRACE is not one of the allowed values",
    );
    check(
        "Transform: AWS::Serverless-2016-10-31",
        "Transform: Other",
        "the transform must be AWS::Serverless-2016-10-31",
    );
    check(
        "Outputs:",
        "Mappings:",
        "the section Mappings is not understood by the local cloud",
    );
    check(
        "    DeletionPolicy: Retain",
        "    Condition: Production",
        "Condition is not understood by the local cloud",
    );
    check(
        "SessionSecret}:SecretString",
        "SessionSecret}:Key",
        "this dynamic reference is not understood by the local cloud",
    );
}

#[test]
fn the_line_of_a_fault_is_the_line_in_the_file() {
    let told = broken("Schedule: rate(1 minute)", "Schedule: often");
    let line = TEMPLATE
        .lines()
        .position(|line| line.contains("Schedule: rate(1 minute)"))
        .unwrap()
        + 1;
    assert!(told.starts_with(&format!("line {line}, ")), "{told}");
}

#[test]
fn text_that_is_no_template_is_refused() {
    for text in [
        "",
        "- a",
        "a: [",
        "a: 1\na: 2",
        "Resources: {}",
        "\u{0}",
        "Transform: AWS::Serverless-2016-10-31",
    ] {
        let error = Document::parse(text).unwrap_err().to_string();
        assert!(
            !error.is_empty() && !error.contains('\n'),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_parameter_without_a_value_is_refused() {
    let text = TEMPLATE.replacen("    Default: no-reply@portal.example.jp\n", "", 1);
    let error = resolve(&text).unwrap_err();
    assert_eq!(error.sentence, "the parameter MailSender has no value");
    assert_eq!(error.place, "Parameters.MailSender");
}

#[test]
fn a_place_inside_a_flow_mapping_counts_to_the_line_that_opens_it() {
    let text = "A:\n  B: { C: 1 }\n  D:\n    B: 2\n";
    assert_eq!(line_of(text, "A.B.C"), Some(2));
    assert_eq!(line_of(text, "A.D.B"), Some(4));
    assert_eq!(line_of(text, "A.X"), Some(1));
    assert_eq!(line_of(text, "X"), None);
}
