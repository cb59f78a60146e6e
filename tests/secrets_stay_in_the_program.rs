//! Claim: the bytes of a secret never reach the segment: not by a value, not by `Debug`, `Display` or
//! `Serialize`, not in a struct, a list, a context, or a field that is redacted.

mod common;

use common::drain::{Site, lines};
use common::watch::watchdog;
use logring::{AsSerde, Overflow, Secret, Value, error, info, kv};
use serde::Serialize;

/// What must not get out, and what may. Put together at run time, so that they are not found in
/// a callsite.
fn texts() -> (String, String) {
    (["hunter", "2-", "of-the-secret"].concat(), ["known", "-to-all"].concat())
}

#[derive(Value, Serialize, Debug, Clone)]
struct Login {
    user: String,
    password: Secret<String>,
    #[log(redact)]
    #[serde(skip)]
    token: String,
    nested: Vec<Option<Secret<String>>>,
}

#[derive(Value)]
enum Request {
    Login(#[log(redact)] String),
}

#[derive(Value)]
#[log(redact)]
struct Whole(#[expect(dead_code, reason = "never read")] String);

#[derive(Debug)]
struct Refused(Secret<String>);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Whether these bytes stand anywhere in the segment.
fn stands_in(segment: &std::path::Path, text: &str) -> bool {
    let bytes = std::fs::read(segment).expect("the segment's file");
    assert!(bytes.len() > 1 << 20, "all of it");
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn no_byte_of_a_secret_reaches_the_segment() {
    let _watchdog = watchdog();
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(2 << 20);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let (secret, known) = texts();
    let password = Secret::new(secret.clone());
    let login = Login {
        user: known.clone(),
        password: password.clone(),
        token: secret.clone(),
        nested: vec![None, Some(password.clone())],
    };
    info!(logger: log, "plain {password}", password, n = 1);
    info!(logger: log, "texts", password = ?password, shown = %password, debug = ?login.password);
    info!(logger: log, "staged", password = Some(&password), list = vec![&password; 2]);
    let request = Request::Login(secret.clone());
    info!(logger: log, "derived", login, request);
    info!(logger: log, "whole", whole = Whole(secret.clone()), number = Secret::new(7));
    info!(logger: log, "serde", login = AsSerde(&login), debug = ?login.nested);
    error!(logger: log, "error", err = Refused(password.clone()));
    let bound = log.bind(kv! { password = password, session = &login.password });
    info!(logger: bound, "bound");
    // Both are the program's all the same.
    let Request::Login(token) = request;
    assert_eq!(token, login.token);
    let path = site.name.paths().segment;
    assert!(stands_in(&path, &known), "what is searched for is found");
    assert!(!stands_in(&path, &secret), "the secret is in the segment");

    let drain = site.start_drain();
    drain.stop();
    let records: Vec<_> = lines(&site.output()).collect();
    assert_eq!(records.len(), 8);
    let hidden = "[redacted]";
    assert!(records[0]["password"] == hidden && records[0]["event"] == "plain [redacted]");
    assert!(records[1]["password"] == hidden && records[1]["shown"] == hidden);
    assert_eq!(records[2]["list"], serde_json::json!([hidden, hidden]));
    let shown = serde_json::json!({
        "user": known, "password": hidden, "token": hidden, "nested": [null, hidden],
    });
    assert_eq!(records[3]["login"], shown);
    assert_eq!(records[3]["request"], serde_json::json!({ "Login": hidden }));
    assert!(records[4]["whole"] == hidden && records[4]["number"] == hidden);
    assert_eq!(records[5]["login"]["password"], hidden);
    assert_eq!(records[6]["err"]["message"], "refused [redacted]");
    assert!(records[7]["password"] == hidden && records[7]["session"] == hidden);
}
