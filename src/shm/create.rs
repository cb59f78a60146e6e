//! How a segment's file comes to be, is found and goes: complete or not at all.
//!
//! A file is built without a name, then linked; whoever comes second finds the name taken and attaches.
//! A creator that dies leaves nothing. `segment.rs` is the door to this.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::header::Header;
use super::lock_file;
use super::name::{Paths, check_owner};
use super::segment::SegmentSpec;
use crate::error::{Error, Result};
use crate::layout::{BlockWord, Geometry, Offsets, header as at};
use crate::sys::{self, file};

/// How a file without a name gets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Unnamed until it is complete (`O_TMPFILE`), then linked through `/proc`.
    Unnamed,
    /// Under a temporary name until it is complete, then linked: without `/proc`, and on file systems
    /// that have no unnamed files.
    Temporary,
}

/// Creates the segment of `spec` at `paths`; false when there is one already.
///
/// # Errors
/// A geometry that cannot be, no room (the sentence has the sizes), no permission. Nothing of it is left
/// then.
pub fn create(paths: &Paths, spec: &SegmentSpec) -> Result<bool> {
    let method =
        if Path::new("/proc/self/fd").exists() { Method::Unnamed } else { Method::Temporary };
    create_by(method, paths, spec)
}

/// [`create`] by a method of the caller's choice.
///
/// # Errors
/// As [`create`].
pub fn create_by(method: Method, paths: &Paths, spec: &SegmentSpec) -> Result<bool> {
    let offsets = spec.geometry.offsets()?;
    if spec.name.len() > at::NAME_BYTES {
        return Err(Error::invalid(format!(
            "segment name {:?} has {} bytes, the header takes {}",
            spec.name,
            spec.name.len(),
            at::NAME_BYTES
        )));
    }
    // A stranger or a damaged segment in our place is left alone, with no lock file beside it.
    match open(&paths.segment) {
        Ok((_, header, _)) if header.check_state().is_ok() => return Ok(false),
        Err(error) if !error.is_not_found() => return Err(error),
        _ => {}
    }
    lock_file::exclusively(&paths.lock, |lock| {
        if restore_if_half_removed(&paths.segment)? {
            return Ok(false);
        }
        let header = header_for(spec, lock.id);
        let made = publish(method, &paths.segment, offsets.end as u64, |file| {
            fill(file, &header, &offsets)
        });
        if made.is_err() {
            // Nobody else can be creating: they would hold the lock that we hold.
            let _ = fs::remove_file(&paths.lock);
        }
        made
    })
    .map_err(|error| error.within(format!("cannot create segment {:?}", spec.name)))
}

/// The processor's counter where the kernel trusts it: asked only by who creates a segment, since the
/// answer takes longer than to attach to one.
fn best_clock() -> u32 {
    if sys::tsc_is_trusted() { at::clock::TSC } else { at::clock::REALTIME }
}

/// The header of a new segment.
pub(super) fn header_for(spec: &SegmentSpec, lock: (u64, u64)) -> Header {
    let mut uuid = [0; 16];
    uuid[..8].copy_from_slice(&sys::random_u64().to_le_bytes());
    uuid[8..].copy_from_slice(&sys::random_u64().to_le_bytes());
    let clock_kind = spec.clock.unwrap_or_else(best_clock);
    let (created_clock, created_ns) = anchor(clock_kind);
    Header {
        geometry: spec.geometry,
        boot_id: sys::boot_id(),
        uuid,
        lock,
        clock_kind,
        uid: file::effective_uid(),
        state: at::state::READY,
        max_record_bytes: spec.geometry.max_record_bytes(spec.max_record_bytes),
        created_ns,
        created_clock,
        name: spec.name.clone(),
    }
}

/// Pairs of looks at the two clocks; the closest one is taken.
const LOOKS: usize = 8;

/// The segment's clock and the wall clock at one moment. A creator that is interrupted between the two
/// would have made a step of the wall clock, which every drain of the segment would tell.
fn anchor(kind: u32) -> (u64, u64) {
    let clock = || match kind {
        at::clock::TSC => sys::now_ticks_fenced(),
        _ => sys::realtime_ns(),
    };
    let look = |_| {
        let before = clock();
        let realtime_ns = sys::realtime_ns();
        let width = clock().wrapping_sub(before);
        (width, before.wrapping_add(width / 2), realtime_ns)
    };
    let closest = (0..LOOKS).map(look).min_by_key(|(width, ..)| *width);
    closest.map_or((0, 0), |(_, clock, realtime_ns)| (clock, realtime_ns))
}

/// The parts that do not begin as zeros: header, hints, block words.
fn fill(file: &File, header: &Header, offsets: &Offsets) -> io::Result<()> {
    file.write_all_at(&header.encode(offsets.end), 0)?;
    file.write_all_at(&first_hints(&header.geometry), offsets.hints as u64)?;
    file.write_all_at(&first_words(&header.geometry), offsets.words as u64)
}

/// The hint bitmap of a fresh ring: every block is free.
pub(super) fn first_hints(geometry: &Geometry) -> Vec<u8> {
    let blocks = geometry.block_count;
    (0..blocks.div_ceil(64))
        .flat_map(|index| {
            match blocks - index * 64 {
                rest @ 0..64 => (1u64 << rest) - 1,
                _ => u64::MAX,
            }
            .to_le_bytes()
        })
        .collect()
}

/// The block words of a fresh ring: generation 1 is the first.
pub(super) fn first_words(geometry: &Geometry) -> Vec<u8> {
    BlockWord::Free { generation: 1 }.raw().to_le_bytes().repeat(geometry.block_count as usize)
}

