//! The last bytes before a position of a file, and their hash: how a file is recognised as ours.

/// How many bytes before a position are hashed.
pub(crate) const TAIL_BYTES: usize = 4096;

/// The last up to 4 KiB before a position. Two of them are kept per sink, none is allocated per
/// batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    hash: u64,
}

impl Tail {
    /// The tail that consists of these bytes, at most 4 KiB of them.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let hash = hash(&bytes);
        Self { bytes, hash }
    }

    /// Makes `self` the tail of what has `before` as its tail and then `bytes`.
    pub(crate) fn follow(&mut self, before: &Self, bytes: &[u8]) {
        let new = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        let kept = before.bytes.len().min(TAIL_BYTES - new.len());
        self.bytes.clear();
        self.bytes.extend_from_slice(&before.bytes[before.bytes.len() - kept..]);
        self.bytes.extend_from_slice(new);
        self.hash = hash(&self.bytes);
    }

    /// Whether a line is unfinished here.
    pub(crate) fn is_inside_line(&self) -> bool {
        self.bytes.last().is_some_and(|&last| last != b'\n')
    }

    /// A hash that tells tails apart; it keeps no secret and withstands no attack.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words
        .iter()
        .fold(bytes.len() as u64, |hash, word| hash_word(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, &byte| hash_word(hash, byte.into()))
}

/// Takes one more word into a hash. Each step is one-to-one in `hash` and in `word`.
pub(crate) const fn hash_word(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::{TAIL_BYTES, Tail};

    #[test]
    fn following_in_pieces_gives_the_tail_of_the_whole() {
        let text: Vec<u8> = (0..20_000u32).map(|n| (n * 7 % 251) as u8).collect();
        for piece in [1, 7, 100, 4095, 4096, 4097, 9000] {
            let (mut tail, mut next) = (Tail::default(), Tail::default());
            for bytes in text.chunks(piece) {
                next.follow(&tail, bytes);
                std::mem::swap(&mut tail, &mut next);
            }
            let whole = Tail::of(text[text.len() - TAIL_BYTES..].to_vec());
            assert_eq!(tail, whole, "pieces of {piece}");
            assert_eq!(tail.hash(), whole.hash());
        }
    }

    #[test]
    fn a_changed_or_missing_byte_changes_the_hash() {
        let bytes = vec![b'x'; 1001];
        let hash = Tail::of(bytes.clone()).hash();
        assert_ne!(hash, Tail::of(bytes[1..].to_vec()).hash());
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(hash, Tail::of(other).hash(), "byte {at}");
        }
    }
}
