//! Words of the language that are no names of a function, a distribution, a layer or an option: what `bnnc explain`
//! says of them, and the end of `docs/functions.md`.

/// A word and its page.
#[derive(Debug)]
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// What it is: `a suffix of a distribution`.
    pub kind: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it means.
    pub page: &'static str,
}

const DECLARATION: &str = "a declaration";
const DATA: &str = "a line of the `data` block";
const SOURCE: &str = "a source of rows";
const TYPE: &str = "a type of a column";
const SUFFIX: &str = "a suffix of a distribution";
const INSIDE: &str = "a name inside a net";
const VALUE: &str = "a constant";

const fn word(name: &'static str, kind: &'static str, usage: &'static str, page: &'static str) -> Word {
    Word { name, kind, usage, page }
}

/// Every word, by kind.
#[rustfmt::skip]
pub const ALL: &[Word] = &[
    word("data", DECLARATION, "data \"file.csv\" { x, y : real }",
        "Where the rows come from, and the types of the columns that the model uses; one block a model.\nPaths are relative to the model file; columns that nothing names are ignored."),
    word("const", DECLARATION, "const n = 16",
        "A number fixed before compiling, made of numbers and other constants. `--set n=32` overrides it."),
    word("report", DECLARATION, "report name = expression",
        "A quantity computed from the posterior: a global one joins the summary, one per row the predictions."),
    word("net", DECLARATION, "net f(x) { dense 8 tanh; dense 1 }",
        "A function with random weights: layers from top to bottom, called as `f(x)`.\nCalls with the same arguments are the same value; with others they share the weights, `f.1.w`, `f.1.b`."),
    word("choose", DECLARATION, "choose name { label: { … } label: { … } }",
        "Alternatives: the first is the default, `--choose name=label` takes another, `bnnc sweep` fits them all."),
    word("fit", DECLARATION, "fit { method = advi; seed = 1 }",
        "How the model is fitted; nothing here changes what it means. Every option can be set on the command line too."),
    word("each", "a rule for layers of a net", "each layer { w ~ Normal(0, 1 / sqrt(fan_in)); b ~ Normal(0, 1) }",
        "What every layer declares: `each layer`, or `each dense`, `each conv` for one kind.\nA variable in it is repeated once per layer; one in the net itself is shared by its layers.\nBraces after a layer override it name by name."),
    word("split", DATA, "split valid = 0.3",
        "Rows held out: a share of them after a seeded shuffle, `last 300`, a number of rows,\nor `split by column`, whose values are `train`, `valid` and `test`."),
    word("test", DATA, "test \"other.csv\"", "Rows of another source, on which the fit is evaluated."),
    word("missing", DATA, "missing = drop",
        "What becomes of rows with a missing value: without this line they are an error, `drop` leaves them out,\n`predict` keeps those whose target alone is missing, for a prediction."),
    word("where", DATA, "where y < 5", "Keeps the rows for which this holds; before `take` and `split`."),
    word("take", DATA, "take 20 per y", "Keeps the first 20 rows of each value of `y`, after the seeded shuffle; before the split."),
    word("from", DATA, "x : real from [\"crim\", \"zn\"]",
        "Which columns of the file these are: names, a pattern such as \"feat*\", or `others` for all that no line declares."),
    word("idx", SOURCE, "data idx(\"images.gz\", \"labels.gz\") { x : image(28, 28); y : class(10) }",
        "IDX files, as those of MNIST, packed or not: images or vectors `x`, labels `y`."),
    word("images", SOURCE, "data images(\"folder\") { x : image(64, 64, 3); y : class }",
        "PNG and JPEG files of one size, one sub-folder for each class.\nWith `images(\"folder\", size = 64)` they may have any size: the largest square in the middle is brought to 64 × 64."),
    word("cifar", SOURCE, "data cifar(\"folder\") { x : image(32, 32, 3); y : class(10) }",
        "The binary files of CIFAR-10 and CIFAR-100: `data_batch_*.bin` or `train.bin`, and the test rows."),
    word("moons", SOURCE, "data moons(1000, noise = 0.43, seed = 1) { x1, x2 : real; y : class(2) }",
        "Two half circles that lie in each other, with normal noise. `--set noise=0.2` changes an argument."),
    word("circles", SOURCE, "data circles(1000, noise = 0.31, seed = 1) { x1, x2 : real; y : class(2) }",
        "A circle in a circle, with normal noise. `--set noise=0.2` changes an argument."),
    word("real", TYPE, "x : real", "Any number. `x : real[5]` are the columns `x1` to `x5`, a vector in each row."),
    word("positive", TYPE, "x : positive", "Numbers above 0."),
    word("nonneg", TYPE, "x : nonneg", "Numbers from 0 on."),
    word("unit", TYPE, "x : unit", "Numbers from 0 to 1; as the support of an unknown without the ends."),
    word("count", TYPE, "x : count", "Whole numbers from 0 on."),
    word("bool", TYPE, "x : bool", "0 and 1, or true and false."),
    word("class", TYPE, "y : class(10)",
        "A label to be predicted: `class(K)` whole numbers 0 to K−1, `class` any labels in their order,\n`class(\"low\", \"mid\", \"high\")` these in this order."),
    word("factor", TYPE, "school : factor",
        "Labels that tell groups apart: `theta[school] ~ …` has one copy for each, `theta[school]` is the row's own.\nJoined with numbers, `[x, school]`, it is coded 0/1 with one column for each level."),
    word("image", TYPE, "x : image(28, 28)", "Pixels from 0 to 1, height and width, and channels where there are several."),
    word("on", SUFFIX, "s ~ Normal(0, 1) on (0, inf)",
        "Truncates to an interval and normalises; bounds and arguments may be unknowns."),
    word("ordered", SUFFIX, "mu[2] ~ Normal(0, 2) ordered", "Keeps independent copies in increasing order."),
    word("censored", SUFFIX, "time ~ Weibull(shape = k, scale = s) censored by alive",
        "What is known of values that were not seen: where `alive` is 1 the value is a lower bound.\nA `bool` column, one computed from data (`alive = 1 - died`), or a `class` of `none`, `right`, `left`;\n`censored by (low, high)` for values known to lie between two columns."),
    word("weighted", SUFFIX, "y ~ Normal(mu, s) weighted by w", "Multiplies a row's log density by a column; the number of rows becomes the sum of the weights."),
    word("Point", "a prior of a tensor of a net", "w ~ Point", "Learned, not random. `w ~ Point(Normal(0, 1))` is its most probable value under this prior."),
    word("fan_in", INSIDE, "w ~ Normal(0, 1 / sqrt(fan_in))", "How many inputs a unit of this layer has: columns of `w`, or kernel times channels."),
    word("fan_out", INSIDE, "w ~ Normal(0, sqrt(2 / (fan_in + fan_out)))", "How many outputs a unit's input goes to."),
    word("inputs", INSIDE, "s[inputs] ~ HalfNormal(1)", "The inputs of this layer as a size: one copy for each of them, which aligns with `w`."),
    word("outputs", INSIDE, "s[outputs] ~ HalfNormal(1)", "The outputs of this layer as a size: one copy for each of them, which aligns with `w` and `b`."),
    word("pi", VALUE, "2 * pi", "3.14159…"),
    word("inf", VALUE, "x ~ Normal(0, 1) on (0, inf)", "No bound on that side."),
];

/// The page of a word.
pub fn page(name: &str) -> Option<String> {
    let word = ALL.iter().find(|w| w.name == name)?;
    Some(format!("{}: {}\n\n    {}\n\n{}", word.name, word.kind, word.usage, word.page))
}
