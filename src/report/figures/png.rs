//! Pixels to a PNG file inside a data URI: 8 bits per channel, no filter, no palette.
//!
//! A map of 100 × 100 cells takes some 15 KB this way, and 600 KB as rectangles.

use flate2::{Compression, Crc, write::ZlibEncoder};
use std::io::Write;

/// Returns `data:image/png;base64,…` for RGB pixels, rows from the top; missing bytes are black.
pub(super) fn data_uri(width: usize, height: usize, rgb: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(&encode(width, height, rgb)))
}

fn encode(width: usize, height: usize, rgb: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    header.extend([8, 2, 0, 0, 0]); // bits, RGB, and the only compression, filter and order without interlace
    let mut rows = Vec::with_capacity((width * 3 + 1) * height);
    for row in 0..height {
        rows.push(0);
        rows.extend((0..width * 3).map(|i| rgb.get(row * width * 3 + i).copied().unwrap_or(0)));
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &compressed(&rows));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(data);
    png.extend((data.len() as u32).to_be_bytes());
    png.extend(name);
    png.extend(data);
    png.extend(crc.sum().to_be_bytes());
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().enumerate().fold(0u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in cases {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn the_smallest_png_has_its_parts_and_its_checksum() {
        let png = encode(1, 1, &[255, 0, 0]);
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&png[12..16], b"IHDR");
        // The end chunk is the same in every PNG: the specification prints its checksum.
        assert_eq!(&png[png.len() - 12..], b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
