//! The typed model: names resolved, every expression typed, every unknown with its prior and its bijection.
//!
//! It knows neither syntax nor inference. Expressions live in one arena in topological order: an operand's id is
//! smaller than its user's. Nets are expanded into plain expressions; defaults are written out. What
//! `--emit model` prints is the whole model, nothing implied.

pub mod correlated;
pub mod print;

use crate::dist::{Event, Family};
use crate::kernels::scalar::{Binary, Unary};
use crate::source::Span;
use crate::transform::Bijection;
use crate::ty::{Shape, Support, Type};
use std::sync::Arc;

/// Position in [`Model::exprs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);
/// Position in [`Model::columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u32);
/// Position in [`Model::unknowns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownId(pub u32);

/// Position in [`Model::statistics`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatisticId(pub u32);

/// A checked model.
#[derive(Debug, Clone)]
pub struct Model {
    /// The file's stem: `moons`.
    pub name: String,
    /// Declared columns and columns derived from them.
    pub columns: Vec<Column>,
    /// All expressions; operands first.
    pub exprs: Vec<Expr>,
    /// Numbers computed from the training rows before fitting; those that others are computed from come first.
    pub statistics: Vec<Statistic>,
    /// Tensors known before compiling.
    pub fixed: Vec<Fixed>,
    /// All unknowns; those that a prior's arguments mention come first.
    pub unknowns: Vec<Unknown>,
    /// The likelihood terms.
    pub observations: Vec<Observation>,
    /// `report name = …`
    pub reports: Vec<(String, ExprId)>,
    /// The nets as declared, for printing and reports.
    pub nets: Vec<Net>,
    /// Constants with the values in force.
    pub constants: Vec<(String, f64)>,
    /// The choices in force: `prior = normal`.
    pub choices: Vec<(String, String)>,
    /// Every option of the fit block, in the order of the table of options, with the values in force.
    pub settings: Vec<Setting>,
}

/// A column of the data, or one computed from columns before fitting.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name in the model.
    pub name: String,
    /// Kind is always row.
    pub ty: Type,
    /// Labels of classes and factor levels, in order of position; empty for other types.
    pub levels: Vec<String>,
    /// For `lag(y, k)`: which column, and how many rows earlier; none for a column that was declared.
    pub lag: Option<(ColumnId, usize)>,
    /// For a count that a walk runs along: its smallest and its largest value.
    pub range: Option<[u64; 2]>,
    /// Where it was declared.
    pub span: Span,
}

impl Column {
    /// How many levels or classes it has; 0 for other types.
    pub fn level_count(&self) -> usize {
        match self.ty.support {
            Support::Class(k) | Support::Factor(k) => k,
            _ => 0,
        }
    }
    /// The label of a level, or the class's number.
    pub fn label(&self, level: usize) -> String {
        self.levels.get(level).cloned().unwrap_or_else(|| level.to_string())
    }
}

/// Position in [`Model::fixed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FixedId(pub u32);

/// Numbers known before compiling: the means of an earlier run's posterior.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// What they are, in words.
    pub name: String,
    /// As many as the shape of the expression says.
    pub values: Vec<f64>,
}

/// A number, or one for each element, computed from the training rows: `mean(x)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistic {
    /// What of them.
    pub what: Summary,
    /// An expression of data.
    pub of: ExprId,
    /// As many numbers as its shape says once the rows have been read; empty before.
    pub values: Vec<f64>,
    /// Elements that are the same in all training rows and that [`Summary::Spread`] gives 1, in order.
    pub constant: Vec<usize>,
}

/// What a statistic is of many numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Summary {
    /// Σ x
    Sum,
    /// Σ x / n
    Mean,
    /// √(Σ (x − mean)² / (n − 1))
    Sd,
    /// What `standardize` divides by: the sd, and 1 for an element of an array that is the same in all rows
    Spread,
    /// smallest
    Min,
    /// largest
    Max,
    /// the one value that all rows of a level share: one for each level, or each cell of several factors, of all rows
    OfLevels(Levels),
}

/// The factors that copies run along: from one to three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Levels([Option<ColumnId>; 3]);

