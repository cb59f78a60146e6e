//! What is fuzzed: each target says what real inputs look like and what must hold of any input.

mod attach;
mod config;
mod ledger;
mod record;

/// Something that reads bytes.
pub(crate) trait Target {
    /// Its name, as in the report.
    fn name(&self) -> &'static str;
    /// Real inputs.
    fn seeds(&mut self) -> Vec<Vec<u8>>;
    /// Words that its inputs are made of.
    fn words(&self) -> &'static [&'static str] {
        &[]
    }
    /// Reads an input; panics when something is wrong.
    fn run(&mut self, input: &[u8]);
    /// How many inputs made sense so far.
    fn accepted(&self) -> u64;
}

/// All targets.
pub(crate) fn all() -> Vec<Box<dyn Target>> {
    vec![
        Box::<record::Record>::default(),
        Box::<attach::Attach>::default(),
        Box::<ledger::LedgerOpen>::default(),
        Box::<config::ConfigParse>::default(),
    ]
}
