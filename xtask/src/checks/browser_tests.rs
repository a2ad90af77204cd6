//! Tests in browsers: those of the Rust code, those of the site, and those of the npm package.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{
    folders::empty_folder,
    modules, process,
    product::{package, site},
    tests_ran::TestsRan,
    tools::{cargo_tools, node, rust::WASM_TARGET, system},
    workspace::Workspace,
};

/// How long a test may wait in a browser before it counts as hung. Software WebGPU needs minutes
/// for what takes a graphics card a moment, and continuous integration has few cores.
const BROWSER_TEST_TIMEOUT_SECS: u32 = 900;

pub fn page_tests(workspace: &Workspace) -> Result<TestsRan> {
    browser_tests(workspace, Browser::Chromium, Host::Page, &["--test=*"])
}

pub fn worker_tests(workspace: &Workspace) -> Result<TestsRan> {
    browser_tests(workspace, Browser::Chromium, Host::Worker, &["--test=*"])
}

pub fn firefox_tests(workspace: &Workspace) -> Result<TestsRan> {
    let mut ran = browser_tests(workspace, Browser::Firefox, Host::Page, &["--test=*"])?;
    ran += browser_tests(workspace, Browser::Firefox, Host::Worker, &["--test=*"])?;
    Ok(ran)
}

/// The webgpu module holds the same code for the CPU, so that only what depends on the backend is
/// tested again.
pub fn webgpu_tests(workspace: &Workspace) -> Result<TestsRan> {
    browser_tests(
        workspace,
        Browser::Chromium,
        Host::Page,
        &["--features=webgpu", "--test=backends"],
    )
}

enum Browser {
    Chromium,
    Firefox,
}

/// Where tests run in the browser; the product runs in a worker.
enum Host {
    Page,
    Worker,
}

/// The same test files as natively, in a headless browser; `webdriver.json` in the root holds
/// Chromium's flags.
fn browser_tests(
    workspace: &Workspace,
    browser: Browser,
    host: Host,
    selection: &[&str],
) -> Result<TestsRan> {
    let runner = cargo_tools::wasm_test_runner(workspace)?;
    let programs = system::test_programs()?;
    let host_variable = match host {
        Host::Page => "WASM_BINDGEN_USE_BROWSER",
        Host::Worker => "WASM_BINDGEN_USE_DEDICATED_WORKER",
    };
    let mut command = modules::wasm_cargo(workspace);
    command
        .args([
            "test",
            "--release",
            "--package=soundalike",
            "--target",
            WASM_TARGET,
        ])
        .args(selection)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        .env(
            "WASM_BINDGEN_TEST_TIMEOUT",
            BROWSER_TEST_TIMEOUT_SECS.to_string(),
        )
        .env(host_variable, "1");
    // The runner takes the first driver that the environment names.
    match browser {
        Browser::Chromium => command
            .env_remove("GECKODRIVER")
            .env("CHROMEDRIVER", programs.chromedriver),
        Browser::Firefox => command
            .env_remove("CHROMEDRIVER")
            .env("GECKODRIVER", cargo_tools::geckodriver(workspace)?)
            .env(
                "GECKODRIVER_ARGS",
                format!("--binary {}", programs.firefox.display()),
            ),
    };
    process::run_tests(&mut command)
}

pub fn end_to_end_tests(workspace: &Workspace) -> Result<TestsRan> {
    ensure!(
        workspace.trainer().is_file(),
        "the trainer isn't built yet: run cargo build --release --workspace"
    );
    let mut command = npm_test(workspace, "tests/browser")?;
    command
        .env("FIREFOX", system::test_programs()?.firefox)
        .env("GECKODRIVER", cargo_tools::geckodriver(workspace)?)
        .env("SOUNDALIKE_SITE", site::published(workspace)?)
        .env("SOUNDALIKE_TRAINER", workspace.trainer());
    process::run_tests(&mut command)
}

/// Packs what `web` built, without the optimisation of `pack`: what is tested is how it is put
/// together.
pub fn packed_tests(workspace: &Workspace) -> Result<TestsRan> {
    ensure!(
        workspace.wasm().join("weights.safetensors").is_file(),
        "pkg/wasm isn't built yet: run cargo xtask web"
    );
    let folder = workspace.target.join("packed");
    empty_folder(&folder)?;
    package::pack(workspace, &folder)?;
    let mut command = npm_test(workspace, "tests/packed")?;
    process::run_tests(command.env("SOUNDALIKE_PACKED", folder))
}

/// `npm test` in a folder of browser tests, all of which use the harness of `tests/browser`.
fn npm_test(workspace: &Workspace, folder: &str) -> Result<Command> {
    for folder in ["tests/browser", folder] {
        node::npm_ci(&workspace.root.join(folder))?;
    }
    let mut command = Command::new("npm");
    command
        .args(["test", "--silent"])
        .env("CHROMIUM", system::test_programs()?.chromium)
        .current_dir(workspace.root.join(folder));
    Ok(command)
}