impl Levels {
    /// Of these factors; none if there are too many, or one comes twice.
    pub fn of(factors: &[ColumnId]) -> Option<Levels> {
        let mut all = [None; 3];
        for (place, factor) in factors.iter().enumerate() {
            if factors[..place].contains(factor) {
                return None;
            }
            *all.get_mut(place)? = Some(*factor);
        }
        Some(Levels(all))
    }

    /// The factors in their order.
    pub fn factors(self) -> impl Iterator<Item = ColumnId> {
        self.0.into_iter().flatten()
    }
}

impl Summary {
    /// The function of the language.
    pub fn name(self) -> &'static str {
        match self {
            Summary::Sum => "sum",
            Summary::Mean => "mean",
            Summary::Sd | Summary::Spread => "sd",
            Summary::Min => "min",
            Summary::Max => "max",
            Summary::OfLevels(_) => "level",
        }
    }
}

/// A typed expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Element, shape, global or row, support.
    pub ty: Type,
    /// Where it was written (for expanded nets: the layer).
    pub span: Span,
    /// A name to show: of a definition, or of a layer's output (`f.2`).
    pub name: Option<String>,
}

/// The operations of the model. Shapes exclude rows; a scalar spreads over any shape.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// a number
    Number(f64),
    /// a column's value in the row
    Column(ColumnId),
    /// the (constrained) value of an unknown
    Unknown(UnknownId),
    /// `mean(x)` and others over the training rows
    Statistic(StatisticId),
    /// numbers known before compiling
    Fixed(FixedId),
    /// elementwise function
    Unary(Unary, ExprId),
    /// elementwise, equal shapes, one a scalar, or (inside nets) one a suffix of the other
    Binary(Binary, ExprId, ExprId),
    /// `sum(v)` and others over all elements of one row's value
    Reduce(Reduce, ExprId),
    /// over the last axis
    Softmax(ExprId),
    /// over the last axis
    LogSoftmax(ExprId),
    /// `dot(a, b)` of two vectors
    Dot(ExprId, ExprId),
    /// `[a, b]`: numbers and vectors end to end
    Join(Vec<ExprId>),
    /// `v[2]`: constant index along the first axis, from 0 here
    Element(ExprId, usize),
    /// `theta[school]`: index by a per-row whole number along the first axis (value from 0)
    IndexBy(ExprId, ExprId),
    /// 0/1 code of a factor or class, one number per level
    OneHot(ExprId),
    /// `x [K]` times `w [K, N]`
    Dense {
        /// `[K]`
        x: ExprId,
        /// `[K, N]`
        w: ExprId,
    },
    /// convolution of `x [H, W, C]` with `w [KH, KW, C, F]`
    Conv {
        /// [H, W, C]
        x: ExprId,
        /// [KH, KW, C, F]
        w: ExprId,
        /// step between output pixels
        stride: usize,
        /// zeros added at (top, bottom, left, right)
        pad: [usize; 4],
    },
    /// maximum over windows of `x [H, W, C]`; no padding
    MaxPool {
        /// [H, W, C]
        x: ExprId,
        /// window side
        size: usize,
        /// step
        stride: usize,
    },
    /// mean over windows of `x [H, W, C]`; no padding
    AvgPool {
        /// [H, W, C]
        x: ExprId,
        /// window side
        size: usize,
        /// step
        stride: usize,
    },
    /// mean of each channel of `x [H, W, C]`
    ChannelMeans(ExprId),
    /// same elements, new shape
    Reshape(ExprId),
    /// each element of a vector so many times, along a new last axis
    Repeat(ExprId, usize),
    /// element i is element `places[i]` of the flattened value
    Take {
        /// any shape
        x: ExprId,
        /// as many as the shape has elements
        places: Arc<[u32]>,
    },
    /// element i is added at `places[i]` of zeros
    SumTo {
        /// any shape
        x: ExprId,
        /// as many as `x` has elements
        places: Arc<[u32]>,
    },
    /// for each copy the row of a table that its rows name
    LookUp {
        /// `[K, …]`, or `[copies, K, …]`
        x: ExprId,
        /// values from 0 to K − 1, one per copy
        index: StatisticId,
        /// whether each copy has a table of its own
        is_each: bool,
    },
    /// 0 with probability `rate`, else 1/(1 − rate): anew in each element, row and draw
    Mask {
        /// share of zeros
        rate: f64,
        /// which of the model's masks: each has noise of its own
        number: u32,
    },
}

