//! The service's records in two DynamoDB tables.
