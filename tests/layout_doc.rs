//! Claim: docs/layout.md says what `src/layout/` says: its version, and each public constant with its
//! value. A constant that is new, gone or changed on one side alone fails here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use logring::layout::*;

/// Each public constant of the layout: its path below `layout`, and its compiled value.
fn compiled() -> BTreeMap<String, u64> {
    macro_rules! constants {
        ($($path:path),* $(,)?) => {
            [$((stringify!($path).replace(' ', ""), $path as u64)),*].into()
        };
    }
    constants![
        VERSION,
        LINE_PAIR,
        geometry::RING_BYTES,
        geometry::PAGE,
        geometry::HEAD_BYTES,
        head::SIZE,
        head::BEGUN,
        head::EXT_OF,
        head::LANE,
        head::PID,
        head::TID,
        head::PROCESS,
        header::SIZE,
        header::MAGIC_INVERTED,
        header::ENDIAN_TAG,
        header::MAGIC,
        header::LAYOUT_VERSION,
        header::ENDIAN,
        header::HEADER_LEN,
        header::SLOT_SIZE,
        header::SLOTS_PER_BLOCK,
        header::BLOCK_COUNT,
        header::PROCESS_COUNT,
        header::LANE_COUNT,
        header::LEVEL_COUNT,
        header::DICTIONARY_SLOTS,
        header::DICTIONARY_BYTES,
        header::TOTAL_BYTES,
        header::BOOT_ID,
        header::UUID,
        header::LOCK_DEV,
        header::LOCK_INO,
        header::CLOCK_KIND,
        header::UID,
        header::STATE,
        header::MAX_RECORD_BYTES,
        header::CREATED_NS,
        header::CREATED_CLOCK,
        header::NAME_LEN,
        header::NAME,
        header::NAME_BYTES,
        header::state::READY,
        header::state::REMOVED,
        header::clock::TSC,
        header::clock::REALTIME,
        header::clock::COARSE,
        drain_area::SIZE,
        drain_area::PID,
        drain_area::ALIVE,
        drain_area::EPOCH,
        drain_area::START_TIME,
        drain_area::PID_NS,
        drain_area::HIGH_WATER,
        drain_area::TAKEN,
        drain_area::LOST,
        drain_area::TORN,
        drain_area::MALFORMED,
        drain_area::WRITTEN_BELOW,
        drain_area::UNTABLED_TOLD,
        drain_area::SLEEPING,
        drain_area::DOORBELL,
        drain_area::FREE_EPOCH,
        drain_area::WAITING,
        drain_area::COLLECTING,
        drain_area::FLUSH_REQ,
        drain_area::FLUSH_DONE,
        drain_area::FLUSH_FAILED,
        drain_area::WRITTEN_BELOW,
        drain_area::FLUSH_DURABLE,
        drain_area::FLUSH_FAILED,
        drain_area::BLOB_NEXT,
        drain_area::LEVEL_RULES,
        drain_area::UNTABLED,
        drain_area::ANCHORS,
        drain_area::ANCHOR_BYTES,
        drain_area::SINKS,
        drain_area::SINK_BYTES,
        drain_area::SINKS_MAX,
        drain_area::SINK_NAME,
        drain_area::SINK_NAME_BYTES,
        drain_area::sleeping::NOT,
        drain_area::sleeping::LIGHT,
        drain_area::sleeping::DEEP,
        drain_area::sink_state::NONE,
        drain_area::sink_state::OK,
        drain_area::sink_state::STUCK,
        drain_area::sink_state::FAILED,
        drain_area::sink_state::UNSYNCED,
        process::SIZE,
        process::WORD,
        process::PID,
        process::FENCED,
        process::PID_NS,
        process::START_TIME,
        process::NONCE,
        process::DROPS,
        process::ASK,
        process::HELD,
        process::BOOT,
        process::NAME,
        process::NAME_BYTES,
        process::TAKEN,
        process::LOST,
        process::TORN,
        process::MALFORMED,
        process::state::FREE,
        process::state::LIVE,
        process::state::FILLING,
        process::ask::PAD,
        lane::SIZE,
        lane::WORD,
        lane::TID,
        lane::PASSED,
        lane::ARM,
        lane::ARM_BYTES,
        lane::ATTEMPTED,
        lane::INC_MAX,
        level_word::SIZE,
        dictionary::PROBES,
        dictionary::ENTRY_BYTES_MAX,
        dictionary::KIND_CALLSITE,
        dictionary::KIND_STRING,
        dictionary::KIND_LEVEL,
        value::END,
        value::NULL,
        value::FALSE,
        value::TRUE,
        value::I64,
        value::U64,
        value::I128,
        value::U128,
        value::F64,
        value::STR,
        value::TEXT,
        value::BYTES,
        value::TIMESTAMP,
        value::DURATION,
        value::UUID,
        value::LIST,
        value::MAP,
        value::ERROR,
        value::DEPTH_MAX,
        value::ITEMS_MAX,
        value::VALUES_MAX,
        value::NAMES_MAX,
        word::GEN_BITS,
        word::GEN_MAX,
        word::LANE_BITS,
        word::INC_BITS,
        word::ORDINAL_BITS,
        word::SLOT_BITS,
        word::BLOCK_BITS,
        record::TIMESTAMP,
        record::SEQUENCE,
        record::CALLSITE,
        record::PAYLOAD_LEN,
        record::FLAGS,
        record::FRAGMENTS,
        record::CONTEXT_LEN,
        record::PAYLOAD,
        record::CONTINUATION,
        record::FRAGMENT_BYTES,
        record::flags::TRUNCATED,
        record::flags::EXTRA,
        record::flags::LEVEL_OVERRIDE,
        record::flags::TEXT,
        record::flags::TRIGGER,
    ]
}

