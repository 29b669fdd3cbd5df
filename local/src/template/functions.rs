//! Reads functions and what wakes them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::TemplateError;
use super::build::{Declared, number, required, text};
use super::document::Resource;
use super::model::{
    EventRule, Function, PartialFailures, QueueSource, Route, ScheduleSource, Stack,
};
use super::resolve::Resolver;
use crate::sources::schedules::Schedule;

pub(super) fn add(
    resolver: &Resolver<'_>,
    stack: &mut Stack,
    resource: &Resource,
    declared: &Declared,
) -> Result<(), TemplateError> {
    let globals = resolver.value(&resolver.document.globals, "Globals")?;
    let function = function(&globals["Function"], declared)?;
    let name = function.name.clone();
    stack.functions.push(function);
    let events = match declared.properties.get("Events") {
        None => return Ok(()),
        Some(Json::Object(events)) => events,
        Some(_) => {
            let place = format!("{}.Events", declared.place);
            return Err(TemplateError::new(&place, "the events are not a mapping"));
        }
    };
    for (event, body) in events {
        let place = format!("{}.Events.{event}", declared.place);
        let kind = text(body, "Type", &place)?;
        let place_of_properties = format!("{place}.Properties");
        let empty = json!({});
        let properties = body.get("Properties").unwrap_or(&empty);
        match kind.as_str() {
            "HttpApi" => stack
                .routes
                .push(route(&name, properties, &place_of_properties)?),
            "SQS" => {
                stack
                    .queue_sources
                    .push(queue_source(&name, properties, &place_of_properties)?)
            }
            "Schedule" => {
                let rule = format!("{}{event}", resource.name);
                let schedule = schedule(rule, &name, properties, &place_of_properties)?;
                stack.schedules.extend(schedule);
            }
            "EventBridgeRule" => {
                let rule = event_rule(&name, properties, &place_of_properties)?;
                stack.event_rules.extend(rule);
            }
            kind => {
                let place = format!("{place}.Type");
                let sentence = format!("the local cloud offers no event of type {kind}");
                return Err(TemplateError::new(&place, sentence));
            }
        }
    }
    Ok(())
}

fn function(globals: &Json, declared: &Declared) -> Result<Function, TemplateError> {
    let own = &declared.properties;
    let either = |property: &str| own.get(property).or_else(|| globals.get(property));
    let setting = |property: &str, default: u64| -> Result<u64, TemplateError> {
        match declared.number(property)? {
            Some(number) => Ok(number),
            None => Ok(number(globals, property, "Globals.Function")?.unwrap_or(default)),
        }
    };
    let logging = either("LoggingConfig").cloned().unwrap_or(json!({}));
    let log =
        |property: &str, default: &str| logging[property].as_str().unwrap_or(default).to_owned();
    let mut environment = variables(globals, "Globals.Function")?;
    environment.extend(variables(own, &declared.place)?);
    Ok(Function {
        name: declared.name.clone(),
        description: own["Description"].as_str().unwrap_or_default().to_owned(),
        environment,
        memory_mb: setting("MemorySize", 128)?,
        timeout: Duration::from_secs(setting("Timeout", 3)?),
        log_format: log("LogFormat", "Text"),
        log_level: log("ApplicationLogLevel", "INFO"),
        handler: either("Handler")
            .and_then(Json::as_str)
            .unwrap_or("bootstrap")
            .to_owned(),
        reserved_concurrency: declared
            .number("ReservedConcurrentExecutions")?
            .and_then(|runs| usize::try_from(runs).ok()),
    })
}

fn variables(properties: &Json, place: &str) -> Result<BTreeMap<String, String>, TemplateError> {
    let variables = properties["Environment"]["Variables"].as_object();
    variables
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = match value {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                Json::Bool(truth) => truth.to_string(),
                _ => {
                    let place = format!("{place}.Environment.Variables.{name}");
                    return Err(TemplateError::new(&place, "a single value is needed here"));
                }
            };
            Ok((name.clone(), value))
        })
        .collect()
}

