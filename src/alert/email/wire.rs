//! The bytes that go over the line and a bound on the bytes that come back.
//!
//! Not here: the dialogue (`smtp.rs`).

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::{Address, transport::smtp::client::AsyncTokioStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::outcome::TooMuch;
use crate::model::limits;

/// The whole message as one recipient gets it: `To` in front, every line ended by CRLF, and without the last line
/// end, because the client puts one before the final dot.
///
/// A lone CR or LF becomes a CRLF: servers disagree about what ends a message, and what one takes for a line the
/// next takes for the end.
pub(super) fn framed(to: &Address, mime: &[u8]) -> Vec<u8> {
    let mut wire = format!("To: {to}\r\n").into_bytes();
    wire.reserve(mime.len());
    let mut after_cr = false;
    for &byte in mime {
        match byte {
            b'\n' if after_cr => {}
            b'\r' | b'\n' => wire.extend_from_slice(b"\r\n"),
            _ => wire.push(byte),
        }
        after_cr = byte == b'\r';
    }
    if wire.ends_with(b"\r\n") {
        wire.truncate(wire.len() - 2);
    }
    wire
}

/// Bytes read at once.
const PIECE: usize = 4 * 1024;

/// A connection that breaks once the other side has said more than `limits::SMTP_READ_BYTES`.
pub(super) struct Bounded {
    stream: TcpStream,
    left: usize,
}

impl Bounded {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, left: limits::SMTP_READ_BYTES }
    }
}

impl fmt::Debug for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded").field("left", &self.left).finish_non_exhaustive()
    }
}

impl AsyncTokioStream for Bounded {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Bounded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other(TooMuch)));
        }
        // By way of a piece of our own, so that no single reading goes beyond what is left.
        let mut piece = [0; PIECE];
        let most = PIECE.min(self.left).min(buf.remaining());
        let mut part = ReadBuf::new(piece.get_mut(..most).unwrap_or_default());
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut part);
        self.left = self.left.saturating_sub(part.filled().len());
        buf.put_slice(part.filled());
        polled
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
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
    use super::*;

    #[test]
    fn the_recipient_stands_in_front_and_no_lone_line_end_is_left() {
        let to: Address = "pr@tsubame.example".parse().unwrap();
        let cases: [(&[u8], &[u8]); 4] = [
            (b"Subject: x\r\n\r\ny\r\n", b"To: pr@tsubame.example\r\nSubject: x\r\n\r\ny"),
            (b"a\n.\nb\r.\rc", b"To: pr@tsubame.example\r\na\r\n.\r\nb\r\n.\r\nc"),
            (b"a\r\r\nb\r\n\r\n", b"To: pr@tsubame.example\r\na\r\n\r\nb\r\n"),
            (b"", b"To: pr@tsubame.example"),
        ];
        for (mime, wire) in cases {
            assert_eq!(String::from_utf8_lossy(&framed(&to, mime)), String::from_utf8_lossy(wire));
        }
    }
}
