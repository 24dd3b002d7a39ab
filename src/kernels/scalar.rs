//! The scalar functions that every other part names: one enum variant a function, with its value in f64.
//!
//! The tape's elementwise instructions carry these enums; the vector kernels implement each variant for slices;
//! [`Unary::apply`] and [`Binary::apply`] are the plain reference that the vector forms are tested against.

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unary {
    /// −x
    Neg,
    /// 1/x
    Reciprocal,
    /// e^x
    Exp,
    /// log x
    Log,
    /// log(1 + x)
    Log1p,
    /// e^x − 1
    Expm1,
    /// √x
    Sqrt,
    /// x²
    Square,
    /// |x|
    Abs,
    /// −1, 0 or 1
    Sign,
    /// sin x
    Sin,
    /// cos x
    Cos,
    /// tanh x
    Tanh,
    /// arctan x
    Atan,
    /// 1/(1 + e^−x)
    Sigmoid,
    /// log(1/(1 + e^−x)) = −softplus(−x)
    LogSigmoid,
    /// log(1 + e^x) = max(x, 0) + log1p(e^−|x|)
    Softplus,
    /// max(x, 0)
    Relu,
    /// 1 where x > 0, else 0
    Step,
    /// error function
    Erf,
    /// Φ(x), the standard normal distribution function
    NormalCdf,
    /// log Φ(x), by asymptotics far out on the left
    LogNormalCdf,
    /// log Γ(x)
    LnGamma,
    /// ψ(x) = d/dx log Γ(x)
    Digamma,
    /// ψ′(x)
    Trigamma,
    /// log(e^−x I₀(x)), I₀ the modified Bessel function
    LogBesselI0e,
    /// 1 − I₁(x)/I₀(x)
    BesselDrop,
}

/// A function of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// a^b
    Pow,
    /// min(a, b)
    Min,
    /// max(a, b)
    Max,
    /// 1 where a = b, else 0
    Eq,
    /// 1 where a < b, else 0
    Lt,
    /// 1 where a ≤ b, else 0
    Le,
    /// log(e^a + e^b)
    LogAddExp,
    /// log P(a, b), the lower incomplete gamma function over Γ(a); a is data or a constant
    LogGammaP,
    /// log(1 − P(a, b)); a is data or a constant
    LogGammaQ,
    /// log of Student's distribution function with a degrees of freedom at b; a is data or a constant
    LogStudentCdf,
}

impl Unary {
    /// Every variant, for tests and tables.
    pub const ALL: &[Unary] = &[
        Unary::Neg,
        Unary::Reciprocal,
        Unary::Exp,
        Unary::Log,
        Unary::Log1p,
        Unary::Expm1,
        Unary::Sqrt,
        Unary::Square,
        Unary::Abs,
        Unary::Sign,
        Unary::Sin,
        Unary::Cos,
        Unary::Tanh,
        Unary::Atan,
        Unary::Sigmoid,
        Unary::LogSigmoid,
        Unary::Softplus,
        Unary::Relu,
        Unary::Step,
        Unary::Erf,
        Unary::NormalCdf,
        Unary::LogNormalCdf,
        Unary::LnGamma,
        Unary::Digamma,
        Unary::Trigamma,
        Unary::LogBesselI0e,
        Unary::BesselDrop,
    ];

