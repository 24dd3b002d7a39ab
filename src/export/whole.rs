//! Exports that are one file, written when the last draw has come: CSV, NPZ, JSON, safetensors.
//!
//! Arrays of the posterior have the names of the model (`beta`); those of other groups have their group in front
//! (`log_likelihood/y`), which no name of a model looks like.

use super::contents::{Contents, Store, Values, Variable};
use super::delimited::fault;
use super::numpy::{self, Array, Elements};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes all arrays; the second argument holds the draws of each variable, one after another.
pub type Whole = fn(&Contents, &[Vec<f64>], &mut dyn Write) -> io::Result<()>;

/// Starts to keep draws for a file.
pub fn open<'a>(contents: Contents, out: Box<dyn Write + 'a>, write: Whole) -> Box<dyn Store + 'a> {
    let draws = vec![vec![]; contents.variables.len()];
    Box::new(Kept { contents, draws, out, write })
}

struct Kept<'a> {
    contents: Contents,
    draws: Vec<Vec<f64>>,
    out: Box<dyn Write + 'a>,
    write: Whole,
}

impl Store for Kept<'_> {
    fn add(&mut self, variable: usize, values: &[f64]) -> io::Result<()> {
        self.draws[variable].extend_from_slice(values);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        (self.write)(&self.contents, &self.draws, &mut self.out)?;
        self.out.flush()
    }
}

