//! `CLOUD/ROUTER/SUBNET[,SUBNET...]`: an end of a tunnel, as people write it.

use super::Side;
use crate::error::{Error, Result};

/// An end: where it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    /// An entry of `clouds.yaml`.
    pub(super) cloud: String,
    /// A router, by name or id.
    pub(super) router: String,
    /// Subnets on it, by name or id.
    pub(super) subnets: Vec<String>,
}

impl End {
    /// Reads an end.
    pub(super) fn parse(side: Side, text: &str) -> Result<Self> {
        let wrong = || {
            Error::Usage(format!(
                "{}: CLOUD/ROUTER/SUBNET[,SUBNET...] was expected, with `%2F` for a slash in a name and `%2C` for a \
                 comma, and not `{text}`",
                side.option()
            ))
        };
        let [cloud, router, subnets] = text.split('/').collect::<Vec<_>>()[..] else { return Err(wrong()) };
        let end = Self {
            cloud: decoded(cloud),
            router: decoded(router),
            subnets: subnets.split(',').map(decoded).collect(),
        };
        let is_blank = |name: &String| name.trim().is_empty();
        if is_blank(&end.cloud) || is_blank(&end.router) || end.subnets.iter().any(is_blank) {
            return Err(wrong());
        }
        Ok(end)
    }
}

/// A name without the marks for what separates names. Any other `%` is one.
fn decoded(text: &str) -> String {
    let mut name = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, mark) = rest.split_at(at);
        name.push_str(before);
        let stands_for = match mark.get(..3).map(str::to_ascii_uppercase).as_deref() {
            Some("%2F") => Some('/'),
            Some("%2C") => Some(','),
            Some("%25") => Some('%'),
            _ => None,
        };
        name.push(stands_for.unwrap_or('%'));
        rest = &mark[if stands_for.is_some() { 3 } else { 1 }..];
    }
    name.push_str(rest);
    name
}

#[cfg(test)]
mod tests {
    use super::End;
    use crate::connect::Side;

    #[test]
    fn an_end_is_a_cloud_a_router_and_subnets() {
        for (text, want) in [
            ("c/r/s", Some(("c", "r", vec!["s"]))),
            ("c/r/s,t", Some(("c", "r", vec!["s", "t"]))),
            ("my cloud/the router/a b", Some(("my cloud", "the router", vec!["a b"]))),
            ("c/r%2F1/a%2cb,100%25,5%", Some(("c", "r/1", vec!["a,b", "100%", "5%"]))),
            ("c/r/%252F%é%zz", Some(("c", "r", vec!["%2F%é%zz"]))),
            ("ü/ö/ä", Some(("ü", "ö", vec!["ä"]))),
            ("", None),
            ("c", None),
            ("c/r", None),
            ("c/r/s/t", None),
            ("/r/s", None),
            ("c//s", None),
            ("c/r/", None),
            ("c/r/s,", None),
            ("c/ /s", None),
        ] {
            let end = End::parse(Side::Left, text);
            let got = end.as_ref().ok().map(|end| {
                let subnets: Vec<&str> = end.subnets.iter().map(String::as_str).collect();
                (end.cloud.as_str(), end.router.as_str(), subnets)
            });
            assert_eq!(got, want, "{text}");
            if let Err(error) = end {
                assert!(error.to_string().starts_with("--left: CLOUD/ROUTER/SUBNET"), "{error}");
            }
        }
    }
}