/// Puts a complete file of `len` bytes at `path`: zeroed, then changed by `fill`; false when something
/// stands there already.
///
/// # Errors
/// No room, no permission, a limit; nothing is left then.
pub fn publish(
    method: Method,
    path: &Path,
    len: u64,
    fill: impl Fn(&File) -> io::Result<()>,
) -> Result<bool> {
    if let Some(limit) = file::file_size_limit()
        && len > limit
    {
        return Err(Error::full(format!(
            "it needs a file of {len} bytes, this process may write {limit} (ulimit -f)"
        )));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if method == Method::Unnamed {
        match file::open_unnamed(directory) {
            Ok(made) => {
                complete(&made, directory, len, &fill)?;
                return match file::link_unnamed(&made, path) {
                    Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                        publish(Method::Temporary, path, len, fill)
                    }
                    linked => is_linked(linked, path),
                };
            }
            Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR)) => {
            }
            Err(error) => {
                return Err(Error::os(format!("make a file in {}", directory.display()), error));
            }
        }
    }
    let temporary = Temporary(directory.join(format!(".logring-{:016x}", sys::random_u64())));
    let made = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_CLOEXEC)
        .open(&temporary.0)
        .map_err(|error| Error::os(format!("make a file in {}", directory.display()), error))?;
    complete(&made, directory, len, &fill)?;
    // `link` fails where `rename` would replace.
    is_linked(fs::hard_link(&temporary.0, path), path)
}

/// A temporary name, gone in any case.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn is_linked(linked: io::Result<()>, path: &Path) -> Result<bool> {
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::os(format!("give {} its name", path.display()), error)),
    }
}

fn complete(
    made: &File,
    directory: &Path,
    len: u64,
    fill: impl Fn(&File) -> io::Result<()>,
) -> Result<()> {
    let filled = file::allocate(made, len).and_then(|()| fill(made));
    filled.map_err(|error| match (error.raw_os_error(), file::file_system_bytes(directory)) {
        (Some(libc::ENOSPC), Some((total, free))) => Error::full(format!(
            "it needs {}, {} has {} of which {} were free (a container's /dev/shm has 64 MiB unless \
             it is started with more, such as --shm-size)",
            mib(len),
            directory.display(),
            mib(total),
            mib(free)
        )),
        _ => Error::os(format!("allocate {} in {}", mib(len), directory.display()), error),
    })
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Opens the segment at `path` and reads its header; nothing is mapped yet.
///
/// # Errors
/// Absent, not ours, a symbolic link, not a segment, damaged, of another layout version. The state is
/// for the caller to look at.
pub fn open(path: &Path) -> Result<(File, Header, Offsets)> {
    open_by(file::open_existing, path)
}

/// The same for reading alone.
///
/// # Errors
/// As [`open`].
pub fn open_to_look(path: &Path) -> Result<(File, Header, Offsets)> {
    open_by(|path| file::open_to_read(path, false), path)
}

/// The same of a copy on any path, whoever's it is.
///
/// # Errors
/// As [`open`], but for its owner and what links to it.
pub fn open_copy(path: &Path) -> Result<(File, Header, Offsets)> {
    let (opened, meta) = open_file(|path| file::open_to_read(path, true), path)?;
    read_header(opened, &meta, path)
}

fn open_by(
    open: impl FnOnce(&Path) -> io::Result<File>,
    path: &Path,
) -> Result<(File, Header, Offsets)> {
    let (opened, meta) = open_file(open, path)?;
    check_owner(path, &meta, "0600")?;
    read_header(opened, &meta, path)
}

fn open_file(
    open: impl FnOnce(&Path) -> io::Result<File>,
    path: &Path,
) -> Result<(File, fs::Metadata)> {
    let opened = open(path).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOENT) => Error::not_found(format!("there is no {}", path.display())),
        Some(libc::ELOOP) => Error::not_permitted(format!(
            "{} is a symbolic link, a segment never is",
            path.display()
        )),
        Some(libc::EISDIR | libc::ENXIO) => not_a_file(path),
        _ => Error::os(format!("open {}", path.display()), error),
    })?;
    let meta = opened
        .metadata()
        .map_err(|error| Error::os(format!("look at {}", path.display()), error))?;
    if !meta.is_file() {
        return Err(not_a_file(path));
    }
    Ok((opened, meta))
}

fn read_header(opened: File, meta: &fs::Metadata, path: &Path) -> Result<(File, Header, Offsets)> {
    let mut page = vec![0; usize::try_from(meta.size()).unwrap_or(at::SIZE).min(at::SIZE)];
    opened
        .read_exact_at(&mut page, 0)
        .map_err(|error| Error::os(format!("read {}", path.display()), error))?;
    let (header, offsets) =
        Header::decode(&page, meta.size()).map_err(|error| error.within(path.display()))?;
    Ok((opened, header, offsets))
}

/// A directory, a socket, a pipe.
fn not_a_file(path: &Path) -> Error {
    Error::not_a_segment(format!("{} is not a file", path.display()))
}

/// Whether a segment stands at `path`; one that a remover left half-removed is in use again. Only
/// under the creation lock: no remover is at work then.
pub(super) fn restore_if_half_removed(path: &Path) -> Result<bool> {
    match open(path) {
        Ok((file, header, _)) => {
            if header.state == at::state::REMOVED {
                file.write_all_at(&at::state::READY.to_le_bytes(), at::STATE as u64)
                    .map_err(|error| Error::os(format!("restore {}", path.display()), error))?;
            }
            Ok(true)
        }
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
