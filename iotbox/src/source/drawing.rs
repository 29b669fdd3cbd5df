//! Draws the test picture: colour bars, the Tokyo time, a picture counter, snow, a ball and a sliding bar.

use jiff::tz::{Offset, TimeZone};

use super::canvas::{Area, Canvas, Colour};

pub const WIDTH: usize = 1280;
pub const HEIGHT: usize = 720;

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
/// What no encoder can foresee gives the stream the bit rate of a real camera.
const SNOW: Area = Area {
    x: 1136,
    y: 208,
    width: 128,
    height: 192,
};
const SNOW_DOT: usize = 2;

/// The picture as drawn; only what moves is drawn anew.
pub struct Drawing {
    pub canvas: Canvas,
    time: Vec<u8>,
    counter: Vec<u8>,
    pictures: u64,
    ball: (usize, usize),
    slider_x: usize,
    /// The last number of a linear congruence; the same picture comes out in every run.
    snow: u32,
}

impl Drawing {
    pub fn new() -> Self {
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
            snow: 1,
        }
    }

    /// Draws the picture of this moment, in epoch milliseconds.
    pub fn draw(&mut self, clock_ms: u64) {
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
        let snow = &mut self.snow;
        self.canvas.greys(SNOW, SNOW_DOT, || {
            *snow = snow.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            16 + (*snow >> 25) as u8
        });
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
