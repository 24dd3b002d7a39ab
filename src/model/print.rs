//! A model as text: everything that inference will see, nothing implied (`--emit model`).
//!
//! ```text
//! unknowns
//!   f.1.w[2, 5] ~ Normal(mean = 0, sd = 0.5)    # default
//!     real; theta = u; log Jacobian 0
//! ```
//!
//! Expressions with a name (definitions, outputs of layers) stand in a list of their own, and are called by it.

use super::{
    Distribution, Expr, ExprId, ExprKind, Model, Net, Reduce, Setting, SettingValue, Treatment, Unknown,
};
use crate::kernels::scalar::{Binary, Unary};
use crate::ty::{Element, Support, Type};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Model {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "model {}", self.name)?;
        section(f, "columns", self.columns.iter().map(|c| column(&c.name, &c.ty, &c.levels)))?;
        section(f, "constants", self.constants.iter().map(|(name, v)| format!("{name} = {v}")))?;
        section(f, "choices", self.choices.iter().map(|(name, label)| format!("{name} = {label}")))?;
        section(f, "unknowns", self.unknowns.iter().map(|u| self.unknown_text(u)))?;
        section(f, "nets", self.nets.iter().map(net))?;
        section(f, "values", self.named().map(|(id, name)| self.value(id, name)))?;
        section(
            f,
            "likelihood",
            self.observations
                .iter()
                .map(|o| format!("{} ~ {}", self.formula(o.target, 0), self.distribution(&o.dist))),
        )?;
        section(
            f,
            "reports",
            self.reports.iter().map(|(name, id)| {
                format!("{name} = {} : {}", self.own_formula(*id), described(&self.expr(*id).ty))
            }),
        )?;
        section(f, "settings", self.settings.iter().map(setting))
    }
}

fn section(f: &mut Formatter<'_>, head: &str, lines: impl Iterator<Item = String>) -> fmt::Result {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return Ok(());
    }
    writeln!(f, "\n{head}")?;
    lines.try_for_each(|line| line.lines().try_for_each(|part| writeln!(f, "  {part}")))
}

/// `y : class(2), labels 0, 1`
fn column(name: &str, ty: &Type, levels: &[String]) -> String {
    let ty = match (ty.element, &ty.support) {
        (Element::Bool, _) => "bool".to_owned(),
        (Element::Real, Support::Interval(i)) if ty.shape.rank() == 3 => format!("{i}{}", ty.shape),
        (_, support) => format!("{support}{}", ty.shape),
    };
    let mut text = format!("{name} : {ty}");
    if !levels.is_empty() {
        let shown: Vec<&str> = levels.iter().take(12).map(String::as_str).collect();
        let more = if shown.len() < levels.len() { ", …" } else { "" };
        text.push_str(&format!(", labels {}{more}", shown.join(", ")));
    }
    text
}

/// The layers of a net, one a line.
fn net(net: &Net) -> String {
    let mut text = format!("{}: {} weights", net.name, net.weights);
    for layer in &net.layers {
        let label = if layer.label.is_empty() { "-" } else { &layer.label };
        text.push_str(&format!("\n  {label}: {}, {} to {}", layer.text, layer.input, layer.output));
    }
    text
}

/// `seed = 1`
fn setting(setting: &Setting) -> String {
    let value = match &setting.value {
        SettingValue::Number(v) => v.to_string(),
        SettingValue::Word(word) => word.clone(),
        SettingValue::Words(words) => format!("[{}]", words.join(", ")),
    };
    let origin = if setting.is_default { "    # default" } else { "" };
    format!("{} = {value}{origin}", setting.name)
}

/// `row [5], (-1, 1)`
fn described(ty: &Type) -> String {
    let support = match ty.element {
        Element::Bool => "bool".to_owned(),
        Element::Real | Element::Count | Element::Class | Element::Factor => ty.support.to_string(),
    };
    let shape = if ty.shape.is_scalar() { String::new() } else { format!(" {}", ty.shape) };
    format!("{}{shape}, {support}", ty.kind.name())
}

