//! Text tables: `.csv`, `.tsv`, plain or gzipped. The first line names the columns.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::error;
use super::table::{Cells, Content, Header, Opened, Table, Tables, Texts};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Columns of the widest table: each is a name and a vector of its own.
const MOST_COLUMNS: usize = 100_000;

/// A text table with its first line read.
struct TextTable {
    place: String,
    span: Span,
    header: Vec<Header>,
    reader: Reader<Box<dyn Read>>,
}

/// Opens a table whose fields are separated by commas.
pub fn comma(place: &str, span: Span, file: Box<dyn Read>) -> Result<Box<dyn Opened>, Diagnostic> {
    open(place, span, file, b',')
}

/// Opens a table whose fields are separated by tabulators.
pub fn tab(place: &str, span: Span, file: Box<dyn Read>) -> Result<Box<dyn Opened>, Diagnostic> {
    open(place, span, file, b'\t')
}

fn open(place: &str, span: Span, file: Box<dyn Read>, delimiter: u8) -> Result<Box<dyn Opened>, Diagnostic> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let names = reader.byte_headers().map_err(|fault| unreadable(place, span, &fault))?;
    let header: Vec<Header> = names
        .iter()
        .map(|name| Header {
            name: String::from_utf8_lossy(name.trim_ascii()).into_owned(),
            content: Content::Text,
        })
        .collect();
    if header.len() > MOST_COLUMNS {
        let cause = format!("its first line has {} names; {MOST_COLUMNS} columns are the most", header.len());
        return Err(error::unreadable(span, place, &cause)
            .help("keep wide tables as an .npy file: its rows are vectors"));
    }
    if header.is_empty() {
        return Err(
            error::no_rows(span, place).note("the file is empty; its first line should name the columns")
        );
    }
    Ok(Box::new(TextTable { place: place.to_owned(), span, header, reader }))
}

impl Opened for TextTable {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(mut self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        self.some(wanted, usize::MAX)
    }

    fn stream<'a>(mut self: Box<Self>, wanted: Vec<bool>, rows: usize) -> Tables<'a>
    where
        Self: 'a,
    {
        Box::new(std::iter::from_fn(move || match self.some(&wanted, rows) {
            Ok(table) if table.rows == 0 => None,
            other => Some(other),
        }))
    }
}

impl TextTable {
    /// The next rows.
    fn some(&mut self, wanted: &[bool], most: usize) -> Result<Table, Diagnostic> {
        let mut columns: Vec<Option<Texts>> = wanted.iter().map(|w| w.then(Texts::default)).collect();
        let mut lines = vec![];
        let mut record = ByteRecord::new();
        while lines.len() < most
            && self
                .reader
                .read_byte_record(&mut record)
                .map_err(|f| unreadable(&self.place, self.span, &f))?
        {
            lines.push(record.position().map_or(lines.len() as u64 + 2, csv::Position::line));
            // The reader has checked that every record is as long as the header.
            for (texts, field) in columns.iter_mut().zip(record.iter()) {
                if let Some(texts) = texts {
                    texts.push(field);
                }
            }
        }
        let columns = columns.into_iter().map(|texts| texts.map(Cells::Text)).collect();
        Ok(Table { place: self.place.clone(), rows: lines.len(), lines, origin: vec![], columns })
    }
}

/// Puts a fault of the csv reader into words.
fn unreadable(place: &str, span: Span, fault: &csv::Error) -> Diagnostic {
    match fault.kind() {
        csv::ErrorKind::Io(cause) => error::unreadable(span, place, &cause_of(cause)),
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            let cause = format!("row {line} has {len} values, the first line has {expected_len} names");
            error::unreadable(span, place, &cause)
        }
        _ => error::unreadable(span, place, &fault.to_string()),
    }
}

fn cause_of(cause: &io::Error) -> String {
    error::io_cause(cause)
}
