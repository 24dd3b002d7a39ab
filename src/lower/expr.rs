//! Expressions of the model as instructions, one to one; each is lowered once.

use super::Lowering;
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{ExprId, ExprKind, Reduce, StatisticId, Summary};
use crate::tape::{Op, Slot, Window};
use crate::ty::Shape;
use statrs::distribution::{ContinuousCDF, Normal};
use std::collections::BTreeSet;

/// Streams of noise of the masks; those of guides lie below.
const MASKS: u32 = 1 << 24;

impl Lowering<'_> {
    /// The slot of an expression.
    pub(super) fn expr(&mut self, id: ExprId) -> Slot {
        if let Some(slot) = self.slots[id.0 as usize] {
            return slot;
        }
        // Operands have smaller ids. Lowering them in that order keeps this from recursing deeply.
        let mut pending = vec![id];
        let mut needed = BTreeSet::new();
        while let Some(next) = pending.pop() {
            if self.slots[next.0 as usize].is_none() && needed.insert(next) {
                pending.extend(self.model.expr(next).kind.operands());
            }
        }
        for next in needed {
            let outer = self.b.origin;
            self.b.origin = Some(self.model.expr(next).span);
            let slot = self.instruction(next);
            if let Some(name) = &self.model.expr(next).name {
                self.b.name(slot, name);
            }
            self.b.origin = outer;
            self.slots[next.0 as usize] = Some(slot);
        }
        self.done(id)
    }

    fn done(&self, id: ExprId) -> Slot {
        self.slots[id.0 as usize].expect("operands are lowered before their users")
    }

    fn instruction(&mut self, id: ExprId) -> Slot {
        let model = self.model;
        let shape = self.shape_of(id);
        match &model.expr(id).kind {
            ExprKind::Number(x) => self.b.constant(*x),
            ExprKind::Column(c) => self.b.column(c.0, shape),
            ExprKind::Fixed(f) => {
                let values = &model.fixed[f.0 as usize].values;
                match (shape.is_scalar(), values.as_slice()) {
                    (true, [number, ..]) => self.b.constant(*number),
                    _ => self.b.tensor(values, shape),
                }
            }
            ExprKind::Statistic(s) => {
                let values = &model.statistics[s.0 as usize].values;
                match shape.is_scalar() {
                    true => self.b.constant(values.first().copied().unwrap_or(f64::NAN)),
                    false => {
                        let unread = vec![f64::NAN; shape.len()];
                        self.b.tensor(if values.is_empty() { &unread } else { values }, shape)
                    }
                }
            }
            ExprKind::Unknown(u) => self.latents[u.0 as usize].value,
            ExprKind::Unary(f, x) => {
                let x = self.done(*x);
                self.b.unary(*f, x)
            }
            ExprKind::Binary(f, x, y) => {
                let (x, y) = (self.done(*x), self.done(*y));
                self.b.binary(*f, x, y)
            }
            ExprKind::Reduce(reduce, x) => {
                let x = self.done(*x);
                self.reduce(*reduce, x)
            }
            ExprKind::Softmax(x) => {
                let x = self.done(*x);
                self.b.infer(Op::Softmax, vec![x])
            }
            ExprKind::LogSoftmax(x) => {
                let x = self.done(*x);
                self.b.infer(Op::LogSoftmax, vec![x])
            }
            ExprKind::Dot(x, y) => {
                let (x, y) = (self.done(*x), self.done(*y));
                let product = self.b.mul(x, y);
                self.b.sum(product)
            }
            ExprKind::Join(parts) => {
                let parts = parts.iter().map(|p| self.done(*p)).collect();
                self.b.infer(Op::Concat, parts)
            }
            ExprKind::Element(x, i) => {
                let x = self.done(*x);
                self.b.slice(x, i * shape.len(), &shape)
            }
            ExprKind::IndexBy(x, i) => {
                let (x, i) = (self.done(*x), self.done(*i));
                match self.b.kind(x) {
                    crate::ty::Kind::Global => self.b.infer(Op::Gather, vec![x, i]),
                    crate::ty::Kind::Row => self.b.infer(Op::Pick, vec![x, i]),
                }
            }
            ExprKind::OneHot(x) => {
                let x = self.done(*x);
                self.b.with_shape(Op::OneHot, vec![x], shape)
            }
            ExprKind::Dense { x, w } => {
                let (x, w) = (self.done(*x), self.done(*w));
                self.b.infer(Op::Dot { transposed: false }, vec![x, w])
            }
            ExprKind::Conv { x, w, stride, pad } => {
                let size = {
                    let s = &model.expr(*w).ty.shape.0;
                    [s[0], s[1]]
                };
                let (x, w) = (self.done(*x), self.done(*w));
                self.b.conv(x, w, Window { size, stride: *stride, pad: *pad })
            }
            ExprKind::MaxPool { x, size, stride } => {
                let x = self.done(*x);
                self.b.infer(Op::MaxPool(pool(*size, *stride)), vec![x])
            }
            ExprKind::AvgPool { x, size, stride } => {
                let x = self.done(*x);
                self.b.infer(Op::AvgPool(pool(*size, *stride)), vec![x])
            }
            // 1/(1 − rate) where a standard normal number lies above its quantile of the rate.
            ExprKind::Mask { rate, number } => {
                let noise = self.b.row_noise(MASKS + number, shape);
                let least = self.b.constant(Normal::standard().inverse_cdf(*rate));
                let keeps = self.b.binary(Binary::Lt, least, noise);
                self.b.scale(keeps, 1.0 / (1.0 - rate))
            }
            // x 1ᵀ: instructions that are there do it
            ExprKind::Repeat(x, count) => {
                let x = self.done(*x);
                let ones = self.b.tensor(&vec![1.0; *count], Shape::vector(*count));
                self.b.infer(Op::Outer, vec![x, ones])
            }
            ExprKind::Take { x, places } => {
                let x = self.done(*x);
                self.b.take(x, places.to_vec(), &shape)
            }
            ExprKind::SumTo { x, places } => {
                let x = self.done(*x);
                self.b.put(x, places.to_vec(), &shape)
            }
            ExprKind::LookUp { x, index, is_each } => {
                let places = self.looked_up(*x, *index, *is_each, &shape);
                let x = self.done(*x);
                self.b.take(x, places, &shape)
            }
            ExprKind::ChannelMeans(x) => {
                let x = self.done(*x);
                let pixels = self.b.shape(x).len() / shape.len().max(1);
                let sum = self.b.sum_to(x, &shape);
                self.b.scale(sum, 1.0 / pixels.max(1) as f64)
            }
            ExprKind::Reshape(x) => {
                let x = self.done(*x);
                self.b.reshape(x, &shape)
            }
        }
    }

    /// Where the looked-up rows lie: the levels are known by now, or all the first where no data were read.
    fn looked_up(&self, x: ExprId, index: StatisticId, is_each: bool, shape: &Shape) -> Vec<u32> {
        let levels = &self.model.statistics[index.0 as usize];
        let copies = match levels.values.len() {
            0 => match levels.what {
                Summary::OfLevels(by) => by.factors().map(|c| self.model.column(c).level_count()).product(),
                _ => 1,
            },
            known => known,
        };
        let row = shape.len() / copies.max(1);
        let table = if is_each { self.shape_of(x).len() / copies.max(1) } else { 0 };
        let level = |copy: usize| levels.values.get(copy).map_or(0, |v| v.max(0.0) as usize);
        (0..shape.len()).map(|i| (i / row * table + level(i / row) * row + i % row) as u32).collect()
    }

    fn reduce(&mut self, reduce: Reduce, x: Slot) -> Slot {
        let n = self.b.shape(x).len();
        match reduce {
            Reduce::Sum => self.b.sum(x),
            Reduce::Mean => {
                let sum = self.b.sum(x);
                self.b.scale(sum, 1.0 / n as f64)
            }
            Reduce::Max => self.b.infer(Op::MaxOf, vec![x]),
            Reduce::Min => {
                let minus = self.b.unary(Unary::Neg, x);
                let largest = self.b.infer(Op::MaxOf, vec![minus]);
                self.b.unary(Unary::Neg, largest)
            }
            Reduce::LogSumExp => {
                let flat = self.b.reshape(x, &Shape::vector(n));
                self.b.infer(Op::LogSumExp, vec![flat])
            }
        }
    }
}

fn pool(size: usize, stride: usize) -> Window {
    Window { size: [size, size], stride, pad: [0; 4] }
}
