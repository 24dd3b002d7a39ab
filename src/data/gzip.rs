//! Unpacks gzip where the bytes say so, whatever the file is called.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// Returns a reader of the unpacked bytes: files that start with the two magic bytes of gzip are unpacked,
/// others pass through. A damaged archive shows as an error while reading.
pub fn unpacked(mut file: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut start = Vec::with_capacity(2);
    file.by_ref().take(2).read_to_end(&mut start)?;
    let is_gzip = start == [0x1f, 0x8b];
    let whole = BufReader::with_capacity(1 << 16, Cursor::new(start).chain(file));
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}
