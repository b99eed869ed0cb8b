//! IKE messages that a peer answers without making anything of them, and their answers. Pure.
//!
//! The first question is a header of a version that does not exist: a responder tells which one it has (RFC 7296, 2.5; RFC
//! 2408, 5.2), and keeps nothing. Who does not answer that is asked for an IKE SA with algorithms that nobody has: the
//! refusal is an answer as well (RFC 7296, 2.7; RFC 2408, 5.4), and there is no SA after it.

use adit_model::algorithm::IkeVersion;

/// The SPI of the one who asks, by which an answer is known.
pub(super) type Spi = [u8; 8];

/// Octets of a header (RFC 7296, 3.1).
const HEADER: usize = 28;
/// At port 4500, before each message: no SPI of ESP (RFC 3948, 2.2).
const NON_ESP_MARKER: [u8; 4] = [0; 4];
/// A version that there is not.
const NO_VERSION: u8 = 0x30;
/// `IKE_SA_INIT` (RFC 7296, 3.1).
const IKE_SA_INIT: u8 = 34;
/// Identity Protection, the main mode (RFC 2408, 3.1).
const IDENTITY_PROTECTION: u8 = 2;
/// The first message of who begins (RFC 7296, 3.1).
const INITIATOR: u8 = 0x08;
/// A transform or a group of private use that nobody has.
const NOBODYS: u16 = 0xffff;

/// What a peer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Which version it has, in a message of so many octets, the marker left aside; never fewer than the header has.
    Version(usize),
    /// For an IKE SA that it must refuse.
    Impossible(IkeVersion),
}

/// The datagram for a port.
pub(super) fn question(question: Question, spi: Spi, port: u16) -> Vec<u8> {
    let (version, exchange, flags, first, body) = match question {
        Question::Version(size) => {
            (NO_VERSION, IKE_SA_INIT, INITIATOR, 0, vec![0; size.saturating_sub(HEADER)])
        }
        Question::Impossible(IkeVersion::V2) => (0x20, IKE_SA_INIT, INITIATOR, SA, impossible()),
        Question::Impossible(IkeVersion::V1) => (0x10, IDENTITY_PROTECTION, 0, SA_V1, impossible_v1()),
    };
    let mut datagram = if has_marker(port) { NON_ESP_MARKER.to_vec() } else { Vec::new() };
    datagram.extend(spi);
    datagram.extend([0; 8]);
    datagram.extend([first, version, exchange, flags]);
    datagram.extend([0; 4]);
    datagram.extend(length(HEADER + body.len(), 4));
    datagram.extend(body);
    datagram
}

/// Whether a datagram from a port is the answer to whoever asked with this SPI.
pub(super) fn is_answer(datagram: &[u8], spi: Spi, port: u16) -> bool {
    let message = if has_marker(port) { datagram.strip_prefix(&NON_ESP_MARKER) } else { Some(datagram) };
    let Some((header, _)) = message.and_then(|message| message.split_at_checked(HEADER)) else {
        return false;
    };
    let said = [header[24], header[25], header[26], header[27]].map(usize::from);
    let said = said.into_iter().fold(0, |length, octet| length << 8 | octet);
    let is_whole = message.is_some_and(|message| (HEADER..=message.len()).contains(&said));
    is_whole && header[..8] == spi && matches!(header[17] >> 4, 1 | 2)
}

const fn has_marker(port: u16) -> bool {
    port == 4500
}

/// Payload types (RFC 7296, 3.2; RFC 2408, 3.1).
const SA: u8 = 33;
const KEY_EXCHANGE: u8 = 34;
const NONCE: u8 = 40;
const SA_V1: u8 = 1;

/// What `IKE_SA_INIT` needs: a proposal, a key exchange and a nonce (RFC 7296, 3.3, 3.4, 3.9).
fn impossible() -> Vec<u8> {
    // Encryption, PRF, integrity and group, each of them nobody's.
    let transforms: Vec<u8> = (1..=4_u8)
        .flat_map(|kind| {
            let more = if kind == 4 { 0 } else { 3 };
            [vec![more, 0, 0, 8, kind, 0], NOBODYS.to_be_bytes().to_vec()].concat()
        })
        .collect();
    let mut proposal = vec![0, 0];
    proposal.extend(length(8 + transforms.len(), 2));
    proposal.extend([1, 1, 0, 4]);
    proposal.extend(transforms);
    let mut key = NOBODYS.to_be_bytes().to_vec();
    key.extend([0; 2 + 32]);
    [payload(KEY_EXCHANGE, &proposal), payload(NONCE, &key), payload(0, &[0x5a; 32])].concat()
}

