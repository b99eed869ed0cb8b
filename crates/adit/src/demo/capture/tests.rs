use super::*;

const LEFT: [u8; 4] = [198, 51, 100, 7];
const RIGHT: [u8; 4] = [203, 0, 113, 9];

fn frame(ethertype: u16, packet: &[u8]) -> Vec<u8> {
    [&[2; 12], &ethertype.to_be_bytes()[..], packet].concat()
}

fn ipv4_frame(source: [u8; 4], destination: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; 20];
    header[0] = 0x45;
    header[9] = protocol;
    header[12..16].copy_from_slice(&source);
    header[16..20].copy_from_slice(&destination);
    frame(0x0800, &[&header, payload].concat())
}

fn udp_frame(port: u16, data: &[u8]) -> Vec<u8> {
    let ports = [port.to_be_bytes(), port.to_be_bytes()].concat();
    ipv4_frame(LEFT, RIGHT, 17, &[&ports[..], &[0; 4], data].concat())
}

fn ipv6_frame(next_header: u8, first: u8) -> Vec<u8> {
    let mut packet = [0; 48];
    packet[0] = 0x60;
    packet[6] = next_header;
    packet[40] = first;
    frame(0x86dd, &packet)
}

#[test]
fn packets_are_told_apart() {
    let other = |what: &str| Kind::Other(what.to_owned());
    let mut later_fragment = udp_frame(500, &[1; 8]);
    later_fragment[14 + 7] = 1;
    let mut with_options =
        ipv4_frame(LEFT, RIGHT, 17, &[&[0; 4], &500_u16.to_be_bytes()[..], &[0; 6]].concat());
    with_options[14] = 0x46;
    let mut multicast_report = ipv6_frame(0, 58);
    multicast_report.extend([143]);
    for (what, frame, want) in [
        ("IKE", udp_frame(500, &[1; 28]), Kind::Ike),
        ("IKE behind IP options", with_options, Kind::Ike),
        ("IKE in port 4500", udp_frame(4500, &[0, 0, 0, 0, 1, 2]), Kind::Ike),
        ("keep-alive", udp_frame(4500, &[0xff]), Kind::Ike),
        ("ESP in UDP", udp_frame(4500, &[0xc1, 0, 0, 7, 0, 0, 0, 1]), Kind::Esp),
        ("ESP", ipv4_frame(LEFT, RIGHT, 50, &[1; 8]), Kind::Esp),
        ("too short for ESP", udp_frame(4500, &[1, 2]), other("UDP from 198.51.100.7 to 203.0.113.9")),
        ("later fragment", later_fragment, other("UDP from 198.51.100.7 to 203.0.113.9")),
        ("plain echo", ipv4_frame([10, 1, 0, 5], [10, 2, 0, 5], 1, &[8]), Kind::Plain),
        ("translated leak", ipv4_frame(LEFT, [10, 2, 0, 5], 1, &[8]), Kind::Plain),
        ("plain IKE of a host", ipv4_frame([10, 1, 0, 5], RIGHT, 17, &[1; 16]), Kind::Plain),
        ("plain ESP of a host", ipv4_frame([10, 2, 0, 5], LEFT, 50, &[1; 16]), Kind::Plain),
        (
            "echo of a router",
            ipv4_frame(LEFT, RIGHT, 1, &[8]),
            other("ICMP from 198.51.100.7 to 203.0.113.9"),
        ),
        ("ARP", frame(0x0806, &[0; 28]), Kind::Neighbours),
        ("neighbour solicitation", ipv6_frame(58, 135), Kind::Neighbours),
        ("multicast group", multicast_report, Kind::Neighbours),
        ("IPv4 multicast group", ipv4_frame(LEFT, [224, 0, 0, 22], 2, &[0x22]), Kind::Neighbours),
        ("IPv6 echo", ipv6_frame(58, 128), other("protocol 58 over IPv6")),
        ("LLDP", frame(0x88cc, &[0; 20]), other("Ethernet type 0x88cc")),
        ("cut short", vec![0; 13], other("a packet that cannot be read")),
        ("cut short in IPv4", frame(0x0800, &[0x45; 12]), other("a packet that cannot be read")),
    ] {
        assert_eq!(classify(&frame), want, "{what}");
    }
}

#[tokio::test]
async fn a_capture_is_counted_until_it_ends() {
    let frames = [udp_frame(500, &[1; 28]), ipv4_frame(LEFT, RIGHT, 50, &[1; 8]), udp_frame(4500, &[7; 60])];
    let mut file = [MAGIC, 0, 0, 0, SNAP_LENGTH, ETHERNET].map(u32::to_ne_bytes).concat();
    for frame in &frames {
        let length = u32::try_from(frame.len()).unwrap();
        file.extend([0, 0, length, length].map(u32::to_ne_bytes).concat());
        file.extend(frame);
    }
    let (on, is_on) = oneshot::channel();
    let counts = read(&file[..], on).await.unwrap();
    is_on.await.unwrap();
    assert_eq!(counts, Counts { esp: 2, ike: 1, ..Counts::default() });

    let (on, is_on) = oneshot::channel();
    assert!(read(&b"tcpdump: no such device, sorry for that"[..], on).await.is_err());
    assert!(is_on.await.is_err());
}

#[test]
fn lost_packets_are_noticed() {
    let said =
        "listening on left\n12 packets captured\n12 packets received by filter\n3 packets dropped by kernel";
    assert_eq!(lost(said), Some(3));
    assert_eq!(lost("tcpdump: left: No such device exists"), None);
}
