//! Ledger files: whatever stands in one, it is used or set aside, and its positions can be asked for.

use std::fs;
use std::path::PathBuf;

use logring_drain::ledger::{Ledger, Opened};

use super::Target;

const UUID: [u8; 16] = *b"a fuzzed segment";
const BLOCKS: u32 = 4;
const LANES: u32 = 4;

/// `Ledger::open`.
pub(crate) struct LedgerOpen {
    directory: PathBuf,
    accepted: u64,
}

impl Default for LedgerOpen {
    fn default() -> Self {
        let directory = std::env::temp_dir().join(format!("logring-fuzz-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a temporary directory");
        Self { directory, accepted: 0 }
    }
}

impl Drop for LedgerOpen {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn names() -> Vec<String> {
    ["json:/a", "json:/b"].map(str::to_owned).to_vec()
}

impl Target for LedgerOpen {
    fn name(&self) -> &'static str {
        "ledger"
    }

    fn seeds(&mut self) -> Vec<Vec<u8>> {
        let path = self.directory.join("seed");
        let mut seeds = Vec::new();
        for names in [names(), Vec::new(), names()] {
            Ledger::open(&path, UUID, BLOCKS, LANES, &names).expect("a fresh ledger");
            seeds.push(fs::read(&path).expect("its bytes"));
        }
        seeds.push(Vec::new());
        seeds
    }

    fn run(&mut self, input: &[u8]) {
        let path = self.directory.join("ledger");
        fs::write(&path, input).expect("written");
        let (ledger, opened) = match Ledger::open(&path, UUID, BLOCKS, LANES, &names()) {
            Ok(opened) => opened,
            Err(error) => {
                assert!(!error.to_string().is_empty(), "an error says something");
                return;
            }
        };
        self.accepted += u64::from(opened == Opened::Found);
        for cursor in 0..2 {
            let _ = ledger.counts(cursor);
            for block in 0..BLOCKS {
                let _ = ledger.consumed(cursor, block);
            }
            for lane in 0..LANES {
                let _ = ledger.lane(cursor, lane);
            }
        }
    }

    fn accepted(&self) -> u64 {
        self.accepted
    }
}
