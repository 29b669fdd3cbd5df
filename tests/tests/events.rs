//! Every sample event names a function of template.yaml and something that wakes it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What wakes each function: its routes as "METHOD /path", the kinds of its rules as "source kind", and "SQS" and
/// "Schedule" where it has such a source.
fn triggers() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(Path::new(ROOT).join("template.yaml")).unwrap();
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    let resources = template["Resources"].as_mapping().unwrap();
    let functions = resources
        .values()
        .filter(|r| r["Type"].as_str() == Some("AWS::Serverless::Function"));
    let triggers = |function: &serde_yaml_ng::Value| {
        let events = function["Properties"]["Events"]
            .as_mapping()
            .unwrap()
            .clone();
        let some = |event: &serde_yaml_ng::Value| match event["Type"].as_str().unwrap() {
            "HttpApi" => vec![format!(
                "{} {}",
                event["Properties"]["Method"].as_str().unwrap(),
                event["Properties"]["Path"].as_str().unwrap()
            )],
            "EventBridgeRule" => kinds(&event["Properties"]["Pattern"]),
            other => vec![other.to_owned()],
        };
        events.values().flat_map(some).collect()
    };
    functions
        .map(|f| {
            (
                f["Properties"]["FunctionName"].as_str().unwrap().to_owned(),
                triggers(f),
            )
        })
        .collect()
}

/// Every "source kind" of a rule's pattern.
fn kinds(pattern: &serde_yaml_ng::Value) -> Vec<String> {
    let texts = |key: &str| -> Vec<String> {
        let values = pattern[key].as_sequence().unwrap().iter();
        values.map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    let kinds = texts("detail-type");
    let of = |source: String| kinds.iter().map(move |kind| format!("{source} {kind}"));
    texts("source").into_iter().flat_map(of).collect()
}

fn trigger_of(event: &Value) -> Option<String> {
    if let Some(route) = event["routeKey"].as_str() {
        return Some(route.to_owned());
    }
    if event["Records"][0]["eventSource"] == "aws:sqs" {
        return Some("SQS".to_owned());
    }
    match event["source"].as_str()? {
        "aws.events" => Some("Schedule".to_owned()),
        source => Some(format!("{source} {}", event["detail-type"].as_str()?)),
    }
}

#[test]
fn every_sample_wakes_its_function() {
    let triggers = triggers();
    let mut seen = 0;
    for folder in std::fs::read_dir(Path::new(ROOT).join("events")).unwrap() {
        let folder = folder.unwrap().path();
        let function = folder.file_name().unwrap().to_string_lossy().into_owned();
        let known = triggers
            .get(&function)
            .unwrap_or_else(|| panic!("no function {function}"));
        for sample in std::fs::read_dir(&folder).unwrap() {
            let path = sample.unwrap().path();
            let event: Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            // An event without a trigger is a payload that is given to the function by name.
            if let Some(trigger) = trigger_of(&event) {
                assert!(
                    known.contains(&trigger),
                    "{}: {function} is not woken by {trigger}",
                    path.display()
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 20);
}

#[test]
fn every_trigger_of_the_bus_and_the_queues_has_a_sample() {
    for (function, triggers) in triggers() {
        let folder = Path::new(ROOT).join("events").join(&function);
        let samples: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|sample| std::fs::read_to_string(sample.unwrap().path()).unwrap())
            .filter_map(|text| trigger_of(&serde_json::from_str(&text).unwrap()))
            .collect();
        // A route is not asked for here: the pages need no sample.
        let by_event = triggers.iter().filter(|trigger| !trigger.contains('/'));
        for trigger in by_event {
            assert!(samples.contains(trigger), "{function}: {trigger}");
        }
    }
}

#[test]
fn every_function_has_a_sample() {
    for function in triggers().keys() {
        let folder = Path::new(ROOT).join("events").join(function);
        let samples = std::fs::read_dir(&folder).map(Iterator::count).unwrap_or(0);
        assert!(samples > 0, "events/{function} is empty");
    }
}
