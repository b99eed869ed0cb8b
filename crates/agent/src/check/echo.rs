//! Echo requests of ICMP (RFC 792) and ICMPv6 (RFC 4443, 4), and their answers. Pure.

/// What makes a request ours: no other one that is under way has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The identifier.
    pub(super) identifier: u16,
    /// The first octets of the data.
    pub(super) nonce: [u8; 8],
}

/// Octets of a header of IPv4 without options.
const IPV4_HEADER: usize = 20;
/// Octets of a header of IPv6.
const IPV6_HEADER: usize = 40;
/// Octets before the data of an echo.
const ECHO_HEADER: usize = 8;

/// A request that makes a packet of so many octets, or the smallest that there can be.
pub(super) fn request(is_ipv4: bool, mark: Mark, number: u16, size: usize) -> Vec<u8> {
    let around = if is_ipv4 { IPV4_HEADER } else { IPV6_HEADER } + ECHO_HEADER + mark.nonce.len();
    let mut message = vec![if is_ipv4 { 8 } else { 128 }, 0, 0, 0];
    message.extend(mark.identifier.to_be_bytes());
    message.extend(number.to_be_bytes());
    message.extend(mark.nonce);
    message.extend(vec![0; size.saturating_sub(around)]);
    if is_ipv4 {
        // For IPv6 the kernel does it, since the addresses are part of it.
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    message
}

/// The number of the request that a packet answers, if it was ours. The packet has its IPv4 header, and no IPv6 header.
pub(super) fn answered(packet: &[u8], is_ipv4: bool, mark: Mark) -> Option<u16> {
    let message = if is_ipv4 {
        let words = usize::from(packet.first()? & 0x0f);
        packet.get(words * 4..)?
    } else {
        packet
    };
    let (header, data) = message.split_at_checked(ECHO_HEADER)?;
    let [kind, code, _, _, id_high, id_low, high, low] = *<&[u8; ECHO_HEADER]>::try_from(header).ok()?;
    let is_ours = kind == if is_ipv4 { 0 } else { 129 }
        && code == 0
        && u16::from_be_bytes([id_high, id_low]) == mark.identifier
        && data.starts_with(&mark.nonce);
    is_ours.then_some(u16::from_be_bytes([high, low]))
}

/// The checksum of the Internet (RFC 1071).
fn checksum(message: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from);
    let sum: u32 = message.chunks(2).map(word).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARK: Mark = Mark { identifier: 0x1234, nonce: *b"adit-now" };

    #[test]
    fn a_request_has_the_size_that_was_asked_for() {
        for (is_ipv4, size, octets) in
            [(true, 64, 44), (true, 1500, 1480), (true, 0, 16), (false, 1280, 1240), (false, 1, 16)]
        {
            assert_eq!(request(is_ipv4, MARK, 1, size).len(), octets, "{size}");
        }
        // RFC 1071: the sum over a message with its checksum is all ones.
        for size in [37, 64, 1500] {
            let message = request(true, MARK, 7, size);
            assert_eq!(checksum(&message), 0, "{size}");
            assert_eq!(message[..2], [8, 0]);
        }
        assert_eq!(request(false, MARK, 7, 64)[..4], [128, 0, 0, 0]);
    }

    #[test]
    fn only_an_answer_to_us_counts() {
        let reply = |is_ipv4: bool, change: fn(&mut Vec<u8>)| {
            let mut message = request(is_ipv4, MARK, 7, 64);
            message[0] = if is_ipv4 { 0 } else { 129 };
            change(&mut message);
            let header = if is_ipv4 { [vec![0x45], vec![0; 19]].concat() } else { Vec::new() };
            [header, message].concat()
        };
        for (packet, is_ipv4, want) in [
            (reply(true, |_| {}), true, Some(7)),
            (reply(false, |_| {}), false, Some(7)),
            (reply(true, |_| {}), false, None),
            (reply(true, |it| it[0] = 8), true, None),
            (reply(true, |it| it[1] = 1), true, None),
            (reply(true, |it| it[5] = 0), true, None),
            (reply(true, |it| it[8] = 0), true, None),
            (reply(false, |it| it.truncate(15)), false, None),
            (reply(true, |it| it.truncate(7)), true, None),
        ] {
            assert_eq!(answered(&packet, is_ipv4, MARK), want, "{packet:?}");
        }
        // Options make the header longer.
        let longer = [vec![0x46], vec![0; 23], reply(true, |_| {})[20..].to_vec()].concat();
        assert_eq!(answered(&longer, true, MARK), Some(7));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read(packet in proptest::collection::vec(any::<u8>(), 0..100), is_ipv4: bool) {
            answered(&packet, is_ipv4, MARK);
        }
    }
}
