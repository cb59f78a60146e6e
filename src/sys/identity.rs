//! Who a process is: ids, namespace, start time, boot id, name, and random numbers to tell it from
//! every other. `shm/process.rs` writes these into the table and compares them later.
//!
//! All but `host_name` and `process_is_gone` are allocation-free.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::sync::{AtomicU64, Ordering};

/// This process's id, by a real call: a value that was cached before a fork would be wrong.
#[must_use]
pub fn pid() -> u32 {
    // SAFETY: no arguments; the raw call, since some C libraries have cached it.
    unsafe { libc::syscall(libc::SYS_getpid) as u32 }
}

/// This thread's id in its pid namespace.
#[must_use]
pub fn tid() -> u32 {
    // SAFETY: no arguments.
    unsafe { libc::syscall(libc::SYS_gettid) as u32 }
}

/// The inode of this process's pid namespace; 0 where `/proc` does not say.
#[must_use]
pub fn pid_namespace() -> u64 {
    std::fs::metadata("/proc/self/ns/pid").map_or(0, |meta| meta.ino())
}

/// When the process of this pid was started, in clock ticks since boot (`/proc/<pid>/stat`, field
/// 22); `None` where there is none, or `/proc` does not say.
#[must_use]
pub fn start_time(pid: u32) -> Option<u64> {
    stat(pid).map(|stat| stat.start_time)
}

/// Whether it is certain that no process of this pid and start time (0 = unknown) runs in our pid
/// namespace. A zombie without living threads is gone. What cannot be known is not certain.
#[must_use]
pub fn process_is_gone(pid: u32, start_time: u64) -> bool {
    let Ok(target) = libc::pid_t::try_from(pid) else { return false };
    if target <= 0 {
        return false;
    }
    // SAFETY: signal 0 is sent to nobody, it asks whether the process exists.
    if unsafe { libc::kill(target, 0) } != 0 {
        return std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
    }
    // Another namespace's `/proc` would answer for another process.
    if !proc_is_ours() {
        return false;
    }
    match stat(pid) {
        Some(stat) => {
            let is_another = start_time != 0 && stat.start_time != start_time;
            is_another || (stat.is_zombie && stat.threads <= 1)
        }
        None => false,
    }
}

