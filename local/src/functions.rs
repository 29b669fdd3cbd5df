//! Every function of the service, so that one executable can be each of them.

use lambda_runtime::Error;

/// The names under which template.yaml declares the functions.
pub const NAMES: [&str; 15] = [
    "billing-schedule",
    "camera-watch",
    "clip-export",
    "contract-desk",
    "contract-purge",
    "device-provisioning",
    "due-sweep",
    "effect-audit",
    "hold-copy",
    "notification",
    "operations",
    "playback-url",
    "portal",
    "renewal-reminder",
    "signup-screening",
];

/// Runs the function of this name until its host ends it.
pub async fn run(name: &str) -> Result<(), Error> {
    match name {
        "billing-schedule" => billing_schedule::run().await,
        "camera-watch" => camera_watch::run().await,
        "clip-export" => clip_export::run().await,
        "contract-desk" => contract_desk::run().await,
        "contract-purge" => contract_purge::run().await,
        "device-provisioning" => device_provisioning::run().await,
        "due-sweep" => due_sweep::run().await,
        "effect-audit" => effect_audit::run().await,
        "hold-copy" => hold_copy::run().await,
        "notification" => notification::run().await,
        "operations" => operations::run().await,
        "playback-url" => playback_url::run().await,
        "portal" => portal::run().await,
        "renewal-reminder" => renewal_reminder::run().await,
        "signup-screening" => signup_screening::run().await,
        _ => Err(format!(
            "there is no function {name}; the functions are {}",
            NAMES.join(", ")
        )
        .into()),
    }
}
