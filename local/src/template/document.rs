//! The template as written: sections and resources, before anything is resolved.

use std::collections::BTreeMap;

use serde_yaml_ng::{Mapping, Value as Yaml};

use super::model::Stack;
use super::resolve::Resolver;
use super::{Surroundings, TemplateError, build};

const SECTIONS: [&str; 8] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Globals",
    "Resources",
    "Outputs",
];
const RESOURCE_KEYS: [&str; 6] = [
    "Type",
    "Properties",
    "Metadata",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
];
const SAM: &str = "AWS::Serverless-2016-10-31";

/// A template whose outline is known to be sound.
#[derive(Debug)]
pub struct Document {
    text: String,
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) globals: Yaml,
    pub(super) resources: Vec<Resource>,
    pub(super) outputs: Yaml,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub default: Option<String>,
    pub allowed: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Resource {
    pub name: String,
    pub kind: String,
    pub properties: Yaml,
}

/// A secret that the machine has to make up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    pub name: String,
    pub length: usize,
}

impl Document {
    /// Reads the outline of a template; nothing is resolved yet.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let root: Yaml = serde_yaml_ng::from_str(text).map_err(|error| not_yaml(&error))?;
        Self::outline(text, root).map_err(|error| error.located_in(text))
    }

    /// Resolves every reference and reads what is declared.
    pub fn resolve(&self, surroundings: &Surroundings) -> Result<Stack, TemplateError> {
        Resolver::new(self, surroundings)
            .and_then(|resolver| build::stack(&resolver))
            .map_err(|error| error.located_in(&self.text))
    }

    /// The secrets whose values have to exist before the template can be resolved.
    pub fn secrets(&self) -> Vec<SecretSpec> {
        let declared = self.resources.iter();
        let secrets = declared.filter(|resource| resource.kind == "AWS::SecretsManager::Secret");
        secrets
            .map(|secret| SecretSpec {
                name: secret.name.clone(),
                length: secret.properties["GenerateSecretString"]["PasswordLength"]
                    .as_u64()
                    .and_then(|length| usize::try_from(length).ok())
                    .unwrap_or(32),
            })
            .collect()
    }

    fn outline(text: &str, root: Yaml) -> Result<Self, TemplateError> {
        let Yaml::Mapping(root) = root else {
            return Err(TemplateError::new(
                "",
                "the template is not a mapping of sections",
            ));
        };
        for key in root.keys() {
            let name = key_name(key, "")?;
            if !SECTIONS.contains(&name) {
                let sentence = format!("the section {name} is not understood by the local cloud");
                return Err(TemplateError::new(name, sentence));
            }
        }
        if section(&root, "Transform").as_str() != Some(SAM) {
            return Err(TemplateError::new(
                "Transform",
                format!("the transform must be {SAM}"),
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            parameters: parameters(&section(&root, "Parameters"))?,
            globals: section(&root, "Globals"),
            resources: resources(&section(&root, "Resources"))?,
            outputs: section(&root, "Outputs"),
        })
    }
}

fn not_yaml(error: &serde_yaml_ng::Error) -> TemplateError {
    TemplateError {
        place: String::new(),
        line: error.location().map(|location| location.line()),
        sentence: format!("the file is not valid YAML ({error})"),
    }
}

fn section(root: &Mapping, name: &str) -> Yaml {
    root.get(name).cloned().unwrap_or(Yaml::Null)
}

fn key_name<'a>(key: &'a Yaml, place: &str) -> Result<&'a str, TemplateError> {
    key.as_str()
        .ok_or_else(|| TemplateError::new(place, "a key is not text"))
}

fn entries<'a>(section: &'a Yaml, place: &str) -> Result<Vec<(&'a str, &'a Yaml)>, TemplateError> {
    match section {
        Yaml::Null => Ok(Vec::new()),
        Yaml::Mapping(mapping) => mapping
            .iter()
            .map(|(key, value)| Ok((key_name(key, place)?, value)))
            .collect(),
        _ => Err(TemplateError::new(place, "this is not a mapping")),
    }
}

fn parameters(section: &Yaml) -> Result<BTreeMap<String, Parameter>, TemplateError> {
    let mut parameters = BTreeMap::new();
    for (name, value) in entries(section, "Parameters")? {
        let allowed = value["AllowedValues"].as_sequence();
        let parameter = Parameter {
            default: scalar(&value["Default"]),
            allowed: allowed.into_iter().flatten().filter_map(scalar).collect(),
        };
        parameters.insert(name.to_owned(), parameter);
    }
    Ok(parameters)
}

fn resources(section: &Yaml) -> Result<Vec<Resource>, TemplateError> {
    let mut resources = Vec::new();
    for (name, value) in entries(section, "Resources")? {
        let place = format!("Resources.{name}");
        for (key, _) in entries(value, &place)? {
            if !RESOURCE_KEYS.contains(&key) {
                let sentence = format!("{key} is not understood by the local cloud");
                return Err(TemplateError::new(&format!("{place}.{key}"), sentence));
            }
        }
        let Some(kind) = value["Type"].as_str() else {
            return Err(TemplateError::new(&place, "the resource has no Type"));
        };
        resources.push(Resource {
            name: name.to_owned(),
            kind: kind.to_owned(),
            properties: value.get("Properties").cloned().unwrap_or(Yaml::Null),
        });
    }
    if resources.is_empty() {
        return Err(TemplateError::new(
            "Resources",
            "the template declares no resources",
        ));
    }
    Ok(resources)
}

/// A plain value as text, as CloudFormation hands it on.
pub(super) fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
