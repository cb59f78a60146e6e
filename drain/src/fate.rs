//! What becomes of the segment's file while it is drained: removed, replaced or cut by somebody else.
//! Asked by `service.rs` after each turn; reads nothing of the ring.

use std::time::{Duration, Instant};

use logring::shm::{Place, Segment};
use logring::{Error, Result};

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    next: Option<Instant>,
    is_gone: bool,
    /// The file's length when it was found cut.
    cut: Option<u64>,
    is_over: bool,
}

impl Fate {
    /// Looks four times a second. What is news: a notice's kind and its sentence.
    pub(crate) fn look(&mut self, segment: &Segment) -> Option<(&'static str, String)> {
        let now = Instant::now();
        let was_cut = segment.was_cut() && self.cut.is_none();
        if self.is_over || (!was_cut && self.next.is_some_and(|next| now < next)) {
            return None;
        }
        self.next = Some(now + LOOK_EVERY);
        match segment.place() {
            Place::Cut(bytes) => self.found_cut(segment, bytes),
            _ if was_cut => self.found_cut(segment, 0),
            Place::Gone if !self.is_gone => {
                self.is_gone = true;
                let name = segment.name();
                let sentence = format!(
                    "the file of segment {name:?} was removed or replaced: processes that start now \
                     do not find it; it is drained until its last process ends"
                );
                Some(("segment-gone", sentence))
            }
            Place::Gone => {
                self.is_over = segment.give_up();
                None
            }
            // It can come back by a link that somebody kept; then all is as it was.
            Place::Here => {
                self.is_gone = false;
                None
            }
        }
    }

    fn found_cut(&mut self, segment: &Segment, bytes: u64) -> Option<(&'static str, String)> {
        (self.cut, self.is_over) = (Some(bytes), true);
        Some(("segment-cut", cut(segment, bytes)))
    }

    /// Whether nothing more is to come of this segment.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// How the drain ends.
    ///
    /// # Errors
    /// The segment is over.
    pub(crate) fn end(&self, segment: &Segment) -> Result<()> {
        let name = segment.name();
        match self.cut {
            Some(bytes) => Err(Error::not_a_segment(cut(segment, bytes))),
            None if self.is_over => Err(Error::not_found(format!(
                "the file of segment {name:?} was removed, and the last process that used it has \
                 ended: start the drain again for the next one"
            ))),
            None => Ok(()),
        }
    }
}

fn cut(segment: &Segment, bytes: u64) -> String {
    let (name, whole) = (segment.name(), segment.offsets().end);
    format!(
        "the file of segment {name:?} was cut from {whole} to {bytes} bytes by somebody else; what \
         stood behind is lost: remove that file, processes that start then make a new one"
    )
}
