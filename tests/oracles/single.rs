//! Every density in f32, as the engine runs it, against the same tables; and the page of worst errors.

use super::{agree, dist, event, none, table};
use bnnc::dist::{ALL, Event, Family};
use bnnc::engine::{Executor, NoiseKey, RowSource, Shard};
use bnnc::kernels::real::Real;
use bnnc::plan::plan;
use bnnc::tape::{Slot, build::Builder};
use bnnc::ty::Shape;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Roundings of f32 that the terms of a density may lose, and its arguments as they are given.
const TERMS: f64 = 4e-6;
const ARGUMENTS: f64 = 4e-7;

/// One row of one column.
struct One<'a>(&'a [f64]);

impl<T: Real> RowSource<T> for One<'_> {
    fn copy_row(&self, _: u32, _: u32, out: &mut [T]) {
        for (o, v) in out.iter_mut().zip(self.0) {
            *o = T::from_f64(*v);
        }
    }
}

/// A density with its value, as a program sees it.
struct Density<'a> {
    family: &'static Family,
    form: usize,
    x: &'a [f64],
    shape: Shape,
    args: Vec<(&'a [f64], Shape)>,
}

impl Density<'_> {
    /// The log density in T: x is data, the arguments are inputs.
    fn value<T: Real>(&self) -> f64 {
        let mut b = Builder::new();
        let x = b.column(0, self.shape.clone());
        let args: Vec<Slot> = self
            .args
            .iter()
            .enumerate()
            .map(|(i, (_, shape))| b.input(&format!("a{i}"), shape.clone()))
            .collect();
        let density = (self.family.log_density)(&mut b, self.form, x, &args);
        // A formula that does not mention x is one number for all rows.
        let zero = b.scale(x, 0.0);
        let zero = b.sum(zero);
        let density = b.add(density, zero);
        b.output("density", density);
        let program = Arc::new(plan(&b.finish(), 16).expect("the engine runs every density"));
        let mut executor = Executor::<T>::new(program.clone());
        for (i, (numbers, _)) in self.args.iter().enumerate() {
            let numbers: Vec<T> = numbers.iter().map(|v| T::from_f64(*v)).collect();
            executor.set_input(&format!("a{i}"), &numbers);
        }
        executor.begin(NoiseKey::default());
        let mut shard = Shard::new(&program);
        shard.fill(&program, &One(self.x), &[0], T::from_f64(1.0));
        executor.rows(&shard, NoiseKey::default());
        executor.output_of_rows("density", &shard).expect("named above")[0].to_f64()
    }
}

/// Every row of both tables as a density, with its reference value, the size of its terms, and what a rounding of the
/// value and the arguments does to it.
fn for_each(mut with: impl FnMut(&Density, f64, f64, f64, &str)) {
    let moved = |row: &table::Row, x: &[f64], args: &[Vec<f64>]| {
        let sum = |g: &[f64], at: &[f64]| -> f64 {
            g.iter().zip(at).map(|(g, at)| if g.is_nan() { 0.0 } else { (g * at).abs() }).sum()
        };
        let by_x = row.vectors("gradient_x").map_or(0.0, |g| sum(&g.concat(), x));
        let by_args = row.vectors("gradient_args").unwrap_or_default();
        by_x + by_args.iter().zip(args).map(|(g, a)| sum(g, a)).sum::<f64>()
    };
    for case in dist::cases().iter().filter(|c| c.family.event == Event::Scalar) {
        let args = case.args.iter().map(|a| {
            let shape = if a.len() == 1 { Shape::scalar() } else { Shape::vector(a.len()) };
            (&a[..], shape)
        });
        let density = Density {
            family: case.family,
            form: case.form,
            x: &[case.x],
            shape: Shape::scalar(),
            args: args.collect(),
        };
        let want = case.row.number("log_density").expect("a log density");
        let size = case.row.number("size").unwrap_or(0.0);
        with(
            &density,
            want,
            size,
            moved(&case.row, &[case.x], &case.args),
            &case.says("log density", 0.0, want),
        );
    }
    for case in event::cases() {
        let args = (0..case.args.len()).map(|i| (&case.args[i][..], case.arg_shape(i)));
        let density = Density {
            family: case.family,
            form: case.form,
            x: &case.x,
            shape: case.value_shape(),
            args: args.collect(),
        };
        let want = case.row.number("log_density").expect("a log density");
        let size = case.row.number("size").unwrap_or(0.0);
        with(
            &density,
            want,
            size,
            moved(&case.row, &case.x, &case.args),
            &case.says("log density", 0.0, want),
        );
    }
}

