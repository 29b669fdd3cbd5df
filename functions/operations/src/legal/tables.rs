//! The registered data of one kind as a table: the one source of a package's JSON, CSV and page.

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::disclosure::DataKind;
use ciero_domain::invoice;
use ciero_domain::particulars::{Address, Customer};
use ciero_runtime::Problem;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::App;

/// Each column with its name for programs and for people.
pub type Columns = &'static [(&'static str, &'static str)];

/// Data of one kind, at one instant.
pub struct Table {
    pub kind: DataKind,
    pub columns: Columns,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns the rows as objects.
    pub fn json(&self) -> Value {
        let row = |row: &Vec<String>| {
            let names = self.columns.iter().map(|(name, _)| (*name).to_owned());
            let values = row.iter().map(|value| json!(value));
            Value::Object(names.zip(values).collect::<Map<_, _>>())
        };
        json!({ "kind": self.kind, "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }

    /// Returns the rows as CSV that spreadsheets open as UTF-8.
    pub fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(self.columns.iter().map(|(_, heading)| *heading))?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        Ok(writer.into_inner()?)
    }
}

/// Reads the data of one kind as it is now.
pub async fn read(app: &App, contract: &Contract, kind: DataKind) -> Result<Table, Problem> {
    let id = &contract.id;
    let sources = &app.legal;
    let (columns, rows) = match kind {
        DataKind::Particulars => (PARTICULARS, vec![particulars(contract)]),
        DataKind::Users => {
            let users = app.gate.people.users(id).await?;
            let row = |user: &ciero_domain::user::User| {
                vec![
                    user.id.to_string(),
                    user.name.clone(),
                    user.email.clone(),
                    named(&user.role),
                    named(&user.state),
                    user.added_at.to_string(),
                ]
            };
            (USERS, users.iter().map(row).collect())
        }
        DataKind::Devices => (DEVICES, devices(app, contract).await?),
        DataKind::Billing => (BILLING, billing(app, contract).await?),
        DataKind::Notices => {
            let notices = sources.notices.of_contract(id, u16::MAX).await?;
            let row = |record: &ciero_domain::notice::NoticeRecord| {
                vec![
                    record.sent_at.to_string(),
                    record.notice.kind().to_owned(),
                    record.to.clone(),
                    named(&record.outcome),
                ]
            };
            (NOTICES, notices.iter().map(row).collect())
        }
        DataKind::AuditTrail => {
            let trail = sources.audit.trail(id, u16::MAX).await?;
            let row = |row: &ciero_ports::AuditRow| {
                let camera = row.camera.as_ref().map(ToString::to_string);
                vec![
                    row.at.to_string(),
                    row.actor.clone(),
                    row.action.clone(),
                    camera.unwrap_or_default(),
                    row.outcome.clone(),
                    row.detail.to_string(),
                ]
            };
            (AUDIT, trail.iter().map(row).collect())
        }
    };
    Ok(Table {
        kind,
        columns,
        rows,
    })
}

const PARTICULARS: Columns = &[
    ("contract", "契約番号"),
    ("formed_at", "成立日時"),
    ("kind", "区分"),
    ("corporate_number", "法人番号"),
    ("name", "名称・氏名"),
    ("name_kana", "フリガナ"),
    ("representative", "代表者"),
    ("address", "住所"),
    ("phone", "電話番号"),
    ("contact_name", "担当者"),
    ("contact_email", "担当者のメールアドレス"),
];
const USERS: Columns = &[
    ("id", "ユーザ番号"),
    ("name", "氏名"),
    ("email", "メールアドレス"),
    ("role", "区分"),
    ("state", "状態"),
    ("added_at", "登録日時"),
];
const DEVICES: Columns = &[
    ("device", "機器番号"),
    ("model", "型名"),
    ("serial", "製造番号"),
    ("camera", "カメラ番号"),
    ("camera_name", "カメラの名称"),
    ("site", "設置場所"),
    ("registered_at", "登録日時"),
];
const BILLING: Columns = &[
    ("kind", "区分"),
    ("number", "番号"),
    ("on", "日付"),
    ("yen", "金額（円）"),
];
const NOTICES: Columns = &[
    ("sent_at", "送信日時"),
    ("kind", "種類"),
    ("to", "宛先"),
    ("outcome", "到達状況"),
];
const AUDIT: Columns = &[
    ("at", "日時"),
    ("actor", "操作した人"),
    ("action", "操作"),
    ("camera", "カメラ"),
    ("outcome", "結果"),
    ("detail", "詳細"),
];

fn particulars(contract: &Contract) -> Vec<String> {
    let customer = &contract.customer;
    let (kind, number) = match &customer.customer {
        Customer::Corporation { number } => ("法人", number.as_str()),
        Customer::OtherBody => ("その他の団体", ""),
        Customer::Individual { .. } => ("個人", ""),
    };
    vec![
        contract.id.to_string(),
        contract.formed_at.to_string(),
        kind.to_owned(),
        number.to_owned(),
        customer.name.clone(),
        customer.name_kana.clone(),
        customer.representative.clone().unwrap_or_default(),
        address(&customer.address),
        customer.phone.clone(),
        customer.contact_name.clone(),
        customer.contact_email.clone(),
    ]
}

async fn devices(app: &App, contract: &Contract) -> Result<Vec<Vec<String>>, Problem> {
    let devices = app.legal.devices.devices(&contract.id).await?;
    let cameras = app.legal.devices.cameras(&contract.id).await?;
    let row = |device: &ciero_domain::device::Device| {
        let camera = cameras.iter().find(|camera| camera.id == device.camera);
        vec![
            device.id.to_string(),
            device.model.clone(),
            device.serial.clone(),
            device.camera.to_string(),
            camera.map_or_else(String::new, |camera| camera.name.clone()),
            address(&device.site),
            device.registered_at.to_string(),
        ]
    };
    Ok(devices.iter().map(row).collect())
}

async fn billing(app: &App, contract: &Contract) -> Result<Vec<Vec<String>>, Problem> {
    let invoices = app.legal.billing.invoices(&contract.id).await?;
    let receipts = app.legal.billing.receipts(&contract.id).await?;
    let row = |kind: &str, number: String, on: String, yen: i64| {
        vec![kind.to_owned(), number, on, yen.to_string()]
    };
    let invoices = invoices.iter().map(|invoice| {
        let number = invoice::name(&contract.id, invoice.number);
        row(
            "請求書",
            number,
            invoice.issued_on.to_string(),
            invoice.total_yen.0,
        )
    });
    let receipts = receipts.iter().map(|receipt| {
        let on = receipt.received_on.to_string();
        row("入金", receipt.reference.clone(), on, receipt.yen.0)
    });
    Ok(invoices.chain(receipts).collect())
}

fn address(address: &Address) -> String {
    let prefecture = address.prefecture.name(Language::Ja);
    format!("〒{} {prefecture}{}", address.postal_code, address.line)
}

/// Returns the stable name of a value as it is stored.
fn named(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
