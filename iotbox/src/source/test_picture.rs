//! A moving test picture: colour bars, the Tokyo time, a picture counter, a ball and a sliding bar.

use ciero_media::avc::{self, AccessUnit};
use ciero_media::matroska::Track;
use jiff::tz::{Offset, TimeZone};

use super::canvas::{Area, Canvas, Colour};
use super::{KeyWish, Picture, Source, SourceError};
use crate::encoder::H264Encoder;

pub const WIDTH: usize = 1280;
pub const HEIGHT: usize = 720;
pub const PICTURES_PER_SECOND: u64 = 15;
const BITS_PER_SECOND: u32 = 1_500_000;

const BLACK: Colour = Colour(16, 128, 128);
const WHITE: Colour = Colour(235, 128, 128);
const NIGHT: Colour = Colour(40, 150, 118);
const BALL: Colour = Colour(168, 44, 136);
/// 75 % bars: white, yellow, cyan, green, magenta, red, blue, black.
const BARS: [Colour; 8] = [
    Colour(180, 128, 128),
    Colour(168, 44, 136),
    Colour(145, 147, 44),
    Colour(133, 63, 52),
    Colour(63, 193, 204),
    Colour(51, 109, 212),
    Colour(28, 212, 120),
    BLACK,
];

const BARS_HEIGHT: usize = 432;
const TIME_AT: (usize, usize) = (40, 444);
const TIME_SCALE: usize = 8;
const COUNTER_AT: (usize, usize) = (40, 516);
const COUNTER_SCALE: usize = 4;
const FIELD: Area = Area {
    x: 0,
    y: 560,
    width: WIDTH,
    height: 128,
};
const BALL_RADIUS: usize = 48;
const SLIDE: Area = Area {
    x: 0,
    y: 688,
    width: WIDTH,
    height: 32,
};
const SLIDER_WIDTH: usize = 96;

/// The test picture with its encoder.
pub struct TestPicture {
    drawing: Drawing,
    encoder: H264Encoder,
    track: Track,
    next_number: u64,
    must_be_key: bool,
}

impl TestPicture {
    /// Encodes one picture, from which the decoder's configuration is taken.
    pub fn new() -> Result<Self, SourceError> {
        let mut encoder =
            H264Encoder::new(BITS_PER_SECOND, PICTURES_PER_SECOND as f32).map_err(encoder_error)?;
        let drawing = Drawing::new();
        let first = encoder.encode(&drawing.canvas, 0).map_err(encoder_error)?;
        let AccessUnit {
            sps: Some(sps),
            pps: Some(pps),
            ..
        } = first
        else {
            return Err(SourceError::Encoder("no parameter sets".into()));
        };
        let avcc =
            avc::avcc(&sps, &pps).map_err(|error| SourceError::Encoder(error.to_string()))?;
        Ok(Self {
            drawing,
            encoder,
            track: Track::avc(1, WIDTH as u32, HEIGHT as u32, avcc),
            next_number: 0,
            must_be_key: true,
        })
    }

    fn next_at_ms(&self) -> u64 {
        self.next_number * 1000 / PICTURES_PER_SECOND
    }
}

fn encoder_error(error: openh264::Error) -> SourceError {
    SourceError::Encoder(error.to_string())
}

impl Source for TestPicture {
    fn track(&self) -> &Track {
        &self.track
    }

    fn next_due_ms(&mut self) -> Result<u64, SourceError> {
        Ok(self.next_at_ms())
    }

    fn next(&mut self, clock_ms: u64, wish: KeyWish) -> Result<Picture, SourceError> {
        self.drawing.draw(clock_ms);
        if self.must_be_key || wish == KeyWish::Wanted {
            self.encoder.want_key();
        }
        let at_ms = self.next_at_ms();
        let unit = self
            .encoder
            .encode(&self.drawing.canvas, at_ms)
            .map_err(encoder_error)?;
        self.next_number += 1;
        self.must_be_key = false;
        Ok(Picture {
            at_ms,
            key: unit.key,
            data: unit.data,
        })
    }

    fn restart(&mut self) -> Result<(), SourceError> {
        self.next_number = 0;
        self.must_be_key = true;
        Ok(())
    }
}

/// The picture as drawn; only what moves is drawn anew.
struct Drawing {
    canvas: Canvas,
    time: Vec<u8>,
    counter: Vec<u8>,
    pictures: u64,
    ball: (usize, usize),
    slider_x: usize,
}

impl Drawing {
    fn new() -> Self {
        let mut canvas = Canvas::new(WIDTH, HEIGHT, BLACK);
        let bar_width = WIDTH / BARS.len();
        for (index, colour) in BARS.into_iter().enumerate() {
            let area = Area {
                x: index * bar_width,
                y: 0,
                width: bar_width,
                height: BARS_HEIGHT,
            };
            canvas.fill(area, colour);
        }
        canvas.fill(FIELD, NIGHT);
        let ball = (BALL_RADIUS, FIELD.y + FIELD.height / 2);
        Self {
            canvas,
            time: Vec::new(),
            counter: Vec::new(),
            pictures: 0,
            ball,
            slider_x: 0,
        }
    }

