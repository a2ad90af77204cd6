//! Tests in browsers: of the Rust code, of the site, and of the npm package.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{
    folders::empty_folder,
    modules::{self, Module, Profile},
    process,
    product::{package, site},
    tests_ran::TestsRan,
    tools::{cargo_tools, node, rust::WASM_TARGET, system},
    workspace::Workspace,
};

/// The longest time of a Rust test in a browser. WebGPU in software takes minutes on few cores.
const BROWSER_TEST_TIMEOUT_SECS: u32 = 900;

pub fn page_tests(workspace: &Workspace) -> Result<TestsRan> {
    cpu_tests(workspace, Browser::Chromium, Host::Page)
}

pub fn worker_tests(workspace: &Workspace) -> Result<TestsRan> {
    cpu_tests(workspace, Browser::Chromium, Host::Worker)
}

pub fn firefox_tests(workspace: &Workspace) -> Result<TestsRan> {
    let mut ran = cpu_tests(workspace, Browser::Firefox, Host::Page)?;
    ran += cpu_tests(workspace, Browser::Firefox, Host::Worker)?;
    Ok(ran)
}

/// Only the tests that depend on the backend: the rest of the webgpu module is the code of the
/// CPU's.
pub fn webgpu_tests(workspace: &Workspace) -> Result<TestsRan> {
    let selection = "--test=backends";
    browser_tests(
        workspace,
        Browser::Chromium,
        Host::Page,
        modules::WEBGPU,
        selection,
    )
}

fn cpu_tests(workspace: &Workspace, browser: Browser, host: Host) -> Result<TestsRan> {
    browser_tests(workspace, browser, host, modules::CPU, "--test=*")
}

enum Browser {
    Chromium,
    Firefox,
}

/// The place of a test in the browser. The product runs in a worker.
enum Host {
    Page,
    Worker,
}

/// Runs the files of the native tests in a headless browser, with the cargo features of a module.
/// Chromium's flags are in `webdriver.json`.
fn browser_tests(
    workspace: &Workspace,
    browser: Browser,
    host: Host,
    module: Module,
    selection: &str,
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
            "--profile",
            Profile::Web.name(),
            "--package",
            module.package,
            "--target",
            WASM_TARGET,
            selection,
        ])
        .args(module.features)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        .env(
            "WASM_BINDGEN_TEST_TIMEOUT",
            BROWSER_TEST_TIMEOUT_SECS.to_string(),
        )
        .env(host_variable, "1");
    // The runner uses the first driver that the environment names.
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

pub fn site_tests(workspace: &Workspace) -> Result<TestsRan> {
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

/// Tests the package with the modules of `web`, which are less optimised than those of `pack`.
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

/// `npm test` in a folder of browser tests. All use the harness of `tests/browser`.
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
