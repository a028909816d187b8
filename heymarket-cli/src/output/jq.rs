//! `--jq EXPR`.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

use crate::failure::Failure;

type Program = jaq_core::compile::Filter<jaq_core::Native<data::JustLut<Val>>>;

/// A jq program, ready to be run on many values.
pub(crate) struct Filter(Program);

impl Filter {
    /// Compiles an expression.
    pub(crate) fn compile(expression: &str) -> Result<Self, Failure> {
        let unfit = || {
            Failure::usage(format!(
                "--jq: `{expression}` is not an expression of jq; see \
                 https://jqlang.org/manual/"
            ))
        };
        let definitions = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs());
        let functions = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs());
        let arena = Arena::default();
        let program = File {
            code: expression,
            path: (),
        };
        let modules = Loader::new(definitions)
            .load(&arena, program)
            .map_err(|_| unfit())?;
        let filter = Compiler::default()
            .with_funs(functions)
            .compile(modules)
            .map_err(|_| unfit())?;
        Ok(Self(filter))
    }

    /// What the program makes of a JSON text: strings as they are, everything
    /// else as JSON.
    pub(crate) fn run(&self, json: &str) -> Result<Vec<String>, Failure> {
        let failed = |error: String| Failure::other(format!("--jq: {error}"));
        let input =
            read::parse_single(json.as_bytes()).map_err(|error| failed(error.to_string()))?;
        let context = Ctx::<data::JustLut<Val>>::new(&self.0.lut, Vars::new([]));
        let values = self.0.id.run((context, input)).map(unwrap_valr);
        values
            .map(|value| match value {
                Ok(Val::TStr(text)) => Ok(String::from_utf8_lossy(&text).into_owned()),
                Ok(value) => Ok(value.to_string()),
                Err(error) => Err(failed(error.to_string())),
            })
            .collect()
    }
}