/// The public constants that the sources name, with their paths: `compiled` must list them all.
fn named_in_source() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/layout");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).expect("src/layout is a folder") {
        let path = entry.expect("a readable entry").path();
        let module = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a readable source");
        let mut prefix = if module == "mod" { Vec::new() } else { vec![module] };
        let outer = prefix.len();
        for line in text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
            let code = line.trim_start();
            if let Some(inner) = code.strip_prefix("pub mod ").and_then(|m| m.strip_suffix(" {")) {
                prefix.push(inner.to_owned());
            } else if line.starts_with('}') {
                prefix.truncate(outer);
            } else if let Some((name, _)) =
                code.strip_prefix("pub const ").and_then(|constant| constant.split_once(": "))
                && !name.contains('(')
            {
                prefix.push(name.to_owned());
                names.push(prefix.join("::"));
                prefix.pop();
            }
        }
    }
    names.sort();
    names
}

/// The rows `| value | \`constant\` | ...` of the document.
fn documented(text: &str) -> BTreeMap<String, u64> {
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(value), Some(name)) = (cells.next(), cells.next()) else { continue };
        let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else {
            continue;
        };
        let value = value.parse().unwrap_or_else(|_| panic!("{name}: {value:?} is no number"));
        assert_eq!(rows.insert(name.to_owned(), value), None, "{name} stands in two rows");
    }
    rows
}

#[test]
fn the_layout_document_says_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/layout.md");
    let text = fs::read_to_string(path).expect("docs/layout.md is readable");
    let version = format!("**Layout version: {VERSION}.**");
    assert!(text.contains(&version), "docs/layout.md does not say {version}");

    let compiled = compiled();
    let named = named_in_source();
    for name in &named {
        assert!(
            compiled.contains_key(name),
            "src/layout has {name}, which this test does not list"
        );
    }
    for name in compiled.keys() {
        assert!(named.contains(name), "this test lists {name}, which is not public in src/layout");
    }
    assert!(named.len() > 100, "only {} constants found", named.len());

    let documented = documented(&text);
    for (name, value) in &compiled {
        match documented.get(name) {
            None => panic!("docs/layout.md has no row for {name} (= {value})"),
            Some(said) => assert_eq!(said, value, "docs/layout.md on {name}"),
        }
    }
    for name in documented.keys() {
        assert!(compiled.contains_key(name), "docs/layout.md names {name}, which src/layout lacks");
    }
}
