//! Devices for training.

use anyhow::{Result, bail};
use burn::tensor::Device;

/// Devices by name; all but the CPU need a cargo feature.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub enum DeviceName {
    /// burn's flex backend, on all cores
    Cpu,
    /// Any GPU, through wgpu (cargo feature `wgpu`)
    Wgpu,
    /// An NVIDIA GPU (cargo feature `cuda`)
    Cuda,
    /// The CPU, with libtorch for the encoder (cargo feature `tch`): the fastest without a GPU
    Tch,
}

impl DeviceName {
    /// The device itself.
    ///
    /// # Errors
    ///
    /// When this program was built without it.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Ok(Device::wgpu_options().init()?),
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(Device::cuda(0)),
            // libtorch computes the encoder's pass only; the rest is small.
            #[cfg(feature = "tch")]
            Self::Tch => Ok(Device::flex()),
            #[allow(unreachable_patterns, reason = "unless every feature is on")]
            other => {
                let feature = format!("{other:?}").to_lowercase();
                bail!(
                    "this trainer was built without {feature}; add --features {feature} to the cargo command"
                )
            }
        }
    }
}
