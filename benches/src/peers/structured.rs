//! Loggers whose fields stay fields until a thread of theirs renders them, or until the call does.

use std::any::Any;
use std::fs::File;
use std::hint::black_box;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use slog::Drain as _;

use super::CHANNEL;
use crate::Failure;
use crate::contender::{Case, Contender, TEXT, repeat};

pub(super) struct Tracing(tracing_appender::non_blocking::WorkerGuard);

impl Tracing {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
            .lossy(false)
            .buffered_lines_limit(CHANNEL)
            .finish(File::create(file)?);
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(writer)
            .with_max_level(tracing::Level::INFO)
            .init();
        Ok(Self(guard))
    }
}

impl Contender for Tracing {
    fn enter(&self, case: Case) -> Box<dyn Any> {
        if case != Case::Context {
            return Box::new(());
        }
        let span = tracing::info_span!("bound", request = 7, user = "ann", attempt = 1);
        Box::new(span.entered())
    }

    fn burst(&self, case: Case, calls: u64) {
        match case {
            Case::Literal => repeat(calls, |_, _, _| tracing::info!("order placed")),
            Case::Numbers | Case::Context => repeat(calls, |order_id, total_cents, ms| {
                tracing::info!(order_id, total_cents, ms, "order placed");
            }),
            Case::Text => {
                let path = black_box(TEXT);
                repeat(calls, |_, _, _| tracing::info!(path, "request served"));
            }
            Case::Four => {
                let path = black_box(TEXT);
                repeat(calls, |order_id, total_cents, ms| {
                    tracing::info!(order_id, total_cents, ms, path, "order placed");
                });
            }
            Case::Disabled => repeat(calls, |order_id, total_cents, ms| {
                tracing::debug!(order_id, total_cents, ms, "order placed");
            }),
        }
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        drop(self.0);
        Ok(Duration::ZERO)
    }
}

pub(super) struct Slog {
    log: slog::Logger,
    bound: slog::Logger,
    guard: slog_async::AsyncGuard,
}

impl Slog {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let decorator = slog_term::PlainSyncDecorator::new(BufWriter::new(File::create(file)?));
        let drain = slog_term::FullFormat::new(decorator).build().fuse();
        let (drain, guard) = slog_async::Async::new(drain)
            .chan_size(CHANNEL)
            .overflow_strategy(slog_async::OverflowStrategy::Block)
            .build_with_guard();
        let drain = slog::LevelFilter::new(drain, slog::Level::Info).fuse();
        let log = slog::Logger::root(drain, slog::o!());
        let bound = log.new(slog::o!("request" => 7, "user" => "ann", "attempt" => 1));
        Ok(Self { log, bound, guard })
    }
}

impl Contender for Slog {
    fn burst(&self, case: Case, calls: u64) {
        let Self { log, bound, .. } = self;
        match case {
            Case::Literal => repeat(calls, |_, _, _| slog::info!(log, "order placed")),
            Case::Numbers => repeat(calls, |order_id, total_cents, ms| {
                slog::info!(log, "order placed"; "order_id" => order_id, "total_cents" => total_cents, "ms" => ms);
            }),
            Case::Context => repeat(calls, |order_id, total_cents, ms| {
                slog::info!(bound, "order placed"; "order_id" => order_id, "total_cents" => total_cents, "ms" => ms);
            }),
            Case::Text => {
                let path = black_box(TEXT);
                repeat(calls, |_, _, _| slog::info!(log, "request served"; "path" => path));
            }
            Case::Four => {
                let path = black_box(TEXT);
                repeat(calls, |order_id, total_cents, ms| {
                    slog::info!(log, "order placed"; "order_id" => order_id, "total_cents" => total_cents, "ms" => ms, "path" => path);
                });
            }
            Case::Disabled => repeat(calls, |order_id, total_cents, ms| {
                slog::debug!(log, "order placed"; "order_id" => order_id, "total_cents" => total_cents, "ms" => ms);
            }),
        }
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        let Self { log, bound, guard } = *self;
        drop((log, bound));
        drop(guard);
        Ok(Duration::ZERO)
    }
}
