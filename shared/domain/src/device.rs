//! 指定機器: registered by serial and model, installed in Japan, activated once by a code (2-11, 16-5, 17-1-11).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::documents::Operator;
use crate::ids::{CameraId, ContractId, DeviceId, UserId};
use crate::particulars::{Address, FieldError, FieldErrors, FieldRule, address, line};
use crate::rules::rules;

rules! {
    /// Why a command on a device is refused.
    Refusal {
        SerialTaken => ("serial_taken", "この製造番号は登録できません。すでに登録されています。", "This serial number is already registered."),
        CameraLimit => ("camera_limit", "ご契約の台数に達しています。", "The number of cameras of the contract is reached."),
        Retired => ("device_retired", "この機器は登録を解除されています。", "This device is retired."),
        AlreadyActive => ("device_active", "この機器はすでに利用開始しています。", "This device is already active."),
        CodeInvalid => ("code_invalid", "コードが正しくないか、使用済みか、期限切れです。機器のページで新しいコードを発行してください。", "The code is wrong, used or expired. Get a new one on the device's page."),
        RequestInvalid => ("request_invalid", "証明書の要求を読み取れません。", "The certificate request cannot be read."),
    }
}

/// What a device is: a camera is one camera, an IoTBox relays several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    Camera,
    Iotbox,
}

/// How long a one-time code may be used.
pub const CODE_LIFETIME: SignedDuration = SignedDuration::from_hours(72);

/// Where a device stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeviceState {
    /// Waits for its first start with the one-time code, of which only the SHA-256 is kept.
    Registered {
        code_hash: String,
        code_expires_at: Timestamp,
    },
    Active {
        certificate_id: String,
        since: Timestamp,
    },
    Retired {
        at: Timestamp,
    },
}

/// One designated device, bound to one contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    pub version: u64,
    pub contract: ContractId,
    pub kind: DeviceKind,
    pub model: String,
    pub serial: String,
    /// Where it is installed, in Japan (17-1-11).
    pub site: Address,
    /// Who attested the duties of installation (16-5), and when.
    pub attested_by: UserId,
    pub registered_at: Timestamp,
    pub camera: CameraId,
    #[serde(flatten)]
    pub state: DeviceState,
}

/// One camera: its stream holds the recordings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Camera {
    pub id: CameraId,
    pub version: u64,
    pub contract: ContractId,
    pub device: DeviceId,
    pub name: String,
    /// The Kinesis Video stream, which is also the device's IoT thing.
    pub stream_name: String,
    pub retention_hours: u32,
    pub since: Timestamp,
    pub retired_at: Option<Timestamp>,
}

/// A form of registration, nothing checked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RawDevice {
    pub name: String,
    pub model: String,
    pub serial: String,
    pub postal_code: String,
    pub prefecture: String,
    pub address: String,
    pub attestation: String,
}

/// A registration whose every field is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub name: String,
    pub model: String,
    pub kind: DeviceKind,
    pub serial: String,
    pub site: Address,
}

impl Registration {
    /// Reads a form: the model must be designated (2-11), the address in Japan (17-1-11), the duties
    /// of installation attested (16-5).
    pub fn parse(raw: &RawDevice, operator: &Operator) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let name = errors.keep("name", line(&raw.name, 60));
        let model = errors.keep(
            "model",
            operator.model(raw.model.trim()).ok_or(FieldRule::Model),
        );
        let serial = raw.serial.trim().to_ascii_uppercase();
        let valid = (4..=40).contains(&serial.len())
            && serial
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let serial = errors.keep("serial", valid.then_some(serial).ok_or(FieldRule::Serial));
        let site = address(&mut errors, &raw.postal_code, &raw.prefecture, &raw.address);
        if !crate::application::ticked(&raw.attestation) {
            errors.add("attestation", FieldRule::Attestation);
        }
        let read = name
            .zip(model)
            .zip(serial)
            .zip(site)
            .map(|(((name, model), serial), site)| Registration {
                name,
                model: model.model.clone(),
                kind: model.kind,
                serial,
                site,
            });
        errors.finish(read)
    }
}

impl Device {
    /// Gives a new one-time code to a device that has not started yet.
    pub fn with_code(mut self, code_hash: String, now: Timestamp) -> Result<Device, Refusal> {
        match self.state {
            DeviceState::Retired { .. } => Err(Refusal::Retired),
            DeviceState::Active { .. } => Err(Refusal::AlreadyActive),
            DeviceState::Registered { .. } => {
                self.version += 1;
                self.state = DeviceState::Registered {
                    code_hash,
                    code_expires_at: now + CODE_LIFETIME,
                };
                Ok(self)
            }
        }
    }

