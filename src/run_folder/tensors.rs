//! `posterior.safetensors`: named arrays of numbers, bit for bit.
//!
//! The file's order is fixed by the format (wider elements first, then by name), so equal tensors give equal bytes.

use super::error::Fault;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

const FILE: &str = "posterior.safetensors";

/// A named array, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Variable and part: `f.1.w.mean`, `f.1.w.log_sd`.
    pub name: String,
    /// Sizes; empty for a number.
    pub shape: Vec<usize>,
    /// As many as the product of the sizes.
    pub values: TensorValues,
}

/// The elements, in the precision of the fit.
#[derive(Debug, Clone, PartialEq)]
pub enum TensorValues {
    /// 32 bits
    F32(Vec<f32>),
    /// 64 bits
    F64(Vec<f64>),
}

impl TensorValues {
    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        match self {
            TensorValues::F32(v) => v.len(),
            TensorValues::F64(v) => v.len(),
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Returns the elements in 64 bits.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            TensorValues::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            TensorValues::F64(v) => v.clone(),
        }
    }
    fn bytes(&self) -> (Dtype, Vec<u8>) {
        match self {
            TensorValues::F32(v) => (Dtype::F32, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            TensorValues::F64(v) => (Dtype::F64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        }
    }
}

/// Returns the content of the file; fails where a shape does not fit its values or a name comes twice.
pub(super) fn to_bytes(tensors: &[Tensor]) -> Result<Vec<u8>, Fault> {
    let bad = |e: safetensors::SafeTensorError| Fault::damaged(FILE, e.to_string());
    for (i, t) in tensors.iter().enumerate() {
        if tensors[..i].iter().any(|other| other.name == t.name) {
            return Err(Fault::damaged(FILE, format!("`{}` would be there twice", t.name)));
        }
    }
    let bytes: Vec<(Dtype, Vec<u8>)> = tensors.iter().map(|t| t.values.bytes()).collect();
    let view = |(t, (dtype, b)): (&Tensor, &'_ (Dtype, Vec<u8>))| {
        (t.name.clone(), *dtype, t.shape.clone(), b.clone())
    };
    let owned: Vec<_> = tensors.iter().zip(&bytes).map(view).collect();
    let views =
        owned.iter().map(|(n, d, s, b)| Ok((n.as_str(), TensorView::new(*d, s.clone(), b).map_err(bad)?)));
    let views = views.collect::<Result<Vec<_>, Fault>>()?;
    safetensors::serialize(views, None).map_err(bad)
}

/// Reads the file back, tensors by name.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Vec<Tensor>, Fault> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| Fault::damaged(FILE, e.to_string()))?;
    let mut tensors = file.iter().map(|(name, view)| tensor(name, &view)).collect::<Result<Vec<_>, _>>()?;
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tensors)
}

fn tensor(name: &str, view: &TensorView<'_>) -> Result<Tensor, Fault> {
    let (fours, []) = view.data().as_chunks::<4>() else {
        return Err(Fault::damaged(FILE, format!("`{name}` ends in the middle of a number")));
    };
    let values = match view.dtype() {
        Dtype::F32 => TensorValues::F32(fours.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::F64 => {
            TensorValues::F64(view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect())
        }
        other => return Err(Fault::damaged(FILE, format!("`{name}` has elements of type {other:?}"))),
    };
    Ok(Tensor { name: name.to_owned(), shape: view.shape().to_vec(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Tensor> {
        let names = ["b.mean", "a.mean", "c", "a.log_sd"];
        let mut out: Vec<Tensor> = names
            .iter()
            .map(|n| Tensor {
                name: (*n).into(),
                shape: vec![2, 1],
                values: TensorValues::F32(vec![1.5, -0.0]),
            })
            .collect();
        out.push(Tensor {
            name: "s".into(),
            shape: vec![],
            values: TensorValues::F64(vec![f64::MIN_POSITIVE]),
        });
        out
    }

    #[test]
    fn tensors_come_back_bit_for_bit() {
        let mut back = from_bytes(&to_bytes(&sample()).unwrap()).unwrap();
        let mut sent = sample();
        sent.sort_by(|a, b| a.name.cmp(&b.name));
        back.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(back, sent);
    }

    #[test]
    fn equal_tensors_give_equal_bytes_in_any_order() {
        let mut other = sample();
        other.reverse();
        assert_eq!(to_bytes(&sample()).unwrap(), to_bytes(&other).unwrap());
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let mut wrong = sample();
        wrong[0].shape = vec![3];
        assert!(to_bytes(&wrong).is_err());
        wrong[0] = wrong[1].clone();
        assert!(to_bytes(&wrong).unwrap_err().to_string().contains("twice"));
    }
}