    /// The name printed on a tape.
    pub fn name(self) -> &'static str {
        match self {
            Unary::Neg => "neg",
            Unary::Reciprocal => "reciprocal",
            Unary::Exp => "exp",
            Unary::Log => "log",
            Unary::Log1p => "log1p",
            Unary::Expm1 => "expm1",
            Unary::Sqrt => "sqrt",
            Unary::Square => "square",
            Unary::Abs => "abs",
            Unary::Sign => "sign",
            Unary::Sin => "sin",
            Unary::Cos => "cos",
            Unary::Tanh => "tanh",
            Unary::Atan => "atan",
            Unary::Sigmoid => "sigmoid",
            Unary::LogSigmoid => "log_sigmoid",
            Unary::Softplus => "softplus",
            Unary::Relu => "relu",
            Unary::Step => "step",
            Unary::Erf => "erf",
            Unary::NormalCdf => "normal_cdf",
            Unary::LogNormalCdf => "log_normal_cdf",
            Unary::LnGamma => "ln_gamma",
            Unary::Digamma => "digamma",
            Unary::Trigamma => "trigamma",
            Unary::LogBesselI0e => "log_bessel_i0e",
            Unary::BesselDrop => "bessel_drop",
        }
    }

    /// The value in f64.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Unary::Neg => -x,
            Unary::Reciprocal => 1.0 / x,
            Unary::Exp => x.exp(),
            Unary::Log => x.ln(),
            Unary::Log1p => x.ln_1p(),
            Unary::Expm1 => x.exp_m1(),
            Unary::Sqrt => x.sqrt(),
            Unary::Square => x * x,
            Unary::Abs => x.abs(),
            Unary::Sign => {
                if x == 0.0 {
                    0.0
                } else {
                    x.signum()
                }
            }
            Unary::Sin => x.sin(),
            Unary::Cos => x.cos(),
            Unary::Tanh => x.tanh(),
            Unary::Atan => x.atan(),
            Unary::Sigmoid => {
                if x >= 0.0 {
                    1.0 / (1.0 + (-x).exp())
                } else {
                    x.exp() / (1.0 + x.exp())
                }
            }
            Unary::LogSigmoid => -Unary::Softplus.apply(-x),
            Unary::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Unary::Relu => {
                if x.is_nan() {
                    x
                } else {
                    x.max(0.0)
                }
            }
            Unary::Step => {
                if x.is_nan() {
                    x
                } else {
                    f64::from(x > 0.0)
                }
            }
            Unary::Erf => super::special::erf(x),
            Unary::NormalCdf => super::special::normal_cdf(x),
            Unary::LogNormalCdf => super::special::log_normal_cdf(x),
            Unary::LnGamma => super::special::ln_gamma(x),
            Unary::Digamma => super::special::digamma(x),
            Unary::Trigamma => super::special::trigamma(x),
            Unary::LogBesselI0e => super::special::log_bessel_i0e(x),
            Unary::BesselDrop => super::special::bessel_drop(x),
        }
    }
}

impl Binary {
    /// Every variant, for tests and tables.
    pub const ALL: &[Binary] = &[
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Pow,
        Binary::Min,
        Binary::Max,
        Binary::Eq,
        Binary::Lt,
        Binary::Le,
        Binary::LogAddExp,
        Binary::LogGammaP,
        Binary::LogGammaQ,
        Binary::LogStudentCdf,
    ];

    /// The name printed on a tape.
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::Pow => "pow",
            Binary::Min => "min",
            Binary::Max => "max",
            Binary::Eq => "eq",
            Binary::Lt => "lt",
            Binary::Le => "le",
            Binary::LogAddExp => "log_add_exp",
            Binary::LogGammaP => "log_gamma_p",
            Binary::LogGammaQ => "log_gamma_q",
            Binary::LogStudentCdf => "log_student_cdf",
        }
    }

    /// The value in f64.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Pow => a.powf(b),
            Binary::Min => a.min(b),
            Binary::Max => a.max(b),
            Binary::Eq => f64::from(a == b),
            Binary::Lt => f64::from(a < b),
            Binary::Le => f64::from(a <= b),
            Binary::LogAddExp => {
                let (most, least) = if a >= b { (a, b) } else { (b, a) };
                // Two equal infinities are their own sum.
                if most == least {
                    most + std::f64::consts::LN_2
                } else {
                    most + (least - most).exp().ln_1p()
                }
            }
            Binary::LogGammaP => super::special::log_gamma_p(a, b),
            Binary::LogGammaQ => super::special::log_gamma_q(a, b),
            Binary::LogStudentCdf => super::special::log_student_cdf(a, b),
        }
    }
}
