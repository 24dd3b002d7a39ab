//! Part `rewrites`: what each rewrite that keeps the expectation does to the noise of a step's gradient, and what it costs.

#[path = "../../tests/rewrites/forms.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod forms;

use bnnc::infer::problem::Number;
use bnnc::infer::progress::Silent;
use bnnc::infer::{self, Path, minibatch, points::Points, posterior::Gaussian};
use bnnc::rewrites::{self, Entry, Family};
use forms::{Fixture, Form};
use std::time::Instant;

/// Steps that variances are of.
const STEPS: usize = 400;
/// Repeats of a timing, of which the best counts.
const REPEATS: usize = 5;
/// Times that both are measured, one after the other.
const TURNS: usize = 3;

/// A dense net on images, and a convolutional one: the rows of one minibatch.
const DENSE: &str = r#"
data idx("data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz") {
  x : image(28, 28)
  y : class(10)
}
net f(x) {
  each layer { w ~ Normal(0, s / sqrt(fan_in)); s ~ HalfNormal(1); b ~ Normal(0, 1) }
  dense 100 relu
  dense 10 softmax
}
y ~ Categorical(probs = f(x))
fit { batch = 128; epochs = 4 }
"#;
const CONV: &str = r#"
data idx("data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz") {
  x : image(28, 28)
  y : class(10)
}
net f(x) {
  each layer { w ~ Normal(0, s / sqrt(fan_in)); s ~ HalfNormal(1); b ~ Normal(0, 1) }
  conv 8 5x5 tanh
  maxpool 2
  conv 8 5x5 tanh
  maxpool 2
  dense 10 softmax
}
y ~ Categorical(probs = f(x))
fit { batch = 128; epochs = 4 }
"#;

/// Name, text, and how many rows are fitted.
fn models() -> Vec<(&'static str, String, usize)> {
    let nes = include_str!("../../models/posteriordb/nes.bnn").replace("\"data/", "\"posteriordb/data/");
    let moons = include_str!("../../models/moons.bnn").to_owned();
    vec![
        ("regression (nes)", nes, usize::MAX),
        ("small net (moons)", moons, usize::MAX),
        ("dense net (digits)", DENSE.to_owned(), 6_000),
        ("convolutional net (digits)", CONV.to_owned(), 6_000),
    ]
}

/// One form at a guide: noise of the value, of both parts of the gradient, and the time of a step.
struct Measured {
    value: f64,
    mu: f64,
    omega: f64,
    seconds: f64,
}

pub fn section() -> String {
    let mut text = "Noise of one step's estimate at a fitted guide, on the rows of the step: variance of the value, \
        total variance of the gradient for the means and for the log sds.\n\
        Each line turns one rewrite off that the default applies, or on that it leaves out; `without → with`.\n\
        Work is variance of the whole gradient times the time of a step, with over without: below 1 the rewrite pays.\n\
        Times are the least of three turns of each; what is left of the clock's noise is some tenths of the work.\n\
        Steps on all rows have 8 draws; minibatches have 128 rows, one draw of the weights for each 16 rows that share \
        one.\n\
        Command: `cargo bench --bench marks -- rewrites`.\n\n\
        | model | rewrite | value | means | log sds | ms a step | work |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (name, model, rows) in models() {
        let mut fixture = Fixture::new(&model, rows);
        let path = infer::path(&fixture.problem());
        let outcome = infer::fit(&fixture.problem(), &mut Silent).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        if path.draws_by_key() {
            fixture.rows.truncate(128);
        }
        for entry in rewrites::ALL.iter().filter(|e| e.family == Family::Same) {
            let mut turn = |is_on| measured(&mut fixture, path, entry, &outcome.guide, is_on);
            let (Some(mut without), Some(mut with)) = (turn(false), turn(true)) else { continue };
            for _ in 1..TURNS {
                for (found, is_on) in [(&mut without, false), (&mut with, true)] {
                    let seconds = turn(is_on).map_or(f64::NAN, |again| again.seconds);
                    found.seconds = found.seconds.min(seconds);
                }
            }
            let work = |m: &Measured| (m.mu + m.omega) * m.seconds;
            text += &format!(
                "| {name} | `{}` | {} → {} | {} → {} | {} → {} | {:.3} → {:.3} | {:.2} |\n",
                entry.name,
                short(without.value),
                short(with.value),
                short(without.mu),
                short(with.mu),
                short(without.omega),
                short(with.omega),
                1e3 * without.seconds,
                1e3 * with.seconds,
                work(&with) / work(&without),
            );
        }
    }
    text
}

/// Three digits.
fn short(x: f64) -> String {
    if x == 0.0 || (0.01..1e5).contains(&x) { format!("{x:.3}") } else { format!("{x:.2e}") }
}

/// The path's estimator with a rewrite on or off; none if it does not apply there.
fn measured(
    fixture: &mut Fixture,
    path: Path,
    entry: &Entry,
    guide: &Gaussian,
    is_on: bool,
) -> Option<Measured> {
    let list = if is_on { &mut fixture.settings.with } else { &mut fixture.settings.without };
    list.push(entry.name.to_owned());
    let problem = fixture.problem();
    let settings = infer::guide_settings(&problem, path);
    let guided = fixture.guided(&settings);
    let mut notes = guided.notes.clone();
    notes.extend(infer::noise_notes(&problem, path));
    let is_applied = notes.iter().any(|n| n.is_applied && n.rewrite == entry.rewrite);
    let is_possible = infer::asked::possible(&problem, path).is_ok();
    let measured = (is_applied == is_on && is_possible).then(|| match path {
        Path::NoNet => run(Form::<f64>::new(fixture, &settings, Points::of(&problem), 8), guide),
        Path::SmallNet => run(Form::<f32>::new(fixture, &settings, Points::of(&problem), 8), guide),
        Path::WideNet | Path::Batches | Path::Minibatch => {
            let rows = guided.rows_share_noise.then_some(minibatch::ROWS_PER_DRAW);
            run(Form::<f32>::keyed(fixture, &settings, rows), guide)
        }
    });
    fixture.settings.with.clear();
    fixture.settings.without.clear();
    measured
}

fn run<T: Number>(mut form: Form<T>, guide: &Gaussian) -> Measured {
    let dim = guide.mu.len();
    let mut seconds = f64::INFINITY;
    let mut moments = forms::Moments::default();
    for repeat in 0..REPEATS {
        let begun = Instant::now();
        form.add_steps(&mut moments, guide, repeat as u64, STEPS / REPEATS);
        seconds = seconds.min(begun.elapsed().as_secs_f64() / (STEPS / REPEATS) as f64);
    }
    Measured {
        value: moments.total(0..1),
        mu: moments.total(1..1 + dim),
        omega: moments.total(1 + dim..),
        seconds,
    }
}
