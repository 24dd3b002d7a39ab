//! What a sweep fits: every combination of alternatives and grid values, those that come out equal once.
//!
//! ```text
//! choose prior { normal, flat }  choose scale { fixed, half_normal }  --grid sigma=0.1,1
//! →  normal fixed 0.1   normal fixed 1   normal half_normal   flat
//! ```
//!
//! Two combinations are equal if their models print the same, constants and labels left aside, and if what they say of
//! the data is the same. A dimension over which a model does not change is left out of its cell's name.

use super::{Options, Session, analysis, data_block};
use crate::check::choose::labels;
use crate::data::source::settable;
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::infer::settings::Settings;
use crate::model::Model;
use crate::run_folder::{Dimension, SweepCell, SweepPlan, sha256};
use crate::syntax::ast::{Ast, DataItem};
use std::collections::HashMap;
use std::path::Path;

/// More combinations than this are a mistake.
const MOST: usize = 10_000;

/// What varies beside the alternatives.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `--grid NAME=V1,V2`
    pub grid: Vec<(String, Vec<String>)>,
    /// `--choose NAME=LABEL`: a choice that is named here keeps to these labels.
    pub choose: Vec<(String, String)>,
    /// `--seeds N`
    pub seeds: u64,
}

/// A sweep before it begins: the plan, and for each of its cells what it is compiled with.
#[derive(Debug, Default)]
pub struct Sweep {
    /// As it is written to `sweep.json`.
    pub plan: SweepPlan,
    /// One for each cell.
    pub options: Vec<Options>,
}

/// Plans a sweep.
///
/// # Errors
/// What is wrong with the model as it stands, or with the names and values that were asked for.
pub fn plan(path: &Path, options: &Options, asked: &Asked) -> Result<Sweep, Diagnostics> {
    let base = Session::open(path, Options { choose: firsts(&asked.choose), ..options.clone() })?;
    let found = base.check();
    if found.has_errors() {
        return Err(found);
    }
    let model = base.model()?;
    let Some(ast) = &base.analysis().ast else { return Err(Diagnostics::default()) };
    sound(ast, model, options, asked)?;
    known(path, &base.source().text, options, asked)?;
    let first_seed = base.settings()?.seed;
    // The tree in force has lost the alternatives of its data.
    let written = crate::syntax::parse(base.source())?;
    let dimensions = dimensions(&written, asked);
    let count = dimensions.iter().try_fold(1usize, |n, d| n.checked_mul(d.values.len()));
    let Some(count) = count.filter(|n| *n <= MOST) else {
        return Err(Diagnostic::new("O005", format!("the sweep has more than {MOST} combinations"))
            .help("keep some choices to a label with `--choose NAME=LABEL`, or give fewer values to `--grid`")
            .into());
    };
    let choices = dimensions.len() - asked.grid.len();
    let space = Space { path, text: &base.source().text, options, dimensions: &dimensions, choices };
    let cells = space.distinct(count);
    let mut sweep = Sweep::default();
    for (values, key, options) in cells {
        for seed in (0..asked.seeds).map(|i| first_seed + i) {
            let identity = sha256(format!("{}\n{seed}\n{key}", env!("CARGO_PKG_VERSION")).as_bytes());
            let cell = SweepCell {
                folder: folder(&dimensions, &values, seed),
                values: values.clone(),
                seed,
                identity,
            };
            sweep.plan.cells.push(cell);
            sweep.options.push(Options { seed: Some(seed), ..options.clone() });
        }
    }
    name_apart(&mut sweep.plan.cells);
    sweep.plan = SweepPlan {
        model: base.name.clone(),
        model_sha256: sha256(base.source().text.as_bytes()),
        model_text: base.source().text.clone(),
        dimensions,
        combinations: count,
        ..sweep.plan
    };
    Ok(sweep)
}

/// One label for each choice that is kept to some.
fn firsts(choose: &[(String, String)]) -> Vec<(String, String)> {
    let is_first = |i: usize| !choose[..i].iter().any(|(name, _)| *name == choose[i].0);
    (0..choose.len()).filter(|i| is_first(*i)).map(|i| choose[i].clone()).collect()
}

/// The choices, kept to what was asked for, then the grid.
fn dimensions(written: &Ast, asked: &Asked) -> Vec<Dimension> {
    let of_choice = |(name, labels): (&str, Vec<&str>)| {
        let kept = |label: &&str| asked.choose.iter().any(|(n, l)| n == name && l == label);
        let is_kept_to_some = asked.choose.iter().any(|(n, _)| n == name);
        let labels = labels.into_iter().filter(|l| !is_kept_to_some || kept(l)).map(str::to_owned);
        Dimension { name: name.to_owned(), values: labels.collect() }
    };
    let grid = asked.grid.iter().map(|(name, values)| {
        let mut distinct: Vec<String> = vec![];
        for value in values {
            if !distinct.contains(value) {
                distinct.push(value.clone());
            }
        }
        Dimension { name: name.clone(), values: distinct }
    });
    labels(&written.items).into_iter().map(of_choice).chain(grid).collect()
}

