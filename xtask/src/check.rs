//! Everything that continuous integration runs, cheapest first; each step can be run alone by its name.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    house, process, sizes,
    tests_ran::TestsRan,
    tools::{self, WASM_TARGET, WasmBindgen},
    web::{self, Profile},
    workspace::Workspace,
};

/// How long a test may wait in a browser before it counts as hung. Software WebGPU needs minutes for what takes a
/// graphics card a moment, and continuous integration has few cores.
const BROWSER_TEST_TIMEOUT_SECS: u32 = 900;

struct Step {
    name: &'static str,
    what: &'static str,
    needs: &'static [Need],
    run: fn(&Workspace) -> Result<TestsRan>,
}

/// What a step calls and this machine may lack. All needs are met before the first step, so that nothing is found
/// missing after twenty minutes.
#[derive(PartialEq, Eq)]
enum Need {
    RustComponents,
    Node,
    TestPrograms,
    WasmTools,
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        what: "Rust formatting",
        needs: &[Need::RustComponents],
        run: fmt,
    },
    Step {
        name: "house",
        what: "paths in documents, versions",
        needs: &[],
        run: house,
    },
    Step {
        name: "clippy",
        what: "Rust lints",
        needs: &[Need::RustComponents, Need::WasmTools],
        run: clippy,
    },
    Step {
        name: "doc",
        what: "Rust documentation",
        needs: &[],
        run: doc,
    },
    Step {
        name: "test",
        what: "native tests",
        needs: &[Need::TestPrograms],
        run: native_tests,
    },
    Step {
        name: "web",
        what: "both WebAssembly modules, the site",
        needs: &[Need::WasmTools],
        run: build_web,
    },
    Step {
        name: "types",
        what: "JavaScript types",
        needs: &[Need::Node],
        run: types,
    },
    Step {
        name: "page",
        what: "Rust tests on a page",
        needs: &[Need::WasmTools, Need::TestPrograms],
        run: page_tests,
    },
    Step {
        name: "worker",
        what: "Rust tests in a worker",
        needs: &[Need::WasmTools, Need::TestPrograms],
        run: worker_tests,
    },
    Step {
        name: "webgpu",
        what: "both backends on a page, WebGPU in software",
        needs: &[Need::WasmTools, Need::TestPrograms],
        run: webgpu_tests,
    },
    Step {
        name: "e2e",
        what: "the site in a browser",
        needs: &[Need::Node, Need::TestPrograms],
        run: end_to_end_tests,
    },
    Step {
        name: "sizes",
        what: "download sizes",
        needs: &[],
        run: report_sizes,
    },
];

/// The names of all steps, in their order.
pub fn step_names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// Runs the named steps, or all; stops at the first that fails.
///
/// # Errors
///
/// With the name of the step that failed and what it said.
pub fn check(workspace: &Workspace, names: &[String]) -> Result<()> {
    let chosen: Vec<_> = STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| name == step.name))
        .collect();
    get_tools(workspace, &chosen)?;
    let start = Instant::now();
    let mut total = TestsRan::default();
    let mut times = Vec::new();
    for step in &chosen {
        println!("== {}: {}", step.name, step.what);
        let step_start = Instant::now();
        let ran = (step.run)(workspace).with_context(|| format!("step {}", step.name))?;
        total += ran;
        times.push((step.name, step_start.elapsed(), ran));
        println!(
            "== {}: done in {}",
            step.name,
            seconds(step_start.elapsed())
        );
    }
    println!(
        "\nall {} steps passed in {}",
        chosen.len(),
        seconds(start.elapsed())
    );
    for (name, time, ran) in times {
        let tests = if ran == TestsRan::default() {
            String::new()
        } else {
            format!("  {ran}")
        };
        println!("  {name:<8} {:>8}{tests}", seconds(time));
    }
    if total != TestsRan::default() {
        println!("\n{total}");
    }
    Ok(())
}

