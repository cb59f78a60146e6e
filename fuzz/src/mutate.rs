//! Changes to inputs: bits, bytes and numbers with extreme values, pieces that are removed, doubled,
//! moved, or taken from another input, and words that the target's language has.

/// SplitMix64, and what it decides.
pub(crate) struct Mutator {
    state: u64,
    words: &'static [&'static str],
}

/// Longest input.
const LENGTH_MAX: usize = 1 << 20;

impl Mutator {
    /// The same changes from the same seed.
    pub(crate) fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self { state: seed, words }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, or 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Makes `input` a changed one of the corpus.
    pub(crate) fn change(&mut self, corpus: &[Vec<u8>], input: &mut Vec<u8>) {
        let from = self.below(corpus.len());
        if let Some(found) = corpus.get(from) {
            input.clone_from(found);
        }
        for _ in 0..1 << self.below(5) {
            self.change_once(corpus, input);
        }
        input.truncate(LENGTH_MAX);
    }

    fn change_once(&mut self, corpus: &[Vec<u8>], input: &mut Vec<u8>) {
        let len = input.len();
        let at = self.below(len);
        match self.below(if self.words.is_empty() { 8 } else { 10 }) {
            _ if len == 0 => input.push(self.next() as u8),
            0 => input[at] ^= 1 << self.below(8),
            1 => input[at] = self.next() as u8,
            2 | 3 => self.number(input),
            4 => {
                let end = (at + 1 + self.below(64)).min(len);
                input.drain(at..end);
            }
            5 => {
                let end = (at + 1 + self.below(64)).min(len);
                let piece = input[at..end].to_vec();
                let to = self.below(len);
                input.splice(to..to, piece);
            }
            6 => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len());
                let end = (from + 1 + self.below(256)).min(other.len());
                let piece = other.get(from..end).unwrap_or_default().to_vec();
                let over = (at + piece.len()).min(len);
                input.splice(at..over, piece);
            }
            7 => input.truncate(at),
            _ => {
                let word = self.words[self.below(self.words.len())];
                let over = at + self.below((len - at).min(word.len()) + 1);
                input.splice(at..over, word.bytes());
            }
        }
    }

    /// A number of 2, 4 or 8 bytes at a place where one may stand becomes an extreme or a near one.
    fn number(&mut self, input: &mut [u8]) {
        let width = 2 << self.below(3);
        let Some(places) = input.len().checked_sub(width) else { return };
        let at = self.below(places / width + 1) * width;
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(&input[at..at + width]);
        let is = u64::from_le_bytes(bytes);
        let shift = self.below(width * 8) as u32;
        let to = match self.below(9) {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << (width * 8 - 1),
            3 => (1 << (width * 8 - 1)) - 1,
            4 => is.wrapping_add(1),
            5 => is.wrapping_sub(1),
            6 => is ^ 1 << shift,
            7 => 1 << shift,
            _ => self.next(),
        };
        input[at..at + width].copy_from_slice(&to.to_le_bytes()[..width]);
    }
}
