//! Runs the embedded Kinesis Video alone, without signatures: `serve PORT FOLDER`. Its first line is its address; port 0 finds a free one.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use ciero_video::{Quotas, Video, VideoConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().context("the port is missing")?.parse()?;
    let folder = arguments.next().context("the folder is missing")?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let video = Video::open(VideoConfig {
        data_dir: folder.into(),
        base_url: base_url.clone(),
        account_id: "111122223333".into(),
        region: "ap-northeast-1".into(),
        now: Arc::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_millis() as i64)
        }),
        quotas: Quotas::Off,
    })?;
    println!("{base_url}");
    axum::serve(listener, video.router()).await?;
    Ok(())
}
