//! What is read off a request beside its body.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;
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
    let is_path = |prefix: &str| {
        prefix.starts_with('/') && prefix.chars().all(|c| c.is_ascii_alphanumeric() || "/-._~".contains(c))
    };
    let prefix = text("x-forwarded-prefix").map(|prefix| prefix.trim_end_matches('/')).unwrap_or_default();
    format!("{scheme}://{host}{}", if is_path(prefix) { prefix } else { "" })
}

/// Who sent a request: the peer of the connection or, if that is one of the operator's proxies, whoever the last proxy
/// that is none of them names. What others say about it does not count, for it costs nothing to say.
pub(super) fn client_address(parts: &Parts, proxies: &[IpNet]) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let mut address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut forwarded: Vec<&str> = forwarded.flat_map(|list| list.split(',')).map(str::trim).collect();
    while proxies.iter().any(|proxy| proxy.contains(&address.to_canonical())) {
        let Some(before) = forwarded.pop().and_then(|text| text.parse().ok()) else { break };
        address = before;
    }
    address
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

/// What a part of a path is that follows one of these is the client's own word, to its end.
const NAMES_FOLLOW: [&str; 2] = ["tags", "regions"];

/// A path below `prefix`, without a trailing slash, and without a `.json` suffix where that can be no part of a name.
fn below<'a>(path: &'a str, prefix: &str) -> &'a str {
    let below = path.strip_prefix(prefix).unwrap_or_default();
    let below = below.strip_suffix('/').unwrap_or(below);
    if below.rsplit('/').nth(1).is_some_and(|part| NAMES_FOLLOW.contains(&part)) {
        return below;
    }
    below.strip_suffix(".json").unwrap_or(below)
}

/// The parts of a path below `prefix`, decoded, without the suffix and the slash that mean nothing.
pub(super) fn segments(path: &str, prefix: &str) -> Vec<String> {
    let below = below(path, prefix);
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    below.split('/').skip(1).map(decode).collect()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::{ConnectInfo, Request};
    use axum::http::HeaderMap;

    use super::{base_url, client_address, segments};

    #[test]
    fn the_client_is_whom_the_operators_proxies_name() {
        let proxies = ["192.0.2.0/28".parse().unwrap(), "2001:db8::1/128".parse().unwrap()];
        for (peer, forwarded, want) in [
            ("198.51.100.7:1", "", "198.51.100.7"),
            ("198.51.100.7:1", "203.0.113.9", "198.51.100.7"),
            ("192.0.2.1:1", "", "192.0.2.1"),
            ("192.0.2.1:1", "203.0.113.9", "203.0.113.9"),
            ("192.0.2.1:1", "10.0.0.1, 203.0.113.9", "203.0.113.9"),
            ("192.0.2.1:1", "203.0.113.9, 192.0.2.2", "203.0.113.9"),
            ("192.0.2.1:1", "203.0.113.9, nonsense", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:1", "203.0.113.9", "203.0.113.9"),
            ("[2001:db8::1]:1", "2001:db8:5::9", "2001:db8:5::9"),
        ] {
            let peer: SocketAddr = peer.parse().unwrap();
            let request =
                Request::builder().extension(ConnectInfo(peer)).header("x-forwarded-for", forwarded);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(client_address(&parts, &proxies).to_string(), want, "{peer} {forwarded}");
        }
    }

    #[test]
    fn urls_are_those_that_the_client_used() {
        for (headers, want) in [
            (&[("host", "a:1")][..], "http://a:1"),
            (&[("host", "a:1"), ("x-forwarded-proto", "https")], "https://a:1"),
            (&[("host", "a:1"), ("x-forwarded-host", "b")], "http://b"),
            (&[("host", "a:1"), ("x-forwarded-prefix", "/cloud/")], "http://a:1/cloud"),
            (&[("host", "a:1"), ("x-forwarded-prefix", "/\"><")], "http://a:1"),
            (&[], "http://localhost"),
        ] {
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<Vec<(axum::http::HeaderName, axum::http::HeaderValue)>>()
                .into_iter()
                .collect();
            assert_eq!(base_url(&headers), want);
        }
    }

    #[test]
    fn a_path_is_split_without_suffix_and_trailing_slash() {
        for (path, want) in [
            ("/networking", vec![]),
            ("/networking/", vec![]),
            ("/networking/v2.0/networks", vec!["v2.0", "networks"]),
            ("/networking/v2.0/networks.json", vec!["v2.0", "networks"]),
            ("/networking/v2.0/networks/a%20b/", vec!["v2.0", "networks", "a b"]),
            ("/networking/v2.0/networks/a.json", vec!["v2.0", "networks", "a"]),
            ("/networking/v2.0/networks/a/tags.json", vec!["v2.0", "networks", "a", "tags"]),
            ("/networking/v2.0/networks/a/tags/b.json", vec!["v2.0", "networks", "a", "tags", "b.json"]),
            ("/networking/v3/regions/a.json/", vec!["v3", "regions", "a.json"]),
            ("/networking/v3/regions.json", vec!["v3", "regions"]),
            ("/networking/v2.0//networks", vec!["v2.0", "", "networks"]),
        ] {
            assert_eq!(segments(path, "/networking"), want, "{path}");
        }
    }
}
