//! The customers' sign-in accounts (Cognito). Cognito sends no mail of its own.

use async_trait::async_trait;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, MessageActionType};
use aws_types::SdkConfig;
use ciero_domain::ids::UserId;
use ciero_ports::{Accounts, CloudError};

use crate::errors::{code, failed, unbuilt};

const SERVICE: &str = "Cognito";
const NOT_FOUND: &str = "UserNotFoundException";

/// The user pool of the customers.
#[derive(Debug, Clone)]
pub struct CognitoAccounts {
    client: Client,
    pool: String,
}

impl CognitoAccounts {
    /// Works on the pool of this identifier.
    pub fn new(config: &SdkConfig, pool_id: &str) -> Self {
        CognitoAccounts {
            client: Client::new(config),
            pool: pool_id.to_owned(),
        }
    }

    async fn reset(&self, user: &UserId, first_password: &str) -> Result<(), CloudError> {
        let request = self.client.admin_set_user_password();
        request
            .user_pool_id(&self.pool)
            .username(user.as_str())
            .password(first_password)
            .permanent(false)
            .send()
            .await
            .map_err(failed(SERVICE))?;
        Ok(())
    }
}

fn attribute(name: &str, value: &str) -> Result<AttributeType, CloudError> {
    let attribute = AttributeType::builder().name(name).value(value);
    attribute.build().map_err(unbuilt(SERVICE))
}

#[async_trait]
impl Accounts for CognitoAccounts {
    async fn invite(
        &self,
        user: &UserId,
        email: &str,
        first_password: &str,
    ) -> Result<(), CloudError> {
        let created = self
            .client
            .admin_create_user()
            .user_pool_id(&self.pool)
            .username(user.as_str())
            .user_attributes(attribute("email", email)?)
            .user_attributes(attribute("email_verified", "true")?)
            .temporary_password(first_password)
            .message_action(MessageActionType::Suppress)
            // A closed account keeps its address; the one person who holds it now takes it over.
            .force_alias_creation(true)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("UsernameExistsException") => {
                self.reset(user, first_password).await
            }
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn readdress(&self, user: &UserId, email: &str) -> Result<(), CloudError> {
        let request = self.client.admin_update_user_attributes();
        request
            .user_pool_id(&self.pool)
            .username(user.as_str())
            .user_attributes(attribute("email", email)?)
            .user_attributes(attribute("email_verified", "true")?)
            .send()
            .await
            .map_err(failed(SERVICE))?;
        Ok(())
    }

    async fn close(&self, user: &UserId) -> Result<(), CloudError> {
        let request = self.client.admin_disable_user().user_pool_id(&self.pool);
        match request.username(user.as_str()).send().await {
            Ok(_) => {}
            Err(error) if code(&error) == Some(NOT_FOUND) => return Ok(()),
            Err(error) => return Err(failed(SERVICE)(error)),
        }
        // An address that is not verified is nobody's to sign in with, so the next person may have it.
        let request = self.client.admin_update_user_attributes();
        request
            .user_pool_id(&self.pool)
            .username(user.as_str())
            .user_attributes(attribute("email_verified", "false")?)
            .send()
            .await
            .map_err(failed(SERVICE))?;
        Ok(())
    }

    async fn delete(&self, user: &UserId) -> Result<bool, CloudError> {
        let request = self.client.admin_delete_user().user_pool_id(&self.pool);
        match request.username(user.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(false),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn exists(&self, user: &UserId) -> Result<bool, CloudError> {
        let request = self.client.admin_get_user().user_pool_id(&self.pool);
        match request.username(user.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(false),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }
}
