//! PutMedia over a real connection, as producers open it.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use ciero_video::Quotas;

use crate::common::{NOW_MS, Service, header, second};

/// Opens PutMedia; `None` when the stream has no place for another connection.
async fn try_connect(service: &Service) -> Option<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = service.video.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = "POST /putMedia HTTP/1.1\r\nhost: 127.0.0.1\r\nx-amzn-stream-name: cam\r\n\
        x-amzn-fragment-timecode-type: ABSOLUTE\r\ncontent-type: application/json\r\nconnection: keep-alive\r\n\
        transfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = read_until(&mut connection, "\r\n\r\n").await;
    if answer.starts_with("HTTP/1.1 400") {
        return None;
    }
    if !answer.contains("200 OK") {
        answer += &read_until(&mut connection, "\r\n\r\n").await;
    }
    assert!(
        answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "{answer}"
    );
    Some(connection)
}

async fn connect(service: &Service) -> TcpStream {
    try_connect(service).await.expect("there is a place")
}

async fn send(connection: &mut TcpStream, bytes: &[u8]) {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    connection.write_all(&chunk).await.unwrap();
}

/// Reads what arrives until it contains the words.
async fn read_until(connection: &mut TcpStream, words: &str) -> String {
    let mut text = String::new();
    let mut piece = [0; 4096];
    while !text.contains(words) {
        let length = connection.read(&mut piece).await.unwrap();
        assert_ne!(length, 0, "the service hung up after {text}");
        text.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    text
}

#[tokio::test]
async fn acknowledgements_arrive_while_the_request_is_still_open() {
    let service = Service::with_stream().await;
    let mut connection = connect(&service).await;
    send(&mut connection, &header()).await;
    for n in 0..3 {
        send(&mut connection, &second(NOW_MS + n * 1000)).await;
        read_until(&mut connection, "PERSISTED").await;
    }
    send(&mut connection, &[]).await;
    read_until(&mut connection, "0\r\n\r\n").await;
}

#[tokio::test]
async fn a_producer_that_keeps_sending_still_reads_why_it_was_refused() {
    let service = Service::with_stream().await;
    let mut connection = connect(&service).await;
    send(&mut connection, &header()).await;
    send(&mut connection, &vec![0; 300_000]).await;
    read_until(&mut connection, "\"ErrorId\":4006").await;
}

#[tokio::test]
async fn a_producer_that_vanishes_frees_its_place_and_keeps_its_fragments() {
    let service = Service::with_stream_and(Quotas::On).await;
    for n in 0..6 {
        let mut connection = loop {
            if let Some(connection) = try_connect(&service).await {
                break connection;
            }
            service.advance(1000);
        };
        send(&mut connection, &header()).await;
        send(&mut connection, &second(NOW_MS + n * 1000)).await;
        read_until(&mut connection, "PERSISTED").await;
        send(&mut connection, &second(NOW_MS + n * 1000 + 500)[..60]).await;
        drop(connection);
    }
    assert_eq!(service.fragments().await.len(), 6);
}

/// Reads the chunks of an answer until its end, each with its own framing.
async fn read_chunks(connection: &mut TcpStream) -> Vec<String> {
    let mut answer = BufReader::new(connection);
    let mut chunks = Vec::new();
    loop {
        let mut size = String::new();
        answer.read_line(&mut size).await.unwrap();
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        answer.read_exact(&mut chunk).await.unwrap();
        assert!(chunk.ends_with(b"\r\n"));
        chunk.truncate(size);
        if chunk.is_empty() {
            return chunks;
        }
        chunks.push(String::from_utf8(chunk).unwrap());
    }
}

#[tokio::test]
async fn each_acknowledgement_is_a_chunk_of_its_own_however_many_are_ready() {
    let service = Service::with_stream().await;
    let mut connection = connect(&service).await;
    let seconds = (0..40).flat_map(|n| second(NOW_MS + n * 1000));
    let body: Vec<u8> = header().into_iter().chain(seconds).collect();
    // Nothing is read before everything was sent, so that answers pile up.
    send(&mut connection, &body).await;
    send(&mut connection, &[]).await;
    let chunks = read_chunks(&mut connection).await;
    assert_eq!(chunks.len(), 3 * 40, "BUFFERING, RECEIVED and PERSISTED");
    for chunk in &chunks {
        assert!(chunk.len() <= 1024 && chunk.ends_with("}\r\n"), "{chunk}");
        let ack: serde_json::Value = serde_json::from_str(chunk).unwrap();
        assert!(ack["EventType"].is_string());
    }
}
