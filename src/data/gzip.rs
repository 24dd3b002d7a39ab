//! Unpacks gzip where the bytes say so, whatever the file is called.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// Returns a reader of the unpacked bytes: files that start with the two magic bytes of gzip are unpacked,
/// others pass through. A damaged archive shows as an error while reading.
pub fn unpacked(mut file: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    // Some kilobytes rather than two bytes, because the csv reader looks for a byte-order mark in what it gets first.
    let mut start = Vec::new();
    file.by_ref().take(1 << 12).read_to_end(&mut start)?;
    let is_gzip = start.starts_with(&[0x1f, 0x8b]);
    let whole = Cursor::new(start).chain(file);
    if !is_gzip {
        return Ok(Box::new(whole));
    }
    Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole))))
}
