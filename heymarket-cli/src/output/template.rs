//! `--render TEMPLATE`.

use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use crate::failure::Failure;

/// The name of the only template.
const NAME: &str = "--render";

/// A compiled template.
pub(super) struct Template(Environment<'static>);

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    ///
    /// Returns a usage error with the line of the first mistake.
    pub(super) fn compile(text: &str) -> Result<Self, Failure> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        // Such escapes are how a shell's user writes them.
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        environment
            .add_template_owned(NAME, text)
            .map_err(|error| Failure::usage(format!("--render: {}", shown(&error))))?;
        Ok(Self(environment))
    }

    /// Renders a row.
    pub(super) fn render(&self, row: &Value) -> Result<String, Failure> {
        let failed =
            |error: minijinja::Error| Failure::other(format!("--render: {}", shown(&error)));
        let template = self.0.get_template(NAME).map_err(failed)?;
        template.render(row).map_err(failed)
    }
}

/// Describes an error without the row, which may be personal.
fn shown(error: &minijinja::Error) -> String {
    let problem = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    match error.line() {
        Some(line) if line > 1 => format!("{problem}, in line {line}"),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use serde_json::json;

    #[test]
    fn a_row_is_rendered_with_missing_members_empty() {
        let template =
            Template::compile(r"{{ name }}\t{{ inbox.name }}|{{ gone.deep }}").expect("it");
        let row = json!({"name": "Ada <b>", "inbox": {"name": "Support"}});
        assert_eq!(template.render(&row).expect("text"), "Ada <b>\tSupport|");
    }

    #[test]
    fn a_malformed_template_is_a_usage_error() {
        let failure = Template::compile("{{ name").err().expect("a failure");
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().starts_with("--render: "), "{failure}");
    }
}
