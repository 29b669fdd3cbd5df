//! EBML, the element syntax of Matroska: identifiers, sizes and values (RFC 8794).

/// What stands before the payload of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ElementHead {
    pub id: u32,
    /// Bytes of payload; `None` when the element runs until a parent's sibling begins.
    pub size: Option<u64>,
    /// Bytes of the identifier and the size field together.
    pub length: usize,
}

/// The bytes cannot begin an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads an element's head; `None` when more bytes are needed.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Option<ElementHead>, Malformed> {
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    let id_length = first.leading_zeros() as usize + 1;
    if id_length > 4 {
        return Err(Malformed);
    }
    let Some(id_bytes) = bytes.get(..id_length) else {
        return Ok(None);
    };
    let id = id_bytes
        .iter()
        .fold(0_u32, |id, &byte| (id << 8) | u32::from(byte));
    let Some((size, size_length)) = read_vint(&bytes[id_length..])? else {
        return Ok(None);
    };
    let unknown = (1_u64 << (7 * size_length)) - 1;
    Ok(Some(ElementHead {
        id,
        size: (size != unknown).then_some(size),
        length: id_length + size_length,
    }))
}

/// Reads a variable-length integer without its marker bit, and its length; `None` when more bytes are needed.
pub(crate) fn read_vint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Malformed> {
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    let length = first.leading_zeros() as usize + 1;
    if length > 8 {
        return Err(Malformed);
    }
    let Some(rest) = bytes.get(1..length) else {
        return Ok(None);
    };
    let start = u64::from(first) & ((1_u64 << (8 - length)) - 1);
    let value = rest
        .iter()
        .fold(start, |value, &byte| (value << 8) | u64::from(byte));
    Ok(Some((value, length)))
}

/// Reads an unsigned integer payload of up to eight bytes.
pub(crate) fn uint(payload: &[u8]) -> Result<u64, Malformed> {
    if payload.len() > 8 {
        return Err(Malformed);
    }
    Ok(payload
        .iter()
        .fold(0_u64, |value, &byte| (value << 8) | u64::from(byte)))
}

/// Reads a float payload of zero, four or eight bytes.
pub(crate) fn float(payload: &[u8]) -> Result<f64, Malformed> {
    if payload.is_empty() {
        return Ok(0.0);
    }
    if let Ok(bytes) = <[u8; 4]>::try_from(payload) {
        return Ok(f64::from(f32::from_be_bytes(bytes)));
    }
    <[u8; 8]>::try_from(payload)
        .map(f64::from_be_bytes)
        .map_err(|_| Malformed)
}

/// Reads a string payload, which a zero byte may end early.
pub(crate) fn string(payload: &[u8]) -> String {
    let end = payload
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(payload.len());
    String::from_utf8_lossy(&payload[..end]).into_owned()
}

/// Walks the children of a master element that is wholly in memory.
pub(crate) struct Children<'a> {
    rest: &'a [u8],
}

impl<'a> Children<'a> {
    pub(crate) fn of(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<(u32, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let child = take_child(self.rest);
        self.rest = match child {
            Ok((_, _, rest)) => rest,
            Err(_) => &[],
        };
        Some(child.map(|(id, payload, _)| (id, payload)))
    }
}

fn take_child(bytes: &[u8]) -> Result<(u32, &[u8], &[u8]), Malformed> {
    let head = read_head(bytes)?.ok_or(Malformed)?;
    let size = usize::try_from(head.size.ok_or(Malformed)?).map_err(|_| Malformed)?;
    let end = head.length.checked_add(size).ok_or(Malformed)?;
    let payload = bytes.get(head.length..end).ok_or(Malformed)?;
    Ok((head.id, payload, &bytes[end..]))
}

/// Appends an identifier, which carries its own length marker.
pub(crate) fn put_id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let zeros = (id.leading_zeros() / 8) as usize;
    out.extend_from_slice(&bytes[zeros.min(3)..]);
}

/// Appends a size in as few bytes as hold it.
pub(crate) fn put_size(out: &mut Vec<u8>, size: usize) {
    let size = (size as u64).min((1 << 56) - 2);
    let length = (1..8)
        .find(|length| size < (1_u64 << (7 * length)) - 1)
        .unwrap_or(8);
    let marked = size | (1_u64 << (7 * length));
    out.extend_from_slice(&marked.to_be_bytes()[8 - length..]);
}

/// Appends a track number, which is written like a size.
pub(crate) fn put_vint_number(out: &mut Vec<u8>, number: u64) {
    put_size(out, usize::try_from(number).unwrap_or(usize::MAX >> 8));
}

/// Appends the eight-byte size that says "until the next element of my parent".
pub(crate) fn put_unknown_size(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
}

/// Appends an element with a binary or text payload.
pub(crate) fn put_binary(out: &mut Vec<u8>, id: u32, payload: &[u8]) {
    put_id(out, id);
    put_size(out, payload.len());
    out.extend_from_slice(payload);
}

/// Appends an element with an unsigned integer payload of as few bytes as hold it.
pub(crate) fn put_uint(out: &mut Vec<u8>, id: u32, value: u64) {
    let zeros = (value.leading_zeros() / 8).min(7) as usize;
    put_binary(out, id, &value.to_be_bytes()[zeros..]);
}

/// Appends a master element whose children `fill` writes.
pub(crate) fn put_master(out: &mut Vec<u8>, id: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut children = Vec::new();
    fill(&mut children);
    put_binary(out, id, &children);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_size(size: usize) {
        let mut bytes = vec![0xEC];
        put_size(&mut bytes, size);
        let head = read_head(&bytes);
        assert_eq!(
            head,
            Ok(Some(ElementHead {
                id: 0xEC,
                size: Some(size as u64),
                length: bytes.len()
            }))
        );
    }

    #[test]
    fn a_written_size_reads_back_at_every_length_boundary() {
        for shift in 0..50 {
            let edge = 1_usize << shift;
            check_size(edge - 1);
            check_size(edge);
            check_size(edge + 1);
        }
    }

    #[test]
    fn an_unknown_size_is_told_from_the_largest_known_one() {
        let mut bytes = vec![0x1F, 0x43, 0xB6, 0x75];
        put_unknown_size(&mut bytes);
        assert!(matches!(
            read_head(&bytes),
            Ok(Some(ElementHead {
                id: 0x1F43_B675,
                size: None,
                ..
            }))
        ));
        assert!(matches!(
            read_head(&[0xEC, 0xFF]),
            Ok(Some(ElementHead { size: None, .. }))
        ));
        assert!(matches!(
            read_head(&[0xEC, 0xFE]),
            Ok(Some(ElementHead {
                size: Some(126),
                ..
            }))
        ));
    }

    #[test]
    fn a_zero_byte_begins_no_element() {
        assert_eq!(read_head(&[0x00, 0x81]), Err(Malformed));
        assert_eq!(read_head(&[0xEC, 0x00]), Err(Malformed));
    }

    #[test]
    fn a_child_longer_than_its_parent_is_malformed() {
        let mut children = Children::of(&[0xEC, 0x85, 1, 2]);
        assert_eq!(children.next(), Some(Err(Malformed)));
        assert_eq!(children.next(), None);
    }
}
