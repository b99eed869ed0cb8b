//! What is read off a request beside its body.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use crate::identity::Presented;

/// The header of the request id, on every answer of both APIs.
const REQUEST_ID: &str = "x-openstack-request-id";

/// Largest body of a request of either API, in octets: the reference's limit.
pub(super) const MOST_BODY: usize = 114_688;
/// How long a client may take to send a body.
const BODY_LIMIT: Duration = Duration::from_secs(30);

/// Why a body was not read to its end.
pub(super) enum Unread {
    TooLarge,
    TooSlow,
}

/// The whole body of a request.
pub(super) async fn whole(body: Body) -> Result<Bytes, Unread> {
    match tokio::time::timeout(BODY_LIMIT, axum::body::to_bytes(body, MOST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        // Or the connection has broken, but then nobody hears the answer.
        Ok(Err(_)) => Err(Unread::TooLarge),
        Err(_) => Err(Unread::TooSlow),
    }
}

/// Gives a request its id: in a span around everything that happens for it, and in the answer. A client's own id is
/// not taken over.
pub(super) async fn traced(request: Request, next: Next) -> Response {
    let id = format!("req-{}", Uuid::new_v4());
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    response
}

/// The URL of this server as the client wrote it: documents and links must name the host that the client can reach.
pub(super) fn base_url(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    let host = text("x-forwarded-host").or_else(|| text(HOST.as_str())).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// The query string, split and decoded.
pub(super) fn query_pairs(query: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// What a request to the API below `prefix` says about who sends it. Of whatever else it says about that, nothing counts.
pub(super) fn presented<'a>(parts: &'a Parts, prefix: &str) -> Presented<'a> {
    let text = |name: &str| parts.headers.get(name)?.to_str().ok().filter(|text| !text.is_empty());
    Presented {
        token: text("x-auth-token"),
        service_token: text("x-service-token"),
        method: parts.method.as_str(),
        path: below(parts.uri.path(), prefix),
    }
}

/// A path below `prefix`, without a `.json` suffix and a trailing slash.
fn below<'a>(path: &'a str, prefix: &str) -> &'a str {
    let below = path.strip_prefix(prefix).unwrap_or_default();
    let below = below.strip_suffix('/').unwrap_or(below);
    below.strip_suffix(".json").unwrap_or(below)
}

/// The parts of a path below `prefix`, decoded, without a `.json` suffix and a trailing slash.
pub(super) fn segments(path: &str, prefix: &str) -> Vec<String> {
    let below = below(path, prefix);
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    below.split('/').skip(1).map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn a_path_is_split_without_suffix_and_trailing_slash() {
        for (path, want) in [
            ("/networking", vec![]),
            ("/networking/", vec![]),
            ("/networking/v2.0/networks", vec!["v2.0", "networks"]),
            ("/networking/v2.0/networks.json", vec!["v2.0", "networks"]),
            ("/networking/v2.0/networks/a%20b/", vec!["v2.0", "networks", "a b"]),
            ("/networking/v2.0//networks", vec!["v2.0", "", "networks"]),
        ] {
            assert_eq!(segments(path, "/networking"), want, "{path}");
        }
    }
}