impl Model {
    /// Prior, support, bijection.
    fn unknown_text(&self, unknown: &Unknown) -> String {
        let mut axes = vec![];
        for (i, size) in unknown.shape.0.iter().enumerate() {
            match unknown.axis_labels.get(i) {
                Some(labels) if !labels.is_empty() => axes.push(format!("{size} levels")),
                _ => axes.push(size.to_string()),
            }
        }
        let shape = if axes.is_empty() { String::new() } else { format!("[{}]", axes.join(", ")) };
        let prior = match unknown.treatment {
            Treatment::Random => self.distribution(&unknown.prior),
            Treatment::Point => "Point".to_owned(),
            Treatment::PointWithPrior => format!("Point({})", self.distribution(&unknown.prior)),
        };
        let origin = if unknown.is_default { "    # default" } else { "" };
        let bounds: Vec<String> = unknown
            .bounds
            .iter()
            .zip(bound_names(unknown.bijection.name))
            .map(|(b, name)| format!("{name} = {}", self.formula(*b, 0)))
            .collect();
        let bounds = if bounds.is_empty() { String::new() } else { format!("; {}", bounds.join(", ")) };
        format!(
            "{}{shape} ~ {prior}{origin}\n  {}; {}{bounds}",
            unknown.name, unknown.support, unknown.bijection.formula
        )
    }

    /// Expressions with a name of their own that something uses, in the order in which they are computed.
    fn named(&self) -> impl Iterator<Item = (ExprId, &str)> {
        let used = self.used();
        let all = self.exprs.iter().enumerate().filter(move |(i, _)| used[*i]);
        all.filter_map(|(i, e)| e.name.as_deref().map(|name| (ExprId(i as u32), name)))
    }

