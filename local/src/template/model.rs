//! What a template declares, in the words of the local cloud.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// Everything to provide, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    pub tables: Vec<Table>,
    pub buckets: Vec<String>,
    pub queues: Vec<Queue>,
    pub pools: Vec<Pool>,
    pub device_policies: Vec<String>,
    pub role_aliases: Vec<RoleAlias>,
    pub functions: Vec<Function>,
    pub routes: Vec<Route>,
    pub queue_sources: Vec<QueueSource>,
    pub schedules: Vec<ScheduleSource>,
    pub event_rules: Vec<EventRule>,
    pub mail_sets: Vec<MailSet>,
    pub throttle: Option<Throttle>,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    /// The body of CreateTable.
    pub create: Value,
    /// The attribute that ends an item's life, where one is declared.
    pub expires_attribute: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Queue {
    pub name: String,
    /// The attributes as CreateQueue takes them.
    pub attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub struct Pool {
    pub id: String,
    pub name: String,
    pub clients: Vec<PoolClient>,
    pub groups: Vec<String>,
    pub minimum_password_length: usize,
}

#[derive(Debug, Clone)]
pub struct PoolClient {
    pub id: String,
    pub callback_urls: Vec<String>,
    pub logout_urls: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct RoleAlias {
    pub name: String,
    pub role_arn: String,
    pub duration_seconds: u64,
}

#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    pub description: String,
    pub environment: BTreeMap<String, String>,
    pub memory_mb: u64,
    pub timeout: Duration,
    pub log_format: String,
    pub log_level: String,
    pub handler: String,
    /// The declared bound of concurrent runs, where there is one.
    pub reserved_concurrency: Option<usize>,
}

impl Function {
    pub fn arn(&self) -> String {
        function_arn(&self.name)
    }
}

pub fn function_arn(name: &str) -> String {
    format!(
        "arn:aws:lambda:{}:{}:function:{name}",
        super::REGION,
        super::ACCOUNT
    )
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// A method in capitals, or `ANY`.
    pub method: String,
    pub path: String,
    pub function: String,
}

#[derive(Debug, Clone)]
pub struct QueueSource {
    pub queue: String,
    pub function: String,
    pub batch_size: usize,
    pub partial_failures: PartialFailures,
    pub maximum_concurrency: Option<usize>,
}

/// Whether the function names the messages of a batch that it could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialFailures {
    Reported,
    NotReported,
}

#[derive(Debug, Clone)]
pub struct ScheduleSource {
    pub rule: String,
    pub function: String,
    pub expression: String,
    /// A constant that takes the place of the event, where one is declared.
    pub input: Option<Value>,
}

/// A rule of the event bus.
#[derive(Debug, Clone)]
pub struct EventRule {
    pub function: String,
    /// A mapping of texts and lists of texts, down to any depth.
    pub pattern: Value,
}

/// A configuration set of the mail service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSet {
    pub name: String,
    /// What it tells the event bus, as MatchingEventTypes names it.
    pub event_types: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    pub requests_per_second: f64,
    pub burst: f64,
}
