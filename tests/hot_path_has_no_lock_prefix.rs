//! Claim: between mark and commit of a log call the machine code has no locked instruction, no fence
//! and no way to panic; what is called there is cold code, the clock and `memcpy`.
//!
//! It disassembles itself. From the store that closes the lane's cell, every path is followed: to the
//! end of `begin`, then from its return through the encoding in the caller to `publish`, then there up
//! to the store that opens the cell again; and through the functions that are a whole call of numbers.
#![cfg(target_arch = "x86_64")]

mod common;

use std::hint::black_box;

use common::Name;
use common::watch::watchdog;
use disassembly::{Code, Function};
use logring::sync::{AtomicU64, Ordering, fence};
use logring::{Logger, Overflow, info};

#[path = "disassembly/mod.rs"]
mod disassembly;

/// Whether code between mark and commit may call this: cold, or not ours and without locks.
fn is_allowed(name: &str) -> bool {
    // The steps to a record's next slot.
    let split = name.strip_prefix("logring::record::writer::put_");
    // The longer ways, which are followed by themselves; and `publish_private`, of records that have no
    // slot, hence no mark.
    let ways = [
        "words::behind3",
        "words::over3",
        "words::any3",
        "publish",
        "begin_any",
        "begin_long",
        "begin_cold",
        "publish_special",
        "publish_private",
        "words::finish_odd",
        "text::over0",
        "text::over1",
        "text::any0",
        "text::any1",
        "stamp_odd",
        // Behind the commit.
        "end_pause",
    ];
    // Only where the kernel forbids membarrier, which does this for all others.
    let fences = name == "logring::call::thread::fence_for_want_of_membarrier";
    fences
        || split.is_some_and(|rest| rest.ends_with("split"))
        || name.strip_prefix("logring::call::emit::").is_some_and(|way| ways.contains(&way))
        || ["clock_gettime", "memcpy"].contains(&name)
}

#[inline(never)]
fn three_values(order_id: u64, cents: i64, weight: f64) {
    info!("order placed", order_id, cents, weight);
}

#[inline(never)]
fn a_number_and_a_string(logger: &Logger, order_id: u64, customer: &str) {
    info!(logger: logger, "order placed", order_id, customer);
}

#[inline(never)]
fn a_string(logger: &Logger, customer: &str) {
    info!(logger: logger, "order placed", customer);
}

#[inline(never)]
fn texts(order_id: u64, customer: &str) {
    info!("order placed", customer);
    info!("order placed", order_id, customer);
}

#[inline(never)]
fn adds(word: &AtomicU64) -> u64 {
    word.fetch_add(1, Ordering::Relaxed)
}

#[inline(never)]
fn swaps(word: &AtomicU64) {
    word.store(1, Ordering::SeqCst);
}

