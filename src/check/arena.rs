//! The arena of typed expressions: the only way to make one.
//!
//! Equal expressions are one expression, so calling a net or a function twice with the same arguments gives the same
//! value. Arithmetic of numbers is done here, so a constant is always a [`ExprKind::Number`]. Operands come first.
//!
//! The methods that can be given shapes that do not agree say so with [`Sizes`]; the others are called with operands
//! whose shapes the caller has checked.

use super::{between, supports};
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{
    Column, ColumnId, Expr, ExprId, ExprKind, Fixed, FixedId, Reduce, Statistic, StatisticId, Summary, Units,
    UnknownId,
};
use crate::source::Span;
use crate::ty::{Element, Interval, Kind, Shape, Support, Type};
use std::collections::{BTreeSet, HashMap};

/// Two shapes that should agree and do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes(pub Shape, pub Shape);

/// A dimension of a layer: how many inputs (channels of a convolution) or outputs it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `inputs`
    Inputs,
    /// `outputs`
    Outputs,
}

/// What an axis runs along, where it has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// Position in the checker's scopes of layers.
    pub layer: usize,
    /// Which of its two dimensions.
    pub side: Side,
}

/// Expressions made so far.
#[derive(Debug, Default)]
pub struct Arena {
    exprs: Vec<Expr>,
    /// Whether an expression depends on an unknown.
    random: Vec<bool>,
    seen: HashMap<Vec<u64>, ExprId>,
    /// The dimensions of those that run along some, one per axis.
    axes: HashMap<ExprId, Vec<Axis>>,
    statistics: Vec<Statistic>,
    fixed: Vec<Fixed>,
    /// What was standardised or centred.
    units: HashMap<ExprId, Units>,
    masks: u32,
}