fn get_tools(workspace: &Workspace, steps: &[&Step]) -> Result<()> {
    let needed = |need: Need| steps.iter().any(|step| step.needs.contains(&need));
    if needed(Need::Node) {
        tools::node()?;
    }
    if needed(Need::TestPrograms) {
        tools::test_programs()?;
    }
    if needed(Need::RustComponents) {
        tools::rust_components(workspace)?;
    }
    if needed(Need::WasmTools) {
        tools::wasm_target()?;
        WasmBindgen::get(workspace)?;
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Runs a command of a step that holds no tests.
fn run(command: &mut Command) -> Result<TestsRan> {
    process::run(command)?;
    Ok(TestsRan::default())
}

fn fmt(workspace: &Workspace) -> Result<TestsRan> {
    run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn house(workspace: &Workspace) -> Result<TestsRan> {
    house::check(workspace)?;
    Ok(TestsRan::default())
}

// Every cargo command below builds with the release profile and the same packages, so that one step's dependencies are
// the next one's.

fn clippy(workspace: &Workspace) -> Result<TestsRan> {
    let deny = ["--", "--deny", "warnings"];
    run(workspace
        .cargo()
        .args(["clippy", "--release", "--workspace", "--all-targets"])
        .args(deny))?;
    for module in web::MODULES {
        let mut command = web::wasm_cargo(workspace);
        command.args([
            "clippy",
            "--release",
            "--package=soundalike",
            "--lib",
            "--target",
            WASM_TARGET,
        ]);
        run(command.args(module.features).args(deny))?;
    }
    Ok(TestsRan::default())
}

fn doc(workspace: &Workspace) -> Result<TestsRan> {
    run(workspace
        .cargo()
        .args(["doc", "--release", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "--deny warnings"))
}

fn native_tests(workspace: &Workspace) -> Result<TestsRan> {
    process::run_tests(workspace.cargo().args(["test", "--release", "--workspace"]))
}

fn build_web(workspace: &Workspace) -> Result<TestsRan> {
    web::build(workspace, Profile::Release)?;
    Ok(TestsRan::default())
}

fn types(workspace: &Workspace) -> Result<TestsRan> {
    let folder = workspace.root.join("tests/e2e");
    tools::npm_ci(&folder)?;
    run(Command::new("npm")
        .args(["run", "--silent", "check-types"])
        .current_dir(folder))
}

fn page_tests(workspace: &Workspace) -> Result<TestsRan> {
    browser_tests(workspace, Host::Page, &["--test=*"])
}

fn worker_tests(workspace: &Workspace) -> Result<TestsRan> {
    browser_tests(workspace, Host::Worker, &["--test=*"])
}

/// The webgpu module holds the same code for the CPU, so that only what depends on the backend is tested again.
fn webgpu_tests(workspace: &Workspace) -> Result<TestsRan> {
    browser_tests(
        workspace,
        Host::Page,
        &["--features=webgpu", "--test=backends"],
    )
}

/// Where tests run in the browser; the product runs in a worker.
enum Host {
    Page,
    Worker,
}

/// The same test files as natively, in headless Chromium; `webdriver.json` in the root holds its flags.
fn browser_tests(workspace: &Workspace, host: Host, selection: &[&str]) -> Result<TestsRan> {
    let runner = WasmBindgen::get(workspace)?.test_runner();
    let host_variable = match host {
        Host::Page => "WASM_BINDGEN_USE_BROWSER",
        Host::Worker => "WASM_BINDGEN_USE_DEDICATED_WORKER",
    };
    let mut command = web::wasm_cargo(workspace);
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
        .env("CHROMEDRIVER", tools::test_programs()?.chromedriver)
        .env(
            "WASM_BINDGEN_TEST_TIMEOUT",
            BROWSER_TEST_TIMEOUT_SECS.to_string(),
        )
        .env(host_variable, "1");
    process::run_tests(&mut command)
}

fn end_to_end_tests(workspace: &Workspace) -> Result<TestsRan> {
    let site = workspace.site();
    ensure!(
        site.join("index.html").is_file(),
        "the site isn't built yet: run cargo xtask web"
    );
    let folder = workspace.root.join("tests/e2e");
    tools::npm_ci(&folder)?;
    let mut command = Command::new("npm");
    command
        .args(["test", "--silent"])
        .env("CHROMIUM", tools::test_programs()?.chromium)
        .env("SOUNDALIKE_SITE", site)
        .current_dir(folder);
    process::run_tests(&mut command)
}

fn report_sizes(workspace: &Workspace) -> Result<TestsRan> {
    sizes::report(&workspace.site(), false)?;
    Ok(TestsRan::default())
}
