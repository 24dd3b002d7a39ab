//! IDX files, the format of MNIST: `idx("images.gz", "labels.gz")`, gzipped or not.
//!
//! ```text
//! 00 00  type  axes   size of each axis, 4 bytes big-endian   values, row-major, big-endian
//! ```
//!
//! The first axis runs over rows. Sizes come from an untrusted header, so memory grows only with the bytes
//! that are really there.

use std::io::Read;

use super::error;
use super::table::{Cells, Content, Header, Opened, Table};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// One file of a source with its header read.
struct Array {
    place: String,
    span: Span,
    element: Element,
    rows: usize,
    shape: Vec<usize>,
    file: Box<dyn Read>,
}

/// The element types of the format: code, bytes per value, and how a value is read.
#[derive(Clone, Copy)]
struct Element {
    code: u8,
    size: usize,
    value: fn(&[u8]) -> f64,
}

/// Turns the big-endian bytes of one value into an f64.
macro_rules! big_endian {
    ($number:ty) => {
        |bytes| bytes.try_into().map_or(f64::NAN, |b| <$number>::from_be_bytes(b) as f64)
    };
}

const ELEMENTS: &[Element] = &[
    Element { code: 0x08, size: 1, value: big_endian!(u8) },
    Element { code: 0x09, size: 1, value: big_endian!(i8) },
    Element { code: 0x0b, size: 2, value: big_endian!(i16) },
    Element { code: 0x0c, size: 4, value: big_endian!(i32) },
    Element { code: 0x0d, size: 4, value: big_endian!(f32) },
    Element { code: 0x0e, size: 8, value: big_endian!(f64) },
];

/// Code of unsigned bytes, which stay bytes in memory.
const BYTES: u8 = 0x08;

/// A pair of files: inputs `x` and labels `y`, or inputs alone.
struct Pair {
    header: Vec<Header>,
    arrays: Vec<Array>,
}

/// Opens the files (one or two), reads their headers and checks that they have equally many rows.
pub fn open(files: Vec<(String, Span, Box<dyn Read>)>) -> Result<Box<dyn Opened>, Diagnostic> {
    let arrays = files.into_iter().map(|(place, span, file)| read_header(place, span, file));
    let arrays = arrays.collect::<Result<Vec<Array>, Diagnostic>>()?;
    if let [images, labels] = arrays.as_slice()
        && images.rows != labels.rows
    {
        let cause = format!("it has {} rows, but {} has {}", labels.rows, images.place, images.rows);
        return Err(error::unreadable(labels.span, &labels.place, &cause));
    }
    let content = |array: &Array| match array.element.code {
        BYTES => Content::Bytes(array.shape.clone()),
        _ => Content::Numbers(array.shape.clone()),
    };
    let header = ["x", "y"].iter().zip(&arrays);
    let header = header.map(|(name, a)| Header { name: (*name).to_owned(), content: content(a) }).collect();
    Ok(Box::new(Pair { header, arrays }))
}

fn read_header(place: String, span: Span, mut file: Box<dyn Read>) -> Result<Array, Diagnostic> {
    let start = exactly(&mut file, 4, &place, span)?;
    let &[0, 0, code, axes] = start.as_slice() else {
        return Err(error::unreadable(
            span,
            &place,
            "it is not an IDX file: it does not start with two zero bytes",
        ));
    };
    let Some(element) = ELEMENTS.iter().find(|e| e.code == code).copied() else {
        let cause = format!("it is not an IDX file: 0x{code:02x} is no element type of that format");
        return Err(error::unreadable(span, &place, &cause));
    };
    if axes == 0 || axes > 4 {
        let cause = format!("its header says {axes} axes; between 1 and 4 make sense");
        return Err(error::unreadable(span, &place, &cause));
    }
    let sizes = exactly(&mut file, 4 * usize::from(axes), &place, span)?;
    let sizes: Vec<usize> =
        sizes.as_chunks::<4>().0.iter().map(|b| u32::from_be_bytes(*b) as usize).collect();
    Ok(Array { place, span, element, rows: sizes[0], shape: sizes[1..].to_vec(), file })
}

impl Opened for Pair {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        let place = self.arrays.iter().map(|a| a.place.as_str()).collect::<Vec<_>>().join(", ");
        let rows = self.arrays.first().map_or(0, |a| a.rows);
        let mut columns = vec![];
        for (array, wanted) in self.arrays.into_iter().zip(wanted) {
            columns.push(if *wanted { Some(read_values(array)?) } else { None });
        }
        Ok(Table { place, rows, lines: vec![], origin: vec![], columns })
    }
}

fn read_values(mut array: Array) -> Result<Cells, Diagnostic> {
    let (place, span) = (&array.place, array.span);
    let width = array.shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size));
    let total = width.and_then(|n| n.checked_mul(array.rows)?.checked_mul(array.element.size));
    let (Some(width), Some(total)) = (width, total) else {
        return Err(error::unreadable(span, place, "its header claims more bytes than any machine has"));
    };
    let bytes = exactly(&mut array.file, total, place, span)?;
    let mut rest = [0u8; 1];
    match array.file.read(&mut rest) {
        Ok(0) => {}
        Ok(_) => {
            return Err(error::unreadable(span, place, "it goes on after the size that its header says"));
        }
        Err(cause) => return Err(error::unreadable(span, place, &error::io_cause(&cause))),
    }
    if array.element.code == BYTES {
        return Ok(Cells::Bytes { width, data: bytes });
    }
    let data = bytes.chunks_exact(array.element.size).map(array.element.value).collect();
    Ok(Cells::Numbers { width, data })
}

/// Reads so many bytes, or says that the file is cut short.
pub(super) fn exactly(
    file: &mut dyn Read,
    count: usize,
    place: &str,
    span: Span,
) -> Result<Vec<u8>, Diagnostic> {
    // A header may claim petabytes: reserve at most 64 MiB ahead of the bytes that arrive.
    let mut bytes = Vec::with_capacity(count.min(1 << 26));
    match file.take(count as u64).read_to_end(&mut bytes) {
        Err(cause) => Err(error::unreadable(span, place, &error::io_cause(&cause))),
        Ok(found) if found < count => {
            let cause = format!("it is cut short: {count} bytes should follow, {found} are there");
            Err(error::unreadable(span, place, &cause))
        }
        Ok(_) => Ok(bytes),
    }
}
