//! Tokens: legacy API keys, and JSON Web Tokens signed with a secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::store::Rejection;

/// How long a token is valid after its `iat`.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// How far in the future the `iat` of a token may be. The API's tolerance is
/// not documented.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// The accepted keys.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) secret_id: String,
    pub(crate) secret_key: String,
    /// A legacy team API key.
    pub(crate) api_key: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
}

impl Keys {
    /// Checks the token of a request. Returns the ID of its key, by which
    /// requests are counted.
    pub(crate) fn check(&self, headers: &HeaderMap, now: Timestamp) -> Result<&str, Rejection> {
        let header = headers
            .get(AUTHORIZATION)
            .ok_or_else(|| unauthorized("the Authorization header is missing"))?;
        let text = header
            .to_str()
            .map_err(|_| unauthorized("the Authorization header is not text"))?;
        let token = match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => {
                return Err(unauthorized(
                    "the Authorization header is not `Bearer <token>`",
                ));
            }
        };
        if bool::from(token.as_bytes().ct_eq(self.api_key.as_bytes())) {
            return Ok(&self.api_key);
        }
        if token.matches('.').count() != 2 {
            return Err(unauthorized(
                "the token is neither a JSON Web Token nor the API key",
            ));
        }
        self.check_jwt(token, now)?;
        Ok(&self.secret_id)
    }

    fn check_jwt(&self, token: &str, now: Timestamp) -> Result<(), Rejection> {
        let malformed = || unauthorized("the token is not a JSON Web Token");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
        let header: Header = part(header).ok_or_else(malformed)?;
        if header.alg != "HS256" {
            return Err(unauthorized("the token's alg is not HS256"));
        }
        let claims: Claims = part(claims)
            .ok_or_else(|| unauthorized("the token has no iss, or no iat in whole seconds"))?;
        if claims.iss != self.secret_id {
            return Err(unauthorized(
                "the token's iss is not the id of an API secret",
            ));
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        if !self.has_signed(signed, &signature) {
            return Err(unauthorized(
                "the token's signature is wrong: the key is `<secret id>||<secret key>`",
            ));
        }
        let issued = Timestamp::from_second(claims.iat)
            .map_err(|_| unauthorized("the token's iat is not Unix time in seconds"))?;
        let age = now.duration_since(issued);
        if age > LIFETIME {
            return Err(unauthorized("the token is more than 5 minutes old"));
        }
        if age < -TOLERANCE {
            return Err(unauthorized("the token was issued in the future"));
        }
        Ok(())
    }

    fn has_signed(&self, signed: &str, signature: &[u8]) -> bool {
        let key = format!("{}||{}", self.secret_id, self.secret_key);
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).is_ok_and(|mut mac| {
            mac.update(signed.as_bytes());
            mac.verify_slice(signature).is_ok()
        })
    }
}

fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&json).ok()
}

fn unauthorized(problem: &str) -> Rejection {
    Rejection::new(401, "unauthorized", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys {
            secret_id: "id".to_owned(),
            secret_key: "key".to_owned(),
            api_key: "sk_invented".to_owned(),
        }
    }

    fn signed(header: &str, claims: &str, key: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(header);
        let claims = URL_SAFE_NO_PAD.encode(claims);
        let signed = format!("{header}.{claims}");
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("Bearer {signed}.{signature}")
    }

    fn problem(authorization: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().expect("a header"));
        let now = Timestamp::from_second(1_000_000).expect("a time");
        keys().check(&headers, now).err().map(|rejection| {
            assert_eq!(rejection.status, 401);
            rejection.message
        })
    }

    const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
    const NOW: &str = r#"{"iss":"id","iat":1000000}"#;

    #[test]
    fn a_token_is_valid_for_five_minutes() {
        assert_eq!(problem(&signed(HEADER, NOW, "id||key")), None);
        assert_eq!(problem("Bearer sk_invented"), None);
        let aged = |seconds: i64| {
            let claims = format!(r#"{{"iss":"id","iat":{}}}"#, 1_000_000 - seconds);
            problem(&signed(HEADER, &claims, "id||key"))
        };
        assert_eq!(aged(300), None);
        assert!(aged(301).is_some_and(|problem| problem.contains("5 minutes")));
        assert!(aged(-31).is_some_and(|problem| problem.contains("future")));
    }

    #[test]
    fn every_other_token_is_rejected_with_the_reason() {
        let none = r#"{"alg":"none"}"#;
        for (authorization, reason) in [
            (signed(none, NOW, "id||key"), "alg"),
            (signed(HEADER, NOW, "key"), "signature"),
            (
                signed(HEADER, r#"{"iss":"other","iat":1000000}"#, "other||key"),
                "iss",
            ),
            (signed(HEADER, r#"{"iss":"id"}"#, "id||key"), "iat"),
            (
                signed(HEADER, r#"{"iss":"id","iat":"1"}"#, "id||key"),
                "iat",
            ),
            ("Bearer a.b.c".to_owned(), "JSON Web Token"),
            ("Bearer sk_other".to_owned(), "neither"),
            ("Basic aWQ6a2V5".to_owned(), "Bearer"),
        ] {
            let problem = problem(&authorization).expect(reason);
            assert!(problem.contains(reason), "{problem}");
        }
        let empty = HeaderMap::new();
        assert!(keys().check(&empty, Timestamp::UNIX_EPOCH).is_err());
    }
}
