//! Columns in the prior of copies along factors: `theta[school] ~ Normal(dot(gamma, [1, income]), tau)`.
//!
//! ```text
//! per row                          in the prior of theta[school, 2]
//! income            a number       one per school          [8]
//! district[where]   a vector [2]   that of its district    [8, 2]
//! gamma             a vector [2]   the same for all        [2]
//! ```
//!
//! An expression that has a value per row is made again with a value per copy. The axes of the copies come first and
//! what one value is follows, so whatever acts on one value acts on its last axes. Columns become statistics of the
//! rows (`Summary::OfLevels`, read when the data are there), copies along the factor itself are taken as they are, and
//! an index by another column looks up the level that the copy's rows have.

use super::Checker;
use super::arena::Arena;
use super::distributions::Target;
use crate::dist::{ArgSlot, Event};
use crate::kernels::scalar::Binary;
use crate::model::{ColumnId, ExprId, ExprKind as Kind, Reduce, Summary};
use crate::source::Span;
use crate::ty::{Kind as Per, Shape, Type};
use std::collections::{BTreeSet, HashMap};

/// Factors that the copies of an unknown run along, in the order of its axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    factors: Vec<ColumnId>,
    sizes: Vec<usize>,
}

/// A value in the prior: the same for all copies, or one for each.
#[derive(Debug, Clone, Copy)]
struct Value {
    id: ExprId,
    is_each: bool,
}

impl Checker<'_> {
    /// An argument of a prior with its values per row made values per copy, and laid out as its slot wants; what
    /// cannot be stays as it is.
    pub(super) fn of_copies(
        &mut self,
        id: ExprId,
        slot: ArgSlot,
        event: Event,
        span: Span,
        target: &Target,
    ) -> ExprId {
        let along = target.factors.iter().any(Option::is_some);
        if target.observed.is_some() || !along {
            return id;
        }
        let is_row = self.arena.is_row(id);
        let own = self.arena.single(id);
        let (id, inner) = match is_row {
            true => match self.arena.each_copy(own, &copies(target), span) {
                Some(each) => (each, self.arena.shape(own).clone()),
                None => return id,
            },
            false if self.arena.shape(id) == target.shape => return id,
            false => (own, self.arena.shape(own).clone()),
        };
        self.laid_out(id, is_row, &inner, slot, event, target).unwrap_or(id)
    }

    /// `[schools, 2]` or `[2]` in the layout of the target's copies, where a shared value does not spread by itself.
    fn laid_out(
        &mut self,
        id: ExprId,
        is_each: bool,
        inner: &Shape,
        slot: ArgSlot,
        event: Event,
        target: &Target,
    ) -> Option<ExprId> {
        let outer = target.shape.rank().checked_sub(event.rank())?;
        let (sizes, own_sizes) = target.shape.0.split_at(outer);
        let is_copy = |axis: usize| target.factors.get(axis).is_some_and(Option::is_some);
        // The axes that one value of the argument has besides the copies: numbers left of `~`, then its own.
        let own: Vec<usize> = match slot {
            ArgSlot::Scalar(_) | ArgSlot::Components => vec![],
            ArgSlot::Entries(_) if inner.is_scalar() && !is_each => return None,
            ArgSlot::Entries(_) => own_sizes.to_vec(),
            ArgSlot::Simplex | ArgSlot::Scores | ArgSlot::Ordered => {
                inner.0.last().copied().into_iter().collect()
            }
            ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr => {
                inner.0.iter().rev().take(2).rev().copied().collect()
            }
        };
        let plain: Vec<usize> =
            (0..outer).filter(|a| !is_copy(*a)).map(|a| sizes[a]).chain(own.clone()).collect();
        let is_all = matches!(slot, ArgSlot::Scalar(_)) && event == Event::Scalar;
        let fits = inner.is_scalar() || if is_all { plain == inner.0 } else { plain.ends_with(&inner.0) };
        let full: Vec<usize> = sizes.iter().copied().chain(own).collect();
        let copies_lead = (0..outer).is_sorted_by_key(|a| !is_copy(a));
        let spreads_by_itself = !is_each && (inner.is_scalar() || copies_lead);
        if !fits || spreads_by_itself || (copies_lead && full == self.arena.shape(id).0) {
            return None;
        }
        // Where each element of the full value comes from.
        let strides = |sizes: &[usize]| -> Vec<usize> {
            (0..sizes.len()).map(|axis| sizes[axis + 1..].iter().product()).collect()
        };
        let (inner_steps, full_steps) = (strides(&inner.0), strides(&full));
        let copy_sizes: Vec<usize> = (0..outer).filter(|a| is_copy(*a)).map(|a| sizes[a]).collect();
        let copy_steps = strides(&copy_sizes);
        let missing = plain.len() - inner.rank();
        let (mut next_copy, mut next_plain) = (0usize, 0usize);
        let steps: Vec<usize> = (0..full.len())
            .map(|axis| {
                if axis < outer && is_copy(axis) {
                    next_copy += 1;
                    if is_each { copy_steps[next_copy - 1] * inner.len() } else { 0 }
                } else {
                    next_plain += 1;
                    (next_plain - 1).checked_sub(missing).map_or(0, |i| inner_steps[i])
                }
            })
            .collect();
        let count: usize = full.iter().product();
        let place = |i: usize| -> usize {
            full_steps.iter().zip(&full).zip(&steps).map(|((step, size), from)| i / step % size * from).sum()
        };
        let places = (0..count).map(|i| place(i) as u32).collect();
        Some(self.arena.take(id, places, Shape(full)))
    }
}

