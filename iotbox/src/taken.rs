//! What a line takes of the bytes that are written to it, and when it took the last.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whatever bytes go over.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How many bytes a line has taken, and when the last of them; shared by who writes and who waits.
#[derive(Debug, Clone)]
pub struct Taken(Arc<Mutex<(u64, Instant)>>);

impl Default for Taken {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((0, Instant::now()))))
    }
}

impl Taken {
    pub fn bytes(&self) -> u64 {
        self.read().0
    }

    /// When the last bytes were taken; before the first, when the line was opened.
    pub fn last(&self) -> Instant {
        self.read().1
    }

    fn read(&self) -> (u64, Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, bytes: usize) {
        if bytes > 0 {
            let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *taken = (taken.0 + bytes as u64, Instant::now());
        }
    }
}

/// A wire of which it is noted what it takes.
pub struct Noted {
    wire: Box<dyn Wire>,
    taken: Taken,
}

impl Noted {
    pub fn new(wire: Box<dyn Wire>, taken: Taken) -> Self {
        Self { wire, taken }
    }

    fn noted(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &outcome {
            self.taken.note(*bytes);
        }
        outcome
    }
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(context, buffer)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.wire).poll_write(context, bytes);
        self.noted(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.wire).poll_write_vectored(context, bytes);
        self.noted(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_a_line_takes_is_counted_and_what_it_leaves_is_not() {
        let (near, mut far) = tokio::io::duplex(10);
        let taken = Taken::default();
        let mut noted = Noted::new(Box::new(near), taken.clone());
        let opened = taken.last();
        assert_eq!(noted.write(&[7; 16]).await.unwrap(), 10);
        assert_eq!(taken.bytes(), 10);
        assert!(taken.last() >= opened);
        far.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(noted.write(&[7; 6]).await.unwrap(), 4);
        assert_eq!(taken.bytes(), 14);
    }
}