/// Names that nothing has, labels that are not there, values that are given twice over.
fn sound(ast: &Ast, model: &Model, options: &Options, asked: &Asked) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::default();
    for (i, (name, values)) in asked.grid.iter().enumerate() {
        let shown = format!("`--grid {name}={}`", values.join(","));
        if values.iter().any(String::is_empty) {
            found.push(
                Diagnostic::new("O005", format!("{shown}: a value is empty"))
                    .help("write the values between commas: `--grid sigma=0.1,1,10`"),
            );
        }
        if asked.grid[..i].iter().any(|(other, _)| other == name) {
            found.push(Diagnostic::new("O005", format!("{shown}: `{name}` is given twice")));
        }
        if options.set.iter().any(|(other, _)| other == name) {
            found.push(
                Diagnostic::new("O005", format!("{shown}: `--set` gives `{name}` one value"))
                    .help("leave one of the two out"),
            );
        }
        if model.choices.iter().any(|(choice, _)| choice == name) {
            found.push(
                Diagnostic::new("O003", format!("{shown}: `{name}` is a choice of the model"))
                    .help(format!("its labels are swept anyway; `--choose {name}=LABEL` keeps it to some")),
            );
        } else if name == "fit.seed" || name == "seed" && !is_of_data(ast, name) {
            found.push(
                Diagnostic::new("O005", format!("{shown}: seeds have an option of their own"))
                    .help("write `--seeds N`; `--seed N` gives the first one"),
            );
        }
    }
    // Each label must be there, not only the first of its choice.
    let written = crate::check::choose::labels(&ast.items);
    for (name, label) in &asked.choose {
        if let Some((_, labels)) = written.iter().find(|(n, _)| n == name)
            && labels.len() > 1
            && !labels.contains(&label.as_str())
        {
            let finding = Diagnostic::new("O003", format!("`--choose {name}={label}`: no such label"));
            found.push(match suggest::nearest(label, labels.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `--choose {name}={near}`?")),
                None => finding.help(format!("the labels are {}", labels.join(", "))),
            });
        }
    }
    if found.has_errors() { Err(found) } else { Ok(()) }
}

/// What the checker says of each value of the grid as a word of the command line.
fn known(path: &Path, text: &str, options: &Options, asked: &Asked) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::default();
    for (name, values) in &asked.grid {
        for value in values {
            let mut options = Options { choose: firsts(&asked.choose), ..options.clone() };
            options.set.push((name.clone(), value.clone()));
            let session = Session::of(path, text.to_owned(), options);
            let Err(wrong) =
                analysis::in_force(&session.source, &session.name, session.files.as_ref(), &session.options)
            else {
                continue;
            };
            for mut finding in wrong.0.into_iter().filter(|d| d.code.id().starts_with('O')) {
                finding.message = finding.message.replace("--set", "--grid");
                finding.help = finding.help.map(|help| help.replace("--set", "--grid"));
                found.push(finding);
            }
            if found.has_errors() {
                break;
            }
        }
    }
    if found.has_errors() { Err(found) } else { Ok(()) }
}

/// Whether a source of the model's data takes an argument of that name.
fn is_of_data(ast: &Ast, name: &str) -> bool {
    data_arguments(ast).contains(&name)
}

fn data_arguments(ast: &Ast) -> Vec<&'static str> {
    let Some(block) = data_block(ast) else { return vec![] };
    let tests = block.items.iter().filter_map(|item| match item {
        DataItem::Test(source) => Some(source),
        _ => None,
    });
    tests.chain([&block.source]).flat_map(settable).collect()
}

/// All combinations of a sweep.
struct Space<'a> {
    path: &'a Path,
    text: &'a str,
    options: &'a Options,
    dimensions: &'a [Dimension],
    /// So many dimensions are choices; the rest are grids.
    choices: usize,
}

/// A combination: for each dimension the position of its value.
type Position = Vec<usize>;
/// What a sweep keeps of equal combinations: values that matter, the key, the options.
type Distinct = (Vec<Option<String>>, String, Options);

