//! A Zarr store that ArviZ and xarray open: version 2 of the format, a group for each group of arrays.
//!
//! ```text
//! kidiq.zarr/ .zgroup  .zattrs  .zmetadata
//!             posterior/ .zgroup  .zattrs  beta/ .zarray  .zattrs  0.0.0  …  draw/  chain/  beta_dim_0/
//! ```
//!
//! A chunk holds some draws of one chain; names of axes stand in `_ARRAY_DIMENSIONS`, as xarray has them, and
//! `.zmetadata` repeats all metadata so that one file tells what there is. Version 2 is what every reader of Zarr
//! reads, and text of fixed length is defined in it.
//! Specification: zarr-specs.readthedocs.io, "Zarr Storage Specification Version 2"; xarray, "Zarr Encoding Specification".

use super::contents::{Axis, Contents, Labels, Store, Values, Variable};
use super::numpy::Elements;
use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Where the parts of a store go, by their keys.
pub trait Place {
    /// Writes one part.
    ///
    /// # Errors
    /// Those of what it writes to.
    fn put(&mut self, key: &str, bytes: &[u8]) -> io::Result<()>;
}

/// Bytes of a chunk.
const CHUNK: usize = 4 << 20;

/// Starts a store: everything but the draws is written at once.
///
/// # Errors
/// Those of its place.
pub fn open<'a>(contents: Contents, place: Box<dyn Place + 'a>) -> io::Result<Box<dyn Store + 'a>> {
    let mut zarr = Zarr { contents, place, metadata: Map::new(), open: vec![] };
    let all: Map<String, Value> = zarr.contents.attributes.iter().cloned().collect();
    zarr.group("", &all)?;
    for group in zarr.contents.groups() {
        zarr.group(&format!("{group}/"), &all)?;
        let own: Vec<Variable> =
            zarr.contents.variables.iter().filter(|v| v.group == group).cloned().collect();
        zarr.coordinates(group, &own)?;
    }
    for variable in zarr.contents.variables.clone() {
        let opened = zarr.array(&variable)?;
        zarr.open.push(opened);
    }
    Ok(Box::new(zarr))
}

struct Zarr<'a> {
    contents: Contents,
    place: Box<dyn Place + 'a>,
    /// All metadata, by key.
    metadata: Map<String, Value>,
    /// One for each variable.
    open: Vec<Open>,
}

/// A chunk that is being filled.
struct Open {
    key: String,
    /// Draws in a chunk.
    most: usize,
    /// Draws so far.
    done: usize,
    values: Vec<f64>,
}

/// How elements are laid down.
struct Encoding {
    dtype: String,
    is_compressed: bool,
}

