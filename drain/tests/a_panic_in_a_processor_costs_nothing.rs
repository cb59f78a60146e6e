//! D14: a processor that panics on some records costs none of them: each is written once, marked, and
//! the records around it are as they were; the output tells how many there were.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::sync::atomic::AtomicBool;

use common::watch::watchdog;
use common::{Directory, Name};
use logring::info;
use logring::record::{AnyValue, Event};
use logring::shm::Segment;
use logring_drain::config::Sink;
use logring_drain::process::Flow;
use logring_drain::{Options, Service};

const RECORDS: u64 = 2_000;

#[test]
fn a_panic_marks_its_record_alone() {
    let _watchdog = watchdog();
    let (name, directory) = (Name::new(), Directory::new());
    let logger = logring::builder(&*name.0).ring_bytes(1 << 20).open().expect("opened");
    for n in 0..RECORDS {
        info!(logger: logger, "counted", n);
    }
    let segment = Segment::attach_static(&name.0).expect("there");
    let output = directory.0.join("out.jsonl");
    let options = Options::new([Sink::json(&output)]).state_dir(&directory.0);
    let options = options.processor("fragile", |event: &mut Event<'_>| {
        let n = event.fields.iter().find(|field| field.key == "n").map(|field| &field.value);
        if let Some(AnyValue::U64(n)) = n
            && n % 100 == 7
        {
            panic!("no luck with {n}");
        }
        Flow::Keep
    });
    // The panics are expected; their traces would fill the test's output.
    std::panic::set_hook(Box::new(|_| {}));
    let mut service = Service::start(segment, options).expect("it starts");
    service.run(&AtomicBool::new(true)).expect("it ends as it was told");
    drop(service);
    let _ = std::panic::take_hook();
    let mut next = 0;
    let mut told = 0;
    for line in common::drain::lines(&output) {
        if line["kind"] == "processor_failed" {
            assert_eq!(
                (&line["target"], &line["processor"]),
                (&"logring".into(), &"fragile".into())
            );
            told += line["count"].as_u64().expect("a number");
            continue;
        }
        assert_eq!(line["n"], next, "{line}");
        if next % 100 == 7 {
            assert_eq!(line["processor_error"], format!("fragile: no luck with {next}"), "{line}");
        } else {
            assert!(line.get("processor_error").is_none(), "{line}");
        }
        next += 1;
    }
    assert_eq!(next, RECORDS);
    assert_eq!(told, RECORDS / 100);
}