impl Arena {
    /// The expression behind an id.
    pub fn get(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
    /// Its shape.
    pub fn shape(&self, id: ExprId) -> &Shape {
        &self.get(id).ty.shape
    }
    /// Its support, element by element.
    pub fn interval(&self, id: ExprId) -> Interval {
        self.get(id).ty.support.interval()
    }
    /// Its number, if it is a constant.
    pub fn constant(&self, id: ExprId) -> Option<f64> {
        match self.get(id).kind {
            ExprKind::Number(v) => Some(v),
            _ => None,
        }
    }
    /// Whether it depends on no unknown.
    pub fn is_data(&self, id: ExprId) -> bool {
        !self.random[id.0 as usize]
    }
    /// Whether there is one value per row.
    pub fn is_row(&self, id: ExprId) -> bool {
        self.get(id).ty.kind == Kind::Row
    }
    /// The dimensions that it runs along; none if its axes have no names.
    pub fn axes(&self, id: ExprId) -> &[Axis] {
        self.axes.get(&id).map_or(&[], Vec::as_slice)
    }
    /// Names the axes of an expression.
    pub fn set_axes(&mut self, id: ExprId, axes: Vec<Axis>) {
        if !axes.is_empty() && axes.len() == self.shape(id).rank() {
            self.axes.insert(id, axes);
        }
    }
    /// Gives an expression a name to show, if it has none; numbers and plain names keep theirs.
    pub fn name(&mut self, id: ExprId, name: &str) {
        let expr = &mut self.exprs[id.0 as usize];
        if !matches!(expr.kind, ExprKind::Number(_) | ExprKind::Column(_) | ExprKind::Unknown(_)) {
            expr.name.get_or_insert_with(|| name.to_owned());
        }
    }
    /// What a standardised or centred value is in its own units.
    pub fn units(&self, id: ExprId) -> Option<Units> {
        self.units.get(&id).copied()
    }
    /// All expressions, operands first, and the statistics and fixed tensors that they use.
    pub fn finish(self) -> (Vec<Expr>, Vec<Statistic>, Vec<Fixed>) {
        (self.exprs, self.statistics, self.fixed)
    }

    /// A number.
    pub fn number(&mut self, value: f64, span: Span) -> ExprId {
        let support = Support::Interval(Interval::point(value));
        self.add(ExprKind::Number(value), real(Shape::scalar(), Kind::Global, support), span)
    }
    /// A column.
    pub fn column(&mut self, position: usize, column: &Column) -> ExprId {
        self.add(ExprKind::Column(ColumnId(position as u32)), column.ty.clone(), column.span)
    }
    /// The value of an unknown.
    pub fn unknown(&mut self, position: usize, shape: Shape, support: Support, span: Span) -> ExprId {
        let ty = real(shape, Kind::Global, support);
        self.add(ExprKind::Unknown(UnknownId(position as u32)), ty, span)
    }

    /// Numbers known before compiling, too many to be written out.
    pub fn fixed(&mut self, name: String, values: Vec<f64>, shape: Shape, span: Span) -> ExprId {
        let hull = values.iter().map(|v| Interval::point(*v)).reduce(Interval::hull);
        let ty = real(shape, Kind::Global, Support::Interval(hull.unwrap_or(Interval::REAL)));
        self.fixed.push(Fixed { name, values });
        self.add(ExprKind::Fixed(FixedId(self.fixed.len() as u32 - 1)), ty, span)
    }

    /// A number computed from all rows of a value of data: one for each element, for images one per channel.
    pub fn statistic(&mut self, what: Summary, of: ExprId, span: Span) -> (ExprId, StatisticId) {
        let sizes = &self.shape(of).0;
        let shape = if sizes.len() == 3 { Shape::vector(sizes[2]) } else { Shape(sizes.clone()) };
        self.statistic_shaped(what, of, shape, span)
    }

    /// A statistic whose values are not one for each element: one for each level.
    pub(super) fn statistic_shaped(
        &mut self,
        what: Summary,
        of: ExprId,
        shape: Shape,
        span: Span,
    ) -> (ExprId, StatisticId) {
        let known = self.statistics.iter().position(|s| s.what == what && s.of == of);
        let position = known.unwrap_or_else(|| {
            self.statistics.push(Statistic { what, of, values: vec![], constant: vec![] });
            self.statistics.len() - 1
        });
        let x = self.interval(of);
        let interval = match what {
            Summary::Mean => Interval { whole: false, ..x },
            Summary::Sd | Summary::Spread => Interval::POSITIVE,
            Summary::Min | Summary::Max => x,
            Summary::OfLevels(_) => x,
            // As many rows as there may be.
            Summary::Sum => x.times(u32::MAX as usize).hull(x),
        };
        let id = StatisticId(position as u32);
        let ty = real(shape, Kind::Global, Support::Interval(interval));
        (self.add(ExprKind::Statistic(id), ty, span), id)
    }

    /// `(x − mean) / sd`, or `x − mean`, over the training rows; an element of an array without spread is only shifted.
    pub fn standardized(&mut self, x: ExprId, is_scaled: bool, span: Span) -> ExprId {
        let shape = self.shape(x).clone();
        let (mean, shift) = self.statistic(Summary::Mean, x, span);
        let mut value = self.elementwise(Binary::Sub, x, mean, shape.clone(), span);
        let mut scale = None;
        if is_scaled {
            let (sd, id) = self.statistic(Summary::Spread, x, span);
            value = self.elementwise(Binary::Div, value, sd, shape, span);
            scale = Some(id);
        }
        self.units.insert(value, Units { of: x, shift, scale });
        value
    }

    /// An expression of data with other columns in the place of its own.
    pub fn with_columns(
        &mut self,
        id: ExprId,
        mut other: impl FnMut(&mut Self, ColumnId) -> ExprId,
    ) -> ExprId {
        let mut pending = vec![id];
        let mut needed = BTreeSet::new();
        while let Some(next) = pending.pop() {
            if needed.insert(next) {
                pending.extend(self.get(next).kind.operands());
            }
        }
        let mut map: HashMap<ExprId, ExprId> = HashMap::new();
        for old in needed {
            let expr = self.get(old).clone();
            let new = match expr.kind {
                ExprKind::Column(c) => other(self, c),
                kind => self.add(kind.of(|o| map.get(&o).copied().unwrap_or(o)), expr.ty, expr.span),
            };
            map.insert(old, new);
        }
        map.get(&id).copied().unwrap_or(id)
    }

    /// An elementwise function.
    pub fn unary(&mut self, f: Unary, x: ExprId, span: Span) -> ExprId {
        if let Some(v) = self.constant(x) {
            return self.number(f.apply(v), span);
        }
        let support = Support::Interval(supports::unary(f, self.interval(x)));
        let ty = real(self.shape(x).clone(), self.get(x).ty.kind, support);
        let id = self.add(ExprKind::Unary(f, x), ty, span);
        self.set_axes(id, self.axes(x).to_vec());
        id
    }

    /// An elementwise function of two values: one shape, or one a single number.
    pub fn binary(&mut self, f: Binary, a: ExprId, b: ExprId, span: Span) -> Result<ExprId, Sizes> {
        if let (Some(x), Some(y)) = (self.constant(a), self.constant(b)) {
            return Ok(self.number(f.apply(x, y), span));
        }
        if (f, self.constant(b)) == (Binary::Pow, Some(2.0)) {
            return Ok(self.unary(Unary::Square, a, span));
        }
        let (a, b) = self.on_common_axes(a, b, span);
        if let Some(shape) = self.is_end_by_name(a, b) {
            return Ok(self.elementwise(f, a, b, shape, span));
        }
        let (a, b) = if self.shape(a) == self.shape(b) { (a, b) } else { (self.single(a), self.single(b)) };
        let (sa, sb) = (self.shape(a), self.shape(b));
        if sa != sb && !sa.is_scalar() && !sb.is_scalar() {
            return Err(Sizes(sa.clone(), sb.clone()));
        }
        let shape = if sa.is_scalar() { sb.clone() } else { sa.clone() };
        Ok(self.elementwise(f, a, b, shape, span))
    }

    /// `x + b` where `b` goes along the last axes of `x`: the biases of a layer.
    pub fn add_biases(&mut self, x: ExprId, b: ExprId, span: Span) -> ExprId {
        let shape = self.shape(x).clone();
        self.elementwise(Binary::Add, x, b, shape, span)
    }

    pub(super) fn elementwise(
        &mut self,
        f: Binary,
        a: ExprId,
        b: ExprId,
        shape: Shape,
        span: Span,
    ) -> ExprId {
        let plain = supports::binary(f, self.interval(a), self.interval(b));
        let interval = between::sum(self, f, a, b).map_or(plain, |narrow| plain.intersect(narrow));
        let support = between::simplex(self, f, a, b).unwrap_or(Support::Interval(interval));
        let element = match f {
            Binary::Eq | Binary::Lt | Binary::Le => Element::Bool,
            Binary::Add
            | Binary::Sub
            | Binary::Mul
            | Binary::Div
            | Binary::Pow
            | Binary::Min
            | Binary::Max
            | Binary::LogAddExp
            | Binary::LogGammaP
            | Binary::LogGammaQ
            | Binary::LogStudentCdf => Element::Real,
        };
        let ty = Type { element, ..real(shape, self.kind_of(&[a, b]), support) };
        let id = self.add(ExprKind::Binary(f, a, b), ty, span);
        let longer = [a, b].into_iter().max_by_key(|x| self.axes(*x).len()).unwrap_or(a);
        self.set_axes(id, self.axes(longer).to_vec());
        id
    }

    /// Each element `count` times, along a new last axis.
    pub fn repeat(&mut self, x: ExprId, count: usize, axis: Axis, span: Span) -> ExprId {
        let sizes = self.shape(x).0.iter().copied().chain([count]).collect();
        let ty = Type { shape: Shape(sizes), ..self.get(x).ty.clone() };
        let axes = self.axes(x).iter().copied().chain([axis]).collect();
        let id = self.add(ExprKind::Repeat(x, count), ty, span);
        self.set_axes(id, axes);
        id
    }

    /// Elements at fixed places of the flattened value.
    pub(super) fn take(&mut self, x: ExprId, places: Vec<u32>, shape: Shape) -> ExprId {
        let (ty, span) = (Type { shape, ..self.get(x).ty.clone() }, self.get(x).span);
        self.add(ExprKind::Take { x, places: places.into() }, ty, span)
    }

    /// A vector of one number as a number; anything else as it is.
    pub fn single(&mut self, x: ExprId) -> ExprId {
        if self.shape(x).len() == 1 && self.shape(x).rank() > 0 {
            self.reshape(x, Shape::scalar(), self.get(x).span)
        } else {
            x
        }
    }

    /// Same elements, new shape.
    pub fn reshape(&mut self, x: ExprId, shape: Shape, span: Span) -> ExprId {
        if *self.shape(x) == shape {
            return x;
        }
        let support = Support::Interval(self.interval(x));
        let ty = real(shape, self.get(x).ty.kind, support);
        self.add(ExprKind::Reshape(x), ty, span)
    }

    /// A reduction over all elements of one value.
    pub fn reduce(&mut self, f: Reduce, x: ExprId, span: Span) -> ExprId {
        let interval = supports::reduce(f, self.interval(x), self.shape(x).len());
        let ty = real(Shape::scalar(), self.get(x).ty.kind, Support::Interval(interval));
        self.add(ExprKind::Reduce(f, x), ty, span)
    }

    /// Over the last axis, which the caller has checked to be there.
    pub fn softmax(&mut self, x: ExprId, span: Span) -> ExprId {
        let shape = self.shape(x).clone();
        let support = Support::Simplex(shape.0.last().copied().unwrap_or(1));
        let ty = real(shape, self.get(x).ty.kind, support);
        self.add(ExprKind::Softmax(x), ty, span)
    }

    /// Over the last axis, which the caller has checked to be there.
    pub fn log_softmax(&mut self, x: ExprId, span: Span) -> ExprId {
        let support = Support::Interval(Interval::open(f64::NEG_INFINITY, 0.0));
        let ty = real(self.shape(x).clone(), self.get(x).ty.kind, support);
        self.add(ExprKind::LogSoftmax(x), ty, span)
    }

    /// Σ a·b of two vectors.
    pub fn dot(&mut self, a: ExprId, b: ExprId, span: Span) -> Result<ExprId, Sizes> {
        let (sa, sb) = (self.shape(a), self.shape(b));
        if sa != sb {
            return Err(Sizes(sa.clone(), sb.clone()));
        }
        let plain = (self.interval(a) * self.interval(b)).times(sa.len());
        let interval = between::dot(self, a, b).map_or(plain, |narrow| plain.intersect(narrow));
        let ty = real(Shape::scalar(), self.kind_of(&[a, b]), Support::Interval(interval));
        Ok(self.add(ExprKind::Dot(a, b), ty, span))
    }

    /// Numbers and vectors end to end.
    pub fn join(&mut self, parts: Vec<ExprId>, span: Span) -> ExprId {
        let len = parts.iter().fold(0usize, |n, p| n.saturating_add(self.shape(*p).len()));
        let hull = parts.iter().map(|p| self.interval(*p)).reduce(Interval::hull).unwrap_or(Interval::REAL);
        let support = if self.sums_to_one(&parts) { Support::Simplex(len) } else { Support::Interval(hull) };
        let ty = real(Shape::vector(len), self.kind_of(&parts), support);
        self.add(ExprKind::Join(parts), ty, span)
    }

    /// `[p, 1 - p]`, and numbers that sum to 1.
    fn sums_to_one(&self, parts: &[ExprId]) -> bool {
        if let [a, b] = parts {
            let rest = |whole: ExprId, part: ExprId| match self.get(whole).kind {
                ExprKind::Binary(Binary::Sub, one, p) => self.constant(one) == Some(1.0) && p == part,
                _ => false,
            };
            let inside = |p: ExprId| self.shape(p).is_scalar() && self.interval(p).within(&Interval::UNIT);
            if (rest(*b, *a) && inside(*a)) || (rest(*a, *b) && inside(*b)) {
                return true;
            }
        }
        let numbers: Option<Vec<f64>> = parts.iter().map(|p| self.constant(*p)).collect();
        numbers.is_some_and(|n| n.iter().all(|v| *v >= 0.0) && (n.iter().sum::<f64>() - 1.0).abs() < 1e-9)
    }

    /// `v[index]` along the first axis, from 0.
    pub fn element(&mut self, x: ExprId, index: usize, span: Span) -> ExprId {
        let parts_are_numbers = |parts: &[ExprId]| parts.iter().all(|p| self.shape(*p).is_scalar());
        if let ExprKind::Join(parts) = &self.get(x).kind
            && parts_are_numbers(parts)
        {
            return parts[index];
        }
        let ty = self.part(x, self.get(x).ty.kind);
        self.add(ExprKind::Element(x, index), ty, span)
    }

    /// `v[column]` along the first axis; the column's values count from 0.
    pub fn index_by(&mut self, x: ExprId, index: ExprId, span: Span) -> ExprId {
        let ty = self.part(x, self.kind_of(&[x, index]));
        self.add(ExprKind::IndexBy(x, index), ty, span)
    }

    /// The type of what one index leaves.
    fn part(&self, x: ExprId, kind: Kind) -> Type {
        let shape = Shape(self.shape(x).0[1..].to_vec());
        let support = match (&self.get(x).ty.support, shape.rank()) {
            (joint, rank) if rank > 0 => joint.clone(),
            (joint, _) => Support::Interval(joint.interval()),
        };
        real(shape, kind, support)
    }

    /// 0/1 code of a factor, one number per level.
    pub fn one_hot(&mut self, x: ExprId, levels: usize, span: Span) -> ExprId {
        let support = Support::Interval(Interval { whole: true, ..Interval::closed(0.0, 1.0) });
        let ty = real(Shape::vector(levels), self.get(x).ty.kind, support);
        self.add(ExprKind::OneHot(x), ty, span)
    }

    /// `x w`
    pub fn dense(&mut self, x: ExprId, w: ExprId, span: Span) -> ExprId {
        let units = self.shape(w).0.get(1).copied().unwrap_or(1);
        let ty = self.weighted(x, w, self.shape(x).len(), Shape::vector(units));
        self.add(ExprKind::Dense { x, w }, ty, span)
    }

    /// `x * w`
    pub fn conv(
        &mut self,
        x: ExprId,
        w: ExprId,
        stride: usize,
        pad: [usize; 4],
        shape: Shape,
        span: Span,
    ) -> ExprId {
        let fan_in = self.shape(w).0.iter().take(3).product();
        let mut ty = self.weighted(x, w, fan_in, shape);
        if pad != [0; 4] {
            ty.support = Support::Interval(ty.support.interval().hull(Interval::point(0.0)));
        }
        self.add(ExprKind::Conv { x, w, stride, pad }, ty, span)
    }

    fn weighted(&self, x: ExprId, w: ExprId, count: usize, shape: Shape) -> Type {
        let interval = (self.interval(x) * self.interval(w)).times(count);
        real(shape, self.kind_of(&[x, w]), Support::Interval(interval))
    }

    /// `x` with a share of its elements set to 0 and the others enlarged, so that its mean stays.
    pub fn dropout(&mut self, x: ExprId, rate: f64, span: Span) -> ExprId {
        let shape = self.shape(x).clone();
        let support = Support::Interval(Interval::closed(0.0, 1.0 / (1.0 - rate)));
        let kind = ExprKind::Mask { rate, number: self.masks };
        self.masks += 1;
        let mask = self.add(kind, real(shape.clone(), Kind::Row, support), span);
        self.elementwise(Binary::Mul, x, mask, shape, span)
    }

    /// The largest of each window.
    pub fn max_pool(&mut self, x: ExprId, size: usize, stride: usize, shape: Shape, span: Span) -> ExprId {
        let ty = self.pooled(x, shape);
        self.add(ExprKind::MaxPool { x, size, stride }, ty, span)
    }

    /// The mean of each window.
    pub fn avg_pool(&mut self, x: ExprId, size: usize, stride: usize, shape: Shape, span: Span) -> ExprId {
        let ty = self.pooled(x, shape);
        self.add(ExprKind::AvgPool { x, size, stride }, ty, span)
    }

    /// The mean of each channel of an image.
    pub fn channel_means(&mut self, x: ExprId, span: Span) -> ExprId {
        let channels = self.shape(x).0.last().copied().unwrap_or(1);
        let ty = self.pooled(x, Shape::vector(channels));
        self.add(ExprKind::ChannelMeans(x), ty, span)
    }

    fn pooled(&self, x: ExprId, shape: Shape) -> Type {
        let interval = Interval { whole: false, ..self.interval(x) };
        real(shape, self.get(x).ty.kind, Support::Interval(interval))
    }

    fn kind_of(&self, operands: &[ExprId]) -> Kind {
        operands.iter().map(|id| self.get(*id).ty.kind).max().unwrap_or(Kind::Global)
    }

    /// Appends an expression, or finds the equal one that is there.
    pub(super) fn add(&mut self, kind: ExprKind, ty: Type, span: Span) -> ExprId {
        let key = key(&kind, &ty.shape);
        if let Some(id) = self.seen.get(&key) {
            return *id;
        }
        let id = ExprId(self.exprs.len() as u32);
        let operands = kind.operands();
        let is_drawn = matches!(kind, ExprKind::Unknown(_) | ExprKind::Mask { .. });
        let random = is_drawn || operands.iter().any(|o| self.random[o.0 as usize]);
        self.exprs.push(Expr { kind, ty, span, name: None });
        self.random.push(random);
        self.seen.insert(key, id);
        id
    }
}

fn real(shape: Shape, kind: Kind, support: Support) -> Type {
    Type { element: Element::Real, shape, kind, support }
}

/// What makes two expressions equal, as numbers: the variant, its fields, the shape.
fn key(kind: &ExprKind, shape: &Shape) -> Vec<u64> {
    let (variant, fields): (u64, Vec<usize>) = match kind {
        ExprKind::Number(v) => return vec![0, v.to_bits()],
        ExprKind::Column(c) => (1, vec![c.0 as usize]),
        ExprKind::Unknown(u) => (2, vec![u.0 as usize]),
        ExprKind::Unary(f, _) => (3, vec![*f as usize]),
        ExprKind::Binary(f, _, _) => (4, vec![*f as usize]),
        ExprKind::Reduce(f, _) => (5, vec![*f as usize]),
        ExprKind::Softmax(_) => (6, vec![]),
        ExprKind::LogSoftmax(_) => (7, vec![]),
        ExprKind::Dot(_, _) => (8, vec![]),
        ExprKind::Join(_) => (9, vec![]),
        ExprKind::Element(_, i) => (10, vec![*i]),
        ExprKind::IndexBy(_, _) => (11, vec![]),
        ExprKind::OneHot(_) => (12, vec![]),
        ExprKind::Dense { .. } => (13, vec![]),
        ExprKind::Conv { stride, pad, .. } => (14, [&[*stride], pad.as_slice()].concat()),
        ExprKind::MaxPool { size, stride, .. } => (15, vec![*size, *stride]),
        ExprKind::AvgPool { size, stride, .. } => (16, vec![*size, *stride]),
        ExprKind::Reshape(_) => (17, shape.0.clone()),
        ExprKind::Repeat(_, count) => (18, vec![*count]),
        ExprKind::Statistic(s) => (19, vec![s.0 as usize]),
        ExprKind::ChannelMeans(_) => (20, vec![]),
        ExprKind::Fixed(f) => (21, vec![f.0 as usize]),
        ExprKind::Mask { number, .. } => (22, vec![*number as usize]),
        ExprKind::Take { places, .. } => (23, in_shape(places, shape)),
        ExprKind::SumTo { places, .. } => (24, in_shape(places, shape)),
        ExprKind::LookUp { index, is_each, .. } => (25, vec![index.0 as usize, usize::from(*is_each)]),
    };
    let operands = kind.operands();
    let fields = fields.into_iter().map(|f| f as u64);
    std::iter::once(variant).chain(fields).chain(operands.into_iter().map(|o| u64::from(o.0))).collect()
}

/// Places and the shape that they are laid out in.
fn in_shape(places: &[u32], shape: &Shape) -> Vec<usize> {
    shape.0.iter().copied().chain(places.iter().map(|p| *p as usize)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(arena: &mut Arena, n: usize) -> ExprId {
        arena.unknown(n, Shape::scalar(), Support::REAL, Span::default())
    }

    #[test]
    fn equal_expressions_are_one() {
        let mut arena = Arena::default();
        let (x, y) = (scalar(&mut arena, 0), scalar(&mut arena, 1));
        let a = arena.binary(Binary::Add, x, y, Span::default());
        assert_eq!(a, arena.binary(Binary::Add, x, y, Span::new(3, 4)));
        assert_ne!(a, arena.binary(Binary::Add, y, x, Span::default()));
    }

    #[test]
    fn numbers_are_computed() {
        let mut arena = Arena::default();
        let four = arena.number(4.0, Span::default());
        let two = arena.unary(Unary::Sqrt, four, Span::default());
        assert_eq!(arena.constant(two), Some(2.0));
    }

    #[test]
    fn a_share_and_its_rest_are_a_simplex() {
        let mut arena = Arena::default();
        let u = scalar(&mut arena, 0);
        let p = arena.unary(Unary::Sigmoid, u, Span::default());
        let one = arena.number(1.0, Span::default());
        let rest = arena.binary(Binary::Sub, one, p, Span::default()).unwrap();
        for parts in [vec![p, rest], vec![rest, p]] {
            let v = arena.join(parts, Span::default());
            assert_eq!(arena.get(v).ty.support, Support::Simplex(2));
        }
        let v = arena.join(vec![p, p], Span::default());
        assert_eq!(arena.get(v).ty.support, Support::Interval(Interval::UNIT));
    }

    #[test]
    fn only_a_single_number_spreads() {
        let mut arena = Arena::default();
        let mut vector = |n, len| arena.unknown(n, Shape::vector(len), Support::REAL, Span::default());
        let (a, b, one) = (vector(0, 3), vector(1, 4), vector(2, 1));
        assert_eq!(
            arena.binary(Binary::Mul, a, b, Span::default()),
            Err(Sizes(Shape::vector(3), Shape::vector(4)))
        );
        let product = arena.binary(Binary::Mul, a, one, Span::default()).unwrap();
        assert_eq!(*arena.shape(product), Shape::vector(3));
    }
}
