//! `cargo xtask check`: all steps of continuous integration, cheapest first. Each can be run alone
//! by its name.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::web;
use crate::{
    checks::{
        browser_tests, documents, examples,
        sizes::{self, Build},
    },
    modules::{self, Profile},
    process,
    product::site,
    supply,
    tests_ran::TestsRan,
    tools::{
        cargo_tools, node, object_store,
        rust::{self, WASM_TARGET},
        system,
    },
    workspace::{CATALOGUE, PRODUCT, Workspace, XTASK},
};

struct Step {
    name: &'static str,
    what: &'static str,
    needs: &'static [Need],
    run: fn(&Workspace) -> Result<TestsRan>,
}

/// A tool that may be missing on this machine. All tools are installed before the first step, so
/// that the check doesn't fail after twenty minutes.
#[derive(PartialEq, Eq)]
enum Need {
    RustComponents,
    Geckodriver,
    Libclang,
    Node,
    ObjectStore,
    Protoc,
    TestPrograms,
    WasmTarget,
    WasmTestRunner,
}

const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        what: "Rust formatting",
        needs: &[Need::RustComponents],
        run: fmt,
    },
    Step {
        name: "javascript",
        what: "formatting of JavaScript and style sheets, lints, places of made-up faults",
        needs: &[Need::Node],
        run: javascript,
    },
    Step {
        name: "documents",
        what: "paths in documents, versions, widths of lines",
        needs: &[],
        run: documents,
    },
    Step {
        name: "supply",
        what: "sources, licences and vulnerabilities of dependencies",
        needs: &[Need::Node],
        run: supply,
    },
    Step {
        name: "clippy",
        what: "Rust lints",
        needs: &[Need::Libclang, Need::RustComponents, Need::WasmTarget],
        run: clippy,
    },
    Step {
        name: "doc",
        what: "Rust documentation",
        needs: &[Need::Libclang],
        run: doc,
    },
    Step {
        name: "test",
        what: "native tests",
        needs: &[Need::Libclang, Need::TestPrograms],
        run: native_tests,
    },
    Step {
        name: "examples",
        what: "example programs",
        needs: &[Need::Libclang],
        run: examples,
    },
    Step {
        name: "catalogue",
        what: "search against many songs, in folders and in an object store of three nodes",
        needs: &[Need::ObjectStore, Need::Protoc, Need::RustComponents],
        run: catalogue,
    },
    Step {
        name: "web",
        what: "builds of all WebAssembly modules and the site",
        needs: &[Need::WasmTarget],
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
        needs: &[Need::WasmTarget, Need::WasmTestRunner, Need::TestPrograms],
        run: browser_tests::page_tests,
    },
    Step {
        name: "worker",
        what: "Rust tests in a worker",
        needs: &[Need::WasmTarget, Need::WasmTestRunner, Need::TestPrograms],
        run: browser_tests::worker_tests,
    },
    Step {
        name: "firefox",
        what: "Rust tests in Firefox, on a page and in a worker",
        needs: &[
            Need::Geckodriver,
            Need::WasmTarget,
            Need::WasmTestRunner,
            Need::TestPrograms,
        ],
        run: browser_tests::firefox_tests,
    },
    Step {
        name: "webgpu",
        what: "Rust tests of both backends on a page, WebGPU in software",
        needs: &[Need::WasmTarget, Need::WasmTestRunner, Need::TestPrograms],
        run: browser_tests::webgpu_tests,
    },
    Step {
        name: "browser",
        what: "tests of the package and the site in both browsers",
        needs: &[Need::Geckodriver, Need::Node, Need::TestPrograms],
        run: browser_tests::site_tests,
    },
    Step {
        name: "packed",
        what: "the npm package in projects of its users",
        needs: &[Need::Node, Need::TestPrograms],
        run: browser_tests::packed_tests,
    },
    Step {
        name: "sizes",
        what: "download sizes against their budgets",
        needs: &[Need::Node],
        run: check_sizes,
    },
];

/// The names of all steps, in their order.
pub fn step_names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// Runs the named steps, or all, until one fails.
///
/// # Errors
///
/// Names the step that failed, and why.
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
        println!("  {name:<10} {:>8}{tests}", seconds(time));
    }
    if total != TestsRan::default() {
        println!("\n{total}");
    }
    Ok(())
}

