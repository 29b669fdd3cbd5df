//! A picture in three planes (I420) that is drawn on directly, so that nothing is ever converted.

use openh264::formats::YUVSource;

use super::font;

/// A colour as the planes hold it: luma and the two chroma values, BT.709 limited range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

/// An area in luma dots; every number is even because chroma has half the dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// The picture's memory.
pub struct Canvas {
    width: usize,
    height: usize,
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
}

impl Canvas {
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        let (dots, chroma_dots) = (width * height, width * height / 4);
        Self {
            width,
            height,
            luma: vec![colour.0; dots],
            blue: vec![colour.1; chroma_dots],
            red: vec![colour.2; chroma_dots],
        }
    }

    /// Fills an area; what lies outside the picture is left out.
    pub fn fill(&mut self, area: Area, colour: Colour) {
        let right = (area.x + area.width).min(self.width);
        let bottom = (area.y + area.height).min(self.height);
        if area.x >= right {
            return;
        }
        for row in area.y..bottom {
            let start = row * self.width;
            self.luma[start + area.x..start + right].fill(colour.0);
        }
        for row in area.y / 2..bottom / 2 {
            let start = row * (self.width / 2);
            let columns = start + area.x / 2..start + right / 2;
            self.blue[columns.clone()].fill(colour.1);
            self.red[columns].fill(colour.2);
        }
    }

    /// Fills a disc around an even centre that lies at least a radius from the left and the top.
    pub fn disc(&mut self, centre: (usize, usize), radius: usize, colour: Colour) {
        let (centre_x, centre_y) = centre;
        for y in (centre_y - radius..centre_y + radius).step_by(2) {
            let distance = (y + 1).abs_diff(centre_y);
            let half = (radius * radius - distance * distance).isqrt() & !1;
            let area = Area {
                x: centre_x - half,
                y,
                width: 2 * half,
                height: 2,
            };
            self.fill(area, colour);
        }
    }

    /// Fills an area with grey dots of `dot` times `dot`, whose luma `grey` gives one after the other.
    pub fn greys(&mut self, area: Area, dot: usize, mut grey: impl FnMut() -> u8) {
        for y in (area.y..area.y + area.height).step_by(dot) {
            for x in (area.x..area.x + area.width).step_by(dot) {
                let place = Area {
                    x,
                    y,
                    width: dot,
                    height: dot,
                };
                self.fill(place, Colour(grey(), 128, 128));
            }
        }
    }

    /// Draws one sign with dots of `scale` times `scale`, cell and all.
    pub fn sign(&mut self, x: usize, y: usize, scale: usize, sign: u8, ink: [Colour; 2]) {
        let [front, back] = ink;
        let cell = Area {
            x,
            y,
            width: font::WIDTH * scale,
            height: font::HEIGHT * scale,
        };
        self.fill(cell, back);
        for (row, dots) in font::glyph(sign).into_iter().enumerate() {
            for column in
                (0..font::WIDTH).filter(|column| dots >> (font::WIDTH - 1 - column) & 1 == 1)
            {
                let dot = Area {
                    x: x + column * scale,
                    y: y + row * scale,
                    width: scale,
                    height: scale,
                };
                self.fill(dot, front);
            }
        }
    }

    #[cfg(test)]
    pub fn at(&self, x: usize, y: usize) -> Colour {
        let chroma = y / 2 * (self.width / 2) + x / 2;
        Colour(
            self.luma[y * self.width + x],
            self.blue[chroma],
            self.red[chroma],
        )
    }
}

impl YUVSource for Canvas {
    fn dimensions(&self) -> (usize, usize) {
        (self.width, self.height)
    }
    fn strides(&self) -> (usize, usize, usize) {
        (self.width, self.width / 2, self.width / 2)
    }
    fn y(&self) -> &[u8] {
        &self.luma
    }
    fn u(&self) -> &[u8] {
        &self.blue
    }
    fn v(&self) -> &[u8] {
        &self.red
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Colour = Colour(16, 128, 128);
    const WHITE: Colour = Colour(235, 128, 128);
    const RED: Colour = Colour(51, 109, 212);

    #[test]
    fn an_area_is_filled_to_its_edges_and_no_further() {
        let mut canvas = Canvas::new(32, 16, BLACK);
        let area = Area {
            x: 4,
            y: 2,
            width: 8,
            height: 6,
        };
        canvas.fill(area, RED);
        assert_eq!(canvas.at(4, 2), RED);
        assert_eq!(canvas.at(11, 7), RED);
        assert_eq!(canvas.at(12, 7), BLACK);
        assert_eq!(canvas.at(3, 2), BLACK);
        assert_eq!(canvas.at(4, 8), BLACK);
    }

    #[test]
    fn what_lies_outside_the_picture_is_left_out() {
        let mut canvas = Canvas::new(32, 16, BLACK);
        canvas.fill(
            Area {
                x: 24,
                y: 12,
                width: 100,
                height: 100,
            },
            RED,
        );
        canvas.fill(
            Area {
                x: 64,
                y: 0,
                width: 8,
                height: 8,
            },
            RED,
        );
        assert_eq!(canvas.at(31, 15), RED);
        assert_eq!(canvas.at(0, 0), BLACK);
    }

    #[test]
    fn a_sign_is_drawn_dot_by_dot() {
        let mut canvas = Canvas::new(32, 32, RED);
        canvas.sign(0, 0, 4, b'T', [WHITE, BLACK]);
        assert_eq!(canvas.at(0, 0), WHITE);
        assert_eq!(canvas.at(0, 4), BLACK);
        assert_eq!(canvas.at(8, 27), WHITE);
        assert_eq!(canvas.at(20, 0), RED);
    }

    #[test]
    fn a_disc_is_round_and_stays_within_its_radius() {
        let mut canvas = Canvas::new(64, 64, BLACK);
        canvas.disc((32, 32), 16, RED);
        assert_eq!(canvas.at(32, 32), RED);
        assert_eq!(canvas.at(32, 20), RED);
        assert_eq!(canvas.at(20, 20), BLACK);
        assert_eq!(canvas.at(32, 14), BLACK);
        assert_eq!(canvas.at(14, 32), BLACK);
    }
}