    /// Tells whether a code starts this device now.
    pub fn code_opens(&self, code_hash: &str, now: Timestamp) -> bool {
        matches!(&self.state, DeviceState::Registered { code_hash: known, code_expires_at } if known == code_hash && now < *code_expires_at)
    }

    /// Activates the device with the certificate that was issued for its own key.
    pub fn activate(
        mut self,
        code_hash: &str,
        certificate_id: String,
        now: Timestamp,
    ) -> Result<Device, Refusal> {
        if !self.code_opens(code_hash, now) {
            return Err(Refusal::CodeInvalid);
        }
        self.version += 1;
        self.state = DeviceState::Active {
            certificate_id,
            since: now,
        };
        Ok(self)
    }

    /// Takes the device out of use; its recordings stay for their retention.
    pub fn retire(mut self, now: Timestamp) -> Result<Device, Refusal> {
        if matches!(self.state, DeviceState::Retired { .. }) {
            return Err(Refusal::Retired);
        }
        self.version += 1;
        self.state = DeviceState::Retired { at: now };
        Ok(self)
    }
}

#[cfg(test)]
mod art_17 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::documents::{Bilingual, DeviceModel};

    fn operator() -> Operator {
        Operator {
            device_models: vec![DeviceModel {
                model: "MC-100".into(),
                kind: DeviceKind::Camera,
                name: Bilingual::default(),
            }],
            ..Operator::default()
        }
    }

    fn raw() -> RawDevice {
        RawDevice {
            name: "玄関".into(),
            model: "MC-100".into(),
            serial: "sn-0001".into(),
            postal_code: "100-0001".into(),
            prefecture: "13".into(),
            address: "千代田区千代田1-1".into(),
            attestation: "on".into(),
        }
    }

    fn refused(change: impl FnOnce(&mut RawDevice)) -> Vec<FieldError> {
        let mut raw = raw();
        change(&mut raw);
        Registration::parse(&raw, &operator()).unwrap_err()
    }

    #[test]
    fn a_device_is_registered_by_model_and_serial_with_an_address_in_japan() {
        let read = Registration::parse(&raw(), &operator()).unwrap();
        assert_eq!(
            (read.kind, read.serial.as_str()),
            (DeviceKind::Camera, "SN-0001")
        );
    }

    #[test]
    fn an_address_abroad_an_unknown_model_and_a_missing_attestation_are_refused() {
        assert_eq!(
            refused(|r| r.prefecture = "Guam".into()),
            [FieldError::new("prefecture", FieldRule::Prefecture)]
        );
        assert_eq!(
            refused(|r| r.model = "XX-1".into()),
            [FieldError::new("model", FieldRule::Model)]
        );
        assert_eq!(
            refused(|r| r.attestation = String::new()),
            [FieldError::new("attestation", FieldRule::Attestation)]
        );
        assert_eq!(
            refused(|r| r.serial = "a b".into()),
            [FieldError::new("serial", FieldRule::Serial)]
        );
    }

    fn device() -> Device {
        let read = Registration::parse(&raw(), &operator()).unwrap();
        Device {
            id: DeviceId::from_random([6; 10]),
            version: 1,
            contract: ContractId::from_random([3; 10]),
            kind: read.kind,
            model: read.model,
            serial: read.serial,
            site: read.site,
            attested_by: UserId::from_random([4; 10]),
            registered_at: Timestamp::UNIX_EPOCH,
            camera: CameraId::from_random([5; 10]),
            state: DeviceState::Registered {
                code_hash: "h".into(),
                code_expires_at: Timestamp::UNIX_EPOCH + CODE_LIFETIME,
            },
        }
    }

    #[test]
    fn a_code_opens_once_and_not_after_its_time() {
        let now = Timestamp::UNIX_EPOCH;
        let active = device().activate("h", "cert".into(), now).unwrap();
        assert_eq!(
            active
                .clone()
                .activate("h", "cert2".into(), now)
                .unwrap_err(),
            Refusal::CodeInvalid
        );
        assert_eq!(
            device().activate("x", "cert".into(), now).unwrap_err(),
            Refusal::CodeInvalid
        );
        assert_eq!(
            device()
                .activate("h", "cert".into(), now + CODE_LIFETIME)
                .unwrap_err(),
            Refusal::CodeInvalid
        );
        assert_eq!(
            active.with_code("n".into(), now).unwrap_err(),
            Refusal::AlreadyActive
        );
    }

    #[test]
    fn a_retired_device_stays_retired() {
        let now = Timestamp::UNIX_EPOCH;
        let retired = device().retire(now).unwrap();
        assert_eq!(retired.clone().retire(now).unwrap_err(), Refusal::Retired);
        assert_eq!(
            retired.with_code("n".into(), now).unwrap_err(),
            Refusal::Retired
        );
    }
}