fn get_tools(workspace: &Workspace, steps: &[&Step]) -> Result<()> {
    let needed = |need: Need| steps.iter().any(|step| step.needs.contains(&need));
    if needed(Need::Node) {
        node::require()?;
    }
    if needed(Need::TestPrograms) {
        system::test_programs()?;
    }
    if needed(Need::Libclang) {
        system::libclang()?;
    }
    if needed(Need::Protoc) {
        system::protoc()?;
    }
    if needed(Need::ObjectStore) {
        object_store::weed(workspace)?;
    }
    if needed(Need::RustComponents) {
        rust::components(workspace)?;
    }
    if needed(Need::WasmTarget) {
        rust::wasm_target()?;
    }
    if needed(Need::WasmTestRunner) {
        cargo_tools::wasm_test_runner(workspace)?;
    }
    if needed(Need::Geckodriver) {
        cargo_tools::geckodriver(workspace)?;
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Runs a command that has no tests.
fn run(command: &mut Command) -> Result<TestsRan> {
    process::run(command)?;
    Ok(TestsRan::default())
}

fn fmt(workspace: &Workspace) -> Result<TestsRan> {
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    run(workspace
        .cargo()
        .args(["fmt", "--check", "--manifest-path", CATALOGUE]))
}

fn javascript(workspace: &Workspace) -> Result<TestsRan> {
    let folder = workspace.root.join("xtask");
    node::npm_ci(&folder)?;
    for (program, arguments) in [
        ("prettier/bin/prettier.cjs", ["--check", "."]),
        ("@biomejs/biome/bin/biome", ["lint", "--error-on-warnings"]),
    ] {
        process::run(
            Command::new("node")
                .arg(folder.join("node_modules").join(program))
                .args(arguments)
                .current_dir(&workspace.root),
        )?;
    }
    // A change of the sources can leave a fault in these lists without its place.
    for program in [
        "tests/browser/programs/mutants.js",
        "tests/songs/mutants.js",
    ] {
        process::run(
            Command::new("node")
                .args([program, "--fits"])
                .current_dir(&workspace.root),
        )?;
    }
    Ok(TestsRan::default())
}

fn documents(workspace: &Workspace) -> Result<TestsRan> {
    documents::check(workspace)?;
    Ok(TestsRan::default())
}

fn supply(workspace: &Workspace) -> Result<TestsRan> {
    supply::check(workspace)?;
    Ok(TestsRan::default())
}

// Every cargo command below builds all packages of `PRODUCT`, so that the steps share their
// dependencies.

fn clippy(workspace: &Workspace) -> Result<TestsRan> {
    let deny = ["--", "--deny", "warnings"];
    for packages in [&PRODUCT[..], &XTASK] {
        let mut command = workspace.cargo();
        command.arg("clippy").args(packages).arg("--all-targets");
        run(command.args(deny))?;
    }
    for module in modules::MODULES {
        // `cargo clippy` would check all dependencies of the module, which takes longer than the
        // module itself. As the compiler of an ordinary build, Clippy uses the dependencies that
        // the step `web` needs, too. The module itself is built again there, so it isn't optimised.
        let mut command = modules::wasm_cargo(workspace);
        command
            .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
            .args(["rustc", "--package", module.package, "--lib"])
            .args(["--target", WASM_TARGET, "--profile", Profile::Web.name()])
            .args(module.features);
        run(command.args(deny).args(["-C", "opt-level=0"]))?;
    }
    Ok(TestsRan::default())
}

fn doc(workspace: &Workspace) -> Result<TestsRan> {
    for packages in [&PRODUCT[..], &XTASK] {
        let mut command = workspace.cargo();
        command.arg("doc").args(packages).arg("--no-deps");
        run(command.env("RUSTDOCFLAGS", "--deny warnings"))?;
    }
    Ok(TestsRan::default())
}

fn native_tests(workspace: &Workspace) -> Result<TestsRan> {
    let mut ran = process::run_tests(workspace.cargo().arg("test").args(PRODUCT))?;
    ran += process::run_tests(workspace.cargo().arg("test").args(XTASK))?;
    Ok(ran)
}

fn examples(workspace: &Workspace) -> Result<TestsRan> {
    examples::native(workspace)?;
    Ok(TestsRan::default())
}

/// With Clippy as the compiler, lints and tests are one build.
fn catalogue(workspace: &Workspace) -> Result<TestsRan> {
    let mut command = workspace.cargo();
    command
        .args(["test", "--release", "--locked", "--all-targets"])
        .args(["--manifest-path", CATALOGUE, "--target-dir"])
        .arg(workspace.target.join("catalogue"))
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-Dwarnings")
        .env("SOUNDALIKE_WEED", object_store::weed(workspace)?);
    process::run_tests(&mut command)
}

fn build_web(workspace: &Workspace) -> Result<TestsRan> {
    web::build(workspace)?;
    Ok(TestsRan::default())
}

fn types(workspace: &Workspace) -> Result<TestsRan> {
    let folder = workspace.root.join("tests/browser");
    node::npm_ci(&folder)?;
    run(Command::new("npm")
        .args(["run", "--silent", "check-types"])
        .current_dir(folder))
}

fn check_sizes(workspace: &Workspace) -> Result<TestsRan> {
    sizes::check(&site::published(workspace)?, Build::Development)?;
    Ok(TestsRan::default())
}
