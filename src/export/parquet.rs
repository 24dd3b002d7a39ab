//! Parquet: a row group for some ten thousand rows, written by the crate `parquet`.
//!
//! Numbers are doubles, rows are whole numbers, labels are text that may be missing. A number that does not exist is NaN.

use super::table::Table;
use crate::run_folder::Cells;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of a group, at least; the last one may have fewer.
const GROUP: usize = 1 << 16;

/// Starts a file.
pub fn open<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    Box::new(File { out, writer: None, waiting: vec![] })
}

struct File<'a> {
    out: Box<dyn Write + 'a>,
    /// Writes into memory, which is emptied after every group; none before the columns are known.
    writer: Option<SerializedFileWriter<Vec<u8>>>,
    /// Rows of the next group.
    waiting: Vec<(String, Cells)>,
}

fn failed(fault: ParquetError) -> io::Error {
    io::Error::other(fault.to_string())
}

/// The columns as Parquet describes them.
fn schema(columns: &[(String, Cells)]) -> Result<Type, ParquetError> {
    let of = |(name, cells): &(String, Cells)| {
        let column = match cells {
            Cells::Rows(_) => {
                Type::primitive_type_builder(name, Physical::INT64).with_repetition(Repetition::REQUIRED)
            }
            Cells::Numbers(_) => {
                Type::primitive_type_builder(name, Physical::DOUBLE).with_repetition(Repetition::REQUIRED)
            }
            Cells::Words(_) => Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String))
                .with_repetition(Repetition::OPTIONAL),
        };
        column.build().map(Arc::new)
    };
    let fields = columns.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("schema").with_fields(fields).build()
}

impl File<'_> {
    /// Writes the rows that wait.
    fn group(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let schema = Arc::new(schema(&rows).map_err(failed)?);
                // Another version of the crate must not give other bytes for the same rows.
                let properties = WriterProperties::builder().set_created_by("bnnc".to_owned()).build();
                SerializedFileWriter::new(vec![], schema, Arc::new(properties)).map_err(failed)?
            }
        };
        put(&mut writer, &rows).map_err(failed)?;
        writer.flush()?;
        self.out.write_all(&std::mem::take(writer.inner_mut()))?;
        self.writer = Some(writer);
        Ok(())
    }
}

fn put(writer: &mut SerializedFileWriter<Vec<u8>>, rows: &[(String, Cells)]) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for (_, cells) in rows {
        let Some(mut column) = group.next_column()? else { break };
        match cells {
            Cells::Rows(v) => {
                let v: Vec<i64> = v.iter().map(|x| *x as i64).collect();
                column.typed::<Int64Type>().write_batch(&v, None, None)?;
            }
            Cells::Numbers(v) => {
                column.typed::<DoubleType>().write_batch(v, None, None)?;
            }
            Cells::Words(v) => {
                let there: Vec<i16> = v.iter().map(|w| i16::from(!w.is_empty())).collect();
                let words: Vec<ByteArray> =
                    v.iter().filter(|w| !w.is_empty()).map(|w| ByteArray::from(w.as_str())).collect();
                column.typed::<ByteArrayType>().write_batch(&words, Some(&there), None)?;
            }
        }
        column.close()?;
    }
    group.close()?;
    Ok(())
}

impl Table for File<'_> {
    fn rows(&mut self, columns: &[(String, Cells)]) -> io::Result<()> {
        if self.waiting.is_empty() {
            self.waiting = columns.to_vec();
        } else {
            for ((_, all), (_, more)) in self.waiting.iter_mut().zip(columns) {
                all.append(more);
            }
        }
        if self.waiting.first().is_some_and(|(_, cells)| cells.len() >= GROUP) {
            self.group()
        } else {
            Ok(())
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.group()?;
        if let Some(mut writer) = self.writer.take() {
            writer.finish().map_err(failed)?;
            writer.flush()?;
            self.out.write_all(writer.inner())?;
        }
        self.out.flush()
    }
}
