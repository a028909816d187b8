//! A request as a curl command for a POSIX shell.

use crate::context::Context;
use crate::failure::Failure;
use crate::shell::quoted;

/// A curl command. It reads what is not shown from environment variables.
pub(crate) struct Curl {
    words: Vec<String>,
    variables: Vec<String>,
}

/// A part of a word of the command.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// Literal text.
    Text(&'a str),
    /// The value of the variable of this name.
    Variable(&'a str),
}

impl Curl {
    /// Creates a command that sends a request to a URL.
    pub(crate) fn new(method: &str, url: Part<'_>) -> Self {
        // Without `--globoff`, curl expands brackets and braces to several URLs.
        let is_plain = matches!(url, Part::Text(url) if !url.contains(['[', ']', '{', '}']));
        let globoff = if is_plain { "" } else { "--globoff " };
        let mut curl = Self {
            words: Vec::new(),
            variables: Vec::new(),
        };
        curl.add(&format!("curl {globoff}--request {method}"), &[url]);
        curl
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: Part<'_>) -> Self {
        self.add("--header", &[Part::Text(&format!("{name}: ")), value]);
        self
    }

    /// Adds the `Authorization` header, with the API token in a variable.
    pub(crate) fn token(mut self) -> Self {
        let token = Part::Variable("HEYMARKET_TOKEN");
        self.add("--header", &[Part::Text("Authorization: Bearer "), token]);
        self
    }

    /// Adds a JSON body and its `Content-Type`.
    pub(crate) fn json(self, body: &[Part<'_>]) -> Self {
        let mut curl = self.header("Content-Type", Part::Text("application/json"));
        curl.add("--data", body);
        curl
    }

    /// Adds an option and its value, which is not empty.
    fn add(&mut self, option: &str, value: &[Part<'_>]) {
        let mut words = format!("{option} ");
        let mut text = String::new();
        for part in value {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(name) => {
                    if !text.is_empty() {
                        words.push_str(&quoted(&std::mem::take(&mut text)));
                    }
                    words.push_str(&format!("\"${name}\""));
                    self.variables.push((*name).to_owned());
                }
            }
        }
        if !text.is_empty() {
            words.push_str(&quoted(&text));
        }
        self.words.push(words);
    }

    /// Prints the command to standard output, and the names of its variables to
    /// standard error.
    pub(crate) fn print(self, context: &Context) -> Result<(), Failure> {
        let mut output = context.output()?;
        output.line(&self.words.join(" \\\n  "))?;
        output.finish()?;
        let variables = self.variables.join(", ");
        context.terminal.notice(&if variables.is_empty() {
            "nothing was sent".to_owned()
        } else {
            format!("nothing was sent; the command reads these variables: {variables}")
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Curl, Part};

    #[test]
    fn a_hidden_part_is_a_variable() {
        let body = [
            Part::Text("{\"a\":\""),
            Part::Variable("A"),
            Part::Text("\"}"),
        ];
        let curl = Curl::new("POST", Part::Text("https://example.com/?a[]=1"))
            .header("X-`a`", Part::Variable("B"))
            .json(&body);
        let expected = "curl --globoff --request POST 'https://example.com/?a[]=1'\n\
                        --header 'X-`a`: '\"$B\"\n\
                        --header 'Content-Type: application/json'\n\
                        --data '{\"a\":\"'\"$A\"'\"}'";
        assert_eq!(curl.words.join("\n"), expected);
        assert_eq!(curl.variables, ["B", "A"]);
    }
}
