//! Who reads what is confidential is written down first (3-4, 21-4).

use ciero_domain::ids::MessageId;
use ciero_domain::screening::Reading;
use ciero_ports::{Chance, Confidential};

use crate::{Moment, Problem};

/// Writes down that an operator reads reasons of 3-4 or a case of the legal desk. Without it nothing is shown.
pub async fn note_reading(
    (confidential, chance): (&dyn Confidential, &dyn Chance),
    (by, now): (&str, Moment),
    what: &str,
) -> Result<(), Problem> {
    let reading = Reading {
        id: MessageId::from_random(chance.id()),
        at: now.0,
        by: by.to_owned(),
        what: what.to_owned(),
    };
    Ok(confidential.note_reading(&reading).await?)
}
