//! Claim: a level of a program's own has its name in each output, in filters and on the command line,
//! told by the program alone; its colour is the config's.

mod common;

use common::drain::{Site, drain_command, lines};
use common::watch::watchdog;
use common::{Peer, role};
use logring::{Level, info, log};

const AUDIT: Level = Level::new(35);

#[test]
fn an_own_level_has_its_name_everywhere() {
    const TEST: &str = "an_own_level_has_its_name_everywhere";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        let builder = logring::builder(segment).own_level(AUDIT, "audit");
        assert!(builder.clone().own_level(Level::new(34), "audit").install().is_err());
        let _guard = builder.install().expect("installed");
        info!("not this");
        log!(AUDIT, target: "doors", "opened", id = 7);
        return;
    }
    let site = Site::new();
    let config = format!(
        "segment = {:?}\nmax_hold = \"60s\"\n[levels]\naudit = {{ number = 35, color = \"magenta\" }}\n\
         [[sink]]\nkind = \"json\"\npath = {:?}\n[[sink]]\nkind = \"logfmt\"\npath = {:?}\n\
         [[sink]]\nkind = \"console\"\ncolors = \"always\"\npath = {:?}\n",
        site.segment(),
        site.output(),
        site.path("out.logfmt"),
        site.path("out.txt"),
    );
    // Without a config the name comes from the program.
    for config in [None, Some(config)] {
        let mut command = site.command(&[&site.output()]);
        if let Some(config) = &config {
            std::fs::write(site.path("drain.toml"), config).expect("a config");
            command = drain_command();
            command.env("LOGRING_RUNTIME_DIR", site.path("run"));
            command.arg("run").arg("--config").arg(site.path("drain.toml"));
        }
        let drain = site.start(command);
        // It is in the environment's filter, by its name.
        Peer::start_under(&["env", "LOGRING=audit"], TEST, "log", site.segment()).end();
        drain.stop();
    }
    let found: Vec<_> = lines(&site.output()).map(|line| line["level"].clone()).collect();
    assert_eq!(found, ["audit", "audit"]);
    let read = |name| std::fs::read_to_string(site.path(name)).expect("written");
    assert!(read("out.logfmt").contains(" level=audit event=opened"), "{}", read("out.logfmt"));
    assert!(read("out.txt").contains("[\x1b[35maudit    \x1b[0m]"), "{:?}", read("out.txt"));

    let mut show = drain_command();
    let output = show.args(["level", "--segment", site.segment(), "doors=AUDIT"]).output();
    let output = output.expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, "rules: doors=35\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_config_that_cannot_be_says_which_level() {
    let _watchdog = watchdog();
    let site = Site::new();
    for (levels, part) in [
        ("warn = { number = 35 }", "level 35 cannot be named \"warn\""),
        ("audit = { number = 20 }", "level 20 cannot be named \"audit\""),
        ("audit = { number = 35, color = \"loud\" }", "unknown style `loud`"),
        ("audit = { number = 350 }", "350"),
    ] {
        let text = format!("segment = \"x\"\n[levels]\n{levels}\n[[sink]]\nkind = \"json\"\n");
        std::fs::write(site.path("drain.toml"), text).expect("a config");
        let mut check = drain_command();
        let output = check
            .args(["check", "--config"])
            .arg(site.path("drain.toml"))
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
}
