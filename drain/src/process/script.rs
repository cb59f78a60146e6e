//! `script`: a processor written in rhai, in the configuration or in a file beside it. Of the feature
//! `rhai` alone, which is off by default.

mod event;

use std::fmt;
use std::path::PathBuf;

use logring::record::Event;
use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor, text};
use event::Scripted;

/// Runs `code`, or the script in `file`, over each event; `max_operations` (100,000) bound what one
/// run may cost. The script sees `event`: `event["key"]` is a field, which can be set, and taken away
/// by `event.remove("key")`; `event.keys()`; `event.has("key")`; `event.text`, filled, and `event.level`
/// (a word) can be set too; `event.level_number`, `event.target`, `event.pid`, `event.tid`,
/// `event.file`, `event.line` cannot. A script that ends with `false` drops the event. `print` does
/// nothing, and a script reaches no files, clocks or modules.
///
/// A script that fails, or costs more, leaves the event as it was, with `processor_error`. What a run
/// sets in the script's own variables is forgotten: each event begins anew, so a batch that is
/// rendered twice is the same twice.
///
/// ```
/// # use logring_drain::tryout::tried;
/// let script = r#"{ name = "script", code = '''
///     if event.target == "health" { return false; }
///     event["total"] = event["total_cents"] / 100.0;
///     event.remove("total_cents");
/// ''' }"#;
/// assert_eq!(
///     tried(script, r#"{"event":"paid","total_cents":1999}"#),
///     r#"{"event": "paid", "total": 19.99}"#
/// );
/// assert_eq!(tried(script, r#"{"event":"ok","target":"health"}"#), "");
/// ```
#[derive(Deserialize)]
#[serde(try_from = "Options")]
pub struct Script {
    engine: Engine,
    ast: AST,
    failure: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    file: Option<PathBuf>,
    code: Option<String>,
    #[serde(default = "operations")]
    max_operations: u64,
}

/// Some milliseconds of one core.
fn operations() -> u64 {
    100_000
}

/// What a script may make: texts and lists beyond are its error.
const TEXT_MAX: usize = 1 << 20;
const ITEMS_MAX: usize = 10_000;

impl TryFrom<Options> for Script {
    type Error = String;

    fn try_from(options: Options) -> Result<Self, String> {
        let Options { file, code, max_operations } = options;
        let (name, code) = match (file, code) {
            (Some(file), None) => {
                let name = file.display().to_string();
                let code = std::fs::read_to_string(&file)
                    .map_err(|error| format!("cannot read the script {name}: {error}"))?;
                (name, code)
            }
            (None, Some(code)) => ("code".to_owned(), code),
            _ => return Err("expected `file` or `code`".to_owned()),
        };
        if max_operations == 0 {
            return Err("max_operations 0, which is no bound, expected 1 or more".to_owned());
        }
        let mut engine = Engine::new();
        engine
            .set_max_operations(max_operations)
            .set_max_call_levels(32)
            .set_max_expr_depths(64, 32)
            .set_max_string_size(TEXT_MAX)
            .set_max_array_size(ITEMS_MAX)
            .set_max_map_size(ITEMS_MAX)
            // No file of the machine is a module.
            .set_module_resolver(rhai::module_resolvers::DummyModuleResolver::new())
            .set_strict_variables(true)
            .disable_symbol("eval")
            .on_print(|_| {})
            .on_debug(|_, _, _| {});
        event::register(&mut engine);
        let mut scope = Scope::new();
        scope.push("event", Scripted::default());
        let ast = engine.compile_with_scope(&scope, &code).map_err(|error| {
            let place = error.position();
            let (line, column) = (place.line().unwrap_or(1), place.position().unwrap_or(1));
            format!("{name}:{line}:{column}: {}", error.err_type())
        })?;
        Ok(Self { engine, ast, failure: None })
    }
}

impl Configured for Script {}

impl Processor for Script {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let mut scope = Scope::new();
        scope.push("event", Scripted::new(text::kept(event)));
        let result = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast);
        match result {
            Ok(value) if value.as_bool() == Ok(false) => Flow::Drop,
            Ok(_) => {
                if let Some(scripted) = scope.get_value::<Scripted>("event") {
                    scripted.put_into(event);
                }
                Flow::Keep
            }
            Err(error) => {
                self.failure = Some(said(&error));
                Flow::Failed
            }
        }
    }

    fn failure(&mut self) -> Option<String> {
        self.failure.take()
    }
}

/// The error and its place, as one line.
fn said(error: &EvalAltResult) -> String {
    error.to_string().replace('\n', ", ")
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}
