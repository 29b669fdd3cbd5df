//! An embedded DynamoDB with the two tables of the template.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_types::SdkConfig;
use ciero_store::Store;

/// Starts an empty database; returns a store on it and the client beneath.
pub async fn tables() -> (Store, aws_sdk_dynamodb::Client) {
    let database = dynoxide::Database::memory().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let keys = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = aws_sdk_dynamodb::Client::new(&config);
    create(&client, "main", &["PK", "SK", "list", "list_key"]).await;
    create(&client, "confidential", &["PK", "SK"]).await;
    let store = Store::new(&config, "main", Some("confidential".into())).with_due_work(4);
    (store, client)
}

async fn create(client: &aws_sdk_dynamodb::Client, name: &str, names: &[&str]) {
    let element = |name: &str, kind| {
        let element = KeySchemaElement::builder().attribute_name(name);
        element.key_type(kind).build().unwrap()
    };
    let schema = |hash: &str, range: &str| {
        vec![element(hash, KeyType::Hash), element(range, KeyType::Range)]
    };
    let attribute = |name: &&str| {
        let attribute = AttributeDefinition::builder().attribute_name(*name);
        attribute
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let all = Projection::builder()
        .projection_type(ProjectionType::All)
        .build();
    let lists = GlobalSecondaryIndex::builder().index_name("lists");
    let lists = lists.set_key_schema(Some(schema("list", "list_key")));
    let lists = lists.projection(all).build().unwrap();
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema("PK", "SK")))
        .set_attribute_definitions(Some(names.iter().map(attribute).collect()))
        .set_global_secondary_indexes((names.len() > 2).then(|| vec![lists]))
        .send()
        .await
        .unwrap();
}