/// One row a draw: `chain, draw`, then every number of the posterior by the names of `summary.csv`.
pub fn csv(contents: &Contents, draws: &[Vec<f64>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let drawn = || contents.variables.iter().zip(draws).filter(|(v, _)| v.is_drawn());
    let named = |v: &Variable| {
        let group = if v.group == POSTERIOR { String::new() } else { format!("{}/", v.group) };
        v.scalars().into_iter().map(move |name| format!("{group}{name}"))
    };
    let head = ["chain".to_owned(), "draw".to_owned()].into_iter().chain(drawn().flat_map(|(v, _)| named(v)));
    writer.write_record(head).map_err(fault)?;
    for d in 0..contents.chains * contents.draws {
        writer.write_field((d / contents.draws).to_string()).map_err(fault)?;
        writer.write_field((d % contents.draws).to_string()).map_err(fault)?;
        for (variable, values) in drawn() {
            let n = variable.len();
            for x in &values[d * n..(d + 1) * n] {
                writer.write_field(x.to_string()).map_err(fault)?;
            }
        }
        writer.write_record(None::<&[u8]>).map_err(fault)?;
    }
    writer.flush()
}

/// The group whose arrays have no prefix.
const POSTERIOR: &str = "posterior";

/// Every array with its whole name, sizes and elements.
fn arrays(contents: &Contents, draws: &[Vec<f64>]) -> Vec<Array> {
    let of = |(variable, draws): (&Variable, &Vec<f64>)| {
        let name = match variable.group {
            POSTERIOR => variable.name.clone(),
            group => format!("{group}/{}", variable.name),
        };
        let elements = match &variable.values {
            Values::Fixed(elements) => elements.clone(),
            Values::Reals => Elements::F64(draws.clone()),
            Values::Wholes | Values::Truths => Elements::I64(draws.iter().map(|x| *x as i64).collect()),
        };
        Array { name, shape: contents.shape(variable), elements }
    };
    contents.variables.iter().zip(draws).map(of).collect()
}

/// NumPy's archive, with an array `coords/AXIS` for each axis.
pub fn npz(contents: &Contents, draws: &[Vec<f64>], out: &mut dyn Write) -> io::Result<()> {
    let mut all = arrays(contents, draws);
    for axis in contents.variables.iter().flat_map(|v| &v.axes) {
        let name = format!("coords/{}", axis.name);
        if !all.iter().any(|a| a.name == name) {
            all.push(Array { name, shape: vec![axis.labels.len()], elements: axis.labels.elements() });
        }
    }
    numpy::npz(out, &all)
}

/// Numbers by name; the names of axes and places, and what is said of the whole, stand as JSON in the metadata `bnnc`.
pub fn safetensors(contents: &Contents, draws: &[Vec<f64>], out: &mut dyn Write) -> io::Result<()> {
    let numbers = |a: &Array| match a.elements {
        Elements::F64(_) => Some(Dtype::F64),
        Elements::F32(_) => Some(Dtype::F32),
        Elements::I64(_) => Some(Dtype::I64),
        Elements::U8(_) => Some(Dtype::U8),
        // Text has no place in this format.
        Elements::Text(_) => None,
    };
    let all: Vec<(Array, Dtype, Vec<u8>)> = arrays(contents, draws)
        .into_iter()
        .filter_map(|a| numbers(&a).map(|dtype| (dtype, a.elements.bytes(), a)))
        .map(|(dtype, bytes, a)| (a, dtype, bytes))
        .collect();
    let views = all.iter().map(|(a, dtype, bytes)| {
        Ok((a.name.as_str(), TensorView::new(*dtype, a.shape.clone(), bytes).map_err(io::Error::other)?))
    });
    let views = views.collect::<io::Result<Vec<_>>>()?;
    let words =
        json!({ "attributes": attributes(contents), "dims": dims(contents), "coords": coords(contents) });
    let metadata = HashMap::from([("bnnc".to_owned(), words.to_string())]);
    out.write_all(&::safetensors::serialize(views, Some(metadata)).map_err(io::Error::other)?)
}

/// What `arviz.from_dict(**json)` takes: each group with its arrays as nested lists, `coords`, `dims` and `attrs`.
pub fn json(contents: &Contents, draws: &[Vec<f64>], out: &mut dyn Write) -> io::Result<()> {
    let mut all = Map::new();
    for group in contents.groups() {
        let mut arrays = Map::new();
        for (variable, draws) in contents.variables.iter().zip(draws).filter(|(v, _)| v.group == group) {
            let mut flat = match &variable.values {
                Values::Reals => draws.iter().map(|x| json!(x)).collect(),
                Values::Wholes => draws.iter().map(|x| json!(*x as i64)).collect(),
                Values::Truths => draws.iter().map(|x| json!(*x != 0.0)).collect(),
                Values::Fixed(elements) => values(elements),
            };
            // Axis by axis from the last one, numbers become lists of lists.
            for n in contents.shape(variable).into_iter().rev() {
                flat = flat.chunks(n.max(1)).map(|part| Value::Array(part.to_vec())).collect();
            }
            arrays.insert(variable.name.clone(), flat.pop().unwrap_or(Value::Null));
        }
        all.insert(group.to_owned(), Value::Object(arrays));
    }
    all.insert("coords".to_owned(), coords(contents));
    all.insert("dims".to_owned(), dims(contents));
    all.insert("attrs".to_owned(), attributes(contents));
    writeln!(out, "{}", Value::Object(all))
}

fn attributes(contents: &Contents) -> Value {
    Value::Object(contents.attributes.iter().cloned().collect())
}

/// Names of axes by array, chain and draw left out.
fn dims(contents: &Contents) -> Value {
    let of = |v: &Variable| (v.name.clone(), json!(v.axes.iter().map(|a| &a.name).collect::<Vec<_>>()));
    let with_axes = contents.variables.iter().filter(|v| !v.axes.is_empty());
    Value::Object(with_axes.map(of).collect())
}

fn coords(contents: &Contents) -> Value {
    let axes = contents.variables.iter().flat_map(|v| &v.axes);
    Value::Object(axes.map(|a| (a.name.clone(), Value::Array(values(&a.labels.elements())))).collect())
}

fn values(elements: &Elements) -> Vec<Value> {
    match elements {
        Elements::F64(v) => v.iter().map(|x| json!(x)).collect(),
        Elements::F32(v) => v.iter().map(|x| json!(x)).collect(),
        Elements::I64(v) => v.iter().map(|x| json!(x)).collect(),
        Elements::U8(v) => v.iter().map(|x| json!(x)).collect(),
        Elements::Text(v) => v.iter().map(|x| json!(x)).collect(),
    }
}
