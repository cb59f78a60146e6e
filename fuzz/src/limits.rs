//! What an input may cost: no large allocation at once, no endless loop. A thread looks whether the
//! input that is being run has been there for too long, keeps it, and ends the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The most that an input may have allocated at once.
pub(crate) const ALLOCATION_MAX: usize = 64 << 20;
/// An input that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(20);

struct Largest;
static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Largest {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: as the caller has promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller has promised.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Relaxed);
        // SAFETY: as the caller has promised.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Largest = Largest;

type Running = Option<(Instant, PathBuf, Vec<u8>)>;
static RUNNING: Mutex<Running> = Mutex::new(None);

fn running() -> std::sync::MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An input that is being run.
pub(crate) struct Guard;

impl Guard {
    /// Before an input: it is kept at `file` if it hangs.
    pub(crate) fn begin(file: &Path, input: &[u8]) -> Self {
        static WATCH: OnceLock<()> = OnceLock::new();
        WATCH.get_or_init(|| {
            std::thread::spawn(watch);
        });
        *running() = Some((Instant::now(), file.to_owned(), input.to_owned()));
        LARGEST.store(0, Relaxed);
        Self
    }

    /// After it: the largest allocation, in bytes.
    pub(crate) fn end(self) -> usize {
        let largest = LARGEST.load(Relaxed);
        *running() = None;
        largest
    }
}

fn watch() {
    loop {
        std::thread::sleep(TIME_MAX / 10);
        let late = running().as_ref().is_some_and(|(since, ..)| since.elapsed() > TIME_MAX);
        if late && let Some((_, file, input)) = running().take() {
            let _ = std::fs::write(&file, input);
            println!("fuzz: hangs, see {}", file.display());
            std::process::exit(1);
        }
    }
}
