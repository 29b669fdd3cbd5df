//! Whatever a producer sends, in whatever pieces, does not harm what is kept.

use axum::body::{Body, Bytes};
use ciero_media::matroska::Tag;
use ciero_media::matroska::write::{write_end_of_fragment, write_tags};
use ciero_video::check;
use futures::future::join_all;

use crate::common::{NOW_MS, Service, events, header, second};

/// A good film, cut, bent or repeated at a place that the numbers choose.
fn broken(film: &[u8], n: usize) -> Vec<u8> {
    let mut film = film.to_vec();
    let place = n * 7919 % film.len();
    match n % 4 {
        0 => film.truncate(place),
        1 => film[place] ^= 1 << (n / 4 % 8),
        2 => drop(film.drain(place..film.len().min(place + n % 23 + 1))),
        _ => {
            let piece = film[place..film.len().min(place + 60)].to_vec();
            film.splice(place..place, piece);
        }
    }
    film
}

#[tokio::test]
async fn any_bytes_in_any_pieces_leave_the_store_in_order() {
    let tags = write_tags(&[Tag {
        name: "door".into(),
        value: "open".into(),
    }]);
    let film = [
        header(),
        second(NOW_MS),
        tags,
        second(NOW_MS + 1000),
        write_end_of_fragment(),
    ];
    let film = film.concat();
    let service = Service::with_stream().await;
    let answers = join_all((0..400).map(|n| {
        let film = Bytes::from(broken(&film, n));
        let size = [1, 7, 61, 4096][n / 4 % 4];
        let ends = (0..film.len()).step_by(size);
        let pieces: Vec<_> = ends
            .map(|at| Ok::<_, std::io::Error>(film.slice(at..film.len().min(at + size))))
            .collect();
        service.put_with(
            "ABSOLUTE",
            None,
            Body::from_stream(futures::stream::iter(pieces)),
        )
    }))
    .await;
    let persisted: usize = answers
        .iter()
        .map(|acks| events(acks, "PERSISTED").len())
        .sum();
    let errors = answers.iter().flat_map(|acks| events(acks, "ERROR"));
    assert!(errors.clone().count() > 50);
    assert!(
        errors
            .clone()
            .all(|error| error["ErrorId"].as_u64().unwrap() < 5000)
    );
    service.put_seconds(&[NOW_MS + 5000]).await;
    let folder = service.stopped();
    let report = check(folder.path()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.fragments, persisted as u64 + 1);
    assert!(report.fragments > 100, "{} fragments", report.fragments);
}
