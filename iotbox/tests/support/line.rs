//! A line to the service that is slow, or dead after a while.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How the line treats its connections.
#[derive(Debug, Clone, Copy)]
pub struct LineScript {
    pub bytes_per_s: u64,
    /// The first connection goes no further than this.
    pub first_ends_after: u64,
}

/// Opens a line to an address of this machine and returns the one at which it begins.
pub async fn line_to(url: &str, script: LineScript) -> String {
    let far = url.strip_prefix("http://").unwrap().to_owned();
    // What waits in buffers of this machine would hide how slow the line is.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(16).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(carry_all(listener, far, script));
    url
}

async fn carry_all(listener: TcpListener, far: String, script: LineScript) {
    let mut ends_after = script.first_ends_after;
    while let Ok((near, _)) = listener.accept().await {
        let far = TcpStream::connect(&far).await.unwrap();
        tokio::spawn(carry(near, far, script.bytes_per_s, ends_after));
        ends_after = u64::MAX;
    }
}

async fn carry(near: TcpStream, far: TcpStream, bytes_per_s: u64, ends_after: u64) {
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_far, &mut to_near).await });
    let mut buffer = vec![0; 16 << 10];
    let mut carried = 0;
    while carried < ends_after {
        let length = from_near.read(&mut buffer).await.unwrap_or(0);
        if length == 0 {
            return back.abort();
        }
        let takes = Duration::from_micros(length as u64 * 1_000_000 / bytes_per_s);
        tokio::time::sleep(takes).await;
        if to_far.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        carried += length as u64;
    }
    // Dead, and nobody is told.
    std::future::pending().await
}