/// The factors of a target.
fn copies(target: &Target) -> Copies {
    let axes = target.factors.iter().zip(&target.shape.0);
    let (factors, sizes) = axes.filter_map(|(f, n)| f.map(|f| (f, *n))).unzip();
    Copies { factors, sizes }
}

impl Arena {
    /// What has a value per row with a value per copy; none for what is not made of columns, copies and functions of
    /// one value.
    fn each_copy(&mut self, x: ExprId, copies: &Copies, span: Span) -> Option<ExprId> {
        // Operands have smaller ids, so no call goes deep.
        let mut pending = vec![x];
        let mut needed = BTreeSet::new();
        while let Some(next) = pending.pop() {
            if needed.insert(next) && self.is_row(next) && !self.is_read(next) {
                pending.extend(self.get(next).kind.operands());
            }
        }
        let mut values: HashMap<ExprId, Value> = HashMap::new();
        for old in needed {
            let value = match self.is_row(old) {
                false => Value { id: old, is_each: false },
                true => Value { id: self.again(old, &values, copies, span)?, is_each: true },
            };
            values.insert(old, value);
        }
        values.get(&x).map(|v| v.id)
    }

    /// Whether a value is read from the rows as it is: columns, and functions of data that are not computed here, so
    /// that a finding names the column.
    fn is_read(&self, x: ExprId) -> bool {
        let kind = &self.get(x).kind;
        self.is_data(x) && !matches!(kind, Kind::Unary(..) | Kind::Binary(..) | Kind::Join(_) | Kind::Dot(..))
    }

