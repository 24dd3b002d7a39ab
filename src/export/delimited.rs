//! CSV and TSV, plain or gzipped.

use super::table::Table;
use crate::run_folder::Cells;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};

/// Values between commas.
pub fn comma<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    open(out, b',')
}

/// Values between tabulators.
pub fn tab<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    open(out, b'\t')
}

/// Values between commas, gzipped.
pub fn comma_gz<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    open(Box::new(GzEncoder::new(out, Compression::default())), b',')
}

/// Values between tabulators, gzipped.
pub fn tab_gz<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    open(Box::new(GzEncoder::new(out, Compression::default())), b'\t')
}

fn open<'a>(out: Box<dyn Write + 'a>, delimiter: u8) -> Box<dyn Table + 'a> {
    let writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(out);
    Box::new(Delimited { writer, has_header: false })
}

/// The system's own fault where there is one: whoever writes wants to know a closed pipe from a full disk.
pub(super) fn fault(of: csv::Error) -> io::Error {
    match of.into_kind() {
        csv::ErrorKind::Io(fault) => fault,
        other => io::Error::other(format!("{other:?}")),
    }
}

struct Delimited<'a> {
    writer: csv::Writer<Box<dyn Write + 'a>>,
    has_header: bool,
}

impl Table for Delimited<'_> {
    fn rows(&mut self, columns: &[(String, Cells)]) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_header, true) {
            self.writer.write_record(columns.iter().map(|(name, _)| name)).map_err(fault)?;
        }
        let rows = columns.first().map_or(0, |(_, cells)| cells.len());
        for row in 0..rows {
            for (_, cells) in columns {
                self.writer.write_field(cells.text(row)).map_err(fault)?;
            }
            self.writer.write_record(None::<&[u8]>).map_err(fault)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.writer.flush()?;
        // Dropping an encoder writes its end, but tells of no error.
        self.writer.into_inner().map_err(|fault| fault.into_error())?.flush()
    }
}
