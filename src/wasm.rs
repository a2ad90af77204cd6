//! The boundary to JavaScript: typed arrays in, one report out, errors as `Error` objects with a
//! `code`. The only module that depends on browsers.

use std::sync::Arc;

use js_sys::{Function, Reflect};
use sha2::{Digest as _, Sha256};
use wasm_bindgen::prelude::*;

use crate::checker::{self, Stage};
use crate::error::Error;
use crate::lookup::Query;
use crate::recording::Computed;
use crate::recording::encoder::model::Model;

/// Logs panics to the console with their place in the source. The trap that follows ends this
/// instance.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into())
    }));
}

/// Compares songs.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Checker(checker::Checker);

/// A song whose samples come in parts.
#[wasm_bindgen]
#[derive(Debug)]
pub struct SampleStream(crate::audio::stream::SampleStream);

/// An analysed song.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Song {
    song: crate::song::Song,
    /// What comparisons with it on the left have computed of it alone.
    computed: Arc<Computed>,
}

impl From<crate::song::Song> for Song {
    fn from(song: crate::song::Song) -> Self {
        let computed = Arc::default();
        Self { song, computed }
    }
}

#[wasm_bindgen]
impl Checker {
    /// Loads and validates weights, starts the backend and tests it on the golden segment.
    pub async fn create(
        #[wasm_bindgen(unchecked_param_type = "\"cpu\" | \"webgpu\"")] backend: String,
        weights: Vec<u8>,
    ) -> Result<Checker, JsValue> {
        let (name, model) = load(&backend, &weights).await.map_err(js_error)?;
        model.self_test(name).await.map_err(js_error)?;
        Ok(Self(checker::Checker::new(model, name)))
    }

    /// The backend in use.
    #[wasm_bindgen(getter, unchecked_return_type = "\"cpu\" | \"webgpu\"")]
    pub fn backend(&self) -> String {
        self.0.backend().to_owned()
    }

    /// SHA-256 of the weights file, in hexadecimal.
    #[wasm_bindgen(getter, js_name = weightsSha256)]
    pub fn weights_sha256(&self) -> String {
        self.0.model().sha256().to_owned()
    }

    /// Starts a song whose mono samples come in parts. Memory is reserved for `expectedSamples`;
    /// there may be more.
    pub fn stream(
        &self,
        name: &str,
        #[wasm_bindgen(js_name = sampleRateHz)] sample_rate_hz: f64,
        #[wasm_bindgen(js_name = expectedSamples)] expected_samples: usize,
    ) -> Result<SampleStream, JsValue> {
        // The cast saturates and makes NaN 0, which is refused as a sample rate.
        self.0
            .stream(name, sample_rate_hz.round() as u32, expected_samples)
            .map(SampleStream)
            .map_err(js_error)
    }

    /// Analyses a song for comparison.
    pub async fn analyse(
        &self,
        stream: SampleStream,
        #[wasm_bindgen(
            js_name = onProgress,
            unchecked_optional_param_type = "(stage: \"features\" | \"encode\" | \"match\", fraction: number) => void"
        )]
        on_progress: Option<Function>,
    ) -> Result<Song, JsValue> {
        let song = self
            .0
            .analyse_stream(stream.0, reporter(on_progress.as_ref()))
            .await
            .map_err(js_error)?;
        Ok(song.into())
    }

    /// The song as bytes, without its name, for a cache.
    #[wasm_bindgen(js_name = songToBytes)]
    pub fn song_to_bytes(&self, song: &Song) -> Vec<u8> {
        song.song.to_bytes(self.0.model())
    }

    /// What a catalogue is asked with for songs that resemble this one: its embeddings as bytes.
    #[wasm_bindgen(js_name = songQuery)]
    pub fn song_query(&self, song: &Song) -> Vec<u8> {
        Query::of(&song.song, self.0.model()).to_bytes()
    }

    /// The song of bytes by `songToBytes`, with the given name. `undefined` for damaged bytes, and
    /// for bytes of other weights or of a release that analyses audio otherwise.
    #[wasm_bindgen(js_name = songFromBytes)]
    pub fn song_from_bytes(&self, bytes: &[u8], name: &str) -> Option<Song> {
        crate::song::Song::from_bytes(bytes, name, self.0.model()).map(Song::from)
    }

    /// Compares two songs. What only concerns the left one is kept with it, so that one song is
    /// compared with many in less time.
    #[wasm_bindgen(unchecked_return_type = "Report")]
    pub fn compare(
        &self,
        left: &Song,
        right: &Song,
        #[wasm_bindgen(
            js_name = onProgress,
            unchecked_optional_param_type = "(stage: \"features\" | \"encode\" | \"match\", fraction: number) => void"
        )]
        on_progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let pair = [
            &left.song.prepared_with(&left.computed),
            &right.song.prepared(),
        ];
        let report = self
            .0
            .compare_prepared(pair, reporter(on_progress.as_ref()));
        js_value(&report)
    }
}

