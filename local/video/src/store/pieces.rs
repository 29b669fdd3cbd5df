//! The bytes of a fragment in the pieces that they arrived in, which nobody puts together on their way to the disk.

use std::fs::File;
use std::io::{self, IoSlice, Seek as _, SeekFrom, Write as _};

use bytes::Bytes;

/// What arrived, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    all: Vec<Bytes>,
    length: usize,
}

impl From<Bytes> for Pieces {
    fn from(piece: Bytes) -> Self {
        let mut pieces = Self::default();
        pieces.push(piece);
        pieces
    }
}

impl Pieces {
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.length += piece.len();
        if !piece.is_empty() {
            self.all.push(piece);
        }
    }

    /// Bytes in all pieces.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Everything in one piece, which holds no receive buffer any longer.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.all.concat().into()
    }

    /// The checksum that [`checksum`](super::fragments::checksum) finds for the same bytes in one piece.
    pub(crate) fn checksum(&self) -> i32 {
        let mut hasher = crc32fast::Hasher::new();
        for piece in &self.all {
            hasher.update(piece);
        }
        hasher.finalize().cast_signed()
    }

    /// Writes everything behind one another into a file.
    pub(super) fn write_at(&self, mut file: &File, offset: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        let mut slices: Vec<_> = self.all.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            match file.write_vectored(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut rest, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::checksum;
    use super::*;

    #[test]
    fn many_pieces_are_written_as_one_and_have_one_checksum() -> io::Result<()> {
        let all: Vec<u8> = (0..30_000_u32).map(|n| (n % 251) as u8).collect();
        let mut pieces = Pieces::default();
        // More than one call can write.
        for piece in all.chunks(7) {
            pieces.push(Bytes::new());
            pieces.push(Bytes::copy_from_slice(piece));
        }
        assert_eq!(
            (pieces.len(), pieces.checksum()),
            (all.len(), checksum(&all))
        );
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("media");
        std::fs::write(&path, b"before, and something that is overwritten")?;
        let file = File::options().write(true).open(&path)?;
        pieces.write_at(&file, 8)?;
        let written = std::fs::read(&path)?;
        assert_eq!(&written[..8], b"before, ");
        assert_eq!(written[8..], all);
        Ok(())
    }
}
