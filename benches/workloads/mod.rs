//! What the benches of the engine run: networks on made-up images, the small net, gradients of a sampler; and how many
//! steps a second of them.

#[path = "../../tests/rewrites/forms.rs"]
mod forms;

use bnnc::data::Files;
use bnnc::infer;
use bnnc::infer::draws::Joint;
use bnnc::infer::problem::Problem;
use bnnc::infer::progress::Silent;
use bnnc::infer::settings::{Batch, Draws};
pub use forms::Fixture;
use std::io::{Cursor, Read, Result};
use std::time::Instant;

/// The network of the paper, and one that is nothing like it.
pub const MNIST: &str = include_str!("../../models/mnist.bnn");
pub const THIRD: &str = include_str!("../third.bnn");

/// The models' folder, with images made up: what they show changes neither time nor instructions.
struct MadeUp {
    rows: u32,
}

impl Files for MadeUp {
    fn open(&self, path: &str) -> Result<Box<dyn Read>> {
        let bytes = |n: u32, below: u32| (0..n).map(move |i| (i.wrapping_mul(2_654_435_761) >> 8) % below);
        let file = |sizes: &[u32], below| {
            let numbers = sizes.iter().product();
            let mut file = vec![0, 0, 8, sizes.len() as u8];
            sizes.iter().for_each(|n| file.extend(n.to_be_bytes()));
            file.extend(bytes(numbers, below).map(|b| b as u8));
            Ok(Box::new(Cursor::new(file)) as Box<dyn Read>)
        };
        match path {
            "images" => file(&[self.rows, 28, 28], 256),
            "labels" => file(&[self.rows], 10),
            other => {
                Ok(Box::new(std::fs::File::open(format!("{}/models/{other}", env!("CARGO_MANIFEST_DIR")))?))
            }
        }
    }
}

/// The network of a model's text on so many made-up images.
pub fn on_images(text: &str, rows: usize, batch: usize, draws: Draws) -> Fixture {
    let net = text.find("net f(x)").expect("the model has a net");
    let data = "data idx(\"images\", \"labels\") { x : image(28, 28)\n y : class(10) }";
    let mut fixture =
        Fixture::of(&format!("{data}\n{}", &text[net..]), usize::MAX, &MadeUp { rows: rows as u32 });
    fixture.settings.epochs = None;
    (fixture.settings.batch, fixture.settings.draws) = (Batch::Rows(batch), draws);
    fixture
}

/// Dense layers on images, as many and as wide as listed, then ten classes.
pub fn dense_net(widths: &[usize]) -> String {
    let layers: Vec<String> = widths.iter().map(|w| format!("  dense {w} relu\n")).collect();
    format!(
        "net f(x) {{\n  each layer {{ w ~ Normal(0, 1 / sqrt(fan_in)); b ~ Normal(0, 1) }}\n{}  dense 10 softmax\n}}\n\
         y ~ Categorical(probs = f(x))\n",
        layers.concat()
    )
}

/// Multiply-adds of a step in one row of such a net: forward and two gradients, one for the first layer.
pub fn dense_macs(widths: &[usize]) -> f64 {
    let sizes: Vec<f64> = [784].iter().chain(widths).chain(&[10]).map(|w| *w as f64).collect();
    let layers = sizes.windows(2).map(|w| w[0] * w[1]);
    layers.enumerate().map(|(i, macs)| if i == 0 { 2.0 * macs } else { 3.0 * macs }).sum()
}

/// 2 – 5 tanh – 5 tanh – 2 softmax: one draw a step, one start, all rows of a data statement.
pub fn small_text(data: &str) -> String {
    format!(
        "data {data}\nnet f(x) {{\n  each layer {{ w ~ Normal(0, 1); b ~ Normal(0, 1) }}\n  dense 5 tanh\n  \
         dense 5 tanh\n  dense 2 softmax\n}}\ny ~ Categorical(probs = f([x1, x2]))\n\
         fit {{ guide = meanfield; draws = 1; restarts = 1; batch = all }}\n"
    )
}

fn small(data: &str) -> Fixture {
    Fixture::of(&small_text(data), usize::MAX, &MadeUp { rows: 0 })
}

/// The small net on the 700 rows of `models/moons.bnn`.
pub fn small_net() -> Fixture {
    small("\"data/moons.csv\" { x1, x2 : real\n y : class(2)\n split by split }")
}

/// The small net on so many rows.
pub fn small_net_on(rows: usize) -> Fixture {
    small(&format!("moons({rows}, noise = 0.43, seed = 1) {{ x1, x2 : real\n y : class(2) }}"))
}

/// Multiply-adds of a step of the small net in one row.
pub const SMALL_MACS: f64 = 2.0 * 10.0 + 3.0 * (25.0 + 10.0);

/// Steps a second inside the loop of a fit of so many.
pub fn steps_per_second(fixture: &mut Fixture, steps: u64, threads: usize) -> f64 {
    fixture.settings.steps = Some(steps);
    let problem = Problem { threads, ..fixture.problem() };
    let outcome = infer::fit(&problem, &mut Silent).unwrap_or_else(|e| panic!("{e:?}"));
    outcome.steps as f64 / outcome.loop_seconds
}

/// Evaluates the log joint of eight schools with its gradient at points that a sampler may ask for; seconds for each.
pub fn eight_schools(gradients: u64) -> f64 {
    let text = include_str!("../../models/eight_schools.bnn");
    let fixture = Fixture::of(text, usize::MAX, &MadeUp { rows: 0 });
    let mut joint = Joint::new(&fixture.problem()).expect("the engine runs it");
    let mut gradient = vec![0.0; fixture.joint.dim];
    let mut point = gradient.clone();
    let begun = Instant::now();
    for i in 0..gradients {
        point.iter_mut().enumerate().for_each(|(j, u)| *u = 0.1 * ((i + 3 * j as u64) % 32) as f64 - 1.6);
        let value = joint.value_and_gradient(&point, &mut gradient);
        assert!(value.is_finite(), "a density of eight schools is finite");
    }
    begun.elapsed().as_secs_f64() / gradients as f64
}
