//! Other loggers, each set up so that it loses nothing: a bounded channel that blocks, one writing
//! thread, a text file. Each in the words and by the macros that its own documentation shows.

use std::any::Any;
use std::fs::File;
use std::hint::black_box;
use std::io::BufWriter;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slog::Drain as _;
use spdlog::sink::Sink as _;

use crate::Failure;
use crate::contender::{Case, Contender, TEXT, repeat};

/// Those that [`start`] knows.
pub const NAMES: [&str; 6] =
    ["tracing-appender", "slog-async", "spdlog-rs", "ftlog", "fast_log", "logforth"];

/// Records that a channel holds.
const CHANNEL: usize = 100_000;

/// Starts the logger of this name on a new file.
///
/// # Errors
/// No such name, or it cannot be started.
pub fn start(name: &str, file: &Path) -> Result<Box<dyn Contender>, Failure> {
    Ok(match name {
        "tracing-appender" => Box::new(Tracing::start(file)?),
        "slog-async" => Box::new(Slog::start(file)?),
        "spdlog-rs" => Box::new(Spdlog::start(file)?),
        "ftlog" => Box::new(Ftlog::start(file)?),
        "fast_log" => Box::new(FastLog::start(file)?),
        "logforth" => Box::new(Logforth::start(file)?),
        _ => return Err(format!("no contender `{name}`").into()),
    })
}

struct Tracing(tracing_appender::non_blocking::WorkerGuard);

impl Tracing {
    fn start(file: &Path) -> Result<Self, Failure> {
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
            Case::Disabled => repeat(calls, |order_id, total_cents, ms| {
                tracing::debug!(order_id, total_cents, ms, "order placed");
            }),
        }
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        drop(self.0);
        Ok(())
    }
}

struct Slog {
    log: slog::Logger,
    bound: slog::Logger,
    guard: slog_async::AsyncGuard,
}

impl Slog {
    fn start(file: &Path) -> Result<Self, Failure> {
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
            Case::Disabled => repeat(calls, |order_id, total_cents, ms| {
                slog::debug!(log, "order placed"; "order_id" => order_id, "total_cents" => total_cents, "ms" => ms);
            }),
        }
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let Self { log, bound, guard } = *self;
        drop((log, bound));
        drop(guard);
        Ok(())
    }
}

struct Spdlog {
    logger: Arc<spdlog::Logger>,
    sink: Arc<spdlog::sink::AsyncPoolSink>,
    pool: Arc<spdlog::ThreadPool>,
}

impl Spdlog {
    fn start(file: &Path) -> Result<Self, Failure> {
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

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let Self { logger, sink, pool } = *self;
        sink.flush_on_exit()?;
        drop((logger, sink));
        drop(pool);
        Ok(())
    }
}

struct Ftlog(ftlog::LoggerGuard);

impl Ftlog {
    fn start(file: &Path) -> Result<Self, Failure> {
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

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        log::logger().flush();
        drop(self.0);
        Ok(())
    }
}

struct FastLog;

impl FastLog {
    fn start(file: &Path) -> Result<Self, Failure> {
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

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        fast_log::flush().map_err(|error| error.to_string())?.wait();
        Ok(())
    }
}

struct Logforth {
    folder: PathBuf,
    file: PathBuf,
}

impl Logforth {
    fn start(file: &Path) -> Result<Self, Failure> {
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

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        log::logger().flush();
        let item = std::fs::read_dir(&self.folder)?.next().ok_or("logforth has made no file")??;
        std::fs::rename(item.path(), &self.file)?;
        Ok(())
    }
}
