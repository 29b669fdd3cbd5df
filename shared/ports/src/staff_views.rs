//! What staff may look at of a customer's video, and the line of it that the customer reads (21-7).

use async_trait::async_trait;
use ciero_domain::contract::Contract;
use ciero_domain::device::Camera;
use ciero_domain::ids::{ContractId, MessageId, StaffViewId};
use ciero_domain::staff_view::{Pictures, StaffView};
use jiff::Timestamp;
use serde_json::json;

use crate::decision::AuditRow;
use crate::records::StoreError;

/// What an address for staff rests on, read strongly.
#[derive(Debug, Clone)]
pub struct StaffSeen {
    pub contract: Contract,
    pub camera: Camera,
    pub view: StaffView,
}

/// Staff views; each stands under its contract.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StaffViews: Send + Sync {
    /// `None` if the view, its contract or its camera is not there; strongly consistent.
    async fn staff_seen(
        &self,
        contract: &ContractId,
        id: &StaffViewId,
    ) -> Result<Option<StaffSeen>, StoreError>;
    /// The newest of all contracts, at most 200, newest first; eventually consistent.
    async fn newest_staff_views(&self) -> Result<Vec<StaffView>, StoreError>;
}

impl AuditRow {
    /// Returns the row of a step with a staff view, or of an address that was given for it: for what, of which camera,
    /// of which time. The reason in the operator's words and the other operator's name are not in it.
    pub fn of_staff_view(
        id: MessageId,
        view: &StaffView,
        (action, pictures): (&str, Pictures),
        (by, at): (&str, Timestamp),
    ) -> AuditRow {
        let mut detail = json!({ "view": view.id, "ticket": view.ticket, "ground": view.ground });
        if let Pictures::Recorded { from, to } = pictures {
            detail["from"] = json!(from);
            detail["to"] = json!(to);
        }
        if let Some(grant) = &view.grant {
            detail["until"] = json!(grant.until);
        }
        AuditRow {
            id,
            at,
            contract: view.contract.clone(),
            actor: by.to_owned(),
            action: action.to_owned(),
            camera: Some(view.camera.clone()),
            outcome: "done".to_owned(),
            detail,
        }
    }
}