fn route(function: &str, properties: &Json, place: &str) -> Result<Route, TemplateError> {
    let path = text(properties, "Path", place)?;
    if !path.starts_with('/') {
        let place = format!("{place}.Path");
        return Err(TemplateError::new(&place, "a path begins with /"));
    }
    Ok(Route {
        method: match text(properties, "Method", place)?
            .to_ascii_uppercase()
            .as_str()
        {
            "X-AMAZON-APIGATEWAY-ANY-METHOD" => "ANY".to_owned(),
            method => method.to_owned(),
        },
        path,
        function: function.to_owned(),
    })
}

fn queue_source(
    function: &str,
    properties: &Json,
    place: &str,
) -> Result<QueueSource, TemplateError> {
    let arn = text(properties, "Queue", place)?;
    let responses = properties["FunctionResponseTypes"].as_array();
    let reports = responses
        .into_iter()
        .flatten()
        .any(|kind| kind == "ReportBatchItemFailures");
    let size = number(properties, "BatchSize", place)?.unwrap_or(10);
    // As in Lambda; the local cloud takes what is there and does not wait out the window.
    let window = number(properties, "MaximumBatchingWindowInSeconds", place)?.unwrap_or(0);
    let most = if window > 0 { 100 } else { 10 };
    if !(1..=most).contains(&size) {
        let place = format!("{place}.BatchSize");
        return Err(TemplateError::new(
            &place,
            "the local cloud offers batches of 1 to 10, with a batching window up to 100",
        ));
    }
    let scaling = &properties["ScalingConfig"];
    let concurrency = number(
        scaling,
        "MaximumConcurrency",
        &format!("{place}.ScalingConfig"),
    )?;
    Ok(QueueSource {
        queue: arn.rsplit(':').next().unwrap_or(&arn).to_owned(),
        function: function.to_owned(),
        batch_size: usize::try_from(size).unwrap_or(10),
        partial_failures: match reports {
            true => PartialFailures::Reported,
            false => PartialFailures::NotReported,
        },
        maximum_concurrency: concurrency.and_then(|runs| usize::try_from(runs).ok()),
    })
}

fn event_rule(
    function: &str,
    properties: &Json,
    place: &str,
) -> Result<Option<EventRule>, TemplateError> {
    const TAKEN: [&str; 3] = ["Pattern", "RuleName", "State"];
    let names = properties
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys());
    if let Some(other) = names
        .into_iter()
        .find(|name| !TAKEN.contains(&name.as_str()))
    {
        let place = format!("{place}.{other}");
        return Err(TemplateError::new(
            &place,
            "the local cloud offers no such property of a rule",
        ));
    }
    let pattern = required(properties, "Pattern", place)?;
    if !pattern.is_object() || !is_plain(pattern) {
        let place = format!("{place}.Pattern");
        return Err(TemplateError::new(
            &place,
            "the local cloud offers patterns of exact texts only",
        ));
    }
    let rule = EventRule {
        function: function.to_owned(),
        pattern: pattern.clone(),
    };
    Ok((properties["State"] != "DISABLED").then_some(rule))
}

/// Whether a pattern consists of mappings down to lists of texts.
fn is_plain(pattern: &Json) -> bool {
    match pattern {
        Json::Object(fields) => fields.values().all(is_plain),
        Json::Array(values) => !values.is_empty() && values.iter().all(Json::is_string),
        _ => false,
    }
}

fn schedule(
    rule: String,
    function: &str,
    properties: &Json,
    place: &str,
) -> Result<Option<ScheduleSource>, TemplateError> {
    let expression = required(properties, "Schedule", place)
        .and_then(|_| text(properties, "Schedule", place))?;
    if let Err(reason) = Schedule::parse(&expression) {
        let place = format!("{place}.Schedule");
        return Err(TemplateError::new(&place, reason.to_string()));
    }
    if properties["Enabled"] == false || properties["State"] == "DISABLED" {
        return Ok(None);
    }
    let input = match &properties["Input"] {
        Json::Null => None,
        Json::String(input) => Some(serde_json::from_str(input).map_err(|_| {
            let place = format!("{place}.Input");
            TemplateError::new(&place, "the input is not JSON")
        })?),
        _ => {
            let place = format!("{place}.Input");
            return Err(TemplateError::new(&place, "the input is a JSON text"));
        }
    };
    Ok(Some(ScheduleSource {
        rule,
        function: function.to_owned(),
        expression,
        input,
    }))
}
