//! The tray's icon with the number of unread messages on it.

/// Three columns by five rows, the top row first.
const DIGITS: [[u8; 5]; 11] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
    // A plus sign, for more than fits.
    [0b000, 0b010, 0b111, 0b010, 0b000],
];
const RED: [u8; 4] = [0xd0, 0x2a, 0x2a, 0xff];
const WHITE: [u8; 4] = [0xff; 4];

/// A square RGBA picture with the number in its lower right corner; the picture itself if there is none.
pub fn draw(icon: &[u8], side: usize, unread: u32) -> Vec<u8> {
    let mut picture = icon.to_owned();
    if unread == 0 || side < 16 || picture.len() != side * side * 4 {
        return picture;
    }
    let signs: Vec<usize> = match unread {
        1..=9 => vec![unread as usize],
        10..=99 => vec![unread as usize / 10, unread as usize % 10],
        _ => vec![9, 10],
    };
    let dot = (side / 14).max(1);
    let width = (signs.len() * 4 + 1) * dot;
    let height = 7 * dot;
    let (left, top) = (side.saturating_sub(width), side.saturating_sub(height));
    let mut put = |x: usize, y: usize, colour: [u8; 4]| {
        if x < side && y < side {
            let at = (y * side + x) * 4;
            picture[at..at + 4].copy_from_slice(&colour);
        }
    };
    for y in top..side {
        for x in left..side {
            put(x, y, RED);
        }
    }
    for (place, &sign) in signs.iter().enumerate() {
        for (row, bits) in DIGITS[sign].iter().enumerate() {
            for column in (0..3).filter(|column| bits >> (2 - column) & 1 == 1) {
                for (x, y) in (0..dot * dot).map(|at| (at % dot, at / dot)) {
                    put(left + (1 + place * 4 + column) * dot + x, top + (1 + row) * dot + y, WHITE);
                }
            }
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_drawn_and_different_for_each() {
        let plain = vec![0_u8; 32 * 32 * 4];
        assert_eq!(draw(&plain, 32, 0), plain);
        let drawn: Vec<_> = [1, 2, 42, 99, 100].map(|unread| draw(&plain, 32, unread)).into();
        for (at, one) in drawn.iter().enumerate() {
            assert!(one.chunks(4).any(|pixel| pixel == RED) && one.chunks(4).any(|pixel| pixel == WHITE));
            assert!(drawn[at + 1..].iter().all(|other| other != one));
        }
        // The upper left is untouched.
        assert!(drawn[4][..32 * 4].iter().all(|&byte| byte == 0));
        assert_eq!(draw(&plain, 32, 100), draw(&plain, 32, u32::MAX));
    }

    #[test]
    fn a_picture_that_is_too_small_stays_as_it_is() {
        assert_eq!(draw(&[1, 2, 3, 4], 1, 5), [1, 2, 3, 4]);
    }
}
