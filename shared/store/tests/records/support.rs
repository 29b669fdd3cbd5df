//! A store on an embedded DynamoDB with the two tables of the template.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_types::SdkConfig;
use ciero_store::Store;

pub const MAIN: &str = "ciero-main";
pub const CONFIDENTIAL: &str = "ciero-confidential";

/// A store and the client beneath it, for looking behind it.
pub struct Tables {
    pub store: Store,
    pub client: Client,
    pub config: SdkConfig,
}

/// Returns a configuration that reaches one endpoint.
pub fn config(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// Starts an empty database with both tables.
pub async fn tables() -> Tables {
    let database = dynoxide::Database::memory().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let config = config(&format!("http://{address}"));
    let client = Client::new(&config);
    create(&client, MAIN, true).await;
    create(&client, CONFIDENTIAL, false).await;
    Tables {
        store: Store::new(&config, MAIN, Some(CONFIDENTIAL.to_owned())).with_due_work(4),
        client,
        config,
    }
}

fn schema(hash: &str, range: &str) -> Vec<KeySchemaElement> {
    let element = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    vec![element(hash, KeyType::Hash), element(range, KeyType::Range)]
}

async fn create(client: &Client, name: &str, with_lists: bool) {
    let names: &[&str] = match with_lists {
        true => &["PK", "SK", "list", "list_key"],
        false => &["PK", "SK"],
    };
    let attributes = names.iter().map(|name| {
        AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    });
    let lists = GlobalSecondaryIndex::builder()
        .index_name("lists")
        .set_key_schema(Some(schema("list", "list_key")))
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::All)
                .build(),
        )
        .build()
        .unwrap();
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema("PK", "SK")))
        .set_attribute_definitions(Some(attributes.collect()))
        .set_global_secondary_indexes(with_lists.then(|| vec![lists]))
        .send()
        .await
        .unwrap();
}

impl Tables {
    /// Counts the items of a table.
    pub async fn count(&self, table: &str) -> i32 {
        let scan = self.client.scan().table_name(table).send().await.unwrap();
        scan.count()
    }
}