impl ExprKind {
    /// The expressions that this one is made of.
    pub fn operands(&self) -> Vec<ExprId> {
        match self {
            ExprKind::Number(_)
            | ExprKind::Column(_)
            | ExprKind::Unknown(_)
            | ExprKind::Statistic(_)
            | ExprKind::Fixed(_)
            | ExprKind::Mask { .. } => {
                vec![]
            }
            ExprKind::Unary(_, x)
            | ExprKind::Reduce(_, x)
            | ExprKind::Softmax(x)
            | ExprKind::LogSoftmax(x)
            | ExprKind::Element(x, _)
            | ExprKind::OneHot(x)
            | ExprKind::MaxPool { x, .. }
            | ExprKind::AvgPool { x, .. }
            | ExprKind::ChannelMeans(x)
            | ExprKind::Reshape(x)
            | ExprKind::Repeat(x, _)
            | ExprKind::Take { x, .. }
            | ExprKind::SumTo { x, .. }
            | ExprKind::LookUp { x, .. } => vec![*x],
            ExprKind::Binary(_, a, b) | ExprKind::Dot(a, b) | ExprKind::IndexBy(a, b) => vec![*a, *b],
            ExprKind::Join(parts) => parts.clone(),
            ExprKind::Dense { x, w } | ExprKind::Conv { x, w, .. } => vec![*x, *w],
        }
    }
}

impl ExprKind {
    /// The same operation on other operands.
    pub fn of(&self, operand: impl Fn(ExprId) -> ExprId) -> ExprKind {
        let f = |id: &ExprId| operand(*id);
        match self {
            ExprKind::Number(_)
            | ExprKind::Column(_)
            | ExprKind::Unknown(_)
            | ExprKind::Statistic(_)
            | ExprKind::Fixed(_)
            | ExprKind::Mask { .. } => self.clone(),
            ExprKind::Unary(u, x) => ExprKind::Unary(*u, f(x)),
            ExprKind::Binary(u, a, b) => ExprKind::Binary(*u, f(a), f(b)),
            ExprKind::Reduce(r, x) => ExprKind::Reduce(*r, f(x)),
            ExprKind::Softmax(x) => ExprKind::Softmax(f(x)),
            ExprKind::LogSoftmax(x) => ExprKind::LogSoftmax(f(x)),
            ExprKind::Dot(a, b) => ExprKind::Dot(f(a), f(b)),
            ExprKind::Join(parts) => ExprKind::Join(parts.iter().map(f).collect()),
            ExprKind::Element(x, i) => ExprKind::Element(f(x), *i),
            ExprKind::IndexBy(a, b) => ExprKind::IndexBy(f(a), f(b)),
            ExprKind::OneHot(x) => ExprKind::OneHot(f(x)),
            ExprKind::Dense { x, w } => ExprKind::Dense { x: f(x), w: f(w) },
            ExprKind::Conv { x, w, stride, pad } => {
                ExprKind::Conv { x: f(x), w: f(w), stride: *stride, pad: *pad }
            }
            ExprKind::MaxPool { x, size, stride } => {
                ExprKind::MaxPool { x: f(x), size: *size, stride: *stride }
            }
            ExprKind::AvgPool { x, size, stride } => {
                ExprKind::AvgPool { x: f(x), size: *size, stride: *stride }
            }
            ExprKind::ChannelMeans(x) => ExprKind::ChannelMeans(f(x)),
            ExprKind::Reshape(x) => ExprKind::Reshape(f(x)),
            ExprKind::Repeat(x, n) => ExprKind::Repeat(f(x), *n),
            ExprKind::Take { x, places } => ExprKind::Take { x: f(x), places: places.clone() },
            ExprKind::SumTo { x, places } => ExprKind::SumTo { x: f(x), places: places.clone() },
            ExprKind::LookUp { x, index, is_each } => {
                ExprKind::LookUp { x: f(x), index: *index, is_each: *is_each }
            }
        }
    }
}

/// Reductions over all elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// Σ
    Sum,
    /// mean
    Mean,
    /// smallest
    Min,
    /// largest
    Max,
    /// log Σ exp
    LogSumExp,
}

