//! The operator's published documents, as the contract's rules need them.

use ciero_domain::contract::Facts;
use ciero_ports::{Documents, StoreError};

/// Reads every version of what is published; before the first publication there is nothing to decide by.
pub async fn facts(documents: &dyn Documents) -> Result<Facts, StoreError> {
    let operator = documents.operator().await?;
    let operator = operator.ok_or_else(|| {
        StoreError::Unavailable("the operator has published no settings".to_owned())
    })?;
    Ok(Facts {
        operator,
        prices: documents.price_lists().await?,
        terms: documents.terms_versions().await?,
    })
}
