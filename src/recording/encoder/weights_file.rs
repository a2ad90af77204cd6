//! The weights file: safetensors with f16 tensors, a description of the model, and a checksum over
//! both.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::FeatureConfig;
use crate::error::{Error, Result};
use crate::nn::tensors::Tensors;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::encoder::config::EncoderConfig;

/// Version of the layout. Files of another one are refused.
pub const FORMAT: u32 = 1;

/// The metadata entry of a weights file: the checksum in hexadecimal, a space, and [`WeightsInfo`]
/// as JSON. All are in one entry, because the order of several isn't fixed and the same weights
/// should make the same file.
const INFO_KEY: &str = "soundalike";

/// The description of the model in a weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightsInfo {
    /// Version of the layout, [`FORMAT`].
    pub format: u32,
    /// Version of the model, for reports.
    pub version: String,
    /// The features of the training data.
    pub features: FeatureConfig,
    /// The shape of the network.
    pub encoder: EncoderConfig,
    /// The calibration: logit to score.
    pub calibration: Calibration,
    /// The embedding of the golden segment, computed natively on the CPU. The self-test compares
    /// with it.
    pub golden_embedding: Vec<f32>,
}

/// Writes a weights file. Values are rounded to f16: half the size without a measurable loss.
///
/// # Errors
///
/// [`Error::WeightsInvalid`] when the tensors can't be written, for example because a value exceeds
/// the range of f16.
pub fn write(info: &WeightsInfo, tensors: &Tensors) -> Result<Vec<u8>> {
    let invalid = |reason: String| Error::WeightsInvalid(reason);
    let info = serde_json::to_string(info).map_err(|error| invalid(error.to_string()))?;
    let mut bytes_by_name = BTreeMap::new();
    for (name, (shape, values)) in tensors.iter() {
        let halves = values.iter().map(|&value| f16::from_f32(value));
        if let Some(at) = halves.clone().position(|half| !half.is_finite()) {
            return Err(invalid(format!(
                "value {at} of {name} doesn't fit f16: {}",
                values[at]
            )));
        }
        let bytes: Vec<u8> = halves.flat_map(f16::to_le_bytes).collect();
        bytes_by_name.insert(name, (shape, bytes));
    }
    let mut views = Vec::new();
    for (name, (shape, bytes)) in &bytes_by_name {
        let view = TensorView::new(Dtype::F16, (*shape).clone(), bytes)
            .map_err(|error| invalid(format!("{name}: {error}")))?;
        views.push(((*name).clone(), view));
    }
    let checksum = checksum(
        &info,
        views.iter().map(|(name, view)| (name.as_str(), view)),
    );
    let metadata = HashMap::from([(INFO_KEY.to_owned(), format!("{checksum} {info}"))]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| invalid(error.to_string()))
}

/// Reads and validates a weights file. Any bytes are safe.
///
/// # Errors
///
/// [`Error::WeightsInvalid`] when the file is truncated, no weights file, damaged, of another
/// format, or made for other features.
pub fn read(bytes: &[u8]) -> Result<(WeightsInfo, Tensors)> {
    let invalid = |reason: String| Error::WeightsInvalid(reason);
    let unreadable = |error| {
        invalid(format!(
            "the file is truncated or not a weights file ({error})"
        ))
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    let (expected, info_json) = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(INFO_KEY)?.split_once(' '))
        .ok_or_else(|| {
            invalid("the file has no description of ours, so it holds other weights".into())
        })?;
    let mut views = file.tensors();
    views.sort_by(|a, b| a.0.cmp(&b.0));
    let actual = checksum(
        info_json,
        views.iter().map(|(name, view)| (name.as_str(), view)),
    );
    if actual != expected {
        return Err(invalid(format!(
            "the file is damaged: its checksum is {actual}, expected {expected}"
        )));
    }
    let info: WeightsInfo = serde_json::from_str(info_json)
        .map_err(|error| invalid(format!("its description can't be read ({error})")))?;
    if info.format != FORMAT {
        return Err(invalid(format!(
            "the file has format {}, this engine reads {FORMAT}",
            info.format
        )));
    }
    if info.features != FeatureConfig::default() {
        return Err(invalid(
            "they were trained on other features than this engine computes".into(),
        ));
    }
    if !info.calibration.is_valid() {
        return Err(invalid(
            "the calibration doesn't rise from knot to knot".into(),
        ));
    }
    let mut tensors = Tensors::default();
    for (name, view) in views {
        let values = values_of(&view)
            .ok_or_else(|| invalid(format!("{name} isn't made of finite f16 values")))?;
        tensors.insert(name, view.shape().to_vec(), values);
    }
    Ok((info, tensors))
}

fn values_of(view: &TensorView<'_>) -> Option<Vec<f32>> {
    if view.dtype() != Dtype::F16 {
        return None;
    }
    let values: Vec<f32> = view
        .data()
        .chunks_exact(2)
        .map(|bytes| f16::from_le_bytes([bytes[0], bytes[1]]).to_f32())
        .collect();
    values
        .iter()
        .all(|value| value.is_finite())
        .then_some(values)
}

/// SHA-256 over the description and the name, shape and bytes of every tensor, in the order of the
/// names.
fn checksum<'a>(info: &str, views: impl Iterator<Item = (&'a str, &'a TensorView<'a>)>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(info);
    for (name, view) in views {
        hasher.update(name);
        for size in view.shape() {
            hasher.update((*size as u64).to_le_bytes());
        }
        hasher.update(view.data());
    }
    hex(&hasher.finalize())
}

/// SHA-256 of `bytes`, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
