//! Reads one block: its track, its place in the cluster, and where its frame lies.

use super::{MatroskaError, ids};
use crate::ebml::{Children, read_vint};

/// A block as it lies in its element.
pub(super) struct FoundBlock<'a> {
    pub track: u64,
    pub offset: i16,
    pub key: bool,
    pub data: &'a [u8],
}

/// Reads the payload of a SimpleBlock or a BlockGroup.
pub(super) fn find_block(id: u32, payload: &[u8]) -> Result<FoundBlock<'_>, MatroskaError> {
    if id == ids::SIMPLE_BLOCK {
        return parse_block(payload);
    }
    let (mut block, mut refers) = (None, false);
    for child in Children::of(payload) {
        let (id, payload) = child?;
        match id {
            ids::BLOCK => block = Some(parse_block(payload)?),
            ids::REFERENCE_BLOCK => refers = true,
            _ => {}
        }
    }
    let mut block = block.ok_or(MatroskaError::Malformed)?;
    block.key = !refers;
    Ok(block)
}

fn parse_block(payload: &[u8]) -> Result<FoundBlock<'_>, MatroskaError> {
    let (track, length) = read_vint(payload)?.ok_or(MatroskaError::Malformed)?;
    let Some((&[high, low, flags], data)) = payload[length..].split_first_chunk::<3>() else {
        return Err(MatroskaError::Malformed);
    };
    if flags & 0x06 != 0 {
        return Err(MatroskaError::Lacing);
    }
    Ok(FoundBlock {
        track,
        offset: i16::from_be_bytes([high, low]),
        key: flags & 0x80 != 0,
        data,
    })
}
