//! The tree of what was written, with spans; nothing is resolved or implied.
//!
//! Each variant's doc shows its source text. One [`Item`] type serves every block, because a `choose` may stand
//! around anything; the grammar decides what may stand where.

use crate::source::{Span, Spanned};

/// A name with its place.
pub type Name = Spanned<String>;

/// A whole model file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ast {
    /// Declarations in the order they stand.
    pub items: Vec<Item>,
    /// Comments in the order they stand, for `fmt` and `allow`: text with its `#`.
    pub comments: Vec<Spanned<String>>,
}

/// Whatever may stand in a block or at the top.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `data "moons.csv" { x : real }`
    Data(Data),
    /// `const n = 16`
    Const {
        /// `n`
        name: Name,
        /// `16`
        value: Expr,
    },
    /// `z = expression`, or with parameters `f(a, b) = expression`
    Define {
        /// `z`
        name: Name,
        /// `a, b`; none for a plain definition
        parameters: Vec<Name>,
        /// the right side
        value: Expr,
    },
    /// `beta[4] ~ Normal(0, 1)`
    Random {
        /// `beta`
        name: Name,
        /// `4`
        sizes: Vec<Expr>,
        /// the right side
        dist: Dist,
    },
    /// `net f(x) { … }`
    Net {
        /// `f`
        name: Name,
        /// `x`
        parameters: Vec<Name>,
        /// layers, `each`, `choose`, definitions, unknowns
        body: Vec<Item>,
        /// the whole declaration
        span: Span,
    },
    /// `choose prior { normal: { … } … }`
    Choose {
        /// `prior`
        name: Name,
        /// the labelled blocks
        alternatives: Vec<Alternative>,
    },
    /// `report z = expression`
    Report {
        /// `z`
        name: Name,
        /// the right side
        value: Expr,
    },
    /// `fit { seed = 1 }`
    Fit {
        /// `seed = 1`
        options: Vec<(Name, Expr)>,
        /// the whole block
        span: Span,
    },
    /// `each layer { … }` or `each dense { … }`
    Each {
        /// `layer`
        kind: Name,
        /// unknowns and definitions
        body: Vec<Item>,
        /// the whole block
        span: Span,
    },
    /// `out: dense 10 softmax { w ~ … }`, `residual { … }`, or under `heads` a bare labelled block
    Layer(Layer),
}

/// One label and its block in a `choose`.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// `normal`
    pub label: Name,
    /// what the alternative declares
    pub items: Vec<Item>,
}

/// A layer line.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// `out:`
    pub label: Option<Name>,
    /// `dense`; `None` for a bare block under `heads`
    pub kind: Option<Name>,
    /// sizes, options, activation, in the order written
    pub words: Vec<Spanned<Word>>,
    /// `{ … }` after the words: overrides of a layer with weights, or the stack of `residual`, `concat`, `heads`
    pub body: Option<Vec<Item>>,
    /// the whole line
    pub span: Span,
}

/// A word of a layer line.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// `5x3`
    Kernel(usize, usize),
    /// `32`
    Number(f64),
    /// `(2 * n)`
    Expr(Expr),
    /// `tanh`, `stride`, `same`, or the name of a constant
    Name(String),
}

/// `data SOURCE { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// where rows come from
    pub source: Source,
    /// the lines of the block
    pub items: Vec<DataItem>,
    /// the whole block
    pub span: Span,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// `"data/moons.csv"`
    Path(Spanned<String>),
    /// `idx("a.gz", "b.gz")`, `moons(1000, noise = 0.43)`
    Call {
        /// `idx`
        name: Name,
        /// its arguments
        args: Vec<Arg>,
        /// from the name to the closing bracket
        span: Span,
    },
}

/// A line of a data block.
#[derive(Debug, Clone, PartialEq)]
pub enum DataItem {
    /// `x1, x2 : real from "feat*"`
    Column {
        /// `x1, x2`
        names: Vec<Name>,
        /// `real`
        ty: TypeName,
        /// `from …`
        from: Option<ColumnFrom>,
    },
    /// `split by column`
    SplitBy(Name),
    /// `split valid = 0.3`, `split valid = last 300`
    Split {
        /// `valid`
        name: Name,
        /// with the word `last`
        last: bool,
        /// share or number of rows
        amount: Expr,
    },
    /// `test SOURCE`
    Test(Source),
    /// `missing = drop`
    Missing(Name),
    /// `where y < 5`
    Where(Expr),
    /// `take 20 per y`
    Take {
        /// `20`
        count: Expr,
        /// `y`
        per: Name,
    },
}

/// What follows `from`.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnFrom {
    /// `from "medv"` or `from ["crim", "zn"]`
    Names(Vec<Spanned<String>>),
    /// `from others`
    Others(Span),
}

/// `real`, `class(10)`, `image(28, 28)`, `real[5]`, `class("low", "high")`
#[derive(Debug, Clone, PartialEq)]
pub struct TypeName {
    /// `class`
    pub name: Name,
    /// in round brackets
    pub args: Vec<Arg>,
    /// in square brackets
    pub sizes: Vec<Expr>,
    /// all of it
    pub span: Span,
}

/// `Normal(0, s) on (0, inf)`
#[derive(Debug, Clone, PartialEq)]
pub struct Dist {
    /// `Normal`
    pub name: Name,
    /// `0, s`
    pub args: Vec<Arg>,
    /// `on (0, inf)` and others, in the order written
    pub suffixes: Vec<Spanned<Suffix>>,
    /// all of it
    pub span: Span,
}

/// What may follow a distribution.
#[derive(Debug, Clone, PartialEq)]
pub enum Suffix {
    /// `on (a, b)`
    On(Expr, Expr),
    /// `ordered`
    Ordered,
    /// `weighted by column`
    WeightedBy(Name),
    /// `censored by c`
    CensoredBy(Name),
    /// `censored by (low, high)`
    CensoredBetween(Expr, Expr),
}

/// `0`, `rate = 2`, or a distribution as an argument of `Mixture`
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// `rate`
    pub name: Option<Name>,
    /// `2`
    pub value: Expr,
    /// only after a distribution
    pub suffixes: Vec<Spanned<Suffix>>,
}

/// An expression with its place (brackets around it not counted).
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// what it is
    pub kind: ExprKind,
    /// where it stands
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `2.5e-3`
    Number(f64),
    /// `"A"`
    Text(String),
    /// `x`
    Name(String),
    /// `exp(x)`, `f(x)`
    Call {
        /// `exp`
        name: Name,
        /// its arguments
        args: Vec<Arg>,
    },
    /// `[a, b]`
    Join(Vec<Expr>),
    /// `v[i]`
    Index {
        /// `v`
        base: Box<Expr>,
        /// `i`
        indices: Vec<Expr>,
    },
    /// `f(x).mean`, `f.1.w` (a field may be digits)
    Field {
        /// `f(x)`
        base: Box<Expr>,
        /// `mean`
        field: Name,
    },
    /// `-x`
    Negate(Box<Expr>),
    /// `a + b`, `a < b`
    Binary {
        /// `+`
        op: BinaryOp,
        /// `a`
        left: Box<Expr>,
        /// `b`
        right: Box<Expr>,
    },
}

/// Operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `^`
    Pow,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl BinaryOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Pow => "^",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
        }
    }
}
