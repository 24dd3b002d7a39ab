//! The list of contents of a ZIP archive, as far as `.npz` needs it: parts that are stored or deflated.
//!
//! ```text
//! parts, each after a header of its own …   list: name, method, sizes, place of each   end: where the list begins
//! ```
//!
//! Nothing of what the archive says of itself is believed: every place is looked up in the bytes that are there, and
//! nothing is reserved for a size that is only claimed. Archives of more than 4 GiB (ZIP64) are refused.

use std::io::Read;

use flate2::read::DeflateDecoder;

/// One part of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its path in the archive.
    pub name: String,
    method: u16,
    /// CRC-32 of its unpacked bytes.
    pub crc: u32,
    packed: usize,
    start: usize,
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Longest end of an archive: its 22 bytes and a comment.
const LONGEST_END: usize = 22 + 0xffff;

/// Reads the list of contents; the error says what is wrong.
pub fn parts(bytes: &[u8]) -> Result<Vec<Part>, String> {
    let from = bytes.len().saturating_sub(LONGEST_END);
    let tail = bytes.get(from..).unwrap_or_default();
    let end = tail.windows(4).rposition(|w| w == b"PK\x05\x06").ok_or("it is not a ZIP archive")? + from;
    let (count, mut at) = (u16_at(bytes, end + 10)?, u32_at(bytes, end + 16)? as usize);
    let mut parts = vec![];
    for _ in 0..count {
        if bytes.get(at..at.saturating_add(4)) != Some(b"PK\x01\x02") {
            return Err("its list of contents is damaged".to_owned());
        }
        let (flags, method) = (u16_at(bytes, at + 8)?, u16_at(bytes, at + 10)?);
        let (packed, size) = (u32_at(bytes, at + 20)?, u32_at(bytes, at + 24)?);
        let own = u32_at(bytes, at + 42)? as usize;
        let [name, extra, comment] = [28, 30, 32].map(|k| u16_at(bytes, at + k).map(usize::from));
        let (name_len, rest) = (name?, extra?.saturating_add(comment?));
        let name = bytes.get(at + 46..at + 46 + name_len).ok_or("its list of contents is cut short")?;
        let name = String::from_utf8_lossy(name).into_owned();
        if [packed, size].contains(&u32::MAX) || own == u32::MAX as usize {
            return Err(format!("`{name}` is larger than 4 GiB; save it as an .npy file of its own"));
        }
        if flags & 1 == 1 {
            return Err(format!("`{name}` is encrypted"));
        }
        if !matches!(method, STORED | DEFLATED) {
            return Err(format!("`{name}` is packed by method {method}; NumPy stores or deflates"));
        }
        // The part's own header has a name and an extra field of its own lengths.
        let skipped = usize::from(u16_at(bytes, own.saturating_add(26))?)
            + usize::from(u16_at(bytes, own.saturating_add(28))?);
        let start = own.saturating_add(30 + skipped);
        parts.push(Part { name, method, crc: u32_at(bytes, at + 16)?, packed: packed as usize, start });
        at = at.saturating_add(46 + name_len + rest);
    }
    Ok(parts)
}

impl Part {
    /// A reader of its unpacked bytes; a damaged part shows as an error while reading.
    pub fn unpacked<'a>(&self, archive: &'a [u8]) -> Result<Box<dyn Read + 'a>, String> {
        let packed = archive.get(self.start..self.start.saturating_add(self.packed));
        let packed = packed.ok_or_else(|| format!("`{}` is cut short", self.name))?;
        Ok(if self.method == DEFLATED { Box::new(DeflateDecoder::new(packed)) } else { Box::new(packed) })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, String> {
    let found = bytes.get(at..at.saturating_add(2)).and_then(|b| b.try_into().ok());
    found.map(u16::from_le_bytes).ok_or_else(|| "it is cut short".to_owned())
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, String> {
    let found = bytes.get(at..at.saturating_add(4)).and_then(|b| b.try_into().ok());
    found.map(u32::from_le_bytes).ok_or_else(|| "it is cut short".to_owned())
}
