//! What application credentials are limited to (Identity API v3, access rules).

use serde::{Deserialize, Serialize};

use crate::UserId;
use crate::id::AccessRuleId;

/// A limit that a user has put on an application credential, to be used for others too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRule {
    /// Its identity.
    pub id: AccessRuleId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it allows; unique among those of the user.
    pub rule: RequestRule,
}

/// One kind of request that an application credential allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRule {
    /// The type of the service in the catalog.
    pub service: String,
    /// The HTTP method.
    pub method: String,
    /// Below the service's URL, as `/v2.0/networks`. `*` and `{name}` stand for anything without a slash, `**` for anything.
    pub path: String,
}

impl RequestRule {
    /// Whether it allows a request to the service: the path is below the service's URL.
    pub fn allows(&self, service: &str, method: &str, path: &str) -> bool {
        self.service == service && self.method == method && matches(parse(&self.path), path.as_bytes())
    }
}

/// A part of the path of a rule.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// This octet.
    Literal(u8),
    /// `*` or `{name}`: something without a slash.
    Word,
    /// `**`: anything, or nothing.
    Anything,
}

fn parse(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.bytes().next() {
        let (part, length) = match rest.find('}') {
            Some(end) if first == b'{' => (Part::Word, end + 1),
            _ if rest.starts_with("**") => (Part::Anything, 2),
            _ if first == b'*' => (Part::Word, 1),
            _ => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                parts.extend(rest.bytes().take(length).map(Part::Literal));
                rest = &rest[length..];
                continue;
            }
        };
        parts.push(part);
        rest = &rest[length..];
    }
    parts
}

/// Whether the parts make up the whole path. Users write the rules, so the time is bounded by the product of both
/// lengths whatever they are: `reached[n]` says that the parts so far can make up the first `n` octets. Most rules are about
/// something else, and it ends with the first part that tells.
fn matches(parts: impl IntoIterator<Item = Part>, path: &[u8]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in parts {
        let mut next = vec![false; path.len() + 1];
        if part == Part::Anything {
            next[0] = reached[0];
        }
        for (at, octet) in path.iter().enumerate() {
            next[at + 1] = match part {
                Part::Literal(literal) => reached[at] && literal == *octet,
                Part::Word => (reached[at] || next[at]) && *octet != b'/',
                Part::Anything => reached[at + 1] || next[at],
            };
        }
        if !next.contains(&true) {
            return false;
        }
        reached = next;
    }
    reached[path.len()]
}

#[cfg(test)]
mod tests {
    use super::{RequestRule, matches, parse};

    #[test]
    fn a_rule_allows_its_method_on_its_paths_of_its_service() {
        for (service, method, pattern, path, want) in [
            ("network", "GET", "/v2.0/networks", "/v2.0/networks", true),
            ("network", "GET", "/v2.0/networks", "/v2.0/networks/1", false),
            ("network", "GET", "/v2.0/networks", "/v2.0/network", false),
            ("network", "POST", "/v2.0/networks", "/v2.0/networks", false),
            ("network", "get", "/v2.0/networks", "/v2.0/networks", false),
            ("compute", "GET", "/v2.0/networks", "/v2.0/networks", false),
            ("network", "GET", "/v2.0/networks/*", "/v2.0/networks/1", true),
            ("network", "GET", "/v2.0/networks/*", "/v2.0/networks/", false),
            ("network", "GET", "/v2.0/networks/*", "/v2.0/networks/1/tags", false),
            ("network", "GET", "/v2.0/networks/{network_id}", "/v2.0/networks/1", true),
            ("network", "GET", "/v2.0/networks/{network_id}/tags", "/v2.0/networks/1/tags", true),
            ("network", "GET", "/v2.0/*/{id}", "/v2.0/networks/1", true),
            ("network", "GET", "/v2.0/n*s", "/v2.0/networks", true),
            ("network", "GET", "/v2.0/vpn/**", "/v2.0/vpn/ikepolicies/1", true),
            ("network", "GET", "/v2.0/vpn/**", "/v2.0/networks", false),
            ("network", "GET", "**", "/v2.0/networks", true),
            ("network", "GET", "/**/tags", "/v2.0/networks/1/tags", true),
            ("network", "GET", "/**/tags", "/v2.0/networks/1", false),
            ("network", "GET", "/v2.0/{open", "/v2.0/{open", true),
            ("network", "GET", "/v2.0/\u{e4}", "/v2.0/\u{e4}", true),
            ("network", "GET", "", "", true),
            ("network", "GET", "", "/", false),
        ] {
            let rule = RequestRule {
                service: service.to_owned(),
                method: method.to_owned(),
                path: pattern.to_owned(),
            };
            assert_eq!(rule.allows("network", "GET", path), want, "{rule:?} {path}");
        }
    }

    #[test]
    fn a_rule_about_something_else_is_not_read_to_its_end() {
        for (pattern, path, want) in [
            ("/v3/users/**", "/v2.0/networks", 3),
            ("/*/ports/**", "/v2.0/networks", 4),
            ("/v2.0/networks", "/v2", 4),
            ("/v2.0/networks", "", 1),
        ] {
            let mut read = 0;
            let parts = parse(pattern).into_iter().inspect(|_| read += 1);
            assert!(!matches(parts, path.as_bytes()), "{pattern} {path}");
            assert_eq!(read, want, "{pattern} {path}");
        }
    }

    #[test]
    fn a_rule_that_is_made_to_be_slow_is_not() {
        let rule = RequestRule {
            service: "network".to_owned(),
            method: "GET".to_owned(),
            path: "*".repeat(101) + &"{a}".repeat(50) + "!",
        };
        assert!(!rule.allows("network", "GET", &"a".repeat(5000)));
    }
}
