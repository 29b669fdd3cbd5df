//! Resolves intrinsic functions to local values.

use serde_json::{Map, Value as Json};
use serde_yaml_ng::Value as Yaml;

use super::document::{Document, Resource, scalar};
use super::references::{attribute, reference};
use super::{ACCOUNT, REGION, Surroundings, TemplateError};

pub(super) struct Resolver<'a> {
    pub document: &'a Document,
    pub surroundings: &'a Surroundings,
}

impl<'a> Resolver<'a> {
    /// Checks the parameters first, so that a value outside its list is refused before it spreads.
    pub fn new(
        document: &'a Document,
        surroundings: &'a Surroundings,
    ) -> Result<Self, TemplateError> {
        let resolver = Self {
            document,
            surroundings,
        };
        for (name, parameter) in &document.parameters {
            let place = format!("Parameters.{name}");
            let value = resolver.parameter(name, &place)?;
            if !parameter.allowed.is_empty() && !parameter.allowed.contains(&value) {
                let sentence = format!("{value} is not one of the allowed values");
                return Err(TemplateError::new(&place, sentence));
            }
        }
        Ok(resolver)
    }

    /// The value at a place with every function in it carried out.
    pub fn value(&self, node: &Yaml, place: &str) -> Result<Json, TemplateError> {
        match node {
            Yaml::Null => Ok(Json::Null),
            Yaml::Bool(truth) => Ok(Json::Bool(*truth)),
            Yaml::Number(number) => serde_json::to_value(number)
                .map_err(|_| TemplateError::new(place, "this number cannot be read")),
            Yaml::String(text) => Ok(Json::String(self.dynamic(text, place)?)),
            Yaml::Sequence(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.map(|(index, item)| self.value(item, &format!("{place}.{index}")));
                Ok(Json::Array(items.collect::<Result<_, _>>()?))
            }
            Yaml::Mapping(mapping) => self.mapping(mapping, place),
            Yaml::Tagged(tagged) => {
                let name = tagged.tag.to_string();
                self.function(name.trim_start_matches('!'), &tagged.value, place)
            }
        }
    }

    fn mapping(
        &self,
        mapping: &serde_yaml_ng::Mapping,
        place: &str,
    ) -> Result<Json, TemplateError> {
        if let Some((Yaml::String(key), argument)) =
            mapping.iter().next().filter(|_| mapping.len() == 1)
        {
            if key == "Ref" {
                return self.function(key, argument, place);
            }
            if let Some(name) = key.strip_prefix("Fn::") {
                return self.function(name, argument, place);
            }
        }
        let mut object = Map::new();
        for (key, value) in mapping {
            let Some(key) = scalar(key) else {
                return Err(TemplateError::new(place, "a key is not text"));
            };
            let value = self.value(value, &format!("{place}.{key}"))?;
            object.insert(key, value);
        }
        Ok(Json::Object(object))
    }

    fn function(&self, name: &str, argument: &Yaml, place: &str) -> Result<Json, TemplateError> {
        let text = match name {
            "Ref" => self.named(&self.text_argument(name, argument, place)?, place)?,
            "GetAtt" => self.get_att(argument, place)?,
            "Sub" => self.sub(argument, place)?,
            "Join" => self.join(argument, place)?,
            _ => {
                let sentence = format!("the function !{name} is not understood by the local cloud");
                return Err(TemplateError::new(place, sentence));
            }
        };
        Ok(Json::String(self.dynamic(&text, place)?))
    }

