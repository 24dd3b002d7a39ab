//! Draws that share what need not be computed twice: the same bits as those of an executor of its own.

use super::{Executor, Lane, Lead, NoiseKey, RowSource, Shard, Team};
use crate::kernels::real::Real;
use crate::kernels::scalar::Unary;
use crate::plan::{Program, Section, Space, plan};
use crate::tape::Op;
use crate::tape::build::Builder;
use crate::ty::Shape;
use std::sync::Arc;

/// Column 0 is the row's number.
struct Numbers;

impl<T: Real> RowSource<T> for Numbers {
    fn copy_row(&self, _: u32, row: u32, out: &mut [T]) {
        out[0] = T::from_f64(f64::from(row) + 0.25);
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

/// What a team's leader does.
fn led_by<R>(threads: usize, lead: impl FnOnce(&mut Lead<'_>) -> R) -> R {
    Team::new(vec![(); threads], threads).run(|_, ()| {}, lead)
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
fn lanes_on_the_global_values_of_one_executor_give_its_sums() {
    let program = program();
    let shard = |rows: &[u32]| {
        let mut shard = Shard::new(&program);
        shard.fill(&program, &Numbers, rows, 1.0);
        shard
    };
    let (all, first, second) = (shard(&[0, 1, 2, 5]), shard(&[0, 1]), shard(&[2, 5]));
    let mut executors = [(); 2].map(|()| Executor::new(program.clone()));
    let [alone, lead] = &mut executors;
    let mut lanes = [(); 3].map(|()| lead.further_lane());
    for draw in 0..3 {
        for executor in [&mut *alone, &mut *lead] {
            set(executor, 0.1 * draw as f64);
            executor.begin(key(draw));
        }
        // The third has no rows: what it had of the last draw does not count.
        lanes.iter_mut().for_each(Lane::begin);
        lanes[0].rows(lead, &first, key(draw));
        lanes[1].rows(lead, &second, key(draw));
        led_by(1, |team| lead.add_sums_by(team, lanes.iter()));
        lead.end(key(draw));
        let together = lead.output("value").expect("it has one")[0];
        let expected = f64::from_bits(value(alone, &all, key(draw)));
        // Sums of four squares in another order.
        assert!((together - expected).abs() < 1e-13, "draw {draw}: {together}, {expected}");
    }
    assert!(program.body.iter().any(|step| step.out.space == Space::Sum));
}

/// Values of a length that is no multiple of a strip.
const LONG: usize = 20_003;

/// w = μ + e^ω ε and w · Σ w end to end, and Σ w.
fn long_program() -> Arc<Program> {
    let mut b = Builder::new();
    let all: Shape = [LONG].into();
    let (mu, omega) = (b.input("mu", [LONG + 5].into()), b.input("omega", all.clone()));
    let (mu, sigma, noise) = (b.slice(mu, 5, &all), b.exp(omega), b.noise(0, all));
    let scaled = b.mul(sigma, noise);
    let w = b.add(mu, scaled);
    let total = b.sum(w);
    let product = b.mul(w, total);
    let both = b.infer(crate::tape::Op::Concat, vec![w, product]);
    b.output("both", both);
    b.output("total", total);
    Arc::new(plan(&b.finish(), 16).expect("the engine runs it"))
}

#[test]
fn long_values_go_by_strips_to_the_same_bits() {
    let program = long_program();
    let concat = |step: &crate::plan::Step| step.kernel == crate::plan::Kernel::Concat;
    assert!(!program.prologue.iter().any(concat), "parts are computed in their places");
    assert!(!program.chains.is_empty() && program.strip_len > 0, "σ, ε and σ ε live in strips");
    let mu: Vec<f64> = (0..LONG + 5).map(|i| (i as f64 * 0.37).sin()).collect();
    let omega: Vec<f64> = (0..LONG).map(|i| (i as f64 * 0.11).cos()).collect();
    let mut noise = vec![0.0; LONG];
    let stream = crate::kernels::noise::key(3, 0, 0, 2);
    crate::kernels::noise::normals(&mut noise, stream, 0);
    let mut sigma = vec![0.0; LONG];
    crate::kernels::elementwise::unary(crate::kernels::scalar::Unary::Exp, &omega, &mut sigma);
    let w: Vec<f64> = (0..LONG).map(|i| mu[i + 5] + sigma[i] * noise[i]).collect();
    let total = crate::kernels::reduce::sum_all(&w);
    let mut executor = Executor::<f64>::new(program.clone());
    executor.set_input("mu", &mu);
    executor.set_input("omega", &omega);
    for _ in 0..2 {
        executor.begin(key(2));
        executor.end(key(2));
        assert_eq!(executor.output("total").expect("it has one")[0].to_bits(), total.to_bits());
        let both = executor.output("both").expect("it has one");
        let expected: Vec<f64> = w.iter().copied().chain(w.iter().map(|w| w * total)).collect();
        assert!(both == expected.as_slice());
    }
    assert_eq!(executor.find_bad_value(&[], key(2)), None);
    let mut omega = omega;
    omega[17_001] = 1e3;
    executor.set_input("omega", &omega);
    let bad = executor.find_bad_value(&[], key(2)).expect("e^1000 is not finite");
    assert_eq!((bad.element, bad.arguments), (17_001, vec!["1000".to_owned()]));
}

/// Long values of a draw, and sums over rows as long, by all threads of a team: the bits of one, whoever runs which strip.
#[test]
fn threads_share_long_values_to_the_same_bits() {
    const MANY: usize = 5 * 16_384 + 77;
    let mut b = Builder::new();
    let all: Shape = [MANY].into();
    let (mu, omega) = (b.input("mu", all.clone()), b.input("omega", all.clone()));
    let (sigma, noise) = (b.exp(omega), b.noise(0, all.clone()));
    let scaled = b.mul(sigma, noise);
    let w = b.add(mu, scaled);
    let (total, squares) = (b.sum(w), b.square(w));
    let second = b.sum(squares);
    let product = b.mul(squares, total);
    let x = b.column(0, Shape::scalar());
    let spread = b.spread(x, &all);
    let row = b.mul(spread, w);
    let rows = b.sum_rows(row);
    let both = b.mul(rows, product);
    for (name, slot) in [("both", both), ("total", total), ("second", second), ("rows", rows)] {
        b.output(name, slot);
    }
    let program = Arc::new(plan(&b.finish(), 16).expect("the engine runs it"));
    assert!(program.chains.iter().any(|(section, _)| *section == Section::Prologue));
    let mu: Vec<f32> = (0..MANY).map(|i| (i as f32 * 0.37).sin()).collect();
    let omega: Vec<f32> = (0..MANY).map(|i| (i as f32 * 0.11).cos()).collect();
    let run = |threads: usize| {
        led_by(threads, |lead| {
            let mut executor = Executor::<f32>::new(program.clone()).shared_among(threads);
            let mut lanes = [(); 3].map(|()| executor.further_lane());
            let mut found: Vec<u32> = vec![];
            for draw in 0..3 {
                executor.set_input_by(lead, "mu", &mu);
                executor.set_input_by(lead, "omega", &omega);
                executor.begin_by(lead, key(draw));
                // The second has no rows.
                for (lane, rows) in lanes.iter_mut().zip([&[0, 1][..], &[], &[2, 5]]) {
                    lane.begin();
                    let mut shard = Shard::new(&program);
                    if !rows.is_empty() {
                        shard.fill(&program, &Numbers, rows, 1.0);
                        lane.rows(&executor, &shard, key(draw));
                    }
                }
                executor.add_sums_by(lead, lanes.iter());
                executor.end_by(lead, key(draw));
                for name in ["both", "total", "second", "rows"] {
                    found.extend(executor.output(name).expect("it has one").iter().map(|x| x.to_bits()));
                }
            }
            found
        })
    };
    let one = run(1);
    assert!(one.iter().all(|bits| f32::from_bits(*bits).is_finite()));
    for threads in [2, 3, 5] {
        assert!(run(threads) == one, "{threads} threads");
    }
    // And an executor that nobody leads.
    let mut alone = Executor::<f32>::new(program.clone());
    alone.set_input("mu", &mu);
    alone.set_input("omega", &omega);
    alone.begin(key(0));
    let total = alone.output("total").expect("it has one")[0];
    assert_eq!(total.to_bits(), one[MANY]);
}

/// However many lanes have rows, and wherever one has none, the sums are those of one executor.
#[test]
fn lanes_add_up_to_the_rows_of_all() {
    let program = program();
    for count in 1..=5 {
        for empty in 0..=count {
            let rows = |lane: usize| {
                let lane = lane as u32;
                if lane as usize == empty { vec![] } else { (20 * lane..20 * lane + 3 + lane).collect() }
            };
            let mut alone = Executor::<f64>::new(program.clone());
            let mut leader = Executor::<f64>::new(program.clone());
            let mut lanes: Vec<Lane<f64>> = (0..count).map(|_| leader.further_lane()).collect();
            for executor in [&mut alone, &mut leader] {
                set(executor, 0.3);
                executor.begin(key(1));
            }
            for (l, lane) in lanes.iter_mut().enumerate() {
                lane.begin();
                let mut shard = Shard::new(&program);
                if !rows(l).is_empty() {
                    shard.fill(&program, &Numbers, &rows(l), 1.0);
                    lane.rows(&leader, &shard, key(1));
                    alone.rows(&shard, key(1));
                }
            }
            led_by(1, |lead| {
                leader.add_sums_by(lead, lanes.iter());
                leader.end_by(lead, key(1));
            });
            alone.end(key(1));
            let value = |executor: &Executor<f64>| executor.output("value").expect("it has one")[0];
            let (found, want) = (value(&leader), value(&alone));
            let is_near = found == want || (found - want).abs() < 1e-13 * want.abs();
            assert!(is_near, "{count} lanes, {empty} without rows: {found}, {want}");
        }
    }
}

/// Concatenations of what is there twice, of views of their own parts, of others, and of constants.
#[test]
fn what_cannot_lie_in_a_concatenation_is_copied_there() {
    let mut b = Builder::new();
    let two: Shape = [2].into();
    let x = b.input("mu", [3].into());
    let (first, zero) = (b.slice(x, 0, &two), b.constant(0.5));
    let (e, s) = (b.exp(first), b.square(first));
    let part = b.slice(e, 1, &[1].into());
    let inner = b.infer(crate::tape::Op::Concat, vec![s, zero, s]);
    let outer = b.infer(crate::tape::Op::Concat, vec![zero, e, part, inner, x, e]);
    let doubled = b.scale(outer, 2.0);
    for (name, slot) in [("inner", inner), ("outer", outer), ("doubled", doubled)] {
        b.output(name, slot);
    }
    let program = Arc::new(plan(&b.finish(), 16).expect("the engine runs it"));
    let mut executor = Executor::<f64>::new(program);
    executor.set_input("mu", &[1.0, 2.0, 3.0]);
    executor.begin(key(0));
    executor.end(key(0));
    let (e1, e2) = (1f64.exp(), 2f64.exp());
    let inner = [1.0, 4.0, 0.5, 1.0, 4.0];
    let outer: Vec<f64> = [&[0.5, e1, e2, e2], &inner[..], &[1.0, 2.0, 3.0, e1, e2]].concat();
    let near = |name: &str, expected: &[f64]| {
        let found = executor.output(name).expect("it has one");
        let is_near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14 * b.abs());
        assert!(found.len() == expected.len() && is_near, "{name}: {found:?}, {expected:?}");
    };
    near("inner", &inner);
    near("outer", &outer);
    near("doubled", &outer.iter().map(|x| 2.0 * x).collect::<Vec<_>>());
}

/// Both columns' numbers are 1/1000.
struct Thousandths;

impl RowSource<f64> for Thousandths {
    fn copy_row(&self, _: u32, _: u32, out: &mut [f64]) {
        out.fill(1e-3);
    }
}

/// Σ x gᵀ and Σ g over 32 rows, g = x + w, come of one step, whose second result is looked at too.
#[test]
fn a_step_may_have_two_results() {
    let mut b = Builder::new();
    let two: Shape = [2].into();
    let (x, w) = (b.column(0, two.clone()), b.input("w", two));
    let g = b.add(x, w);
    let (weights, bias) = (b.infer(Op::Outer, vec![x, g]), b.sum_rows(g));
    b.output("weights", weights);
    b.output("bias", bias);
    let program = Arc::new(plan(&b.finish(), 32).expect("the engine runs it"));
    assert!(program.body.iter().any(|step| step.second.is_some()), "{}", program.schedule(8));
    let mut executor = Executor::<f64>::new(program.clone());
    let mut shard = Shard::new(&program);
    shard.fill(&program, &Thousandths, &(0..32).collect::<Vec<u32>>(), 1.0);
    executor.set_input("w", &[0.25, -2.0]);
    executor.begin(key(0));
    // Twice the same rows.
    executor.rows(&shard, key(0));
    executor.rows(&shard, key(0));
    executor.end(key(0));
    let near = |name: &str, wanted: &[f64]| {
        let found = executor.output(name).expect("it has one");
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{name}: {found:?}");
    };
    near("bias", &[64.0 * 0.251, 64.0 * -1.999]);
    near("weights", &[0.064 * 0.251, 0.064 * -1.999, 0.064 * 0.251, 0.064 * -1.999]);
    assert_eq!(executor.find_bad_value(&[&shard], key(0)), None);
    // Thousandths of it add up to finite numbers, it does not.
    executor.set_input("w", &[0.25, 1e307]);
    let bad = executor.find_bad_value(&[&shard], key(0)).expect("the sum of 32 of them is not finite");
    assert_eq!((bad.element, bad.instruction.map(|x| x.op)), (1, Some(Op::SumRows)));
}

/// What looks like a derivative may stand where no gradient was asked for, and two of them may be multiplied.
#[test]
fn slopes_may_be_multiplied() {
    let mut b = Builder::new();
    let (x, a) = (b.column(0, [2].into()), b.input("a", [2].into()));
    let scaled = b.mul(x, a);
    let slope = |b: &mut Builder, z| {
        let y = b.unary(Unary::Tanh, z);
        let (square, one) = (b.square(y), b.constant(1.0));
        b.sub(one, square)
    };
    let (first, second) = (slope(&mut b, x), slope(&mut b, scaled));
    let product = b.mul(first, second);
    let sum = b.sum_rows(product);
    b.output("sum", sum);
    let program = Arc::new(plan(&b.finish(), 16).expect("the engine runs it"));
    let mut executor = Executor::<f64>::new(program.clone());
    let mut shard = Shard::new(&program);
    shard.fill(&program, &Thousandths, &(0..16).collect::<Vec<u32>>(), 1.0);
    executor.set_input("a", &[700.0, -900.0]);
    executor.begin(key(0));
    executor.rows(&shard, key(0));
    executor.end(key(0));
    let slope = |z: f64| 1.0 - z.tanh().powi(2);
    let found = executor.output("sum").expect("it has one");
    for (found, a) in found.iter().zip([700.0, -900.0]) {
        let wanted = 16.0 * slope(1e-3) * slope(1e-3 * a);
        assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
    }
}