/// A distribution with its arguments.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Entry of the catalogue.
    pub family: &'static Family,
    /// Which of the family's argument forms.
    pub form: usize,
    /// One per argument of the form.
    pub args: Vec<ExprId>,
    /// `on (a, b)`; ends may be infinite numbers.
    pub truncation: Option<(ExprId, ExprId)>,
    /// `censored by`
    pub censoring: Option<Censoring>,
    /// `weighted by`: the factor of a row's log density.
    pub weight: Option<ExprId>,
    /// `ordered`: copies along the last axis increase.
    pub is_ordered: bool,
    /// What a `Mixture` mixes; empty for all others.
    pub components: Vec<Distribution>,
    /// Where it was written.
    pub span: Span,
}

/// `censored by`: what is known of a value that was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Censoring {
    /// by a column
    Sides {
        /// 1 where the value is a lower bound
        right: ExprId,
        /// 1 where it is an upper bound
        left: Option<ExprId>,
    },
    /// between two values; where these are equal, the target itself was seen
    Between(ExprId, ExprId),
}

impl Distribution {
    /// A distribution without suffixes.
    pub fn new(family: &'static Family, form: usize, args: Vec<ExprId>, span: Span) -> Distribution {
        Distribution {
            family,
            form,
            args,
            truncation: None,
            censoring: None,
            weight: None,
            is_ordered: false,
            components: vec![],
            span,
        }
    }

    /// Where its name was written: the place to point at when the whole is meant, which may go over many lines.
    pub fn name_span(&self) -> Span {
        let end = self.span.start + self.family.name.len() as u32;
        Span { end: end.min(self.span.end), ..self.span }
    }

    /// Whether it is the family's own density: no suffix, nothing mixed.
    pub fn is_bare(&self) -> bool {
        self.truncation.is_none()
            && self.censoring.is_none()
            && self.weight.is_none()
            && !self.is_ordered
            && self.components.is_empty()
    }

    /// Every expression that it is made of: arguments, bounds, columns of suffixes, components.
    pub fn exprs(&self) -> Vec<ExprId> {
        let mut all = self.args.clone();
        all.extend(self.truncation.into_iter().flat_map(|(a, b)| [a, b]));
        match self.censoring {
            Some(Censoring::Sides { right, left }) => all.extend([right].into_iter().chain(left)),
            Some(Censoring::Between(low, high)) => all.extend([low, high]),
            None => {}
        }
        all.extend(self.weight);
        all.extend(self.components.iter().flat_map(Distribution::exprs));
        all
    }

    /// Whether its values are whole numbers, classes or single points; a mixture is if all that it mixes is.
    pub fn is_discrete(&self) -> bool {
        match self.components.as_slice() {
            [] => self.family.is_discrete,
            parts => parts.iter().all(Distribution::is_discrete),
        }
    }

    /// Whether it, or something that it mixes, is a single point.
    pub fn has_atom(&self) -> bool {
        self.family.name == "Delta" || self.components.iter().any(Distribution::has_atom)
    }

    /// What one value is; that of what it mixes.
    pub fn event(&self) -> Event {
        self.components.first().map_or(self.family.event, Distribution::event)
    }
}

/// How an unknown is treated by inference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// has a posterior
    Random,
    /// `Point`: learned, no prior
    Point,
    /// `Point(prior)`: learned, with its prior as penalty
    PointWithPrior,
}

/// What an unknown is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// declared at the top
    Plain,
    /// a tensor or a scale of a net's layer
    Net {
        /// index in [`Model::nets`]
        net: usize,
        /// index in [`Net::layers`]; none for a variable of the whole net
        layer: Option<usize>,
        /// inputs of one output unit: the layer's `fan_in`
        fan_in: usize,
        /// `w`, `b`, or the name of a scale
        tensor: String,
    },
}

