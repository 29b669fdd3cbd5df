//! What the demo orders and agrees to: what the operator's own documents offer on the day of the service clock.

use anyhow::{Context, Result};
use ciero_domain::device::DeviceKind;
use ciero_domain::documents::DeviceModel;
use ciero_domain::prices::{PriceList, in_force};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

/// The plan that comes nearest to this is ordered.
const WISHED_RETENTION_DAYS: u16 = 30;

/// What the demo takes from the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub terms_version: String,
    pub retention_days: u16,
    pub model: String,
}

#[derive(Deserialize)]
struct Terms {
    version: String,
    effective_from: Date,
}

/// Why nothing can be ordered; a person can change it.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoOffer {
    #[error(
        "the demo needs {what} in force on {today}, and the first are so from {from}: give a later --clock with --fresh, or --no-demo"
    )]
    NotYet {
        what: &'static str,
        today: Date,
        from: Date,
    },
    #[error("the demo needs {0}, and the operator's folder has none; add one, or give --no-demo")]
    Nothing(&'static str),
    #[error("{0:#}")]
    Unreadable(#[from] anyhow::Error),
}

impl Offer {
    /// Reads the offer of a day out of what is published.
    pub fn on(event: &Value, today: Date) -> Result<Offer, NoOffer> {
        let documents = &event["publish"];
        let terms: Vec<Terms> = read(documents, "terms")?;
        let begun = terms.iter().filter(|terms| terms.effective_from <= today);
        let newest = begun.max_by_key(|terms| terms.effective_from);
        let terms_begin = terms.iter().map(|terms| terms.effective_from);
        let terms = newest.ok_or_else(|| none("terms", today, terms_begin.min()))?;

        let lists: Vec<PriceList> = read(documents, "prices")?;
        let lists_begin = lists.iter().map(|list| list.effective_from);
        let list = in_force(&lists, today, today);
        let list = list.ok_or_else(|| none("prices", today, lists_begin.min()))?;
        let plans = list.plans.iter().map(|plan| plan.retention_days);
        let nearest = plans.min_by_key(|days| days.abs_diff(WISHED_RETENTION_DAYS));

        let models: Vec<DeviceModel> = read(&documents["operator"], "device_models")?;
        // The demo's device is a program, as an IoTBox is.
        let box_ = models.iter().find(|one| one.kind == DeviceKind::Iotbox);
        let model = box_.or(models.first());
        Ok(Offer {
            terms_version: terms.version.clone(),
            retention_days: nearest.ok_or(NoOffer::Nothing("a plan"))?,
            model: model
                .ok_or(NoOffer::Nothing("a device model"))?
                .model
                .clone(),
        })
    }
}

fn none(what: &'static str, today: Date, from: Option<Date>) -> NoOffer {
    from.map_or(NoOffer::Nothing(what), |from| NoOffer::NotYet {
        what,
        today,
        from,
    })
}

fn read<T: serde::de::DeserializeOwned>(documents: &Value, name: &str) -> Result<Vec<T>> {
    let list = match &documents[name] {
        Value::Null => return Ok(Vec::new()),
        list => list.clone(),
    };
    serde_json::from_value(list)
        .with_context(|| format!("the operator's {name} are not understood"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    fn published() -> Value {
        let terms =
            |version: &str, from: &str| json!({ "version": version, "effective_from": from });
        let list = |version: &str, from: &str, days: &[u16]| {
            let plans: Vec<Value> = days
                .iter()
                .map(|d| json!({ "retention_days": d, "yearly_yen": 1 }))
                .collect();
            json!({ "version": version, "effective_from": from, "plans": plans, "tax_percent": 10, "payment_ja": "", "payment_en": "" })
        };
        let model = |name: &str, kind: &str| json!({ "model": name, "kind": kind, "name": { "ja": "", "en": "" } });
        json!({ "publish": {
            "terms": [terms("t-1", "2026-04-01"), terms("t-2", "2027-01-01")],
            "prices": [list("p-1", "2026-04-01", &[7, 31, 365]), list("p-2", "2027-01-01", &[14])],
            "operator": { "device_models": [model("CAM", "camera"), model("BOX", "iotbox")] },
        } })
    }

    fn check(change: impl FnOnce(&mut Value), today: Date) -> String {
        let mut published = published();
        change(&mut published["publish"]);
        match Offer::on(&published, today) {
            Ok(offer) => format!(
                "{} {} {}",
                offer.terms_version, offer.retention_days, offer.model
            ),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_offer_is_what_is_in_force_on_the_day() {
        assert_eq!(check(|_| {}, date(2026, 12, 31)), "t-1 31 BOX");
        assert_eq!(check(|_| {}, date(2027, 1, 1)), "t-2 14 BOX");
        let cameras_only = |p: &mut Value| {
            p["operator"]["device_models"].as_array_mut().unwrap().pop();
        };
        assert_eq!(check(cameras_only, date(2026, 4, 1)), "t-1 31 CAM");
    }

    #[test]
    fn a_day_before_the_first_terms_or_prices_is_told_with_the_first_day() {
        let told = check(|_| {}, date(2026, 3, 31));
        assert!(
            told.contains("terms in force on 2026-03-31") && told.contains("2026-04-01"),
            "{told}"
        );
        let told = check(
            |p| p["terms"][0]["effective_from"] = json!("2026-01-01"),
            date(2026, 3, 31),
        );
        assert!(told.contains("prices in force on 2026-03-31"), "{told}");
    }

    #[test]
    fn an_operator_without_terms_plans_or_models_is_told_so() {
        for (what, change) in [
            ("terms", (|p| p["terms"] = json!([])) as fn(&mut Value)),
            ("a plan", |p| p["prices"][0]["plans"] = json!([])),
            ("a device model", |p| {
                p["operator"]["device_models"] = json!([])
            }),
        ] {
            let told = check(change, date(2026, 4, 1));
            assert!(told.contains(&format!("needs {what}, ")), "{told}");
        }
    }
}
