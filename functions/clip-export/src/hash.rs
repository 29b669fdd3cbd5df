//! SHA-256 that can be put aside and gone on with elsewhere: the compression is the library's, its state is kept by us.

use serde::{Deserialize, Serialize};
use sha2::compress256;
use sha2::digest::generic_array::GenericArray;

const BLOCK: usize = 64;
/// FIPS 180-4, 5.3.3.
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The hash of what was written so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    state: [u32; 8],
    bytes: u64,
    /// What does not fill a block yet, in hexadecimal.
    rest: String,
}

impl Running {
    pub fn new() -> Self {
        Running {
            state: START,
            bytes: 0,
            rest: String::new(),
        }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        // What is kept was written by this function.
        let mut rest = hex::decode(&self.rest).unwrap_or_default();
        let (head, body) = bytes.split_at(bytes.len().min((BLOCK - rest.len()) % BLOCK));
        rest.extend_from_slice(head);
        if rest.len() == BLOCK {
            self.compress(&rest);
            rest.clear();
        }
        let whole = body.len() - body.len() % BLOCK;
        self.compress(&body[..whole]);
        rest.extend_from_slice(&body[whole..]);
        self.rest = hex::encode(rest);
    }

    fn compress(&mut self, bytes: &[u8]) {
        for block in bytes.chunks_exact(BLOCK) {
            let block = GenericArray::from_slice(block);
            compress256(&mut self.state, std::slice::from_ref(block));
        }
    }

    /// Returns the hash in hexadecimal.
    pub fn finish(mut self) -> String {
        let bits = self.bytes * 8;
        let filled = self.rest.len() / 2;
        let mut end = vec![0; (BLOCK + 55 - filled) % BLOCK + 1];
        end[0] = 0x80;
        end.extend(bits.to_be_bytes());
        self.update(&end);
        let words = self.state.iter().map(|word| format!("{word:08x}"));
        words.collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_hash_is_that_of_the_library_wherever_it_was_put_aside() {
        let bytes: Vec<u8> = (0..1_000u32).map(|n| (n * 7 % 251) as u8).collect();
        for length in (0..200).chain([999, 1_000]) {
            for cut in [0, 1, 55, 63, 64, 65, 130] {
                let (head, tail) = bytes[..length].split_at(cut.min(length));
                let mut running = Running::new();
                running.update(head);
                let kept = serde_json::to_string(&running).unwrap();
                let mut running: Running = serde_json::from_str(&kept).unwrap();
                running.update(tail);
                let expected = hex::encode(Sha256::digest(&bytes[..length]));
                assert_eq!(running.finish(), expected, "{length} bytes, cut at {cut}");
            }
        }
    }
}
