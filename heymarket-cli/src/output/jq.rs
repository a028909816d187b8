//! `--jq EXPR`.

use std::ops::Range;

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, DataT, Vars, compile, data, native, unwrap_valr};
use jaq_json::{Val, read};
use jaq_std::input::{HasInputs, Inputs, RcIter};

use crate::failure::Failure;

/// What the native functions can access: the program and the inputs.
struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = &'a Data<'a>;
}

struct Data<'a> {
    lut: &'a jaq_core::Lut<Kind>,
    inputs: Inputs<'a, Val>,
}

impl<'a> data::HasLut<'a, Kind> for &'a Data<'a> {
    fn lut(&self) -> &'a jaq_core::Lut<Kind> {
        self.lut
    }
}

impl<'a> HasInputs<'a, Val> for &'a Data<'a> {
    fn inputs(&self) -> Inputs<'a, Val> {
        self.inputs
    }
}

/// The formats of jq that the library lacks.
const FORMATS: &str = r#"
def @csv: [.[] | if type == "string" then "\"" + (split("\"") | join("\"\"")) + "\""
    elif . == null then ""
    elif type == "array" or type == "object" then error("\(type) is not valid in a CSV row")
    else tostring end] | join(",");
def @tsv: [.[] | if type == "string"
    then split("\\") | join("\\\\") | split("\t") | join("\\t")
        | split("\n") | join("\\n") | split("\r") | join("\\r")
    elif . == null then ""
    elif type == "array" or type == "object" then error("\(type) is not valid in a TSV row")
    else tostring end] | join("\t");
"#;

/// A compiled jq program.
pub(crate) struct Filter {
    program: compile::Filter<jaq_core::Native<Kind>>,
    /// Whether the program may read further inputs.
    reads_inputs: bool,
}

impl Filter {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// Returns a usage error with the position of the first mistake.
    pub(crate) fn compile(expression: &str) -> Result<Self, Failure> {
        let formats = load::parse(FORMATS, |parser| parser.defs()).unwrap_or_default();
        let definitions = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .chain(formats);
        let inputs = jaq_std::input::funs().into_vec().into_iter();
        let functions = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs())
            .chain(inputs.map(native::run));
        let arena = Arena::default();
        let file = File {
            code: expression,
            path: (),
        };
        let modules = Loader::new(definitions)
            .load(&arena, file)
            .map_err(|errors| of_load(expression, &errors))?;
        let program = Compiler::default()
            .with_funs(functions)
            .with_global_vars(["$ENV"])
            .compile(modules)
            .map_err(|errors| of_compile(expression, &errors))?;
        Ok(Self {
            program,
            reads_inputs: expression.contains("input"),
        })
    }

    /// Returns whether the program may read further inputs, so that it has to be
    /// run on all of them at once.
    pub(crate) fn reads_inputs(&self) -> bool {
        self.reads_inputs
    }

    /// Runs the program on each JSON text. Strings are returned as they are,
    /// everything else as JSON. `input` takes the next text.
    pub(crate) fn run(&self, texts: &[String]) -> Result<Vec<String>, Failure> {
        let failed = |error: String| Failure::other(format!("--jq: {error}"));
        let parse =
            |text: &String| read::parse_single(text.as_bytes()).map_err(|error| error.to_string());
        let inputs = RcIter::new(texts.iter().map(parse));
        let data = Data {
            lut: &self.program.lut,
            inputs: &inputs,
        };
        let mut results = Vec::new();
        for input in &inputs {
            let input = input.map_err(failed)?;
            let context = Ctx::<Kind>::new(&data, Vars::new([environment()]));
            for value in self.program.id.run((context, input)).map(unwrap_valr) {
                results.push(match value {
                    Ok(Val::TStr(text)) => String::from_utf8_lossy(&text).into_owned(),
                    Ok(value) => value.to_string(),
                    Err(error) => return Err(failed(error.to_string())),
                });
            }
        }
        Ok(results)
    }
}

