//! A program's own machine code, as `objdump` prints it: functions by name, instructions, and which of
//! them can follow which.

use std::collections::{BTreeSet, HashMap};
use std::process::Command;

/// The code of a program.
pub(crate) struct Code {
    functions: Vec<Function>,
    /// What the words of the global offset table point to.
    pointers: HashMap<u64, String>,
}

/// A function: its instructions in order, each with its address.
pub(crate) struct Function {
    name: String,
    instructions: Vec<(u64, String)>,
}

fn objdump(arguments: &[&str]) -> String {
    let exe = std::env::current_exe().expect("own path");
    let output = Command::new("objdump").args(arguments).arg(exe).output();
    let output = output.expect("objdump is missing: ci/setup.sh tools installs it");
    assert!(output.status.success(), "objdump {arguments:?}: {}", output.status);
    String::from_utf8(output.stdout).expect("objdump prints text")
}

impl Code {
    /// This program's.
    pub(crate) fn own() -> Self {
        let mut functions: Vec<Function> = Vec::new();
        for line in objdump(&["-d", "-C", "--no-show-raw-insn"]).lines() {
            // 0000000000079e30 <logring::call::emit::begin>:
            if let Some(head) = line.strip_suffix(">:") {
                let (_, name) = head.split_once(" <").expect("an address and a name");
                let name = without_hash(name).to_owned();
                functions.push(Function { name, instructions: Vec::new() });
            } else if let Some((address, text)) = line.split_once(":\t")
                && let (Ok(address), Some(function)) =
                    (u64::from_str_radix(address.trim(), 16), functions.last_mut())
            {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                function.instructions.push((address, text));
            }
        }
        let starts: HashMap<u64, &str> = functions
            .iter()
            .filter_map(|function| Some((function.instructions.first()?.0, function.name())))
            .collect();
        let mut pointers = HashMap::new();
        for line in objdump(&["-R"]).lines() {
            // 00000000000ebe80 R_X86_64_RELATIVE  *ABS*+0x0000000000079e30
            let words: Vec<&str> = line.split_whitespace().collect();
            let [at, _, value] = words[..] else { continue };
            let Ok(at) = u64::from_str_radix(at, 16) else { continue };
            let name = match value.strip_prefix("*ABS*+0x") {
                Some(address) => {
                    let address = u64::from_str_radix(address, 16).expect("an address");
                    starts.get(&address).map(|name| (*name).to_owned())
                }
                None => value.split('@').next().map(str::to_owned),
            };
            pointers.extend(name.map(|name| (at, name)));
        }
        Self { functions, pointers }
    }

    /// The one function of this name.
    pub(crate) fn function(&self, name: &str) -> &Function {
        let mut found = self.functions.iter().filter(|function| function.name == name);
        match (found.next(), found.next()) {
            (Some(function), None) => function,
            (first, _) => panic!("{} functions {name}", if first.is_some() { "two" } else { "no" }),
        }
    }

    /// Where a call or a jump goes, by name; `None` when the instruction does not say.
    pub(crate) fn target<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        if !text.starts_with("call") && !text.starts_with('j') {
            return None;
        }
        // call *0xb24b4(%rip) # ebe80 <_DYNAMIC+0x248>
        if let Some((_, slot)) = text.split_once("(%rip) # ") {
            let at = u64::from_str_radix(slot.split(' ').next()?, 16).ok()?;
            return self.pointers.get(&at).map(String::as_str);
        }
        // call 78f90 <logring::call::emit::begin_cold>
        let (_, name) = text.split_once(" <")?;
        Some(without_hash(name.strip_suffix('>')?))
    }
}

/// A name without the `::h0123456789abcdef` that some versions print.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 => path,
        _ => name,
    }
}

impl Function {
    /// Its name, without the compiler's hash.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The text of an instruction.
    pub(crate) fn text(&self, at: usize) -> &str {
        &self.instructions[at].1
    }

    /// The place of the one instruction that `is_it`; `what` it does stands in the failure.
    pub(crate) fn only(&self, what: &str, is_it: impl Fn(&str) -> bool) -> usize {
        let found: Vec<usize> =
            (0..self.instructions.len()).filter(|at| is_it(self.text(*at))).collect();
        let [only] = found[..] else {
            let all: Vec<&str> = self.instructions.iter().map(|(_, text)| &**text).collect();
            panic!("{} instructions of {} {what}\n{}", found.len(), self.name, all.join("\n"));
        };
        only
    }

    /// All instructions that can run after the one at `from`, it included, before the function is
    /// left or the instruction at `stop` is reached.
    pub(crate) fn reach(&self, from: usize, stop: Option<usize>) -> Vec<usize> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if Some(at) == stop || at >= self.instructions.len() || !reached.insert(at) {
                continue;
            }
            let text = self.text(at);
            let operation = text.split(' ').next().unwrap_or_default();
            if operation.starts_with('j') {
                open.extend(self.inside(text));
            }
            if !matches!(operation, "jmp" | "ret" | "ud2" | "int3") {
                open.push(at + 1);
            }
        }
        reached.into_iter().collect()
    }

    /// The place that a jump goes to, if it is in this function.
    fn inside(&self, text: &str) -> Option<usize> {
        let address = text.split(' ').nth(1)?;
        let address = u64::from_str_radix(address, 16).ok()?;
        self.instructions.binary_search_by_key(&address, |(at, _)| *at).ok()
    }

    /// Whether an instruction leaves the function: a call, or a jump out of it.
    pub(crate) fn leaves(&self, text: &str) -> bool {
        text.starts_with("call") || text.starts_with('j') && self.inside(text).is_none()
    }
}
