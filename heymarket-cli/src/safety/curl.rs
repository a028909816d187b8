//! A request as a curl command for a POSIX shell.

use crate::context::Context;
use crate::failure::Failure;

/// A curl command. What is not to be shown is a variable, which the shell fills
/// in when the command runs.
pub(crate) struct Curl {
    words: Vec<String>,
    variables: Vec<String>,
}

/// A part of a word of the command.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// The value of the variable of this name.
    Variable(&'a str),
}

impl Curl {
    /// A command that sends a request to a URL.
    pub(crate) fn new(method: &str, url: Part<'_>) -> Self {
        // Without the option, curl takes brackets and braces for a set of URLs.
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

    /// Adds the header with the token of the API.
    pub(crate) fn token(mut self) -> Self {
        let token = Part::Variable("HEYMARKET_TOKEN");
        self.add("--header", &[Part::Text("Authorization: Bearer "), token]);
        self
    }

    /// Adds a body of JSON, given in parts.
    pub(crate) fn json(self, body: &[Part<'_>]) -> Self {
        let mut curl = self.header("Content-Type", Part::Text("application/json"));
        curl.add("--data", body);
        curl
    }

    fn add(&mut self, option: &str, value: &[Part<'_>]) {
        let mut words = format!("{option} ");
        let mut text = String::new();
        for part in value {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(name) => {
                    words.push_str(&quoted(&std::mem::take(&mut text)));
                    words.push_str(&format!("\"${name}\""));
                    self.variables.push((*name).to_owned());
                }
            }
        }
        words.push_str(&quoted(&text));
        self.words.push(words);
    }

    /// Prints the command, and says which variables it reads.
    pub(crate) fn print(self, context: &Context) -> Result<(), Failure> {
        let mut output = context.output()?;
        output.line(&self.words.join(" \\\n  "))?;
        output.finish()?;
        let variables = self.variables.join(", ");
        context.terminal.say(&if variables.is_empty() {
            "nothing was sent".to_owned()
        } else {
            format!("nothing was sent; the command reads these variables: {variables}")
        });
        Ok(())
    }
}

/// A word of a shell that stands for itself; nothing for an empty text.
pub(crate) fn quoted(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Curl, Part, quoted};

    #[test]
    fn a_quoted_word_stands_for_itself() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$(a)`b`\"\\"), "'$(a)`b`\"\\'");
    }

    #[test]
    fn what_is_not_shown_is_a_variable() {
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
