//! A page as the tests see it: its fenced blocks in reading order, and the code in its tables.

use std::fs;
use std::path::{Path, PathBuf};

/// The top of the tree.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the package stands in the tree").to_owned()
}

/// A fenced block, or a note to this test in a comment of its own line.
#[derive(Debug)]
pub(crate) struct Block {
    /// `page:line`, for messages.
    pub(crate) at: String,
    /// The words behind the fence: the language, then what the test is to know.
    pub(crate) info: Vec<String>,
    /// The lines between the fences.
    pub(crate) text: String,
}

impl Block {
    /// The language: the first word.
    pub(crate) fn language(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }

    /// The value of `key=value` behind the language.
    pub(crate) fn option(&self, key: &str) -> Option<&str> {
        self.info.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// The terminal that a block of commands is for; the first where it does not say.
    pub(crate) fn terminal(&self) -> u32 {
        let first = self.text.lines().next().unwrap_or_default();
        let number = first.strip_prefix("# terminal ").map(|rest| rest.parse());
        number.map_or(1, |number| number.unwrap_or_else(|_| panic!("{}: {first:?}", self.at)))
    }
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its path from the top of the tree.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl Page {
    /// The page at `path` from the top of the tree.
    pub(crate) fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path));
        Self { path: path.to_owned(), text: text.unwrap_or_else(|e| panic!("{path}: {e}")) }
    }

    /// Its blocks.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (index, line) in self.text.lines().enumerate() {
            let fence = line.strip_prefix("```");
            match (&mut open, fence) {
                (None, Some(info)) => {
                    let info = info.split([' ', ',']).map(str::to_owned).collect();
                    let at = format!("{}:{}", self.path, index + 1);
                    open = Some(Block { at, info, text: String::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block has no end", self.path);
        blocks
    }

    /// The code in the last column of tables that end with a column `logring`.
    pub(crate) fn code_in_tables(&self) -> Vec<String> {
        let mut code = Vec::new();
        let mut ours = false;
        for line in self.text.lines() {
            let Some(row) = line.strip_prefix('|') else {
                ours = false;
                continue;
            };
            // A bar within a cell is escaped.
            let row = row.replace("\\|", "\0");
            let cell = row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
            if cell.trim() == "logring" {
                ours = true;
            } else if ours {
                code.extend(cell.split('`').skip(1).step_by(2).map(|code| code.replace('\0', "|")));
            }
        }
        code
    }

    /// What its links point to within the tree.
    pub(crate) fn links(&self) -> Vec<String> {
        let prose = self.text.split("```").step_by(2);
        let links = prose.flat_map(|text| text.split("](").skip(1));
        let targets = links.filter_map(|rest| rest.split([')', '#']).next());
        let inside = targets.filter(|to| !to.is_empty() && !to.contains("://"));
        inside.map(str::to_owned).collect()
    }
}

/// Pages whose commands and programs are run: what a newcomer reads.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![
        "README.md".to_owned(),
        "examples/README.md".to_owned(),
        "docs/add-a-processor.md".to_owned(),
        "docs/add-a-renderer.md".to_owned(),
    ];
    let guide = fs::read_dir(root().join("docs/guide")).expect("the guide");
    let names = guide.map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".md")).collect();
    names.sort();
    paths.extend(names.iter().map(|name| format!("docs/guide/{name}")));
    paths.iter().map(|path| Page::read(path)).collect()
}

/// The drain's own sources: pages that say how to add to them show what stands there.
pub(crate) fn drain_sources() -> Vec<String> {
    let names = [
        "process/drop_keys.rs",
        "process/registry.rs",
        "render/structlog/key_value.rs",
        "render/registry.rs",
    ];
    names.map(|name| fs::read_to_string(root().join("drain/src").join(name)).expect(name)).into()
}

/// All programs of this package: (name, source).
pub(crate) fn examples() -> Vec<(String, String)> {
    let manifest = fs::read_to_string(root().join("examples/Cargo.toml")).expect("manifest");
    let value = |line: &str, key: &str| -> Option<String> {
        let rest = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
        Some(rest.trim().trim_matches('"').to_owned())
    };
    let sections = manifest.split("[[example]]").skip(1);
    let examples = sections.map(|section| {
        let find = |key| section.lines().find_map(|line| value(line, key)).expect(key);
        let path = root().join("examples").join(find("path"));
        let source = fs::read_to_string(&path);
        (find("name"), source.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    });
    examples.collect()
}

/// What the programs and the drain are made of.
pub(crate) fn sources() -> Vec<PathBuf> {
    let mut folders =
        ["src", "drain/src", "examples", "examples/coming_from"].map(|at| root().join(at)).to_vec();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        let deep = !folder.starts_with(root().join("examples"));
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.extend(deep.then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(path);
            }
        }
    }
    sources
}
