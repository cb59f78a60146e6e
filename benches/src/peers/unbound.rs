//! Loggers that are shown beside the others but are not held against them: one keeps what is not yet
//! written in a buffer without a bound, one writes only when its caller flushes it, on one thread.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use kvlog::collector::{
    LogBuffer, LoggerGuard, ParentSpanSuffixCache, format_statement_with_colors,
    init_closure_logger,
};

use crate::Failure;
use crate::contender::{Case, Contender, TEXT, repeat};

pub(super) struct Kvlog(LoggerGuard);

impl Kvlog {
    /// Its thread writes the text that it would show on a terminal: its own file is binary, and could
    /// not be compared.
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let mut out = File::create(file)?;
        let mut parents = ParentSpanSuffixCache::new_boxed();
        let mut text = Vec::new();
        let guard = init_closure_logger(move |buffer: &mut LogBuffer<'_>| {
            text.clear();
            // A statement that cannot be read or written is missed when lines are counted.
            for (stamp, level, span, fields) in buffer.iter().flatten() {
                format_statement_with_colors(&mut text, &mut parents, stamp, level, span, fields);
            }
            let _ = out.write_all(&text);
            buffer.clear();
        });
        Ok(Self(guard))
    }
}

impl Contender for Kvlog {
    fn burst(&self, case: Case, calls: u64) {
        match case {
            Case::Literal => repeat(calls, |_, _, _| {
                kvlog::info!("order placed");
            }),
            Case::Numbers => repeat(calls, |order_id, total_cents, ms| {
                kvlog::info!("order placed", order_id, total_cents, ms);
            }),
            Case::Context => {
                let (request, user, attempt) = black_box((7, "ann", 1));
                repeat(calls, |order_id, total_cents, ms| {
                    kvlog::info!("order placed", request, user, attempt, order_id, total_cents, ms);
                });
            }
            Case::Text => {
                let path = black_box(TEXT);
                repeat(calls, |_, _, _| {
                    kvlog::info!("request served", path);
                });
            }
            Case::Four => {
                let path = black_box(TEXT);
                repeat(calls, |order_id, total_cents, ms| {
                    kvlog::info!("order placed", order_id, total_cents, ms, path);
                });
            }
            // Compiled to nothing: its debug level is a feature of the crate.
            Case::Disabled => repeat(calls, |_order_id, _total_cents, _ms| {
                kvlog::debug!("order placed", _order_id, _total_cents, _ms);
            }),
        }
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        drop(self.0);
        Ok(Duration::ZERO)
    }
}

pub(super) struct Quicklog;

/// Writes each line that its flush renders; its own file flusher opens the file anew for each.
struct Lines(BufWriter<File>);

impl quicklog_flush::Flush for Lines {
    fn flush_one(&mut self, line: String) {
        // A line that cannot be written is missed when they are counted.
        let _ = self.0.write_all(line.as_bytes());
    }
}

impl Quicklog {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        quicklog::init!();
        quicklog::with_flush!(Lines(BufWriter::new(File::create(file)?)));
        Ok(Self)
    }
}

impl Contender for Quicklog {
    fn burst(&self, case: Case, calls: u64) {
        match case {
            Case::Literal => repeat(calls, |_, _, _| quicklog::info!("order placed")),
            Case::Numbers => repeat(calls, |order_id, total_cents, ms| {
                quicklog::info!(
                    "order placed order_id={} total_cents={} ms={}",
                    order_id,
                    total_cents,
                    ms
                );
            }),
            Case::Context => {
                let (request, user, attempt) = black_box((7, "ann", 1));
                repeat(calls, |order_id, total_cents, ms| {
                    quicklog::info!(
                        "order placed request={} user={} attempt={} order_id={} total_cents={} ms={}",
                        request,
                        user,
                        attempt,
                        order_id,
                        total_cents,
                        ms
                    );
                });
            }
            Case::Text => {
                let path = black_box(TEXT);
                repeat(calls, |_, _, _| quicklog::info!("request served path={}", path));
            }
            Case::Four => {
                let path = black_box(TEXT);
                repeat(calls, |order_id, total_cents, ms| {
                    quicklog::info!(
                        "order placed order_id={} total_cents={} ms={} path={}",
                        order_id,
                        total_cents,
                        ms,
                        path
                    );
                });
            }
            // Compiled to nothing: its levels are features of the crate.
            Case::Disabled => repeat(calls, |order_id, total_cents, ms| {
                quicklog::debug!(
                    "order placed order_id={} total_cents={} ms={}",
                    order_id,
                    total_cents,
                    ms
                );
            }),
        }
    }

    /// Its queue drops what it has no place for.
    fn settle(&self) {
        flush_all();
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        flush_all();
        // Its logger is never dropped, so what holds the lines is replaced.
        quicklog::with_flush!(Nothing);
        Ok(Duration::ZERO)
    }
}

/// Its own macro writes one line.
fn flush_all() {
    use quicklog::Log;

    while quicklog::logger().flush_one().is_ok() {}
}

struct Nothing;

impl quicklog_flush::Flush for Nothing {
    fn flush_one(&mut self, _: String) {}
}