/// What the first message of the main mode needs: one proposal (RFC 2408, 3.4 to 3.6; RFC 2409, appendix A).
fn impossible_v1() -> Vec<u8> {
    let attribute = |kind: u8, value: u16| [vec![0x80, kind], value.to_be_bytes().to_vec()].concat();
    // Encryption, hash and group are nobody's, and the authentication is by a key that both know.
    let attributes =
        [attribute(1, NOBODYS), attribute(2, NOBODYS), attribute(3, 1), attribute(4, NOBODYS)].concat();
    let transform = [vec![1, 1, 0, 0], attributes].concat();
    let proposal = [vec![1, 1, 0, 1], payload(0, &transform)].concat();
    // IPsec's domain of interpretation, and the situation in which identities count.
    payload(0, &[vec![0, 0, 0, 1, 0, 0, 0, 1], payload(0, &proposal)].concat())
}

/// A payload with its generic header; `next` is the type of the one after it.
fn payload(next: u8, body: &[u8]) -> Vec<u8> {
    let mut payload = vec![next, 0];
    payload.extend(length(4 + body.len(), 2));
    payload.extend(body);
    payload
}

/// The last `octets` octets of a number. All messages here are far shorter than they could say.
fn length(length: usize, octets: usize) -> Vec<u8> {
    let all = length.to_be_bytes();
    all[all.len() - octets..].to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPI: Spi = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8];

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn questions_are_laid_out_as_the_rfcs_say() {
        let header = "a1a2a3a4a5a6a7a80000000000000000";
        for (asked, port, want) in [
            (Question::Version(28), 500, format!("{header}00302208000000000000001c")),
            (Question::Version(0), 500, format!("{header}00302208000000000000001c")),
            (Question::Version(30), 4500, format!("00000000{header}00302208000000000000001e0000")),
            (
                Question::Impossible(IkeVersion::V2),
                500,
                format!(
                    "{header}212022080000000000000094{}{}{}",
                    // 44 octets: a proposal of 40 with four transforms of 8.
                    "2200002c000000280101000403000008010\
                     0ffff030000080200ffff030000080300ffff000000080400ffff",
                    format_args!("28000028ffff0000{}", "00".repeat(32)),
                    format_args!("00000024{}", "5a".repeat(32)),
                ),
            ),
            (
                Question::Impossible(IkeVersion::V1),
                500,
                format!(
                    "{header}011002000000000000000048{}",
                    // 44 octets: a proposal of 32 with one transform of 24.
                    "0000002c00000001000000010000002001010001000000180101000080\
                     01ffff8002ffff800300018004ffff"
                ),
            ),
        ] {
            let got = question(asked, SPI, port);
            assert_eq!(hex(&got), want, "{asked:?}");
        }
    }

    #[test]
    fn only_a_message_for_us_is_an_answer() {
        let told = |version: u8, length: u8, more: usize| {
            let mut message = SPI.to_vec();
            message.extend([7; 8]);
            message.extend([41, version, 37, 0x20, 0, 0, 0, 0, 0, 0, 0, length]);
            message.extend(vec![0; more]);
            message
        };
        let marked = |message: Vec<u8>| [NON_ESP_MARKER.to_vec(), message].concat();
        for (datagram, port, want) in [
            (told(0x20, 36, 8), 500, true),
            (told(0x10, 28, 0), 500, true),
            (marked(told(0x20, 36, 8)), 4500, true),
            (told(0x20, 36, 8), 4500, false),
            (marked(told(0x20, 36, 8)), 500, false),
            (told(0x30, 36, 8), 500, false),
            (told(0x20, 37, 8), 500, false),
            (told(0x20, 27, 8), 500, false),
            (told(0x20, 36, 8)[1..].to_vec(), 500, false),
            (Vec::new(), 500, false),
            (vec![0; 4], 4500, false),
        ] {
            assert_eq!(is_answer(&datagram, SPI, port), want, "{} at {port}", hex(&datagram));
        }
        let mine = question(Question::Impossible(IkeVersion::V2), [1; 8], 500);
        assert!(!is_answer(&mine, SPI, 500), "of another one");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read(datagram in proptest::collection::vec(any::<u8>(), 0..80), at_4500: bool) {
            let port = if at_4500 { 4500 } else { 500 };
            is_answer(&datagram, SPI, port);
            is_answer(&[NON_ESP_MARKER.to_vec(), SPI.to_vec(), datagram].concat(), SPI, port);
        }
    }
}
