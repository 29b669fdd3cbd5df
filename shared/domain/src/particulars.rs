//! 登録事項: what an applicant tells about itself, read once into a value that is right (3-1, 3-4-1, P-1).

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::corporate_number::CorporateNumber;
use crate::prefecture::Prefecture;
use crate::rules::rules;

rules! {
    /// Why one field is refused.
    FieldRule {
        Required => ("required", "入力してください。", "This field is required."),
        TooLong => ("too_long", "長すぎます。短くしてください。", "This is too long."),
        Unprintable => ("unprintable", "使えない文字が含まれています。", "This contains characters that cannot be used."),
        Kind => ("kind", "法人・その他の団体・個人のいずれかを選んでください。", "Choose corporation, other body or individual."),
        Purpose => ("purpose", "事業用か個人用かを選んでください。", "Choose business or private use."),
        CorporateNumber => ("corporate_number", "法人番号は13桁の数字です。検査用数字が合いません。", "A corporate number has 13 digits; its check digit does not match."),
        Kana => ("kana", "全角カタカナで入力してください。", "Write this in katakana."),
        PostalCode => ("postal_code", "郵便番号は7桁の数字です（例 100-0001）。", "A Japanese postal code has 7 digits (for example 100-0001)."),
        Prefecture => ("prefecture", "日本国内の都道府県を選んでください。本サービスは日本国内にお住まいの方を対象としています。", "Choose a prefecture of Japan. The service is for residents of Japan."),
        Phone => ("phone", "電話番号は0で始まる10桁または11桁の数字です。", "A Japanese phone number starts with 0 and has 10 or 11 digits."),
        Email => ("email", "メールアドレスの形が正しくありません。", "This is not an e-mail address."),
        Cameras => ("cameras", "カメラの台数は1〜1000の数字です。", "The number of cameras is between 1 and 1000."),
        Plan => ("plan", "料金表にある保存日数を選んでください。", "Choose a retention of the price list."),
        Date => ("date", "日付の形が正しくないか、存在しない日です。", "This is not a date of the calendar."),
        DateRange => ("date_range", "指定できる範囲の日付ではありません。", "This date is outside the range that can be chosen."),
        Declaration => ("declaration", "お申し込みには、この表明が必要です。", "This declaration is needed to apply."),
        Consent => ("consent", "現在の利用規約への同意が必要です。", "Consent to the terms in force is needed."),
        Model => ("model", "指定機器の一覧にある型番を選んでください。", "Choose a model of the list of designated devices."),
        Serial => ("serial", "製造番号は英数字とハイフンで4〜40文字です。", "A serial number has 4 to 40 letters, digits and hyphens."),
        Attestation => ("attestation", "設置に関する確認が必要です。", "The attestation about the installation is needed."),
        Choice => ("choice", "選択肢から選んでください。", "Choose one of the options."),
        NameDiffers => ("name_differs", "カメラの名称と一致しません。", "This is not the name of the camera."),
        Amount => ("amount", "金額は円単位の整数で入力してください。", "An amount is a whole number of yen."),
        AmountNotPositive => ("amount_not_positive", "金額は1円以上にしてください。", "The amount must be at least one yen."),
        AmountTooLarge => ("amount_too_large", "金額が大きすぎます。", "The amount is too large."),
        NotInJapan => ("not_in_japan", "保管場所は日本国内に限ります。ap-northeast-1、ap-northeast-3、または都道府県から始まる住所を入力してください。", "Data are kept in Japan only. Give ap-northeast-1, ap-northeast-3, or an address that begins with its prefecture in Japanese."),
        Url => ("url", "https:// で始まるアドレスを入力してください。", "Give an address that begins with https://."),
        Name => ("name", "半角の英小文字・数字・ハイフンで32文字までの名前にしてください。", "A name is up to 32 small letters, digits and hyphens."),
    }
}

/// One refused field: its name in the request and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub rule: FieldRule,
}

