//! Apache Parquet: tables by column, as pandas, Polars, DuckDB, R's arrow and Spark write them.
//!
//! ```text
//! PAR1   pages of column a, pages of column b, …   footer: names, types, rows, places   its length   PAR1
//! ```
//!
//! The crate `parquet` understands the footer; [`pages`] unpacks what it lists, [`values`] decodes that, and [`meaning`]
//! makes numbers and texts of it. A footer is looked at before it is trusted ([`thrift`]): its nesting is bounded, and
//! so are the rows that a file of its size can hold. A value that is null is missing.

mod meaning;
mod pages;
#[cfg(test)]
mod tests;

mod thrift;
mod values;

use std::io::Read;

use parquet::basic::Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::schema::types::ColumnDescriptor;

use self::meaning::Meaning;
use self::pages::{Chunk, Rows};
use self::thrift::Thrift;
use self::values::{Physical, Stored};
use super::error;
use super::room::too_much;
use super::table::{Cells, Content, Header, NULL, Opened, Table, Texts};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

const MAGIC: &[u8; 4] = b"PAR1";
/// Groups of columns inside one another.
const DEEPEST: usize = 32;
/// A constant column packs any number of rows into a few bytes, a table does not: so many rows, and so many more for
/// each byte of the file, are believed.
const ROWS: u64 = 1 << 20;
const ROWS_PER_BYTE: u64 = 64;

/// A file with its footer read.
struct File {
    place: String,
    span: Span,
    header: Vec<Header>,
    /// Position in the file of each column of the header.
    positions: Vec<usize>,
    metadata: ParquetMetaData,
    bytes: Vec<u8>,
    /// Bytes of memory that the cells may take.
    room: u64,
}

/// Opens a file: its bytes are kept, because its list of contents stands at its end.
pub fn open(place: &str, span: Span, file: Box<dyn Read>) -> Result<Box<dyn Opened>, Diagnostic> {
    open_within(place, span, file, u64::MAX)
}

/// Opens a file whose cells may take so many bytes of memory: one text of a dictionary may stand in every row.
pub fn open_within(
    place: &str,
    span: Span,
    mut file: Box<dyn Read>,
    room: u64,
) -> Result<Box<dyn Opened>, Diagnostic> {
    let mut bytes = vec![];
    file.read_to_end(&mut bytes).map_err(|cause| error::unreadable(span, place, &error::io_cause(&cause)))?;
    let metadata = footer(&bytes).map_err(|cause| error::unreadable(span, place, &cause))?;
    let (mut header, mut positions) = (vec![], vec![]);
    for (position, column) in metadata.file_metadata().schema_descr().columns().iter().enumerate() {
        let name = column.path().string();
        // The row numbers that pandas keeps of a table that was filtered: no column of the table.
        if name.starts_with("__index_level_") && name.ends_with("__") {
            continue;
        }
        let content = match Meaning::of(column) {
            Ok(meaning) if meaning.is_number() => Content::Numbers(vec![]),
            _ => Content::Text,
        };
        header.push(Header { name, content });
        positions.push(position);
    }
    if header.is_empty() {
        return Err(error::no_rows(span, place).note("the file has no column"));
    }
    Ok(Box::new(File { place: place.to_owned(), span, header, positions, metadata, bytes, room }))
}

/// Reads the footer and checks what it claims.
fn footer(bytes: &[u8]) -> Result<ParquetMetaData, String> {
    let damaged = || "it is cut short or damaged: its list of contents cannot be read".to_owned();
    let Some((rest, [l0, l1, l2, l3, magic @ ..])) = bytes.split_last_chunk::<8>() else {
        return Err("it is not a Parquet file: it is too short".to_owned());
    };
    match magic {
        b"PARE" => return Err("it is encrypted".to_owned()),
        _ if !bytes.starts_with(MAGIC) => {
            return Err("it is not a Parquet file: it does not start with PAR1".to_owned());
        }
        _ if magic != MAGIC => return Err("it is cut short: it does not end with PAR1".to_owned()),
        _ => {}
    }
    let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
    let footer = rest.len().checked_sub(length).map(|start| &rest[start..]).ok_or_else(damaged)?;
    // The crate goes through the tree of columns by recursion: look at its depth before.
    let mut open: Vec<i64> = vec![];
    for element in Thrift::new(footer).list(2).ok_or_else(damaged)? {
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        open.push(element.get(&(5, 0)).copied().unwrap_or(0).max(0));
        if open.len() > DEEPEST {
            return Err(format!("its columns are nested deeper than {DEEPEST}"));
        }
    }
    let metadata = ParquetMetaDataReader::decode_metadata(footer).map_err(|fault| cause(&fault))?;
    let groups = metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()).ok());
    let rows =
        groups.sum::<Option<u64>>().filter(|n| u64::try_from(metadata.file_metadata().num_rows()) == Ok(*n));
    let rows =
        rows.ok_or_else(|| "it is damaged: its parts do not have as many rows as the whole".to_owned())?;
    if rows > ROWS + ROWS_PER_BYTE * bytes.len() as u64 {
        return Err(format!("its {} bytes claim {rows} rows", bytes.len()));
    }
    Ok(metadata)
}

/// The words of the crate, without its own name.
fn cause(fault: &ParquetError) -> String {
    match fault {
        ParquetError::General(words) | ParquetError::EOF(words) => format!("it is damaged: {words}"),
        other => format!("it is damaged: {other}"),
    }
}

