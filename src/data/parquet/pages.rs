//! The pages of one column chunk: their headers read, their bytes unpacked, their claims checked.
//!
//! ```text
//! header  levels  values        levels say which rows have a value; a first page may hold a dictionary
//! ```

use std::io::Read;

use flate2::read::MultiGzDecoder;
use parquet::basic::{CompressionCodec, Type};

use super::thrift::{Integers, Thrift};
use super::values::{Physical, Stored, decode, hybrid, plain, prefixed};

/// A page may unpack to so many bytes, or to so many times its packed ones, whichever is more. Writers end a page at
/// about 1 MiB.
const UNPACKED_BYTES: usize = 64 << 20;
const UNPACKED_TIMES: usize = 256;

/// A page of numbers is no longer than so many bytes for each value, its levels included, and so many more.
const BYTES_PER_VALUE: usize = 32;
const PAGE_SPARE: usize = 1 << 20;

/// All pages of a chunk may unpack to so many times its bytes, beside [`UNPACKED_BYTES`]: as many numbers as the file may
/// have rows ([`super::ROWS_PER_BYTE`]).
const CHUNK_TIMES: usize = 512;

/// Bytes of memory that a cell takes: a number, or the end of a text, and a copy.
const CELL: u64 = 16;

/// The most that so many bytes of a page may become.
pub fn most_unpacked(packed: usize) -> usize {
    UNPACKED_BYTES.max(packed.saturating_mul(UNPACKED_TIMES))
}

/// A chunk of a column.
pub struct Chunk<'a> {
    /// What is left of its bytes.
    pub bytes: &'a [u8],
    /// How its pages are packed.
    pub codec: CompressionCodec,
    /// What is stored.
    pub physical: Physical,
    /// The level of a row that has a value; below it the value is null.
    pub defined: u32,
    /// The dictionary, once its page was read.
    pub dictionary: Option<Stored>,
    /// Bytes that its pages may still unpack to.
    pub left_to_unpack: usize,
}

/// The most that all pages of a chunk of so many bytes may become.
pub fn most_of_chunk(bytes: usize) -> usize {
    UNPACKED_BYTES.saturating_add(bytes.saturating_mul(CHUNK_TIMES))
}

/// The rows of a page: which have a value, and the values.
pub struct Rows {
    /// One entry per row; `None` where all have a value.
    pub has_value: Option<Vec<bool>>,
    /// The values that are there.
    pub values: Stored,
}

impl Rows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.has_value.as_ref().map_or(self.values.len(), Vec::len)
    }

    /// Bytes of memory that they take as cells, copies included.
    pub fn memory(&self) -> u64 {
        let texts = match &self.values {
            Stored::Bytes(_, ranges) => ranges.iter().map(ExactSizeIterator::len).sum(),
            Stored::Integers(_) | Stored::Floats(_) => 0,
        };
        CELL * self.len() as u64 + 2 * texts as u64
    }
}

const DAMAGED: &str = "a page is cut short or damaged";

