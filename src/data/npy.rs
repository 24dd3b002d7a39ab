//! NumPy's `.npy`: one array, whose first axis runs over rows.
//!
//! ```text
//! 93 N U M P Y  1 0  length, 2 bytes   {'descr': '<f8', 'fortran_order': False, 'shape': (500, 3), }   values
//! ```
//!
//! The format is NEP 1. Sizes come from an untrusted header, so memory grows only with the bytes that are there.
//! Arrays of Python objects are refused: to read them is to run them.

use std::io::Read;

use super::error;
use super::idx::exactly;
use super::table::{Cells, Content, Header, Opened, Table, Texts};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The longest header that is read: NumPy itself stops at 10,000 bytes.
const LONGEST_HEADER: usize = 1 << 16;
/// More axes than this are refused, as by NumPy.
const MOST_AXES: usize = 32;

/// A single array as a source: its column is called `x`.
struct Single {
    place: String,
    span: Span,
    array: Array,
    header: Vec<Header>,
    file: Box<dyn Read>,
}

/// Opens a file and reads its header.
pub fn open(place: &str, span: Span, mut file: Box<dyn Read>) -> Result<Box<dyn Opened>, Diagnostic> {
    let array = Array::header(&mut file, place, span)?;
    let header = vec![Header { name: "x".to_owned(), content: array.content() }];
    Ok(Box::new(Single { place: place.to_owned(), span, array, header, file }))
}

impl Opened for Single {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(mut self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        let is_wanted = wanted.first().copied().unwrap_or(false);
        let cells =
            if is_wanted { Some(self.array.cells(&mut self.file, &self.place, self.span)?) } else { None };
        let columns = vec![cells];
        Ok(Table { place: self.place, rows: self.array.rows, lines: vec![], origin: vec![], columns })
    }
}

/// An array as its header describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    element: Element,
    is_big_endian: bool,
    /// Whether the first axis varies fastest.
    is_fortran: bool,
    /// Size of the first axis.
    pub rows: usize,
    shape: Vec<usize>,
}

/// What the elements are, with their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// `f2`, `f4`, `f8`
    Float(usize),
    /// `i1` to `i8`
    Signed(usize),
    /// `u1` to `u8`
    Unsigned(usize),
    /// `b1`
    Truth,
    /// `S5`: bytes of a text
    Bytes(usize),
    /// `U5`: characters of a text, four bytes each
    Characters(usize),
}

impl Element {
    fn size(self) -> usize {
        match self {
            Element::Float(n) | Element::Signed(n) | Element::Unsigned(n) | Element::Bytes(n) => n,
            Element::Truth => 1,
            Element::Characters(n) => n.saturating_mul(4),
        }
    }
}

impl Array {
    /// Reads what stands before the values.
    pub fn header(file: &mut dyn Read, place: &str, span: Span) -> Result<Array, Diagnostic> {
        let wrong = |cause: &str| error::unreadable(span, place, cause);
        let start = exactly(file, 8, place, span)?;
        let Some(&[major, _]) = start.strip_prefix(b"\x93NUMPY") else {
            return Err(wrong("it is not a NumPy file: it does not start with \\x93NUMPY"));
        };
        let length = match major {
            1 => exactly(file, 2, place, span)?,
            2 | 3 => exactly(file, 4, place, span)?,
            _ => return Err(wrong(&format!("version {major} of the NumPy format is not known"))),
        };
        let length = length.iter().rev().fold(0usize, |n, b| n << 8 | usize::from(*b));
        if length > LONGEST_HEADER {
            return Err(wrong(&format!("its header claims {length} bytes")));
        }
        let header = exactly(file, length, place, span)?;
        let text = String::from_utf8_lossy(&header);
        let fields = Fields::read(&text)
            .ok_or_else(|| wrong("its header does not say `descr`, `fortran_order` and `shape`"))?;
        let (is_big_endian, element) = element(&fields.descr).ok_or_else(|| {
            let what = match fields.descr.contains('O') || fields.descr.starts_with('[') {
                true => "objects or records",
                false => "of a type that is no number and no text",
            };
            wrong(&format!("its elements are {what} (`{}`)", fields.descr))
                .help("save numbers: `np.save(\"x.npy\", x.astype(float))`")
        })?;
        let Some((rows, shape)) = fields.shape.split_first() else {
            return Err(wrong("it holds a single number, no rows"));
        };
        if shape.contains(&0) {
            return Err(wrong("its rows hold no numbers"));
        }
        Ok(Array {
            element,
            is_big_endian,
            is_fortran: fields.is_fortran,
            rows: *rows,
            shape: shape.to_vec(),
        })
    }