impl Opened for File {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        let rows = usize::try_from(self.metadata.file_metadata().num_rows()).unwrap_or(0);
        let (mut columns, mut taken) = (vec![], 0);
        for ((header, position), wanted) in self.header.iter().zip(&self.positions).zip(wanted) {
            let cells = wanted.then(|| self.cells(*position, &mut taken)).transpose();
            columns.push(cells.map_err(|cause| {
                error::unreadable(self.span, &self.place, &format!("column `{}`: {cause}", header.name))
            })?);
        }
        Ok(Table { place: self.place, rows, lines: vec![], origin: vec![], columns })
    }
}

impl File {
    /// The values of a column, or why they cannot be read; what they take is added to `taken`.
    fn cells(&self, position: usize, taken: &mut u64) -> Result<Cells, String> {
        let descriptor = self.metadata.file_metadata().schema_descr().column(position);
        let meaning = Meaning::of(&descriptor)
            .map_err(|kind| format!("it holds {kind}; write single numbers or texts, one column each"))?;
        let mut column = Column { meaning, numbers: vec![], texts: Texts::default() };
        for group in self.metadata.row_groups() {
            let chunk = group.columns().get(position).ok_or("it is missing in a part of the file")?;
            let mut left = usize::try_from(group.num_rows()).unwrap_or(0);
            let mut pages = self.chunk(chunk, &descriptor)?;
            while left > 0 {
                let rows = pages.next(left)?;
                left -= rows.len();
                *taken = taken.saturating_add(rows.memory());
                if *taken > self.room {
                    return Err(too_much(self.room).to_string());
                }
                column.push(&rows);
            }
        }
        Ok(match meaning.is_number() {
            true => Cells::Numbers { width: 1, data: column.numbers },
            false => Cells::Text(column.texts),
        })
    }

    /// The bytes of a chunk.
    fn chunk(&self, chunk: &ColumnChunkMetaData, column: &ColumnDescriptor) -> Result<Chunk<'_>, String> {
        if chunk.file_path().is_some() {
            return Err("it lies in another file".to_owned());
        }
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let range = usize::try_from(start).ok().zip(usize::try_from(chunk.compressed_size()).ok());
        let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let bytes = range.and_then(|range| self.bytes.get(range)).ok_or("it lies outside the file")?;
        let length = usize::try_from(column.type_length()).unwrap_or(0);
        let fixed = column.physical_type() == Type::FIXED_LEN_BYTE_ARRAY;
        if fixed && length == 0 {
            return Err("its values have no length".to_owned());
        }
        Ok(Chunk {
            bytes,
            codec: chunk.compression_codec(),
            physical: Physical { kind: column.physical_type(), length },
            defined: u32::try_from(column.max_def_level()).unwrap_or(0),
            dictionary: None,
            left_to_unpack: pages::most_of_chunk(bytes.len()),
        })
    }
}

/// A column that is being read; a missing number is [`NULL`], a missing text empty.
struct Column {
    meaning: Meaning,
    numbers: Vec<f64>,
    texts: Texts,
}

impl Column {
    /// Appends the rows of a page.
    fn push(&mut self, rows: &Rows) {
        let mut next = 0..rows.values.len();
        for row in 0..rows.len() {
            let has_value = rows.has_value.as_ref().is_none_or(|has| has[row]);
            match has_value.then(|| next.next()).flatten() {
                None if self.meaning.is_number() => self.numbers.push(NULL),
                None => self.texts.push(b""),
                Some(i) => match &rows.values {
                    Stored::Integers(values) => self.integer(values[i]),
                    Stored::Floats(values) => self.numbers.push(values[i]),
                    Stored::Bytes(bytes, ranges) => self.bytes(&bytes[ranges[i].clone()]),
                },
            }
        }
    }

    fn integer(&mut self, value: i64) {
        match self.meaning {
            Meaning::Date => self.texts.push(meaning::date(value).as_bytes()),
            Meaning::Instant(per_second) => self.texts.push(meaning::instant(value, per_second).as_bytes()),
            Meaning::Unsigned32 => self.numbers.push(f64::from(value as u32)),
            Meaning::Unsigned64 => self.numbers.push(value as u64 as f64),
            Meaning::Integer(places) => self.numbers.push(meaning::decimal(i128::from(value), places)),
            Meaning::Number | Meaning::Half | Meaning::Decimal(_) | Meaning::Text => {
                self.numbers.push(value as f64)
            }
        }
    }

    fn bytes(&mut self, value: &[u8]) {
        match self.meaning {
            // An integer beyond 128 bits is no number that a table holds.
            Meaning::Decimal(places) => {
                let integer = meaning::big_endian(value);
                self.numbers.push(integer.map_or(f64::NAN, |n| meaning::decimal(n, places)));
            }
            Meaning::Half => {
                let bits = value.try_into().map_or(u16::MAX, u16::from_le_bytes);
                self.numbers.push(super::npy::half(bits));
            }
            Meaning::Integer(_)
            | Meaning::Unsigned32
            | Meaning::Unsigned64
            | Meaning::Number
            | Meaning::Text
            | Meaning::Date
            | Meaning::Instant(_) => self.texts.push(value),
        }
    }
}