    /// One expression with a value per copy, its operands being done.
    fn again(
        &mut self,
        old: ExprId,
        values: &HashMap<ExprId, Value>,
        copies: &Copies,
        span: Span,
    ) -> Option<ExprId> {
        if self.is_read(old) {
            return self.read(old, copies, span);
        }
        let kind = self.get(old).kind.clone();
        let (inner, support) = (self.shape(old).clone(), self.get(old).ty.support.clone());
        let shape = copies.of(&inner);
        let ty = |shape: Shape| Type {
            shape,
            kind: Per::Global,
            support: support.clone(),
            ..self.get(old).ty.clone()
        };
        let ty = ty(shape.clone());
        let value = |id: &ExprId| values.get(id).copied();
        match &kind {
            Kind::Unary(f, x) => Some(self.unary(*f, value(x)?.id, span)),
            Kind::Binary(f, a, b) => {
                let (a, b) = (value(a)?, value(b)?);
                let (a, b) = (self.against(a, &inner, copies), self.against(b, &inner, copies));
                Some(self.elementwise(*f, a, b, shape, span))
            }
            Kind::Softmax(x) => Some(self.softmax(value(x)?.id, span)),
            Kind::LogSoftmax(x) => Some(self.log_softmax(value(x)?.id, span)),
            Kind::Reshape(x) => {
                let x = value(x)?.id;
                Some(self.add(Kind::Reshape(x), ty, span))
            }
            Kind::Element(x, i) => {
                let (x, outer) = (value(x)?.id, self.shape(*x).len());
                let places = each(copies.count(), inner.len(), |copy, k| copy * outer + i * inner.len() + k);
                Some(self.add(Kind::Take { x, places: places.into() }, ty, span))
            }
            Kind::Join(parts) => {
                let parts: Vec<(Value, usize)> =
                    parts.iter().map(|p| Some((value(p)?, self.shape(*p).len()))).collect::<Option<_>>()?;
                Some(self.joined(&parts, copies, ty, span))
            }
            Kind::Dot(a, b) => {
                let vector = self.shape(*a).clone();
                let (a, b) = (value(a)?, value(b)?);
                let (a, b) = (self.against(a, &vector, copies), self.against(b, &vector, copies));
                let product = self.elementwise(Binary::Mul, a, b, copies.of(&vector), span);
                Some(self.sum_of_each(product, vector.len(), ty, span))
            }
            Kind::Dense { x, w } => self.dense_of_each(value(x)?, value(w)?, copies, ty, span),
            Kind::Reduce(reduce, x) => {
                let len = self.shape(*x).len();
                self.reduced(*reduce, value(x)?.id, len, copies, ty, span)
            }
            Kind::IndexBy(table, index) => {
                let rows = self.shape(*table).0.first().copied().unwrap_or(1);
                let table = value(table)?;
                let own = match self.get(*index).kind {
                    Kind::Column(c) => copies.factors.iter().position(|f| *f == c),
                    _ => None,
                };
                match own {
                    Some(axis) => {
                        let stride: usize = copies.sizes[axis + 1..].iter().product();
                        let level = |copy: usize| copy / stride % copies.sizes[axis];
                        let offset = |copy: usize| if table.is_each { copy * rows * inner.len() } else { 0 };
                        let place = |copy: usize, k: usize| offset(copy) + level(copy) * inner.len() + k;
                        let places = each(copies.count(), inner.len(), place);
                        Some(self.add(Kind::Take { x: table.id, places: places.into() }, ty, span))
                    }
                    None => {
                        let what = Summary::OfLevels(copies.levels()?);
                        let index = self.statistic_shaped(what, *index, copies.of(&Shape::scalar()), span).1;
                        Some(self.add(Kind::LookUp { x: table.id, index, is_each: table.is_each }, ty, span))
                    }
                }
            }
            // Images, masks and long computed codes do not stand in priors; numbers and unknowns have no rows.
            Kind::Conv { .. }
            | Kind::MaxPool { .. }
            | Kind::AvgPool { .. }
            | Kind::ChannelMeans(_)
            | Kind::Mask { .. }
            | Kind::OneHot(_)
            | Kind::Repeat(..)
            | Kind::Take { .. }
            | Kind::SumTo { .. }
            | Kind::LookUp { .. }
            | Kind::Number(_)
            | Kind::Column(_)
            | Kind::Unknown(_)
            | Kind::Statistic(_)
            | Kind::Fixed(_) => None,
        }
    }

    /// A value of data of each copy's rows.
    fn read(&mut self, x: ExprId, copies: &Copies, span: Span) -> Option<ExprId> {
        let shape = copies.of(self.shape(x));
        Some(self.statistic_shaped(Summary::OfLevels(copies.levels()?), x, shape, span).0)
    }

