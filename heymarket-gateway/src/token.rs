//! The bearer tokens of callers.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use uuid::Uuid;

use crate::error::Error;
use crate::files;

/// The shortest token, in bytes.
const MIN_BYTES: usize = 16;
/// The longest token file, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The token that callers present as `Authorization: Bearer TOKEN`. There may be
/// several, to replace one without downtime.
///
/// `Debug` shows none of them.
#[derive(Clone)]
pub struct Token {
    /// The tokens are kept as hashes, which are of one length.
    hashes: Vec<[u8; 32]>,
}

impl Token {
    /// Creates a token from its text: at least 16 characters of ASCII without spaces.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is too short or has other characters.
    pub fn new(text: impl AsRef<str>) -> Result<Self, Error> {
        let text = text.as_ref().trim();
        if text.len() < MIN_BYTES {
            return Err(Error::new(format!(
                "the token of the gateway is shorter than {MIN_BYTES} characters"
            )));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                "the token of the gateway has a space or a character that is not ASCII",
            ));
        }
        Ok(Self {
            hashes: vec![hash(text.as_bytes())],
        })
    }

    /// Accepts the tokens of both.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.hashes.extend(other.hashes);
        self
    }

    /// Reads the tokens of a file, one on each line.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is a symbolic link, belongs to another user, or has
    /// no token.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::parse(path, &read(path)?)
    }

    /// Reads the tokens of a file like [`load`](Self::load). If the file does not exist or
    /// is blank, creates it with mode 0600 and a random token. Of processes that do so at
    /// the same time, one writes its token, and all return it.
    ///
    /// # Errors
    ///
    /// Like [`load`](Self::load), or if the file cannot be written.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        if files::create(path)?.is_none() {
            let text = read(path)?;
            if !text.trim().is_empty() {
                return Self::parse(path, &text);
            }
        }
        // New, or left by a process that died before it wrote a token.
        Self::parse(path, &write_random(path)?)
    }

    /// Parses the text of a file.
    fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let of_line = |line| Self::new(line).map_err(|error| Error::of_file(path, error));
        let first = lines
            .next()
            .ok_or_else(|| Error::of_file(path, "it holds no token"))?;
        lines.try_fold(
            of_line(first)?,
            |tokens, line| Ok(tokens.or(of_line(line)?)),
        )
    }

    /// Returns whether the headers carry the token. Takes the same time for any token of
    /// one length.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let Some((scheme, given)) = split_once(value.as_bytes()) else {
            return false;
        };
        let given = hash(given);
        let is_one = self
            .hashes
            .iter()
            .fold(Choice::from(0), |is_one, hash| is_one | hash.ct_eq(&given));
        scheme.eq_ignore_ascii_case(b"bearer") && bool::from(is_one)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// Reads a token file.
fn read(path: &Path) -> Result<String, Error> {
    let file = files::open(path, OpenOptions::new().read(true))?;
    read_text(path, &file)
}

fn read_text(path: &Path, file: &File) -> Result<String, Error> {
    let mut text = String::new();
    file.take(MAX_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Error::of_file(path, error))?;
    Ok(text)
}

/// Writes a random token to a blank file. Returns the text of the file, which another
/// process may have written.
fn write_random(path: &Path) -> Result<String, Error> {
    let failed = |error| Error::of_file(path, error);
    let mut file = files::open_or_create(path)?;
    file.lock().map_err(failed)?;
    let text = read_text(path, &file)?;
    if !text.trim().is_empty() {
        return Ok(text);
    }
    let text = format!("{}\n", random());
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    Ok(text)
}

fn split_once(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = value.iter().position(|byte| *byte == b' ')?;
    Some((&value[..space], value[space + 1..].trim_ascii()))
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Returns 244 random bits as text.
fn random() -> String {
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    format!("{}{}", first.simple(), second.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(token: &Token, value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().expect("a value"));
        token.admits(&headers)
    }

    #[test]
    fn only_its_own_bearer_is_admitted() {
        let token = Token::new("0123456789abcdef").expect("a token");
        assert!(admits(&token, "Bearer 0123456789abcdef"));
        assert!(admits(&token, "bearer  0123456789abcdef"));
        for other in [
            "0123456789abcdef",
            "Bearer",
            "Bearer 0123456789abcde",
            "Basic 0123456789abcdef",
        ] {
            assert!(!admits(&token, other), "{other}");
        }
        assert!(!token.admits(&HeaderMap::new()));
        let both = token.or(Token::new("fedcba9876543210").expect("a token"));
        assert!(admits(&both, "Bearer fedcba9876543210"));
        assert!(!format!("{both:?}").contains("fedc"));
    }

    #[test]
    fn two_authorization_headers_are_refused() {
        let token = Token::new("0123456789abcdef").expect("a token");
        let mut headers = HeaderMap::new();
        for _ in 0..2 {
            headers.append(
                AUTHORIZATION,
                "Bearer 0123456789abcdef".parse().expect("a value"),
            );
        }
        assert!(!token.admits(&headers));
    }

    #[cfg(unix)]
    #[test]
    fn a_token_is_made_once_and_in_a_private_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let made = Token::load_or_create(&path).expect("a token");
        let mode = std::fs::metadata(&path).expect("it").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).expect("it");
        assert_eq!(text.trim().len(), 64);
        assert!(admits(&made, &format!("Bearer {}", text.trim())));
        let read = Token::load_or_create(&path).expect("a token");
        assert_eq!(read.hashes, made.hashes);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        assert!(Token::load_or_create(&link).is_err());
    }

    #[test]
    fn all_who_start_at_the_same_time_have_one_token() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        // As a process leaves it that dies before it writes the token.
        std::fs::write(&path, "").expect("a file");
        let threads: Vec<_> = (0..16)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || Token::load_or_create(path).expect("a token").hashes)
            })
            .collect();
        for thread in threads {
            let made = thread.join().expect("a thread");
            assert_eq!(made, Token::load(&path).expect("a token").hashes);
        }
    }
}
