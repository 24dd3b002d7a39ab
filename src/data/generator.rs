//! Generators of rows: the table, their arguments, shuffling and noise.
//!
//! A generator is a pure function of its arguments. The columns are `x1`, `x2` and `y`.

use std::collections::HashMap;

use rand_distr::{Distribution, StandardNormal};

use super::table::{Cells, Content, Header, Opened, Table};
use super::{circles, key, moons};
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::source::{Span, Spanned};
use crate::syntax::{ast, constant};

/// A generator: `moons(1000, noise = 0.43, seed = 1)`.
pub struct Generator {
    /// `moons`
    pub name: &'static str,
    /// What its rows look like, one line.
    pub summary: &'static str,
    /// Its arguments with their defaults; the first is the number of rows and may be given by position.
    pub arguments: &'static [Argument],
    /// The points before noise, from the number of rows and the arguments after `noise` and `seed`.
    pub points: fn(usize, &[f64]) -> Vec<[f64; 3]>,
}

/// An argument of a generator.
pub struct Argument {
    /// `noise`
    pub name: &'static str,
    /// Its value if it is not given.
    pub default: f64,
    /// The smallest value that makes sense.
    pub low: f64,
    /// The largest value that makes sense.
    pub high: f64,
    /// Whether it must be a whole number.
    pub whole: bool,
}

/// A million rows are more than a picture can show; the limit keeps a typing error from filling the memory.
const ROWS: Argument = Argument { name: "n", default: 1000.0, low: 1.0, high: 1e7, whole: true };
const NOISE: Argument = Argument { name: "noise", default: 0.0, low: 0.0, high: 1e6, whole: false };
/// Whole numbers up to 2^53 are exact in the language's numbers.
const SEED: Argument =
    Argument { name: "seed", default: 0.0, low: 0.0, high: 9007199254740992.0, whole: true };
const FACTOR: Argument = Argument { name: "factor", default: 0.5, low: 0.0, high: 1.0, whole: false };

/// Every generator.
pub const ALL: &[Generator] = &[
    Generator {
        name: "moons",
        summary: "two interleaving half-circles of radius 1",
        arguments: &[ROWS, NOISE, SEED],
        points: moons::points,
    },
    Generator {
        name: "circles",
        summary: "a circle of radius 1 around one of radius `factor`",
        arguments: &[ROWS, NOISE, SEED, FACTOR],
        points: circles::points,
    },
];

impl Generator {
    /// Looks a generator up.
    pub fn named(name: &str) -> Option<&'static Generator> {
        ALL.iter().find(|g| g.name == name)
    }

    /// Returns the values of all arguments, in the order of the table: what was written, else the default,
    /// and `set` before both.
    pub fn values(
        &self,
        written: &[ast::Arg],
        span: Span,
        constants: &HashMap<String, f64>,
        set: &HashMap<String, f64>,
    ) -> Result<Vec<f64>, Diagnostics> {
        let mut findings = Diagnostics::default();
        let mut values: Vec<f64> = self.arguments.iter().map(|a| a.default).collect();
        let mut given: Vec<Option<Span>> = vec![None; self.arguments.len()];
        for (position, arg) in written.iter().enumerate() {
            match self.place_of(position, arg) {
                Err(finding) => findings.push(finding),
                Ok(i) if given[i].is_some() => findings.push(
                    Diagnostic::new("T006", format!("`{}` is given twice", self.arguments[i].name))
                        .at(arg.value.span, "given again here"),
                ),
                Ok(i) => {
                    given[i] = Some(arg.value.span);
                    match constant::number(&arg.value, constants) {
                        Ok(value) => values[i] = value,
                        Err(finding) => findings.push(finding),
                    }
                }
            }
        }
        for (i, argument) in self.arguments.iter().enumerate() {
            let place = match set.get(argument.name) {
                Some(value) => {
                    values[i] = *value;
                    span
                }
                None => given[i].unwrap_or(span),
            };
            if let Err(wanted) = argument.check(values[i]) {
                let message = format!("`{}` of `{}` is {}", argument.name, self.name, values[i]);
                findings.push(Diagnostic::new("T011", message).at(place, wanted));
            }
        }
        if findings.is_empty() { Ok(values) } else { Err(findings) }
    }

    /// Which argument of the table a written one is.
    fn place_of(&self, position: usize, arg: &ast::Arg) -> Result<usize, Diagnostic> {
        let names = || self.arguments.iter().map(|a| a.name);
        match &arg.name {
            None if position == 0 => Ok(0),
            None => Err(Diagnostic::new(
                "T006",
                format!("`{}` takes one number by position, the number of rows", self.name),
            )
            .at(arg.value.span, "say what this is")
            .help(format!("the arguments are {}", names().collect::<Vec<_>>().join(", ")))),
            Some(Spanned { value, span }) => names().position(|n| n == value).ok_or_else(|| {
                let finding = Diagnostic::new("N012", format!("`{}` has no argument `{value}`", self.name));
                match suggest::nearest(value, names()) {
                    Some(near) => finding.at(*span, format!("did you mean `{near}`?")).fix(*span, near),
                    None => finding
                        .at(*span, format!("the arguments are {}", names().collect::<Vec<_>>().join(", "))),
                }
            }),
        }
    }

    /// Makes the rows: x1, x2, y, shuffled, with noise.
    pub fn rows(&self, values: &[f64]) -> Vec<[f64; 3]> {
        // The order of the table: n, noise, seed, then what the shape itself takes.
        let (n, noise, seed) = (values[0] as usize, values[1], values[2] as u64);
        let clean = (self.points)(n, &values[3..]);
        let mut rng = key::keyed(seed, &format!("{} noise", self.name));
        let order = key::permutation(n, seed, &format!("{} order", self.name));
        let with_noise = order.into_iter().map(|i| clean[i]).map(|[x1, x2, y]| {
            let (e1, e2): (f64, f64) = (StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng));
            [x1 + noise * e1, x2 + noise * e2, y]
        });
        with_noise.collect()
    }

    /// The rows as a source.
    pub fn open(&'static self, values: Vec<f64>) -> Box<dyn Opened> {
        let column = |name: &str| Header { name: name.to_owned(), content: Content::Numbers(vec![]) };
        Box::new(Generated { generator: self, values, header: ["x1", "x2", "y"].map(column) })
    }
}