impl Space<'_> {
    /// The combinations that differ, the first of each kind, in order.
    fn distinct(&self, count: usize) -> Vec<Distinct> {
        let mut order: Vec<String> = vec![];
        let mut members: HashMap<String, Vec<Position>> = HashMap::new();
        for i in 0..count {
            let position = self.position(i);
            let key = self.key(&self.options(&position, |_| true));
            let of_key = members.entry(key.clone()).or_default();
            if of_key.is_empty() {
                order.push(key);
            }
            of_key.push(position);
        }
        let one = |key: String| {
            let of_key = &members[&key];
            let first = &of_key[0];
            let covers = |d: usize| {
                let size = self.dimensions[d].values.len();
                size > 1 && (0..size).all(|v| of_key.iter().any(|p| p[d] == v))
            };
            let mut matters: Vec<bool> = (0..self.dimensions.len()).map(|d| !covers(d)).collect();
            // What does not matter keeps the model's own value, if that really makes no difference either.
            let mut options = self.options(first, |d| matters[d]);
            if self.key(&options) != key {
                matters = vec![true; self.dimensions.len()];
                options = self.options(first, |_| true);
            }
            let value = |d: usize| matters[d].then(|| self.dimensions[d].values[first[d]].clone());
            ((0..self.dimensions.len()).map(value).collect(), key, options)
        };
        order.into_iter().map(one).collect()
    }

    /// The last dimension runs fastest.
    fn position(&self, index: usize) -> Position {
        let mut rest = index;
        let mut position: Position = self
            .dimensions
            .iter()
            .rev()
            .map(|d| {
                let value = rest % d.values.len();
                rest /= d.values.len();
                value
            })
            .collect();
        position.reverse();
        position
    }

    fn options(&self, position: &[usize], is_set: impl Fn(usize) -> bool) -> Options {
        let mut options = Options { choose: vec![], ..self.options.clone() };
        for (d, dimension) in self.dimensions.iter().enumerate().filter(|(d, _)| is_set(*d)) {
            let pair = (dimension.name.clone(), dimension.values[position[d]].clone());
            if d < self.choices { options.choose.push(pair) } else { options.set.push(pair) }
        }
        options
    }

    /// Everything that a fit depends on but its seed and the rows.
    fn key(&self, options: &Options) -> String {
        let session = Session::of(self.path, self.text.to_owned(), options.clone());
        let look =
            || analysis::in_force(&session.source, &session.name, session.files.as_ref(), &session.options);
        // What a combination is must not hang on one reading of a file that failed: a sweep gone on with would find
        // another one in its folder. A file that is not there is not there the second time either.
        let is_unread = |findings: &Diagnostics| findings.0.iter().any(|d| d.code.id() == "D015");
        let found = look().or_else(|findings| if is_unread(&findings) { look() } else { Err(findings) });
        match found.and_then(|(ast, model)| Ok((Settings::of(&model)?, ast, model))) {
            Ok((settings, ast, mut model)) => {
                let data = of_data(&session, &ast, &model);
                (model.constants, model.choices) = (vec![], vec![]);
                model.settings.retain(|s| s.name != "seed");
                model.settings.iter_mut().for_each(|s| s.is_default = false);
                // Settings hold what is not an option of the model too.
                let settings = Settings { seed: 0, ..settings };
                format!("{model}\n{settings:?}\n{data}")
            }
            // A combination that cannot be fitted is a cell that fails, and tells why.
            Err(findings) => {
                let words = |d: &Diagnostic| format!("{}: {}", d.code.id(), d.message);
                format!("wrong {:?}", findings.0.iter().map(words).collect::<Vec<_>>())
            }
        }
    }
}

/// What a combination says of its data: the block as written, with the values of what it names.
fn of_data(session: &Session, ast: &Ast, model: &Model) -> String {
    let Some(block) = data_block(ast) else { return String::new() };
    let text = session.source().slice(block.span);
    let is_word =
        |name: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
    let constants = model.constants.iter().filter(|(name, _)| is_word(name));
    let constants = constants.map(|(name, value)| format!("{name} = {value}"));
    let arguments = data_arguments(ast);
    let set = session.options.set.iter().filter(|(name, _)| arguments.contains(&name.as_str()));
    let set = set.map(|(name, value)| format!("{name} = {value}"));
    let over = session.options.data.iter().cloned();
    std::iter::once(text.to_owned()).chain(constants).chain(set).chain(over).collect::<Vec<_>>().join("\n")
}

/// `prior=normal,scale=fixed,sigma=0.1,seed=1`
fn folder(dimensions: &[Dimension], values: &[Option<String>], seed: u64) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "._-+".contains(c) { c } else { '_' };
    let part = |(d, value): (&Dimension, &Option<String>)| {
        let value = value.as_ref().filter(|_| d.values.len() > 1)?;
        Some(format!("{}={}", d.name, value.chars().map(plain).collect::<String>()))
    };
    let parts = dimensions.iter().zip(values).filter_map(part);
    parts.chain([format!("seed={seed}")]).collect::<Vec<_>>().join(",")
}

