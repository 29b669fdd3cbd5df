//! What becomes of a mail, and the events in which SES tells it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::NewMail;
use crate::{ACCOUNT_ID, REGION};

/// From the moment a mail is taken until its fate is known.
pub const DELIVERY_TAKES: Duration = Duration::from_millis(100);

/// SES's own mailbox simulator.
const SIMULATOR: &str = "simulator.amazonses.com";
/// Every address here bounces, for customers of the demo.
const BOUNCING: &str = "bounce.example.jp";

/// What becomes of a mail to an address; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Delivered,
    /// Delivered, and then reported as unwanted.
    Complained,
    Bounced,
}

impl Fate {
    pub(super) fn of(address: &str) -> Self {
        let address = bare(address).to_ascii_lowercase();
        let Some((name, host)) = address.rsplit_once('@') else {
            return Fate::Delivered;
        };
        let (mailbox, _label) = name.split_once('+').unwrap_or((name, ""));
        match (mailbox, host) {
            ("bounce", SIMULATOR) | (_, BOUNCING) => Fate::Bounced,
            ("complaint", SIMULATOR) => Fate::Complained,
            _ => Fate::Delivered,
        }
    }

    /// The fate of a mail as a whole: the worst of its recipients'.
    pub(super) fn of_all(addresses: &[String]) -> Self {
        let fates = addresses.iter().map(|address| Fate::of(address));
        fates.max().unwrap_or(Fate::Delivered)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Fate::Delivered => "delivered",
            Fate::Complained => "complained",
            Fate::Bounced => "bounced",
        }
    }
}

/// The address without a display name.
fn bare(address: &str) -> &str {
    let inner = address.strip_suffix('>').and_then(|a| a.rsplit_once('<'));
    inner.map_or(address, |(_, inner)| inner)
}

/// A kind of event that a configuration set can publish here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    Delivery,
    Bounce,
    Complaint,
}

impl EventKind {
    /// The kind by its name in MatchingEventTypes, in either spelling; `None` for one that never happens here.
    pub fn of(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "DELIVERY" => Some(Self::Delivery),
            "BOUNCE" => Some(Self::Bounce),
            "COMPLAINT" => Some(Self::Complaint),
            _ => None,
        }
    }

    fn detail_type(self) -> &'static str {
        match self {
            Self::Delivery => "Email Delivered",
            Self::Bounce => "Email Bounced",
            Self::Complaint => "Email Complaint Received",
        }
    }

    /// Whether this is told of a recipient with this fate.
    fn tells(self, fate: Fate) -> bool {
        match self {
            Self::Delivery => fate != Fate::Bounced,
            Self::Bounce => fate == Fate::Bounced,
            Self::Complaint => fate == Fate::Complained,
        }
    }
}

/// A mail as it was taken.
pub(super) struct Taken<'a> {
    pub mail: &'a NewMail,
    pub id: &'a str,
    /// The configuration set that it was sent under.
    pub set: &'a str,
    pub at: Timestamp,
}

impl Taken<'_> {
    /// The events of the mail in their order: of each kind at most one, which names its recipients.
    pub fn events(&self, kinds: &[EventKind]) -> Vec<Value> {
        let order = [EventKind::Delivery, EventKind::Bounce, EventKind::Complaint];
        let told = order.into_iter().filter(|kind| kinds.contains(kind));
        let event = |kind: EventKind| {
            let recipients = self.mail.to.iter().map(String::as_str);
            let recipients: Vec<&str> = recipients
                .filter(|address| kind.tells(Fate::of(address)))
                .collect();
            (!recipients.is_empty()).then(|| self.event(kind, &recipients))
        };
        told.filter_map(event).collect()
    }

    fn event(&self, kind: EventKind, recipients: &[&str]) -> Value {
        let takes = SignedDuration::try_from(DELIVERY_TAKES).unwrap_or_default();
        let known = self.at.saturating_add(takes).unwrap_or(self.at);
        let (name, told) = match kind {
            EventKind::Delivery => ("delivery", delivery(&millis(known), recipients)),
            EventKind::Bounce => ("bounce", bounce(&millis(known), recipients)),
            EventKind::Complaint => ("complaint", complaint(&millis(known), recipients)),
        };
        let mut detail = json!({ "eventType": capitalised(name), "mail": self.facts() });
        detail[name] = told;
        let set = self.set;
        json!({
            "version": "0",
            "id": uuid::Uuid::new_v4().to_string(),
            "detail-type": kind.detail_type(),
            "source": "aws.ses",
            "account": ACCOUNT_ID,
            "time": known.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": REGION,
            "resources": [format!("arn:aws:ses:{REGION}:{ACCOUNT_ID}:configuration-set/{set}")],
            "detail": detail,
        })
    }

    /// What every event repeats of the mail.
    fn facts(&self) -> Value {
        let Taken { mail, id, set, at } = self;
        let domain = bare(&mail.from).rsplit('@').next().unwrap_or_default();
        let mut tags = BTreeMap::from([
            ("ses:operation", vec!["SendEmail"]),
            ("ses:configuration-set", vec![*set]),
            ("ses:from-domain", vec![domain]),
        ]);
        for (name, value) in &mail.tags {
            tags.entry(name).or_default().push(value);
        }
        json!({
            "timestamp": millis(*at),
            "source": mail.from,
            "sendingAccountId": ACCOUNT_ID,
            "messageId": id,
            "destination": mail.to,
            "headersTruncated": false,
            "headers": [
                { "name": "From", "value": mail.from },
                { "name": "To", "value": mail.to.join(", ") },
                { "name": "Subject", "value": mail.subject },
            ],
            "commonHeaders": { "from": [mail.from], "to": mail.to, "messageId": id, "subject": mail.subject },
            "tags": tags,
        })
    }
}

