//! Immutable loggers: a segment and a context that was encoded once, when it was bound. A log call
//! copies the context's bytes; binding gives a new logger and leaves the old one as it was.

use std::borrow::Cow;
use std::sync::Arc;

use super::producer::Producer;
use super::{installed, thread};
use crate::error::{Error, Result};
use crate::record::Scratch;
use crate::record::callsite::encode_string;
use crate::record::value::{AnyEncode, stage};
use crate::shm::Segment;

/// What a logger needs of a segment to encode its context.
pub trait Interner {
    /// The dictionary id of this content; `None` when the dictionary is full.
    fn intern(&'static self, content: &[u8]) -> Option<u32>;
}

/// Where records go, and what stands in each of them. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Logger {
    /// `None` = the installed one, whenever it is.
    segment: Option<&'static Producer>,
    /// `None` = empty.
    context: Option<Arc<Context>>,
}

/// The logger of log calls that name none.
#[doc(hidden)]
pub static DEFAULT: Logger = Logger { segment: None, context: None };

#[derive(Debug)]
struct Context {
    pairs: Vec<Pair>,
    /// The pairs' bytes one after the other.
    bytes: Box<[u8]>,
}

#[derive(Clone, Debug)]
struct Pair {
    key: Cow<'static, str>,
    /// The key as an id or inline, then the value.
    bytes: Arc<[u8]>,
}

/// Pairs of key and value, encoded: what `kv!` makes.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    pairs: Vec<(Cow<'static, str>, Box<[u8]>)>,
}

impl Pairs {
    /// No pairs.
    #[must_use]
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// The same and one more pair, for keys that are not known at compile time.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: &dyn AnyEncode) -> Self {
        let mut scratch = Scratch::new();
        stage(&mut scratch, value);
        self.pairs.push((key.into(), scratch.bytes().into()));
        self
    }
}

/// The logger that calls without `logger:` use, without context. It can be had and bound before
/// [`install`](super::Builder::install); records before that are counted and go nowhere.
#[must_use]
pub fn logger() -> Logger {
    Logger { segment: installed::installed(), context: None }
}

impl Logger {
    /// A logger of this segment without context.
    pub(super) fn of(segment: &'static Producer) -> Self {
        Self { segment: Some(segment), context: None }
    }

    /// The segment that records of this logger go to; `None` before `install`.
    #[must_use]
    pub fn segment(&self) -> Option<&'static Segment> {
        self.producer().map(Producer::segment)
    }

    /// The tie to that segment.
    #[inline]
    pub(crate) fn producer(&self) -> Option<&'static Producer> {
        self.segment.or_else(installed::installed)
    }

    /// Where a thread finds its state for this logger.
    #[inline(always)]
    pub(super) fn place(&self) -> usize {
        match self.segment {
            Some(producer) => producer.place(),
            None => thread::INSTALLED,
        }
    }

    #[inline(always)]
    pub(super) fn has_context(&self) -> bool {
        self.context.is_some()
    }

    /// Registers the calling thread in the segment, as its first record would. False: the segment's
    /// tables are full, or nothing is installed; records of this thread are dropped until a drain has
    /// given back the entries of processes that ended.
    pub fn register(&self) -> bool {
        self.producer().is_some_and(|producer| thread::lane(producer).is_some())
    }

    /// The encoded context, ready to be copied into a record.
    #[inline(always)]
    #[must_use]
    pub fn context_bytes(&self) -> &[u8] {
        match &self.context {
            Some(context) => &context.bytes,
            None => &[],
        }
    }

    /// A logger with these pairs besides those of this one; a key that is there already is
    /// replaced. Encodes once: costs allocations here and a copy of bytes in each call.
    #[must_use = "a logger is immutable: binding gives a new one"]
    pub fn bind(&self, pairs: Pairs) -> Self {
        let mut kept = self.pairs().to_vec();
        for (key, value) in pairs.pairs {
            let bytes = self.encode_pair(&key, &value);
            kept.retain(|pair| pair.key != key);
            kept.push(Pair { key, bytes });
        }
        self.with_pairs(kept)
    }

    /// A logger without these keys.
    ///
    /// # Errors
    /// A key that is not bound; the sentence names it. [`Logger::try_unbind`] passes it by.
    #[must_use = "a logger is immutable: unbinding gives a new one"]
    pub fn unbind(&self, keys: &[&str]) -> Result<Self> {
        for key in keys {
            if !self.pairs().iter().any(|pair| pair.key == *key) {
                return Err(Error::invalid(format!("cannot unbind {key:?}: it is not bound")));
            }
        }
        Ok(self.try_unbind(keys))
    }

    /// A logger without these keys, bound or not.
    #[must_use = "a logger is immutable: unbinding gives a new one"]
    pub fn try_unbind(&self, keys: &[&str]) -> Self {
        let mut kept = self.pairs().to_vec();
        kept.retain(|pair| !keys.contains(&&*pair.key));
        self.with_pairs(kept)
    }

    /// A logger of the same segment with these pairs alone.
    #[must_use = "a logger is immutable: this gives a new one"]
    pub fn new(&self, pairs: Pairs) -> Self {
        Self { segment: self.segment, context: None }.bind(pairs)
    }

    fn pairs(&self) -> &[Pair] {
        self.context.as_ref().map_or(&[], |context| &context.pairs)
    }

    fn with_pairs(&self, pairs: Vec<Pair>) -> Self {
        let bytes: Vec<u8> = pairs.iter().flat_map(|pair| pair.bytes.iter().copied()).collect();
        let context = (!pairs.is_empty()).then(|| Arc::new(Context { pairs, bytes: bytes.into() }));
        Self { segment: self.segment, context }
    }

    /// A logger without a segment of its own encodes keys inline: it may be used before `install`.
    fn encode_pair(&self, key: &str, value: &[u8]) -> Arc<[u8]> {
        let id = self.segment.and_then(|segment| segment.intern(&encode_string(key)));
        let mut bytes = id.unwrap_or(0).to_le_bytes().to_vec();
        if id.is_none() {
            let mut len = key.len().min(usize::from(u16::MAX));
            while !key.is_char_boundary(len) {
                len -= 1;
            }
            bytes.extend((len as u16).to_le_bytes());
            bytes.extend(&key.as_bytes()[..len]);
        }
        bytes.extend(value);
        bytes.into()
    }
}
