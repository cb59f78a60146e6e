//! `stack_info`: a stack that the producer took, as structlog's `StackInfoRenderer`.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor, text};

/// Moves the stack that a producer logged under `stack_info`, as text or as a list of frames, to
/// `stack`. A bare `stack_info = true` is taken away: only the producer could have taken the stack.
///
/// ```
/// # use logring_drain::tryout::tried;
/// assert_eq!(
///     tried(r#""stack_info""#, r#"{"event":"x","stack_info":["main","serve"]}"#),
///     r#"{"event": "x", "stack": "Stack (most recent call last):\n  main\n  serve"}"#
/// );
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackInfo {}

impl Configured for StackInfo {}

impl Processor for StackInfo {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let stack = match text::take(event, "stack_info") {
            Some(AnyValue::Str(stack) | AnyValue::Text(stack)) if !stack.is_empty() => stack,
            Some(AnyValue::List(frames)) if !frames.is_empty() => {
                let mut stack = "Stack (most recent call last):".to_owned();
                for frame in frames {
                    if let AnyValue::Str(text) | AnyValue::Text(text) = frame {
                        stack.push_str("\n  ");
                        stack.push_str(&text);
                    }
                }
                Cow::Owned(stack)
            }
            _ => return Flow::Keep,
        };
        event.set("stack", AnyValue::Str(stack));
        Flow::Keep
    }
}
