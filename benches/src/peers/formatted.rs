//! Loggers whose fields are parts of a text, written by the call or by a thread of theirs.

use std::fs::File;
use std::hint::black_box;
use std::io::BufWriter;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use spdlog::sink::Sink as _;

use super::CHANNEL;
use crate::Failure;
use crate::contender::{Case, Contender, TEXT, repeat};

pub(super) struct Spdlog {
    logger: Arc<spdlog::Logger>,
    sink: Arc<spdlog::sink::AsyncPoolSink>,
    pool: Arc<spdlog::ThreadPool>,
}

impl Spdlog {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let to = spdlog::sink::FileSink::builder().path(file).truncate(true).build_arc()?;
        let capacity = NonZeroUsize::new(CHANNEL).ok_or("a channel of none")?;
        let pool = Arc::new(spdlog::ThreadPool::builder().capacity(capacity).build()?);
        let sink = spdlog::sink::AsyncPoolSink::builder()
            .thread_pool(Arc::clone(&pool))
            .sink(to)
            .build_arc()?;
        let logger = spdlog::Logger::builder().sink(sink.clone()).build_arc()?;
        Ok(Self { logger, sink, pool })
    }
}

/// Statements of loggers whose fields are parts of the text.
macro_rules! in_text {
    ($info:path, $debug:path, ($($to:tt)*), $case:expr, $calls:expr) => {
        match $case {
            Case::Literal => repeat($calls, |_, _, _| { $info!($($to)* "order placed"); }),
            Case::Numbers => repeat($calls, |order_id, total_cents, ms| {
                $info!($($to)* "order placed order_id={} total_cents={} ms={}", order_id, total_cents, ms);
            }),
            Case::Context => {
                let (request, user, attempt) = black_box((7, "ann", 1));
                repeat($calls, |order_id, total_cents, ms| {
                    $info!(
                        $($to)* "order placed request={} user={} attempt={} order_id={} total_cents={} ms={}",
                        request, user, attempt, order_id, total_cents, ms
                    );
                });
            }
            Case::Text => {
                let path = black_box(TEXT);
                repeat($calls, |_, _, _| { $info!($($to)* "request served path={}", path); });
            }
            Case::Four => {
                let path = black_box(TEXT);
                repeat($calls, |order_id, total_cents, ms| {
                    $info!(
                        $($to)* "order placed order_id={} total_cents={} ms={} path={}",
                        order_id, total_cents, ms, path
                    );
                });
            }
            Case::Disabled => repeat($calls, |order_id, total_cents, ms| {
                $debug!($($to)* "order placed order_id={} total_cents={} ms={}", order_id, total_cents, ms);
            }),
        }
    };
}

impl Contender for Spdlog {
    fn burst(&self, case: Case, calls: u64) {
        let logger = &self.logger;
        in_text!(spdlog::info, spdlog::debug, (logger: logger,), case, calls);
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        let Self { logger, sink, pool } = *self;
        sink.flush_on_exit()?;
        drop((logger, sink));
        drop(pool);
        Ok(Duration::ZERO)
    }
}

pub(super) struct Ftlog(ftlog::LoggerGuard);

impl Ftlog {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let guard = ftlog::builder()
            .max_log_level(log::LevelFilter::Info)
            .root(BufWriter::new(File::create(file)?))
            .bounded(CHANNEL, true)
            .try_init()
            .map_err(|error| error.to_string())?;
        Ok(Self(guard))
    }
}

impl Contender for Ftlog {
    fn burst(&self, case: Case, calls: u64) {
        in_text!(log::info, log::debug, (), case, calls);
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        log::logger().flush();
        drop(self.0);
        Ok(Duration::ZERO)
    }
}

pub(super) struct FastLog;

impl FastLog {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let config = fast_log::Config::new()
            .level(log::LevelFilter::Info)
            .file(&file.display().to_string())
            .chan_len(Some(CHANNEL));
        fast_log::init(config).map_err(|error| error.to_string())?;
        Ok(Self)
    }
}

impl Contender for FastLog {
    fn burst(&self, case: Case, calls: u64) {
        in_text!(log::info, log::debug, (), case, calls);
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        fast_log::flush().map_err(|error| error.to_string())?.wait();
        Ok(Duration::ZERO)
    }
}

pub(super) struct Logforth {
    folder: PathBuf,
    file: PathBuf,
}

impl Logforth {
    pub(super) fn start(file: &Path) -> Result<Self, Failure> {
        let folder = file.with_extension("d");
        std::fs::create_dir_all(&folder)?;
        let to = logforth::append::file::FileBuilder::new(&folder, "out")
            .layout(logforth::layout::TextLayout::default().no_color())
            .build()
            .map_err(|error| error.to_string())?;
        let queue = logforth::append::asynchronous::AsyncBuilder::new("logforth")
            .buffered_lines_limit(Some(CHANNEL))
            .overflow_block()
            .append(to)
            .build();
        logforth::starter_log::builder().dispatch(|dispatch| dispatch.append(queue)).apply();
        log::set_max_level(log::LevelFilter::Info);
        Ok(Self { folder, file: file.to_owned() })
    }
}

impl Contender for Logforth {
    fn burst(&self, case: Case, calls: u64) {
        in_text!(log::info, log::debug, (), case, calls);
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        log::logger().flush();
        let item = std::fs::read_dir(&self.folder)?.next().ok_or("logforth has made no file")??;
        std::fs::rename(item.path(), &self.file)?;
        Ok(Duration::ZERO)
    }
}