/// Whether f32 holds the numbers of a case: neither lost below its smallest number nor above its largest.
fn fits_single(density: &Density, size: f64) -> bool {
    let fits = |v: &f64| *v == 0.0 || (1e-30..1e18).contains(&v.abs());
    // A share so near to 1 that f32 takes it for 1.
    let is_lost = |v: &f64| *v != 1.0 && f64::from(*v as f32) == 1.0;
    if density.args.iter().any(|(a, _)| a.iter().any(is_lost)) {
        return false;
    }
    density.x.iter().all(fits) && density.args.iter().all(|(a, _)| a.iter().all(fits)) && size < 1e30
}

#[test]
fn densities_in_f32_lose_what_f32_must_lose() {
    let mut complaints = vec![];
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for_each(|density, want, size, moved, says| {
        if !fits_single(density, size) {
            return;
        }
        *tried.entry(density.family.name).or_default() += 1;
        let got = density.value::<f32>();
        if want.is_infinite() {
            // Whether a value lies outside is decided after it is rounded.
            return;
        }
        // log Γ of a large sum less log Γ of its parts: the sum is rounded too.
        let allowed = TERMS * (1.0 + size) + ARGUMENTS * moved;
        if !agree(got, want, 1e-6, allowed) {
            complaints.push(format!("{says}: {got:e} in f32, off by {:e}, allowed {allowed:e}", got - want));
        }
    });
    for family in ALL {
        assert!(tried.get(family.name).is_some_and(|n| *n >= 2), "{} was not tried in f32", family.name);
    }
    none(complaints);
}

/// The worst error of a family in f64 and f32, relative to the size of its terms.
fn worst() -> BTreeMap<&'static str, (usize, f64, f64)> {
    let mut worst: BTreeMap<&'static str, (usize, f64, f64)> = BTreeMap::new();
    for_each(|density, want, size, moved, _| {
        if want.is_infinite() {
            return;
        }
        let entry = worst.entry(density.family.name).or_default();
        entry.0 += 1;
        let scale = (size + moved).max(1.0);
        entry.1 = entry.1.max((density.value::<f64>() - want).abs() / scale);
        if fits_single(density, size) {
            entry.2 = entry.2.max((density.value::<f32>() - want).abs() / scale);
        }
    });
    worst
}

const PAGE: &str = "docs/densities.md";
const INTRODUCTION: &str = "\
# How exact the densities are

The worst error of each log density over the reference values in `tests/oracles` (mpmath with 60 digits), relative to the
size of its terms plus what a rounding of its value and arguments does to it.
Extreme values are among them: deep tails, tiny and huge scales, ends of supports.
One unit in the last place is 2.2e-16 in f64 and 1.2e-7 in f32.
Written by `BNNC_WRITE_PAGES=1 cargo test --test suite worst_errors`; the test fails where an error has grown tenfold.

| distribution | values | worst in f64 | worst in f32 |
|---|---|---|---|
";

#[test]
fn worst_errors_are_those_on_the_page() {
    let worst = worst();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("BNNC_WRITE_PAGES").is_some() {
        let mut page = INTRODUCTION.to_owned();
        for (name, (count, double, single)) in &worst {
            page += &format!("| {name} | {count} | {double:.1e} | {single:.1e} |\n");
        }
        std::fs::write(&path, page).expect("the docs folder can be written");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page.starts_with(INTRODUCTION), "{PAGE} is not what the code says; BNNC_WRITE_PAGES=1 writes it");
    let lines: Vec<Vec<&str>> = page
        .lines()
        .filter_map(|l| l.strip_prefix("| "))
        .map(|l| l.split('|').map(str::trim).collect())
        .collect();
    for family in ALL {
        let (count, double, single) = worst.get(family.name).expect("every family has rows");
        let line = lines.iter().find(|l| l[0] == family.name);
        let line = line.unwrap_or_else(|| panic!("{} is not in {PAGE}", family.name));
        assert_eq!(line[1], count.to_string(), "{}", family.name);
        let number = |text: &str| text.parse::<f64>().expect("a number");
        // Another machine's libm rounds otherwise.
        assert!(*double <= 10.0 * number(line[2]) + 1e-15, "{}: {double:e} in f64", family.name);
        assert!(*single <= 10.0 * number(line[3]) + 1e-6, "{}: {single:e} in f32", family.name);
    }
}
