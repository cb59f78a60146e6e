//! Lines of a stream, however long: what is kept of one is bounded, the rest is passed by. Called by
//! `stream.rs`.

use std::io::{self, BufRead};

/// Reads lines that end with `\n` or `\r\n`; the last one may have no end.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    /// Most bytes of a line that are kept.
    most: usize,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R, most: usize) -> Self {
        Self { from, most, line: Vec::new() }
    }

    /// The next line without its end, and whether it was longer than what is kept of it; `None` at the
    /// end of the stream. Waits no longer than until the line's end is there.
    pub(super) fn next(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        self.line.clear();
        let mut passed = 0;
        let mut last = 0;
        let mut ended = false;
        while !ended {
            let there = match self.from.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                there => there?,
            };
            if there.is_empty() {
                break;
            }
            let newline = there.iter().position(|byte| *byte == b'\n');
            let part = &there[..newline.unwrap_or(there.len())];
            // One byte more than what is kept, which may be the `\r` of the line's end.
            let kept = part.len().min((self.most + 1).saturating_sub(self.line.len()));
            self.line.extend_from_slice(&part[..kept]);
            passed += part.len();
            last = part.last().copied().unwrap_or(last);
            ended = newline.is_some();
            let used = newline.map_or(there.len(), |at| at + 1);
            self.from.consume(used);
        }
        if passed == 0 && !ended {
            return Ok(None);
        }
        let mut len = passed;
        if ended && last == b'\r' && passed > 0 {
            len -= 1;
        }
        self.line.truncate(len.min(self.most));
        Ok(Some((&self.line, len > self.most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines of `text`, read through a buffer of `buffer` bytes.
    fn lines(text: &[u8], buffer: usize, most: usize) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Lines::new(io::BufReader::with_capacity(buffer, text), most);
        let mut found = Vec::new();
        while let Some((line, cut)) = lines.next().expect("memory is read") {
            found.push((line.to_vec(), cut));
        }
        found
    }

    #[test]
    fn every_kind_of_end_through_every_buffer() {
        let text = b"a\n\nlonger\r\n\r\n\rx\ry\r\r\nlast\r";
        let expected = ["a", "", "longer", "", "\rx\ry\r", "last\r"];
        for buffer in 1..text.len() + 1 {
            let found = lines(text, buffer, 100);
            let whole: Vec<_> = found.iter().map(|(line, _)| line.as_slice()).collect();
            assert_eq!(whole, expected.map(str::as_bytes), "buffer of {buffer}");
            assert!(found.iter().all(|(_, cut)| !cut));
        }
        assert_eq!(lines(b"", 8, 8), []);
        assert_eq!(lines(b"\n", 8, 8), [(vec![], false)]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        for buffer in 1..12 {
            let found = lines(b"12345\r\n123456\n1234567\r\n12\n123456789", buffer, 5);
            let expected = [
                ("12345", false),
                ("12345", true),
                ("12345", true),
                ("12", false),
                ("12345", true),
            ];
            let expected = expected.map(|(line, cut)| (line.as_bytes().to_vec(), cut));
            assert_eq!(found, expected, "buffer of {buffer}");
        }
    }
}