impl Argument {
    /// Checks a value; on failure says what is wanted.
    fn check(&self, value: f64) -> Result<(), String> {
        let inside = value >= self.low && value <= self.high;
        if inside && (!self.whole || value == value.floor()) {
            return Ok(());
        }
        let kind = if self.whole { "a whole number" } else { "a number" };
        Err(format!("{kind} from {} to {} is wanted", self.low, self.high))
    }
}

struct Generated {
    generator: &'static Generator,
    values: Vec<f64>,
    header: [Header; 3],
}

impl Opened for Generated {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        let rows = self.generator.rows(&self.values);
        let column = |i: usize| Cells::Numbers { width: 1, data: rows.iter().map(|row| row[i]).collect() };
        let columns = wanted.iter().enumerate().map(|(i, wanted)| wanted.then(|| column(i))).collect();
        Ok(Table {
            place: self.generator.name.to_owned(),
            rows: rows.len(),
            lines: vec![],
            origin: vec![],
            columns,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generator_gives_its_rows_twice_alike_and_both_classes_equally_often() {
        for generator in ALL {
            let mut values: Vec<f64> = generator.arguments.iter().map(|a| a.default).collect();
            (values[0], values[1]) = (400.0, 0.2);
            let rows = generator.rows(&values);
            assert_eq!(rows, generator.rows(&values));
            assert_eq!(rows.iter().filter(|r| r[2] == 1.0).count(), 200, "{}", generator.name);
            assert!(rows[..40].iter().any(|r| r[2] == 0.0) && rows[..40].iter().any(|r| r[2] == 1.0));
            let seed = generator.arguments.iter().position(|a| a.name == "seed").unwrap();
            values[seed] += 1.0;
            assert_ne!(rows, generator.rows(&values));
        }
    }

    #[test]
    fn noise_has_the_sd_that_was_asked_for() {
        let generator = Generator::named("circles").unwrap();
        // With radius 1 for both circles and no clean spread, the distance to the clean point is not known per
        // row, so compare second moments: E[x1²] = 1/2 + noise².
        let rows = generator.rows(&[40000.0, 0.5, 3.0, 1.0]);
        let second = rows.iter().map(|r| r[0] * r[0]).sum::<f64>() / rows.len() as f64;
        // The sd of one x1² is below 1, so the mean of 40,000 is within 0.02 at four standard errors.
        assert!((second - 0.75).abs() < 0.02, "{second}");
    }

    #[test]
    fn arguments_are_checked_and_overridden() {
        let generator = Generator::named("moons").unwrap();
        let set = HashMap::from([("noise".to_owned(), 0.2)]);
        let none = HashMap::new();
        assert_eq!(generator.values(&[], Span::default(), &none, &set).unwrap(), vec![1000.0, 0.2, 0.0]);
        let set = HashMap::from([("noise".to_owned(), -1.0), ("n".to_owned(), 2.5)]);
        let findings = generator.values(&[], Span::default(), &none, &set).unwrap_err();
        assert_eq!(findings.0[0].code.id(), "T011");
    }
}