impl FieldError {
    /// Names a field and its rule.
    pub fn new(field: &str, rule: FieldRule) -> Self {
        FieldError {
            field: field.to_owned(),
            rule,
        }
    }
}

/// Whether an individual acts for a business; if not, consumer law applies (2-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Business,
    Private,
}

/// お客様: a corporation, another body, or an individual (2-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Customer {
    Corporation { number: CorporateNumber },
    OtherBody,
    Individual { purpose: Purpose },
}

/// A postal address in Japan (P-1, 17-1-11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Seven digits.
    pub postal_code: String,
    pub prefecture: Prefecture,
    /// City, street and building.
    pub line: String,
}

/// The particulars of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Particulars {
    pub customer: Customer,
    pub name: String,
    pub name_kana: String,
    /// The person who represents a corporation or body.
    pub representative: Option<String>,
    pub address: Address,
    /// Digits only.
    pub phone: String,
    /// 担当者: the first administrator (2-6).
    pub contact_name: String,
    pub contact_email: String,
}

/// What stands in the place of a name that was erased.
pub const ERASED: &str = "（消去済み）";

impl Particulars {
    /// Returns what is left when everything is erased (15-3).
    pub fn erased(&self) -> Particulars {
        Particulars {
            customer: Customer::OtherBody,
            name: ERASED.to_owned(),
            name_kana: String::new(),
            representative: None,
            address: Address {
                postal_code: String::new(),
                prefecture: Prefecture::default(),
                line: String::new(),
            },
            phone: String::new(),
            contact_name: ERASED.to_owned(),
            contact_email: String::new(),
        }
    }

    /// Returns what the last letter needs, and nothing else (15-3).
    pub fn contact_alone(&self) -> Particulars {
        Particulars {
            name: self.name.clone(),
            contact_name: self.contact_name.clone(),
            contact_email: self.contact_email.clone(),
            ..self.erased()
        }
    }
}

/// The particulars as they come from a form, nothing checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RawParticulars {
    pub kind: String,
    pub purpose: String,
    pub corporate_number: String,
    pub name: String,
    pub name_kana: String,
    pub representative: String,
    pub postal_code: String,
    pub prefecture: String,
    pub address: String,
    pub phone: String,
    pub contact_name: String,
    pub contact_email: String,
}

/// Collects refused fields, so that a person sees all of them at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Keeps the value, or notes the rule under the field's name.
    pub fn keep<T>(&mut self, field: &str, value: Result<T, FieldRule>) -> Option<T> {
        value.map_err(|rule| self.add(field, rule)).ok()
    }

    /// Notes a refused field.
    pub fn add(&mut self, field: &str, rule: FieldRule) {
        self.0.push(FieldError::new(field, rule));
    }

    /// Returns the value if no field was refused.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }
}

/// Reads one line of text: normalised, trimmed, printable, at most `max` characters.
pub fn line(text: &str, max: usize) -> Result<String, FieldRule> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(FieldRule::Required);
    }
    if text.chars().count() > max {
        return Err(FieldRule::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(FieldRule::Unprintable);
    }
    Ok(text)
}

/// Reads digits that people write with hyphens, spaces or in full width.
fn digits(text: &str) -> Option<String> {
    let text: String = text
        .nfkc()
        .filter(|c| !matches!(c, '-' | ' ' | '‐' | 'ー' | '−' | '(' | ')'))
        .collect();
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

/// Reads a name's reading in katakana; half width and hiragana are turned into full-width katakana.
fn kana(text: &str) -> Result<String, FieldRule> {
    let text = line(&text.nfkc().collect::<String>(), 100)?;
    let text: String = text
        .chars()
        .map(|c| {
            if ('ぁ'..='ゖ').contains(&c) {
                char::from_u32(c as u32 + 0x60).unwrap_or(c)
            } else {
                c
            }
        })
        .collect();
    let allowed = |c: char| {
        ('ァ'..='ヺ').contains(&c) || "ー・ 　（）()&.,".contains(c) || c.is_ascii_alphanumeric()
    };
    if text.chars().all(allowed) {
        Ok(text)
    } else {
        Err(FieldRule::Kana)
    }
}

/// Reads an e-mail address: one @, a dotted domain, no space, at most 254 characters.
pub fn email(text: &str) -> Result<String, FieldRule> {
    let text = line(text, 254)?.to_ascii_lowercase();
    let valid = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.len() <= 64
            && domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
            && text
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&b))
    });
    if valid {
        Ok(text)
    } else {
        Err(FieldRule::Email)
    }
}

