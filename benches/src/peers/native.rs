//! Loggers of other languages: built from `benches/native` into a library beside this program, where
//! what they need is installed, and loaded into the process that measures them and no other (LTTng-UST
//! starts threads in whatever it is loaded into).

#![expect(unsafe_code, reason = "a library of another language is loaded and called")]

use std::ffi::{CString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Failure;
use crate::contender::{Case, Contender};

/// How one is built.
struct Recipe {
    name: &'static str,
    source: &'static str,
    compiler: &'static [&'static str],
    /// As pkg-config has it.
    package: &'static str,
    /// Programs that it does not work without.
    programs: &'static [&'static str],
    /// Debian's packages with all of that.
    packages: &'static str,
}

const RECIPES: [Recipe; 2] = [
    Recipe {
        name: "spdlog",
        source: "spdlog.cpp",
        compiler: &["c++", "-std=c++17"],
        package: "spdlog",
        programs: &["c++", "pkg-config"],
        packages: "g++ pkg-config libspdlog-dev",
    },
    Recipe {
        name: "lttng-ust",
        source: "lttng.c",
        compiler: &["cc"],
        package: "lttng-ust",
        programs: &["cc", "pkg-config", "lttng", "lttng-sessiond", "babeltrace2"],
        packages: "gcc pkg-config lttng-tools liblttng-ust-dev babeltrace2",
    },
];

fn recipe(name: &str) -> Result<&'static Recipe, Failure> {
    let found = RECIPES.iter().find(|recipe| recipe.name == name);
    found.ok_or_else(|| format!("no native contender `{name}`").into())
}

/// Where its library stands.
fn library(name: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("this program has no folder")?;
    Ok(folder.join(format!("libbench_{}.so", name.replace('-', "_"))))
}

/// Builds it; or says what is missing for that.
pub(super) fn build(name: &str) -> Result<Option<String>, Failure> {
    let recipe = recipe(name)?;
    let runs = |program: &str, argument: &str| {
        let tried = Command::new(program).arg(argument).output();
        tried.is_ok_and(|output| output.status.success())
    };
    if let Some(program) = recipe.programs.iter().find(|program| !runs(program, "--version")) {
        return Ok(Some(format!("`{program}` is not installed, see {}", recipe.packages)));
    }
    let output =
        Command::new("pkg-config").args(["--cflags", "--libs", recipe.package]).output()?;
    if !output.status.success() {
        return Ok(Some(format!("its library is not installed, see {}", recipe.packages)));
    }
    let flags = String::from_utf8(output.stdout)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("native");
    let [compiler, options @ ..] = recipe.compiler else {
        return Err("no compiler".into());
    };
    // Under another name at first: another bench may be loading it.
    let (library, fresh) = (library(name)?, library(&format!("{name}-{}", std::process::id()))?);
    let status = Command::new(compiler)
        .args(options)
        .args(["-O2", "-fPIC", "-shared", "-o"])
        .arg(&fresh)
        .arg("-I")
        .arg(&folder)
        .arg(folder.join(recipe.source))
        .args(flags.split_whitespace())
        .status()?;
    if !status.success() {
        return Err(format!("{} does not build", recipe.source).into());
    }
    std::fs::rename(fresh, library)?;
    Ok(None)
}

/// A logger behind a library's three functions.
pub(super) struct Library {
    burst: extern "C" fn(u32, u64),
    finish: extern "C" fn() -> c_int,
    /// Its code stays as long as this does.
    _loaded: libloading::Library,
}

impl Library {
    /// Loads the library of this name and starts its logger on a new file.
    pub(super) fn start(name: &str, file: &Path) -> Result<Self, Failure> {
        let file = CString::new(file.as_os_str().as_bytes())?;
        let path = library(recipe(name)?.name)?;
        // SAFETY: `build` has made this library from a source of ours, and what its loading runs is
        // the logger's own; the types are those that `benches/native` gives its three functions, which
        // take any numbers, from any thread once it is started; and `_loaded` keeps the code as long as
        // the two pointers live.
        unsafe {
            let loaded = libloading::Library::new(path)?;
            let start = *loaded.get::<extern "C" fn(*const c_char) -> c_int>(b"peer_start")?;
            let burst = *loaded.get::<extern "C" fn(u32, u64)>(b"peer_burst")?;
            let finish = *loaded.get::<extern "C" fn() -> c_int>(b"peer_finish")?;
            if start(file.as_ptr()) != 0 {
                return Err(format!("{name} cannot be started").into());
            }
            Ok(Self { burst, finish, _loaded: loaded })
        }
    }
}

impl Contender for Library {
    fn burst(&self, case: Case, calls: u64) {
        let which = Case::ALL.iter().position(|one| *one == case).unwrap_or_default();
        (self.burst)(which as u32, calls);
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        // Nobody is in `burst`, which borrows what is consumed here.
        match (self.finish)() {
            0 => Ok(Duration::ZERO),
            _ => Err("a native logger cannot finish".into()),
        }
    }
}
