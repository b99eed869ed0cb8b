//! A VICI socket as rsvici needs it.
//!
//! rsvici's listener reads inside a `select!` and drops a half-read packet when another arm wins; at the end of the
//! stream it spins and tells nobody. So this socket hands out a packet only when it is whole, falls silent at the end,
//! and tells by a [`Signals`] receiver what rsvici does not: that charon has gone, and how many event subscriptions
//! charon has confirmed.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::watch;

/// The packet type by which charon confirms a subscription (VICI protocol, `EVENT_CONFIRM`).
const EVENT_CONFIRM: u8 = 5;
/// Octets of the length before each packet.
const HEADER: usize = 4;

/// What was seen on a socket so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signals {
    pub(super) closed: bool,
    pub(super) confirmed: usize,
}

pub(super) struct Socket {
    stream: UnixStream,
    buffer: Vec<u8>,
    /// So many octets at the front of the buffer are whole packets, or the rest of one that is being handed out.
    whole: usize,
    signals: watch::Sender<Signals>,
}

impl Socket {
    pub(super) async fn connect(path: &Path) -> io::Result<(Self, watch::Receiver<Signals>)> {
        let stream = UnixStream::connect(path).await?;
        let (signals, receiver) = watch::channel(Signals::default());
        Ok((Self { stream, buffer: Vec::new(), whole: 0, signals }, receiver))
    }

    fn take_in(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
        let mut confirmed = 0;
        while let Some((header, rest)) = self.buffer[self.whole..].split_first_chunk::<HEADER>() {
            let Ok(length) = usize::try_from(u32::from_be_bytes(*header)) else { break };
            let Some(packet) = rest.get(..length) else { break };
            confirmed += usize::from(packet.first() == Some(&EVENT_CONFIRM));
            self.whole += HEADER + length;
        }
        if confirmed > 0 {
            self.signals.send_modify(|signals| signals.confirmed += confirmed);
        }
    }

    fn hand_out(&mut self, out: &mut ReadBuf<'_>) {
        let count = self.whole.min(out.remaining());
        out.put_slice(&self.buffer[..count]);
        self.buffer.drain(..count);
        self.whole -= count;
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.whole == 0 {
            if self.signals.borrow().closed {
                return Poll::Pending;
            }
            let mut octets = [0; 8192];
            let mut chunk = ReadBuf::new(&mut octets);
            let result = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk));
            if result.is_err() || chunk.filled().is_empty() {
                self.signals.send_modify(|signals| signals.closed = true);
                return Poll::Pending;
            }
            let filled = chunk.filled().len();
            self.take_in(&octets[..filled]);
        }
        self.hand_out(out);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn packets_come_out_whole_and_the_end_is_told_but_not_read() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let (signals, mut receiver) = watch::channel(Signals::default());
        let mut socket = Socket { stream: near, buffer: Vec::new(), whole: 0, signals };

        far.write_all(&[0, 0, 0, 2, EVENT_CONFIRM]).await.unwrap();
        let mut octet = [0];
        assert!(futures_util::poll!(std::pin::pin!(socket.read(&mut octet))).is_pending(), "half a packet");

        far.write_all(&[9, 0, 0]).await.unwrap();
        let mut packet = [0; 6];
        socket.read_exact(&mut packet).await.unwrap();
        assert_eq!(packet, [0, 0, 0, 2, EVENT_CONFIRM, 9]);
        assert_eq!(*receiver.borrow_and_update(), Signals { closed: false, confirmed: 1 });

        drop(far);
        let reader = tokio::spawn(async move { socket.read(&mut octet).await });
        receiver.wait_for(|signals| signals.closed).await.unwrap();
        assert!(!reader.is_finished());
        reader.abort();
    }
}
