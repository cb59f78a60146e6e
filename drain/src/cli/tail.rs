//! `logring-drain tail`: its arguments.

use clap::Args;
use logring::Level;

use crate::render::Form;
use crate::tail::{FieldFilter, Options, Wanted};

/// Show records as they come
///
/// Shows in time order what processes log, beside a drain or without one, and takes nothing: the
/// drain gets all of it, and no process is slowed. Starts with what comes from now on. When records
/// pass faster than they are shown, it says how many. Ends with Ctrl-C, or when nobody reads its
/// output any more.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  logring-drain tail --segment billing --level warning --target db \
                  --field tenant=acme\n\nThe last twenty records that the ring still holds:\n  \
                  logring-drain tail --segment billing -n 20 --no-follow"
)]
pub struct TailArgs {
    /// The segment's name
    #[arg(long, value_name = "NAME")]
    segment: String,
    /// First the last LINES records that the ring still holds [default: 0, with --no-follow 10]
    #[arg(short = 'n', long, value_name = "LINES")]
    lines: Option<usize>,
    /// Only records of this level or above
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,
    /// Only records of this target and those below it: db is db and db::pool, not dbx
    #[arg(long, value_name = "PREFIX")]
    target: Option<String>,
    /// Only records with this field, and this value if one is given: a JSON scalar, else text.
    /// Repeat it for several; all must hold
    #[arg(long = "field", value_name = "KEY[=VALUE]")]
    fields: Vec<FieldFilter>,
    /// The form of lines: json, logfmt or console [default: console on a terminal, else json]
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// End after the records that are there
    #[arg(long)]
    no_follow: bool,
}

/// How many records are shown where nothing is followed and no number is given.
const LAST: usize = 10;

impl From<TailArgs> for Options {
    fn from(args: TailArgs) -> Self {
        let TailArgs { segment, lines, level, target, fields, format, no_follow } = args;
        Self {
            segment,
            lines: lines.unwrap_or(if no_follow { LAST } else { 0 }),
            follow: !no_follow,
            wanted: Wanted { level, target, fields },
            form: format,
        }
    }
}