/// Returns the value of `$ENV`.
fn environment() -> Val {
    use jaq_core::ValT as _;
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        Some((Val::from(name), Val::from(value)))
    });
    Val::from_map(variables).unwrap_or_default()
}

fn of_load(code: &str, errors: &load::Errors<&str, ()>) -> Failure {
    let first = errors.iter().find_map(|(_, error)| match error {
        load::Error::Lex(errors) => errors
            .first()
            .map(|(expected, found)| (expected.as_str(), load::span(code, found))),
        load::Error::Parse(errors) => errors
            .first()
            .map(|(expected, found)| (expected.as_str(), load::span(code, found))),
        load::Error::Io(_) => None,
    });
    match first {
        Some((expected, at)) => mistake(code, &format!("expected {expected}"), at),
        None => mistake(code, "modules are not supported", 0..0),
    }
}

fn of_compile(code: &str, errors: &compile::Errors<&str, ()>) -> Failure {
    let mut errors = errors.iter().flat_map(|(_, errors)| errors);
    match errors.next() {
        Some((name, kind)) => {
            let at = load::span(code, name);
            mistake(code, &format!("undefined {} {name}", kind.as_str()), at)
        }
        None => mistake(code, "the expression does not compile", 0..0),
    }
}

/// Returns a usage error that gives the position in characters, from 1.
fn mistake(code: &str, problem: &str, at: Range<usize>) -> Failure {
    let start = at.start.min(code.len());
    let before = code.get(..start).unwrap_or(code);
    let position = before.chars().count() + 1;
    let rest: String = code
        .get(start..)
        .unwrap_or_default()
        .chars()
        .take(20)
        .collect();
    let place = if rest.is_empty() {
        "at the end".to_owned()
    } else {
        format!("at character {position}, before `{rest}`")
    };
    Failure::usage(format!(
        "--jq: {problem} {place}; the language is described at https://jqlang.org/manual/"
    ))
}

#[cfg(test)]
mod tests {
    use super::Filter;

    fn run(expression: &str, inputs: &[&str]) -> Vec<String> {
        let filter = Filter::compile(expression).expect("an expression");
        let inputs: Vec<String> = inputs.iter().map(|text| (*text).to_owned()).collect();
        filter.run(&inputs).expect("results")
    }

    #[test]
    fn rows_become_csv_and_tsv() {
        let row = r#"["a \"b\"",1,null,true,"x\ty"]"#;
        assert_eq!(run("@csv", &[row]), ["\"a \"\"b\"\"\",1,,true,\"x\ty\""]);
        assert_eq!(run("@tsv", &[row]), ["a \"b\"\t1\t\ttrue\tx\\ty"]);
        assert_eq!(run(r#""\(.[0]|ascii_upcase)""#, &[r#"["a"]"#]), ["A"]);
    }

    #[test]
    fn input_takes_the_next_text() {
        assert_eq!(run("[., input]", &["1", "2", "3", "4"]), ["[1,2]", "[3,4]"]);
        assert_eq!(run("[., inputs] | add", &["1", "2", "3"]), ["6"]);
    }

    #[test]
    fn the_environment_is_a_variable() {
        assert_eq!(run("$ENV | type", &["null"]), ["object"]);
        assert_eq!(run("$ENV.PATH == env.PATH", &["null"]), ["true"]);
    }

    #[test]
    fn a_mistake_has_a_position() {
        for (expression, place) in [
            (".[0", "expected closing bracket at the end"),
            (".a | )", "at character 6, before `)`"),
            (".a | nope", "undefined filter nope at character 6"),
            (".a | $b", "undefined variable $b at character 6"),
            (".a |", "at the end"),
        ] {
            let failure = Filter::compile(expression).err().expect(expression);
            let text = failure.to_string();
            assert!(text.contains(place), "{expression}: {text}");
        }
    }
}
