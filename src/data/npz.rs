//! NumPy's `.npz`: a ZIP archive of `.npy` files; each array is a column of its own name.
//!
//! Only the columns that are asked for are unpacked, and only those must have equally many rows, so that an archive of
//! `x_train` and `x_test` can be used.

use std::io::Read;

use flate2::CrcReader;

use super::error;
use super::npy::Array;
use super::room::too_much;
use super::table::{Cells, Header, Opened, Table};
use super::zip::{self, Part};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// An archive with the headers of its arrays read.
struct Archive {
    place: String,
    span: Span,
    header: Vec<Header>,
    arrays: Vec<(Part, Array)>,
    bytes: Vec<u8>,
    /// Bytes of memory that the arrays may take.
    room: u64,
}

/// Opens an archive: its bytes are kept, because its list of contents stands at its end.
pub fn open(place: &str, span: Span, file: Box<dyn Read>) -> Result<Box<dyn Opened>, Diagnostic> {
    open_within(place, span, file, u64::MAX)
}

/// Opens an archive whose arrays may take so many bytes of memory: a part may unpack to a thousand times its size.
pub fn open_within(
    place: &str,
    span: Span,
    mut file: Box<dyn Read>,
    room: u64,
) -> Result<Box<dyn Opened>, Diagnostic> {
    let mut bytes = vec![];
    file.read_to_end(&mut bytes).map_err(|cause| error::unreadable(span, place, &error::io_cause(&cause)))?;
    let damaged = |cause: String| error::unreadable(span, place, &cause);
    let (mut header, mut arrays) = (vec![], vec![]);
    for part in zip::parts(&bytes).map_err(damaged)? {
        let Some(name) = part.name.strip_suffix(".npy").map(str::to_owned) else { continue };
        let mut unpacked = part.unpacked(&bytes).map_err(damaged)?;
        let array = Array::header(&mut unpacked, &format!("{name} of {place}"), span)?;
        header.push(Header { name, content: array.content() });
        arrays.push((part, array));
    }
    if header.is_empty() {
        return Err(error::no_rows(span, place).note("the archive holds no array"));
    }
    Ok(Box::new(Archive { place: place.to_owned(), span, header, arrays, bytes, room }))
}

impl Archive {
    /// The values of one array, whose checksum must be as listed.
    fn cells(&self, part: &Part, name: &str) -> Result<Cells, Diagnostic> {
        let place = format!("{name} of {}", self.place);
        let damaged = |cause: &str| error::unreadable(self.span, &place, cause);
        let mut unpacked = CrcReader::new(part.unpacked(&self.bytes).map_err(|cause| damaged(&cause))?);
        // The header is read again: it stands before the values.
        let array = Array::header(&mut unpacked, &place, self.span)?;
        let cells = array.cells(&mut unpacked, &place, self.span)?;
        match unpacked.crc().sum() == part.crc {
            true => Ok(cells),
            false => Err(damaged("it is damaged: its checksum is not the one listed")),
        }
    }
}

impl Opened for Archive {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        let mut columns = vec![];
        let mut first: Option<(&str, usize)> = None;
        let mut taken = 0u64;
        for (((part, array), header), wanted) in self.arrays.iter().zip(&self.header).zip(wanted) {
            if !wanted {
                columns.push(None);
                continue;
            }
            taken = taken.saturating_add(array.memory());
            if taken > self.room {
                return Err(error::unreadable(self.span, &self.place, &too_much(self.room).to_string()));
            }
            match first {
                Some((name, rows)) if rows != array.rows => {
                    let cause = format!("`{}` has {} rows, but `{name}` has {rows}", header.name, array.rows);
                    return Err(error::unreadable(self.span, &self.place, &cause));
                }
                Some(_) => {}
                None => first = Some((&header.name, array.rows)),
            }
            columns.push(Some(self.cells(part, &header.name)?));
        }
        let rows = match (first, self.arrays.first()) {
            (Some((_, rows)), _) => rows,
            (None, Some((_, array))) => array.rows,
            (None, None) => 0,
        };
        Ok(Table { place: self.place, rows, lines: vec![], origin: vec![], columns })
    }
}