impl Chunk<'_> {
    /// The rows of the next page that has some, at most `most`.
    pub fn next(&mut self, most: usize) -> Result<Rows, String> {
        loop {
            if self.bytes.is_empty() {
                return Err("it has fewer values than rows".to_owned());
            }
            let mut thrift = Thrift::new(self.bytes);
            let header = thrift.integers().ok_or(DAMAGED)?;
            let start = self.bytes.len() - thrift.left();
            let (packed, rest) =
                self.bytes[start..].split_at_checked(size(&header, (3, 0))?).ok_or(DAMAGED)?;
            self.bytes = rest;
            let size_unpacked = size(&header, (2, 0))?;
            if size_unpacked > most_unpacked(packed.len()) {
                return Err(format!("a page of {} bytes claims to unpack to {size_unpacked}", packed.len()));
            }
            let count = header.get(&(5, 1)).or(header.get(&(8, 1))).or(header.get(&(7, 1)));
            let count = count.and_then(|n| usize::try_from(*n).ok()).unwrap_or(0);
            let each = self.physical.length.saturating_add(BYTES_PER_VALUE);
            let longest = each.saturating_mul(count).saturating_add(PAGE_SPARE);
            let is_text = self.physical.kind == Type::BYTE_ARRAY;
            if !is_text && size_unpacked > longest {
                return Err(format!("a page of {count} values claims to unpack to {size_unpacked} bytes"));
            }
            // One small page after the other, each of which unpacks to as much as a page may.
            self.left_to_unpack = self
                .left_to_unpack
                .checked_sub(size_unpacked)
                .ok_or("its pages claim to unpack to far more than they can hold")?;
            match header.get(&(1, 0)) {
                // Nothing to read.
                Some(0) if size(&header, (5, 1))? == 0 => {}
                Some(3) if size(&header, (8, 1))? == 0 => {}
                Some(2) if self.dictionary.is_some() => return Err("it has two dictionaries".to_owned()),
                Some(0) => return self.first_form(&header, &self.unpack(packed, 0, size_unpacked)?, most),
                Some(2) => {
                    let entries = size(&header, (7, 1))?;
                    let bytes = self.unpack(packed, 0, size_unpacked)?;
                    self.dictionary =
                        Some(plain(&bytes, self.physical, entries).ok_or("its dictionary is damaged")?);
                }
                Some(3) => return self.second_form(&header, packed, size_unpacked, most),
                _ => {}
            }
        }
    }

    /// A page whose levels are packed with its values, after their length.
    fn first_form(&self, header: &Integers, bytes: &[u8], most: usize) -> Result<Rows, String> {
        let count = size(header, (5, 1))?;
        if self.defined == 0 {
            return self.rows(header, (5, 2), bytes, None, count, most);
        }
        if header.get(&(5, 3)) != Some(&3) {
            return Err("its levels are in an encoding that is no longer in use".to_owned());
        }
        let (levels, values) = prefixed(bytes).ok_or(DAMAGED)?;
        self.rows(header, (5, 2), values, Some(levels), count, most)
    }

    /// A page whose levels stand before what is packed; their lengths are in the header.
    fn second_form(
        &self,
        header: &Integers,
        packed: &[u8],
        size_unpacked: usize,
        most: usize,
    ) -> Result<Rows, String> {
        let (definition, repetition) = (size(header, (8, 5))?, size(header, (8, 6))?);
        let is_packed = header.get(&(8, 7)) != Some(&0);
        let bytes = match is_packed {
            true => &self.unpack(packed, definition + repetition, size_unpacked)?,
            false => packed,
        };
        let (_, bytes) = bytes.split_at_checked(repetition).ok_or(DAMAGED)?;
        let (levels, values) = bytes.split_at_checked(definition).ok_or(DAMAGED)?;
        self.rows(header, (8, 4), values, (self.defined > 0).then_some(levels), size(header, (8, 1))?, most)
    }

    fn rows(
        &self,
        header: &Integers,
        encoding: (i16, i16),
        values: &[u8],
        levels: Option<&[u8]>,
        count: usize,
        most: usize,
    ) -> Result<Rows, String> {
        if count > most {
            return Err("it has more values than rows".to_owned());
        }
        let has_value = match levels {
            Some(levels) => {
                let levels =
                    hybrid(levels, u32::BITS - self.defined.leading_zeros(), count).ok_or(DAMAGED)?;
                Some(levels.into_iter().map(|level| level == self.defined).collect::<Vec<bool>>())
            }
            None => None,
        };
        let there = has_value.as_ref().map_or(count, |rows| rows.iter().filter(|has| **has).count());
        let encoding = header.get(&encoding).copied().unwrap_or(-1);
        let values = decode(encoding, values, self.physical, there, self.dictionary.as_ref())
            .ok_or_else(|| format!("encoding {encoding} is not known for {}", self.physical.kind))?
            .ok_or(DAMAGED)?;
        Ok(Rows { has_value, values })
    }

    /// The first `plain` bytes as they are and the others unpacked, `size` in all.
    fn unpack(&self, packed: &[u8], plain: usize, size: usize) -> Result<Vec<u8>, String> {
        let (plain, rest) = packed.split_at_checked(plain).ok_or(DAMAGED)?;
        let wanted = size.checked_sub(plain.len()).ok_or(DAMAGED)?;
        let mut bytes = plain.to_vec();
        // One byte more than is wanted shows that there is more.
        let most = wanted as u64 + 1;
        let unpacked = match self.codec {
            CompressionCodec::UNCOMPRESSED => rest.take(most).read_to_end(&mut bytes).is_ok(),
            // A page without values is written as nothing.
            _ if wanted == 0 => true,
            CompressionCodec::SNAPPY => match snap::raw::decompress_len(rest) {
                Ok(length) if length == wanted => {
                    snap::raw::Decoder::new().decompress_vec(rest).map(|more| bytes.extend(more)).is_ok()
                }
                _ => false,
            },
            CompressionCodec::GZIP => MultiGzDecoder::new(rest).take(most).read_to_end(&mut bytes).is_ok(),
            CompressionCodec::ZSTD => match ruzstd::decoding::StreamingDecoder::new(rest) {
                Ok(unpacked) => unpacked.take(most).read_to_end(&mut bytes).is_ok(),
                Err(_) => false,
            },
            codec => return Err(format!("it is packed with {codec:?}; known are snappy, gzip and zstd")),
        };
        if unpacked && bytes.len() == size { Ok(bytes) } else { Err(DAMAGED.to_owned()) }
    }
}

/// A size or count of a header: a number that is not negative.
fn size(header: &Integers, at: (i16, i16)) -> Result<usize, String> {
    let value = header.get(&at).and_then(|n| usize::try_from(*n).ok()).filter(|n| *n <= i32::MAX as usize);
    value.ok_or_else(|| DAMAGED.to_owned())
}
