//! What is known of rows that a generator made: the chance of each class at a point, by Bayes' rule.
//!
//! A row of class k lies at c_k(t), t uniform on the curve of its class, plus normal noise of sd σ on both coordinates, and
//! both classes are equally frequent. So with φ the density of the noise
//!
//! ```text
//! P(y = 1 | x) = m₁ / (m₀ + m₁),   m_k = mean over t of φ((x − c_k(t)) / σ)
//! ```
//!
//! No classifier does better on new rows than the one that knows this. The mean is taken over the generator's own points,
//! so close together that the noise does not see the gaps.

use super::generator::{Argument, Generator};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kernels::elementwise;
use crate::kernels::scalar::Unary;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Arg, Item, Source};
use std::collections::HashMap;

/// The rule of a generator with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// As it is written: `moons(noise = 0.43)`.
    pub words: String,
    noise: f64,
    /// Points of class 0 and of class 1.
    curves: [Vec<[f64; 2]>; 2],
}

/// Below this the classes are curves, and a map of their chances has no width to show.
const LEAST_NOISE: f64 = 1e-3;
/// Points in a length of σ along the curves, whose total length is about 2π.
const POINTS_PER_SD: f64 = 64.0;

impl Truth {
    /// The rule of a call in a model; none for other sources and for rows without noise.
    ///
    /// # Errors
    /// T011 and others for arguments that are wrong.
    pub fn of_call(
        name: &str,
        args: &[Arg],
        span: Span,
        constants: &HashMap<String, f64>,
        set: &HashMap<String, f64>,
    ) -> Result<Option<Truth>, Diagnostics> {
        let Some(generator) = Generator::named(name) else { return Ok(None) };
        let values = generator.values(args, span, constants, set)?;
        Ok(Truth::of(generator, &values))
    }

    /// The rule that a text declares: `moons(noise = 0.43)`.
    ///
    /// # Errors
    /// O005 where it is no generator, or has no noise.
    pub fn declared(text: &str) -> Result<Truth, Diagnostic> {
        let wrong = |why: &str| {
            Diagnostic::new("O005", format!("`--truth {text}`: {why}"))
                .help("say which generator made the rows, as in a model: `--truth 'moons(noise = 0.43)'`")
        };
        let source = SourceFile::new("", format!("data {text} {{ y : class }}"));
        let tree = crate::syntax::parse(&source).map_err(|_| wrong("this is not a generator"))?;
        let call = tree.items.iter().find_map(|item| match item {
            Item::Data(data) => match &data.source {
                Source::Call { name, args, span } => Some((name, args, *span)),
                Source::Path(_) => None,
            },
            _ => None,
        });
        let (name, args, span) = call.ok_or_else(|| wrong("this is not a generator"))?;
        let none = HashMap::new();
        match Truth::of_call(&name.value, args, span, &none, &none) {
            Ok(Some(truth)) => Ok(truth),
            Ok(None) if Generator::named(&name.value).is_some() => Err(wrong("it needs `noise`")),
            Ok(None) => Err(wrong("there is no such generator")),
            Err(found) => Err(wrong(found.0.first().map_or("", |d| d.message.as_str()))),
        }
    }

    /// `values` are those of the generator's arguments, in the order of its table.
    fn of(generator: &Generator, values: &[f64]) -> Option<Truth> {
        let noise = *values.get(1)?;
        if noise < LEAST_NOISE {
            return None;
        }
        let n = (std::f64::consts::TAU * POINTS_PER_SD / noise).ceil().clamp(400.0, 200_000.0) as usize;
        let points = (generator.points)(2 * n, &values[3..]);
        let of_class = |k: f64| points.iter().filter(|p| p[2] == k).map(|p| [p[0], p[1]]).collect();
        let is_told = |(i, a): &(usize, &Argument)| a.name == "noise" || *i > 2 && values[*i] != a.default;
        let told = generator.arguments.iter().enumerate().filter(is_told);
        let told: Vec<String> = told.map(|(i, a)| format!("{} = {}", a.name, values[i])).collect();
        let words = format!("{}({})", generator.name, told.join(", "));
        Some(Truth { words, noise, curves: [of_class(0.0), of_class(1.0)] })
    }

    /// P(y = 1 | x), inside (0, 1) also where both densities underflow.
    pub fn chance(&self, x: [f64; 2]) -> f64 {
        let [zero, one] = [0, 1].map(|k| self.log_density(k, x));
        1.0 / (1.0 + (zero - one).exp())
    }

    /// log m_k, up to a constant that both classes share.
    fn log_density(&self, class: usize, x: [f64; 2]) -> f64 {
        let curve = &self.curves[class];
        let factor = -0.5 / (self.noise * self.noise);
        let mut exponents: Vec<f64> =
            curve.iter().map(|c| factor * ((x[0] - c[0]).powi(2) + (x[1] - c[1]).powi(2))).collect();
        let most = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        exponents.iter_mut().for_each(|e| *e -= most);
        elementwise::unary_in_place(Unary::Exp, &mut exponents);
        let sum: f64 = exponents.iter().sum();
        most + (sum / curve.len().max(1) as f64).ln()
    }