    fn draw(&mut self, clock_ms: u64) {
        self.pictures += 1;
        let time = tokyo_time(clock_ms).into_bytes();
        write(&mut self.canvas, TIME_AT, TIME_SCALE, &self.time, &time);
        self.time = time;
        let counter = format!("FRAME {:08}", self.pictures % 100_000_000).into_bytes();
        write(
            &mut self.canvas,
            COUNTER_AT,
            COUNTER_SCALE,
            &self.counter,
            &counter,
        );
        self.counter = counter;
        self.move_ball();
        self.move_slider();
    }

    fn move_ball(&mut self) {
        let (x, _) = self.ball;
        let old = Area {
            x: x - BALL_RADIUS,
            y: FIELD.y,
            width: 2 * BALL_RADIUS,
            height: FIELD.height,
        };
        self.canvas.fill(old, NIGHT);
        let x = BALL_RADIUS + to_and_fro(self.pictures * 12, WIDTH - 2 * BALL_RADIUS);
        let rise = to_and_fro(self.pictures * 4, FIELD.height - 2 * BALL_RADIUS);
        self.ball = (x, FIELD.y + BALL_RADIUS + rise);
        self.canvas.disc(self.ball, BALL_RADIUS, BALL);
    }

    fn move_slider(&mut self) {
        let slider = |x| Area {
            x,
            y: SLIDE.y,
            width: SLIDER_WIDTH,
            height: SLIDE.height,
        };
        self.canvas.fill(slider(self.slider_x), BLACK);
        self.slider_x = (self.pictures as usize * 16) % WIDTH;
        self.canvas.fill(slider(self.slider_x), WHITE);
    }
}

/// Where something is that has gone `way` dots between two walls; always even.
fn to_and_fro(way: u64, room: usize) -> usize {
    let room = room as u64;
    let within = way % (2 * room);
    let place = if within < room {
        within
    } else {
        2 * room - within
    };
    (place & !1) as usize
}

fn tokyo_time(clock_ms: u64) -> String {
    let tokyo = TimeZone::fixed(Offset::constant(9));
    let moment = i64::try_from(clock_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or(jiff::Timestamp::MAX);
    let tenth = clock_ms % 1000 / 100;
    format!(
        "{}.{tenth} JST",
        moment.to_zoned(tokyo).strftime("%Y-%m-%d %H:%M:%S")
    )
}

/// Writes a line of signs, leaving those that are there already.
fn write(canvas: &mut Canvas, at: (usize, usize), scale: usize, old: &[u8], new: &[u8]) {
    for (index, &sign) in new.iter().enumerate() {
        if old.get(index) != Some(&sign) {
            let x = at.0 + index * (super::font::WIDTH + 1) * scale;
            canvas.sign(x, at.1, scale, sign, [WHITE, BLACK]);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NEW_YEAR_EVE_MS: u64 = 1_798_729_199_900;

    #[test]
    fn the_time_is_that_of_tokyo() {
        assert_eq!(tokyo_time(0), "1970-01-01 09:00:00.0 JST");
        assert_eq!(tokyo_time(NEW_YEAR_EVE_MS), "2026-12-31 23:59:59.9 JST");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_drawn_without_failing() {
        Drawing::new().draw(u64::MAX);
    }

    #[test]
    fn the_decoder_configuration_says_1280_by_720() {
        let picture = TestPicture::new().unwrap();
        let sps = avc::sps_of_avcc(&picture.track().codec_private).unwrap();
        assert_eq!((sps.width, sps.height), (1280, 720));
    }

    #[test]
    fn pictures_are_keys_when_wished_and_only_then() {
        let mut source = TestPicture::new().unwrap();
        let keys: Vec<bool> = (0..20)
            .map(|number| {
                let wish = if number == 15 {
                    KeyWish::Wanted
                } else {
                    KeyWish::NotNeeded
                };
                source
                    .next(NEW_YEAR_EVE_MS + number * 66, wish)
                    .unwrap()
                    .key
            })
            .collect();
        let expected: Vec<bool> = (0..20).map(|number| number == 0 || number == 15).collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_restart_begins_at_zero_with_a_key_picture() {
        let mut source = TestPicture::new().unwrap();
        for _ in 0..4 {
            source.next(NEW_YEAR_EVE_MS, KeyWish::NotNeeded).unwrap();
        }
        assert_eq!(source.next_due_ms().unwrap(), 266);
        source.restart().unwrap();
        let first = source.next(NEW_YEAR_EVE_MS, KeyWish::NotNeeded).unwrap();
        assert_eq!((first.at_ms, first.key), (0, true));
    }

    #[test]
    fn what_moves_leaves_no_trace() {
        let mut drawing = Drawing::new();
        for number in 0..400 {
            drawing.draw(NEW_YEAR_EVE_MS + number * 66);
        }
        let row = FIELD.y + FIELD.height / 2;
        let ball_dots = (0..WIDTH)
            .filter(|&x| drawing.canvas.at(x, row) == BALL)
            .count();
        assert!(
            (BALL_RADIUS..=2 * BALL_RADIUS).contains(&ball_dots),
            "{ball_dots}"
        );
        let slider_dots = (0..WIDTH)
            .filter(|&x| drawing.canvas.at(x, SLIDE.y) == WHITE)
            .count();
        assert!(slider_dots <= SLIDER_WIDTH, "{slider_dots}");
    }
}
