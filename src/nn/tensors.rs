//! The named tensors of a weights file.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The tensors of a module by path, `name -> (shape, values)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Tensors {
    /// All tensors in the order of their names: `(name, (shape, values))`.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &(Vec<usize>, Vec<f32>))> {
        self.0.iter()
    }

    /// Shape and values of the tensor of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(&[usize], &[f32])> {
        let (shape, values) = self.0.get(name)?;
        Some((shape, values))
    }

    /// Values of the tensor of that name and shape.
    ///
    /// # Errors
    ///
    /// [`Error::WeightsInvalid`] when it is missing or has another shape.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<&[f32]> {
        let (actual, values) = self
            .get(name)
            .ok_or_else(|| Error::WeightsInvalid(format!("there is no tensor {name}")))?;
        if actual != shape {
            return Err(Error::WeightsInvalid(format!(
                "{name} has shape {actual:?}, expected {shape:?}"
            )));
        }
        Ok(values)
    }

    /// Number of values of all tensors whose name begins with `prefix`.
    #[must_use]
    pub fn count(&self, prefix: &str) -> usize {
        let tensors = self.0.iter().filter(|(name, _)| name.starts_with(prefix));
        tensors.map(|(_, (_, values))| values.len()).sum()
    }

    /// Adds a tensor, or replaces the one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) {
        self.0.insert(name.into(), (shape, values));
    }

    /// Adds all tensors of `others`, or replaces those of the same names.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Replaces every value by `change` of it.
    pub fn map_values(&mut self, mut change: impl FnMut(f32) -> f32) {
        self.0
            .values_mut()
            .flat_map(|(_, values)| values)
            .for_each(|value| *value = change(*value));
    }
}
