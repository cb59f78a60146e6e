//! P1, D1: a producer is stopped at each instruction of a log call, a drain at each of a batch; what
//! stands in the segment at that moment is recovered as if it had been killed there.
//!
//! `ci/killstep.sh` builds it and calls it as `logring-killstep [CASE ...]`. The same program is the
//! child that is stepped. Prints how many states each case had, and fails when one of them recovered
//! badly or a case had none. Program order is what it covers; other orders are loom's.

mod batch;
mod cases;
mod check;
mod image;
mod recover;
mod site;
mod step;

use std::process::ExitCode;

/// What went wrong: a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What became of a case's states.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    states: u64,
    bad: u64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["child", "batch", segment, folder] => batch::child(segment, folder.as_ref()),
        ["child", case, segment, _] => cases::child(case, segment),
        cases => run(cases),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("killstep: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Tries these cases, or all.
fn run(wanted: &[&str]) -> Result<(), Failure> {
    let names = || cases::CASES.iter().map(|case| case.name).chain([batch::NAME]);
    if let Some(unknown) = wanted.iter().find(|wanted| !names().any(|name| name == **wanted)) {
        let known: Vec<&str> = names().collect();
        return Err(format!("no case {unknown:?}; there are {}", known.join(", ")).into());
    }
    let mut line = String::from("killstep");
    let mut all = Tried::default();
    for name in names().filter(|name| wanted.is_empty() || wanted.contains(name)) {
        let tried = match cases::CASES.iter().find(|case| case.name == name) {
            Some(case) => cases::run(case)?,
            None => batch::run()?,
        };
        if tried.states == 0 {
            return Err(format!("case {name} had no states: nothing was tried").into());
        }
        line += &format!(" {name} {}", tried.states);
        all.states += tried.states;
        all.bad += tried.bad;
    }
    println!("{line} states {} bad {}", all.states, all.bad);
    if all.bad > 0 { Err(format!("{} states recovered badly", all.bad).into()) } else { Ok(()) }
}