    /// What a column of it is.
    pub fn content(&self) -> Content {
        match self.element {
            Element::Bytes(_) | Element::Characters(_) => Content::Text,
            Element::Unsigned(1) => Content::Bytes(self.shape.clone()),
            Element::Float(_) | Element::Signed(_) | Element::Unsigned(_) | Element::Truth => {
                Content::Numbers(self.shape.clone())
            }
        }
    }

    /// Bytes of memory that reading it takes: what is in the file, the numbers, and a copy of some of them.
    pub fn memory(&self) -> u64 {
        let count = self.shape.iter().fold(self.rows as u64, |n, size| n.saturating_mul(*size as u64));
        count.saturating_mul(self.element.size() as u64 + 16)
    }

    /// Reads the values, of which there must be as many as the header says.
    pub fn cells(&self, file: &mut dyn Read, place: &str, span: Span) -> Result<Cells, Diagnostic> {
        let size = self.element.size();
        let width = self.shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size));
        let total = width.and_then(|n| n.checked_mul(self.rows)?.checked_mul(size));
        let (Some(width), Some(total)) = (width, total) else {
            return Err(error::unreadable(span, place, "its header claims more bytes than any machine has"));
        };
        let bytes = exactly(file, total, place, span)?;
        let mut rest = [0u8; 1];
        match file.read(&mut rest) {
            Ok(0) => {}
            Ok(_) => {
                return Err(error::unreadable(span, place, "it goes on after the size that its header says"));
            }
            Err(cause) => return Err(error::unreadable(span, place, &error::io_cause(&cause))),
        }
        let in_order = |i: usize| if self.is_fortran { self.in_fortran_order(i) } else { i };
        let count = width * self.rows;
        let element = |i: usize| &bytes[in_order(i) * size..(in_order(i) + 1) * size];
        Ok(match self.element {
            Element::Bytes(_) | Element::Characters(_) if width != 1 => {
                return Err(error::unreadable(span, place, "its rows hold several texts each"));
            }
            Element::Bytes(_) | Element::Characters(_) => {
                let mut texts = Texts::default();
                (0..count).for_each(|i| texts.push(self.text(element(i)).as_bytes()));
                Cells::Text(texts)
            }
            Element::Unsigned(1) if !self.is_fortran => Cells::Bytes { width, data: bytes },
            Element::Unsigned(1) => Cells::Bytes { width, data: (0..count).map(|i| element(i)[0]).collect() },
            Element::Float(_) | Element::Signed(_) | Element::Unsigned(_) | Element::Truth => {
                Cells::Numbers { width, data: (0..count).map(|i| self.number(element(i))).collect() }
            }
        })
    }

    /// The place of an element where the first axis varies fastest, given its place where the last one does.
    fn in_fortran_order(&self, mut i: usize) -> usize {
        let (mut at, mut stride) = (0, self.rows * self.shape.iter().product::<usize>());
        for size in self.shape.iter().rev() {
            stride /= size;
            at += i % size * stride;
            i /= size;
        }
        at + i
    }

    /// The number in some bytes.
    fn number(&self, bytes: &[u8]) -> f64 {
        let mut word = [0u8; 8];
        for (i, w) in word.iter_mut().enumerate().take(bytes.len()) {
            *w = bytes[if self.is_big_endian { bytes.len() - 1 - i } else { i }];
        }
        let bits = u64::from_le_bytes(word);
        match self.element {
            Element::Float(2) => half(bits as u16),
            Element::Float(4) => f64::from(f32::from_bits(bits as u32)),
            Element::Float(_) => f64::from_bits(bits),
            // Shifted up to the sign and down again.
            Element::Signed(n) => {
                let unused = 64 - 8 * n.clamp(1, 8) as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
            Element::Unsigned(_) => bits as f64,
            Element::Truth => f64::from(u8::from(bits != 0)),
            Element::Bytes(_) | Element::Characters(_) => f64::NAN,
        }
    }

    /// The text in some bytes, without the zeros that fill it up.
    fn text(&self, bytes: &[u8]) -> String {
        match self.element {
            Element::Characters(_) => {
                let character = |b: &[u8; 4]| {
                    let code =
                        if self.is_big_endian { u32::from_be_bytes(*b) } else { u32::from_le_bytes(*b) };
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                };
                bytes.as_chunks::<4>().0.iter().map(character).take_while(|c| *c != '\0').collect()
            }
            _ => {
                let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
                String::from_utf8_lossy(&bytes[..end]).into_owned()
            }
        }
    }
}