fn delivery(stamp: &str, recipients: &[&str]) -> Value {
    json!({
        "timestamp": stamp,
        "processingTimeMillis": DELIVERY_TAKES.as_millis(),
        "recipients": recipients,
        "smtpResponse": "250 ok",
        "reportingMTA": "mailbox.local",
    })
}

fn bounce(stamp: &str, recipients: &[&str]) -> Value {
    let recipients = recipients.iter().map(|address| {
        json!({
            "emailAddress": address,
            "action": "failed",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        })
    });
    json!({
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": recipients.collect::<Vec<Value>>(),
        "timestamp": stamp,
        "feedbackId": uuid::Uuid::new_v4().to_string(),
        "reportingMTA": "dns; mailbox.local",
    })
}

fn complaint(stamp: &str, recipients: &[&str]) -> Value {
    let recipients = recipients.iter();
    let recipients = recipients.map(|address| json!({ "emailAddress": address }));
    json!({
        "complainedRecipients": recipients.collect::<Vec<Value>>(),
        "timestamp": stamp,
        "feedbackId": uuid::Uuid::new_v4().to_string(),
        "complaintFeedbackType": "abuse",
        "arrivalDate": stamp,
    })
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ALL: [EventKind; 3] = [EventKind::Bounce, EventKind::Complaint, EventKind::Delivery];

    #[test]
    fn an_address_decides_the_fate_of_its_mail() {
        let check = |address: &str, fate| assert_eq!(Fate::of(address), fate, "{address}");
        check("bounce@simulator.amazonses.com", Fate::Bounced);
        check("bounce+label@simulator.amazonses.com", Fate::Bounced);
        check("山田 <Bounce@Simulator.amazonses.com>", Fate::Bounced);
        check("hanako@bounce.example.jp", Fate::Bounced);
        check("complaint@simulator.amazonses.com", Fate::Complained);
        check("complaint+1@simulator.amazonses.com", Fate::Complained);
        check("success@simulator.amazonses.com", Fate::Delivered);
        check("bounce@example.jp", Fate::Delivered);
        check("hanako@not-bounce.example.jp", Fate::Delivered);
        check("nobody", Fate::Delivered);
    }

    fn told(to: &[&str], kinds: &[EventKind]) -> Vec<Value> {
        let mail = NewMail {
            from: "Ciero <no-reply@portal.example.jp>".to_owned(),
            to: to.iter().map(|address| (*address).to_owned()).collect(),
            tags: vec![("notice".to_owned(), "m-1".to_owned())],
            ..NewMail::default()
        };
        let taken = Taken {
            mail: &mail,
            id: "id-1",
            set: "set",
            at: "2026-06-01T00:00:00.950Z".parse().unwrap(),
        };
        taken.events(kinds)
    }

    fn check(to: &[&str], kinds: &[EventKind], expected: &[&str]) {
        let told = told(to, kinds);
        let types: Vec<&str> = told
            .iter()
            .map(|event| event["detail"]["eventType"].as_str().unwrap())
            .collect();
        assert_eq!(types, expected, "{to:?}");
    }

    #[test]
    fn each_recipient_is_told_of_in_the_event_of_its_fate() {
        check(&["a@example.jp"], &ALL, &["Delivery"]);
        check(&["a@bounce.example.jp"], &ALL, &["Bounce"]);
        let complaint = "complaint@simulator.amazonses.com";
        check(&[complaint], &ALL, &["Delivery", "Complaint"]);
        let both = ["a@example.jp", "b@bounce.example.jp", "c@example.jp"];
        check(&both, &ALL, &["Delivery", "Bounce"]);
        let told = told(&both, &ALL);
        assert_eq!(
            told[0]["detail"]["delivery"]["recipients"],
            json!(["a@example.jp", "c@example.jp"])
        );
        let bounced = &told[1]["detail"]["bounce"]["bouncedRecipients"];
        assert_eq!(bounced[0]["emailAddress"], "b@bounce.example.jp");
        assert_eq!(bounced.as_array().unwrap().len(), 1);
    }

    #[test]
    fn only_the_kinds_of_the_configuration_set_are_told() {
        check(&["a@example.jp"], &[EventKind::Bounce], &[]);
        check(&["a@bounce.example.jp"], &[], &[]);
    }

    #[test]
    fn an_event_has_the_documented_shape() {
        let [event] = told(&["a@bounce.example.jp"], &ALL).try_into().unwrap();
        assert_eq!(event["source"], "aws.ses");
        assert_eq!(event["detail-type"], "Email Bounced");
        assert_eq!(event["time"], "2026-06-01T00:00:01Z");
        let arn = "arn:aws:ses:ap-northeast-1:000000000000:configuration-set/set";
        assert_eq!(event["resources"], json!([arn]));
        let detail = &event["detail"];
        assert_eq!(detail["bounce"]["bounceType"], "Permanent");
        assert_eq!(detail["bounce"]["timestamp"], "2026-06-01T00:00:01.050Z");
        assert_eq!(detail["mail"]["timestamp"], "2026-06-01T00:00:00.950Z");
        assert_eq!(detail["mail"]["messageId"], "id-1");
        let tags = &detail["mail"]["tags"];
        assert_eq!(tags["notice"], json!(["m-1"]));
        assert_eq!(tags["ses:configuration-set"], json!(["set"]));
        assert_eq!(tags["ses:from-domain"], json!(["portal.example.jp"]));
    }
}
