//! What a source holds, before the declarations say what it means.
//!
//! A source is opened in two steps: its header says which columns there are ([`Opened::header`]), then the wanted
//! ones are read ([`Opened::read`]). So `check` reads no more than the first line of a large file.

use crate::diagnostic::Diagnostic;

/// The number of a cell that has none, where a file says so by other means than a NaN: a NaN whose last bits are those
/// of R's `NA`, so that a message can tell the two apart.
pub const NULL: f64 = f64::from_bits(0x7ff8_0000_0000_07a2);

/// Whether a number is [`NULL`].
pub fn is_null(number: f64) -> bool {
    number.to_bits() == NULL.to_bits()
}

/// A column as the file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name in the file.
    pub name: String,
    /// What its cells are.
    pub content: Content,
}

/// What the cells of a file's column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// text, still to be understood; one cell per row
    Text,
    /// numbers, an array of this shape per row
    Numbers(Vec<usize>),
    /// bytes, an array of this shape per row
    Bytes(Vec<usize>),
}

impl Header {
    /// Sizes of one row's value; empty for a single one.
    pub fn shape(&self) -> &[usize] {
        match &self.content {
            Content::Text => &[],
            Content::Numbers(shape) | Content::Bytes(shape) => shape,
        }
    }
}

/// A source whose header has been read.
pub trait Opened {
    /// The columns that the source has.
    fn header(&self) -> &[Header];
    /// Reads the columns for which `wanted` is true; it has one entry per column of the header.
    fn read(self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic>;
    /// Reads the same columns some rows at a time; a source that cannot is read at once.
    fn stream<'a>(self: Box<Self>, wanted: Vec<bool>, _rows: usize) -> Tables<'a>
    where
        Self: 'a,
    {
        let mut source = Some(self);
        Box::new(std::iter::from_fn(move || source.take().map(|source| source.read(&wanted))))
    }
}

/// The rows of a source, table after table.
pub type Tables<'a> = Box<dyn Iterator<Item = Result<Table, Diagnostic>> + 'a>;

/// The cells of a source.
#[derive(Debug, Clone)]
pub struct Table {
    /// What messages call the source: `data/moons.csv`.
    pub place: String,
    /// How many rows there are.
    pub rows: usize,
    /// The line of the file each row starts on; empty where rows are simply counted from 1.
    pub lines: Vec<u64>,
    /// Which row of the source each row is; empty where all are there.
    pub origin: Vec<u32>,
    /// One entry per column of the header; `None` for those not wanted.
    pub columns: Vec<Option<Cells>>,
}

impl Table {
    /// The number that a person sees beside a row in an editor or a spreadsheet.
    pub fn row_number(&self, row: usize) -> u64 {
        let row = self.source_row(row);
        self.lines.get(row).copied().unwrap_or(row as u64 + 1)
    }
    /// The position of a row among all of the source.
    pub fn source_row(&self, row: usize) -> usize {
        self.origin.get(row).map_or(row, |r| *r as usize)
    }
    /// The last rows, in front of those that follow them.
    pub fn before(&self, rows: usize, next: Table) -> Table {
        let last: Vec<usize> = (self.rows.saturating_sub(rows)..self.rows).collect();
        let own = last.iter().map(|row| self.row_number(*row));
        let lines: Vec<u64> = own.chain((0..next.rows).map(|row| next.row_number(row))).collect();
        let pairs = self.columns.iter().zip(next.columns);
        let joined = |(a, b): (&Option<Cells>, Option<Cells>)| {
            let mut cells = a.as_ref()?.rows(&last);
            cells.append(b?);
            Some(cells)
        };
        Table {
            rows: last.len() + next.rows,
            lines,
            origin: vec![],
            columns: pairs.map(joined).collect(),
            place: next.place,
        }
    }
    /// Leaves out the rows for which `keep` is false.
    pub fn keep(&mut self, keep: &[bool]) {
        let kept: Vec<usize> =
            (0..self.rows).filter(|row| keep.get(*row).copied().unwrap_or(false)).collect();
        if kept.len() == self.rows {
            return;
        }
        self.origin = kept.iter().map(|row| self.source_row(*row) as u32).collect();
        for cells in self.columns.iter_mut().flatten() {
            *cells = cells.rows(&kept);
        }
        self.rows = kept.len();
    }
}

/// The cells of one column, row after row.
#[derive(Debug, Clone)]
pub enum Cells {
    /// one text per row
    Text(Texts),
    /// `width` numbers per row
    Numbers {
        /// numbers per row
        width: usize,
        /// row-major
        data: Vec<f64>,
    },
    /// `width` bytes per row
    Bytes {
        /// bytes per row
        width: usize,
        /// row-major
        data: Vec<u8>,
    },
}

impl Cells {
    /// Puts the rows of the same source behind these.
    fn append(&mut self, more: Cells) {
        match (self, more) {
            (Cells::Text(texts), Cells::Text(more)) => {
                (0..more.len()).for_each(|row| texts.push(more.bytes_of(row)));
            }
            (Cells::Numbers { data, .. }, Cells::Numbers { data: more, .. }) => data.extend(more),
            (Cells::Bytes { data, .. }, Cells::Bytes { data: more, .. }) => data.extend(more),
            // A column of one source has one kind of cells.
            _ => {}
        }
    }

    /// The given rows, in their order.
    fn rows(&self, rows: &[usize]) -> Cells {
        match self {
            Cells::Text(texts) => {
                let mut kept = Texts::default();
                rows.iter().for_each(|row| kept.push(texts.bytes_of(*row)));
                Cells::Text(kept)
            }
            Cells::Numbers { width, data } => {
                Cells::Numbers { width: *width, data: picked(rows, *width, data) }
            }
            Cells::Bytes { width, data } => Cells::Bytes { width: *width, data: picked(rows, *width, data) },
        }
    }
}

fn picked<T: Copy>(rows: &[usize], width: usize, data: &[T]) -> Vec<T> {
    rows.iter().flat_map(|row| data[row * width..(row + 1) * width].iter().copied()).collect()
}

/// Many short texts, end to end in one buffer.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Appends one text, blanks around it removed.
    pub fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text.trim_ascii());
        self.ends.push(self.bytes.len());
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
    /// The text of a row; bytes that are not UTF-8 are shown as `�`, which no number or label contains.
    pub fn get(&self, row: usize) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes_of(row))
    }
    fn bytes_of(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }
}
