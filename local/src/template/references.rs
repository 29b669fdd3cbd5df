//! What `Ref` and `GetAtt` of each kind of resource stand for on this machine.

use super::document::Resource;
use super::model::function_arn;
use super::resolve::Resolver;
use super::{ACCOUNT, REGION, TemplateError};

/// Kinds that the local cloud has no use for: they guard, watch or price the service in AWS.
pub(super) const SKIPPED: [&str; 15] = [
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Cognito::UserPoolDomain",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Topic",
    "AWS::SQS::QueuePolicy",
];

/// The property that names a resource of this kind; `None` where AWS makes the name up.
fn name_property(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::Serverless::Function" => "FunctionName",
        "AWS::DynamoDB::Table" => "TableName",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::Cognito::UserPoolGroup" => "GroupName",
        "AWS::Cognito::UserPoolDomain" => "Domain",
        "AWS::IoT::Policy" => "PolicyName",
        "AWS::IoT::RoleAlias" => "RoleAlias",
        "AWS::SES::ConfigurationSet" => "Name",
        "AWS::IAM::Role" => "RoleName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        _ => return None,
    })
}

/// The resource's own name: the one that it states, or else its logical name.
pub(super) fn physical_name(
    resolver: &Resolver<'_>,
    resource: &Resource,
) -> Result<String, TemplateError> {
    let stated = name_property(&resource.kind).and_then(|property| {
        let value = resource.properties.get(property)?;
        Some((
            value,
            format!("Resources.{}.Properties.{property}", resource.name),
        ))
    });
    match stated {
        Some((value, place)) => resolver.text(value, &place),
        None => Ok(resource.name.clone()),
    }
}

/// The value of `!Ref` of a resource.
pub(super) fn reference(
    resolver: &Resolver<'_>,
    resource: &Resource,
    place: &str,
) -> Result<String, TemplateError> {
    match resource.kind.as_str() {
        "AWS::SQS::Queue" => attribute(resolver, resource, "QueueUrl", place),
        "AWS::Cognito::UserPool" => Ok(pool_id(&resource.name)),
        "AWS::SecretsManager::Secret" => Ok(secret_arn(&resource.name)),
        "AWS::SNS::Topic" => attribute(resolver, resource, "TopicArn", place),
        _ => physical_name(resolver, resource),
    }
}

/// The value of `!GetAtt` of a resource.
pub(super) fn attribute(
    resolver: &Resolver<'_>,
    resource: &Resource,
    wanted: &str,
    place: &str,
) -> Result<String, TemplateError> {
    let name = physical_name(resolver, resource)?;
    let portal = &resolver.surroundings.portal_url;
    let aws = &resolver.surroundings.aws_url;
    let id = pool_id(&resource.name);
    Ok(match (resource.kind.as_str(), wanted) {
        ("AWS::Serverless::Function", "Arn") => function_arn(&name),
        ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", &format!("table/{name}")),
        ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
        ("AWS::SQS::Queue", "Arn") => arn("sqs", &name),
        ("AWS::SQS::Queue", "QueueName") => name,
        ("AWS::SQS::Queue", "QueueUrl") => format!("{aws}/{ACCOUNT}/{name}"),
        ("AWS::Cognito::UserPool", "Arn") => arn("cognito-idp", &format!("userpool/{id}")),
        ("AWS::Cognito::UserPool", "ProviderURL") => format!("{portal}/_local/sign-in/{id}"),
        ("AWS::Cognito::UserPool", "ProviderName") => {
            format!("cognito-idp.{REGION}.amazonaws.com/{id}")
        }
        ("AWS::Cognito::UserPool", "UserPoolId") => id,
        ("AWS::Cognito::UserPoolClient", "ClientId") => name,
        ("AWS::IoT::Policy", "Arn") => arn("iot", &format!("policy/{name}")),
        ("AWS::IoT::RoleAlias", "RoleAliasArn") => arn("iot", &format!("rolealias/{name}")),
        ("AWS::IAM::Role", "Arn") => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
        ("AWS::KMS::Key", "Arn") => arn("kms", &format!("key/{name}")),
        ("AWS::Logs::LogGroup", "Arn") => arn("logs", &format!("log-group:{name}:*")),
        ("AWS::SNS::Topic", "TopicArn") => arn("sns", &name),
        ("AWS::CloudWatch::Alarm", "Arn") => arn("cloudwatch", &format!("alarm:{name}")),
        (kind, _) => {
            let sentence = format!(
                "the local cloud knows no attribute {wanted} of {} ({kind})",
                resource.name
            );
            return Err(TemplateError::new(place, sentence));
        }
    })
}

pub(super) fn pool_id(logical_name: &str) -> String {
    format!("{REGION}_{logical_name}")
}

pub(super) fn secret_arn(logical_name: &str) -> String {
    arn("secretsmanager", &format!("secret:{logical_name}"))
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