/// A number of 16 bits: sign, 5 bits of exponent, 10 of fraction (IEEE 754).
pub(super) fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        e => (1.0 + fraction / 1024.0) * 2f64.powi(e - 15),
    }
}

/// `<f8`: the order of its bytes and what it is.
fn element(descr: &str) -> Option<(bool, Element)> {
    let mut chars = descr.chars();
    let order = chars.next()?;
    let (kind, size) = match order {
        '<' | '>' | '|' | '=' => (chars.next()?, chars.as_str()),
        kind => (kind, chars.as_str()),
    };
    let size: usize = size.parse().ok()?;
    let element = match (kind, size) {
        ('f', 2 | 4 | 8) => Element::Float(size),
        ('i', 1 | 2 | 4 | 8) => Element::Signed(size),
        ('u', 1 | 2 | 4 | 8) => Element::Unsigned(size),
        ('b', 1) => Element::Truth,
        ('S' | 'a', 1..) => Element::Bytes(size),
        ('U', 1..) => Element::Characters(size),
        _ => return None,
    };
    Some((order == '>', element))
}

/// The three entries of a header.
#[derive(Debug, Default)]
struct Fields {
    descr: String,
    is_fortran: bool,
    shape: Vec<usize>,
}

impl Fields {
    /// Reads a Python dictionary of these three entries and nothing else.
    fn read(text: &str) -> Option<Fields> {
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        while !rest.is_empty() {
            let (name, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            let end = match name {
                "descr" if value.starts_with(['\'', '"']) => {
                    let (text, after) = quoted(value)?;
                    descr = Some(text.to_owned());
                    after
                }
                // Records: told by name, never read.
                "descr" => {
                    let end = value.rfind(']')?;
                    descr = Some(value[..=end].to_owned());
                    &value[end + 1..]
                }
                "fortran_order" => {
                    let (word, after) = value.split_at(value.find([',', '}']).unwrap_or(value.len()));
                    is_fortran = Some(match word.trim() {
                        "True" => true,
                        "False" => false,
                        _ => return None,
                    });
                    after
                }
                "shape" => {
                    let (inside, after) = value.strip_prefix('(')?.split_once(')')?;
                    let sizes = inside.split(',').map(str::trim).filter(|s| !s.is_empty());
                    // Python 2 wrote `3L`.
                    let sizes = sizes.map(|s| s.strip_suffix('L').unwrap_or(s).parse().ok());
                    shape = Some(sizes.collect::<Option<Vec<usize>>>()?);
                    after
                }
                _ => return None,
            };
            rest = end.trim_start().trim_start_matches(',').trim_start();
        }
        let shape = shape.filter(|s| s.len() <= MOST_AXES)?;
        Some(Fields { descr: descr?, is_fortran: is_fortran?, shape })
    }
}

/// A text in quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_the_standard() {
        // IEEE 754-2008, binary16: 1, −2, the largest, the smallest subnormal, 1/3 rounded.
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }

    #[test]
    fn a_header_is_read_in_any_order_and_spacing() {
        let fields = Fields::read("{'shape':(3L,),\"fortran_order\": True ,'descr':'|u1'}\n").expect("legal");
        assert_eq!((fields.descr.as_str(), fields.is_fortran, fields.shape), ("|u1", true, vec![3]));
        for wrong in [
            "",
            "{",
            "{'descr': '<f8'}",
            "{'descr': 3, 'fortran_order': True, 'shape': (1,)}",
            "{'shape': (-1,)}",
        ] {
            assert!(Fields::read(wrong).is_none(), "{wrong}");
        }
    }
}