#[wasm_bindgen]
impl SampleStream {
    /// Appends samples.
    pub fn append(&mut self, part: &[f32]) -> Result<(), JsValue> {
        self.0.append(part).map_err(js_error)
    }
}

#[wasm_bindgen]
impl Song {
    /// The name, as given.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.song.name().to_owned()
    }

    /// The duration in seconds.
    #[wasm_bindgen(getter, js_name = durationSecs)]
    pub fn duration_secs(&self) -> f64 {
        self.song.duration_secs()
    }
}

/// SHA-256 of a file in parts, for files too large for memory. The browser's own digest needs the
/// whole file at once.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct FileDigest(Sha256);

#[wasm_bindgen]
impl FileDigest {
    /// A digest of no bytes yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a part of the file.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of all parts, 32 bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

/// The limits of accepted songs.
#[wasm_bindgen(unchecked_return_type = "Limits")]
pub fn limits() -> Result<JsValue, JsValue> {
    js_value(&checker::limits())
}

const CPU: &str = "cpu";
const WEBGPU: &str = "webgpu";

async fn load(backend: &str, weights: &[u8]) -> Result<(&'static str, Model), Error> {
    match backend {
        CPU => Ok((CPU, Model::on_cpu(weights)?)),
        WEBGPU => Ok((WEBGPU, load_on_webgpu(weights).await?)),
        _ => Err(Error::BackendUnavailable {
            backend: None,
            reason: format!("there is none called {backend:?}"),
        }),
    }
}

#[cfg(feature = "webgpu")]
async fn load_on_webgpu(weights: &[u8]) -> Result<Model, Error> {
    let unavailable = |reason: String| Error::BackendUnavailable {
        backend: Some(WEBGPU),
        reason,
    };
    let device = burn::tensor::Device::wgpu_options()
        .init_async()
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    Model::load(weights, &device, true).await
}

#[cfg(not(feature = "webgpu"))]
async fn load_on_webgpu(_weights: &[u8]) -> Result<Model, Error> {
    Err(Error::BackendUnavailable {
        backend: Some(WEBGPU),
        reason: "this build has only the CPU".into(),
    })
}

fn reporter(on_progress: Option<&Function>) -> impl FnMut(Stage, f32) {
    move |stage, fraction| {
        if let Some(on_progress) = on_progress {
            // A callback that throws must not end the check.
            let _ = on_progress.call2(&JsValue::NULL, &stage.name().into(), &fraction.into());
        }
    }
}

fn js_value(value: &impl serde::Serialize) -> Result<JsValue, JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(JsValue::from)
}

/// Converts every error for JavaScript: an `Error` with the sentence as its message and the stable
/// code as `code`.
fn js_error(error: Error) -> JsValue {
    let js_error = js_sys::Error::new(&error.to_string());
    // Setting a property of a fresh object can't fail.
    let _ = Reflect::set(&js_error, &"code".into(), &error.code().into());
    js_error.into()
}
