//! CIFAR's binary files: `cifar("folder")`, ten classes or a hundred.
//!
//! ```text
//! CIFAR-10    label           3072 bytes      data_batch_1.bin to data_batch_5.bin, test_batch.bin
//! CIFAR-100   coarse, fine    3072 bytes      train.bin, test.bin
//! ```
//!
//! The bytes of a picture are 32 × 32 of red, then of green, then of blue; here each pixel's three lie together.
//! Columns are `x`, `y`, and of a hundred classes also `coarse`, the twenty groups of them.

use std::io::{ErrorKind, Read};

use super::source::Part;
use super::table::{Cells, Content, Header, Opened, Table};
use super::{Files, error, gzip};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

const SIDE: usize = 32;
const CHANNELS: usize = 3;
const PIXELS: usize = SIDE * SIDE;
const TEN: [&[&str]; 2] = [
    &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
    &["test_batch.bin"],
];
const HUNDRED: [&[&str]; 2] = [&["train.bin"], &["test.bin"]];

/// The files of one part of the data.
struct Batches {
    place: String,
    span: Span,
    header: Vec<Header>,
    labels: usize,
    files: Vec<(String, Box<dyn Read>)>,
}

/// Opens the files of a folder: those to train for `data`, those to test for `test`.
pub fn open(folder: &str, span: Span, part: Part, files: &dyn Files) -> Result<Box<dyn Opened>, Diagnostic> {
    let which = usize::from(part == Part::Test);
    let is_there = |name: &str| match files.open(&format!("{folder}/{name}")) {
        Err(fault) => fault.kind() != ErrorKind::NotFound,
        Ok(_) => true,
    };
    let is_hundred = HUNDRED[which].iter().all(|name| is_there(name));
    let names = if is_hundred { HUNDRED[which] } else { TEN[which] };
    if !names.iter().any(|name| is_there(name)) {
        let wanted = [TEN[which], HUNDRED[which]].map(|names| names.join(", "));
        return Err(error::unreadable(span, folder, "it holds no binary files of CIFAR")
            .note(format!("looked for {}; or {}", wanted[0], wanted[1]))
            .note("paths are relative to the model file"));
    }
    let mut opened = vec![];
    for name in names {
        let path = format!("{folder}/{name}");
        let file = files.open(&path).and_then(gzip::unpacked);
        opened.push((path.clone(), file.map_err(|fault| error::not_opened(span, &path, &fault, files))?));
    }
    let column = |name: &str, sizes: &[usize]| Header {
        name: name.to_owned(),
        content: Content::Bytes(sizes.to_vec()),
    };
    let mut header = vec![column("x", &[SIDE, SIDE, CHANNELS]), column("y", &[])];
    if is_hundred {
        header.push(column("coarse", &[]));
    }
    let labels = header.len() - 1;
    Ok(Box::new(Batches { place: folder.to_owned(), span, header, labels, files: opened }))
}

impl Opened for Batches {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        let record = self.labels + PIXELS * CHANNELS;
        let (mut pixels, mut labels): (Vec<u8>, Vec<Vec<u8>>) = (vec![], vec![vec![]; self.labels]);
        let mut rows = 0;
        for (path, mut file) in self.files {
            let mut bytes = vec![];
            file.read_to_end(&mut bytes)
                .map_err(|cause| error::unreadable(self.span, &path, &error::io_cause(&cause)))?;
            if bytes.len() % record != 0 {
                let cause = format!("it holds {} bytes, which is no multiple of {record}", bytes.len());
                return Err(error::unreadable(self.span, &path, &cause));
            }
            for record in bytes.chunks_exact(record) {
                rows += 1;
                for (column, label) in labels.iter_mut().zip(record) {
                    column.push(*label);
                }
                if wanted.first() == Some(&true) {
                    let planes = &record[self.labels..];
                    pixels
                        .extend((0..PIXELS * CHANNELS).map(|i| planes[i % CHANNELS * PIXELS + i / CHANNELS]));
                }
            }
        }
        // In the file the coarse label comes first; among the columns the fine one.
        labels.reverse();
        let bytes = |width, data| Cells::Bytes { width, data };
        let all = std::iter::once(bytes(PIXELS * CHANNELS, pixels))
            .chain(labels.into_iter().map(|column| bytes(1, column)));
        let columns = all.zip(wanted).map(|(cells, wanted)| wanted.then_some(cells)).collect();
        Ok(Table { place: self.place, rows, lines: vec![], origin: vec![], columns })
    }
}