impl Zarr<'_> {
    fn group(&mut self, prefix: &str, attributes: &Map<String, Value>) -> io::Result<()> {
        self.describe(&format!("{prefix}.zgroup"), json!({ "zarr_format": 2 }))?;
        self.describe(&format!("{prefix}.zattrs"), Value::Object(attributes.clone()))
    }

    fn describe(&mut self, key: &str, value: Value) -> io::Result<()> {
        self.place.put(key, format!("{value:#}\n").as_bytes())?;
        self.metadata.insert(key.to_owned(), value);
        Ok(())
    }

    /// The axes of a group as arrays of their own.
    fn coordinates(&mut self, group: &str, variables: &[Variable]) -> io::Result<()> {
        let mut axes: Vec<Axis> = vec![];
        if variables.iter().any(Variable::is_drawn) {
            let from_zero = |n: usize| Labels::Numbers((0..n as i64).collect());
            axes.push(Axis { name: "chain".into(), labels: from_zero(self.contents.chains) });
            axes.push(Axis { name: "draw".into(), labels: from_zero(self.contents.draws) });
        }
        for axis in variables.iter().flat_map(|v| &v.axes) {
            if !axes.iter().any(|a| a.name == axis.name) {
                axes.push(axis.clone());
            }
        }
        for axis in axes {
            let elements = axis.labels.elements();
            self.whole(
                &format!("{group}/{}", axis.name),
                &[axis.labels.len()],
                &[&axis.name],
                &elements,
                &[],
            )?;
        }
        Ok(())
    }

    fn array(&mut self, variable: &Variable) -> io::Result<Open> {
        let key = format!("{}/{}", variable.group, variable.name);
        let shape = self.contents.shape(variable);
        let dims = self.contents.dims(variable);
        let bytes = variable.len().max(1) * 8;
        let most = (CHUNK / bytes).clamp(1, self.contents.draws.max(1));
        let encoding = match &variable.values {
            Values::Fixed(elements) => {
                self.whole(&key, &shape, &dims, elements, &variable.attributes)?;
                return Ok(Open { key, most, done: 0, values: vec![] });
            }
            Values::Reals => Encoding { dtype: "<f8".into(), is_compressed: false },
            Values::Wholes => Encoding { dtype: "<i8".into(), is_compressed: true },
            Values::Truths => Encoding { dtype: "|b1".into(), is_compressed: true },
        };
        let chunks: Vec<usize> =
            [1, most].into_iter().chain(shape[2..].iter().map(|n| (*n).max(1))).collect();
        self.header(&key, &shape, &chunks, &dims, &encoding, &variable.attributes)?;
        Ok(Open { key, most, done: 0, values: vec![] })
    }

    /// An array that is one chunk.
    fn whole(
        &mut self,
        key: &str,
        shape: &[usize],
        dims: &[&str],
        elements: &Elements,
        attributes: &[(String, Value)],
    ) -> io::Result<()> {
        let encoding = Encoding { dtype: elements.descr(), is_compressed: true };
        let chunks: Vec<usize> = shape.iter().map(|n| (*n).max(1)).collect();
        self.header(key, shape, &chunks, dims, &encoding, attributes)?;
        let place = if shape.is_empty() { "0".to_owned() } else { vec!["0"; shape.len()].join(".") };
        self.place.put(&format!("{key}/{place}"), &compressed(&elements.bytes())?)
    }

    fn header(
        &mut self,
        key: &str,
        shape: &[usize],
        chunks: &[usize],
        dims: &[&str],
        encoding: &Encoding,
        attributes: &[(String, Value)],
    ) -> io::Result<()> {
        let compressor =
            if encoding.is_compressed { json!({ "id": "zlib", "level": 1 }) } else { Value::Null };
        let array = json!({
            "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": encoding.dtype, "compressor": compressor,
            // Without a fill value no number is taken for a missing one.
            "fill_value": Value::Null, "order": "C", "filters": Value::Null, "dimension_separator": ".",
        });
        self.describe(&format!("{key}/.zarray"), array)?;
        let named: Map<String, Value> = [("_ARRAY_DIMENSIONS".to_owned(), json!(dims))]
            .into_iter()
            .chain(attributes.iter().cloned())
            .collect();
        self.describe(&format!("{key}/.zattrs"), Value::Object(named))
    }

    /// Writes the chunk that is full, or the last of its chain.
    fn flush(&mut self, variable: usize) -> io::Result<()> {
        let open = &mut self.open[variable];
        let of = &self.contents.variables[variable];
        // The last chunk of a chain may hold fewer draws; its other places are never read.
        let mut values = std::mem::take(&mut open.values);
        values.resize(open.most * of.len(), 0.0);
        let last = open.done - 1;
        let (chain, chunk) = (last / self.contents.draws, last % self.contents.draws / open.most);
        let key = format!("{}/{chain}.{chunk}{}", open.key, ".0".repeat(of.axes.len()));
        let bytes = match of.values {
            Values::Wholes => compressed(&Elements::I64(values.iter().map(|x| *x as i64).collect()).bytes())?,
            Values::Truths => compressed(&values.iter().map(|x| u8::from(*x != 0.0)).collect::<Vec<u8>>())?,
            Values::Reals | Values::Fixed(_) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        self.place.put(&key, &bytes)
    }
}

fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(vec![], Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

impl Store for Zarr<'_> {
    fn add(&mut self, variable: usize, values: &[f64]) -> io::Result<()> {
        let open = &mut self.open[variable];
        open.values.extend_from_slice(values);
        open.done += 1;
        let of_chain = (open.done - 1) % self.contents.draws + 1;
        if of_chain == self.contents.draws || of_chain.is_multiple_of(open.most) {
            self.flush(variable)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        // zarr-python 3 finds the arrays of a group only if their keys stand together.
        let mut metadata: Vec<(String, Value)> = std::mem::take(&mut self.metadata).into_iter().collect();
        metadata.sort_by(|a, b| a.0.cmp(&b.0));
        let metadata: Map<String, Value> = metadata.into_iter().collect();
        let all = json!({ "zarr_consolidated_format": 1, "metadata": metadata });
        self.place.put(".zmetadata", format!("{all:#}\n").as_bytes())
    }
}