    fn text_argument(
        &self,
        name: &str,
        argument: &Yaml,
        place: &str,
    ) -> Result<String, TemplateError> {
        argument
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| TemplateError::new(place, format!("!{name} takes one name")))
    }

    /// What a name stands for: a pseudo parameter, a parameter, or a resource.
    fn named(&self, name: &str, place: &str) -> Result<String, TemplateError> {
        match name {
            "AWS::AccountId" => return Ok(ACCOUNT.to_owned()),
            "AWS::Region" => return Ok(REGION.to_owned()),
            "AWS::Partition" => return Ok("aws".to_owned()),
            "AWS::URLSuffix" => return Ok("amazonaws.com".to_owned()),
            "AWS::StackName" => return Ok("ciero".to_owned()),
            _ => {}
        }
        if self.document.parameters.contains_key(name) {
            return self.parameter(name, place);
        }
        let resource = self.resource(name, place)?;
        reference(self, resource, place)
    }

    fn parameter(&self, name: &str, place: &str) -> Result<String, TemplateError> {
        let declared = self.document.parameters.get(name);
        let given = self.surroundings.parameters.get(name).cloned();
        given
            .or_else(|| declared.and_then(|parameter| parameter.default.clone()))
            .ok_or_else(|| TemplateError::new(place, format!("the parameter {name} has no value")))
    }

    fn resource(&self, name: &str, place: &str) -> Result<&'a Resource, TemplateError> {
        let mut resources = self.document.resources.iter();
        resources
            .find(|resource| resource.name == name)
            .ok_or_else(|| {
                TemplateError::new(place, format!("nothing in the template is named {name}"))
            })
    }

    fn get_att(&self, argument: &Yaml, place: &str) -> Result<String, TemplateError> {
        let takes = || TemplateError::new(place, "!GetAtt takes Resource.Attribute");
        let path = match argument {
            Yaml::String(path) => path.clone(),
            Yaml::Sequence(parts) => {
                let parts: Option<Vec<String>> = parts.iter().map(scalar).collect();
                parts.ok_or_else(takes)?.join(".")
            }
            _ => return Err(takes()),
        };
        let (name, wanted) = path.split_once('.').ok_or_else(takes)?;
        attribute(self, self.resource(name, place)?, wanted, place)
    }

    fn sub(&self, argument: &Yaml, place: &str) -> Result<String, TemplateError> {
        let takes = || TemplateError::new(place, "!Sub takes a text, or a text and a mapping");
        let (text, own) = match argument {
            Yaml::String(text) => (text.as_str(), None),
            Yaml::Sequence(parts) => match parts.as_slice() {
                [Yaml::String(text), Yaml::Mapping(own)] => (text.as_str(), Some(own)),
                _ => return Err(takes()),
            },
            _ => return Err(takes()),
        };
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let Some((name, following)) = after.split_once('}') else {
                return Err(TemplateError::new(place, "a ${ in the text is not closed"));
            };
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = own.and_then(|own| own.get(name)) {
                result.push_str(&self.text(value, place)?);
            } else if let Some((_, _)) = name.split_once('.') {
                result.push_str(&self.get_att(&Yaml::String(name.to_owned()), place)?);
            } else {
                result.push_str(&self.named(name, place)?);
            }
            rest = following;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn join(&self, argument: &Yaml, place: &str) -> Result<String, TemplateError> {
        let takes = || TemplateError::new(place, "!Join takes a delimiter and a list");
        let parts = argument.as_sequence().ok_or_else(takes)?;
        let [Yaml::String(delimiter), Yaml::Sequence(items)] = parts.as_slice() else {
            return Err(takes());
        };
        let items: Vec<String> = items
            .iter()
            .map(|item| self.text(item, place))
            .collect::<Result<_, _>>()?;
        Ok(items.join(delimiter))
    }

    /// The value at a place as text; a list or a mapping is refused.
    pub fn text(&self, node: &Yaml, place: &str) -> Result<String, TemplateError> {
        match self.value(node, place)? {
            Json::String(text) => Ok(text),
            Json::Number(number) => Ok(number.to_string()),
            Json::Bool(truth) => Ok(truth.to_string()),
            _ => Err(TemplateError::new(place, "a single value is needed here")),
        }
    }

    /// Puts a secret's value in the place of `{{resolve:secretsmanager:…:SecretString}}`.
    fn dynamic(&self, text: &str, place: &str) -> Result<String, TemplateError> {
        let Some(start) = text.find("{{resolve:") else {
            return Ok(text.to_owned());
        };
        let unknown = || {
            TemplateError::new(
                place,
                "this dynamic reference is not understood by the local cloud",
            )
        };
        let inner = &text[start + "{{resolve:".len()..];
        let (inner, after) = inner.split_once("}}").ok_or_else(unknown)?;
        let wanted = inner
            .strip_prefix("secretsmanager:")
            .and_then(|inner| inner.strip_suffix(":SecretString"))
            .ok_or_else(unknown)?;
        let mut secrets = self.surroundings.secrets.iter();
        let secret = secrets
            .find(|(name, _)| wanted == *name || wanted == super::references::secret_arn(name));
        let Some((_, value)) = secret else {
            return Err(TemplateError::new(
                place,
                format!("there is no secret {wanted}"),
            ));
        };
        Ok(format!(
            "{}{value}{}",
            &text[..start],
            self.dynamic(after, place)?
        ))
    }
}
