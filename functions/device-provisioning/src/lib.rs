//! The device-provisioning function.