#[inline(never)]
fn fences(word: &AtomicU64) -> u64 {
    word.store(1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    word.load(Ordering::Relaxed)
}

#[inline(never)]
fn indexes(values: &[u64], index: usize) -> u64 {
    values[index]
}

#[inline(never)]
fn allocates(n: u64) -> Box<u64> {
    Box::new(n)
}

/// The disassembly of this program, in which all of the above is used.
fn own_code() -> Code {
    let name = Name::new();
    let builder = logring::builder(name.0.clone()).overflow(Overflow::Drop);
    let _guard = builder.install().expect("installed");
    three_values(black_box(1), black_box(2), black_box(0.5));
    let logger = black_box(logring::logger());
    a_string(&logger, black_box("acme"));
    texts(black_box(1), black_box("acme"));
    a_number_and_a_string(&logger, black_box(1), black_box("acme"));
    {
        let _scope = logring::context::bound(logring::kv! { tenant = "acme" });
        three_values(black_box(1), black_box(2), black_box(0.5));
    }
    let word = AtomicU64::new(adds(&AtomicU64::new(1)));
    swaps(&word);
    let sum = fences(&word) + indexes(black_box(&[1, 2]), black_box(1)) + *allocates(black_box(1));
    assert_eq!(black_box(sum), 4);
    Code::own()
}

/// What is wrong on the way from mark to commit, for a caller of a log macro.
fn faults(code: &Code, caller: &str) -> Vec<String> {
    let way = |name: &str| code.function(&format!("logring::call::emit::{name}"));
    let [begin, begin_any, begin_long] = ["begin", "begin_any", "begin_long"].map(way);
    let (publish, publish_special) = (way("publish"), way("publish_special"));
    let stamp_odd = way("stamp_odd");
    let caller = code.function(&format!("hot_path_has_no_lock_prefix::{caller}"));

    let open = |function: &Function| {
        function.only("opens the cell", |text| {
            let stored = text.strip_prefix("mov %r").and_then(|rest| rest.split_once(','));
            stored.is_some_and(|(_, to)| is_gate(to))
        })
    };
    let opened = caller.only("calls begin", |text| code.target(text) == Some(begin.name()));
    let committed = caller.only("calls publish", |text| code.target(text) == Some(publish.name()));

    let mut faults = Vec::new();
    for (function, region) in [
        (begin, begin.reach(close(begin), None)),
        (begin_any, begin_any.reach(close(begin_any), None)),
        (begin_long, begin_long.reach(close(begin_long), None)),
        (stamp_odd, stamp_odd.reach(0, None)),
        (caller, caller.reach(opened + 1, Some(committed))),
        (publish, publish.reach(0, Some(open(publish)))),
        (publish_special, publish_special.reach(0, Some(open(publish_special)))),
    ] {
        assert!(region.len() > 10, "{} instructions of {}", region.len(), function.name());
        check(code, function, &region, &mut faults);
    }
    faults
}

/// Whether an operand is the first word of what a register points to, as the gate is of the cell.
fn is_gate(operand: &str) -> bool {
    let inside = operand.strip_prefix("0x0").unwrap_or(operand).strip_prefix("(%r");
    inside.is_some_and(|rest| !rest.contains(','))
}

/// Where a function closes the cell: its gate becomes 0, and at last something else again.
fn close(function: &Function) -> usize {
    function.only("closes the cell", |text| text.strip_prefix("movq $0x0,").is_some_and(is_gate))
}

/// What is wrong on the way from mark to commit of calls that are one function.
fn faults_of_words(code: &Code) -> Vec<String> {
    let mut faults = Vec::new();
    for name in
        ["words::words3", "words::behind3", "words::finish_odd", "text::text0", "text::text1"]
    {
        let function = code.function(&format!("logring::call::emit::{name}"));
        let from = if name == "words::finish_odd" { 0 } else { close(function) };
        let region = function.reach(from, None);
        assert!(region.len() > 10, "{} instructions of {name}", region.len());
        check(code, function, &region, &mut faults);
    }
    faults
}

/// Notes what must not stand in a region of a function: instructions that wait for other
/// processors, and ways out of it that are not allowed, those to panics among them.
fn check(code: &Code, function: &Function, region: &[usize], faults: &mut Vec<String>) {
    for text in region.iter().map(|at| function.text(*at)) {
        let target = code.target(text);
        let waits = text.starts_with("lock ")
            || text.starts_with("xchg") && text.contains('(')
            || ["mfence", "lfence", "sfence", "syscall", "cpuid", "ud2"].contains(&text);
        if waits || function.leaves(text) && !target.is_some_and(is_allowed) {
            faults.push(format!("{}: {text}: {}", function.name(), target.unwrap_or("-")));
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "it is about optimised code")]
fn release_only_no_lock_no_fence_no_panic_from_mark_to_commit() {
    let _watchdog = watchdog();
    let code = own_code();
    for caller in ["a_string", "a_number_and_a_string"] {
        let faults = faults(&code, caller);
        assert!(faults.is_empty(), "{caller}:\n{}", faults.join("\n"));
    }
    let faults = faults_of_words(&code);
    assert!(faults.is_empty(), "three values:\n{}", faults.join("\n"));
    // What must be seen is seen.
    for (caller, expected) in [
        ("adds", "lock "),
        ("swaps", "xchg"),
        ("fences", "fence|lock "),
        ("indexes", "panic_bounds_check"),
        ("allocates", "alloc"),
    ] {
        let function = code.function(&format!("hot_path_has_no_lock_prefix::{caller}"));
        let mut faults = Vec::new();
        check(&code, function, &function.reach(0, None), &mut faults);
        let seen = faults.iter().any(|fault| expected.split('|').any(|word| fault.contains(word)));
        assert!(seen, "{caller} has {expected:?}, seen were {faults:?}");
    }
}
