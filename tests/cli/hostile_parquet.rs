//! Parquet files that mean harm, written byte by byte: Thrift's compact protocol, as far as a footer and a page need it.

use std::io::Write;

/// What a file of one column of numbers claims, and what it holds.
pub struct Claims {
    /// Rows, in the footer.
    pub rows: i64,
    /// Values of each page.
    pub values: i32,
    /// Bytes to which each page unpacks, in its header.
    pub unpacked: i32,
    /// Where the first page lies; `None` for the truth.
    pub offset: Option<i64>,
    /// What each page holds, packed with gzip.
    pub page: Vec<u8>,
    /// How often the page is there.
    pub times: usize,
}

/// Zeros, packed with gzip.
pub fn zeros(mebibytes: usize) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    (0..mebibytes).for_each(|_| packed.write_all(&vec![0; 1 << 20]).unwrap());
    packed.finish().unwrap()
}

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A structure that is being written.
#[derive(Default)]
struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

fn varint(mut n: u64) -> Vec<u8> {
    let mut bytes = vec![];
    while n >= 128 {
        bytes.push(n as u8 | 128);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

fn zigzag(n: i64) -> Vec<u8> {
    varint(((n << 1) ^ (n >> 63)) as u64)
}

fn text(words: &str) -> Vec<u8> {
    [varint(words.len() as u64), words.as_bytes().to_vec()].concat()
}

fn list(kind: u8, members: &[Vec<u8>]) -> Vec<u8> {
    [vec![(members.len() as u8) << 4 | kind], members.concat()].concat()
}

impl Struct {
    fn with(mut self, field: u8, kind: u8, bytes: &[u8]) -> Struct {
        self.bytes.push((field - self.last) << 4 | kind);
        self.bytes.extend(bytes);
        self.last = field;
        self
    }
    fn integer(self, field: u8, kind: u8, n: i64) -> Struct {
        self.with(field, kind, &zigzag(n))
    }
    fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

/// The file: a column `x` of doubles, none of them null.
pub fn file(claims: &Claims) -> Vec<u8> {
    const DOUBLE: i64 = 5;
    const GZIP: i64 = 2;
    let header = Struct::default().integer(1, I32, 0).integer(2, I32, claims.unpacked.into()).integer(
        3,
        I32,
        claims.page.len() as i64,
    );
    let about = (1..=4).fold(Struct::default(), |s, field| {
        s.integer(field, I32, [claims.values.into(), 0, 3, 3][field as usize - 1])
    });
    let page = [header.with(5, STRUCT, &about.end()).end(), claims.page.clone()].concat();
    let pages = page.repeat(claims.times);
    let root = Struct::default().with(4, BINARY, &text("schema")).integer(5, I32, 1).end();
    let leaf = Struct::default().integer(1, I32, DOUBLE).integer(3, I32, 0).with(4, BINARY, &text("x")).end();
    let chunk = Struct::default()
        .integer(1, I32, DOUBLE)
        .with(2, LIST, &list(I32, &[zigzag(0)]))
        .with(3, LIST, &list(BINARY, &[text("x")]))
        .integer(4, I32, GZIP)
        .integer(5, I64, claims.rows)
        .integer(6, I64, pages.len() as i64)
        .integer(7, I64, pages.len() as i64)
        .integer(9, I64, claims.offset.unwrap_or(4))
        .end();
    let column = Struct::default().integer(2, I64, 4).with(3, STRUCT, &chunk).end();
    let group = Struct::default()
        .with(1, LIST, &list(STRUCT, &[column]))
        .integer(2, I64, pages.len() as i64)
        .integer(3, I64, claims.rows)
        .end();
    let footer = Struct::default()
        .integer(1, I32, 2)
        .with(2, LIST, &list(STRUCT, &[root, leaf]))
        .integer(3, I64, claims.rows)
        .with(4, LIST, &list(STRUCT, &[group]))
        .end();
    let length = (footer.len() as u32).to_le_bytes();
    [b"PAR1".as_slice(), &pages, &footer, &length, b"PAR1"].concat()
}
