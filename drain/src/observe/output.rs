//! Standard output, as those write to it who print events: whole lines, and no complaint when nobody
//! reads them any more.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsRawFd;

use logring::sys::file;

use crate::cli::exit::{Exit, Failure};
use crate::render::{Colors, Form, LineOptions, Renderer};

/// What became of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Output {
    Written,
    /// Nobody reads any more.
    Closed,
}

/// Writes lines to standard output.
///
/// # Errors
/// It cannot be written, and not since its reader is gone.
pub(crate) fn write(lines: &[u8]) -> Result<Output, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(lines).and_then(|()| out.flush()) {
        Ok(()) => Ok(Output::Written),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Output::Closed),
        Err(error) => {
            Err(Failure::new(Exit::Sink, format!("cannot write to standard output: {error}")))
        }
    }
}

/// Whether nobody reads standard output any more.
pub(crate) fn is_closed() -> bool {
    file::reader_is_gone(io::stdout().as_raw_fd())
}

/// A renderer of lines for standard output: of `form`, else for people on a terminal and JSON
/// elsewhere.
pub(crate) fn renderer(form: Option<Form>) -> Box<dyn Renderer> {
    let is_terminal = io::stdout().is_terminal();
    let form = form.unwrap_or(if is_terminal { Form::Console } else { Form::Json });
    let colored = form == Form::Console && Colors::Auto.wanted(is_terminal);
    form.renderer(LineOptions { colored, ..LineOptions::default() })
}

/// Says a sentence on standard error.
pub(crate) fn say(sentence: &str) {
    // Nobody is left to tell if stderr is gone.
    let _ = writeln!(io::stderr(), "logring-drain: {sentence}");
}
