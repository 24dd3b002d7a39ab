//! Draws that share what need not be computed twice: the same bits as those of an executor of its own.

use super::{Executor, NoiseKey, RowSource, Shard};
use crate::plan::{Program, Space, plan};
use crate::tape::build::Builder;
use crate::ty::Shape;
use std::sync::Arc;

/// Column 0 is the row's number.
struct Numbers;

impl RowSource<f64> for Numbers {
    fn copy_row(&self, _: u32, row: u32, out: &mut [f64]) {
        out[0] = f64::from(row) + 0.25;
    }
}

/// log of Σ over rows of x · Σ (μ + e^ω ε), plus Σ e^ω.
fn program() -> Arc<Program> {
    let mut b = Builder::new();
    let three: Shape = [3].into();
    let (mu, omega) = (b.input("mu", three.clone()), b.input("omega", three.clone()));
    let (sigma, noise) = (b.exp(omega), b.noise(0, three));
    let scaled = b.mul(sigma, noise);
    let w = b.add(mu, scaled);
    let (total, x) = (b.sum(w), b.column(0, Shape::scalar()));
    let product = b.mul(x, total);
    let (square, weight) = (b.square(product), b.row_weight());
    let weighted = b.mul(square, weight);
    let sum = b.sum_rows(weighted);
    let (log, entropy) = (b.log(sum), b.sum(sigma));
    let value = b.add(log, entropy);
    b.output("value", value);
    Arc::new(plan(&b.finish(), 16).expect("the engine runs it"))
}

fn set(executor: &mut Executor<f64>, shift: f64) {
    executor.set_input("mu", &[shift, 0.5, -0.3]);
    executor.set_input("omega", &[-1.0, shift, 0.2]);
}

fn value(executor: &mut Executor<f64>, shard: &Shard<f64>, key: NoiseKey) -> u64 {
    executor.rows(shard, key);
    executor.end(key);
    executor.output("value").expect("it has one")[0].to_bits()
}

fn key(draw: u64) -> NoiseKey {
    NoiseKey { seed: 3, draw, ..NoiseKey::default() }
}

#[test]
fn what_is_hoisted_is_computed_anew_where_inputs_change() {
    let program = program();
    // e^ω and the Σ of it need no noise.
    assert_eq!((program.hoisted.len(), program.prologue.len()), (2, 4));
    let mut shard = Shard::new(&program);
    shard.fill(&program, &Numbers, &[0, 1, 2, 5], 1.0);
    let mut executor = Executor::new(program.clone());
    for shift in [0.1, -0.7, -0.7, 2.0] {
        set(&mut executor, shift);
        for draw in 0..3 {
            let mut alone = Executor::new(program.clone());
            set(&mut alone, shift);
            alone.begin(key(draw));
            executor.begin(key(draw));
            let found = value(&mut executor, &shard, key(draw));
            assert_eq!(found, value(&mut alone, &shard, key(draw)), "shift {shift}, draw {draw}");
        }
    }
}

#[test]
fn rows_of_a_draw_that_another_executor_has_begun_give_its_sums() {
    let program = program();
    let shard = |rows: &[u32]| {
        let mut shard = Shard::new(&program);
        shard.fill(&program, &Numbers, rows, 1.0);
        shard
    };
    let (all, first, second) = (shard(&[0, 1, 2, 5]), shard(&[0, 1]), shard(&[2, 5]));
    let mut executors = [(); 3].map(|()| Executor::new(program.clone()));
    let [alone, lead, other] = &mut executors;
    for draw in 0..3 {
        for executor in [&mut *alone, &mut *lead] {
            set(executor, 0.1 * draw as f64);
            executor.begin(key(draw));
        }
        other.begin_as(lead);
        other.rows(&second, key(draw));
        lead.rows(&first, key(draw));
        lead.add_sums(other);
        lead.end(key(draw));
        let together = lead.output("value").expect("it has one")[0];
        let expected = f64::from_bits(value(alone, &all, key(draw)));
        // Sums of four squares in another order.
        assert!((together - expected).abs() < 1e-13, "draw {draw}: {together}, {expected}");
    }
    assert!(program.accumulators.iter().all(|a| a.space == Space::Global));
}
