//! Which operation a request is for. A path that a server might read in two ways is
//! refused.

use heymarket_api::{Operation, operations};
use http::{Method, StatusCode, Uri};
use percent_encoding::percent_decode_str;

use crate::problem::Problem;

/// The longest path that is compared with those of operations, in bytes.
const MAX_COMPARED: usize = 200;

/// Returns the operation of a request.
pub(crate) fn route(method: &Method, uri: &Uri) -> Result<&'static Operation, Problem> {
    check_target(uri)?;
    if let Some(operation) = Operation::find(method, uri.path()) {
        return Ok(operation);
    }
    Err(unknown(method, uri.path()))
}

/// Refuses targets of proxies, and paths that the API or something before it could
/// normalize to another operation's.
fn check_target(uri: &Uri) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::bad_request("path", detail));
    if uri.authority().is_some() || uri.scheme().is_some() {
        return refuse("the request target has a host; send the path alone");
    }
    let path = uri.path();
    if !path.starts_with('/') {
        return refuse("the request target is not a path");
    }
    for segment in path.split('/').skip(1) {
        if segment.is_empty() && path != "/" {
            return refuse("the path has an empty segment");
        }
        if !is_plain(segment) {
            return refuse(
                "the path has a segment of dots, or a character that is not allowed in one, \
                 encoded or not",
            );
        }
    }
    Ok(())
}

/// Returns whether a segment reads the same in every server.
fn is_plain(segment: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@%".contains(&byte);
    if !segment.bytes().all(is_allowed) {
        return false;
    }
    let Ok(decoded) = percent_decode_str(segment).decode_utf8() else {
        return false;
    };
    // A percent sign that remains would be decoded by a second server.
    let is_ambiguous = |c: char| c.is_control() || matches!(c, '/' | '\\' | '%' | '?' | '#');
    !matches!(&*decoded, "." | "..")
        && !decoded.chars().any(is_ambiguous)
        && (decoded == segment || !decoded.contains('.'))
}

/// Describes a request that is of no operation.
fn unknown(method: &Method, path: &str) -> Problem {
    let allowed: Vec<&str> = operations::ALL
        .iter()
        .filter(|operation| Operation::find(operation.method(), path) == Some(**operation))
        .map(|operation| operation.method().as_str())
        .collect();
    if !allowed.is_empty() {
        let detail = format!("the path takes {}", allowed.join(", "));
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let mut problem = Problem::new(status, "method", "The method is not allowed", detail);
        problem.allow = Some(allowed.join(", "));
        return problem;
    }
    let detail = match nearest(method, path) {
        Some(operation) => format!(
            "the API has no such operation; the nearest is {}: {} {}",
            operation.id(),
            operation.method(),
            operation.path()
        ),
        None => "the API has no such operation".to_owned(),
    };
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-operation",
        "No such operation",
        detail,
    )
}

fn nearest(method: &Method, path: &str) -> Option<&'static Operation> {
    if path.len() > MAX_COMPARED {
        return None;
    }
    let asked = format!("{method} {path}");
    let distance = |operation: &&&Operation| {
        let own = format!("{} {}", operation.method(), operation.path());
        strsim::damerau_levenshtein(&own, &asked)
    };
    operations::ALL.iter().min_by_key(distance).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(method: Method, target: &str) -> Result<&'static str, (u16, String)> {
        let uri: Uri = target.parse().expect("a target");
        route(&method, &uri)
            .map(Operation::id)
            .map_err(|problem| (problem.status.as_u16(), problem.detail))
    }

    #[test]
    fn operations_are_found_by_method_and_path() {
        assert_eq!(routed(Method::GET, "/v1/inboxes"), Ok("list_inboxes"));
        assert_eq!(
            routed(Method::GET, "/v1/conversations/9920?a=b"),
            Ok("get_conversation")
        );
        assert_eq!(
            routed(Method::GET, "/v2/contact/f0b5/channel/e-mail%20x"),
            Ok("get_contact_channel")
        );
    }

    #[test]
    fn an_unknown_route_names_the_nearest_operation() {
        let (status, detail) = routed(Method::POST, "/v1/mesage/send").expect_err("no route");
        assert_eq!(status, 404);
        assert!(
            detail.contains("send_message: POST /v1/message/send"),
            "{detail}"
        );
        let (status, detail) = routed(Method::PATCH, "/v1/contact/7").expect_err("no route");
        assert_eq!(status, 405);
        assert!(detail.contains("PUT"), "{detail}");
        assert_eq!(routed(Method::GET, "/").expect_err("no route").0, 404);
    }

    #[test]
    fn ambiguous_paths_are_refused() {
        for target in [
            "//v1/inboxes",
            "/v1//inboxes",
            "/v1/inboxes/",
            "/v1/conversations/../inboxes",
            "/v1/conversations/.",
            "/v1/conversations/%2e%2e",
            "/v1/conversations/%2E",
            "/v1/conversations/a%2e",
            "/v1/conversations/a%2fb",
            "/v1/conversations/a%5Cb",
            "/v1/conversations/a%00",
            "/v1/conversations/%252e%252e",
            "/v1/conversations/a%0d%0ab",
            "/v1/conversations/%ff",
            "http://example.com/v1/inboxes",
            "https://127.0.0.1/v1/inboxes",
        ] {
            let refused = routed(Method::GET, target).expect_err(target);
            assert_eq!(refused.0, 400, "{target}");
        }
    }
}
