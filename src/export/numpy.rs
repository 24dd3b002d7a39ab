//! NumPy's `.npy` and `.npz` (NEP 1): an array, and an archive of arrays by name.

use super::table::Table;
use crate::run_folder::Cells;
use std::io::{self, Cursor, Write};

/// A named array, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its name in an archive.
    pub name: String,
    /// Sizes, rows first.
    pub shape: Vec<usize>,
    /// As many as the product of the sizes.
    pub elements: Elements,
}

/// What the elements are.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// `<f8`
    F64(Vec<f64>),
    /// `<f4`
    F32(Vec<f32>),
    /// `<i8`
    I64(Vec<i64>),
    /// `|u1`
    U8(Vec<u8>),
    /// `<U…`: text, as long as the longest
    Text(Vec<String>),
}

impl Elements {
    /// NumPy's word for the type of an element.
    pub fn descr(&self) -> String {
        match self {
            Elements::F64(_) => "<f8".to_owned(),
            Elements::F32(_) => "<f4".to_owned(),
            Elements::I64(_) => "<i8".to_owned(),
            Elements::U8(_) => "|u1".to_owned(),
            Elements::Text(words) => format!("<U{}", longest(words)),
        }
    }

    /// The elements one after another, lowest byte first.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Elements::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Elements::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Elements::I64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Elements::U8(v) => v.clone(),
            Elements::Text(words) => {
                let width = longest(words);
                let of = |word: &String| {
                    let letters = word.chars().chain(std::iter::repeat('\0')).take(width);
                    letters.flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>()
                };
                words.iter().flat_map(of).collect()
            }
        }
    }
}

/// At least one: NumPy knows no text of no letters.
fn longest(words: &[String]) -> usize {
    words.iter().map(|w| w.chars().count()).max().unwrap_or(0).max(1)
}

/// Writes one array as a file.
///
/// # Errors
/// Those of the writer.
pub fn npy(out: &mut dyn Write, array: &Array) -> io::Result<()> {
    let sizes: String = array.shape.iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
        array.elements.descr(),
        sizes.trim_end()
    );
    // The values begin at a multiple of 64 bytes, and the header ends with a new line.
    let before = 10 + header.len() + 1;
    header.push_str(&" ".repeat(before.next_multiple_of(64) - before));
    header.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    out.write_all(&array.elements.bytes())
}

/// Writes arrays as an archive, not compressed.
///
/// # Errors
/// Those of the writer.
pub fn npz(out: &mut dyn Write, arrays: &[Array]) -> io::Result<()> {
    let mut archive = zip::ZipWriter::new(Cursor::new(vec![]));
    for array in arrays {
        // The same arrays give the same bytes: no time of day.
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .large_file(array.elements.bytes().len() > 1 << 31)
            .last_modified_time(zip::DateTime::default());
        archive.start_file(format!("{}.npy", array.name), options).map_err(io::Error::other)?;
        npy(&mut archive, array)?;
    }
    out.write_all(archive.finish().map_err(io::Error::other)?.get_ref())
}

/// Starts an archive of one array for each column.
pub fn open_npz<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    Box::new(Columns { out, columns: vec![], is_matrix: false })
}

/// Starts a matrix: probabilities of classes, or means of numbers.
pub fn open_npy<'a>(out: Box<dyn Write + 'a>) -> Box<dyn Table + 'a> {
    Box::new(Columns { out, columns: vec![], is_matrix: true })
}

/// Columns that wait for the last row.
struct Columns<'a> {
    out: Box<dyn Write + 'a>,
    columns: Vec<(String, Cells)>,
    is_matrix: bool,
}

impl Table for Columns<'_> {
    fn rows(&mut self, columns: &[(String, Cells)]) -> io::Result<()> {
        if self.columns.is_empty() {
            self.columns = columns.to_vec();
            return Ok(());
        }
        for ((_, all), (_, more)) in self.columns.iter_mut().zip(columns) {
            all.append(more);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.is_matrix {
            npy(&mut self.out, &matrix(&self.columns))?;
        } else {
            let array = |(name, cells): (String, Cells)| {
                let shape = vec![cells.len()];
                let elements = match cells {
                    Cells::Rows(v) => Elements::I64(v.into_iter().map(|x| x as i64).collect()),
                    Cells::Numbers(v) => Elements::F64(v),
                    Cells::Words(v) => Elements::Text(v),
                };
                Array { name, shape, elements }
            };
            let arrays: Vec<Array> = self.columns.into_iter().map(array).collect();
            npz(&mut self.out, &arrays)?;
        }
        self.out.flush()
    }
}

/// The main numbers of a table: `p_…` of every class, or `mean`, target after target.
fn matrix(columns: &[(String, Cells)]) -> Array {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let is_main = |name: &str| last(name) == "mean" || last(name).starts_with("p_") || name.starts_with("p_");
    let main: Vec<&Vec<f64>> = columns
        .iter()
        .filter_map(|(name, cells)| match cells {
            Cells::Numbers(v) if is_main(name) => Some(v),
            _ => None,
        })
        .collect();
    let rows = main.first().map_or(0, |v| v.len());
    let values = (0..rows).flat_map(|row| main.iter().map(move |v| v[row])).collect();
    Array { name: String::new(), shape: vec![rows, main.len()], elements: Elements::F64(values) }
}
