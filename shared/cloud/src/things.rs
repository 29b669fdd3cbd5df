//! Device identities (IoT): a thing, and a certificate for the device's own key.

use async_trait::async_trait;
use aws_sdk_iot::Client;
use aws_sdk_iot::operation::create_certificate_from_csr::CreateCertificateFromCsrOutput;
use aws_sdk_iot::types::CertificateStatus;
use aws_types::SdkConfig;
use ciero_ports::{CloudError, Enrolled, Things};

use crate::errors::{code, failed};

const SERVICE: &str = "IoT";
const NOT_FOUND: &str = "ResourceNotFoundException";

/// The endpoint at which a certificate is exchanged for credentials.
const CREDENTIAL_ENDPOINT: &str = "iot:CredentialProvider";

/// Things whose certificates carry one policy.
#[derive(Debug, Clone)]
pub struct IotThings {
    client: Client,
    policy: String,
}

impl IotThings {
    /// Gives every certificate the policy of this name.
    pub fn new(config: &SdkConfig, policy_name: &str) -> Self {
        IotThings {
            client: Client::new(config),
            policy: policy_name.to_owned(),
        }
    }

    /// Signs a request; `None` if it cannot be read.
    async fn sign(
        &self,
        request_pem: &str,
    ) -> Result<Option<CreateCertificateFromCsrOutput>, CloudError> {
        let request = self.client.create_certificate_from_csr();
        let signed = request
            .certificate_signing_request(request_pem)
            .set_as_active(true)
            .send()
            .await;
        match signed {
            Ok(signed) => Ok(Some(signed)),
            Err(error)
                if matches!(
                    code(&error),
                    Some("InvalidRequestException" | "CertificateValidationException")
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    /// Lets a certificate act for the thing, which is made if there is none.
    async fn bind(&self, thing_name: &str, certificate_arn: &str) -> Result<(), CloudError> {
        let created = self.client.create_thing().thing_name(thing_name);
        match created.send().await {
            Ok(_) => {}
            Err(error) if code(&error) == Some("ResourceAlreadyExistsException") => {}
            Err(error) => return Err(failed(SERVICE)(error)),
        }
        let policy = self.client.attach_policy().policy_name(&self.policy);
        policy
            .target(certificate_arn)
            .send()
            .await
            .map_err(failed(SERVICE))?;
        let principal = self.client.attach_thing_principal().thing_name(thing_name);
        principal
            .principal(certificate_arn)
            .send()
            .await
            .map_err(failed(SERVICE))?;
        Ok(())
    }

    async fn void(&self, certificate_id: &str) -> Result<(), CloudError> {
        let request = self.client.update_certificate();
        let voided = request
            .certificate_id(certificate_id)
            .new_status(CertificateStatus::Revoked)
            .send()
            .await;
        match voided {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(()),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn detach(&self, thing_name: &str, principal: &str) -> Result<(), CloudError> {
        let request = self.client.detach_thing_principal().thing_name(thing_name);
        match request.principal(principal).send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(()),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    /// Returns a certificate's ARN, if it is there.
    async fn arn_of(&self, certificate_id: &str) -> Result<Option<String>, CloudError> {
        let request = self.client.describe_certificate();
        match request.certificate_id(certificate_id).send().await {
            Ok(answer) => Ok(answer
                .certificate_description
                .and_then(|certificate| certificate.certificate_arn)),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    /// Revokes a certificate, takes it off a thing and deletes it. One that is gone is deleted.
    async fn delete_certificate(&self, thing_name: &str, id: &str) -> Result<(), CloudError> {
        // Revoked first: whatever fails after it, no further credentials are given.
        self.void(id).await?;
        let Some(arn) = self.arn_of(id).await? else {
            return Ok(());
        };
        self.detach(thing_name, &arn).await?;
        let policy = self.client.detach_policy().policy_name(&self.policy);
        match policy.target(arn).send().await {
            Ok(_) => {}
            Err(error) if code(&error) == Some(NOT_FOUND) => {}
            Err(error) => return Err(failed(SERVICE)(error)),
        }
        let request = self.client.delete_certificate().certificate_id(id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(()),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }
}

#[async_trait]
impl Things for IotThings {
    async fn enroll(
        &self,
        thing_name: &str,
        request_pem: &str,
    ) -> Result<Option<Enrolled>, CloudError> {
        // The request is signed first, so that one that cannot be read leaves nothing behind.
        let Some(signed) = self.sign(request_pem).await? else {
            return Ok(None);
        };
        let (Some(certificate_id), Some(certificate_pem), Some(arn)) = (
            signed.certificate_id,
            signed.certificate_pem,
            signed.certificate_arn,
        ) else {
            return Err(CloudError {
                service: SERVICE,
                detail: "the certificate is incomplete".to_owned(),
            });
        };
        if let Err(error) = self.bind(thing_name, &arn).await {
            // Nobody will ever know this certificate, so it must not stay.
            if let Err(left) = self.delete_certificate(thing_name, &certificate_id).await {
                tracing::warn!(certificate_id, %left, "a certificate without a thing stays");
            }
            return Err(error);
        }
        Ok(Some(Enrolled {
            certificate_id,
            certificate_pem,
        }))
    }

    async fn revoke(&self, thing_name: &str, certificate_id: &str) -> Result<(), CloudError> {
        self.delete_certificate(thing_name, certificate_id).await
    }

    async fn forget(&self, thing_name: &str, certificates: &[String]) -> Result<(), CloudError> {
        for id in certificates {
            self.delete_certificate(thing_name, id).await?;
        }
        let request = self.client.delete_thing().thing_name(thing_name);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(()),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn certificates(&self, thing_name: &str) -> Result<Option<Vec<String>>, CloudError> {
        let attached = self.client.list_thing_principals().thing_name(thing_name);
        let arns: Result<Vec<String>, _> = attached.into_paginator().items().send().collect().await;
        match arns {
            Ok(arns) => {
                let ids = arns.iter().filter_map(|arn| arn.rsplit('/').next());
                Ok(Some(ids.map(str::to_owned).collect()))
            }
            Err(error) if code(&error) == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(failed(SERVICE)(error)),
        }
    }

    async fn has_certificate(&self, certificate_id: &str) -> Result<bool, CloudError> {
        Ok(self.arn_of(certificate_id).await?.is_some())
    }

    async fn credential_endpoint(&self) -> Result<String, CloudError> {
        let request = self.client.describe_endpoint();
        let answer = request
            .endpoint_type(CREDENTIAL_ENDPOINT)
            .send()
            .await
            .map_err(failed(SERVICE))?;
        answer.endpoint_address.ok_or_else(|| CloudError {
            service: SERVICE,
            detail: "the credential endpoint is missing".to_owned(),
        })
    }
}
