//! Texts with placeholders, such as `Hi {{first}}`.

/// A text, cut at its placeholders.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Placeholder(String),
}

impl Text {
    /// Reads a text.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with a placeholder.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .ok_or("a placeholder is not closed: \"{{\" without \"}}\"")?;
            let name = name.trim();
            if name.is_empty() {
                return Err("a placeholder has no name: \"{{}}\"".to_owned());
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            pieces.push(Piece::Placeholder(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self { pieces })
    }

    /// Whether it is the same for everyone.
    pub(crate) fn is_constant(&self) -> bool {
        let mut pieces = self.pieces.iter();
        pieces.all(|piece| matches!(piece, Piece::Literal(_)))
    }

    /// The text with the values in it. A value that is missing or blank is an
    /// error that gives the placeholder's name.
    pub(crate) fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, &str> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Placeholder(name) => {
                    let value = value(name).filter(|value| !value.trim().is_empty());
                    text.push_str(value.ok_or(name.as_str())?);
                }
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, String> {
        let text = Text::parse(text)?;
        let values = |name: &str| match name {
            "first" => Some("Robin"),
            "blank" => Some(" "),
            // A value is not read as a text.
            "braces" => Some("{{first}}"),
            _ => None,
        };
        text.fill(values).map_err(str::to_owned)
    }

    #[test]
    fn placeholders_are_filled_from_columns() {
        assert_eq!(fill("Hi {{first}}!").as_deref(), Ok("Hi Robin!"));
        assert_eq!(fill("{{ first }}{{first}}").as_deref(), Ok("RobinRobin"));
        assert_eq!(fill("{{braces}}").as_deref(), Ok("{{first}}"));
        assert_eq!(fill("a } b { c").as_deref(), Ok("a } b { c"));
        assert_eq!(fill("").as_deref(), Ok(""));
    }

    #[test]
    fn a_placeholder_without_a_value_is_named() {
        assert_eq!(fill("Hi {{last}}").expect_err("no value"), "last");
        assert_eq!(fill("Hi {{blank}}").expect_err("no value"), "blank");
        assert!(
            fill("Hi {{first")
                .expect_err("no value")
                .contains("not closed")
        );
        assert!(fill("Hi {{ }}").expect_err("no value").contains("no name"));
    }

    #[test]
    fn a_text_without_placeholders_is_constant() {
        assert!(Text::parse("Hello").expect("a text").is_constant());
        assert!(!Text::parse("{{a}}").expect("a text").is_constant());
    }
}
