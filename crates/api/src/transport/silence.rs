//! Why a server gave no answer, in one sentence that a person can do something with.

use std::error::Error;
use std::io;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error as TlsError};

use super::known;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// What kind of trouble it is: what there is to do depends on it.
    pub trouble: Trouble,
    /// One sentence about the server, without its URL, a capital letter and a full stop.
    pub why: String,
}

/// What stands between a client and an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody trusted vouches for the server's certificate.
    Distrusted,
    /// The certificate is for other names.
    Name,
    /// The certificate is good no longer, or not yet.
    Date,
    /// The server speaks no TLS.
    NoTls,
    /// Anything else: nobody is there, or it takes too long.
    Other,
}

impl Silence {
    /// Of a request that failed.
    pub fn of(error: &reqwest::Error) -> Self {
        let mut last: &dyn Error = error;
        loop {
            if let Some(tls) = tls_error(last) {
                return of_tls(tls);
            }
            let Some(cause) = last.source() else { break };
            last = cause;
        }
        Self { trouble: Trouble::Other, why: last.to_string() }
    }
}

/// An error of TLS, also where it came through streams, which do not tell it as their source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TlsError> {
    error.downcast_ref().or_else(|| tls_error(error.downcast_ref::<io::Error>()?.get_ref()?))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls has many more kinds, and words for each")]
fn of_tls(error: &TlsError) -> Silence {
    let (trouble, why) = match error {
        TlsError::InvalidCertificate(error) => of_certificate(error),
        TlsError::InvalidMessage(_) => (Trouble::NoTls, "it speaks no TLS there".to_owned()),
        _ => (Trouble::Other, format!("TLS with it failed: {error}")),
    };
    Silence { trouble, why }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls has many more kinds, and words for each")]
fn of_certificate(error: &CertificateError) -> (Trouble, String) {
    let told = |trouble, why: &str| (trouble, why.to_owned());
    match error {
        CertificateError::UnknownIssuer => {
            told(Trouble::Distrusted, "nobody trusted here vouches for its certificate")
        }
        CertificateError::BadSignature => {
            told(Trouble::Distrusted, "a signature on its certificate, or one made with it, is wrong")
        }
        CertificateError::Other(other) if known::is_of_authority(other) => told(
            Trouble::Distrusted,
            "its certificate is an authority's (CA:TRUE), and not itself among those trusted here",
        ),
        CertificateError::Other(other) => {
            (Trouble::Distrusted, format!("its certificate cannot be used ({other})"))
        }
        CertificateError::Expired => told(Trouble::Date, "its certificate has expired"),
        CertificateError::ExpiredContext { not_after, .. } => {
            (Trouble::Date, format!("its certificate was good until {}", date(*not_after)))
        }
        CertificateError::NotValidYet => told(Trouble::Date, "its certificate is not good yet"),
        CertificateError::NotValidYetContext { not_before, .. } => {
            (Trouble::Date, format!("its certificate is not good before {}", date(*not_before)))
        }
        CertificateError::NotValidForName => told(Trouble::Name, "its certificate is for another name"),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let whose = match names.as_slice() {
                [] => "names no server (it has no subjectAltName)".to_owned(),
                names => format!("is for {}, not for {}", names.join(", "), expected.to_str()),
            };
            (Trouble::Name, format!("its certificate {whose}"))
        }
        error => (Trouble::Distrusted, format!("its certificate cannot be used: {error}")),
    }
}

/// A name of a certificate, of `DnsName("host")` or `IpAddress(192.0.2.1)`.
fn bare(name: &str) -> &str {
    let within = name.split_once('(').map_or(name, |(_, within)| within.trim_end_matches(')'));
    within.trim_matches('"')
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).map_or_else(|_| "a date far away".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn names_of_certificates_are_bare() {
        for (name, want) in [
            ("DnsName(\"host.example.org\")", "host.example.org"),
            ("IpAddress(192.0.2.1)", "192.0.2.1"),
            ("plain", "plain"),
        ] {
            assert_eq!(bare(name), want, "{name}");
        }
    }
}