    /// Which expressions likelihoods, priors and reports depend on.
    fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.exprs.len()];
        let of_dist = |d: &Distribution| {
            d.args
                .iter()
                .copied()
                .chain(d.truncation.into_iter().flat_map(|(a, b)| [a, b]))
                .collect::<Vec<_>>()
        };
        let observed = self.observations.iter().flat_map(|o| [vec![o.target], of_dist(&o.dist)].concat());
        let priors = self.unknowns.iter().flat_map(|u| [u.bounds.clone(), of_dist(&u.prior)].concat());
        let mut pending: Vec<ExprId> =
            observed.chain(priors).chain(self.reports.iter().map(|r| r.1)).collect();
        while let Some(id) = pending.pop() {
            if !std::mem::replace(&mut used[id.0 as usize], true) {
                pending.extend(self.expr(id).kind.operands());
            }
        }
        used
    }

    fn value(&self, id: ExprId, name: &str) -> String {
        format!("{name} = {} : {}", self.own_formula(id), described(&self.expr(id).ty))
    }

    /// `Normal(mean = 0, sd = s) on (0, inf)`
    fn distribution(&self, dist: &Distribution) -> String {
        let names = dist.family.forms[dist.form].args.iter().map(|a| a.name);
        let args: Vec<String> =
            names.zip(&dist.args).map(|(name, arg)| format!("{name} = {}", self.formula(*arg, 0))).collect();
        let mut text = dist.family.name.to_owned();
        if !args.is_empty() {
            text.push_str(&format!("({})", args.join(", ")));
        }
        if let Some((low, high)) = dist.truncation {
            text.push_str(&format!(" on ({}, {})", self.formula(low, 0), self.formula(high, 0)));
        }
        text
    }

    /// An expression by its name if it has one.
    fn formula(&self, id: ExprId, rank: u8) -> String {
        match &self.expr(id).name {
            Some(name) => name.clone(),
            None => self.spelled(self.expr(id), rank, 0),
        }
    }

    /// An expression spelled out even if it has a name.
    fn own_formula(&self, id: ExprId) -> String {
        self.spelled(self.expr(id), 0, 0)
    }

    /// `rank` is how tightly the surroundings hold: 1 sums, 2 products, 3 signs, 4 powers.
    fn spelled(&self, expr: &Expr, rank: u8, depth: usize) -> String {
        /// Long chains of operators are cut here; a name makes them readable.
        const DEEPEST: usize = 60;
        if depth > DEEPEST {
            return "…".into();
        }
        let at = |id: &ExprId, rank: u8| match &self.expr(*id).name {
            Some(name) => name.clone(),
            None => self.spelled(self.expr(*id), rank, depth + 1),
        };
        let call = |name: &str, args: &[&ExprId]| {
            let args: Vec<String> = args.iter().map(|a| at(a, 0)).collect();
            format!("{name}({})", args.join(", "))
        };
        let brackets = |own: u8, text: String| if own < rank { format!("({text})") } else { text };
        match &expr.kind {
            ExprKind::Number(v) => brackets(if *v < 0.0 { 3 } else { 5 }, v.to_string()),
            ExprKind::Column(c) => self.column(*c).name.clone(),
            ExprKind::Unknown(u) => self.unknown(*u).name.clone(),
            ExprKind::Unary(Unary::Neg, x) => brackets(3, format!("-{}", at(x, 3))),
            ExprKind::Unary(f, x) => call(f.name(), &[x]),
            ExprKind::Binary(f, a, b) => {
                let (own, sign, left, right) = match f {
                    Binary::Add => (1, "+", 1, 1),
                    Binary::Sub => (1, "-", 1, 2),
                    Binary::Mul => (2, "*", 2, 2),
                    Binary::Div => (2, "/", 2, 3),
                    Binary::Pow => (4, "^", 5, 3),
                    Binary::Eq => (0, "==", 1, 1),
                    Binary::Lt => (0, "<", 1, 1),
                    Binary::Le => (0, "<=", 1, 1),
                    Binary::Min | Binary::Max => return call(f.name(), &[a, b]),
                };
                brackets(own, format!("{} {sign} {}", at(a, left), at(b, right)))
            }
            ExprKind::Reduce(f, x) => call(reduce_name(*f), &[x]),
            ExprKind::Softmax(x) => call("softmax", &[x]),
            ExprKind::LogSoftmax(x) => call("log_softmax", &[x]),
            ExprKind::Dot(a, b) => call("dot", &[a, b]),
            ExprKind::Join(parts) => {
                let parts: Vec<String> = parts.iter().map(|p| at(p, 0)).collect();
                format!("[{}]", parts.join(", "))
            }
            ExprKind::Element(x, i) => format!("{}[{}]", at(x, 5), i + 1),
            ExprKind::IndexBy(x, i) => format!("{}[{}]", at(x, 5), at(i, 0)),
            ExprKind::OneHot(x) => call("one_hot", &[x]),
            ExprKind::Dense { x, w } => call("dense", &[x, w]),
            ExprKind::Conv { x, w, stride, pad } => {
                let mut text = format!("conv({}, {}, stride {stride}", at(x, 0), at(w, 0));
                if *pad != [0; 4] {
                    let pad = pad.map(|p| p.to_string());
                    // Writing to a string cannot fail.
                    let _ = write!(text, ", pad {}", pad.join(" "));
                }
                text.push(')');
                text
            }
            ExprKind::MaxPool { x, size, stride } => {
                format!("maxpool({}, {size}, stride {stride})", at(x, 0))
            }
            ExprKind::AvgPool { x, size, stride } => {
                format!("avgpool({}, {size}, stride {stride})", at(x, 0))
            }
            ExprKind::Reshape(x) => {
                let shape = &expr.ty.shape;
                let to = if shape.is_scalar() { "[]".to_owned() } else { shape.to_string() };
                format!("reshape({}, {to})", at(x, 0))
            }
        }
    }
}

fn reduce_name(f: Reduce) -> &'static str {
    match f {
        Reduce::Sum => "sum",
        Reduce::Mean => "mean",
        Reduce::Min => "min",
        Reduce::Max => "max",
        Reduce::LogSumExp => "logsumexp",
    }
}

/// What the formula of a bijection calls its bounds.
fn bound_names(bijection: &str) -> &'static [&'static str] {
    if bijection == "upper" { &["b"] } else { &["a", "b"] }
}