/// A random variable that is not data.
#[derive(Debug, Clone)]
pub struct Unknown {
    /// `theta`, `f.1.w`
    pub name: String,
    /// Copies first, the distribution's own shape last.
    pub shape: Shape,
    /// For each axis, the labels of its indices if it runs along a factor (empty: numbers from 1).
    pub axis_labels: Vec<Vec<String>>,
    /// Its prior. Ignored for [`Treatment::Point`].
    pub prior: Distribution,
    /// Where it lies.
    pub support: Support,
    /// From the reals to the support.
    pub bijection: &'static Bijection,
    /// Bounds for bijections that take them: as many as the bijection says.
    pub bounds: Vec<ExprId>,
    /// Random or learned.
    pub treatment: Treatment,
    /// Part of a net, or not.
    pub role: Role,
    /// True if the prior was not written but is the default.
    pub is_default: bool,
    /// Where it was declared.
    pub span: Span,
}

/// `target ~ Dist(…)` for a column or a definition made of columns only.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The name on the left.
    pub name: String,
    /// Its value.
    pub target: ExprId,
    /// The right side.
    pub dist: Distribution,
    /// What it is reported as, if the target is standardised or centred.
    pub units: Option<Units>,
    /// Where.
    pub span: Span,
}

/// The target is `(of − shift) / scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// The value in its own units.
    pub of: ExprId,
    /// What was subtracted.
    pub shift: StatisticId,
    /// What it was divided by, if it was.
    pub scale: Option<StatisticId>,
}

/// A net as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Net {
    /// `f`
    pub name: String,
    /// From top to bottom, also those without tensors.
    pub layers: Vec<NetLayer>,
    /// Number of random or learned numbers.
    pub weights: usize,
}

/// One line of a net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetLayer {
    /// `1` or a label; empty for layers without tensors
    pub label: String,
    /// as written, options resolved: `conv 32 5x5 stride 1 pad valid tanh`
    pub text: String,
    /// shape that goes in
    pub input: Shape,
    /// shape that comes out
    pub output: Shape,
}

/// One line of the fit block.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// `epochs`
    pub name: String,
    /// `20`, `advi`
    pub value: SettingValue,
    /// Where; `None` if from the command line or a default.
    pub span: Option<Span>,
    /// True if nobody wrote it.
    pub is_default: bool,
}

/// The right side of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingValue {
    /// a number
    Number(f64),
    /// a word
    Word(String),
    /// `[a, b]`
    Words(Vec<String>),
}

/// A count column used as an index that counts from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountedIndex {
    /// The column.
    pub column: ColumnId,
    /// Size of what it indexes.
    pub size: usize,
    /// The value that stands for the first place.
    pub first: f64,
    /// Where.
    pub span: Span,
}

impl Model {
    /// Count columns that stand in an index: their values can be checked only with the data.
    pub fn counted_indices(&self) -> Vec<CountedIndex> {
        let mut found = vec![];
        for expr in &self.exprs {
            let ExprKind::IndexBy(x, index) = expr.kind else { continue };
            let ExprKind::Binary(Binary::Sub, column, first) = self.expr(index).kind else { continue };
            let ExprKind::Number(first) = self.expr(first).kind else { continue };
            if let (ExprKind::Column(column), Some(size)) =
                (&self.expr(column).kind, self.expr(x).ty.shape.0.first())
            {
                found.push(CountedIndex { column: *column, size: *size, first, span: expr.span });
            }
        }
        found
    }
    /// The unknowns that an expression is made of.
    pub fn unknowns_of(&self, id: ExprId) -> impl Iterator<Item = UnknownId> {
        let (mut pending, mut seen) = (vec![id], std::collections::BTreeSet::new());
        std::iter::from_fn(move || {
            while let Some(next) = pending.pop() {
                if !seen.insert(next) {
                    continue;
                }
                match &self.expr(next).kind {
                    ExprKind::Unknown(u) => return Some(*u),
                    kind => pending.extend(kind.operands()),
                }
            }
            None
        })
    }
    /// The expression behind an id.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
    /// The unknown behind an id.
    pub fn unknown(&self, id: UnknownId) -> &Unknown {
        &self.unknowns[id.0 as usize]
    }
    /// The value in force of an option of the fit block.
    pub fn setting(&self, name: &str) -> Option<&SettingValue> {
        self.settings.iter().find(|s| s.name == name).map(|s| &s.value)
    }
    /// The column behind an id.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.0 as usize]
    }
}

impl Observation {
    /// Numbers of the target in one row.
    pub fn target_len(&self, model: &Model) -> usize {
        model.expr(self.target).ty.shape.len()
    }
}
