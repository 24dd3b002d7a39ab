//! What a value can be: its element type, shape, kind (global or per row) and support.
//!
//! These four answers are what the checker infers for every expression, and what every later stage relies on.

mod interval;
mod support;

pub use interval::Fit;
pub use support::{Interval, Support};

/// What one element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// a real number
    Real,
    /// a whole number from 0
    Count,
    /// 0 or 1
    Bool,
    /// one of K classes, stored as its position 0…K−1
    Class,
    /// one of K levels, stored as its position 0…K−1
    Factor,
}

impl Element {
    /// The word of the language.
    pub fn name(self) -> &'static str {
        match self {
            Element::Real => "real",
            Element::Count => "count",
            Element::Bool => "bool",
            Element::Class => "class",
            Element::Factor => "factor",
        }
    }
}

/// Whether a value is one per model or one per row of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// depends on parameters only
    Global,
    /// depends on a data column
    Row,
}

impl Kind {
    /// The word printed by `--emit`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Global => "global",
            Kind::Row => "row",
        }
    }
}

/// Sizes of the axes, outermost first; no axes is a scalar. The row axis is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// A single number.
    pub fn scalar() -> Shape {
        Shape(vec![])
    }
    /// One axis.
    pub fn vector(n: usize) -> Shape {
        Shape(vec![n])
    }
    /// Number of elements; the largest number there is for shapes that could never be held.
    pub fn len(&self) -> usize {
        self.0.iter().fold(1, |n: usize, size| n.saturating_mul(*size))
    }
    /// Whether some axis has size 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }
    /// Whether there are no axes.
    pub fn is_scalar(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether `self` is the end of `other` (the bias of a channel against an image).
    pub fn is_suffix_of(&self, other: &Shape) -> bool {
        other.0.ends_with(&self.0)
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        Shape(sizes.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Self {
        Shape(sizes.to_vec())
    }
}

impl std::fmt::Display for Shape {
    /// `[3, 4]`; nothing for a scalar.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let sizes: Vec<String> = self.0.iter().map(|n| n.to_string()).collect();
        write!(f, "[{}]", sizes.join(", "))
    }
}

/// Everything the checker knows of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// what one element is
    pub element: Element,
    /// sizes without the row axis
    pub shape: Shape,
    /// global or per row
    pub kind: Kind,
    /// where the values lie
    pub support: Support,
}
