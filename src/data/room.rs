//! A reader that ends with an error before what it reads takes more memory than there is.
//!
//! ```text
//! 2 MB of gzip ─unpack→ 2 GB of "0,0\n" ─at 18 GB of cells→ D015: it needs more memory than …
//! ```
//!
//! What a table takes depends on its cells more than on its bytes: a cell is a text, its end, and a number. So cells
//! are counted by what separates them. A single line of more than 64 MiB is no row.

use std::io::{self, Read};

/// Bytes of memory that a cell and a byte of a text take at most, copies included.
const CELL: u64 = 40;
const BYTE: u64 = 2;
/// Bytes that a byte of a binary file takes, where its numbers are of four bytes.
const BINARY: u64 = 4;
/// The longest line of a table.
const LONGEST_LINE: u64 = 64 << 20;

/// What a file is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// cells between separators
    Text,
    /// numbers
    Binary,
}

struct Guarded<R> {
    inner: R,
    kind: Kind,
    room: u64,
    taken: u64,
    line: u64,
}

/// Bounds what is read by the memory it will take.
pub fn guarded(inner: Box<dyn Read>, kind: Kind, room: u64) -> Box<dyn Read> {
    Box::new(Guarded { inner, kind, room, taken: 0, line: 0 })
}

/// The error of a file that takes too much.
pub fn too_much(room: u64) -> io::Error {
    let text =
        format!("it takes more than the {} MiB of memory that are allowed (`--max-memory`)", room >> 20);
    io::Error::new(io::ErrorKind::OutOfMemory, text)
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        let bytes = &out[..count];
        self.taken += match self.kind {
            Kind::Binary => BINARY * count as u64,
            Kind::Text => {
                let cells = bytes.iter().filter(|b| matches!(b, b',' | b'\t' | b'\n' | b'\r')).count();
                self.line = match bytes.iter().rposition(|b| *b == b'\n') {
                    Some(last) => (count - last) as u64,
                    None => self.line + count as u64,
                };
                BYTE * count as u64 + CELL * cells as u64
            }
        };
        if self.taken > self.room {
            return Err(too_much(self.room));
        }
        if self.line > LONGEST_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 64 MiB"));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ends_where_its_cells_take_too_much() {
        let text = |n: usize| Box::new(io::Cursor::new("0\n".repeat(n).into_bytes()));
        let read = |n: usize| guarded(text(n), Kind::Text, 1 << 20).read_to_end(&mut vec![]);
        assert_eq!(read(20_000).unwrap(), 40_000);
        assert_eq!(read(30_000).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        let line =
            guarded(Box::new(io::repeat(b'0').take(1 << 30)), Kind::Text, u64::MAX).read_to_end(&mut vec![]);
        assert!(line.unwrap_err().to_string().contains("64 MiB"));
    }
}
