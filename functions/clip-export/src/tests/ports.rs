//! What the function calls, in memory: records, the ledger, the archive and the files. Any step may be one at which it dies.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use bytes::Bytes;
use ciero_domain::export::{Export, Recorded};
use ciero_domain::ids::{ContractId, ExportId};
use ciero_ports::{
    Caller, CloudError, CommitError, Decision, ExportFiles, Exports, Ledger, Media, Message,
    Recordings, Remembered, StoreError, Upload, Write, WriteKind,
};
use jiff::Timestamp;

use super::world::{Made, World, tired};

#[async_trait]
impl Exports for World {
    async fn export(
        &self,
        contract: &ContractId,
        id: &ExportId,
    ) -> Result<Option<Export>, StoreError> {
        let found = self.look(|kept| kept.exports.get(id).cloned());
        Ok(found.filter(|one| one.contract == *contract))
    }

    async fn exports(&self, _: &ContractId) -> Result<Vec<Export>, StoreError> {
        Ok(self.look(|kept| kept.exports.values().cloned().collect()))
    }

    async fn exports_asked(&self, _: &ContractId) -> Result<u64, StoreError> {
        Ok(self.look(|kept| kept.asked))
    }

    async fn put_export(&self, export: &Export) -> Result<bool, StoreError> {
        self.step()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(self.look(|kept| {
            let before = kept.exports.get(&export.id).map_or(0, |one| one.version);
            let follows = before + 1 == export.version;
            if follows {
                kept.exports.insert(export.id.clone(), export.clone());
            }
            follows
        }))
    }
}

#[async_trait]
impl Ledger for World {
    async fn commit(&self, decision: &Decision) -> Result<(), CommitError> {
        self.step()
            .map_err(|error| CommitError::Unavailable(error.to_string()))?;
        for write in &decision.writes {
            match write {
                Write::Export(export) => {
                    let before =
                        self.look(|kept| kept.exports.get(&export.id).map_or(0, |one| one.version));
                    if before + 1 != export.version {
                        return Err(CommitError::Conflict(WriteKind::Entity));
                    }
                    self.look(|kept| kept.exports.insert(export.id.clone(), (**export).clone()));
                }
                Write::ExportsAsked(_, count) => self.look(|kept| kept.asked = *count),
                Write::Audit(row) => self.look(|kept| kept.rows.push((**row).clone())),
                other => panic!("{other:?}"),
            }
        }
        Ok(())
    }

    async fn remembered(&self, _: &Caller, _: &str) -> Result<Option<Remembered>, StoreError> {
        Ok(None)
    }

    async fn unsent(&self, _: u16) -> Result<Vec<Message>, StoreError> {
        Ok(Vec::new())
    }

    async fn sent(&self, _: &[Message]) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A few bytes at a time.
struct Pieces(VecDeque<Bytes>);

#[async_trait]
impl Media for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, CloudError> {
        Ok(self.0.pop_front())
    }
}

#[async_trait]
impl Recordings for World {
    async fn recorded(
        &self,
        _: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Recorded>, CloudError> {
        self.step()?;
        let (from, until) = (from.as_millisecond(), until.as_millisecond());
        let mut listed: Vec<Recorded> =
            self.look(|kept| kept.archive.iter().map(Made::listed).collect());
        listed.retain(|one| (from..until).contains(&one.start_ms));
        // The service promises no order.
        listed.reverse();
        Ok(listed)
    }

    async fn media(&self, _: &str, numbers: &[String]) -> Result<Box<dyn Media>, CloudError> {
        self.step()?;
        let documents = self.look(|kept| {
            kept.fetched.extend_from_slice(numbers);
            let find = |number: &String| kept.archive.iter().find(|one| one.name() == *number);
            let found = numbers.iter().filter_map(find).map(Made::document);
            found.collect::<Vec<Vec<u8>>>().concat()
        });
        let pieces = documents.chunks(100_000).map(Bytes::copy_from_slice);
        Ok(Box::new(Pieces(pieces.collect())))
    }
}

#[async_trait]
impl ExportFiles for World {
    async fn put(&self, key: &str, _: &str, file: Bytes) -> Result<(), CloudError> {
        self.step()?;
        self.look(|kept| kept.objects.insert(key.to_owned(), file));
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Bytes, CloudError> {
        self.step()?;
        self.look(|kept| kept.objects.get(key).cloned())
            .ok_or_else(tired)
    }

    async fn begin(&self, _: &str, _: &str) -> Result<String, CloudError> {
        self.step()?;
        Ok(self.look(|kept| {
            let id = format!("upload-{}", kept.uploads.len());
            kept.uploads.insert(id.clone(), BTreeMap::new());
            id
        }))
    }

    async fn part(&self, upload: &Upload, number: u32, part: Bytes) -> Result<String, CloudError> {
        self.step()?;
        let tag = format!("{number}/{}", part.len());
        let parts = self.look(|kept| {
            kept.uploads
                .get_mut(&upload.id)
                .map(|parts| parts.insert(number, part))
        });
        parts.map(|_| tag).ok_or_else(tired)
    }

    async fn complete(&self, upload: &Upload, tags: &[String]) -> Result<(), CloudError> {
        self.step()?;
        self.look(|kept| {
            let Some(parts) = kept.uploads.remove(&upload.id) else {
                // It was made before, as the port promises.
                return kept
                    .objects
                    .contains_key(&upload.key)
                    .then_some(())
                    .ok_or_else(tired);
            };
            let found = parts
                .iter()
                .map(|(number, part)| format!("{number}/{}", part.len()));
            assert_eq!(found.collect::<Vec<_>>(), tags);
            let sizes: Vec<usize> = parts.values().map(Bytes::len).collect();
            let (_, all_but_last) = sizes.split_last().unwrap();
            assert!(
                all_but_last.iter().all(|size| *size >= 5 << 20),
                "{sizes:?}"
            );
            let parts: Vec<&[u8]> = parts.values().map(Bytes::as_ref).collect();
            kept.objects
                .insert(upload.key.clone(), parts.concat().into());
            Ok(())
        })
    }

    async fn abandon(&self, upload: &Upload) -> Result<(), CloudError> {
        self.look(|kept| {
            kept.uploads.remove(&upload.id);
            kept.abandoned += 1;
        });
        Ok(())
    }

    async fn link(&self, key: &str, lives_seconds: u64) -> Result<String, CloudError> {
        Ok(format!(
            "https://files.example.jp/{key}?lives={lives_seconds}"
        ))
    }
}
