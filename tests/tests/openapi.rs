//! The routes of template.yaml and of infra/openapi.yaml are the same.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

fn declared() -> BTreeSet<String> {
    let template: Value = serde_yaml_ng::from_str(include_str!("../../template.yaml")).unwrap();
    let resources = template["Resources"].as_mapping().unwrap();
    let events = resources
        .values()
        .filter_map(|resource| resource["Properties"]["Events"].as_mapping());
    let routes = events
        .flat_map(|events| events.values())
        .filter(|event| event["Type"].as_str() == Some("HttpApi"));
    let name = |event: &Value| {
        let (method, path) = (&event["Properties"]["Method"], &event["Properties"]["Path"]);
        format!("{} {}", method.as_str().unwrap(), path.as_str().unwrap())
    };
    routes.map(name).collect()
}

fn documented() -> BTreeSet<String> {
    let document: Value =
        serde_yaml_ng::from_str(include_str!("../../infra/openapi.yaml")).unwrap();
    let mut found = BTreeSet::new();
    for (path, operations) in document["paths"].as_mapping().unwrap() {
        for method in operations
            .as_mapping()
            .unwrap()
            .keys()
            .filter_map(Value::as_str)
            .filter(|key| *key != "parameters")
        {
            found.insert(format!(
                "{} {}",
                method.to_uppercase(),
                path.as_str().unwrap()
            ));
        }
    }
    found
}

#[test]
fn every_route_is_documented_and_every_documented_route_exists() {
    assert_eq!(declared(), documented());
}

/// The paths of POST operations that do not name the idempotency key.
fn commands_without_a_key() -> BTreeSet<String> {
    let document: Value =
        serde_yaml_ng::from_str(include_str!("../../infra/openapi.yaml")).unwrap();
    let key = "#/components/parameters/idempotencyKey";
    let names_it = |operation: &Value| {
        let parameters = operation["parameters"].as_sequence();
        parameters.is_some_and(|all| all.iter().any(|one| one["$ref"].as_str() == Some(key)))
    };
    let paths = document["paths"].as_mapping().unwrap().iter();
    let commands = paths.filter(|(_, operations)| !operations["post"].is_null());
    commands
        .filter(|(_, operations)| !names_it(&operations["post"]))
        .map(|(path, _)| path.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_command_but_those_that_only_read_offers_an_idempotency_key() {
    let players = ["/cameras/{id}", "/console/contracts/{id}/views/{view}"];
    let verbs = ["intervals", "live", "recording"];
    let reading = players.map(|player| verbs.map(|verb| format!("{player}/{verb}")));
    let reading = reading.into_iter().flatten().collect();
    assert_eq!(commands_without_a_key(), reading);
}
