//! Every backend computes the golden segment's embedding of the weights file: natively, on a page
//! and in a worker.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[cfg(feature = "burn")]
use burn::tensor::Device;
use soundalike::training::cosine_distance;
use soundalike::{Model, SHIPPED_WEIGHTS};
use wasm_bindgen_test::wasm_bindgen_test;

/// The same arithmetic in another order of summation stays far below the 1e-3 of the self-test.
const TOLERANCE: f32 = 1e-5;

async fn golden_distance(model: &Model) -> f32 {
    let embedding = model.golden_embedding().await.unwrap();
    cosine_distance(&embedding, &model.info().golden_embedding)
}

#[wasm_bindgen_test(unsupported = test)]
fn the_cpu_computes_the_golden_embedding() {
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    let distance = pollster::block_on(golden_distance(&model));
    assert!(distance < TOLERANCE, "cosine distance {distance:e}");
}

#[cfg(feature = "flex")]
#[wasm_bindgen_test(unsupported = test)]
fn burn_computes_the_golden_embedding_in_any_and_in_fixed_shapes() {
    for fixed_shapes in [false, true] {
        pollster::block_on(async {
            let model = Model::load(SHIPPED_WEIGHTS, &Device::flex(), fixed_shapes)
                .await
                .unwrap();
            let distance = golden_distance(&model).await;
            assert!(distance < TOLERANCE, "cosine distance {distance:e}");
            let distance = model.self_test("cpu").await.unwrap();
            assert!(distance < TOLERANCE, "in every width: {distance:e}");
        });
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_self_test_detects_wrong_weights() {
    let (mut info, tensors) = soundalike::training::weights_file::read(SHIPPED_WEIGHTS).unwrap();
    // The known embedding with its values shifted by one: as different as the output of a wrong
    // kernel.
    info.golden_embedding.rotate_left(1);
    let bytes = soundalike::training::weights_file::write(&info, &tensors).unwrap();
    let model = Model::on_cpu(&bytes).unwrap();
    let error = pollster::block_on(model.self_test("cpu")).unwrap_err();
    assert_eq!(error.code(), "backend-unavailable");
}

/// Runs only in a browser with WebGPU (`webdriver.json` enables Chromium's software adapter), and
/// only in a build with that backend.
#[cfg(all(target_arch = "wasm32", feature = "webgpu"))]
#[wasm_bindgen_test]
async fn webgpu_computes_the_golden_embedding() {
    let device = Device::wgpu_options()
        .init_async()
        .await
        .expect("this browser has WebGPU");
    let model = Model::load(SHIPPED_WEIGHTS, &device, true).await.unwrap();
    let distance = golden_distance(&model).await;
    assert!(distance < 1e-3, "cosine distance {distance:e}");
    // The self-test computes it in every shape of songs.
    let distance = model.self_test("webgpu").await.unwrap();
    assert!(distance < 1e-3, "cosine distance {distance:e}");
}
