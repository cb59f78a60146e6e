//! Claim: a process can log into several segments, from the same statements; each has its own drain
//! and gets its own records and no others.

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::watch::watchdog;
use logring::{Logger, Overflow, info, kv};

const SITES: usize = 4;
const RECORDS: u64 = 3_000;

/// The same statement for all of them.
fn log(log: &Logger, to: usize, n: u64) {
    info!(logger: log, "said", to, n);
}

#[test]
fn each_segment_gets_its_own() {
    let _watchdog = watchdog();
    let sites: Vec<_> = (0..SITES).map(|_| Site::new()).collect();
    let builder = |site: &Site| {
        logring::builder(site.segment()).ring_bytes(1 << 20).overflow(Overflow::BlockForever)
    };
    let _guard = builder(&sites[0]).install().expect("installed");
    let mut loggers = vec![logring::logger()];
    loggers.extend(sites[1..].iter().map(|site| builder(site).open().expect("opened")));
    // Opening one again gives the same.
    loggers[1] = builder(&sites[1]).open().expect("opened");
    for (at, logger) in loggers.iter_mut().enumerate() {
        *logger = logger.bind(kv! { bound = at });
    }
    let drains: Vec<_> = sites.iter().map(Site::start_drain).collect();
    std::thread::scope(|scope| {
        for thread in 0..2u64 {
            let loggers = &loggers;
            scope.spawn(move || {
                for n in 0..RECORDS {
                    // One after the other, and by another thread in another order.
                    for at in 0..SITES {
                        let to = if thread == 0 { at } else { SITES - 1 - at };
                        log(&loggers[to], to, 2 * n + thread);
                    }
                }
            });
        }
    });
    info!("without a logger");
    drains.into_iter().for_each(common::drain::Drain::stop);

    for (at, site) in sites.iter().enumerate() {
        let mut records: Vec<_> = lines(&site.output()).collect();
        if at == 0 {
            let last = records.pop().expect("the last record");
            assert_eq!((&last["event"], last.get("bound")), (&"without a logger".into(), None));
        }
        let mut next = [0, 1];
        for line in &records {
            assert!(!is_notice(line), "{line}");
            assert_eq!(
                (number(line, "to"), number(line, "bound")),
                (at as u64, at as u64),
                "{line}"
            );
            let n = number(line, "n");
            let next = &mut next[n as usize % 2];
            assert_eq!(n, *next, "{line}");
            *next += 2;
        }
        assert_eq!(next, [2 * RECORDS, 2 * RECORDS + 1], "segment {at}");
    }
}