/// Reads an address in Japan; a missing or foreign prefecture is refused.
pub fn address(
    errors: &mut FieldErrors,
    postal_code: &str,
    prefecture: &str,
    line_text: &str,
) -> Option<Address> {
    let postal_code = errors.keep(
        "postal_code",
        digits(postal_code)
            .filter(|d| d.len() == 7)
            .ok_or(FieldRule::PostalCode),
    );
    let prefecture = errors.keep(
        "prefecture",
        Prefecture::parse(prefecture.trim()).ok_or(FieldRule::Prefecture),
    );
    let line = errors.keep("address", line(line_text, 200));
    Some(Address {
        postal_code: postal_code?,
        prefecture: prefecture?,
        line: line?,
    })
}

fn customer(raw: &RawParticulars, errors: &mut FieldErrors) -> Option<Customer> {
    match raw.kind.as_str() {
        "corporation" => {
            let number = digits(&raw.corporate_number).ok_or(FieldRule::CorporateNumber);
            let number = number
                .and_then(|n| CorporateNumber::parse(&n).map_err(|_| FieldRule::CorporateNumber));
            errors
                .keep("corporate_number", number)
                .map(|number| Customer::Corporation { number })
        }
        "other_body" => Some(Customer::OtherBody),
        "individual" => match raw.purpose.as_str() {
            "business" => Some(Customer::Individual {
                purpose: Purpose::Business,
            }),
            "private" => Some(Customer::Individual {
                purpose: Purpose::Private,
            }),
            _ => {
                errors.add("purpose", FieldRule::Purpose);
                None
            }
        },
        _ => {
            errors.add("kind", FieldRule::Kind);
            None
        }
    }
}

impl Particulars {
    /// Reads the particulars; every refused field is named.
    pub fn parse(raw: &RawParticulars) -> Result<Self, Vec<FieldError>> {
        let mut errors = FieldErrors::default();
        let customer = customer(raw, &mut errors);
        let name = errors.keep("name", line(&raw.name, 100));
        let name_kana = errors.keep("name_kana", kana(&raw.name_kana));
        let representative = match raw.kind.as_str() {
            "corporation" | "other_body" => errors
                .keep("representative", line(&raw.representative, 100))
                .map(Some),
            _ => Some(None),
        };
        let address = address(&mut errors, &raw.postal_code, &raw.prefecture, &raw.address);
        let phone =
            digits(&raw.phone).filter(|d| d.starts_with('0') && (10..=11).contains(&d.len()));
        let phone = errors.keep("phone", phone.ok_or(FieldRule::Phone));
        let contact_name = errors.keep("contact_name", line(&raw.contact_name, 100));
        let contact_email = errors.keep("contact_email", email(&raw.contact_email));
        let read = (|| {
            Some(Particulars {
                customer: customer?,
                name: name?,
                name_kana: name_kana?,
                representative: representative?,
                address: address?,
                phone: phone?,
                contact_name: contact_name?,
                contact_email: contact_email?,
            })
        })();
        errors.finish(read)
    }

    /// Returns the particulars as a form would send them, for editing.
    pub fn to_raw(&self) -> RawParticulars {
        let (kind, purpose, number) = match &self.customer {
            Customer::Corporation { number } => ("corporation", "", number.as_str()),
            Customer::OtherBody => ("other_body", "", ""),
            Customer::Individual {
                purpose: Purpose::Business,
            } => ("individual", "business", ""),
            Customer::Individual {
                purpose: Purpose::Private,
            } => ("individual", "private", ""),
        };
        RawParticulars {
            kind: kind.to_owned(),
            purpose: purpose.to_owned(),
            corporate_number: number.to_owned(),
            name: self.name.clone(),
            name_kana: self.name_kana.clone(),
            representative: self.representative.clone().unwrap_or_default(),
            postal_code: self.address.postal_code.clone(),
            prefecture: self.address.prefecture.number().to_string(),
            address: self.address.line.clone(),
            phone: self.phone.clone(),
            contact_name: self.contact_name.clone(),
            contact_email: self.contact_email.clone(),
        }
    }
}

