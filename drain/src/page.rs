//! Lines behind one another, on their way from the pipeline to the sinks, and behind them room that is
//! not cleared again for each line, nor for each batch: the page of a batch that was written is the page
//! of a later one. Called by `pipeline.rs`.

/// The lines of a batch.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The lines up to `len`; behind it stands what was there before.
    bytes: Vec<u8>,
    len: usize,
}

/// A page that has grown beyond is not used again: one long record would keep its room for ever.
const REUSED_BYTES_MAX: usize = 1 << 20;

impl Page {
    /// Lets `write` append to the lines.
    pub(crate) fn append<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.bytes.truncate(self.len);
        let done = write(&mut self.bytes);
        self.len = self.bytes.len();
        done
    }

    /// Lets `write` write over what stands behind the lines; it is handed the place and returns where it
    /// has got to, or nothing if there is no line. Returns whether there is.
    #[inline]
    pub(crate) fn write_over(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>, usize) -> Option<usize>,
    ) -> bool {
        let end = write(&mut self.bytes, self.len);
        self.len = end.unwrap_or(self.len);
        end.is_some()
    }

    /// Bytes of the lines.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes the lines; the next ones are written over `used`, lines that nobody needs any more.
    pub(crate) fn take(&mut self, used: Vec<u8>) -> Vec<u8> {
        let used = if used.capacity() > REUSED_BYTES_MAX { Vec::new() } else { used };
        let mut lines = std::mem::replace(&mut self.bytes, used);
        lines.truncate(self.len);
        self.len = 0;
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_behind_one_another_whatever_stood_there() {
        let mut page = Page::default();
        assert_eq!(page.take(b"used before".to_vec()), b"");
        assert!(page.write_over(|out, at| {
            out[at..at + 3].copy_from_slice(b"one");
            Some(at + 3)
        }));
        assert!(!page.write_over(|out, at| {
            out[at] = b'!';
            None
        }));
        page.append(|out| out.extend_from_slice(b" two"));
        assert_eq!(page.len(), 7);
        assert_eq!(page.take(Vec::new()), b"one two");
        assert_eq!(page.len(), 0);
        page.append(|out| out.extend_from_slice(b"three"));
        assert_eq!(page.take(Vec::with_capacity(REUSED_BYTES_MAX + 1)), b"three");
        assert_eq!(page.bytes.capacity(), 0);
    }
}
