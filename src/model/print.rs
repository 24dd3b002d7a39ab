//! A model as text: everything that inference will see, nothing implied (`--emit model`).
//!
//! ```text
//! unknowns
//!   f.1.w[2, 5] ~ Normal(mean = 0, sd = 0.5)    # default
//!     real; theta = u; log Jacobian 0
//! ```
//!
//! Expressions with a name (definitions, outputs of layers) and those that several others are made of stand in a list
//! of their own, and are called by their names there (`%7` for the latter).

use super::{
    Censoring, Distribution, Expr, ExprId, ExprKind, Model, Net, Observation, Reduce, Setting, SettingValue,
    Summary, Treatment, Unknown,
};
use crate::kernels::scalar::{Binary, Unary};
use crate::ty::{Element, Support, Type};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Model {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = Text::new(self);
        writeln!(f, "model {}", self.name)?;
        section(f, "columns", self.columns.iter().map(|c| column(&c.name, &c.ty, &c.levels)))?;
        section(f, "constants", self.constants.iter().map(|(name, v)| format!("{name} = {v}")))?;
        section(f, "choices", self.choices.iter().map(|(name, label)| format!("{name} = {label}")))?;
        section(f, "unknowns", self.unknowns.iter().map(|u| text.unknown(u)))?;
        section(f, "nets", self.nets.iter().map(net))?;
        section(f, "values", text.values().into_iter())?;
        section(f, "likelihood", self.observations.iter().map(|o| text.observation(o)))?;
        section(f, "reports", self.reports.iter().map(|(name, id)| text.report(name, *id)))?;
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

/// A model with what each expression is called.
struct Text<'m> {
    model: &'m Model,
    /// Whether likelihoods, priors or reports depend on an expression.
    used: Vec<bool>,
    /// Its own name, or `%7` for what several others are made of; none where it is spelled out in its user.
    names: Vec<Option<String>>,
}

impl<'m> Text<'m> {
    fn new(model: &'m Model) -> Self {
        let of_dist = Distribution::exprs;
        let observed = model.observations.iter().flat_map(|o| [vec![o.target], of_dist(&o.dist)].concat());
        let priors = model.unknowns.iter().flat_map(|u| [u.bounds.clone(), of_dist(&u.prior)].concat());
        let reported = model.reports.iter().map(|r| r.1);
        let counted = model.statistics.iter().map(|s| s.of);
        let mut pending: Vec<ExprId> = observed.chain(priors).chain(reported).chain(counted).collect();
        let mut users = vec![0usize; model.exprs.len()];
        while let Some(id) = pending.pop() {
            users[id.0 as usize] += 1;
            if users[id.0 as usize] == 1 {
                pending.extend(model.expr(id).kind.operands());
            }
        }
        let name = |(i, expr): (usize, &Expr)| {
            let is_leaf = expr.kind.operands().is_empty();
            expr.name.clone().or_else(|| (users[i] > 1 && !is_leaf).then(|| format!("%{i}")))
        };
        let names = model.exprs.iter().enumerate().map(name).collect();
        Text { model, used: users.iter().map(|n| *n > 0).collect(), names }
    }