    /// What the rule gets on some rows: points and their classes.
    pub fn ceiling(&self, rows: &[([f64; 2], usize)]) -> Ceiling {
        let n = rows.len().max(1) as f64;
        let mut ceiling =
            Ceiling { rows: rows.len(), accuracy: 0.0, nll: 0.0, expected_nll: 0.0, nll_sd: 0.0 };
        let (mut variance, mut right) = (0.0, 0);
        for (x, class) in rows {
            let p = self.chance(*x).clamp(1e-300, 1.0);
            let q = (1.0 - p).clamp(1e-300, 1.0);
            let (own, other) = if *class == 1 { (p, q) } else { (q, p) };
            right += usize::from(own > other);
            ceiling.nll -= own.ln() / n;
            ceiling.expected_nll -= (p * p.ln() + q * q.ln()) / n;
            // The cost is −log p with chance p and −log q with chance q.
            variance += p * q * (p.ln() - q.ln()).powi(2) / (n * n);
        }
        ceiling.accuracy = right as f64 / n;
        ceiling.nll_sd = variance.sqrt();
        ceiling
    }
}

/// What Bayes' rule gets on some rows, and what it should if they are the generator's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ceiling {
    /// Their number.
    pub rows: usize,
    /// Share whose class is the more probable one.
    pub accuracy: f64,
    /// Mean cost in nats.
    pub nll: f64,
    /// The mean cost that rows at these places have if the rule holds.
    pub expected_nll: f64,
    /// The standard deviation of the mean cost if the rule holds.
    pub nll_sd: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean of a function of (chance of class 1, density) over the plane, by a fine grid.
    fn population(truth: &Truth) -> (f64, f64) {
        let (mut mass, mut accuracy, mut nll) = (0.0, 0.0, 0.0);
        let step = 0.04;
        for i in -90..=120 {
            for j in -90..=90 {
                let x = [f64::from(i) * step, f64::from(j) * step];
                let density = [0, 1].map(|k| truth.log_density(k, x).exp());
                let (m, p) = (density[0] + density[1], truth.chance(x).clamp(1e-300, 1.0 - 1e-16));
                mass += m;
                accuracy += m * p.max(1.0 - p);
                nll -= m * (p * p.ln() + (1.0 - p) * (1.0 - p).ln());
            }
        }
        (accuracy / mass, nll / mass)
    }

    /// What the best classifier gets on the population and on the 300 rows, by separate sums over a grid of the plane and
    /// over 1,000 to 2,000 points of each curve in NumPy. The inner circle of the project's rows has the radius 0.6: the mean
    /// of their squared distance from the middle is 0.552 = 0.6² + 2 · 0.31².
    #[test]
    fn the_ceilings_are_those_that_the_noise_was_chosen_for() {
        let wanted = [
            ("moons(noise = 0.43)", (0.8497, 0.3447), "models/data/moons.csv", (0.850, 0.366)),
            (
                "circles(noise = 0.31, factor = 0.6)",
                (0.7322, 0.5323),
                "models/data/circles.csv",
                (0.7333, 0.5246),
            ),
        ];
        for (words, (accuracy, nll), file, (of_rows, cost)) in wanted {
            let truth = Truth::declared(words).unwrap();
            assert_eq!(truth.words, words);
            let (a, n) = population(&truth);
            assert!((a - accuracy).abs() < 1e-3 && (n - nll).abs() < 1e-3, "{words}: {a} {n}");
            let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            let row = |line: &str| {
                let f: Vec<&str> = line.split(',').collect();
                let number = |i: usize| f[i].parse::<f64>().unwrap();
                (f[3] == "valid").then(|| ([number(0), number(1)], number(2) as usize))
            };
            let rows: Vec<_> = text.lines().skip(1).filter_map(row).collect();
            let ceiling = truth.ceiling(&rows);
            assert_eq!(ceiling.rows, 300);
            assert!((ceiling.accuracy - of_rows).abs() < 5e-4, "{ceiling:?}");
            assert!((ceiling.nll - cost).abs() < 5e-4, "{ceiling:?}");
            assert!((ceiling.nll - ceiling.expected_nll).abs() < 3.0 * ceiling.nll_sd, "{ceiling:?}");
        }
    }

    #[test]
    fn far_away_the_nearer_curve_decides() {
        let truth = Truth::declared("circles(noise = 0.1, factor = 0.5)").unwrap();
        assert!(truth.chance([0.0, 0.0]) > 0.99 && truth.chance([40.0, 0.0]) < 1e-9);
        assert!((truth.chance([0.75, 0.0]) - 0.5).abs() < 0.2);
    }

    #[test]
    fn what_is_no_generator_with_noise_is_refused() {
        for text in [
            "spirals(noise = 1)",
            "moons()",
            "moons(noise = -1)",
            "\"a.csv\"",
            "",
            "moons(noise = 0.4",
            "} data",
        ] {
            assert_eq!(Truth::declared(text).unwrap_err().code.id(), "O005", "{text}");
        }
    }
}
