//! The screening lists in force, read once and kept ready while the function lives.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use ciero_domain::screening::{ListHeader, ListIndex, lists_in_force};
use ciero_ports::{Confidential, ListFiles};

/// A list with the hash of its file.
type ReadyList = (String, Arc<ListIndex>);

/// Lists by the hash of their file, so that what is kept is never another version than the one in force.
#[derive(Clone, Default)]
pub struct ReadyLists(Arc<Mutex<Vec<ReadyList>>>);

impl ReadyLists {
    /// Returns the lists in force. One that cannot be read whole is an error: a check without it would say that the
    /// applicant is not on it.
    pub async fn in_force(
        &self,
        confidential: &dyn Confidential,
        files: &dyn ListFiles,
    ) -> Result<Vec<Arc<ListIndex>>> {
        let headers = lists_in_force(confidential.screening_lists().await?);
        let mut ready = Vec::new();
        for header in headers {
            let list = match self.kept(&header) {
                Some(list) => list,
                None => read(&header, files).await?,
            };
            ready.push((header.sha256, list));
        }
        let lists = ready.iter().map(|(_, list)| list.clone()).collect();
        // What is no longer in force is let go, for the memory is small.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(lists)
    }

    fn kept(&self, header: &ListHeader) -> Option<Arc<ListIndex>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(sha256, _)| *sha256 == header.sha256);
        found.map(|(_, list)| list.clone())
    }
}

async fn read(header: &ListHeader, files: &dyn ListFiles) -> Result<Arc<ListIndex>> {
    let file = files.get(&header.object).await;
    let file = file.with_context(|| format!("the file {} cannot be read", header.object))?;
    Ok(Arc::new(ListIndex::of(header.read(&file)?)))
}