    fn expr(&self, id: ExprId) -> &'m Expr {
        self.model.expr(id)
    }

    /// Expressions with a name, in the order in which they are computed.
    fn values(&self) -> Vec<String> {
        let named = self.names.iter().enumerate().filter(|(i, _)| self.used[*i]);
        named
            .filter_map(|(i, name)| {
                let id = ExprId(i as u32);
                let ty = described(&self.expr(id).ty);
                name.as_ref().map(|name| format!("{name} = {} : {ty}", self.spelled(id, 0, 0)))
            })
            .collect()
    }

    fn observation(&self, o: &Observation) -> String {
        let units = match o.units {
            Some(units) => format!("    # reported in units of {}", self.formula(units.of, 0)),
            None => String::new(),
        };
        format!("{} ~ {}{units}", self.formula(o.target, 0), self.distribution(&o.dist))
    }

    fn report(&self, name: &str, id: ExprId) -> String {
        let formula = self.formula(id, 0);
        let ty = described(&self.expr(id).ty);
        if formula == name { format!("{name} : {ty}") } else { format!("{name} = {formula} : {ty}") }
    }

    /// Prior, support, bijection.
    fn unknown(&self, unknown: &Unknown) -> String {
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

    /// `Normal(mean = 0, sd = s) on (0, inf)`
    fn distribution(&self, dist: &Distribution) -> String {
        let names = dist.family.forms[dist.form].args.iter().map(|a| a.name);
        let mut args: Vec<String> =
            names.zip(&dist.args).map(|(name, arg)| format!("{name} = {}", self.formula(*arg, 0))).collect();
        args.extend(dist.components.iter().map(|c| self.distribution(c)));
        let mut text = dist.family.name.to_owned();
        if !args.is_empty() {
            text.push_str(&format!("({})", args.join(", ")));
        }
        if let Some((low, high)) = dist.truncation {
            text.push_str(&format!(" on ({}, {})", self.formula(low, 0), self.formula(high, 0)));
        }
        match dist.censoring {
            Some(Censoring::Sides { right, left }) => {
                text.push_str(&format!(" censored right by {}", self.formula(right, 0)));
                if let Some(left) = left {
                    text.push_str(&format!(", left by {}", self.formula(left, 0)));
                }
            }
            Some(Censoring::Between(low, high)) => {
                text.push_str(&format!(" censored by ({}, {})", self.formula(low, 0), self.formula(high, 0)));
            }
            None => {}
        }
        if let Some(weight) = dist.weight {
            text.push_str(&format!(" weighted by {}", self.formula(weight, 0)));
        }
        if dist.is_ordered {
            text.push_str(" ordered");
        }
        text
    }

    /// An expression by its name if it has one.
    fn formula(&self, id: ExprId, rank: u8) -> String {
        match &self.names[id.0 as usize] {
            Some(name) => name.clone(),
            None => self.spelled(id, rank, 0),
        }
    }

    /// An expression spelled out; `rank` is how tightly the surroundings hold: 1 sums, 2 products, 3 signs, 4 powers.
    fn spelled(&self, id: ExprId, rank: u8, depth: usize) -> String {
        /// Long chains of operators are cut here; a name makes them readable.
        const DEEPEST: usize = 60;
        if depth > DEEPEST {
            return "…".into();
        }
        let expr = self.expr(id);
        let at = |id: &ExprId, rank: u8| match &self.names[id.0 as usize] {
            Some(name) => name.clone(),
            None => self.spelled(*id, rank, depth + 1),
        };
        let call = |name: &str, args: &[&ExprId]| {
            let args: Vec<String> = args.iter().map(|a| at(a, 0)).collect();
            format!("{name}({})", args.join(", "))
        };
        let brackets = |own: u8, text: String| if own < rank { format!("({text})") } else { text };
        match &expr.kind {
            ExprKind::Number(v) => brackets(if *v < 0.0 { 3 } else { 5 }, v.to_string()),
            ExprKind::Column(c) => self.model.column(*c).name.clone(),
            ExprKind::Unknown(u) => self.model.unknown(*u).name.clone(),
            ExprKind::Fixed(f) => format!("({})", self.model.fixed[f.0 as usize].name),
            ExprKind::Statistic(s) => {
                let statistic = &self.model.statistics[s.0 as usize];
                let of = at(&statistic.of, 0);
                match statistic.what {
                    Summary::OfLevels(levels) => {
                        let names: Vec<&str> =
                            levels.factors().map(|c| self.model.column(c).name.as_str()).collect();
                        format!("{of} by {}", names.join(", "))
                    }
                    what => format!("{} of rows({of})", what.name()),
                }
            }
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
                    Binary::Min
                    | Binary::Max
                    | Binary::LogAddExp
                    | Binary::LogGammaP
                    | Binary::LogGammaQ
                    | Binary::LogStudentCdf => return call(f.name(), &[a, b]),
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
            ExprKind::Element(x, i) => {
                let labels = match self.expr(*x).kind {
                    ExprKind::Unknown(u) => self.model.unknown(u).axis_labels.first(),
                    _ => None,
                };
                let index = labels.and_then(|l| l.get(*i)).cloned();
                format!("{}[{}]", at(x, 5), index.unwrap_or_else(|| (i + 1).to_string()))
            }
            ExprKind::IndexBy(x, i) => format!("{}[{}]", at(x, 5), at(i, 0)),
            ExprKind::OneHot(x) => call("one_hot", &[x]),
            ExprKind::Repeat(x, n) => format!("repeat({}, {n})", at(x, 0)),
            // Of each copy along a factor, in its prior.
            ExprKind::Take { x, .. } => format!("each({})", at(x, 0)),
            ExprKind::SumTo { x, .. } => format!("each_sum({})", at(x, 0)),
            ExprKind::LookUp { x, index, .. } => {
                format!("{}[{}]", at(x, 5), at(&self.model.statistics[index.0 as usize].of, 0))
            }
            ExprKind::Mask { rate, .. } => format!("mask({rate})"),
            ExprKind::ChannelMeans(x) => call("globalpool", &[x]),
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