/// Values that differ only in odd characters still have folders of their own.
fn name_apart(cells: &mut [SweepCell]) {
    for i in 0..cells.len() {
        let plain = cells[i].folder.clone();
        let mut count = 1;
        while cells[..i].iter().any(|c| c.folder == cells[i].folder) {
            count += 1;
            cells[i].folder = format!("{plain},{count}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(model: &str, asked: &Asked) -> Result<Sweep, Diagnostics> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("model.bnn");
        std::fs::write(&path, model).unwrap();
        plan(&path, &Options::default(), asked)
    }

    fn asked(grid: &[(&str, &str)], choose: &[(&str, &str)], seeds: u64) -> Asked {
        let grid = grid.iter().map(|(n, v)| ((*n).to_owned(), v.split(',').map(str::to_owned).collect()));
        let choose = choose.iter().map(|(n, l)| ((*n).to_owned(), (*l).to_owned()));
        Asked { grid: grid.collect(), choose: choose.collect(), seeds }
    }

    fn names(sweep: &Sweep) -> Vec<&str> {
        sweep.plan.cells.iter().map(|c| c.folder.as_str()).collect()
    }

    const SMALL: &str = "data moons(60, noise = 0.3) { x1, x2 : real; y : class(2); split valid = 0.5 }\n\
        const sigma = 1\n\
        net f(x) {\n each layer {\n  choose prior { normal: { w ~ Normal(0, s) }; flat: { w ~ Flat } }\n\
        \x20 choose scale { learned: { s ~ HalfNormal(1) }; fixed: { s = sigma } }\n }\n dense 2 softmax\n}\n\
        y ~ Categorical(probs = f([x1, x2]))\n";

    #[test]
    fn a_value_is_varied_only_where_it_is_used() {
        let sweep = planned(SMALL, &asked(&[("sigma", "0.1,1")], &[], 1)).unwrap();
        let wanted = [
            "prior=normal,scale=learned,seed=0",
            "prior=normal,scale=fixed,sigma=0.1,seed=0",
            "prior=normal,scale=fixed,sigma=1,seed=0",
            "prior=flat,seed=0",
        ];
        assert_eq!(names(&sweep), wanted);
        assert_eq!(sweep.plan.combinations, 8);
        assert_eq!(sweep.plan.cells[3].values, [Some("flat".into()), None, None]);
        assert_eq!(sweep.options[3].choose, [("prior".to_owned(), "flat".to_owned())]);
    }

    #[test]
    fn arguments_of_data_and_options_of_the_fit_vary_too() {
        let grid = [("noise", "0.1,0.3"), ("guide", "meanfield,fullrank"), ("n", "60,60")];
        let sweep = planned(SMALL, &asked(&grid, &[("prior", "flat")], 2)).unwrap();
        assert_eq!(sweep.plan.cells.len(), 8, "{:?}", names(&sweep));
        assert_eq!(names(&sweep)[3], "noise=0.1,guide=fullrank,seed=1");
        let ids: std::collections::HashSet<_> = sweep.plan.cells.iter().map(|c| &c.identity).collect();
        assert_eq!(ids.len(), 8);
    }

    #[test]
    fn choices_are_kept_to_the_labels_that_are_given() {
        let kept = [("scale", "fixed"), ("prior", "flat"), ("prior", "normal")];
        let sweep = planned(SMALL, &asked(&[], &kept, 1)).unwrap();
        assert_eq!(names(&sweep), ["prior=normal,seed=0", "prior=flat,seed=0"]);
    }

    #[test]
    fn a_combination_that_cannot_be_fitted_is_a_cell_of_its_own() {
        let sweep = planned(SMALL, &asked(&[("sigma", "-1,1")], &[("prior", "normal")], 1)).unwrap();
        let wanted = ["scale=learned,seed=0", "scale=fixed,sigma=-1,seed=0", "scale=fixed,sigma=1,seed=0"];
        assert_eq!(names(&sweep), wanted);
    }

    #[test]
    fn names_that_nothing_has_are_findings() {
        let wrong = [
            (asked(&[("sigmo", "1,2")], &[], 1), "O003"),
            (asked(&[("prior", "normal")], &[], 1), "O003"),
            (asked(&[("seed", "1,2"), ("fit.seed", "1,2")], &[], 1), "O005"),
            (asked(&[("sigma", "1,")], &[], 1), "O005"),
            (asked(&[], &[("prior", "normal"), ("prior", "gauss")], 1), "O003"),
            (asked(&[], &[("priors", "normal")], 1), "O003"),
        ];
        for (asked, code) in wrong {
            let found = planned(SMALL, &asked).unwrap_err();
            assert!(found.0.iter().any(|d| d.code.id() == code), "{asked:?} {found:?}");
        }
    }
}
