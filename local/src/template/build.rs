//! Turns the resources of a template into the model of what has to be provided.

use serde_json::{Map, Value as Json, json};
use serde_yaml_ng::Value as Yaml;

use super::document::Resource;
use super::model::{MailSet, Pool, PoolClient, Queue, RoleAlias, Stack, Table, Throttle};
use super::references::{SKIPPED, physical_name, pool_id};
use super::resolve::Resolver;
use super::{TemplateError, functions};

/// A resource with its properties resolved, and where it stands.
pub(super) struct Declared {
    pub name: String,
    pub place: String,
    pub properties: Json,
}

/// Reads every resource; the first one that cannot be provided ends it.
pub(super) fn stack(resolver: &Resolver<'_>) -> Result<Stack, TemplateError> {
    let mut stack = Stack {
        throttle: throttle(&resolver.value(&resolver.document.globals, "Globals")?),
        ..Stack::default()
    };
    // Pools and sets come first, because what belongs to them may stand before them in the file.
    for resource in of_kind(resolver, "AWS::Cognito::UserPool") {
        let declared = declare(resolver, resource)?;
        stack.pools.push(pool(resource, &declared));
    }
    for resource in of_kind(resolver, "AWS::SES::ConfigurationSet") {
        stack.mail_sets.push(MailSet {
            name: declare(resolver, resource)?.name,
            event_types: Vec::new(),
        });
    }
    for resource in &resolver.document.resources {
        let declared = declare(resolver, resource)?;
        add(resolver, &mut stack, resource, &declared)?;
    }
    // Outputs are for people in AWS; here they only have to make sense.
    resolver.value(&resolver.document.outputs, "Outputs")?;
    Ok(stack)
}

fn of_kind<'a>(resolver: &Resolver<'a>, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
    let resources = resolver.document.resources.iter();
    resources.filter(move |resource| resource.kind == kind)
}

fn declare(resolver: &Resolver<'_>, resource: &Resource) -> Result<Declared, TemplateError> {
    let place = format!("Resources.{}.Properties", resource.name);
    let properties = match &resource.properties {
        Yaml::Null => json!({}),
        properties => resolver.value(properties, &place)?,
    };
    if !properties.is_object() {
        return Err(TemplateError::new(
            &place,
            "the properties are not a mapping",
        ));
    }
    Ok(Declared {
        name: physical_name(resolver, resource)?,
        place,
        properties,
    })
}

fn add(
    resolver: &Resolver<'_>,
    stack: &mut Stack,
    resource: &Resource,
    declared: &Declared,
) -> Result<(), TemplateError> {
    match resource.kind.as_str() {
        "AWS::Serverless::Function" => functions::add(resolver, stack, resource, declared)?,
        "AWS::DynamoDB::Table" => stack.tables.push(table(declared)?),
        "AWS::S3::Bucket" => stack.buckets.push(declared.name.clone()),
        "AWS::SQS::Queue" => stack.queues.push(queue(declared)?),
        "AWS::Cognito::UserPoolClient" => {
            let client = PoolClient {
                id: declared.name.clone(),
                callback_urls: declared.texts("CallbackURLs")?,
                logout_urls: declared.texts("LogoutURLs")?,
            };
            pool_of(stack, declared)?.clients.push(client);
        }
        "AWS::Cognito::UserPoolGroup" => {
            pool_of(stack, declared)?.groups.push(declared.name.clone());
        }
        "AWS::IoT::Policy" => stack.device_policies.push(declared.name.clone()),
        "AWS::IoT::RoleAlias" => stack.role_aliases.push(RoleAlias {
            name: declared.name.clone(),
            role_arn: declared.text("RoleArn")?,
            duration_seconds: declared
                .number("CredentialDurationSeconds")?
                .unwrap_or(3600),
        }),
        "AWS::SES::ConfigurationSetEventDestination" => mail_events(stack, declared)?,
        "AWS::Cognito::UserPool"
        | "AWS::SecretsManager::Secret"
        | "AWS::Serverless::HttpApi"
        | "AWS::SES::ConfigurationSet" => {}
        kind if SKIPPED.contains(&kind) => {}
        kind => {
            let place = format!("Resources.{}.Type", resource.name);
            return Err(TemplateError::new(
                &place,
                format!("the local cloud does not offer {kind}"),
            ));
        }
    }
    Ok(())
}

fn table(declared: &Declared) -> Result<Table, TemplateError> {
    let mut create = Map::new();
    create.insert("TableName".to_owned(), json!(declared.name));
    for property in ["AttributeDefinitions", "KeySchema"] {
        create.insert(property.to_owned(), declared.required(property)?.clone());
    }
    for property in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        if let Some(value) = declared.properties.get(property) {
            create.insert(property.to_owned(), value.clone());
        }
    }
    create.insert("BillingMode".to_owned(), json!("PAY_PER_REQUEST"));
    let ttl = &declared.properties["TimeToLiveSpecification"];
    let enabled = ttl["Enabled"] == true;
    Ok(Table {
        name: declared.name.clone(),
        create: Json::Object(create),
        expires_attribute: ttl["AttributeName"]
            .as_str()
            .filter(|_| enabled)
            .map(str::to_owned),
    })
}