#[cfg(test)]
mod art_03 {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn good() -> RawParticulars {
        RawParticulars {
            kind: "corporation".into(),
            corporate_number: "7-1234-5678-9012".into(),
            name: "株式会社見本商店".into(),
            name_kana: "みほんしょうてん".into(),
            representative: "見本 太郎".into(),
            postal_code: "１００－０００１".into(),
            prefecture: "13".into(),
            address: "千代田区千代田1-1".into(),
            phone: "03-0000-0000".into(),
            contact_name: "見本 花子".into(),
            contact_email: "Hanako@Example.JP".into(),
            ..RawParticulars::default()
        }
    }

    fn refused(change: impl FnOnce(&mut RawParticulars)) -> Vec<(String, FieldRule)> {
        let mut raw = good();
        change(&mut raw);
        Particulars::parse(&raw)
            .unwrap_err()
            .into_iter()
            .map(|e| (e.field, e.rule))
            .collect()
    }

    #[test]
    fn good_particulars_are_normalised() {
        let read = Particulars::parse(&good()).unwrap();
        assert_eq!(read.address.postal_code, "1000001");
        assert_eq!(read.name_kana, "ミホンショウテン");
        assert_eq!(read.phone, "0300000000");
        assert_eq!(read.contact_email, "hanako@example.jp");
        assert_eq!(Particulars::parse(&read.to_raw()).unwrap(), read);
    }

    #[test]
    fn each_wrong_field_is_named_with_its_rule() {
        let one = |field: &str, rule| vec![(field.to_owned(), rule)];
        assert_eq!(
            refused(|r| r.corporate_number = "7123456789013".into()),
            one("corporate_number", FieldRule::CorporateNumber)
        );
        assert_eq!(
            refused(|r| r.prefecture = "California".into()),
            one("prefecture", FieldRule::Prefecture)
        );
        assert_eq!(
            refused(|r| r.postal_code = "94105".into()),
            one("postal_code", FieldRule::PostalCode)
        );
        assert_eq!(
            refused(|r| r.phone = "+1 415 555 0100".into()),
            one("phone", FieldRule::Phone)
        );
        assert_eq!(
            refused(|r| r.contact_email = "no-at.example.jp".into()),
            one("contact_email", FieldRule::Email)
        );
        assert_eq!(
            refused(|r| r.name = "a\u{7}b".into()),
            one("name", FieldRule::Unprintable)
        );
        assert_eq!(
            refused(|r| r.name = "あ".repeat(101)),
            one("name", FieldRule::TooLong)
        );
        assert_eq!(
            refused(|r| r.kind = "robot".into()),
            one("kind", FieldRule::Kind)
        );
        assert_eq!(
            refused(|r| r.kind = "individual".into()),
            one("purpose", FieldRule::Purpose)
        );
    }

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let errors = Particulars::parse(&RawParticulars::default()).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "kind",
                "name",
                "name_kana",
                "postal_code",
                "prefecture",
                "address",
                "phone",
                "contact_name",
                "contact_email"
            ]
        );
    }

    #[test]
    fn an_individual_needs_no_representative_and_no_corporate_number() {
        let raw = RawParticulars {
            kind: "individual".into(),
            purpose: "private".into(),
            corporate_number: String::new(),
            representative: String::new(),
            ..good()
        };
        let read = Particulars::parse(&raw).unwrap();
        assert_eq!(
            read.customer,
            Customer::Individual {
                purpose: Purpose::Private
            }
        );
    }
}