/// Sends SIGTERM to the process of this pid and start time, and to no other that has its pid by then.
///
/// # Errors
/// `NotFound`: it has ended. Else the kernel forbids it.
pub fn ask_to_end(pid: u32, start_time: u64) -> std::io::Result<()> {
    // SAFETY: two numbers; the kernel gives a descriptor.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        let error = std::io::Error::last_os_error();
        let is_gone = error.raw_os_error() == Some(libc::ESRCH);
        return Err(if is_gone { std::io::ErrorKind::NotFound.into() } else { error });
    }
    // SAFETY: a descriptor that was made just now, for this function alone.
    let process = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
    // The descriptor holds on to whoever has the pid now.
    if process_is_gone(pid, start_time) {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    let (fd, none) = (process.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
    // SAFETY: our descriptor, a signal, and no further information.
    match unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, libc::SIGTERM, none, 0) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

fn proc_is_ours() -> bool {
    let Ok(link) = std::fs::read_link("/proc/self") else { return false };
    link.to_str().and_then(|text| text.parse().ok()) == Some(pid())
}

struct Stat {
    start_time: u64,
    is_zombie: bool,
    threads: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let mut path = [0u8; 32];
    let mut rest = &mut path[..];
    // `self` is right even where `/proc` is another namespace's, with other pids.
    if pid == self::pid() {
        write!(rest, "/proc/self/stat").ok()?;
    } else {
        write!(rest, "/proc/{pid}/stat").ok()?;
    }
    let len = 32 - rest.len();
    let mut buffer = [0u8; 1024];
    let text = read_small(&path[..len], &mut buffer)?;
    // The name in field 2 may hold spaces and parentheses: count from the last `)`.
    let end = text.iter().rposition(|&byte| byte == b')')?;
    let mut fields = std::str::from_utf8(&text[end + 1..]).ok()?.split_ascii_whitespace();
    let is_zombie = matches!(fields.next()?, "Z" | "X" | "x");
    let threads = fields.nth(16)?.parse().ok()?;
    let start_time = fields.nth(1)?.parse().ok()?;
    Some(Stat { start_time, is_zombie, threads })
}

/// The id of this run of the kernel; zeros where `/proc` does not say. Read once: a process does not
/// outlive the kernel.
#[must_use]
pub fn boot_id() -> [u8; 16] {
    // No lock: this may run in a signal handler. Who finds one half alone reads for itself.
    static HALVES: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
    let known = HALVES.each_ref().map(|half| half.load(Ordering::Relaxed));
    if known.iter().all(|half| *half != 0) {
        return (u128::from(known[0]) | u128::from(known[1]) << 64).to_le_bytes();
    }
    let id = read_boot_id();
    let both = u128::from_le_bytes(id);
    HALVES[0].store(both as u64, Ordering::Relaxed);
    HALVES[1].store((both >> 64) as u64, Ordering::Relaxed);
    id
}

fn read_boot_id() -> [u8; 16] {
    let mut id = [0u8; 16];
    let mut buffer = [0u8; 64];
    let Some(text) = read_small(b"/proc/sys/kernel/random/boot_id", &mut buffer) else { return id };
    let digits = text.iter().filter_map(|&byte| char::from(byte).to_digit(16));
    for (at, digit) in digits.take(32).enumerate() {
        id[at / 2] = id[at / 2] << 4 | digit as u8;
    }
    id
}

/// A random number from the kernel, never 0.
#[must_use]
pub fn random_u64() -> u64 {
    let mut value = 0u64;
    loop {
        // SAFETY: `value` is a valid place for 8 bytes.
        let got = unsafe { libc::getrandom((&raw mut value).cast(), 8, 0) };
        if got == 8 && value != 0 {
            return value;
        }
        let interrupted =
            std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) || got == 8;
        if !interrupted {
            // No `getrandom` (seccomp): the clock and our ids still differ from every neighbour's.
            let mixed = super::realtime_ns() ^ u64::from(tid()) << 32 ^ super::now_ticks();
            return mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        }
    }
}

/// This process's name as the kernel has it (at most 15 bytes), NUL padded.
#[must_use]
pub fn comm() -> [u8; 16] {
    let mut name = [0u8; 16];
    let mut buffer = [0u8; 64];
    let text = read_small(b"/proc/self/comm", &mut buffer).unwrap_or_default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let len = text.len().min(name.len());
    name[..len].copy_from_slice(&text[..len]);
    name
}

/// The machine's name, for messages.
#[must_use]
pub fn host_name() -> String {
    let mut buffer = [0u8; 256];
    let text = read_small(b"/proc/sys/kernel/hostname", &mut buffer).unwrap_or_default();
    String::from_utf8_lossy(text).trim().to_owned()
}

/// The first bytes of a small file of `/proc`.
fn read_small<'a>(path: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    // Short paths and the file itself need no allocation.
    let mut file = File::open(Path::new(std::ffi::OsStr::from_bytes(path))).ok()?;
    let mut len = 0;
    loop {
        match file.read(&mut buffer[len..]) {
            Ok(0) => return Some(&buffer[..len]),
            Ok(count) => len += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        assert_eq!(pid(), std::process::id());
        let start = start_time(pid()).expect("/proc has us");
        assert!(!process_is_gone(pid(), start));
        assert!(process_is_gone(pid(), start + 1), "same pid, another process");
        assert_ne!(pid_namespace(), 0);
        assert_ne!(boot_id(), [0; 16]);
        assert_ne!(random_u64(), random_u64());
    }

    #[test]
    fn a_name_with_parentheses_does_not_move_the_fields() {
        let before = start_time(pid());
        std::thread::spawn(|| {
            std::fs::write("/proc/self/comm", "a) 1 (b").expect("own name");
        })
        .join()
        .expect("thread");
        let name = std::fs::read_to_string("/proc/self/comm").expect("own name");
        assert_eq!(name.trim(), "a) 1 (b");
        assert_eq!(start_time(pid()), before);
    }
}