fn queue(declared: &Declared) -> Result<Queue, TemplateError> {
    const NUMBERS: [(&str, &str); 5] = [
        ("VisibilityTimeout", "VisibilityTimeout"),
        ("MessageRetentionPeriod", "MessageRetentionPeriod"),
        ("DelaySeconds", "DelaySeconds"),
        (
            "ReceiveMessageWaitTimeSeconds",
            "ReceiveMessageWaitTimeSeconds",
        ),
        ("MaximumMessageSize", "MaximumMessageSize"),
    ];
    let mut attributes = std::collections::BTreeMap::new();
    for (property, attribute) in NUMBERS {
        if let Some(number) = declared.number(property)? {
            attributes.insert(attribute.to_owned(), number.to_string());
        }
    }
    if declared
        .properties
        .get("FifoQueue")
        .is_some_and(|fifo| fifo == true)
    {
        let place = format!("{}.FifoQueue", declared.place);
        return Err(TemplateError::new(
            &place,
            "the local cloud offers standard queues only",
        ));
    }
    if let Some(redrive) = declared.properties.get("RedrivePolicy") {
        let complete =
            redrive["deadLetterTargetArn"].is_string() && !redrive["maxReceiveCount"].is_null();
        if !complete {
            let place = format!("{}.RedrivePolicy", declared.place);
            let sentence = "a redrive policy needs deadLetterTargetArn and maxReceiveCount";
            return Err(TemplateError::new(&place, sentence));
        }
        attributes.insert("RedrivePolicy".to_owned(), redrive.to_string());
    }
    Ok(Queue {
        name: declared.name.clone(),
        attributes,
    })
}

fn pool(resource: &Resource, declared: &Declared) -> Pool {
    let minimum = declared.properties["Policies"]["PasswordPolicy"]["MinimumLength"].as_u64();
    Pool {
        id: pool_id(&resource.name),
        name: declared.properties["UserPoolName"]
            .as_str()
            .unwrap_or(&resource.name)
            .to_owned(),
        clients: Vec::new(),
        groups: Vec::new(),
        minimum_password_length: minimum
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(8),
    }
}

fn pool_of<'a>(stack: &'a mut Stack, declared: &Declared) -> Result<&'a mut Pool, TemplateError> {
    let id = declared.text("UserPoolId")?;
    let place = format!("{}.UserPoolId", declared.place);
    stack
        .pools
        .iter_mut()
        .find(|pool| pool.id == id)
        .ok_or_else(|| TemplateError::new(&place, format!("there is no user pool {id}")))
}

/// Adds what a configuration set tells the event bus. Destinations other than the bus have nobody here who reads them.
fn mail_events(stack: &mut Stack, declared: &Declared) -> Result<(), TemplateError> {
    let name = declared.text("ConfigurationSetName")?;
    let destination = declared.required("EventDestination")?;
    if destination["Enabled"] != true || destination["EventBridgeDestination"].is_null() {
        return Ok(());
    }
    let types = destination["MatchingEventTypes"].as_array();
    let types = types.into_iter().flatten().filter_map(Json::as_str);
    let place = format!("{}.ConfigurationSetName", declared.place);
    let set = stack.mail_sets.iter_mut().find(|set| set.name == name);
    let none = || TemplateError::new(&place, format!("there is no configuration set {name}"));
    set.ok_or_else(none)?
        .event_types
        .extend(types.map(str::to_owned));
    Ok(())
}

fn throttle(globals: &Json) -> Option<Throttle> {
    let settings = &globals["HttpApi"]["DefaultRouteSettings"];
    Some(Throttle {
        requests_per_second: settings["ThrottlingRateLimit"].as_f64()?,
        burst: settings["ThrottlingBurstLimit"].as_f64()?,
    })
}

impl Declared {
    pub fn required(&self, property: &str) -> Result<&Json, TemplateError> {
        required(&self.properties, property, &self.place)
    }

    pub fn text(&self, property: &str) -> Result<String, TemplateError> {
        text(&self.properties, property, &self.place)
    }

    /// A whole number, which CloudFormation also takes as text.
    pub fn number(&self, property: &str) -> Result<Option<u64>, TemplateError> {
        number(&self.properties, property, &self.place)
    }

    fn texts(&self, property: &str) -> Result<Vec<String>, TemplateError> {
        let items = self.properties[property].as_array();
        items
            .into_iter()
            .flatten()
            .map(|item| {
                let place = format!("{}.{property}", self.place);
                let text = item.as_str().map(str::to_owned);
                text.ok_or_else(|| TemplateError::new(&place, "a list of texts is needed here"))
            })
            .collect()
    }
}

pub(super) fn required<'a>(
    properties: &'a Json,
    property: &str,
    place: &str,
) -> Result<&'a Json, TemplateError> {
    let value = properties.get(property).filter(|value| !value.is_null());
    value.ok_or_else(|| TemplateError::new(place, format!("the property {property} is missing")))
}

pub(super) fn text(
    properties: &Json,
    property: &str,
    place: &str,
) -> Result<String, TemplateError> {
    let value = required(properties, property, place)?.as_str();
    let place = format!("{place}.{property}");
    value
        .map(str::to_owned)
        .ok_or_else(|| TemplateError::new(&place, "a text is needed here"))
}

pub(super) fn number(
    properties: &Json,
    property: &str,
    place: &str,
) -> Result<Option<u64>, TemplateError> {
    let number = match &properties[property] {
        Json::Null => return Ok(None),
        Json::String(digits) => digits.parse().ok(),
        value => value.as_u64(),
    };
    let place = format!("{place}.{property}");
    number
        .map(Some)
        .ok_or_else(|| TemplateError::new(&place, "a whole number is needed here"))
}