    /// An operand of an elementwise function whose values have the shape `inner`: a number per copy is repeated along
    /// it, all else spreads by itself.
    fn against(&mut self, x: Value, inner: &Shape, copies: &Copies) -> ExprId {
        if !x.is_each || *self.shape(x.id) == copies.of(inner) {
            return x.id;
        }
        let places = each(copies.count(), inner.len(), |copy, _| copy);
        self.take(x.id, places, copies.of(inner))
    }

    /// Numbers and vectors end to end, for each copy.
    fn joined(&mut self, parts: &[(Value, usize)], copies: &Copies, ty: Type, span: Span) -> ExprId {
        let mut start = 0;
        let mut sources = vec![];
        for (part, len) in parts {
            sources.extend((0..*len).map(|k| (start + k, if part.is_each { *len } else { 0 })));
            start += self.shape(part.id).len();
        }
        let flat = self.join(parts.iter().map(|(p, _)| p.id).collect(), span);
        let places = each(copies.count(), sources.len(), |copy, k| sources[k].0 + copy * sources[k].1);
        self.add(Kind::Take { x: flat, places: places.into() }, ty, span)
    }

    /// Σ over the `len` last elements of each copy.
    fn sum_of_each(&mut self, x: ExprId, len: usize, ty: Type, span: Span) -> ExprId {
        let places: Vec<u32> = (0..self.shape(x).len()).map(|i| (i / len) as u32).collect();
        self.add(Kind::SumTo { x, places: places.into() }, ty, span)
    }

    /// `x w` for each copy: every product, then the sum over inputs.
    fn dense_of_each(&mut self, x: Value, w: Value, copies: &Copies, ty: Type, span: Span) -> Option<ExprId> {
        let [inputs, outputs] = self.shape(w.id).0.as_slice() else { return None };
        let (inputs, outputs) = (*inputs, *outputs);
        if w.is_each {
            return None;
        }
        let cell: Shape = [inputs, outputs].into();
        let places = each(copies.count(), cell.len(), |copy, k| copy * inputs + k / outputs);
        let wide = self.take(x.id, places, copies.of(&cell));
        let products = self.elementwise(Binary::Mul, wide, w.id, copies.of(&cell), span);
        let places = each(copies.count(), cell.len(), |copy, k| copy * outputs + k % outputs);
        Some(self.add(Kind::SumTo { x: products, places: places.into() }, ty, span))
    }

    /// A reduction over each copy's value.
    fn reduced(
        &mut self,
        reduce: Reduce,
        x: ExprId,
        len: usize,
        copies: &Copies,
        ty: Type,
        span: Span,
    ) -> Option<ExprId> {
        let step = match reduce {
            Reduce::Sum => return Some(self.sum_of_each(x, len, ty, span)),
            Reduce::Mean => {
                let sum = self.sum_of_each(x, len, ty.clone(), span);
                let count = self.number(len as f64, span);
                return Some(self.elementwise(Binary::Div, sum, count, ty.shape, span));
            }
            Reduce::Min => Binary::Min,
            Reduce::Max => Binary::Max,
            Reduce::LogSumExp => Binary::LogAddExp,
        };
        let mut total: Option<ExprId> = None;
        for k in 0..len {
            let places = each(copies.count(), 1, |copy, _| copy * len + k);
            let entry = self.take(x, places, ty.shape.clone());
            total = Some(match total {
                Some(before) => self.elementwise(step, before, entry, ty.shape.clone(), span),
                None => entry,
            });
        }
        total
    }
}

impl Copies {
    fn count(&self) -> usize {
        self.sizes.iter().product()
    }
    /// The shape of a value per copy.
    fn of(&self, inner: &Shape) -> Shape {
        Shape(self.sizes.iter().chain(&inner.0).copied().collect())
    }
    /// The factors as a statistic names them; none if there are more than it can.
    fn levels(&self) -> Option<crate::model::Levels> {
        crate::model::Levels::of(&self.factors)
    }
}

/// A place for each element of each copy.
fn each(copies: usize, len: usize, place: impl Fn(usize, usize) -> usize) -> Vec<u32> {
    (0..copies * len).map(|i| place(i / len, i % len) as u32).collect()
}
